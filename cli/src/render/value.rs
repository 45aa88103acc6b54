//! Values in the one form in which they are compared and shown.

use std::collections::BTreeMap;

use nfplan_engine::expr::Expr;
use nfplan_engine::value::Value;
use serde::Serialize;

use super::text::cut;

/// A value, known or not.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub enum Node {
    /// True, false or a number, as written.
    Plain(String),
    /// Text.
    Text(String),
    /// The output of this name, which is not known yet.
    Unknown(String),
    /// Text of which some part is not known yet.
    Join(Vec<Node>),
    /// Values in order.
    List(Vec<Node>),
    /// Values by key.
    Map(BTreeMap<String, Node>),
}

impl From<&Value> for Node {
    fn from(value: &Value) -> Self {
        match value {
            Value::Bool(_) | Value::Integer(_) => Self::Plain(value.to_string()),
            Value::Text(text) => Self::Text(text.to_string()),
            Value::List(items) => Self::List(items.iter().map(Self::from).collect()),
            Value::Map(entries) => {
                let entries = entries.iter().map(|(key, item)| (key.to_string(), item.into()));
                Self::Map(entries.collect())
            }
        }
    }
}

impl From<&Expr> for Node {
    fn from(expr: &Expr) -> Self {
        match expr {
            Expr::Value(value) => value.into(),
            Expr::Reference(reference) => Self::Unknown(reference.to_string()),
            Expr::External(external) => Self::Unknown(external.to_string()),
            Expr::List(items) => Self::List(items.iter().map(Self::from).collect()),
            Expr::Join(parts) => Self::Join(parts.iter().map(Self::from).collect()),
            Expr::Map(entries) => {
                let entries = entries.iter().map(|(key, item)| (key.to_string(), item.into()));
                Self::Map(entries.collect())
            }
        }
    }
}

impl Node {
    /// Applies `change` to every text, key and name; none if it gives none for any.
    pub(super) fn map_texts(&self, change: &impl Fn(&str) -> Option<String>) -> Option<Self> {
        let each = |list: &[Self]| -> Option<Vec<Self>> {
            list.iter().map(|item| item.map_texts(change)).collect()
        };
        Some(match self {
            Self::Plain(text) => Self::Plain(text.clone()),
            Self::Text(text) => Self::Text(change(text)?),
            Self::Unknown(name) => Self::Unknown(change(name)?),
            Self::Join(parts) => Self::Join(each(parts)?),
            Self::List(items) => Self::List(each(items)?),
            Self::Map(entries) => {
                let entries =
                    entries.iter().map(|(key, item)| Some((change(key)?, item.map_texts(change)?)));
                Self::Map(entries.collect::<Option<_>>()?)
            }
        })
    }

    /// Whether it is made of other values.
    pub(super) fn is_nested(&self) -> bool {
        match self {
            Self::Plain(_) | Self::Text(_) | Self::Unknown(_) | Self::Join(_) => false,
            Self::List(items) => items.iter().any(Self::is_container),
            Self::Map(_) => true,
        }
    }

    /// Whether it is a list or map with nothing in it.
    pub(super) fn is_empty(&self) -> bool {
        match self {
            Self::List(items) => items.is_empty(),
            Self::Map(entries) => entries.is_empty(),
            Self::Plain(_) | Self::Text(_) | Self::Unknown(_) | Self::Join(_) => false,
        }
    }

    /// Whether some part of it, but not all, is not known yet.
    pub(super) fn is_partly_unknown(&self) -> bool {
        let unknown = |node: &Self| matches!(node, Self::Unknown(_)) || node.is_partly_unknown();
        match self {
            Self::List(items) | Self::Join(items) => items.iter().any(unknown),
            Self::Map(entries) => entries.values().any(unknown),
            Self::Plain(_) | Self::Text(_) | Self::Unknown(_) => false,
        }
    }

    /// The text that it is, with `${…}` for parts that are not known yet; none if it is no text.
    pub(super) fn as_text(&self) -> Option<String> {
        match self {
            Self::Text(_) | Self::Join(_) => Some(self.as_part()),
            Self::Plain(_) | Self::Unknown(_) | Self::List(_) | Self::Map(_) => None,
        }
    }

    fn is_container(&self) -> bool {
        match self {
            Self::List(_) | Self::Map(_) => true,
            Self::Plain(_) | Self::Text(_) | Self::Unknown(_) | Self::Join(_) => false,
        }
    }

    /// As people read it. Texts of more than `most` columns are cut in the middle.
    pub(super) fn shown(&self, most: usize) -> String {
        let each = |items: &[Self]| {
            items.iter().map(|item| item.shown(most)).collect::<Vec<_>>().join(", ")
        };
        match self {
            Self::Plain(text) => text.clone(),
            Self::Text(text) => quoted(&cut(text, most)),
            Self::Unknown(name) => format!("(known after {name})"),
            Self::Join(_) => quoted(&cut(&self.as_part(), most)),
            Self::List(items) => format!("[{}]", each(items)),
            Self::Map(entries) => {
                let entries = entries
                    .iter()
                    .map(|(key, item)| format!("{}: {}", key_shown(key), item.shown(most)));
                format!("{{{}}}", entries.collect::<Vec<_>>().join(", "))
            }
        }
    }

    fn as_part(&self) -> String {
        match self {
            Self::Text(text) => text.clone(),
            Self::Unknown(name) => format!("${{{name}}}"),
            Self::Join(parts) => parts.iter().map(Self::as_part).collect(),
            Self::Plain(_) | Self::List(_) | Self::Map(_) => self.shown(usize::MAX),
        }
    }
}

/// Text in quotes, with quotes, backslashes and control characters escaped.
pub(super) fn quoted(text: &str) -> String {
    let mut shown = String::from("\"");
    for character in text.chars() {
        match character {
            '"' | '\\' => shown.extend(['\\', character]),
            _ => shown.push(character),
        }
    }
    // Control characters are written out on the way to the line.
    shown.push('"');
    shown
}

/// A key as it is if it is a word, otherwise in quotes.
pub(super) fn key_shown(key: &str) -> String {
    let plain = |c: char| c.is_alphanumeric() || matches!(c, '_' | '-' | ':' | '/' | '<' | '>');
    if !key.is_empty() && key.chars().all(plain) { key.into() } else { quoted(key) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn node(expr: &Expr) -> Node {
        Node::from(expr)
    }

    #[test]
    fn values_read_like_what_the_spec_would_say() {
        let value: Value = serde_json::from_str(r#"{"a":[true,-3,"x\"y"],"b c":{}}"#).unwrap();
        assert_eq!(Node::from(&value).shown(80), r#"{a: [true, -3, "x\"y"], "b c": {}}"#);
    }

    #[test]
    fn unknown_parts_name_what_they_wait_for() {
        let vpc = Expr::Reference("ec2.vpc/main#id".parse().unwrap());
        let joined = Expr::Join(vec!["arn:".into(), vpc.clone(), "/x".into()]);
        assert_eq!(node(&joined).shown(80), r#""arn:${ec2.vpc/main#id}/x""#);
        assert_eq!(node(&Expr::list([vpc])).shown(80), "[(known after ec2.vpc/main#id)]");
    }
}
