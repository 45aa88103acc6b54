//! What the simulated cloud knows of each resource type: requests, references and rules, as tables.
//!
//! The tables are in the service modules; [`standard`](crate::sim::standard) carries them out. A
//! type that needs more has its own functions in [`Kind::calls`].

use nfplan_engine::address::Place;
use nfplan_engine::address::Region;
use nfplan_engine::preflight::Deed;
use nfplan_engine::provider::CreateRequest;
use nfplan_engine::provider::DeleteRequest;
use nfplan_engine::provider::ProviderError;
use nfplan_engine::provider::UpdateRequest;
use nfplan_engine::value::Attributes;
use nfplan_engine::value::Value;

use crate::sim::batch;
use crate::sim::clock::Work;
use crate::sim::cloud::Cloud;
use crate::sim::ec2;
use crate::sim::iam;
use crate::sim::ids::Mint;
use crate::sim::kms;
use crate::sim::logs;
use crate::sim::record::Key;
use crate::sim::record::Record;
use crate::sim::s3;
use crate::sim::scene::Refusal;
use crate::sim::scene::Scene;
use crate::sim::secrets;
use crate::sim::session::Session;
use crate::sim::standard;

/// One resource type.
pub(crate) struct Kind {
    pub(crate) resource_type: &'static str,
    /// An account has its names once, whatever the region.
    pub(crate) global: bool,
    /// The request that makes an object.
    pub(crate) create: &'static str,
    /// The request that deletes one.
    pub(crate) delete: &'static str,
    pub(crate) codes: &'static Codes,
    /// How a create attempt that was made before is recognised.
    pub(crate) guard: Guard,
    /// What AWS calls a new object.
    pub(crate) identify: fn(&Mint, &Place, &Attributes) -> Identified,
    /// What its attributes refer to.
    pub(crate) references: &'static [Reference],
    /// The requests that change attributes.
    pub(crate) changes: &'static [Change],
    /// The requests that change tags; none if the type has no tags.
    pub(crate) tagging: Option<Tagging>,
    /// What names are made of.
    pub(crate) name: Option<NameRule>,
    /// What AWS works on after it answered.
    pub(crate) work: Option<Working>,
    /// The type's own rules.
    pub(crate) rules: Rules,
    /// Its own calls, where the standard ones are not enough.
    pub(crate) calls: Calls,
    /// The requests that read objects.
    pub(crate) reads: Reads,
}

/// AWS's error codes; each service has its own.
pub(crate) struct Codes {
    pub(crate) invalid: &'static str,
    pub(crate) exists: &'static str,
    pub(crate) missing: &'static str,
    pub(crate) quota: &'static str,
    pub(crate) in_use: &'static str,
}

/// How a create attempt that was made before is recognised, so that a repetition has one effect.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Guard {
    /// By its unique id: a name, or what it is part of.
    Name,
    /// By a client token.
    Token,
    /// By a search for its incarnation tag with this request.
    Search(&'static str),
    /// Not at all: what is there is overwritten.
    Overwrite,
}

/// A new object's id and the outputs that come with it.
pub(crate) struct Identified {
    pub(crate) id: String,
    pub(crate) outputs: Attributes,
}

impl Identified {
    /// The name is the id.
    pub(crate) fn named(attributes: &Attributes) -> Self {
        Self::by(attributes, "name")
    }

    /// An attribute is the id.
    pub(crate) fn by(attributes: &Attributes, attribute: &str) -> Self {
        let id = attributes.get(attribute).and_then(Value::as_text).unwrap_or_default();
        Self { id: id.to_owned(), outputs: Attributes::new() }
    }
}

/// An attribute that refers to objects of another type.
pub(crate) struct Reference {
    pub(crate) attribute: &'static str,
    /// The field, where the attribute is a list of maps.
    pub(crate) field: Option<&'static str>,
    /// The type referred to.
    pub(crate) to: &'static str,
    /// The error code if there is no such object.
    pub(crate) missing: &'static str,
    /// What it means for the object referred to.
    pub(crate) holds: Holds,
}

/// What a reference means for a delete of what it refers to.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Holds {
    /// It is refused.
    Refuses,
    /// The referring object goes with it.
    Follows,
    /// Nothing: the reference dangles.
    Dangles,
}

/// A request that changes attributes.
pub(crate) enum Change {
    /// Sets attributes to their values.
    Set {
        operation: &'static str,
        attributes: &'static [&'static str],
        /// What a new object has before this request is sent.
        start: Start,
        /// The request that takes the value away, if it is another one.
        clear: Option<&'static str>,
    },
    /// Turns something on or off.
    Switch { attribute: &'static str, on: &'static str, off: &'static str, start: bool },
    /// Something that holds one object and must be emptied before it is filled again.
    Slot { attribute: &'static str, fill: &'static str, empty: &'static str },
    /// Adds and removes items.
    Items {
        attribute: &'static str,
        add: &'static str,
        remove: &'static str,
        /// Whether each item takes a request of its own; such items are removed before a delete.
        each: bool,
        /// What a new object has.
        start: fn() -> Vec<Value>,
    },
}

/// What a new object has before a change is sent.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Start {
    /// What the create request carries.
    Given,
    /// Nothing.
    Unset,
    /// A truth value.
    Bool(bool),
    /// A text.
    Text(&'static str),
}

/// The requests that change tags.
pub(crate) struct Tagging {
    pub(crate) tag: &'static str,
    /// Takes tags away; none if `tag` replaces them all.
    pub(crate) untag: Option<&'static str>,
}

/// What names are made of: ASCII letters, digits and these.
pub(crate) struct NameRule {
    pub(crate) attribute: &'static str,
    pub(crate) least: usize,
    pub(crate) most: usize,
    pub(crate) extra: &'static str,
}

/// What AWS works on after it answered.
pub(crate) struct Working {
    /// The request that shows how it stands.
    pub(crate) poll: &'static str,
    /// The attribute that says how it stands.
    pub(crate) status: &'static str,
    /// The work after a create with the status meanwhile and afterwards.
    pub(crate) create: Option<(Work, &'static str, &'static str)>,
    /// The work after a delete, with the status meanwhile.
    pub(crate) delete: Option<(Work, &'static str)>,
}

/// A type's own rules.
pub(crate) struct Rules {
    /// Checks an object as a request would leave it.
    pub(crate) check: fn(&Scene<'_>, Option<&Record>, &Record) -> Result<(), Refusal>,
    /// Completes a new object.
    pub(crate) complete: fn(&Scene<'_>, &mut Record),
    /// Refuses a delete for reasons of its own.
    pub(crate) may_delete: fn(&Scene<'_>, &Record) -> Result<(), Refusal>,
    /// Fills in attributes that depend on other objects.
    pub(crate) view: fn(&Cloud, &Record, &mut Attributes),
    /// Whether a delete never comes to its end.
    pub(crate) hangs: fn(&Cloud, &Record) -> bool,
}

impl Rules {
    pub(crate) const NONE: Self = Self {
        check: |_, _, _| Ok(()),
        complete: |_, _| {},
        may_delete: |_, _| Ok(()),
        view: |_, _, _| {},
        hangs: |_, _| false,
    };
}

type Create = fn(&mut Session<'_>, &'static Kind, &CreateRequest<'_>) -> Result<Key, ProviderError>;
type Update = fn(&mut Session<'_>, &Record, &UpdateRequest<'_>) -> Result<(), ProviderError>;
type Delete = fn(&mut Session<'_>, &Record, &DeleteRequest<'_>) -> Result<(), ProviderError>;

/// What a provider call does.
pub(crate) struct Calls {
    pub(crate) create: Create,
    pub(crate) update: Update,
    pub(crate) delete: Delete,
    /// The requests that these calls send to change something, beside those in the tables.
    pub(crate) more: fn(&Deed<'_>) -> Vec<&'static str>,
}

impl Calls {
    pub(crate) const STANDARD: Self = Self {
        create: standard::create,
        update: standard::update,
        delete: standard::delete,
        more: |_| Vec::new(),
    };
}

/// The requests that read objects.
pub(crate) struct Reads {
    /// Requests that list many objects, and how many fit on a page.
    pub(crate) pages: &'static [(&'static str, u64)],
    /// Requests for one object that exists, always.
    pub(crate) each: &'static [&'static str],
    /// Requests for one object that exists, in a deep read.
    pub(crate) deep: &'static [&'static str],
    /// Requests that list many objects, in a deep read, and how many fit on a page.
    pub(crate) deep_pages: &'static [(&'static str, u64)],
    /// Whether absence already shows in the listing; otherwise the first request for the one
    /// object is sent for absent ones too.
    pub(crate) listed: bool,
}

impl Reads {
    /// A listing that shows everything.
    pub(crate) const fn listing(pages: &'static [(&'static str, u64)]) -> Self {
        Self { pages, each: &[], deep: &[], deep_pages: &[], listed: true }
    }

    /// One object at a time.
    pub(crate) const fn single(each: &'static [&'static str]) -> Self {
        Self { pages: &[], each, deep: &[], deep_pages: &[], listed: false }
    }

    pub(crate) const fn deep(mut self, deep: &'static [&'static str]) -> Self {
        self.deep = deep;
        self
    }

    pub(crate) const fn deep_pages(mut self, pages: &'static [(&'static str, u64)]) -> Self {
        self.deep_pages = pages;
        self
    }
}

impl Kind {
    /// Where the objects of this type are.
    pub(crate) fn scope<'a>(&self, place: &'a Place) -> Option<&'a Region> {
        (!self.global).then_some(&place.region)
    }

    /// The key of an object.
    pub(crate) fn key(&self, place: &Place, id: &str) -> Key {
        Key { resource_type: self.resource_type, region: self.scope(place).cloned(), id: id.into() }
    }
}

impl Kind {
    /// The request that an update sends first.
    pub(crate) fn update_operation(&self) -> &'static str {
        match (self.changes.first(), &self.tagging) {
            (Some(Change::Set { operation, .. }), _) => operation,
            (Some(Change::Switch { on, .. }), _) => on,
            (Some(Change::Slot { fill, .. }), _) => fill,
            (Some(Change::Items { add, .. }), _) => add,
            (None, Some(tagging)) => tagging.tag,
            (None, None) => self.create,
        }
    }
}

/// All types that AWS keeps. What is kept on the runner's disk is not among them.
static KINDS: &[&Kind] = &[
    &batch::compute_environment::KIND,
    &batch::job_queue::KIND,
    &ec2::gateway::INTERNET_GATEWAY,
    &ec2::gateway::VPC_ENDPOINT,
    &ec2::instance::KIND,
    &ec2::launch_template::KIND,
    &ec2::network::SUBNET,
    &ec2::network::VPC,
    &ec2::routing::ROUTE,
    &ec2::routing::ROUTE_TABLE,
    &ec2::routing::ROUTE_TABLE_ASSOCIATION,
    &ec2::security_group::KIND,
    &iam::access_key::KIND,
    &iam::policy::KIND,
    &iam::principal::INSTANCE_PROFILE,
    &iam::principal::ROLE,
    &iam::principal::USER,
    &kms::ALIAS,
    &kms::KEY,
    &logs::LOG_GROUP,
    &s3::BUCKET,
    &s3::BUCKET_ENCRYPTION,
    &s3::BUCKET_LIFECYCLE,
    &s3::BUCKET_POLICY,
    &s3::PUBLIC_ACCESS_BLOCK,
    &secrets::CURRENT_VERSION,
    &secrets::SECRET,
];

/// The type called `resource_type`.
pub(crate) fn find(resource_type: &str) -> Option<&'static Kind> {
    KINDS.iter().copied().find(|kind| kind.resource_type == resource_type)
}

/// The type of an object that exists.
pub(crate) fn of(resource_type: &str) -> &'static Kind {
    find(resource_type).expect("objects are only made of known types")
}
