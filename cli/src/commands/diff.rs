//! `nfplan diff`: how two saved plans differ.

use nfplan_engine::address::UnitId;
use nfplan_engine::digest::Digest;
use serde::Serialize;

use super::Context;
use crate::args::views::DiffArguments;
use crate::comparison::Ground;
use crate::comparison::ResourceDifference;
use crate::comparison::UnitDifference;
use crate::comparison::compare;
use crate::error::CliError;
use crate::exit::Exit;
use crate::render::difference::View;
use crate::render::difference::differences;
use crate::saved_plans::load;

/// `nfplan.diff/1`.
#[derive(Serialize)]
struct DiffDocument<'a> {
    format: &'static str,
    equal: bool,
    first: Digest,
    second: Digest,
    units: Vec<UnitDocument<'a>>,
}

#[derive(Serialize)]
struct UnitDocument<'a> {
    unit: &'a UnitId,
    in_first: bool,
    in_second: bool,
    resources: &'a [ResourceDifference<'a>],
    grounds: &'a [Ground],
}

impl<'a> UnitDocument<'a> {
    fn new(unit: &'a UnitDifference<'_>) -> Self {
        Self {
            unit: unit.unit(),
            in_first: unit.first.is_some(),
            in_second: unit.second.is_some(),
            resources: &unit.resources,
            grounds: &unit.grounds,
        }
    }
}

/// Compares two saved plans. Needs neither specs nor state nor cloud.
pub fn diff(context: &Context, arguments: &DiffArguments) -> Result<Exit, CliError> {
    let root = &context.settings.root;
    let first = load(&root.join(&arguments.first))?;
    let second = load(&root.join(&arguments.second))?;
    let units = compare(&first, &second);
    if context.settings.general.json {
        context.print_json(&DiffDocument {
            format: "nfplan.diff/1",
            equal: units.is_empty(),
            first: first.digest,
            second: second.digest,
            units: units.iter().map(UnitDocument::new).collect(),
        })?;
    } else if units.is_empty() {
        context.print(&format!("The plans are equal: both have the digest {}.\n", first.digest))?;
    } else {
        let view = View {
            width: context.terminal.width,
            full: arguments.full,
            first: "in the first",
            second: "in the second",
        };
        context.print(&differences(&units, view))?;
    }
    let changed = arguments.detailed_exitcode && !units.is_empty();
    Ok(if changed { Exit::Changes } else { Exit::Fine })
}
