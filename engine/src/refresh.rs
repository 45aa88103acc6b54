//! Which objects a plan has to see.

use std::collections::BTreeMap;
use std::collections::BTreeSet;

use crate::address::Address;
use crate::address::External;
use crate::address::UnitId;
use crate::desired::Desired;
use crate::observed::Remains;
use crate::observed::Sighting;
use crate::outlook::Outlook;
use crate::outlook::known_inputs;
use crate::provider::Target;
use crate::provider::Wanted;
use crate::schema::Identity;
use crate::schema::Schema;
use crate::schema::Schemas;
use crate::state::Object;
use crate::state::State;
use crate::value::Value;

/// The objects to read for a plan: those that state knows by their id, and for wanted resources
/// that state does not know whatever has their identity. An identity that depends on something
/// not made yet cannot exist, and is not looked for.
pub fn wanted<'a>(
    desired: &'a Desired,
    state: &'a State,
    externals: &BTreeMap<External, Value>,
    schemas: &Schemas,
) -> Vec<Wanted<'a>> {
    let unit = desired.unit();
    let mut outlook = Outlook::new(externals);
    let mut list = Vec::new();
    for address in desired.dependencies().order() {
        let (Some(schema), Some(resource)) =
            (schemas.find(&address.resource_type), desired.resources().get(address))
        else {
            continue;
        };
        let entry = state.entries.get(address);
        let target = if let Some(object) = entry.and_then(|entry| entry.current.as_ref()) {
            outlook.learn_object(address, object);
            Some(by_id(object))
        } else {
            let inputs = outlook.resolve(&resource.inputs);
            outlook.predict(desired, schema, address, &inputs);
            match entry.and_then(|entry| entry.parked.as_ref()) {
                _ if resource.lifecycle.withdraw => None,
                Some(parked) => Some(by_id(parked)),
                None => by_identity(schema, &known_inputs(&inputs)),
            }
        };
        list.extend(target.map(|target| Wanted { unit, address, target }));
    }
    for (address, entry) in &state.entries {
        if let (Some(object), false) = (&entry.current, desired.resources().contains_key(address)) {
            list.push(Wanted { unit, address, target: by_id(object) });
        }
    }
    list
}

/// The objects that earlier runs should have deleted. What is about to be deleted is read in full,
/// whatever the rest of the plan is made from.
pub fn remains<'a>(unit: &'a UnitId, state: &'a State) -> Vec<Wanted<'a>> {
    let entries = state.entries.iter();
    let deposed = entries
        .flat_map(|(address, entry)| entry.deposed.iter().map(move |object| (address, object)));
    deposed.map(|(address, object)| Wanted { unit, address, target: by_id(object) }).collect()
}

/// What was found of them.
pub fn found(wanted: &[Wanted<'_>], sightings: impl IntoIterator<Item = Sighting>) -> Remains {
    let pairs = wanted.iter().zip(sightings);
    let found = pairs.filter_map(|(wanted, sighting)| match &wanted.target {
        Target::Id(remote_id, _) => Some(((wanted.address.clone(), remote_id.clone()), sighting)),
        _ => None,
    });
    found.collect()
}

/// Only those among `list` that a plan touches: what has to be read deep.
pub fn only<'a>(list: &[Wanted<'a>], touched: &BTreeSet<&Address>) -> Vec<Wanted<'a>> {
    list.iter().filter(|wanted| touched.contains(wanted.address)).cloned().collect()
}

fn by_id(object: &Object) -> Target {
    Target::Id(object.remote_id.clone(), object.inputs.clone())
}

fn by_identity(schema: &Schema, known: &crate::value::Attributes) -> Option<Target> {
    match schema.identity {
        Identity::Attributes(names) if names.iter().all(|name| known.contains_key(*name)) => {
            Some(Target::Identity(known.clone()))
        }
        Identity::Tags => Some(Target::Identity(known.clone())),
        Identity::Attributes(_) | Identity::Siblings(_) => None,
    }
}
