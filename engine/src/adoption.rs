//! Taking over objects that something else made under the names that nfplan gives.
//!
//! Objects are found by those names: by what AWS keeps unique, or else by their `Name` and
//! `Environment` tags; one may lead to the next. What was found is taken over only if nothing speaks
//! against it, and nothing about it changes but its tags.

use std::collections::BTreeMap;

use crate::address::Address;
use crate::address::External;
use crate::address::RemoteId;
use crate::address::UnitId;
use crate::desired::Desired;
use crate::desired::Resource;
use crate::expr::Expr;
use crate::expr::Inputs;
use crate::observed::Live;
use crate::observed::Sighting;
use crate::outlook::Outlook;
use crate::outlook::known_inputs;
use crate::provider::Target;
use crate::provider::Wanted;
use crate::schema::Identity;
use crate::schema::OnChange;
use crate::schema::Schema;
use crate::schema::Schemas;
use crate::state::State;
use crate::value::Attributes;
use crate::value::Value;

/// An object whose id is an attribute of another one: of which, and of what name there.
pub type Lead = (Address, &'static str);

/// A search for the objects of one unit.
#[derive(Debug)]
pub struct Search<'a> {
    desired: &'a Desired,
    state: &'a State,
    externals: &'a BTreeMap<External, Value>,
    schemas: &'a Schemas,
    leads: &'a BTreeMap<Address, Lead>,
    found: BTreeMap<Address, Sighting>,
    /// The ids of objects without a name, by what they are all called.
    listed: BTreeMap<Address, Vec<RemoteId>>,
    /// What each address was last asked for, so that nothing is asked twice.
    asked: BTreeMap<Address, Step>,
}

/// How far the search for one object has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Step {
    /// The ids of objects of its kind.
    Listed,
    /// The object.
    Asked,
}

impl<'a> Search<'a> {
    /// A search that has found nothing yet.
    pub fn new(
        desired: &'a Desired,
        state: &'a State,
        externals: &'a BTreeMap<External, Value>,
        schemas: &'a Schemas,
        leads: &'a BTreeMap<Address, Lead>,
    ) -> Self {
        let (found, listed, asked) = (BTreeMap::new(), BTreeMap::new(), BTreeMap::new());
        Self { desired, state, externals, schemas, leads, found, listed, asked }
    }

    /// What to read next: whatever can be told by now and was not asked for. Nothing means that the
    /// search is over.
    pub fn questions(&mut self) -> Vec<Wanted<'a>> {
        let mut outlook = Outlook::new(self.externals);
        let mut list = Vec::new();
        for address in self.desired.dependencies().order() {
            let (Some(schema), Some(resource)) =
                (self.schemas.find(&address.resource_type), self.desired.resources().get(address))
            else {
                continue;
            };
            if let Some(object) = self.state.current(address) {
                outlook.learn_object(address, object);
            } else if let Some(Sighting::Present(live)) = self.found.get(address) {
                outlook.learn(address, live.attributes.clone());
            } else {
                let inputs = outlook.resolve(&resource.inputs);
                outlook.predict(self.desired, schema, address, &inputs);
                let unit = self.desired.unit();
                let target = self.target(schema, address, &inputs);
                list.extend(target.map(|target| Wanted { unit, address, target }));
            }
        }
        list
    }

    fn target(&mut self, schema: &Schema, address: &Address, wanted: &Inputs) -> Option<Target> {
        let known = &known_inputs(wanted);
        let step = self.asked.get(address).copied();
        let all_known = |names: &[&str]| names.iter().all(|name| known.contains_key(*name));
        let (next, target) = match (schema.identity, self.leads.get(address)) {
            (_, Some((from, attribute))) => {
                let Sighting::Present(live) = self.found.get(from)? else { return None };
                let id = RemoteId::new(live.attributes.get(*attribute)?.as_text()?).ok()?;
                (Step::Asked, Target::Id(id, known.clone()))
            }
            (Identity::Attributes(names), None) if all_known(names) => {
                (Step::Asked, Target::Identity(known.clone()))
            }
            // What lies in a network that is not there is not there either.
            (Identity::Tags, None) if wanted.contains_key("vpc_id") && !all_known(&["vpc_id"]) => {
                return None;
            }
            (Identity::Tags, None) => (Step::Asked, Target::Named(known.clone())),
            (Identity::Siblings(names), None) if all_known(names) => match step {
                None => (Step::Listed, Target::Siblings(known.clone())),
                Some(_) => {
                    (Step::Asked, Target::Id(self.only_sibling(address)?, shared(names, known)))
                }
            },
            (Identity::Attributes(_) | Identity::Siblings(_), None) => return None,
        };
        if step >= Some(next) {
            return None;
        }
        self.asked.insert(address.clone(), next);
        Some(target)
    }

    /// The one object of its kind that there is.
    fn only_sibling(&self, address: &Address) -> Option<RemoteId> {
        match self.listed.get(address)?.as_slice() {
            [id] => Some(id.clone()),
            _ => None,
        }
    }

    /// Takes note of what was found. Of several without a name, nobody can tell which one is meant.
    pub fn learn(&mut self, address: &Address, sighting: Sighting) {
        let sighting = match (self.asked.get(address), sighting) {
            (Some(Step::Listed), Sighting::Present(live)) => {
                let ids = crate::call::ids(&live, "ids");
                let names: Vec<&str> = ids.iter().map(RemoteId::as_str).collect();
                let sighting = match names.as_slice() {
                    [] => Some(Sighting::Missing),
                    [_] => None,
                    several => {
                        let reason = format!("there are several: {}", several.join(", "));
                        Some(Sighting::Unreadable { reason })
                    }
                };
                self.listed.insert(address.clone(), ids);
                sighting
            }
            (_, sighting) => Some(sighting),
        };
        self.found.extend(sighting.map(|sighting| (address.clone(), sighting)));
    }

    /// What was found in all.
    pub fn found(self) -> BTreeMap<Address, Sighting> {
        self.found
    }
}

/// Only the attributes that objects of one kind share: the others are of nfplan's making.
fn shared(names: &[&str], known: &Attributes) -> Attributes {
    let shared = known.iter().filter(|(name, _)| names.contains(&&***name));
    shared.map(|(name, value)| (name.clone(), value.clone())).collect()
}

/// Says why an object that bears the right name is not taken over; none if it is.
pub(crate) fn objection(
    schema: &Schema,
    (unit, address): (&UnitId, &Address),
    wanted: &Attributes,
    live: &Live,
) -> Option<String> {
    if let Some(owner) = &live.owner {
        let ours = owner.unit == *unit && owner.address == *address;
        return (!ours).then(|| format!("it belongs to `{}:{}`", owner.unit, owner.address));
    }
    if let Some(words) = &live.settling {
        return Some(format!("AWS is still at work on it: {words}"));
    }
    let tags = |attributes: &'_ Attributes, key: &str| {
        attributes.get("tags").and_then(Value::as_map)?.get(key).cloned()
    };
    for key in ["Name", "Environment"] {
        if let (Some(wanted), Some(found)) = (tags(wanted, key), tags(&live.attributes, key))
            && wanted != found
        {
            return Some(format!("its tag `{key}` is {found}, not {wanted}"));
        }
    }
    // What identifies an object beside its name never changes: another path is another object.
    let fixed = schema.managed().filter(|(_, managed)| managed.on_change == OnChange::InSlot);
    for (attribute, _) in fixed {
        let (wanted, found) = (wanted.get(attribute.name), live.attributes.get(attribute.name));
        if let (Some(wanted), Some(found)) = (wanted, found)
            && wanted != found
        {
            return Some(format!("its `{}` is {found}, not {wanted}", attribute.name));
        }
    }
    None
}

/// The attributes of an object as they are, with the tags that are wanted beside those that it has.
pub(crate) fn claimed(resource: &Resource, schema: &Schema, before: &Attributes) -> Attributes {
    let mut after = before.clone();
    let wanted = resource.inputs.get("tags").and_then(Expr::known);
    let (Some(Value::Map(wanted)), true) = (wanted, schema.attribute("tags").is_some()) else {
        return after;
    };
    let mut tags = before.get("tags").and_then(Value::as_map).cloned().unwrap_or_default();
    tags.extend(wanted);
    after.insert("tags".into(), Value::Map(tags));
    after
}
