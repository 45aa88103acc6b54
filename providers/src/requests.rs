//! Which requests a provider call sends to change something, told beforehand.
//!
//! The tables that the simulated cloud carries out say it, by the names that the AWS provider gives its
//! calls, so that there is no second list to keep. Requests that only look are not among them: a plan
//! has made those already. Where it cannot be told whether a request will be needed, it is among them.

use std::collections::BTreeSet;

use nfplan_engine::preflight::Deed;
use nfplan_engine::preflight::Seen;
use nfplan_engine::preflight::Side;
use nfplan_engine::value::Value;

use crate::sim::kind;
use crate::sim::kind::Change;
use crate::sim::kind::Kind;
use crate::sim::kind::Start;

/// The requests of one call on an object of this type, as `service:Operation`; none for what is kept on
/// the runner's own disk.
pub fn requests(resource_type: &str, deed: &Deed<'_>) -> BTreeSet<&'static str> {
    let Some(kind) = kind::find(resource_type) else { return BTreeSet::new() };
    let mut all: BTreeSet<&'static str> = (kind.calls.more)(deed).into_iter().collect();
    match deed {
        Deed::Create { inputs } => {
            all.insert(kind.create);
            all.extend(kind.changes.iter().flat_map(|change| completing(change, inputs)));
        }
        Deed::Update { before, after, changed } => {
            let ends = Ends { before, after, changed };
            all.extend(kind.changes.iter().flat_map(|change| ends.requests(change)));
            all.extend(ends.tagging(kind));
        }
        Deed::Disable { attribute } => all.extend(disabling(kind, attribute)),
        Deed::Delete { before } => {
            all.insert(kind.delete);
            all.extend(kind.changes.iter().filter_map(|change| detaching(change, before)));
        }
    }
    all
}

/// The two ends of an update.
struct Ends<'a> {
    before: &'a Side<'a>,
    after: &'a Side<'a>,
    changed: &'a BTreeSet<Box<str>>,
}

impl Ends<'_> {
    fn requests(&self, change: &'static Change) -> Vec<&'static str> {
        let sees = |name: &str| (self.before.see(name), self.after.see(name));
        let changed = |name: &&'static str| self.changed.contains(*name);
        match change {
            Change::Set { operation, attributes, clear, .. } => {
                let moved: Vec<_> = attributes
                    .iter()
                    .copied()
                    .filter(changed)
                    .map(sees)
                    .map(|(_, to)| to)
                    .collect();
                set(operation, *clear, &moved)
            }
            Change::Switch { attribute, on, off, .. } if changed(attribute) => {
                switch(&self.after.see(attribute), (on, off))
            }
            Change::Slot { attribute, fill, empty } if changed(attribute) => {
                let (from, to) = sees(attribute);
                let emptied = (from != Seen::Absent).then_some(*empty);
                emptied.into_iter().chain((to != Seen::Absent).then_some(*fill)).collect()
            }
            Change::Items { attribute, add, remove, .. } if changed(attribute) => {
                let (from, to) = sees(attribute);
                items(&from, &to, (add, remove))
            }
            Change::Switch { .. } | Change::Slot { .. } | Change::Items { .. } => Vec::new(),
        }
    }

    fn tagging(&self, kind: &'static Kind) -> Vec<&'static str> {
        let Some(tagging) = kind.tagging.as_ref().filter(|_| self.changed.contains("tags")) else {
            return Vec::new();
        };
        let (from, to) = (pairs(&self.before.see("tags")), pairs(&self.after.see("tags")));
        let (Some(from), Some(to)) = (from, to) else {
            return tagging.untag.into_iter().chain([tagging.tag]).collect();
        };
        let goes = from.iter().any(|(name, _)| to.iter().all(|(other, _)| other != name));
        let comes = to.iter().any(|pair| !from.contains(pair));
        let untag = tagging.untag.filter(|_| goes);
        let tag = (comes || (goes && tagging.untag.is_none())).then_some(tagging.tag);
        untag.into_iter().chain(tag).collect()
    }
}

/// The names and values of tags, if they are known.
fn pairs(tags: &Seen<'_>) -> Option<Vec<(Box<str>, Value)>> {
    match tags {
        Seen::Absent => Some(Vec::new()),
        Seen::Value(tags) => {
            let tags = tags.as_map().into_iter().flatten();
            Some(tags.map(|(name, value)| (name.clone(), value.clone())).collect())
        }
        Seen::ToBeMade => None,
    }
}

/// What a create sends after its first request, because that one cannot carry it.
fn completing(change: &'static Change, inputs: &Side<'_>) -> Vec<&'static str> {
    match change {
        Change::Set { start: Start::Given, .. } => Vec::new(),
        Change::Set { operation, attributes, start, .. } => {
            let as_it_starts = |to: &Seen<'_>| match (to, start) {
                (Seen::Absent, _) => true,
                (Seen::Value(to), Start::Bool(value)) => to.as_bool() == Some(*value),
                (Seen::Value(to), Start::Text(text)) => to.as_text() == Some(text),
                (Seen::Value(_) | Seen::ToBeMade, _) => false,
            };
            let mut seen = attributes.iter().map(|name| inputs.see(name));
            if seen.all(|to| as_it_starts(&to)) { Vec::new() } else { vec![operation] }
        }
        Change::Switch { attribute, on, off, start } => match inputs.see(attribute) {
            Seen::Absent => Vec::new(),
            Seen::Value(value) if *value == Value::Bool(*start) => Vec::new(),
            seen => switch(&seen, (on, off)),
        },
        Change::Slot { attribute, fill, .. } => {
            let filled = inputs.see(attribute) != Seen::Absent;
            filled.then_some(*fill).into_iter().collect()
        }
        Change::Items { attribute, add, remove, start, .. } => {
            let from = Seen::Value(std::borrow::Cow::Owned(Value::List(start())));
            items(&from, &inputs.see(attribute), (add, remove))
        }
    }
}

/// What has to be taken off an object by requests of its own before it can be deleted.
fn detaching(change: &'static Change, before: &Side<'_>) -> Option<&'static str> {
    match change {
        Change::Slot { attribute, empty, .. } => {
            (before.see(attribute) != Seen::Absent).then_some(*empty)
        }
        Change::Items { attribute, remove, each: true, .. } => {
            let none = |seen| matches!(seen, Seen::Value(list) if list.as_list() == Some(&[]));
            let seen = before.see(attribute);
            (seen != Seen::Absent && !none(seen)).then_some(*remove)
        }
        Change::Set { .. } | Change::Switch { .. } | Change::Items { each: false, .. } => None,
    }
}

fn disabling(kind: &'static Kind, attribute: &str) -> Option<&'static str> {
    kind.changes.iter().find_map(|change| match change {
        Change::Switch { attribute: own, off, .. } if *own == attribute => Some(*off),
        Change::Set { attributes, operation, .. } if attributes.contains(&attribute) => {
            Some(*operation)
        }
        Change::Set { .. } | Change::Switch { .. } | Change::Slot { .. } | Change::Items { .. } => {
            None
        }
    })
}

/// One request sets all attributes; another one may take them away, where all of them go.
fn set(
    operation: &'static str,
    clear: Option<&'static str>,
    moved: &[Seen<'_>],
) -> Vec<&'static str> {
    let cleared = clear.filter(|_| moved.iter().all(|to| *to == Seen::Absent));
    if moved.is_empty() { Vec::new() } else { vec![cleared.unwrap_or(operation)] }
}

fn switch(to: &Seen<'_>, (on, off): (&'static str, &'static str)) -> Vec<&'static str> {
    match to {
        Seen::Value(value) if **value == Value::Bool(true) => vec![on],
        Seen::Value(_) | Seen::Absent => vec![off],
        Seen::ToBeMade => vec![on, off],
    }
}

fn items(
    from: &Seen<'_>,
    to: &Seen<'_>,
    (add, remove): (&'static str, &'static str),
) -> Vec<&'static str> {
    let list = |seen: &Seen<'_>| match seen {
        Seen::Absent => Some(Vec::new()),
        Seen::Value(list) => Some(list.as_list().unwrap_or_default().to_vec()),
        Seen::ToBeMade => None,
    };
    let (from, to) = (list(from), list(to));
    let lacks = |some: &Option<Vec<Value>>, other: &Option<Vec<Value>>| match (some, other) {
        (Some(some), Some(other)) => some.iter().any(|item| !other.contains(item)),
        (Some(some), None) => !some.is_empty(),
        (None, _) => true,
    };
    let added = lacks(&to, &from).then_some(add);
    added.into_iter().chain(lacks(&from, &to).then_some(remove)).collect()
}

#[cfg(test)]
mod tests;
