//! What becomes of a plan's steps if one fails, in one line.

use std::collections::BTreeMap;

use nfplan_engine::address::Address;
use nfplan_engine::plan::Plan;
use nfplan_engine::plan::UnitPlan;
use nfplan_engine::step::Step;
use nfplan_engine::step::Undo;

use super::name::who;

/// How many resources are named.
const MOST_NAMED: usize = 3;

/// Steps that are counted and named together.
#[derive(Default)]
struct Tally<'a> {
    count: usize,
    /// The units by resource.
    which: BTreeMap<&'a Address, Vec<&'a UnitPlan>>,
}

impl<'a> Tally<'a> {
    fn add(&mut self, unit: &'a UnitPlan, step: &'a Step) {
        self.count += 1;
        let units = self.which.entry(&step.address).or_default();
        if units.last().is_none_or(|last| last.unit != unit.unit) {
            units.push(unit);
        }
    }

    fn named(&self) -> String {
        let name = |(address, units): (&&Address, &Vec<&UnitPlan>)| match units.as_slice() {
            [unit] => format!("{address} of {}", who(unit)),
            units => format!("{address} of {} units", units.len()),
        };
        let named: Vec<String> = self.which.iter().take(MOST_NAMED).map(name).collect();
        match self.which.len().saturating_sub(MOST_NAMED) {
            0 => named.join(", "),
            more => format!("{} and {more} more resources", named.join(", ")),
        }
    }
}

/// What a failure leaves of the plan; none where every step is undone, or none is.
pub(super) fn summary(plan: &Plan) -> Option<String> {
    let (mut undone, mut last) = (0_usize, 0_usize);
    let (mut kept, mut irreversible) = (Tally::default(), Tally::default());
    for unit in &plan.units {
        for step in &unit.steps {
            match &step.undo {
                Undo::Delete | Undo::Restore | Undo::Release => undone += 1,
                Undo::Keep | Undo::Park { .. } => kept.add(unit, step),
                Undo::Irreversible { .. } => irreversible.add(unit, step),
                Undo::NotNeeded => last += 1,
            }
        }
    }
    let all = undone + last + kept.count + irreversible.count;
    if undone == all || last == all {
        return None;
    }
    let are = |count: usize| if count == 1 { "is" } else { "are" };
    let mut parts = vec![format!("{undone} of {all} steps {} undone", are(undone))];
    if irreversible.count > 0 {
        parts.push(format!("{} cannot be undone ({})", irreversible.count, irreversible.named()));
    }
    if kept.count > 0 {
        parts.push(format!("{} {} kept ({})", kept.count, are(kept.count), kept.named()));
    }
    if last > 0 {
        let come = if last == 1 { "comes last: it is" } else { "come last: they are" };
        parts.push(format!("{last} {come} tried again, never undone"));
    }
    Some(format!("If a step fails: {}.", parts.join("; ")))
}
