//! Look-ups that an expansion draws on.

use std::collections::BTreeMap;

use nfplan_engine::provider::LookUp;
use nfplan_engine::value::Value;

use super::ExpansionError;

/// The pins given, and those that were used.
#[derive(Debug)]
pub(super) struct Pins<'a> {
    given: &'a BTreeMap<Box<str>, Value>,
    used: BTreeMap<Box<str>, Value>,
}

impl<'a> Pins<'a> {
    pub(super) fn new(given: &'a BTreeMap<Box<str>, Value>) -> Self {
        Self { given, used: BTreeMap::new() }
    }

    /// A pin that is a text.
    pub(super) fn text(&mut self, look_up: &LookUp) -> Result<&'a str, ExpansionError> {
        let (key, value) = self.take(look_up)?;
        value.as_text().ok_or_else(|| wrong(key, "text", value))
    }

    /// A pin that is a list of texts with at least one item.
    pub(super) fn texts(&mut self, look_up: &LookUp) -> Result<Vec<Box<str>>, ExpansionError> {
        let expected = "a list of texts that is not empty";
        let (key, value) = self.take(look_up)?;
        let items = value.as_list().unwrap_or_default();
        let texts: Option<Vec<Box<str>>> =
            items.iter().map(|item| item.as_text().map(Into::into)).collect();
        texts.filter(|texts| !texts.is_empty()).ok_or_else(|| wrong(key, expected, value))
    }

    pub(super) fn into_used(self) -> BTreeMap<Box<str>, Value> {
        self.used
    }

    fn take(&mut self, look_up: &LookUp) -> Result<(Box<str>, &'a Value), ExpansionError> {
        let key: Box<str> = look_up.key().into();
        let Some(value) = self.given.get(&key) else {
            return Err(ExpansionError::MissingPin { key });
        };
        self.used.insert(key.clone(), value.clone());
        Ok((key, value))
    }
}

fn wrong(key: Box<str>, expected: &'static str, found: &Value) -> ExpansionError {
    ExpansionError::WrongPin { key, expected, found: found.to_string() }
}
