//! Whether whoever would apply a plan may do what it takes, and what undoing it would take.
//!
//! IAM is asked before anything is changed, so that no apply fails in the middle for want of a
//! permission, and then cannot go back for want of another one. It is asked about what is not clear
//! from its answers to reading: the plan has read already.

use std::collections::BTreeMap;
use std::collections::BTreeSet;

use nfplan_engine::address::Place;
use nfplan_engine::address::UnitId;
use nfplan_engine::plan::Refresh;
use nfplan_engine::preflight::Lack;
use nfplan_engine::preflight::Permissions;
use nfplan_engine::preflight::Unanswered;
use nfplan_engine::provider::Clearance;
use nfplan_engine::provider::Denial;
use nfplan_engine::provider::ErrorKind;
use nfplan_engine::provider::ProviderError;
use nfplan_engine::provider::Question;
use nfplan_engine::provider::Reader;
use nfplan_engine::provider::Verdict;
use nfplan_engine::refusal::Refusal;
use nfplan_engine::refusal::RefusalKind;

use crate::planning::FleetPlan;
use crate::planning::Planable;
use crate::planning::Purpose;
use crate::planning::Request;
use crate::preflight::asking::Row;
use crate::preflight::asking::Users;
use crate::preflight::asking::rows;
use crate::project::Project;

pub mod asking;

/// Asks IAM about what the plan of a place takes. That decides nothing: it is no part of a digest, and
/// whoever plans need not be who applies.
pub async fn check(project: &Project, place: &Place, request: &Request, out: &mut FleetPlan) {
    // As with quotas: looking at everything is not applying it, and who is to be shut out must not wait.
    if request.purpose != Purpose::Apply || request.refresh == Refresh::None || out.looked.is_some()
    {
        return;
    }
    let here = |unit: &&Planable| {
        let unit = &unit.plan.unit;
        unit.place() == place && !out.refused.contains_key(unit)
    };
    let here: Vec<&Planable> = out.units.iter().filter(here).collect();
    let mut accounts = project.fleet.accounts();
    let Some(account) = accounts.find(|account| account.place == *place) else { return };
    let rows = rows(&project.fleet, account, project.cloud.schemas(), &here);
    if rows.is_empty() {
        return;
    }
    let questions: Vec<Question> = rows.iter().map(|row| row.question.clone()).collect();
    let permissions = match project.cloud.may(place, &questions).await {
        Ok(clearance) => answered(place, &rows, &clearance),
        Err(error) => unasked(place, &error),
    };
    out.permissions.extend(Some(permissions).filter(|permissions| !permissions.is_plain()));
}

fn answered(place: &Place, rows: &[Row], clearance: &Clearance) -> Permissions {
    let mut denied: BTreeMap<(&str, Denial), Users> = BTreeMap::new();
    let mut open: BTreeMap<String, BTreeSet<Box<str>>> = BTreeMap::new();
    let mut asked: BTreeSet<&str> = BTreeSet::new();
    for (row, verdicts) in rows.iter().zip(&clearance.verdicts) {
        for (action, verdict) in row.question.actions.iter().zip(verdicts) {
            asked.insert(action);
            let reason = match verdict {
                Verdict::Allowed => continue,
                Verdict::Denied(denial) if row.is_denied(*denial) => {
                    let users = denied.entry((action, *denial)).or_default();
                    users.add(&row.users[action]);
                    continue;
                }
                Verdict::Denied(_) => "IAM was asked about any name, not those of the plan".into(),
                Verdict::Unknown(reason) => reason.clone(),
            };
            open.entry(reason).or_default().insert(action.clone());
        }
    }
    let lack = |((action, denial), users): ((&str, Denial), Users)| {
        let Users { forward, backward } = users;
        Lack { action: action.into(), denial, forward, backward }
    };
    let unanswered = open.into_iter().map(|(reason, actions)| Unanswered { actions, reason });
    Permissions {
        place: place.clone(),
        principal: Some(clearance.principal.clone()),
        asked: asked.len() as u64,
        unanswered: unanswered.collect(),
        denied: denied.into_iter().map(lack).collect(),
    }
}

/// Nothing of the plan is checked.
fn unasked(place: &Place, error: &ProviderError) -> Permissions {
    let reason = if error.kind == ErrorKind::Denied {
        format!("{error}; `nfplan permissions {}` prints a policy that allows it", place.account)
    } else {
        error.to_string()
    };
    let unanswered = vec![Unanswered { actions: BTreeSet::new(), reason }];
    Permissions { place: place.clone(), principal: None, asked: 0, denied: Vec::new(), unanswered }
}

/// Refuses the units that IAM does not let through, now that the plan is to be applied by whoever made
/// it. What IAM does not say refuses nobody.
pub fn refuse(planned: &mut FleetPlan) {
    let FleetPlan { refused, permissions, .. } = planned;
    for permissions in permissions.iter() {
        let Permissions { place, principal, denied, .. } = permissions;
        let principal = principal.as_deref().unwrap_or("whoever applies it");
        let units: BTreeSet<&UnitId> =
            denied.iter().flat_map(|lack| lack.forward.iter().chain(&lack.backward)).collect();
        for unit in units {
            let forward: Vec<&Lack> =
                denied.iter().filter(|lack| lack.forward.contains(unit)).collect();
            let only_back = |lack: &&Lack| {
                lack.backward.contains(unit) && !forward.iter().any(|one| one.action == lack.action)
            };
            let backward: Vec<&Lack> = denied.iter().filter(only_back).collect();
            let messages = [
                (!forward.is_empty()).then(|| {
                    let (actions, remedy) = (listed(&forward), remedy(&forward, place));
                    format!("takes what IAM says {principal} may not do: {actions}; {remedy}")
                }),
                (!backward.is_empty()).then(|| {
                    let (actions, remedy) = (listed(&backward), remedy(&backward, place));
                    format!(
                        "could be made, but not undone: IAM says {principal} may not do what a \
                         rollback takes: {actions}; {remedy}"
                    )
                }),
            ];
            let refusal = |message| Refusal::of_unit(RefusalKind::Permission, message);
            let refusals = messages.into_iter().flatten().map(refusal);
            refused.entry(unit.clone()).or_default().extend(refusals);
        }
    }
}

fn remedy(lacks: &[&Lack], place: &Place) -> String {
    if lacks.iter().any(|lack| lack.denial == Denial::NotAllowed) {
        format!("`nfplan permissions {}` prints policies that allow it", place.account)
    } else {
        "change what denies it, or apply as somebody else".to_owned()
    }
}

/// Actions by how they are refused.
pub fn listed(lacks: &[&Lack]) -> String {
    let mut by_denial: BTreeMap<Denial, Vec<&str>> = BTreeMap::new();
    for lack in lacks {
        by_denial.entry(lack.denial).or_default().push(&lack.action);
    }
    let group = |(denial, actions): (Denial, Vec<&str>)| {
        let how = match denial {
            Denial::NotAllowed => "no policy allows it",
            Denial::Forbidden => "a policy denies it",
            Denial::Bounded => "beyond the permissions boundary",
            Denial::Organization => "beyond what the organization lets the account do",
        };
        format!("{} ({how})", actions.join(", "))
    };
    by_denial.into_iter().map(group).collect::<Vec<String>>().join(", ")
}
