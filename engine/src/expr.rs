//! Values that may depend on other resources: what specs write and plans carry.

use std::collections::BTreeMap;
use std::collections::BTreeSet;

use serde::Deserialize;
use serde::Serialize;

use crate::address::External;
use crate::address::Reference;
use crate::value::Attributes;
use crate::value::Value;

/// A value as desired: known, or made of outputs of other resources.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Expr {
    /// A known value.
    Value(Value),
    /// An output of a resource of the same unit.
    Reference(Reference),
    /// An output of the platform.
    External(External),
    /// A list of which some item is not known.
    List(Vec<Expr>),
    /// A map of which some value is not known.
    Map(BTreeMap<Box<str>, Expr>),
    /// Texts joined without a separator, as in an ARN made of a bucket's ARN and a path.
    Join(Vec<Expr>),
}

/// The inputs of a resource by attribute name.
pub type Inputs = BTreeMap<Box<str>, Expr>;

impl Expr {
    /// A map from pairs.
    pub fn map<K: Into<Box<str>>>(entries: impl IntoIterator<Item = (K, Expr)>) -> Self {
        Self::Map(entries.into_iter().map(|(key, value)| (key.into(), value)).collect())
    }

    /// A list.
    pub fn list(items: impl IntoIterator<Item = impl Into<Expr>>) -> Self {
        Self::List(items.into_iter().map(Into::into).collect())
    }

    /// The value, if no part of it depends on anything. Collapses known lists, maps and joins.
    pub fn known(&self) -> Option<Value> {
        match self {
            Self::Value(value) => Some(value.clone()),
            Self::Reference(_) | Self::External(_) => None,
            Self::List(items) => {
                items.iter().map(Expr::known).collect::<Option<_>>().map(Value::List)
            }
            Self::Map(entries) => entries
                .iter()
                .map(|(key, item)| Some((key.clone(), item.known()?)))
                .collect::<Option<Attributes>>()
                .map(Value::Map),
            Self::Join(parts) => join(parts),
        }
    }

    /// Replaces what `lookup` knows and collapses what thereby becomes known.
    pub fn resolve(&self, lookup: &impl Lookup) -> Self {
        let resolved = match self {
            Self::Value(_) => return self.clone(),
            Self::Reference(reference) => match lookup.reference(reference) {
                Some(value) => Self::Value(value.clone()),
                None => self.clone(),
            },
            Self::External(external) => match lookup.external(external) {
                Some(value) => Self::Value(value.clone()),
                None => self.clone(),
            },
            Self::List(items) => {
                Self::List(items.iter().map(|item| item.resolve(lookup)).collect())
            }
            Self::Map(entries) => Self::Map(
                entries.iter().map(|(key, item)| (key.clone(), item.resolve(lookup))).collect(),
            ),
            Self::Join(parts) => {
                Self::Join(parts.iter().map(|part| part.resolve(lookup)).collect())
            }
        };
        match resolved.known() {
            Some(value) => Self::Value(value),
            None => resolved,
        }
    }

    /// Whether it comes to this value by what `lookup` knows: whether [`Expr::resolve`] would make it.
    pub fn comes_to(&self, value: &Value, lookup: &impl Lookup) -> bool {
        match (self, value) {
            (Self::Value(own), _) => own == value,
            (Self::Reference(reference), _) => lookup.reference(reference) == Some(value),
            (Self::External(external), _) => lookup.external(external) == Some(value),
            (Self::List(items), Value::List(values)) => {
                let mut pairs = items.iter().zip(values);
                items.len() == values.len()
                    && pairs.all(|(item, value)| item.comes_to(value, lookup))
            }
            (Self::Map(items), Value::Map(values)) => {
                let mut pairs = items.iter().zip(values);
                items.len() == values.len()
                    && pairs.all(|((key, item), (other, value))| {
                        key == other && item.comes_to(value, lookup)
                    })
            }
            (Self::Join(parts), Value::Text(text)) => {
                let rest = parts.iter().try_fold(&**text, |rest, part| part.strip(rest, lookup));
                rest == Some("")
            }
            (Self::List(_) | Self::Map(_) | Self::Join(_), _) => false,
        }
    }

    /// What is left of a text that begins with what this comes to as a part of a join.
    fn strip<'t>(&self, text: &'t str, lookup: &impl Lookup) -> Option<&'t str> {
        let value = match self {
            Self::Value(value) => Some(value),
            Self::Reference(reference) => Some(lookup.reference(reference)?),
            Self::External(external) => Some(lookup.external(external)?),
            Self::List(_) | Self::Map(_) | Self::Join(_) => None,
        };
        match value {
            Some(Value::Text(piece)) => text.strip_prefix(&**piece),
            Some(other) => text.strip_prefix(&other.to_string()),
            None => match self.resolve(lookup).known()? {
                Value::Text(piece) => text.strip_prefix(&*piece),
                other => text.strip_prefix(&other.to_string()),
            },
        }
    }

    /// Every reference in it, of both kinds.
    pub fn dependencies(&self) -> Dependencies {
        let mut found = Dependencies::default();
        self.collect(&mut found);
        found
    }

    fn collect(&self, found: &mut Dependencies) {
        match self {
            Self::Value(_) => {}
            Self::Reference(reference) => {
                found.references.insert(reference.clone());
            }
            Self::External(external) => {
                found.externals.insert(external.clone());
            }
            Self::List(items) | Self::Join(items) => {
                items.iter().for_each(|item| item.collect(found))
            }
            Self::Map(entries) => entries.values().for_each(|item| item.collect(found)),
        }
    }
}

fn join(parts: &[Expr]) -> Option<Value> {
    let mut text = String::new();
    for part in parts {
        match part.known()? {
            Value::Text(piece) => text.push_str(&piece),
            other => text.push_str(&other.to_string()),
        }
    }
    Some(text.into())
}

impl<T: Into<Value>> From<T> for Expr {
    fn from(value: T) -> Self {
        Self::Value(value.into())
    }
}

/// What an expression depends on.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct Dependencies {
    /// Outputs within the unit.
    pub references: BTreeSet<Reference>,
    /// Outputs of the platform.
    pub externals: BTreeSet<External>,
}

/// Answers what is known of outputs.
pub trait Lookup {
    /// The value of an output within the unit, if known.
    fn reference(&self, reference: &Reference) -> Option<&Value>;
    /// The value of a platform output, if known.
    fn external(&self, external: &External) -> Option<&Value>;
}

#[cfg(test)]
mod tests {
    use proptest::collection::btree_map;
    use proptest::collection::vec;
    use proptest::prelude::*;

    use super::*;

    struct Table(BTreeMap<&'static str, Value>);

    impl Lookup for Table {
        fn reference(&self, reference: &Reference) -> Option<&Value> {
            self.0.get(reference.to_string().as_str())
        }
        fn external(&self, external: &External) -> Option<&Value> {
            self.0.get(external.to_string().as_str())
        }
    }

    #[test]
    fn resolving_collapses_what_became_known_and_keeps_the_rest() {
        let vpc = Expr::Reference("ec2.vpc/main#id".parse().unwrap());
        let key =
            Expr::External("platform/111122223333.us-east-1:kms.key/work#arn".parse().unwrap());
        let whole = Expr::list([Expr::Join(vec!["arn:".into(), vpc.clone()]), key.clone()]);
        let table = Table(BTreeMap::from([("ec2.vpc/main#id", Value::text("vpc-1"))]));

        let resolved = whole.resolve(&table);

        assert_eq!(resolved, Expr::list(["arn:vpc-1".into(), key]));
        assert!(resolved.known().is_none());
        assert_eq!(resolved.dependencies().externals.len(), 1);
    }

    fn expr() -> impl Strategy<Value = Expr> {
        let leaf = prop_oneof![
            "[ab]{0,2}".prop_map(|text| Expr::Value(text.into())),
            (0_u32..3).prop_map(|number| Expr::Value(number.into())),
            Just(Expr::Reference("ec2.vpc/main#id".parse().unwrap())),
            Just(Expr::Reference("ec2.vpc/main#gone".parse().unwrap())),
            Just(Expr::External(
                "platform/111122223333.us-east-1:kms.key/work#arn".parse().unwrap()
            )),
        ];
        leaf.prop_recursive(3, 12, 3, |inner| {
            prop_oneof![
                vec(inner.clone(), 0..3).prop_map(Expr::List),
                vec(inner.clone(), 0..3).prop_map(Expr::Join),
                btree_map("[ab]", inner, 0..3).prop_map(Expr::map),
            ]
        })
    }

    proptest! {
        #[test]
        fn what_it_comes_to_is_what_resolving_makes(one in expr(), other in expr()) {
            let table = Table(BTreeMap::from([
                ("ec2.vpc/main#id", Value::text("a")),
                ("platform/111122223333.us-east-1:kms.key/work#arn", Value::text("ab")),
            ]));
            let made = |expr: &Expr| expr.resolve(&table).known();
            for value in [made(&one), made(&other)].into_iter().flatten() {
                let same = made(&one).as_ref() == Some(&value);
                prop_assert_eq!(one.comes_to(&value, &table), same);
            }
        }
    }
}
