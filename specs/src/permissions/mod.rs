//! What whoever runs nfplan has to be allowed: least-privilege policies, from the specs alone.
//!
//! The grants are a table: each row allows the actions that some calls of nfplan take, on the objects
//! that nfplan makes and no others, as far as AWS can tell them apart. It does so by their names, which
//! follow from environment and account, or by the ownership tag where AWS makes up the id (EC2, KMS).
//!
//! | subject | module |
//! |---|---|
//! | rows of the table | `grant` |
//! | the table, by service | `grants` |
//! | what some calls take of it | `need` |
//! | from names and tags to resources and conditions | `target` |
//! | who makes the calls that are in no account: states, and getting in | `runner` |
//! | documents within AWS's limit of size | `document` |
//!
//! A call is in the table or, with the reason, in [`NOT_GRANTED`]; tests compare both with what the
//! provider sends.

mod document;
mod grant;
mod grants;
mod need;
mod runner;
mod target;

use std::collections::BTreeSet;

pub use document::Document;
pub use document::TooLarge;
pub use grants::NOT_GRANTED;
pub use need::Need;
pub use need::needs;
pub use runner::of_runner;

use crate::fleet::Fleet;
use crate::project::Account;
use document::documents;
use target::Target;

/// The most characters of a managed policy, white space apart (IAM user guide, "IAM and AWS STS
/// quotas").
pub const MOST_CHARACTERS: usize = 6_144;

/// For which commands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// `plan` and `drift`, which only look.
    ReadOnly,
    /// These, and `apply`, `rollback` and `destroy`.
    Apply,
}

impl Kind {
    /// As the command line writes it.
    pub fn word(self) -> &'static str {
        match self {
            Self::ReadOnly => "read-only",
            Self::Apply => "apply",
        }
    }
}

/// The policies that are needed in one account and region.
pub fn of_account(fleet: &Fleet, account: &Account, kind: Kind) -> Result<Vec<Document>, TooLarge> {
    let target = Target::new(fleet.environment(), &account.place, boundaries(fleet, account));
    of_target(&target, kind)
}

fn of_target(target: &Target<'_>, kind: Kind) -> Result<Vec<Document>, TooLarge> {
    let mut made = Vec::new();
    for (subject, grants) in grants::ALL {
        let wanted = grants.iter().filter(|grant| grant.kind <= kind);
        let statements = wanted.filter_map(|grant| grant.statement(target));
        // What is for looking is the same for both kinds, and one policy then.
        let name = format!("{}-nfplan-{}-{}", target.host(), subject.word, target.region());
        made.extend(documents((&name, subject.purpose), statements)?);
    }
    Ok(made)
}

/// The permissions boundaries of roles and users in an account, as far as none is without: those of all
/// profiles, so that the policies need not change with every researcher, and of the account's
/// workspaces, which may override their profile's.
fn boundaries(fleet: &Fleet, account: &Account) -> Option<BTreeSet<Box<str>>> {
    let workspaces = fleet.workspaces().filter(|spec| *spec.place() == account.place);
    let own = workspaces.map(|spec| fleet.workspace(spec).permissions_boundary.map(|at| at.value));
    let all: Option<BTreeSet<Box<str>>> = fleet.boundaries().chain(own).collect();
    all.filter(|boundaries| !boundaries.is_empty())
}

/// The actions that a call of the provider takes, whatever the case of its name; none if no row of the
/// table has the call.
pub fn actions_of(call: &str) -> Option<BTreeSet<&'static str>> {
    let rows = grants::ALL.iter().flat_map(|(_, grants)| grants.iter());
    let actions = rows.flat_map(|grant| grant.actions);
    let taken =
        actions.filter(|action| action.calls.iter().any(|own| own.eq_ignore_ascii_case(call)));
    let taken: BTreeSet<&'static str> = taken.map(|action| action.name).collect();
    (!taken.is_empty()).then_some(taken)
}

/// All calls that the table has rows for.
pub fn calls() -> BTreeSet<&'static str> {
    let rows = grants::ALL.iter().flat_map(|(_, grants)| grants.iter());
    rows.flat_map(|grant| grant.actions).flat_map(|action| action.calls).copied().collect()
}
