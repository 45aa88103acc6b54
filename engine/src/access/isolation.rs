//! Whether any researcher of an account reaches another's things: all pairs, on every plan.
//!
//! The verdict on a pair and a kind of access is *proved*, or a *leak* with a request that shows it,
//! or *unknown*. Apart from the pairs stands what is *exposed*: what AWS has no way to restrict to
//! one's own, so that sharing an account means sharing it.

mod checker;

use std::collections::BTreeMap;
use std::fmt;

use serde::Deserialize;
use serde::Serialize;

use super::decision::Principal;
use super::decision::Request;
use super::decision::ResourcePolicy;
use super::decision::StatementRef;
use crate::address::UnitId;

pub use super::search::Key;
pub use super::search::Target;
pub use checker::check;

/// Kinds of access to another's things.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Kind {
    /// Reading data.
    Read,
    /// Writing or deleting data.
    Write,
    /// Listing data.
    List,
    /// Submitting jobs to the queue.
    Submit,
    /// Passing a role to a service, assuming it, or changing what it may do and who may take it.
    #[serde(rename = "pass-role")]
    Role,
    /// Reading or writing the secret, making keys of the user, or changing what it may do.
    #[serde(rename = "secrets")]
    Secret,
}

impl Kind {
    /// All kinds.
    pub const ALL: [Self; 6] =
        [Self::Read, Self::Write, Self::List, Self::Submit, Self::Role, Self::Secret];

    /// In a word.
    pub fn name(self) -> &'static str {
        match self {
            Self::Read => "read",
            Self::Write => "write",
            Self::List => "list",
            Self::Submit => "submit",
            Self::Role => "pass-role",
            Self::Secret => "secrets",
        }
    }
}

/// What researchers of one account share because AWS cannot keep it apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Shared {
    /// Seeing jobs and definitions.
    JobsSeen,
    /// Ending jobs.
    JobsEnded,
    /// Job definitions: submitting another's, and registering under any name.
    Definitions,
    /// Output of jobs.
    Logs,
    /// Data of those whose jobs do not run behind an endpoint of their own, by way of a definition
    /// that names their role.
    BorrowedRole,
    /// Names of what lies in a folder whose name begins as one's own.
    Names,
}

impl Shared {
    /// In a word.
    pub fn name(self) -> &'static str {
        match self {
            Self::JobsSeen => "jobs-seen",
            Self::JobsEnded => "jobs-ended",
            Self::Definitions => "definitions",
            Self::Logs => "logs",
            Self::BorrowedRole => "borrowed-role",
            Self::Names => "names",
        }
    }

    /// What is shared, and why it cannot be otherwise.
    pub fn reason(self) -> &'static str {
        match self {
            Self::JobsSeen => {
                "each sees the others' jobs, commands and variables included: Batch describes all \
                 jobs of an account or none"
            }
            Self::JobsEnded => {
                "each can end the others' jobs: a job's ARN does not tell whose it is"
            }
            Self::Definitions => {
                "each can submit the others' job definitions, which are named after images"
            }
            Self::Logs => {
                "each can read the others' job output: the jobs of an account share a log group"
            }
            Self::BorrowedRole => {
                "others can run jobs under this researcher's role, by submitting a job definition \
                 that names it, and reach the data: only `network: { mode: proxy }` ties the role to \
                 the researcher's own network"
            }
            Self::Names => {
                "each sees the names of the other's objects: Nextflow lists a folder by its name \
                 without a slash, and S3 lists everything that begins so"
            }
        }
    }
}

/// As what a researcher acts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Actor {
    /// The Nextflow client.
    Client,
    /// Job containers.
    Jobs,
}

impl Actor {
    /// In a word.
    pub fn name(self) -> &'static str {
        match self {
            Self::Client => "client",
            Self::Jobs => "jobs",
        }
    }
}

macro_rules! as_name {
    ($($name:ident),+) => {$(
        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(self.name())
            }
        }
    )+};
}

as_name!(Kind, Shared, Actor);

/// One researcher, as far as access goes.
#[derive(Debug, Clone)]
pub struct Researcher {
    /// The workspace.
    pub unit: UnitId,
    /// The user name as the spec writes it.
    pub user: String,
    /// What acts for the researcher.
    pub actors: BTreeMap<Actor, Principal>,
    /// The things that are to be the researcher's alone.
    pub own: Vec<(Kind, Target)>,
    /// The policies of those things.
    pub policies: Vec<ResourcePolicy>,
    /// The S3 endpoint of the network that the jobs run in, if it has one.
    pub endpoint: Option<String>,
}

/// All researchers of one account.
#[derive(Debug, Clone, Default)]
pub struct Account {
    /// The researchers.
    pub researchers: Vec<Researcher>,
    /// Policies of what they share.
    pub policies: Vec<ResourcePolicy>,
    /// What AWS cannot keep apart.
    pub shared: Vec<(Shared, Target)>,
}

/// The verdict on an account.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Isolation {
    /// How many researchers.
    pub researchers: u64,
    /// Ways into others' things.
    pub leaks: Vec<Leak>,
    /// What could not be decided.
    pub unknown: Vec<Doubt>,
    /// What is shared.
    pub exposed: Vec<Exposure>,
}

/// A way into others' things.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Leak {
    /// Who.
    pub from: UnitId,
    /// As what.
    pub actor: Actor,
    /// What kind of access.
    pub kind: Kind,
    /// Whose things: the first, as the request shows.
    pub to: UnitId,
    /// How many others' things besides.
    pub others: u64,
    /// A request that is allowed.
    pub request: Request,
    /// By which statement.
    pub by: StatementRef,
}

/// Reads on after who would do it.
impl fmt::Display for Leak {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { actor, kind, to, others, request, by, .. } = self;
        write!(f, "would reach what belongs to {to}")?;
        match others {
            0 => {}
            1 => write!(f, " and 1 other")?,
            others => write!(f, " and {others} others")?,
        }
        write!(f, " ({kind}, as {actor}): {request} is allowed by {by}")
    }
}

/// An access that may or may not be possible.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Doubt {
    /// Who.
    pub from: UnitId,
    /// As what.
    pub actor: Actor,
    /// What kind of access.
    pub kind: Kind,
    /// Whose things.
    pub to: UnitId,
    /// What stands in the way of an answer.
    pub because: String,
}

/// Something shared.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Exposure {
    /// What.
    pub shared: Shared,
    /// Among whom; for a borrowed role, whose.
    pub researchers: Vec<UnitId>,
}

impl Isolation {
    /// Whether nothing leads from one to another's things, for sure.
    pub fn is_proved(&self) -> bool {
        self.leaks.is_empty() && self.unknown.is_empty()
    }
}
