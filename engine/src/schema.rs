//! What the engine knows of a resource type: its attributes and what a change of each one means.
//!
//! A schema is data, made once by the provider's type files. Planning is one walk over it; there is
//! no code per type in the engine.

use std::collections::BTreeMap;

use crate::address::Place;
use crate::address::ResourceType;
pub use crate::parts::Parts;
use crate::risk::Risk;
use crate::risk::RiskRule;
pub use crate::shape::Shape;
use crate::value::Attributes;
use crate::value::Value;

/// Everything the engine needs to plan one resource type.
#[derive(Debug, Clone)]
pub struct Schema {
    /// The type, as in `batch.compute_environment`.
    pub resource_type: &'static str,
    /// Raised when the meaning of stored attributes changes.
    pub version: u32,
    /// What people call it: "compute environment".
    pub title: &'static str,
    /// All attributes.
    pub attributes: &'static [Attribute],
    /// Changes that weigh more under a condition.
    pub escalations: &'static [Escalation],
    /// How an object is found when its id is not known.
    pub identity: Identity,
    /// What becomes of the object when its resource is no longer wanted.
    pub removal: Removal,
    /// How the creation of an object is undone.
    pub undo_create: UndoCreate,
    /// Fills in what the cloud fills in and brings equal values to one form. Must be idempotent.
    /// Sets and policies are brought to one form before it, by [`Schema::normalise`].
    pub normalise: fn(&mut Attributes),
    /// Computes the outputs that follow from the inputs: ARNs of named objects. `inputs` may lack
    /// attributes that are not known yet; then the outputs that need them are left out.
    pub predict: fn(&Place, &Attributes) -> Attributes,
}

impl Schema {
    /// The attribute called `name`.
    pub fn attribute(&self, name: &str) -> Option<&'static Attribute> {
        self.attributes.iter().find(|attribute| attribute.name == name)
    }

    /// Names and attributes of all managed attributes.
    pub fn managed(&self) -> impl Iterator<Item = (&'static Attribute, &'static Managed)> {
        self.attributes.iter().filter_map(|attribute| match &attribute.kind {
            Kind::Managed(managed) => Some((attribute, managed)),
            Kind::Computed(_) | Kind::Volatile { .. } => None,
        })
    }

    /// Brings attributes to the one form in which equal means the same: sorted sets, canonical
    /// policies, the type's own rules.
    pub fn normalise(&self, attributes: &mut Attributes) {
        for (attribute, _) in self.managed() {
            if let Some(value) = attributes.get_mut(attribute.name) {
                attribute.shape.normalise(value);
            }
        }
        (self.normalise)(attributes);
    }

    /// The attribute that carries the generation suffix, if the type has one.
    pub fn suffixed_name(&self) -> Option<&'static str> {
        self.attributes.iter().find(|a| a.generation_suffix).map(|a| a.name)
    }
}

/// The schemas of all resource types.
#[derive(Debug, Clone, Default)]
pub struct Schemas(BTreeMap<&'static str, &'static Schema>);

impl Schemas {
    /// Registers schemas. A later one of the same type replaces an earlier one.
    pub fn new(schemas: impl IntoIterator<Item = &'static Schema>) -> Self {
        Self(schemas.into_iter().map(|schema| (schema.resource_type, schema)).collect())
    }

    /// The schema of a type.
    pub fn find(&self, resource_type: &ResourceType) -> Option<&'static Schema> {
        self.0.get(resource_type.as_str()).copied()
    }

    /// All schemas by type.
    pub fn iter(&self) -> impl Iterator<Item = &'static Schema> {
        self.0.values().copied()
    }
}

/// One attribute of a resource type.
#[derive(Debug, Clone, Copy)]
pub struct Attribute {
    /// Its name, in snake case, near the AWS API's own.
    pub name: &'static str,
    /// What values it takes.
    pub shape: Shape,
    /// Who decides its value.
    pub kind: Kind,
    /// The greatest size AWS takes.
    pub limit: Option<Limit>,
    /// Read only by a deep read, because no bulk call returns it.
    pub deep: bool,
    /// The physical name that gets `-g2`, `-g3`… when a replacement is created first.
    pub generation_suffix: bool,
}

/// Who decides an attribute's value.
#[derive(Debug, Clone, Copy)]
pub enum Kind {
    /// The spec: part of diff, pre-image, undo, drift and digest.
    Managed(Managed),
    /// The cloud: an output.
    Computed(Computed),
    /// The cloud, at any time: shown, never compared.
    Volatile {
        /// Why it is not compared.
        reason: &'static str,
        /// What it tells of somebody else's doings.
        strangers: Option<Strangers>,
    },
}

/// What is none of nfplan's and hangs on an object, or stands beside it: another way in. A volatile
/// attribute holds what it is called, a text or a list of them; those that state knows do not count.
/// It is told, in plans and as drift, and never taken away.
#[derive(Debug, Clone, Copy)]
pub struct Strangers {
    /// Says what it is, what comes of it and what to do: of the object's id, and of what was found.
    pub says: fn(&str, &[&str]) -> String,
    /// Whether the cloud deletes the object only when it is gone.
    pub holds: bool,
}

/// How a managed attribute behaves.
#[derive(Debug, Clone, Copy)]
pub struct Managed {
    /// Whether every object has it.
    pub required: bool,
    /// What a change of it takes.
    pub on_change: OnChange,
    /// Setting it where there is none takes an update only: attaching a detached gateway.
    pub attaches: bool,
    /// Changes that make the workspace safer and are therefore not undone.
    pub tightens: Option<Tightening>,
    /// A value that is brought about only after the commit point, such as a stopped instance.
    pub retire: Option<RetireTo>,
    /// Compared only when the spec sets it, with the reason.
    pub when_wanted: Option<&'static str>,
    /// Which changes of it reviewers have to judge.
    pub risk: Option<RiskRule>,
    /// Others have parts in the value, too, which nfplan keeps as they are.
    pub parts: Option<Parts>,
}

/// What the change of an attribute takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum OnChange {
    /// An update call.
    InPlace,
    /// A new object first, then the old one is deleted.
    CreateFirst,
    /// The old object must go first: irreversible, needs an acknowledgement.
    InSlot,
    /// Not made on its own, with what to do instead. Where the specs come to want it, the object stays
    /// as it is and the plan says so; where somebody changed the object, the plan is refused. A
    /// create-first replacement of the same resource for another reason carries the change along.
    Refused(&'static str),
}

/// A computed attribute.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Computed {
    /// Follows from name and account, so that [`Schema::predict`] gives it before the object exists.
    pub predictable: bool,
    /// An update of the object may change it, so a planned update makes it unknown.
    pub changes_on_update: bool,
}

/// Which change of an attribute makes things safer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tightening {
    /// Every change.
    Always,
    /// A change to this truth value.
    ToBool(bool),
    /// A change to this text.
    ToText(&'static str),
}

impl Tightening {
    /// Whether arriving at `after` is safer.
    pub fn applies(self, after: &Value) -> bool {
        match self {
            Self::Always => true,
            Self::ToBool(to) => after.as_bool() == Some(to),
            Self::ToText(to) => after.as_text() == Some(to),
        }
    }
}

/// A value that is brought about after the commit point.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RetireTo {
    /// The value.
    pub value: RetireValue,
    /// What doing so is called: "stop", "end jobs".
    pub verb: &'static str,
}

/// A constant to compare values with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RetireValue {
    /// A truth value.
    Bool(bool),
    /// A text.
    Text(&'static str),
}

impl RetireTo {
    /// Whether `after` is the value that waits for the commit point.
    pub fn applies(self, after: &Value) -> bool {
        match self.value {
            RetireValue::Bool(value) => after.as_bool() == Some(value),
            RetireValue::Text(text) => after.as_text() == Some(text),
        }
    }
}

/// A condition under which changes weigh more.
///
/// AWS Batch, for example, refuses infrastructure updates of a compute environment whose
/// allocation strategy is `BEST_FIT` (Batch user guide, "Updating compute environments").
#[derive(Debug, Clone, Copy)]
pub struct Escalation {
    /// The attribute looked at, as it is before and as it is after the change.
    pub attribute: &'static str,
    /// The values of which one, before or after, makes the condition true.
    pub values: &'static [&'static str],
    /// The attributes whose change is affected.
    pub affects: &'static [&'static str],
    /// What their change takes then.
    pub on_change: OnChange,
    /// Why, for the plan.
    pub reason: &'static str,
}

/// How an object is found when its id is not known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Identity {
    /// By these attributes, which AWS keeps unique.
    Attributes(&'static [&'static str]),
    /// By its ownership tags.
    Tags,
    /// Not at all: access keys have neither a name nor tags. Objects that share these attributes
    /// are listed before and after a create attempt, and the new one among them is ours.
    Siblings(&'static [&'static str]),
}

/// What becomes of an object whose resource is no longer wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Removal {
    /// It is deleted.
    Delete,
    /// It stays in the cloud and is found again by a later apply, with the reason.
    Retain(&'static str),
}

/// How the creation of an object is undone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum UndoCreate {
    /// Delete it.
    Delete,
    /// Keep it recorded and reuse it next time, because deletion is slow or holds back the name.
    Park {
        /// The attribute to set false meanwhile, if there is one.
        disable: Option<&'static str>,
        /// Why it is not deleted.
        reason: &'static str,
    },
}

/// The greatest size AWS takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Limit {
    /// Characters of a text.
    Characters(usize),
    /// Characters of a policy document without white space.
    PolicyCharacters(usize),
    /// Items of a list or entries of a map.
    Items(usize),
    /// Least and greatest whole number.
    Range(i64, i64),
}

/// Builders, so that a type file reads as a table.
impl Attribute {
    const fn new(name: &'static str, shape: Shape, kind: Kind) -> Self {
        Self { name, shape, kind, limit: None, deep: false, generation_suffix: false }
    }

    const fn managed(name: &'static str, shape: Shape, required: bool) -> Self {
        let managed = Managed {
            required,
            on_change: OnChange::InPlace,
            attaches: false,
            tightens: None,
            retire: None,
            when_wanted: None,
            risk: None,
            parts: None,
        };
        Self::new(name, shape, Kind::Managed(managed))
    }

    /// A managed attribute that every object has; updated in place unless said otherwise.
    pub const fn required(name: &'static str, shape: Shape) -> Self {
        Self::managed(name, shape, true)
    }

    /// A managed attribute that may be absent.
    pub const fn optional(name: &'static str, shape: Shape) -> Self {
        Self::managed(name, shape, false)
    }

    /// An output that only the cloud knows.
    pub const fn computed(name: &'static str) -> Self {
        let computed = Computed { predictable: false, changes_on_update: false };
        Self::new(name, Shape::Text, Kind::Computed(computed))
    }

    /// An output that [`Schema::predict`] gives.
    pub const fn predictable(name: &'static str) -> Self {
        let computed = Computed { predictable: true, changes_on_update: false };
        Self::new(name, Shape::Text, Kind::Computed(computed))
    }

    /// An output that an update may change.
    pub const fn changes_on_update(name: &'static str) -> Self {
        let computed = Computed { predictable: false, changes_on_update: true };
        Self::new(name, Shape::Text, Kind::Computed(computed))
    }

    /// An attribute that is shown and never compared.
    pub const fn volatile(name: &'static str, shape: Shape, reason: &'static str) -> Self {
        Self::new(name, shape, Kind::Volatile { reason, strangers: None })
    }

    /// It tells of what is none of nfplan's.
    pub const fn tells_of(mut self, strangers: Strangers) -> Self {
        if let Kind::Volatile { reason, .. } = self.kind {
            self.kind = Kind::Volatile { reason, strangers: Some(strangers) };
        }
        self
    }

    const fn map_managed(mut self, change: ManagedChange) -> Self {
        if let Kind::Managed(mut managed) = self.kind {
            match change {
                ManagedChange::On(on_change) => managed.on_change = on_change,
                ManagedChange::Attaches => managed.attaches = true,
                ManagedChange::Tightens(tightening) => managed.tightens = Some(tightening),
                ManagedChange::Retire(retire) => managed.retire = Some(retire),
                ManagedChange::WhenWanted(reason) => managed.when_wanted = Some(reason),
                ManagedChange::Risks(rule) => managed.risk = Some(rule),
                ManagedChange::Parts(parts) => managed.parts = Some(parts),
            }
            self.kind = Kind::Managed(managed);
        }
        self
    }

    /// Says what a change takes.
    pub const fn on_change(self, on_change: OnChange) -> Self {
        self.map_managed(ManagedChange::On(on_change))
    }

    /// A change replaces the object, the new one first.
    pub const fn create_first(self) -> Self {
        self.on_change(OnChange::CreateFirst)
    }

    /// Setting it where there is none is no change that replaces.
    pub const fn attaches(self) -> Self {
        self.map_managed(ManagedChange::Attaches)
    }

    /// Says which changes are kept by a rollback.
    pub const fn tightens(self, tightening: Tightening) -> Self {
        self.map_managed(ManagedChange::Tightens(tightening))
    }

    /// Says which value waits for the commit point.
    pub const fn retire(self, value: RetireValue, verb: &'static str) -> Self {
        self.map_managed(ManagedChange::Retire(RetireTo { value, verb }))
    }

    /// Compared only when the spec sets it.
    pub const fn when_wanted(self, reason: &'static str) -> Self {
        self.map_managed(ManagedChange::WhenWanted(reason))
    }

    /// Says which changes reviewers have to judge, and as what.
    pub const fn risks(
        self,
        risk: Risk,
        applies: fn(Option<&Value>, Option<&Value>) -> bool,
        words: &'static str,
    ) -> Self {
        self.map_managed(ManagedChange::Risks(RiskRule { risk, applies, words }))
    }

    /// Says which parts of the value are nfplan's own, so that those of others are kept.
    pub const fn shared(self, parts: Parts) -> Self {
        self.map_managed(ManagedChange::Parts(parts))
    }

    /// Sets the greatest size.
    pub const fn limit(mut self, limit: Limit) -> Self {
        self.limit = Some(limit);
        self
    }

    /// Only a deep read returns it.
    pub const fn deep(mut self) -> Self {
        self.deep = true;
        self
    }

    /// Carries the generation suffix.
    pub const fn suffixed(mut self) -> Self {
        self.generation_suffix = true;
        self
    }
}

#[derive(Clone, Copy)]
enum ManagedChange {
    On(OnChange),
    Attaches,
    Tightens(Tightening),
    Retire(RetireTo),
    WhenWanted(&'static str),
    Risks(RiskRule),
    Parts(Parts),
}
