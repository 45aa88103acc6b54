//! Which changes of attributes reviewers have to judge: rules that several types share.

use nfplan_engine::value::Value;

/// A number that grows; one that is not set counts as none.
pub(crate) fn raised(before: Option<&Value>, after: Option<&Value>) -> bool {
    let number = |value: Option<&Value>| value.and_then(Value::as_integer);
    number(before).zip(number(after)).is_some_and(|(before, after)| before < after)
}

/// A list or set with something new in it.
pub(crate) fn grown(before: Option<&Value>, after: Option<&Value>) -> bool {
    let items = |value: Option<&Value>| value.and_then(Value::as_list).unwrap_or_default().to_vec();
    let before = items(before);
    items(after).iter().any(|item| !before.contains(item))
}

/// A switch that is turned off.
pub(crate) fn turned_off(before: Option<&Value>, after: Option<&Value>) -> bool {
    let on = |value: Option<&Value>| value.and_then(Value::as_bool) == Some(true);
    on(before) && !on(after)
}

/// A text that was this one and is no more.
pub(crate) fn was(text: &str, before: Option<&Value>, after: Option<&Value>) -> bool {
    let is = |value: Option<&Value>| value.and_then(Value::as_text) == Some(text);
    is(before) && !is(after)
}

/// A text that comes to be this one.
pub(crate) fn becomes(text: &str, before: Option<&Value>, after: Option<&Value>) -> bool {
    was(text, after, before)
}

/// Something that was set, and is another or none.
pub(crate) fn taken_away(before: Option<&Value>, after: Option<&Value>) -> bool {
    before.is_some() && before != after
}

#[cfg(test)]
mod tests {
    use super::*;

    type Rule<'a> = &'a dyn Fn(Option<&Value>, Option<&Value>) -> bool;

    #[test]
    fn rules_tell_a_step_that_way_from_one_back() {
        let (one, two): (Value, Value) = (1.into(), 2.into());
        let (on, off): (Value, Value) = (true.into(), false.into());
        let (few, many) =
            (Value::List(vec![one.clone()]), Value::List(vec![one.clone(), two.clone()]));
        let (spot, dear): (Value, Value) = ("SPOT".into(), "EC2".into());
        let was_spot = |before: Option<&Value>, after: Option<&Value>| was("SPOT", before, after);
        let gets_dear =
            |before: Option<&Value>, after: Option<&Value>| becomes("EC2", before, after);
        let rules: [(Rule<'_>, &Value, &Value); 5] = [
            (&raised, &one, &two),
            (&grown, &few, &many),
            (&turned_off, &on, &off),
            (&was_spot, &spot, &dear),
            (&gets_dear, &spot, &dear),
        ];
        for (rule, before, after) in rules {
            assert!(rule(Some(before), Some(after)), "{before} {after}");
            assert!(!rule(Some(after), Some(before)), "{after} {before}");
            assert!(!rule(Some(after), Some(after)), "{after}");
        }
        assert!(taken_away(Some(&one), None) && !taken_away(None, Some(&one)));
    }
}
