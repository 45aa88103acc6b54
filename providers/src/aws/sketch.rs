//! An object as an answer of AWS shows it, on its way to the engine's form.

use std::collections::BTreeSet;

use nfplan_engine::address::Address;
use nfplan_engine::address::Place;
use nfplan_engine::address::RemoteId;
use nfplan_engine::observed::Live;
use nfplan_engine::observed::Owner;
use nfplan_engine::schema::Schema;
use nfplan_engine::value::Attributes;
use nfplan_engine::value::Value;

use crate::aws::tags;
use crate::aws::tags::Tags;

/// An object that is being described.
pub(crate) struct Sketch {
    schema: &'static Schema,
    id: String,
    attributes: Attributes,
    owner: Option<Owner>,
    unread: BTreeSet<Box<str>>,
    settling: Option<String>,
}

impl Sketch {
    pub(crate) fn new(schema: &'static Schema, id: impl Into<String>) -> Self {
        Self {
            schema,
            id: id.into(),
            attributes: Attributes::new(),
            owner: None,
            unread: BTreeSet::new(),
            settling: None,
        }
    }

    /// Sets an attribute.
    pub(crate) fn set(mut self, name: &str, value: impl Into<Value>) -> Self {
        self.attributes.insert(name.into(), value.into());
        self
    }

    /// Sets an attribute that the answer may lack.
    pub(crate) fn set_if<T: Into<Value>>(self, name: &str, value: Option<T>) -> Self {
        match value {
            Some(value) => self.set(name, value),
            None => self,
        }
    }

    /// Sets a whole number.
    pub(crate) fn number(self, name: &str, value: Option<impl Into<i64>>) -> Self {
        self.set_if(name, value.and_then(|number| Value::integer(number.into())))
    }

    /// Sets texts.
    pub(crate) fn texts<T: AsRef<str>>(
        self,
        name: &str,
        items: impl IntoIterator<Item = T>,
    ) -> Self {
        let items = items.into_iter().map(Value::text).collect();
        self.set(name, Value::List(items))
    }

    /// Sets a document that AWS gives as JSON text.
    pub(crate) fn document(self, name: &str, text: &str) -> Self {
        self.set(name, document(text))
    }

    /// Sets the tags, and with them whose the object is.
    pub(crate) fn tagged(mut self, all: &Tags) -> Self {
        self.owner = tags::owner(all);
        self.set("tags", tags::attribute(all))
    }

    /// The object is part of one with these tags.
    pub(crate) fn part_of(mut self, all: &Tags, address: &Address) -> Self {
        self.owner = tags::owner_of_part(all, address);
        self
    }

    /// This managed attribute was not asked for.
    pub(crate) fn unread(mut self, name: &str) -> Self {
        self.unread.insert(name.into());
        self
    }

    /// AWS is at work on the object, in its own words; nothing if it is not.
    pub(crate) fn settling(mut self, words: Option<String>) -> Self {
        self.settling = words;
        self
    }

    /// The engine's form: normalised, with the outputs that follow from the inputs. None if AWS's
    /// name for it is none.
    pub(crate) fn live(mut self, place: &Place) -> Option<Live> {
        self.attributes.extend((self.schema.predict)(place, &self.attributes));
        self.schema.normalise(&mut self.attributes);
        Some(Live {
            remote_id: RemoteId::new(&self.id).ok()?,
            owner: self.owner,
            attributes: self.attributes,
            unread: self.unread,
            settling: self.settling,
        })
    }
}

/// A document that AWS gives as JSON text. What is no JSON differs from every document that a spec can
/// want, which it should.
pub(crate) fn document(text: &str) -> Value {
    serde_json::from_str(text).map_or_else(|_| Value::text(text), value)
}

/// Any JSON: a number that no [`Value`] holds as the text that means the same in a policy, where numbers
/// may stand in quotes.
fn value(json: serde_json::Value) -> Value {
    match json {
        serde_json::Value::Null => Value::text("null"),
        serde_json::Value::Bool(value) => value.into(),
        serde_json::Value::Number(number) => {
            let whole = number.as_i64().and_then(Value::integer);
            whole.unwrap_or_else(|| number.to_string().into())
        }
        serde_json::Value::String(text) => text.into(),
        serde_json::Value::Array(items) => Value::List(items.into_iter().map(value).collect()),
        serde_json::Value::Object(entries) => {
            Value::Map(entries.into_iter().map(|(key, json)| (key.into(), value(json))).collect())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn policies_of_others_may_have_numbers_that_are_no_values() {
        let value = document(r#"{"a":[1.2,true,7],"b":9007199254740993}"#);
        assert_eq!(value.to_string(), r#"{"a":["1.2",true,7],"b":"9007199254740993"}"#);
    }
}
