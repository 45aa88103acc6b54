//! The ports to the cloud: [`Reader`] for what only looks, [`Provider`] for what also changes.
//!
//! `plan` and `drift` are handed a [`Reader`] only, so that they cannot change anything.

use std::collections::BTreeMap;
use std::collections::BTreeSet;
use std::future::Future;
use std::time::Duration;

use serde::Deserialize;
use serde::Serialize;

use crate::address::Address;
use crate::address::Place;
use crate::address::RemoteId;
use crate::address::ResourceType;
use crate::address::UnitId;
use crate::observed::Live;
use crate::observed::Sighting;
use crate::schema::Schemas;
use crate::value::Attributes;
use crate::value::Value;

/// Reads the cloud.
pub trait Reader {
    /// The schemas of all types that this provider has. Normalisation, identity and predicted
    /// outputs are part of them, because they are pure.
    fn schemas(&self) -> &Schemas;

    /// Answers a look-up whose result is pinned in `nfplan.lock`.
    fn look_up(
        &self,
        place: &Place,
        look_up: &LookUp,
    ) -> impl Future<Output = Result<Value, ProviderError>>;

    /// Reads all the `wanted` objects of one place, in as few calls as the cloud allows. The answer
    /// has one sighting for each, in order. An error means that nothing could be read at all.
    fn read(
        &self,
        place: &Place,
        depth: Depth,
        wanted: &[Wanted<'_>],
    ) -> impl Future<Output = Result<Vec<Sighting>, ProviderError>>;

    /// Counts what is in use of the place's quotas on these types. Types without a quota are left
    /// out.
    fn survey(
        &self,
        place: &Place,
        types: &BTreeSet<&ResourceType>,
    ) -> impl Future<Output = Result<Survey, ProviderError>>;

    /// Counts the jobs of queues that have not ended: for each queue, in order. One that is not there
    /// has none.
    fn jobs(
        &self,
        place: &Place,
        queues: &[RemoteId],
    ) -> impl Future<Output = Result<Vec<Jobs>, ProviderError>>;

    /// Every job queue of a place, whosever it is.
    fn queues(&self, place: &Place) -> impl Future<Output = Result<Vec<QueueSeen>, ProviderError>>;

    /// Asks whether whoever makes this provider's requests may do something, and does none of it. The
    /// answer is what the cloud's policies say, as far as it shows them: no promise that a request
    /// will be taken.
    fn may(
        &self,
        place: &Place,
        questions: &[Question],
    ) -> impl Future<Output = Result<Clearance, ProviderError>>;
}

/// Changes the cloud.
///
/// Contract of every call: it has a total deadline, retries included, for whatever it sends that
/// changes something; after that it only looks, and says [`ErrorKind::Unfinished`] if it would have
/// to send more. The same token twice has one effect; an error says what it left behind. Deleting
/// what is absent succeeds.
///
/// A call may take several requests, and the process may end between any two of them. So that the
/// next one can settle what is left, a provider guarantees:
///
/// - From its first request that makes anything, a new object can be found by
///   [`Target::Incarnation`]: the request itself carries the ownership tags, or the name alone says
///   whose the object is. An object that is tagged by a second request is lost between the two.
/// - What the later requests bring about is seen by a deep read, as managed attributes. An object
///   that lacks some of it is not taken for whole: a run that finds it undoes it, and a plan that
///   finds it, because it is parked or the state was lost, brings it to what is wanted by
///   [`Provider::update`].
/// - [`Provider::update`] therefore makes every request that is missing, whichever were made, and
///   [`Provider::delete`] takes away an object that was made by half.
pub trait Provider: Reader {
    /// Creates an object, ownership tags included in the request that makes it.
    fn create(
        &self,
        request: CreateRequest<'_>,
    ) -> impl Future<Output = Result<Done, ProviderError>>;

    /// Brings an object to `after`.
    fn update(
        &self,
        request: UpdateRequest<'_>,
    ) -> impl Future<Output = Result<Done, ProviderError>>;

    /// Deletes an object and waits until it is gone. One that still does work for somebody, as a
    /// compute environment in which jobs run, is not torn away: the call sees to it that it takes no
    /// more, and says [`ErrorKind::Busy`].
    fn delete(&self, request: DeleteRequest<'_>)
    -> impl Future<Output = Result<(), ProviderError>>;

    /// The total deadline of every call, counted from when it is sent.
    fn deadline(&self) -> Duration;

    /// How long after its deadline a call may still take effect, and how long reads may lag behind
    /// effects: an unknown outcome is settled only when both have passed.
    fn horizon(&self) -> Duration;
}

/// How much a read asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Depth {
    /// What bulk calls return.
    Bulk,
    /// Everything, with one or more calls for each object where there is no bulk call.
    Deep,
}

/// An object to be read.
#[derive(Debug, Clone)]
pub struct Wanted<'a> {
    /// The unit.
    pub unit: &'a UnitId,
    /// The address in it.
    pub address: &'a Address,
    /// What to look for.
    pub target: Target,
}

/// What to look for.
#[derive(Debug, Clone)]
pub enum Target {
    /// The object of this id. The attributes of its state go along because some objects, such as
    /// routes, have no id of their own.
    Id(RemoteId, Attributes),
    /// Whatever has this type's identity: the known inputs hold the identity's attributes, or the
    /// ownership tags tell. Used for objects that state does not know.
    Identity(Attributes),
    /// The object that is called as these inputs say and has no ownership tags: what something else
    /// made under the names that nfplan gives. It has their `name` in their `vpc_id`, or else their
    /// tags `Name` and `Environment`. Several of them are unreadable, because nobody can tell which
    /// one is meant.
    Named(Attributes),
    /// Only the object that this create attempt made, with its inputs.
    Incarnation(u64, Attributes),
    /// An object whose ownership tags name this unit and address, and that is none of these; of
    /// several, the one of the earliest create attempt.
    Others(BTreeSet<RemoteId>),
    /// For types whose identity is [`Identity::Siblings`](crate::schema::Identity::Siblings): all
    /// objects that share the identity's attributes. The sighting is present, its remote id is any
    /// text, and its attributes are the lists `ids` and `unused` (those that were never used).
    Siblings(Attributes),
}

/// A question whose answer is pinned.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum LookUp {
    /// The newest ECS-optimised Amazon Linux 2023 image for x86-64: an AMI id.
    EcsImage,
    /// The newest available image of an Image Builder pipeline: an AMI id.
    PipelineImage(Box<str>),
    /// The ids of the availability zones that offer at least one of these instance types, sorted.
    Zones(Vec<Box<str>>),
}

impl LookUp {
    /// The key in `nfplan.lock`.
    pub fn key(&self) -> String {
        match self {
            Self::EcsImage => "image:ecs-al2023-x86_64".into(),
            Self::PipelineImage(arn) => format!("image:{arn}"),
            Self::Zones(types) => format!("zones:{}", types.join("+")),
        }
    }
}

/// What is in use of a place's quotas.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct Survey {
    /// One row for each quota.
    pub quotas: Vec<QuotaUse>,
}

/// One quota.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct QuotaUse {
    /// The resource type counted.
    pub resource_type: &'static str,
    /// What AWS calls it: "job queues".
    pub title: &'static str,
    /// How many exist, whoever made them.
    pub used: u64,
    /// How many may exist.
    pub limit: u64,
    /// Where the limit is from.
    pub limit_is: Limit,
}

/// Where the limit of a quota is from, and so how much it counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Limit {
    /// The cloud raises it for nobody.
    Fixed,
    /// The cloud told what this account has; it is raised on request.
    Told,
    /// It is what a new account has. This one may have been given more, and the cloud did not tell.
    Assumed,
}

/// A job queue, by what tells whose it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct QueueSeen {
    /// Its name.
    pub remote_id: RemoteId,
    /// The environment that its tags name.
    pub environment: Option<Box<str>>,
    /// The unit that its ownership tags name.
    pub unit: Option<UnitId>,
}

/// The jobs of a queue that have not ended.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Jobs {
    /// Those that run or are about to.
    pub running: u64,
    /// Those that wait, for others or for room.
    pub waiting: u64,
}

impl Jobs {
    /// All of them.
    pub fn total(self) -> u64 {
        self.running + self.waiting
    }
}

/// Asks whether actions may be done on something. One that may be done on any of the resources may be
/// done: which of them each action is about is the cloud's to know.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Question {
    /// What, as policies name it: `iam:PassRole`.
    pub actions: BTreeSet<Box<str>>,
    /// On what: ARNs, `*` for what has none.
    pub resources: BTreeSet<String>,
    /// What the requests will say of themselves and of what they are about, by condition key.
    pub context: BTreeMap<Box<str>, String>,
}

/// The answers to questions.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Clearance {
    /// Whom they are about: an ARN.
    pub principal: String,
    /// For each question one for each of its actions, both in order.
    pub verdicts: Vec<Vec<Verdict>>,
}

/// Whether something may be done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// It may.
    Allowed,
    /// It may not.
    Denied(Denial),
    /// It hangs on something that was not told, in words that read on after "because".
    Unknown(String),
}

/// How something is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Denial {
    /// Nothing allows it.
    NotAllowed,
    /// A policy denies it, whatever others allow.
    Forbidden,
    /// The permissions boundary does not have it.
    Bounded,
    /// The organization does not let the account do it.
    Organization,
}

/// Asks for an object.
#[derive(Debug, Clone, Copy)]
pub struct CreateRequest<'a> {
    /// The unit, which also says the place.
    pub unit: &'a UnitId,
    /// The address.
    pub address: &'a Address,
    /// The create attempt, for the ownership tag.
    pub incarnation: u64,
    /// The same for the same attempt: a client token where the cloud takes one.
    pub token: &'a str,
    /// All managed attributes.
    pub inputs: &'a Attributes,
}

/// Asks for a change in place.
#[derive(Debug, Clone, Copy)]
pub struct UpdateRequest<'a> {
    /// The unit.
    pub unit: &'a UnitId,
    /// The address.
    pub address: &'a Address,
    /// The object.
    pub remote_id: &'a RemoteId,
    /// A client token where the cloud takes one.
    pub token: &'a str,
    /// All managed attributes before.
    pub before: &'a Attributes,
    /// All managed attributes after.
    pub after: &'a Attributes,
    /// The names of those that change. The call leaves all others as they are in the cloud, even if
    /// that is not what `before` says.
    pub changed: &'a BTreeSet<Box<str>>,
}

/// Asks for a delete.
#[derive(Debug, Clone, Copy)]
pub struct DeleteRequest<'a> {
    /// The unit.
    pub unit: &'a UnitId,
    /// The address.
    pub address: &'a Address,
    /// The object.
    pub remote_id: &'a RemoteId,
    /// Its managed attributes as last known.
    pub inputs: &'a Attributes,
}

/// What a create or update came to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Done {
    /// The object as the cloud now has it. While `live.settling` is set, AWS took the request and
    /// still works on it at the call's deadline.
    pub live: Live,
}

/// Why a call failed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[error("{operation}: {code}: {message}")]
pub struct ProviderError {
    /// What kind of failure; retries and exit codes are decided from it alone.
    pub kind: ErrorKind,
    /// The API call, as `ec2:CreateVpc`.
    pub operation: String,
    /// The cloud's error code.
    pub code: String,
    /// The cloud's words.
    pub message: String,
    /// The cloud's request id, if there is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub request_id: Option<String>,
    /// What the call left behind.
    pub left: Left,
}

/// What kind of failure.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ErrorKind {
    /// The caller lacks a permission.
    Denied,
    /// An object that is needed does not exist.
    NotFound,
    /// The name is taken by an object that is not ours.
    Exists,
    /// The object is in a state, or used by another, so that the call cannot be done now.
    Conflict,
    /// The object still does work for somebody, and goes once that has ended.
    Busy,
    /// Too many calls.
    Throttled,
    /// A quota is exhausted.
    Quota,
    /// The request is wrong.
    Invalid,
    /// It did not come about by the deadline.
    Timeout,
    /// The call has sent what it had time for, and there is more: the same call again goes on from
    /// there. Nothing that it sent is without an answer.
    Unfinished,
    /// No definite answer: the service or the network failed.
    Unavailable,
    /// The provider itself is at fault.
    Internal,
}

/// What a failed call left behind.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Left {
    /// Nothing changed.
    Nothing,
    /// This object exists or changed, perhaps half-way.
    Object(RemoteId),
    /// Nobody knows: the answer was lost.
    Unknown,
}
