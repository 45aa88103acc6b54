//! The shapes of attribute values and their normal forms.

use crate::policy;
use crate::value::Value;

/// The values an attribute takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shape {
    /// True or false.
    Bool,
    /// A whole number.
    Integer,
    /// Text.
    Text,
    /// A list whose order matters.
    List(&'static Shape),
    /// A list whose order and repetitions mean nothing; kept sorted.
    Set(&'static Shape),
    /// A map with values of one shape.
    Map(&'static Shape),
    /// A map with known keys; all are optional.
    Object(&'static [(&'static str, Shape)]),
    /// An IAM policy document.
    Policy,
}

impl Shape {
    /// What values it takes, for messages.
    pub fn title(self) -> &'static str {
        match self {
            Self::Bool => "true or false",
            Self::Integer => "a whole number",
            Self::Text => "text",
            Self::List(_) | Self::Set(_) => "a list",
            Self::Map(_) | Self::Object(_) => "a map",
            Self::Policy => "a policy document",
        }
    }

    /// Whether `value` has this shape.
    pub fn fits(self, value: &Value) -> bool {
        match (self, value) {
            (Self::Bool, Value::Bool(_))
            | (Self::Integer, Value::Integer(_))
            | (Self::Text, Value::Text(_))
            | (Self::Policy, Value::Map(_)) => true,
            (Self::List(item) | Self::Set(item), Value::List(items)) => {
                items.iter().all(|value| item.fits(value))
            }
            (Self::Map(item), Value::Map(entries)) => {
                entries.values().all(|value| item.fits(value))
            }
            (Self::Object(fields), Value::Map(entries)) => entries.iter().all(|(key, value)| {
                fields.iter().any(|(name, shape)| *name == &**key && shape.fits(value))
            }),
            _ => false,
        }
    }

    /// Sorts sets and brings policies to canonical form, at any depth.
    pub fn normalise(self, value: &mut Value) {
        match (self, value) {
            (Self::Set(item), Value::List(items)) => {
                items.iter_mut().for_each(|value| item.normalise(value));
                items.sort();
                items.dedup();
            }
            (Self::List(item), Value::List(items)) => {
                items.iter_mut().for_each(|value| item.normalise(value));
            }
            (Self::Map(item), Value::Map(entries)) => {
                entries.values_mut().for_each(|value| item.normalise(value));
            }
            (Self::Object(fields), Value::Map(entries)) => {
                for (name, shape) in fields {
                    if let Some(value) = entries.get_mut(*name) {
                        shape.normalise(value);
                    }
                }
            }
            (Self::Policy, value) => *value = policy::canonical(value),
            _ => {}
        }
    }
}
