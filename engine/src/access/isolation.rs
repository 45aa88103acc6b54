//! Whether any researcher of an account reaches another's things: all pairs, on every plan.
//!
//! The verdict on a pair and a kind of access is *proved*, or a *leak* with a request that shows it,
//! or *unknown*. Apart from the pairs stands what is *exposed*: what AWS has no way to restrict to
//! one's own, so that sharing an account means sharing it.

use std::collections::BTreeMap;
use std::fmt;

use serde::Serialize;
use serde::Serializer;

use super::decision::Principal;
use super::decision::Request;
use super::decision::ResourcePolicy;
use super::decision::StatementRef;
use super::search::Reach;
use super::search::reach;
use crate::address::UnitId;

pub use super::search::Key;
pub use super::search::Target;

/// The key that says which VPC endpoint a request came through.
const ENDPOINT: &str = "aws:sourcevpce";

/// The key of a listing's prefix.
const PREFIX: &str = "s3:prefix";

/// Kinds of access to another's things.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// Reading data.
    Read,
    /// Writing or deleting data.
    Write,
    /// Listing data.
    List,
    /// Submitting jobs to the queue.
    Submit,
    /// Passing a role to a service, or assuming it.
    Role,
    /// Reading the secret, or making keys of the user.
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
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
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
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
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

        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(self.name())
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
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
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
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
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

/// An access that may or may not be possible.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
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
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
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

/// Checks all pairs of an account's researchers.
pub fn check(account: &Account) -> Isolation {
    let mut checker = Checker { account, found: Isolation::default(), leaks: BTreeMap::new() };
    checker.found.researchers = account.researchers.len() as u64;
    for owner in &account.researchers {
        let policies = account.policies.iter().chain(&owner.policies).collect::<Vec<_>>();
        for other in account.researchers.iter().filter(|other| other.unit != owner.unit) {
            checker.pair(other, owner, &policies);
        }
    }
    if account.researchers.len() > 1 {
        checker.shared();
        checker.borrowed_roles();
    }
    let Checker { mut found, leaks, .. } = checker;
    found.leaks = leaks.into_values().collect();
    found.exposed.sort_by_key(|exposure| exposure.shared);
    found
}

/// Leaks are one if the same statement opens the same kind of access.
type LeakKey = (UnitId, Actor, Kind, StatementRef);

struct Checker<'a> {
    account: &'a Account,
    found: Isolation,
    leaks: BTreeMap<LeakKey, Leak>,
}

impl Checker<'_> {
    fn pair(&mut self, from: &Researcher, to: &Researcher, policies: &[&ResourcePolicy]) {
        let fixed = through([from.endpoint.clone()]);
        for (&actor, principal) in &from.actors {
            for (kind, target) in &to.own {
                let mut found = reach(principal, policies, target, &fixed);
                if let (Kind::List, Reach::Witness(request, _)) = (kind, &found)
                    && let Some(excepted) = except_own_name(from, target, request)
                {
                    self.expose(Shared::Names, [&from.unit, &to.unit]);
                    found = reach(principal, policies, &excepted, &fixed);
                }
                self.note((from, actor, *kind, to), found);
            }
        }
    }

    fn note(
        &mut self,
        (from, actor, kind, to): (&Researcher, Actor, Kind, &Researcher),
        found: Reach,
    ) {
        let (from, to) = (from.unit.clone(), to.unit.clone());
        match found {
            Reach::None => {}
            Reach::Unknown(because) => {
                self.found.unknown.push(Doubt { from, actor, kind, to, because });
            }
            Reach::Witness(request, by) => {
                let request = *request;
                let leak = Leak { from: from.clone(), actor, kind, to, others: 0, request, by };
                let known = self.leaks.entry((from, actor, kind, leak.by.clone()));
                known.and_modify(|known| known.others += 1).or_insert(leak);
            }
        }
    }

    fn expose<'a>(&mut self, shared: Shared, units: impl IntoIterator<Item = &'a UnitId>) {
        let at = self.found.exposed.iter().position(|exposure| exposure.shared == shared);
        let at = at.unwrap_or_else(|| {
            self.found.exposed.push(Exposure { shared, researchers: Vec::new() });
            self.found.exposed.len() - 1
        });
        let among = &mut self.found.exposed[at].researchers;
        for unit in units {
            if let Err(at) = among.binary_search(unit) {
                among.insert(at, unit.clone());
            }
        }
    }

    fn shared(&mut self) {
        let policies: Vec<&ResourcePolicy> = self.account.policies.iter().collect();
        for researcher in &self.account.researchers {
            let fixed = through([researcher.endpoint.clone()]);
            for (shared, target) in &self.account.shared {
                let mut actors = researcher.actors.values();
                let reached =
                    actors.any(|actor| reach(actor, &policies, target, &fixed) != Reach::None);
                if reached {
                    self.expose(*shared, [&researcher.unit]);
                }
            }
        }
    }

    /// Jobs run in the network of whoever submits them.
    fn borrowed_roles(&mut self) {
        for owner in &self.account.researchers {
            let Some(jobs) = owner.actors.get(&Actor::Jobs) else { continue };
            let policies: Vec<_> = self.account.policies.iter().chain(&owner.policies).collect();
            let others = self.account.researchers.iter().filter(|other| other.unit != owner.unit);
            let fixed = through(others.map(|other| other.endpoint.clone()));
            let mut data = owner
                .own
                .iter()
                .filter(|(kind, _)| matches!(kind, Kind::Read | Kind::Write | Kind::List));
            if data.any(|(_, target)| reach(jobs, &policies, target, &fixed) != Reach::None) {
                self.expose(Shared::BorrowedRole, [&owner.unit]);
            }
        }
    }
}

/// Requests come through one of these endpoints, or through none.
fn through(endpoints: impl IntoIterator<Item = Option<String>>) -> BTreeMap<&'static str, Key> {
    let mut choices: Vec<Option<String>> = endpoints.into_iter().collect();
    choices.push(None);
    choices.sort();
    choices.dedup();
    BTreeMap::from([(ENDPOINT, Key::OneOf(choices))])
}

/// The target without the name of one's own folder, if that is what the request lists.
fn except_own_name(from: &Researcher, target: &Target, request: &Request) -> Option<Target> {
    let folder = from.own.iter().find_map(|(_, target)| match target.keys.get(PREFIX)? {
        Key::ShowsUnder { folder, .. } => folder.strip_suffix('/'),
        Key::OneOf(_) => None,
    })?;
    let listed = request.given(PREFIX)??;
    if listed != [folder.to_owned()] {
        return None;
    }
    let mut target = target.clone();
    if let Some(Key::ShowsUnder { except, .. }) = target.keys.get_mut(PREFIX) {
        *except = Some(folder.to_owned());
    }
    Some(target)
}
