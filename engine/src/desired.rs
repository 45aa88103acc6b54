//! What is wanted of one unit: its resources, checked against the schemas, as a graph.

use std::collections::BTreeMap;
use std::collections::BTreeSet;

use serde::Deserialize;
use serde::Serialize;

use crate::address::Address;
use crate::address::External;
use crate::address::UnitId;
use crate::dag::Dag;
use crate::expr::Dependencies;
use crate::expr::Expr;
use crate::expr::Inputs;
use crate::schema::Attribute;
use crate::schema::Kind;
use crate::schema::Limit;
use crate::schema::Managed;
use crate::schema::Schema;
use crate::schema::Schemas;
use crate::value::Value;

/// A place in a spec file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Origin {
    /// Index into the unit's list of files.
    pub file: u32,
    /// Line, from 1.
    pub line: u32,
    /// Column in characters, from 1.
    pub column: u32,
}

/// What shall happen to a resource beside its inputs.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub struct Lifecycle {
    /// It is brought to its inputs in the build stage and deleted after the commit point; if it is
    /// absent, nothing is to be done. The access key of a suspended workspace.
    pub withdraw: bool,
}

/// One wanted resource.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Resource {
    /// Its identity in the unit.
    pub address: Address,
    /// Its managed attributes.
    pub inputs: Inputs,
    /// Resources it needs without referring to them.
    pub depends_on: BTreeSet<Address>,
    /// What shall happen to it beside its inputs.
    pub lifecycle: Lifecycle,
    /// The spec line each input comes from, where one does.
    pub origins: BTreeMap<Box<str>, Origin>,
    /// The spec line that asks for the resource at all.
    pub origin: Origin,
}

/// A unit as expanded from specs, before it is checked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Expansion {
    /// The unit.
    pub unit: UnitId,
    /// What the state records of where the unit comes from.
    pub source: Source,
    /// The spec files that origins point into.
    pub files: Vec<Box<str>>,
    /// All resources.
    pub resources: Vec<Resource>,
    /// Look-ups that went in, by key. Part of the digest.
    pub pins: BTreeMap<Box<str>, Value>,
}

/// Where a unit comes from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Source {
    /// The environment of the spec; it cannot change under an existing state.
    pub environment: Box<str>,
    /// The blueprint's number.
    pub blueprint: u32,
    /// The researcher's user name as the spec writes it; absent for a platform.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub user: Option<Box<str>>,
    /// Deleting or replacing anything of the unit is refused. Kept in state because it has to hold
    /// when the spec is gone.
    #[serde(default)]
    pub protect: bool,
    /// The researcher's access was revoked by command, and stays so whatever the spec's status says.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub revoked: bool,
}

/// Something that is wrong with what was expanded.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Problem {
    /// The resource.
    pub address: Address,
    /// The attribute, if it is about one.
    pub attribute: Option<Box<str>>,
    /// The spec line that caused it.
    pub origin: Origin,
    /// What is wrong and why.
    pub message: String,
}

/// What is wanted of one unit. Sound: every type and attribute is known, has its shape and size,
/// every reference has its target, and there is no cycle.
#[derive(Debug, Clone)]
pub struct Desired {
    unit: UnitId,
    source: Source,
    files: Vec<Box<str>>,
    pins: BTreeMap<Box<str>, Value>,
    resources: BTreeMap<Address, Resource>,
    dependencies: Dag<Address>,
    externals: BTreeSet<External>,
}

impl Desired {
    /// Checks an expansion and reports all its problems, sorted.
    pub fn build(expansion: Expansion, schemas: &Schemas) -> Result<Self, Vec<Problem>> {
        let Expansion { unit, source, files, resources: list, pins } = expansion;
        let mut problems = Vec::new();
        let mut resources: BTreeMap<Address, Resource> = BTreeMap::new();
        for resource in list {
            if let Some(first) = resources.get(&resource.address) {
                problems.push(problem(first, None, "is expanded twice: this is a bug".into()));
            }
            resources.insert(resource.address.clone(), resource);
        }
        let mut externals = BTreeSet::new();
        let mut needs = BTreeMap::new();
        for resource in resources.values() {
            let found =
                Checker { resource, resources: &resources, schemas, problems: &mut problems };
            let dependencies = found.check();
            externals.extend(dependencies.externals);
            let mut wanted = resource.depends_on.clone();
            wanted.extend(dependencies.references.into_iter().map(|reference| reference.address));
            needs.insert(resource.address.clone(), wanted);
        }
        let dependencies = match Dag::build(needs) {
            Ok(dag) => Some(dag),
            Err(cycle) => {
                let names: Vec<String> = cycle.0.iter().map(ToString::to_string).collect();
                let first = &resources[&cycle.0[0]];
                let message = format!("needs itself: {}", names.join(" → "));
                problems.push(problem(first, None, message));
                None
            }
        };
        problems.sort();
        match dependencies {
            Some(dependencies) if problems.is_empty() => {
                Ok(Self { unit, source, files, pins, resources, dependencies, externals })
            }
            _ => Err(problems),
        }
    }

    /// Nothing is wanted of the unit any more: what `destroy` and a removed spec file mean.
    pub fn nothing(unit: UnitId, source: Source) -> Self {
        Self {
            unit,
            source,
            files: Vec::new(),
            pins: BTreeMap::new(),
            resources: BTreeMap::new(),
            dependencies: Dag::build(BTreeMap::new()).expect("an empty graph has no cycle"),
            externals: BTreeSet::new(),
        }
    }

    /// The unit.
    pub fn unit(&self) -> &UnitId {
        &self.unit
    }

    /// Where the unit comes from.
    pub fn source(&self) -> &Source {
        &self.source
    }

    /// Look-ups that went in.
    pub fn pins(&self) -> &BTreeMap<Box<str>, Value> {
        &self.pins
    }

    /// All resources by address.
    pub fn resources(&self) -> &BTreeMap<Address, Resource> {
        &self.resources
    }

    /// Which resource needs which.
    pub fn dependencies(&self) -> &Dag<Address> {
        &self.dependencies
    }

    /// What the unit takes from the platform.
    pub fn externals(&self) -> &BTreeSet<External> {
        &self.externals
    }

    /// `file:line:column` of an origin.
    pub fn place_of(&self, origin: Origin) -> String {
        let file = self.files.get(origin.file as usize).map_or("?", |name| name);
        format!("{file}:{}:{}", origin.line, origin.column)
    }
}

fn problem(resource: &Resource, attribute: Option<&str>, message: String) -> Problem {
    let origin =
        attribute.and_then(|name| resource.origins.get(name).copied()).unwrap_or(resource.origin);
    Problem {
        address: resource.address.clone(),
        attribute: attribute.map(Into::into),
        origin,
        message,
    }
}

/// Checks one resource against its schema.
struct Checker<'a> {
    resource: &'a Resource,
    resources: &'a BTreeMap<Address, Resource>,
    schemas: &'a Schemas,
    problems: &'a mut Vec<Problem>,
}

impl Checker<'_> {
    fn check(mut self) -> Dependencies {
        let mut all = Dependencies::default();
        let Some(schema) = self.schemas.find(&self.resource.address.resource_type) else {
            self.report(None, "has a type that this nfplan does not know".into());
            return all;
        };
        for (name, expr) in &self.resource.inputs {
            self.input(schema, name, expr);
            let found = expr.dependencies();
            all.references.extend(found.references);
            all.externals.extend(found.externals);
        }
        for (attribute, managed) in schema.managed() {
            if managed.required && !self.resource.inputs.contains_key(attribute.name) {
                self.report(Some(attribute.name), format!("lacks `{}`", attribute.name));
            }
        }
        for address in &self.resource.depends_on {
            if !self.resources.contains_key(address) {
                self.report(None, format!("depends on `{address}`, which does not exist"));
            }
        }
        all
    }

    fn input(&mut self, schema: &Schema, name: &str, expr: &Expr) {
        let attribute = match schema.attribute(name) {
            Some(attribute) if matches!(attribute.kind, Kind::Managed(_)) => attribute,
            _ => return self.report(Some(name), format!("has no attribute `{name}` to set")),
        };
        for reference in expr.dependencies().references {
            let target = self.resources.get(&reference.address);
            let known = target.is_some_and(|_| {
                let schema = self.schemas.find(&reference.address.resource_type);
                schema.is_some_and(|schema| schema.attribute(&reference.output).is_some())
            });
            if !known {
                self.report(Some(name), format!("refers to `{reference}`, which does not exist"));
            }
        }
        if let Kind::Managed(Managed { parts: Some(parts), .. }) = &attribute.kind
            && let Some(message) = parts.unknown(expr)
        {
            self.report(Some(name), format!("`{name}` {message}"));
        }
        let Some(value) = expr.known() else { return };
        if !attribute.shape.fits(&value) {
            let expected = attribute.shape.title();
            self.report(Some(name), format!("`{name}` must be {expected}, not {value}"));
        } else if let Some(message) = excess(attribute, &value) {
            self.report(Some(name), format!("`{name}` {message}"));
        }
    }

    fn report(&mut self, attribute: Option<&str>, message: String) {
        self.problems.push(problem(self.resource, attribute, message));
    }
}

/// Says how a value exceeds the limit of its attribute, if it does.
pub(crate) fn excess(attribute: &Attribute, value: &Value) -> Option<String> {
    limit(attribute).and_then(|limit| exceeded(limit, value))
}

/// The limit of an attribute; a suffixed name leaves room for its suffix, up to `-g99`.
fn limit(attribute: &Attribute) -> Option<Limit> {
    match attribute.limit {
        Some(Limit::Characters(most)) if attribute.generation_suffix => {
            Some(Limit::Characters(most - 4))
        }
        limit => limit,
    }
}

/// Says how `value` exceeds `limit`, if it does.
fn exceeded(limit: Limit, value: &Value) -> Option<String> {
    let (size, most, what) = match (limit, value) {
        (Limit::Characters(most), Value::Text(text)) => (text.chars().count(), most, "characters"),
        (Limit::PolicyCharacters(most), value) => {
            (value.to_string().chars().count(), most, "characters without white space")
        }
        (Limit::Items(most), Value::List(items)) => (items.len(), most, "items"),
        (Limit::Items(most), Value::Map(entries)) => (entries.len(), most, "entries"),
        (Limit::Range(least, most), Value::Integer(number)) => {
            let outside = !(least..=most).contains(number);
            return outside.then(|| format!("is {number}; AWS takes {least} to {most}"));
        }
        _ => return None,
    };
    // A name is told; a policy would fill the screen.
    let told = matches!(limit, Limit::Characters(_)).then(|| format!(": {value}"));
    let told = told.unwrap_or_default();
    (size > most).then(|| format!("has {size} {what}; AWS takes at most {most}{told}"))
}
