//! Conditions of statements: the operators that nfplan writes, by the rules of the IAM user guide
//! ("IAM JSON policy elements: Condition operators", "Conditions with multiple context keys or
//! values").

use super::text::Answer;
use super::text::covers;
use super::text::includes;

/// One key of a condition.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Condition {
    /// The operator as written.
    pub operator: String,
    /// The key in lower case: IAM does not tell the cases of keys apart.
    pub key: String,
    /// What it is compared with; one of them has to fit.
    pub values: Vec<String>,
    meaning: Option<Meaning>,
}

/// What an operator means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Meaning {
    test: Test,
    /// It holds where the comparison does not.
    negated: bool,
    /// It holds where the key is absent (`...IfExists`).
    if_exists: bool,
    /// Which of a key's several values have to fit.
    each: Option<Each>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Test {
    /// Character for character.
    Equals,
    /// With wildcards.
    Like,
    /// As ARNs: each of their six parts with wildcards of its own.
    ArnLike,
    /// As true or false.
    Bool,
    /// Whether the key is absent.
    Null,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Each {
    /// `ForAllValues:`
    All,
    /// `ForAnyValue:`
    Any,
}

impl Condition {
    /// A condition; an operator that is not known here makes it one that cannot be told.
    pub fn new(operator: &str, key: &str, values: Vec<String>) -> Self {
        let variable = values.iter().any(|value| value.contains("${"));
        let meaning = meaning(operator).filter(|_| !variable);
        Self { operator: operator.into(), key: key.to_lowercase(), values, meaning }
    }

    /// Whether it can hold only for values that one of its own covers: then a request must carry
    /// such a value.
    pub fn demands_a_value(&self) -> bool {
        self.meaning.is_some_and(|meaning| {
            !meaning.negated
                && !meaning.if_exists
                && meaning.each != Some(Each::All)
                && meaning.test != Test::Null
        })
    }

    /// Whether it holds only where `other` does, for sure.
    pub fn implies(&self, other: &Self) -> bool {
        if (&self.operator, &self.key) != (&other.operator, &other.key) {
            return false;
        }
        let Some(meaning) = self.meaning else { return self.values == other.values };
        let within = |few: &Self, many: &Self| {
            few.values.iter().all(|value| many.values.iter().any(|own| meaning.within(own, value)))
        };
        if meaning.negated { within(other, self) } else { within(self, other) }
    }

    /// Whether its values are compared with wildcards.
    pub fn has_patterns(&self) -> bool {
        self.meaning.is_some_and(|meaning| matches!(meaning.test, Test::Like | Test::ArnLike))
    }

    /// Whether it holds for these values of its key; none means that the request lacks the key.
    pub fn holds(&self, given: Option<&[String]>) -> Answer {
        let Some(meaning) = self.meaning else { return Answer::Unknown };
        let given = given.filter(|values| !values.is_empty());
        if meaning.test == Test::Null {
            let wanted = self
                .values
                .iter()
                .map(|value| Answer::of(value.eq_ignore_ascii_case("true") == given.is_none()));
            return Answer::any(wanted);
        }
        let Some(given) = given else {
            let vacuous = meaning.each == Some(Each::All);
            let none_needed = meaning.negated && meaning.each != Some(Each::Any);
            return Answer::of(meaning.if_exists || vacuous || none_needed);
        };
        let fits = |value: &String| {
            let found = Answer::any(self.values.iter().map(|own| meaning.test.holds(own, value)));
            if meaning.negated { found.reversed() } else { found }
        };
        match meaning.each {
            Some(Each::All) => Answer::all(given.iter().map(fits)),
            // Keys without a qualifier have one value; of several, a negated test takes none.
            None if meaning.negated => Answer::all(given.iter().map(fits)),
            Some(Each::Any) | None => Answer::any(given.iter().map(fits)),
        }
    }
}

impl Meaning {
    /// Whether whatever `value` stands for fits `own` as well.
    fn within(self, own: &str, value: &str) -> bool {
        match self.test {
            Test::Like => includes(own, value),
            Test::Bool | Test::Null => own.eq_ignore_ascii_case(value),
            Test::Equals | Test::ArnLike => own == value,
        }
    }
}

impl Test {
    fn holds(self, own: &str, given: &str) -> Answer {
        match self {
            Self::Equals => Answer::of(own == given),
            Self::Like => covers(own, given),
            Self::ArnLike => arn_like(own, given),
            Self::Bool => Answer::of(own.eq_ignore_ascii_case(given)),
            Self::Null => Answer::Unknown,
        }
    }
}

/// Wildcards do not reach over the colons of an ARN, of which the last part may have more.
fn arn_like(pattern: &str, arn: &str) -> Answer {
    let parts = |text: &'_ str| text.splitn(6, ':').map(str::to_owned).collect::<Vec<_>>();
    let (own, given) = (parts(pattern), parts(arn));
    if own.len() != given.len() {
        // One of them is no ARN, or one that the cloud has yet to make.
        return covers(pattern, arn).min(Answer::Unknown);
    }
    Answer::all(own.iter().zip(&given).map(|(own, given)| covers(own, given)))
}

fn meaning(operator: &str) -> Option<Meaning> {
    let (each, name) = match operator.split_once(':') {
        Some(("ForAllValues", name)) => (Some(Each::All), name),
        Some(("ForAnyValue", name)) => (Some(Each::Any), name),
        Some(_) => return None,
        None => (None, operator),
    };
    let (name, if_exists) = match name.strip_suffix("IfExists") {
        Some(name) => (name, true),
        None => (name, false),
    };
    let (test, negated) = match name {
        "StringEquals" => (Test::Equals, false),
        "StringNotEquals" => (Test::Equals, true),
        "StringLike" => (Test::Like, false),
        "StringNotLike" => (Test::Like, true),
        "ArnEquals" | "ArnLike" => (Test::ArnLike, false),
        "ArnNotEquals" | "ArnNotLike" => (Test::ArnLike, true),
        "Bool" => (Test::Bool, false),
        "Null" if !if_exists && each.is_none() => (Test::Null, false),
        _ => return None,
    };
    Some(Meaning { test, negated, if_exists, each })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn holds(operator: &str, own: &[&str], given: Option<&[&str]>) -> Answer {
        let texts = |list: &[&str]| list.iter().map(|&text| text.to_owned()).collect::<Vec<_>>();
        let condition = Condition::new(operator, "Key", texts(own));
        condition.holds(given.map(texts).as_deref())
    }

    #[test]
    fn an_absent_key_fails_what_demands_it_and_passes_what_forbids_it() {
        for (operator, expected) in [
            ("StringEquals", Answer::No),
            ("StringLike", Answer::No),
            ("StringEqualsIfExists", Answer::Yes),
            ("StringNotEquals", Answer::Yes),
            ("StringNotLikeIfExists", Answer::Yes),
            ("ForAllValues:StringEquals", Answer::Yes),
            ("ForAllValues:StringNotLike", Answer::Yes),
            ("ForAnyValue:StringEquals", Answer::No),
            ("ForAnyValue:StringNotEquals", Answer::No),
            ("NumericLessThan", Answer::Unknown),
        ] {
            assert_eq!(holds(operator, &["a"], None), expected, "{operator}");
        }
        assert_eq!(holds("Null", &["true"], None), Answer::Yes);
        assert_eq!(holds("Null", &["false"], None), Answer::No);
        assert_eq!(holds("Null", &["false"], Some(&["a"])), Answer::Yes);
    }

    #[test]
    fn values_are_compared_as_the_operator_says() {
        for (operator, own, given, expected) in [
            ("StringEquals", "a*", "ab", Answer::No),
            ("StringLike", "a*", "ab", Answer::Yes),
            ("StringNotLike", "a*", "ab", Answer::No),
            ("StringEqualsIfExists", "a", "b", Answer::No),
            ("Bool", "false", "False", Answer::Yes),
            ("ArnLike", "arn:aws:ecs:*:1:*", "arn:aws:ecs:x:1:task/a:b", Answer::Yes),
            ("ArnLike", "arn:aws:ecs:*:2:*", "arn:aws:ecs:x:1:task/a", Answer::No),
            ("StringLike", "${aws:username}", "x", Answer::Unknown),
        ] {
            assert_eq!(holds(operator, &[own], Some(&[given])), expected, "{operator} {own}");
        }
    }

    #[test]
    fn a_qualifier_says_how_many_of_several_values_have_to_fit() {
        let both: Option<&[&str]> = Some(&["a", "nfplan:x"]);
        assert_eq!(holds("ForAllValues:StringNotLike", &["nfplan:*"], both), Answer::No);
        assert_eq!(holds("ForAllValues:StringNotLike", &["other:*"], both), Answer::Yes);
        assert_eq!(holds("ForAnyValue:StringLike", &["nfplan:*"], both), Answer::Yes);
        assert_eq!(holds("ForAllValues:StringEquals", &["a"], both), Answer::No);
    }
}
