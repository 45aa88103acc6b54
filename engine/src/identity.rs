//! Whether an object that was found is the one that the state records: names are used again, and
//! people delete objects and make others that are called the same.

use crate::address::Address;
use crate::address::RemoteId;
use crate::address::UnitId;
use crate::call::ids;
use crate::observed::Live;
use crate::schema::Identity;
use crate::schema::Kind;
use crate::schema::Schema;
use crate::state::Entry;
use crate::state::Object;

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

/// Objects of the same kind beside one without a name, as a deep read tells them, that are none of
/// nfplan's; in words, if there are any.
pub(crate) fn strangers(schema: &Schema, entry: Option<&Entry>, live: &Live) -> Option<String> {
    let Identity::Siblings(_) = schema.identity else { return None };
    let known = |id: &RemoteId| {
        entry.is_some_and(|entry| entry.objects().any(|object| object.remote_id == *id))
    };
    let others = ids(live, "others").into_iter().filter(|id| !known(id));
    let others: Vec<String> = others.map(|id| format!("`{id}`")).collect();
    let (title, list) = (schema.title, others.join(", "));
    (!others.is_empty()).then(|| {
        format!(
            "nfplan did not make {list}, which works beside its own {title}: whoever has the secret \
             gets in as well; delete it in AWS, unless you know whose it is"
        )
    })
}

/// Whether objects of the type carry ownership tags of their own.
fn is_tagged(schema: &Schema) -> bool {
    schema.attribute("tags").is_some() || schema.identity == Identity::Tags
}
