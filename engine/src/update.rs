//! Splitting an update into the parts that are undone differently or wait for the commit point.

use std::collections::BTreeSet;

use crate::address::RemoteId;
use crate::diff::Difference;
use crate::expr::Expr;
use crate::expr::Inputs;
use crate::outlook::known_inputs;
use crate::step::Operation;
use crate::step::Stage;
use crate::step::Undo;
use crate::value::Attributes;

/// One part of an update.
pub(crate) struct Part {
    pub(crate) stage: Stage,
    pub(crate) operation: Operation,
    pub(crate) undo: Undo,
}

/// Splits an update: what tightens goes first and is kept by a rollback, what is ordinary is
/// restored, what ends work waits for the commit point. Each part starts from where the one before
/// it ends.
pub(crate) fn split(
    remote_id: &RemoteId,
    before: &Attributes,
    after: &Inputs,
    differences: &[Difference],
) -> Vec<Part> {
    let mut parts = Vec::new();
    // A value that the plan does not know yet is in none of the pre-images, but stays wanted.
    let mut here: Inputs =
        before.iter().map(|(name, value)| (name.clone(), value.clone().into())).collect();
    for class in [Class::Tightening, Class::Ordinary, Class::Retiring] {
        let chosen: Vec<&Difference> =
            differences.iter().filter(|difference| class_of(difference) == class).collect();
        if chosen.is_empty() {
            continue;
        }
        let goal = towards(&here, &chosen, after);
        let operation = Operation::Update {
            remote_id: remote_id.clone(),
            before: known_inputs(&here),
            changed: chosen
                .iter()
                .map(|difference| difference.name.into())
                .collect::<BTreeSet<_>>(),
            after: goal.clone(),
        };
        here = goal;
        let (stage, undo) = match class {
            Class::Tightening => (Stage::Build, Undo::Keep),
            Class::Ordinary => (Stage::Build, Undo::Restore),
            Class::Retiring => (Stage::Retire, Undo::NotNeeded),
        };
        parts.push(Part { stage, operation, undo });
    }
    parts
}

/// An update that waits for the commit point as a whole, so that nothing takes any of it back.
pub(crate) fn forward(
    remote_id: &RemoteId,
    before: &Attributes,
    after: &Inputs,
    differences: &[Difference],
) -> Part {
    let here = before.iter().map(|(name, value)| (name.clone(), value.clone().into())).collect();
    let after = towards(&here, &differences.iter().collect::<Vec<_>>(), after);
    let changed = differences.iter().map(|difference| difference.name.into()).collect();
    let (remote_id, before) = (remote_id.clone(), before.clone());
    let operation = Operation::Update { remote_id, before, after, changed };
    Part { stage: Stage::Retire, operation, undo: Undo::NotNeeded }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Class {
    Tightening,
    Ordinary,
    Retiring,
}

fn class_of(difference: &Difference) -> Class {
    let Some(Expr::Value(after)) = &difference.after else { return Class::Ordinary };
    let managed = difference.managed;
    if managed.retire.is_some_and(|retire| retire.applies(after)) {
        Class::Retiring
    } else if managed.tightens.is_some_and(|tightening| tightening.applies(after)) {
        Class::Tightening
    } else {
        Class::Ordinary
    }
}

/// All attributes as they are `here`, with the chosen ones as they shall be.
fn towards(here: &Inputs, chosen: &[&Difference], after: &Inputs) -> Inputs {
    let mut goal = here.clone();
    for difference in chosen {
        match after.get(difference.name) {
            Some(expr) => goal.insert(difference.name.into(), expr.clone()),
            None => goal.remove(difference.name),
        };
    }
    goal
}
