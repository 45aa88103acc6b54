//! Commands that mend drift.

use nfplan_engine::drift::Cause;
use nfplan_engine::drift::Finding;
use nfplan_engine::provider::Depth;

use super::UnitDrift;
use crate::render::name::short;

/// So many units are named in a command; more are not for a command line.
const MOST_NAMED: usize = 20;

/// Commands that mend the drift of these units.
pub fn commands(units: &[&UnitDrift], depth: Depth) -> Vec<String> {
    let refresh = match depth {
        Depth::Bulk => "",
        Depth::Deep => " --refresh deep",
    };
    let mut commands = Vec::new();
    let applied = units.iter().filter(|unit| is_mended_by_apply(unit));
    let applied: Vec<String> = applied.map(|unit| selector(unit)).collect();
    if !applied.is_empty() && applied.len() <= MOST_NAMED {
        commands.push(format!("nfplan apply{refresh} --select {}", applied.join(",")));
    } else if !applied.is_empty() {
        commands.push(format!("nfplan apply{refresh}"));
    }
    // What is replaced is named one by one; of many units, those that come first.
    let remade = units.iter().map(|unit| (selector(unit), replaced(unit)));
    let (selected, replaced): (Vec<String>, Vec<Vec<String>>) =
        remade.filter(|(_, replaced)| !replaced.is_empty()).take(MOST_NAMED).unzip();
    if !selected.is_empty() {
        let (select, replace) = (selected.join(","), replaced.concat().join(","));
        commands.push(format!("nfplan apply --select {select} --replace {replace}"));
    }
    commands
}

/// Whether an apply does something about what somebody did to a unit.
fn is_mended_by_apply(unit: &UnitDrift) -> bool {
    let mended = |finding: &Finding| match finding.cause {
        Cause::OpenRun | Cause::DeletedOutside | Cause::KnownTool | Cause::ChangedOutside => true,
        Cause::RemadeOutside => finding.attribute.is_some(),
        Cause::Unmanaged | Cause::Unreadable | Cause::ChangedAsWanted | Cause::UnappliedSpec => {
            false
        }
    };
    unit.outlook.refusals.is_empty() && unit.drift.findings.iter().any(mended)
}

/// The objects that somebody made again and that can be replaced, as `--replace` takes them.
fn replaced(unit: &UnitDrift) -> Vec<String> {
    let all = unit.outlook.replaceable.iter();
    all.map(|address| format!("{}:{address}", unit.state.unit)).collect()
}

/// What `--select` takes without quotes in a shell.
fn selector(unit: &UnitDrift) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "@._+-".contains(c);
    let user = unit.state.source.user.as_deref().filter(|user| user.chars().all(plain));
    user.map_or_else(|| short(&unit.state.unit), str::to_owned)
}
