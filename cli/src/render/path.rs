//! Where in a value something is.

use std::fmt;

use serde::Serialize;

use super::value::key_shown;

/// One step into a value.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub enum Place {
    /// The value of a key.
    Key(String),
    /// The item of a list that has this name.
    Item(String),
    /// The item of the old list at this position, counted from 1.
    Old(usize),
    /// The item of the new list at this position, counted from 1.
    New(usize),
}

/// The steps from a whole value to a part of it. As text: `.Statement[SubmitJobs].Resource`.
#[derive(Debug, Default, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Path(pub Vec<Place>);

impl Path {
    /// One step further.
    pub(super) fn then(&self, place: Place) -> Self {
        Self(self.0.iter().cloned().chain([place]).collect())
    }

    /// To the value of a key.
    pub(super) fn key(&self, key: &str) -> Self {
        self.then(Place::Key(key.into()))
    }

    /// To the item of a name.
    pub(super) fn item(&self, name: &str) -> Self {
        self.then(Place::Item(name.into()))
    }

    /// Applies `change` to every key and name; none if it gives none for any.
    pub(super) fn map_texts(&self, change: &impl Fn(&str) -> Option<String>) -> Option<Self> {
        let one = |place: &Place| {
            Some(match place {
                Place::Key(key) => Place::Key(change(key)?),
                Place::Item(name) => Place::Item(change(name)?),
                Place::Old(_) | Place::New(_) => place.clone(),
            })
        };
        self.0.iter().map(one).collect::<Option<_>>().map(Self)
    }
}

impl fmt::Display for Path {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|place| match place {
            Place::Key(key) => write!(f, ".{}", key_shown(key)),
            Place::Item(name) => write!(f, "[{}]", key_shown(name)),
            Place::Old(position) => write!(f, "[{position}]"),
            Place::New(position) => write!(f, "[new {position}]"),
        })
    }
}
