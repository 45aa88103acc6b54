//! Whether an object that was found is the one that the state records: names are used again, and
//! people delete objects and make others that are called the same.

use crate::address::Address;
use crate::address::UnitId;
use crate::observed::Live;
use crate::schema::Identity;
use crate::schema::Kind;
use crate::schema::Schema;
use crate::state::Entry;
use crate::state::Object;
use crate::value::Value;

/// Says by what an object is known not to be the one that was applied, though it is called the
/// same; none if it may be.
pub(crate) fn remade(schema: &Schema, object: &Object, live: &Live) -> Option<String> {
    if live.remote_id != object.remote_id {
        return Some(format!("`{}` has taken the place of `{}`", live.remote_id, object.remote_id));
    }
    for attribute in schema.attributes {
        let Kind::Computed(computed) = attribute.kind else { continue };
        let outputs = object.outputs.get(attribute.name).zip(live.attributes.get(attribute.name));
        let stable = !computed.predictable && !computed.changes_on_update;
        if let (true, Some((applied, live))) = (stable, outputs.filter(|(a, b)| a != b)) {
            let name = attribute.name;
            return Some(format!(
                "another object is called the same: its `{name}` was {applied} and is {live}"
            ));
        }
    }
    let owner = live.owner.as_ref().filter(|_| is_tagged(schema))?;
    let made = object.incarnation?;
    match owner.incarnation {
        Some(other) if other == made => None,
        Some(other) => Some(format!("attempt {other} made it, and attempt {made} was applied")),
        None => {
            let tag = "it lacks the tag of the attempt that was applied";
            Some(format!("{tag}: somebody made it again, or took the tag away"))
        }
    }
}

/// Says why an object that was found is not proved to be the one that an earlier run left behind;
/// none if it is. `recorded` is what the state has of it; none for one that only its tags tell of.
///
/// What was adopted without tags never had any, and the owner of a type without tags of its own is
/// told by something else: such an object is taken for the recorded one until something speaks
/// against it.
pub(crate) fn unproved(
    schema: &Schema,
    (unit, address): (&UnitId, &Address),
    recorded: Option<&Object>,
    live: &Live,
) -> Option<String> {
    if let Some(why) = recorded.and_then(|object| remade(schema, object, live)) {
        return Some(why);
    }
    let never_tagged = recorded.is_some_and(|object| object.incarnation.is_none());
    match &live.owner {
        _ if !is_tagged(schema) => None,
        Some(owner) if owner.unit == *unit && owner.address == *address => None,
        Some(owner) => Some(format!("it belongs to `{}:{}`", owner.unit, owner.address)),
        None if never_tagged => None,
        None => Some("it has no ownership tags of nfplan".into()),
    }
}

/// What was found on an object, or beside it, that is none of nfplan's.
pub(crate) struct Stranger {
    /// What it is, what comes of it and what to do.
    pub(crate) says: String,
    /// What was found.
    pub(crate) found: Value,
    /// The cloud deletes the object only when it is gone.
    pub(crate) holds: bool,
}

/// What a read tells of somebody else's doings; `entry` is what the state has of the object.
pub(crate) fn strangers(schema: &Schema, entry: Option<&Entry>, live: &Live) -> Vec<Stranger> {
    let known = |id: &str| {
        let mut objects = entry.into_iter().flat_map(Entry::objects);
        objects.any(|object| object.remote_id.as_str() == id)
    };
    let told = schema.attributes.iter().filter_map(|attribute| {
        let Kind::Volatile { strangers: Some(strangers), .. } = attribute.kind else { return None };
        let found = match live.attributes.get(attribute.name)? {
            Value::List(items) => items.as_slice(),
            item => std::slice::from_ref(item),
        };
        let found = found.iter().filter_map(Value::as_text).filter(|id| !known(id));
        let found: Vec<&str> = found.collect();
        let says = (strangers.says)(live.remote_id.as_str(), &found);
        let holds = strangers.holds;
        (!found.is_empty()).then(|| Stranger { says, found: Value::list(found), holds })
    });
    told.collect()
}

/// Whether objects of the type carry ownership tags of their own.
fn is_tagged(schema: &Schema) -> bool {
    schema.attribute("tags").is_some() || schema.identity == Identity::Tags
}
