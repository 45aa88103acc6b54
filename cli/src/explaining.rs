//! Why a resource is as it is: from the spec line over the value to what the plan does.
//!
//! An attribute's chain has up to five links: where its value comes from (a spec line, a pin, another
//! resource, the blueprint, the cloud), what is wanted, what was last applied, what is there now, and
//! the rule of its schema for changes.

use std::collections::BTreeMap;
use std::collections::BTreeSet;
use std::path::Path;

use nfplan_engine::address::Address;
use nfplan_engine::address::External;
use nfplan_engine::address::Reference;
use nfplan_engine::address::UnitId;
use nfplan_engine::change::Action;
use nfplan_engine::change::Change;
use nfplan_engine::desired::Origin;
use nfplan_engine::desired::Resource;
use nfplan_engine::diff::last_seen;
use nfplan_engine::diff::normalise;
use nfplan_engine::expr::Expr;
use nfplan_engine::expr::Inputs;
use nfplan_engine::expr::Lookup;
use nfplan_engine::observed::Sighting;
use nfplan_engine::outlook::suffixed;
use nfplan_engine::parts::keep;
use nfplan_engine::plan::UnitPlan;
use nfplan_engine::schema::Attribute;
use nfplan_engine::schema::Kind;
use nfplan_engine::schema::Schema;
use nfplan_engine::schema::Schemas;
use nfplan_engine::state::Entry;
use nfplan_engine::state::Object;
use nfplan_engine::step::Operation;
use nfplan_engine::step::Stage;
use nfplan_engine::step::Step;
use nfplan_engine::step::Undo;
use nfplan_engine::value::Value;
use serde::Serialize;

use crate::planning::Looked;
use crate::rules::rules;

/// Everything about one resource.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Explanation {
    /// The unit.
    pub unit: UnitId,
    /// The address in it.
    pub address: Address,
    /// What people call its type.
    pub title: &'static str,
    /// What the cloud calls the object that stands for it, by the state.
    pub object: Option<String>,
    /// Where that object stands.
    pub held: Held,
    /// The spec line that asks for it; none if nothing does.
    pub spec: Option<SpecLine>,
    /// What the plan does with it.
    pub plan: Outlook,
    /// Its attributes by name: wanted ones, applied ones, outputs.
    pub attributes: Vec<AttributeExplanation>,
    /// What it needs, outputs of the platform included.
    pub needs: Vec<String>,
    /// What needs it.
    pub needed_by: Vec<Address>,
}

/// Where an object stands in the state.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Held {
    /// It stands for the resource, or there is none.
    #[default]
    Current,
    /// A rollback kept it to be used again.
    Parked,
    /// It awaits deletion.
    Deposed,
}

/// What the plan does with a resource, and why.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Outlook {
    /// What happens to it; none if nothing does, or the unit cannot be planned.
    pub action: Option<Action>,
    /// Why.
    pub reasons: Vec<String>,
    /// What stays as it is although the specs want it otherwise.
    pub note: Option<String>,
    /// Why the unit cannot be planned.
    pub refusals: Vec<String>,
    /// Why the object could not be read.
    pub unreadable: Option<String>,
}

/// A line of a spec.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct SpecLine {
    /// `file:line:column`.
    pub place: String,
    /// The text of the line, without indentation.
    pub text: String,
    /// Where in that text the value stands, in characters from 0.
    #[serde(skip)]
    pub at: usize,
}

/// Where a value comes from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case", tag = "kind")]
pub enum Link {
    /// A spec line.
    Spec(SpecLine),
    /// nfplan's default: the spec that asks for the resource, or the section, says nothing of it.
    Default(SpecLine),
    /// A look-up pinned in `nfplan.lock`.
    Pin {
        /// Its key there.
        key: String,
    },
    /// An output of another resource.
    Output {
        /// Which one.
        of: String,
    },
    /// The blueprint alone.
    Blueprint,
    /// The cloud.
    Cloud,
    /// An earlier apply: nothing wants it any more.
    State,
}

/// Everything about one attribute.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct AttributeExplanation {
    /// The attribute.
    pub name: &'static str,
    /// As the specs want it; none if they do not say.
    pub wanted: Option<Expr>,
    /// As last applied, or as last read for an output.
    pub applied: Option<Value>,
    /// Whether it was read from the cloud just now.
    pub read: bool,
    /// As read just now.
    pub live: Option<Value>,
    /// Where the value comes from.
    pub from: Vec<Link>,
    /// What a change of it takes.
    pub rules: Vec<String>,
    /// Whether this plan changes it.
    pub changes: bool,
    /// What is special about this change.
    pub effects: Vec<String>,
    /// As the blueprint writes it, references and all; to compare units by.
    #[serde(skip)]
    pub written: Option<Expr>,
}

/// Explains the resource at `address`, if the unit has it by specs or state. `root` is the
/// project's folder.
pub fn explain(
    looked: &Looked,
    address: &Address,
    schemas: &Schemas,
    root: &Path,
) -> Option<Explanation> {
    let resource = looked.desired.resources().get(address);
    let entry = looked.state.entries.get(address).filter(|entry| !entry.is_vacant());
    if resource.is_none() && entry.is_none() {
        return None;
    }
    let schema = schemas.find(&address.resource_type)?;
    let (object, held) = entry.and_then(object).unzip();
    let explainer = Explainer { looked, address, schema, resource, object, root };
    Some(Explanation {
        unit: looked.desired.unit().clone(),
        address: address.clone(),
        title: schema.title,
        object: object.map(|object| object.remote_id.to_string()),
        held: held.unwrap_or_default(),
        spec: resource.map(|resource| explainer.line(resource.origin)),
        plan: explainer.outlook(),
        attributes: explainer.attributes(),
        needs: explainer.needs(),
        needed_by: explainer.needed_by(),
    })
}

/// The section of specs whose fields have defaults of their own.
const DEFAULTS: &str = "compute:";

/// The object to speak of: the current one, or else one that is kept or awaits deletion.
fn object(entry: &Entry) -> Option<(&Object, Held)> {
    let current = entry.current.iter().map(|object| (object, Held::Current));
    let parked = entry.parked.iter().map(|object| (object, Held::Parked));
    let deposed = entry.deposed.iter().map(|object| (object, Held::Deposed));
    current.chain(parked).chain(deposed).next()
}

struct Explainer<'a> {
    looked: &'a Looked,
    address: &'a Address,
    schema: &'static Schema,
    resource: Option<&'a Resource>,
    object: Option<&'a Object>,
    root: &'a Path,
}

impl<'a> Explainer<'a> {
    fn plan(&self) -> Option<&'a UnitPlan> {
        self.looked.planned.as_ref().ok().map(|planned| &planned.plan)
    }

    fn change(&self) -> Option<&'a Change> {
        self.plan()?.changes.iter().find(|change| change.address == *self.address)
    }

    fn steps(&self) -> impl Iterator<Item = &'a Step> {
        let steps = self.plan().into_iter().flat_map(|plan| &plan.steps);
        steps.filter(|step| step.address == *self.address)
    }

    fn outlook(&self) -> Outlook {
        let plan = self.plan();
        let refusals = self.looked.planned.as_ref().err();
        Outlook {
            action: self.change().map(|change| change.action),
            reasons: self.change().map_or_else(Vec::new, |change| change.reasons.clone()),
            note: plan.and_then(|plan| plan.notes.get(self.address).cloned()),
            refusals: refusals.into_iter().flatten().map(ToString::to_string).collect(),
            unreadable: plan.and_then(|plan| plan.unreadable.get(self.address).cloned()),
        }
    }

    fn line(&self, origin: Origin) -> SpecLine {
        let place = self.looked.desired.place_of(origin);
        let file = place.rsplitn(3, ':').last().unwrap_or_default();
        let text = std::fs::read_to_string(self.root.join(file)).unwrap_or_default();
        let line = (origin.line as usize).checked_sub(1).and_then(|line| text.lines().nth(line));
        let line = line.unwrap_or_default();
        let indent = line.chars().take_while(|character| character.is_whitespace()).count();
        let at = (origin.column as usize).saturating_sub(indent + 1);
        SpecLine { place, text: line.trim().to_owned(), at }
    }

    fn attributes(&self) -> Vec<AttributeExplanation> {
        let wanted = self.wanted();
        let explained = self.schema.attributes.iter().filter_map(|attribute| {
            let explained = self.attribute(attribute, wanted.get(attribute.name));
            let AttributeExplanation { wanted, applied, live, changes, .. } = &explained;
            let present = wanted.is_some() || applied.is_some() || live.is_some() || *changes;
            present.then_some(explained)
        });
        explained.collect()
    }

    /// The wanted inputs, resolved as far as they are known, in normal form and with the suffix of
    /// the generation that the object has or will have.
    fn wanted(&self) -> Inputs {
        let Some(resource) = self.resource else { return Inputs::new() };
        let known = Known { looked: self.looked };
        let resolved: Inputs = resource
            .inputs
            .iter()
            .map(|(name, expr)| (name.clone(), expr.resolve(&known)))
            .collect();
        let made = self.steps().find_map(|step| match &step.operation {
            Operation::Create { generation, .. } => Some(*generation),
            _ => None,
        });
        let generation = made.or(self.object.map(|object| object.generation)).unwrap_or(1);
        let live = self.looked.observed.get(self.address).and_then(Sighting::live);
        let inputs = suffixed(self.schema, &resolved, generation);
        let inputs = keep(self.schema, inputs, |name| last_seen(name, self.object, live));
        normalise(self.schema, &inputs)
    }

    fn attribute(
        &self,
        attribute: &'static Attribute,
        wanted: Option<&Expr>,
    ) -> AttributeExplanation {
        let name = attribute.name;
        let sighting = self.looked.observed.get(self.address);
        let (read, live) = match sighting {
            Some(Sighting::Present(live)) if !live.unread.contains(name) => {
                (true, live.attributes.get(name).cloned())
            }
            Some(Sighting::Missing) => (true, None),
            _ => (false, None),
        };
        let written = self.resource.and_then(|resource| resource.inputs.get(name));
        let change = self.change();
        let changes =
            change.is_some_and(|change| change.attributes.iter().any(|a| *a.name == *name));
        AttributeExplanation {
            name,
            wanted: wanted.cloned(),
            applied: self.object.and_then(|object| object.output(name)).cloned(),
            read,
            live,
            from: self.links(attribute, written, wanted),
            rules: rules(self.schema, attribute),
            changes,
            effects: if changes { self.effects(name) } else { Vec::new() },
            written: written.cloned(),
        }
    }

    fn links(
        &self,
        attribute: &Attribute,
        written: Option<&Expr>,
        wanted: Option<&Expr>,
    ) -> Vec<Link> {
        if !matches!(attribute.kind, Kind::Managed(_)) {
            return vec![Link::Cloud];
        }
        let Some(resource) = self.resource else { return vec![Link::State] };
        let mut links = Vec::new();
        if let Some(origin) = resource.origins.get(attribute.name) {
            let line = self.line(*origin);
            let from: String = line.text.chars().skip(line.at).collect();
            // A default comes from the key that asks for what it belongs to.
            let default = *origin == resource.origin || from.starts_with(DEFAULTS);
            links.push(if default { Link::Default(line) } else { Link::Spec(line) });
        }
        let value = wanted.and_then(Expr::known);
        for (key, pin) in self.looked.desired.pins() {
            let among = pin.as_list().unwrap_or_default();
            if value.as_ref().is_some_and(|value| value == pin || among.contains(value)) {
                links.push(Link::Pin { key: key.to_string() });
            }
        }
        let outputs = written.map(Expr::dependencies).unwrap_or_default();
        let own = outputs.references.iter().map(ToString::to_string);
        let platform = outputs.externals.iter().map(ToString::to_string);
        links.extend(own.chain(platform).map(|of| Link::Output { of }));
        if links.is_empty() {
            links.push(if written.is_some() || wanted.is_some() {
                Link::Blueprint
            } else {
                Link::State
            });
        }
        links
    }

    /// What is special about a change of this plan.
    fn effects(&self, name: &str) -> Vec<String> {
        let mut effects = BTreeSet::new();
        let updates = self.steps().filter(|step| match &step.operation {
            Operation::Update { changed, .. } => changed.contains(name),
            _ => false,
        });
        for step in updates {
            if step.stage == Stage::Retire {
                effects.insert("it waits for the commit point".to_owned());
            }
            if step.undo == Undo::Keep {
                effects.insert("a rollback keeps it: it makes the unit safer".to_owned());
            }
        }
        let because = self.change().into_iter().flat_map(|change| &change.attributes);
        let because = because.filter(|attribute| *attribute.name == *name);
        effects.extend(because.filter_map(|attribute| attribute.because.clone()));
        effects.into_iter().collect()
    }

    fn needs(&self) -> Vec<String> {
        let Some(resource) = self.resource else {
            let object = self.object.into_iter();
            return object.flat_map(|o| &o.dependencies).map(ToString::to_string).collect();
        };
        let own = self.looked.desired.dependencies().needs(self.address).map(ToString::to_string);
        let externals = resource.inputs.values().flat_map(|expr| expr.dependencies().externals);
        let platform = externals.map(|external| {
            let External { unit, reference } = external;
            format!("{unit}:{}", reference.address)
        });
        own.collect::<BTreeSet<_>>().into_iter().chain(platform.collect::<BTreeSet<_>>()).collect()
    }

    fn needed_by(&self) -> Vec<Address> {
        let wanted = self.looked.desired.dependencies().iter();
        let wanted = wanted.filter(|(_, needs)| needs.contains(self.address));
        let mut users: BTreeSet<Address> = wanted.map(|(address, _)| address.clone()).collect();
        for (address, entry) in &self.looked.state.entries {
            let gone = !self.looked.desired.resources().contains_key(address);
            if gone && object(entry).is_some_and(|(o, _)| o.dependencies.contains(self.address)) {
                users.insert(address.clone());
            }
        }
        users.into_iter().collect()
    }
}

/// The outputs that are known before the plan is applied.
struct Known<'a> {
    looked: &'a Looked,
}

impl Lookup for Known<'_> {
    fn reference(&self, reference: &Reference) -> Option<&Value> {
        match &self.looked.planned {
            Ok(planned) => planned.output(reference),
            Err(_) => self.looked.state.output(reference),
        }
    }

    fn external(&self, external: &External) -> Option<&Value> {
        self.looked.externals.get(external)
    }
}

/// All addresses of units with how many units have each, by specs or state.
pub fn addresses(units: &[Looked]) -> BTreeMap<Address, usize> {
    let mut found: BTreeMap<Address, usize> = BTreeMap::new();
    for unit in units {
        let known = unit.state.entries.iter().filter(|(_, entry)| !entry.is_vacant());
        let known = known.map(|(address, _)| address).chain(unit.desired.resources().keys());
        for address in known.collect::<BTreeSet<_>>() {
            *found.entry(address.clone()).or_default() += 1;
        }
    }
    found
}
