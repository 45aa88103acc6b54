//! What differs of a unit, in the form in which plans are laid out.

use std::collections::BTreeMap;
use std::collections::BTreeSet;

use nfplan_engine::address::Address;
use nfplan_engine::change::Action;
use nfplan_engine::change::AttributeChange;
use nfplan_engine::change::Change;
use nfplan_engine::digest::Digest;
use nfplan_engine::drift::Cause;
use nfplan_engine::drift::Finding;
use nfplan_engine::expr::Expr;
use nfplan_engine::plan::UnitPlan;
use nfplan_engine::state::Object;
use nfplan_engine::step::Operation;
use nfplan_engine::step::Stage;
use nfplan_engine::step::Step;
use nfplan_engine::step::StepId;
use nfplan_engine::step::Undo;

use crate::drifting::UnitDrift;

/// Begins the name of what tells how the specs want an attribute that somebody changed.
pub(in crate::render) const WANTED: &str = "wanted, but not applied yet: ";

/// What differs of a unit, in the form in which plans are laid out.
pub(in crate::render) fn layout(unit: &UnitDrift, changes: Vec<Change>) -> UnitPlan {
    let none = Digest::of_bytes(&[]);
    let current = unit.state.entries.iter();
    let current = current.filter_map(|(address, entry)| Some((address, entry.current.as_ref()?)));
    UnitPlan {
        unit: unit.state.unit.clone(),
        digest: none,
        state: none,
        source: unit.state.source.clone(),
        wanted: true,
        pins: BTreeMap::new(),
        externals: BTreeMap::new(),
        // The names and ids of objects are taken from steps.
        steps: current
            .zip(0..)
            .map(|((address, object), id)| called_so(id, address, object))
            .collect(),
        changes,
        unreadable: BTreeMap::new(),
        notes: BTreeMap::new(),
        findings: Vec::new(),
    }
}

fn called_so(id: u32, address: &Address, object: &Object) -> Step {
    Step {
        id: StepId(id),
        address: address.clone(),
        stage: Stage::Build,
        operation: Operation::Adopt {
            remote_id: object.remote_id.clone(),
            generation: object.generation,
            incarnation: object.incarnation,
            before: object.inputs.clone(),
            outputs: object.outputs.clone(),
        },
        undo: Undo::NotNeeded,
        needs: BTreeSet::new(),
        dependencies: BTreeSet::new(),
    }
}

/// Findings by resource, each attribute from what was applied to what it is. Where the specs want
/// neither, a second line says so.
pub(in crate::render) fn changes(unit: &UnitDrift, findings: &[&Finding]) -> Vec<Change> {
    let mut changes: BTreeMap<&Address, Change> = BTreeMap::new();
    for finding in findings {
        let change = changes.entry(&finding.address).or_insert_with(|| Change {
            address: finding.address.clone(),
            action: Action::Update,
            attributes: Vec::new(),
            reasons: mending(unit, finding),
            origin: None,
        });
        change.reasons.extend(finding.note.iter().cloned());
        match finding.attribute {
            None => change.origin.clone_from(&finding.origin),
            Some(name) => change.attributes.extend(attributes(name, finding)),
        }
    }
    changes.into_values().collect()
}

/// What is worth knowing of what an apply would do.
fn mending(unit: &UnitDrift, finding: &Finding) -> Vec<String> {
    let action = unit.outlook.actions.get(&finding.address).filter(|_| finding.cause.is_drift());
    let text = match action {
        Some(Action::Replace) => "to mend it, apply makes a new object and deletes this one",
        Some(Action::ReplaceInSlot) => "to mend it, apply deletes this object and makes a new one",
        Some(Action::Adopt) => "apply changes nothing in the cloud: it takes note of what is there",
        _ => return Vec::new(),
    };
    vec![text.into()]
}

fn attributes(name: &str, finding: &Finding) -> Vec<AttributeChange> {
    let Finding { cause, wanted, applied, live, origin, .. } = finding;
    let applied_as_expr = applied.clone().map(Expr::Value);
    let from_to = |name: String, before, after, origin: Option<String>| AttributeChange {
        name: name.into(),
        before,
        after,
        applied: None,
        because: None,
        origin,
    };
    if *cause == Cause::UnappliedSpec {
        return vec![from_to(name.into(), applied.clone(), wanted.clone(), origin.clone())];
    }
    let live_as_expr = live.clone().map(Expr::Value);
    let mut list =
        vec![from_to(name.into(), applied.clone(), live_as_expr.clone(), origin.clone())];
    if *wanted != applied_as_expr && *wanted != live_as_expr {
        list.push(from_to(format!("{WANTED}{name}"), applied.clone(), wanted.clone(), None));
    }
    list
}
