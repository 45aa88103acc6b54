//! Values in which nfplan and others have parts: the statements of a bucket's policy, the rules of its
//! lifecycle.
//!
//! AWS takes such a value as a whole, so whoever puts it puts what others added, too. The ids of
//! nfplan's own parts begin in a fixed way. What is wanted of the value are these, as the specs have
//! them, and whatever else is there, as it is; [`keep`] puts both together, for plans and for drift.
//!
//! What cannot be told: a part of somebody else's whose id begins as nfplan's do is taken for nfplan's.

use crate::expr::Expr;
use crate::expr::Inputs;
use crate::schema::Attribute;
use crate::schema::Schema;
use crate::value::Attributes;
use crate::value::Value;

/// How nfplan's own parts of a value are told from those of others.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Parts {
    /// What one is called: "statement".
    pub title: &'static str,
    /// The entry that lists them; none if the value is the list.
    pub list: Option<&'static str>,
    /// The entries beside that list which are nfplan's. What else there is beside it is others'.
    pub entries: &'static [&'static str],
    /// The entry of a part that names it.
    pub id: &'static str,
    /// How the ids of nfplan's own begin.
    pub own: &'static str,
}

/// Something that others have in a value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Piece<'a> {
    /// An entry beside the list.
    Beside(&'a str),
    /// A part, by its id if it has one.
    Part(Option<&'a str>),
}

impl Parts {
    /// What is wanted of a value of which this is `there`: nfplan's parts as wanted, those of others
    /// as they are and in their order.
    pub fn merged(&self, wanted: &Expr, there: Option<&Value>) -> Expr {
        let mut list = items_of(self.within(wanted).as_ref());
        let others = self.of_others(there).into_iter();
        list.extend(others.map(|part| Expr::Value(part.clone())));
        let merged = match self.list {
            None => Expr::List(list),
            Some(name) => {
                let beside =
                    self.beside(there).map(|(key, value)| (key.into(), value.clone().into()));
                let own = entries_of(wanted).into_iter().filter(|(key, _)| **key != *name);
                let list = (name.into(), Expr::List(list));
                Expr::Map(beside.chain(own).chain([list]).collect())
            }
        };
        merged.known().map_or(merged, Expr::Value)
    }

    /// What is left of a value without nfplan's parts; none if no part is left.
    pub fn without_own(&self, value: &Value) -> Option<Value> {
        let others: Vec<Value> = self.of_others(Some(value)).into_iter().cloned().collect();
        match (others.as_slice(), self.list) {
            ([], _) => None,
            (_, None) => Some(Value::List(others)),
            (_, Some(name)) => {
                let mut entries = value.as_map().cloned().unwrap_or_default();
                entries.insert(name.into(), Value::List(others));
                Some(Value::Map(entries))
            }
        }
    }

    /// What is left of a value without what others have in it.
    pub(crate) fn own_alone(&self, value: &Value) -> Value {
        let list = self.list_of(Some(value)).iter().filter(|part| self.is_own(part));
        let list = Value::List(list.cloned().collect());
        let Some(name) = self.list else { return list };
        let mut entries = value.as_map().cloned().unwrap_or_default();
        entries.retain(|key, _| self.entries.contains(&&**key));
        entries.insert(name.into(), list);
        Value::Map(entries)
    }

    /// A value as it would be if others had left in it what was taken note of.
    pub(crate) fn as_noted(&self, value: &Value, noted: &Value) -> Value {
        let own = Expr::Value(self.own_alone(value));
        self.merged(&own, Some(noted)).known().expect("both are known")
    }

    /// The wanted parts that nobody would know for nfplan's; a value that does not show its parts is
    /// one.
    pub(crate) fn unknown(&self, wanted: &Expr) -> Option<String> {
        let Some(list) = self.within(wanted).filter(is_list) else {
            return Some(format!("does not list its {}s", self.title));
        };
        let own = |part: &Expr| {
            let id = entries_of(part).into_iter().find(|(key, _)| **key == *self.id);
            let id = id.and_then(|(_, id)| id.known());
            id.is_some_and(|id| id.as_text().is_some_and(|text| text.starts_with(self.own)))
        };
        items_of(Some(&list)).iter().any(|part| !own(part)).then(|| {
            let Self { title, id, own, .. } = self;
            format!("has a {title} whose `{id}` does not begin with `{own}`")
        })
    }

    /// Says how what others have in a value differs from what was taken note of; none if it does not.
    pub fn moved(&self, noted: Option<&Value>, there: Option<&Value>) -> Option<String> {
        let (before, after) = (self.pieces(noted), self.pieces(there));
        let new = after.iter().filter(|piece| !before.contains(piece)).map(|(piece, _)| *piece);
        let (changed, come): (Vec<Piece<'_>>, Vec<Piece<'_>>) = new.partition(|piece| {
            *piece != Piece::Part(None) && before.iter().any(|(other, _)| other == piece)
        });
        let gone = before.iter().filter(|piece| !after.contains(piece)).map(|(piece, _)| *piece);
        let gone: Vec<Piece<'_>> = gone.filter(|piece| !changed.contains(piece)).collect();
        let told = [
            (come, ["is not nfplan's: it is kept", "are not nfplan's: they are kept"]),
            (
                changed,
                [
                    "changed and is not nfplan's: it is kept",
                    "changed and are not nfplan's: they are kept",
                ],
            ),
            (
                gone,
                [
                    "was not nfplan's and is gone: it is not made again",
                    "were not nfplan's and are gone: they are not made again",
                ],
            ),
        ];
        let told = told.into_iter().filter_map(|(pieces, words)| self.told(&pieces, words));
        let told: Vec<String> = told.collect();
        (!told.is_empty()).then(|| told.join("; "))
    }

    /// A sentence about some of what others have, by how much it is.
    fn told(&self, pieces: &[Piece<'_>], [one, several]: [&str; 2]) -> Option<String> {
        let title = self.title;
        let (mut subjects, mut named, mut unnamed) = (Vec::new(), Vec::new(), 0);
        for piece in pieces {
            match piece {
                Piece::Beside(key) => subjects.push(format!("`{key}`")),
                Piece::Part(Some(name)) => named.push(format!("`{name}`")),
                Piece::Part(None) => unnamed += 1,
            }
        }
        named.sort_unstable();
        let ending = if named.len() == 1 { "" } else { "s" };
        if let Some(first) = named.first_mut() {
            *first = format!("{title}{ending} {first}");
        }
        subjects.extend(named);
        match unnamed {
            0 => {}
            1 => subjects.push(format!("a {title} without an id")),
            unnamed => subjects.push(format!("{unnamed} {title}s without an id")),
        }
        let last = subjects.pop()?;
        let subjects = match subjects.as_slice() {
            [] => last,
            others => format!("{} and {last}", others.join(", ")),
        };
        Some(format!("{subjects} {}", if pieces.len() == 1 { one } else { several }))
    }

    /// Everything that others have in a value.
    fn pieces<'a>(&self, value: Option<&'a Value>) -> Vec<(Piece<'a>, &'a Value)> {
        let beside = self.beside(value).map(|(key, value)| (Piece::Beside(key), value));
        let parts = self.of_others(value).into_iter();
        beside.chain(parts.map(|part| (Piece::Part(self.name(part)), part))).collect()
    }

    fn name<'a>(&self, part: &'a Value) -> Option<&'a str> {
        part.as_map()?.get(self.id)?.as_text().filter(|name| !name.is_empty())
    }

    /// The parts of others, in their order.
    pub(crate) fn of_others<'a>(&self, value: Option<&'a Value>) -> Vec<&'a Value> {
        self.list_of(value).iter().filter(|part| !self.is_own(part)).collect()
    }

    fn list_of<'a>(&self, value: Option<&'a Value>) -> &'a [Value] {
        let list = match self.list {
            None => value,
            Some(name) => value.and_then(|value| value.as_map()?.get(name)),
        };
        list.and_then(Value::as_list).unwrap_or_default()
    }

    fn is_own(&self, part: &Value) -> bool {
        self.name(part).is_some_and(|id| id.starts_with(self.own))
    }

    /// What others have beside the list.
    fn beside<'a>(&self, value: Option<&'a Value>) -> impl Iterator<Item = (&'a str, &'a Value)> {
        let (list, own) = (self.list, self.entries);
        let entries = value.filter(|_| list.is_some()).and_then(Value::as_map);
        let entries = entries.into_iter().flatten();
        let entries =
            entries.filter(move |(key, _)| list != Some(&***key) && !own.contains(&&***key));
        entries.map(|(key, value)| (&**key, value))
    }

    fn within(&self, wanted: &Expr) -> Option<Expr> {
        let Some(name) = self.list else { return Some(wanted.clone()) };
        let entry = entries_of(wanted).into_iter().find(|(key, _)| **key == *name);
        entry.map(|(_, list)| list)
    }
}

fn is_list(expr: &Expr) -> bool {
    matches!(expr, Expr::List(_) | Expr::Value(Value::List(_)))
}

fn items_of(list: Option<&Expr>) -> Vec<Expr> {
    match list {
        Some(Expr::List(items)) => items.clone(),
        Some(Expr::Value(Value::List(items))) => items.iter().cloned().map(Expr::Value).collect(),
        _ => Vec::new(),
    }
}

fn entries_of(map: &Expr) -> Vec<(Box<str>, Expr)> {
    match map {
        Expr::Map(entries) => {
            entries.iter().map(|(key, expr)| (key.clone(), expr.clone())).collect()
        }
        Expr::Value(Value::Map(entries)) => {
            entries.iter().map(|(key, value)| (key.clone(), value.clone().into())).collect()
        }
        _ => Vec::new(),
    }
}

/// The attributes of a type in which others have parts.
pub(crate) fn shared(
    schema: &Schema,
) -> impl Iterator<Item = (&'static Attribute, &'static Parts)> {
    schema.managed().filter_map(|(attribute, managed)| Some((attribute, managed.parts.as_ref()?)))
}

/// What is wanted of an object that is there: inputs as the specs have them, and in them what others
/// have in it.
pub fn keep<'v>(
    schema: &Schema,
    mut inputs: Inputs,
    there: impl Fn(&str) -> Option<&'v Value>,
) -> Inputs {
    for (attribute, parts) in shared(schema) {
        if let Some(wanted) = inputs.get_mut(attribute.name) {
            *wanted = parts.merged(wanted, there(attribute.name));
        }
    }
    inputs
}

/// What others changed of their parts in an object since they were taken note of.
pub(crate) fn moved(
    schema: &Schema,
    noted: Option<&Attributes>,
    there: &Attributes,
) -> Vec<(&'static Attribute, String)> {
    let told = shared(schema).filter_map(|(attribute, parts)| {
        let noted = noted.and_then(|noted| noted.get(attribute.name));
        Some((attribute, parts.moved(noted, there.get(attribute.name))?))
    });
    told.collect()
}

#[cfg(test)]
mod tests;
