//! What some calls take: the rows of the table that they are in, before they become policies.

use std::collections::BTreeMap;
use std::collections::BTreeSet;

use nfplan_engine::expr::Expr;

use super::Kind;
use super::boundaries;
use super::grants;
use super::target::Target;
use crate::fleet::Fleet;
use crate::project::Account;

/// What a row of the table has for some calls that change something.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Need {
    /// The actions, with those of the calls that each is checked for.
    pub actions: BTreeMap<&'static str, BTreeSet<&'static str>>,
    /// What they are about: ARNs, with wildcards for what differs from object to object.
    pub resources: Vec<String>,
    /// What AWS is to know of the requests and of what they are about, by condition key: any of these
    /// values, which may have wildcards too.
    pub context: BTreeMap<&'static str, Vec<String>>,
}

/// What calls take in an account and region. Those that only look take nothing here.
pub fn needs(fleet: &Fleet, account: &Account, calls: &BTreeSet<&str>) -> Vec<Need> {
    let target = Target::new(fleet.environment(), &account.place, boundaries(fleet, account));
    let rows = grants::ALL.iter().flat_map(|(_, grants)| grants.iter());
    let changing = rows.filter(|grant| grant.kind == Kind::Apply);
    let needs = changing.filter_map(|grant| {
        let actions = grant.actions.iter().filter_map(|action| {
            let own = action.calls.iter().copied().filter(|call| calls.contains(call));
            let own: BTreeSet<&'static str> = own.collect();
            (!own.is_empty()).then_some((action.name, own))
        });
        let actions: BTreeMap<_, _> = actions.collect();
        let statement = (!actions.is_empty()).then(|| grant.statement(&target))??;
        let conditions = statement.conditions.values().flatten();
        Some(Need {
            actions,
            resources: texts(&statement.resources),
            context: conditions.map(|(key, values)| (*key, texts(values))).collect(),
        })
    });
    needs.collect()
}

fn texts(values: &[Expr]) -> Vec<String> {
    let known = values.iter().filter_map(Expr::known);
    known.filter_map(|value| value.as_text().map(str::to_owned)).collect()
}
