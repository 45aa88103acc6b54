//! Objects of a unit that its state does not know: made by a call that arrived when its outcome had
//! long been settled as "not there". Their tags tell which create attempt they come from.

use std::collections::BTreeSet;

use crate::address::Address;
use crate::address::UnitId;
use crate::observed::Live;
use crate::observed::Sighting;
use crate::provider::Target;
use crate::provider::Wanted;
use crate::schema::Identity;
use crate::schema::Kind;
use crate::schema::Removal;
use crate::schema::Schema;
use crate::schema::Schemas;
use crate::state::Object;
use crate::state::State;
use crate::state::Status;

/// Where to look for strays: wherever more create attempts were burnt than there are objects.
pub fn wanted<'a>(unit: &'a UnitId, state: &'a State, schemas: &Schemas) -> Vec<Wanted<'a>> {
    // What holds data outlives the unit by design, and then is no stray.
    let may_stray = |address: &Address| {
        schemas.find(&address.resource_type).is_some_and(|schema| {
            !matches!(schema.identity, Identity::Siblings(_))
                && !matches!(schema.removal, Removal::Retain(_))
        })
    };
    let entries = state.entries.iter().filter(|(address, entry)| {
        entry.incarnation > entry.accounted().len() as u64 && may_stray(address)
    });
    let wanted = entries.map(|(address, entry)| {
        let known = entry.objects().map(|object| object.remote_id.clone()).collect();
        Wanted { unit, address, target: Target::Others(known) }
    });
    wanted.collect()
}

/// The state with the strays that were found, as objects to be deleted. An object whose tags do not
/// name a burnt attempt of its own is a copy of somebody's, and none of the unit's.
pub fn adopt<'a>(
    state: &State,
    found: impl IntoIterator<Item = (&'a Address, &'a Sighting)>,
    schemas: &Schemas,
) -> State {
    let mut state = state.clone();
    for (address, sighting) in found {
        let (Sighting::Present(live), Some(schema)) =
            (sighting, schemas.find(&address.resource_type))
        else {
            continue;
        };
        let unit = &state.unit;
        let owner = live.owner.as_ref();
        let owner = owner.filter(|owner| owner.unit == *unit && owner.address == *address);
        let (Some(entry), Some(incarnation)) =
            (state.entries.get_mut(address), owner.and_then(|owner| owner.incarnation))
        else {
            continue;
        };
        if incarnation <= entry.incarnation && !entry.accounted().contains(&incarnation) {
            let dependencies = entry.objects().next().map(|object| object.dependencies.clone());
            let dependencies = dependencies.unwrap_or_default();
            entry.deposed.push(Object { dependencies, ..object(schema, live, incarnation) });
        }
    }
    state
}

fn object(schema: &Schema, live: &Live, incarnation: u64) -> Object {
    let (mut inputs, mut outputs) = (live.attributes.clone(), live.attributes.clone());
    let kind = |name: &str| schema.attribute(name).map(|attribute| &attribute.kind);
    inputs.retain(|name, _| matches!(kind(name), Some(Kind::Managed(_))));
    outputs.retain(|name, _| matches!(kind(name), Some(Kind::Computed(_))));
    let name = schema.suffixed_name().and_then(|name| live.attributes.get(name)?.as_text());
    let suffix = name.and_then(|name| name.rsplit_once("-g")?.1.parse().ok());
    Object {
        remote_id: live.remote_id.clone(),
        generation: suffix.unwrap_or(1),
        incarnation: Some(incarnation),
        schema: schema.version,
        inputs,
        outputs,
        dependencies: BTreeSet::new(),
        status: Status::Ready,
        held_until: None,
    }
}
