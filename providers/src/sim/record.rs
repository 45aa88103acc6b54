//! An object of the simulated cloud, as it is kept in memory and in the log.

use std::collections::BTreeSet;

use nfplan_engine::address::Region;
use nfplan_engine::value::Attributes;
use nfplan_engine::value::Value;
use serde::Deserialize;
use serde::Deserializer;
use serde::Serialize;
use serde::de::Error as _;

use crate::sim::clock;
use crate::sim::kind;
use crate::sim::kind::Reference;

/// A resource type's name. (An alias, because serde would borrow a plain `&'static str`.)
type TypeName = &'static str;

/// Identifies an object within its account.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub(crate) struct Key {
    /// The resource type.
    #[serde(rename = "type", deserialize_with = "known_type")]
    pub(crate) resource_type: TypeName,
    /// The region; none for IAM and S3 objects, whose names an account has once.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) region: Option<Region>,
    /// What AWS calls it.
    pub(crate) id: Box<str>,
}

fn known_type<'de, D: Deserializer<'de>>(deserializer: D) -> Result<&'static str, D::Error> {
    let name = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
    kind::find(&name)
        .map(|kind| kind.resource_type)
        .ok_or_else(|| D::Error::custom(format!("unknown resource type `{name}`")))
}

/// An object.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Record {
    #[serde(flatten)]
    pub(crate) key: Key,
    /// Attributes of the schema, normalised. The ownership tags are in `tags`, the incarnation is not.
    pub(crate) attributes: Attributes,
    /// What AWS knows of it beside: versions, jobs, contents.
    #[serde(default, skip_serializing_if = "Attributes::is_empty")]
    pub(crate) hidden: Attributes,
    /// The create attempt that made it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) incarnation: Option<u64>,
    /// The client token that it was made with.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) token: Option<Box<str>>,
    /// When it was made.
    pub(crate) created_at: u64,
    /// From when on other services see it.
    pub(crate) visible_at: u64,
    /// What AWS still works on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) pending: Option<Pending>,
}

/// A change that comes about by itself.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Pending {
    /// When.
    pub(crate) at: u64,
    /// To what.
    pub(crate) then: Then,
}

/// What becomes of an object that AWS works on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Then {
    /// It takes these attributes.
    Become(Attributes),
    /// It is gone.
    Gone,
}

impl Record {
    pub(crate) fn new(key: Key, attributes: Attributes, now: u64) -> Self {
        let lag = if key.resource_type.starts_with("iam.") { clock::IAM_LAG } else { 0 };
        Self {
            key,
            attributes,
            hidden: Attributes::new(),
            incarnation: None,
            token: None,
            created_at: now,
            visible_at: now + lag,
            pending: None,
        }
    }

    pub(crate) fn text(&self, name: &str) -> Option<&str> {
        self.attributes.get(name)?.as_text()
    }

    /// A text, or the empty one.
    pub(crate) fn text_or_empty(&self, name: &str) -> &str {
        self.text(name).unwrap_or_default()
    }

    pub(crate) fn texts(&self, name: &str) -> BTreeSet<&str> {
        texts_of(&self.attributes, name)
    }

    /// A list among what only AWS knows.
    pub(crate) fn hidden_list(&self, name: &str) -> &[Value] {
        self.hidden.get(name).and_then(Value::as_list).unwrap_or_default()
    }

    /// A tag's value.
    pub(crate) fn tag(&self, name: &str) -> Option<&str> {
        self.attributes.get("tags")?.as_map()?.get(name)?.as_text()
    }

    /// All texts that other objects may call it by.
    pub(crate) fn handles(&self) -> BTreeSet<Box<str>> {
        let mut handles: BTreeSet<Box<str>> = ["id", "arn", "name"]
            .iter()
            .filter_map(|name| self.text(name))
            .map(Into::into)
            .collect();
        handles.insert(self.key.id.clone());
        if let Some(token) = &self.token {
            handles.insert(format!("token {token}").into());
        }
        if let Some(name) = self.text("name").filter(|_| self.key.resource_type.starts_with("iam."))
        {
            handles.insert(any_case(name).into());
        }
        handles
    }

    /// All texts that it calls objects of other types by.
    pub(crate) fn references(&self) -> BTreeSet<(&'static str, Box<str>)> {
        let kind = kind::of(self.key.resource_type);
        kind.references
            .iter()
            .flat_map(|reference| {
                referred(&self.attributes, reference)
                    .into_iter()
                    .map(|text| (reference.to, Box::from(text)))
            })
            .collect()
    }
}

/// The handle by which IAM finds a name in whatever case it is written.
pub(crate) fn any_case(name: &str) -> String {
    format!("any case {}", name.to_lowercase())
}

/// The texts of one attribute that refers to other objects.
pub(crate) fn referred<'a>(attributes: &'a Attributes, reference: &Reference) -> Vec<&'a str> {
    match attributes.get(reference.attribute) {
        Some(Value::Text(text)) => vec![text],
        Some(Value::List(items)) => items
            .iter()
            .filter_map(|item| match (item, reference.field) {
                (Value::Map(fields), Some(field)) => fields.get(field)?.as_text(),
                (item, _) => item.as_text(),
            })
            .collect(),
        _ => Vec::new(),
    }
}

/// The texts of a list.
pub(crate) fn texts_of<'a>(attributes: &'a Attributes, name: &str) -> BTreeSet<&'a str> {
    let items = attributes.get(name).and_then(Value::as_list).unwrap_or_default();
    items.iter().filter_map(Value::as_text).collect()
}
