//! `--replace`: resources whose replacement is asked for.

use nfplan_engine::address::Address;
use nfplan_engine::address::UnitId;

use nfplan_specs::likeness::near;

use crate::error::CliError;
use crate::exit::Exit;
use crate::project::Project;
use crate::selection::Selected;
use crate::selection::Universe;

/// Parses `ADDRESS` or `UNIT:ADDRESS`.
pub fn parse(texts: &[String]) -> Result<Vec<(Option<UnitId>, Address)>, CliError> {
    texts.iter().map(|text| parse_one(text)).collect()
}

/// Refuses what no selected unit has anything at: it would be passed over in silence.
pub async fn check(
    replace: &[(Option<UnitId>, Address)],
    project: &Project,
    universe: &Universe,
    selected: &Selected,
) -> Result<(), CliError> {
    if replace.is_empty() {
        return Ok(());
    }
    let present = universe.addresses(selected, &project.store).await?;
    for (unit, address) in replace {
        let fits = |id: &UnitId| unit.as_ref().is_none_or(|unit| unit == id);
        if present.iter().any(|(id, other)| fits(id) && other == address) {
            continue;
        }
        let present = present.iter().filter(|(id, _)| fits(id)).map(|(_, address)| address);
        return Err(nothing_at("--replace: ", address, present));
    }
    Ok(())
}

/// Nothing is at an address; what may have been meant. The message begins with what `asked`.
pub fn nothing_at<'a>(
    asked: &str,
    address: &Address,
    present: impl Iterator<Item = &'a Address>,
) -> CliError {
    let present: Vec<String> = present.map(ToString::to_string).collect();
    let likely = near(&address.to_string(), present.iter().map(String::as_str));
    CliError::refused(format!("{asked}no unit has anything at `{address}`"))
        .did_you_mean(&likely)
        .hint("`nfplan state list` shows all addresses")
}

/// Parses one `ADDRESS` or `UNIT:ADDRESS`.
pub fn parse_one(text: &str) -> Result<(Option<UnitId>, Address), CliError> {
    let usage = |error: nfplan_engine::address::NameError| {
        CliError::new(Exit::Usage, error.to_string()).hint(
            "write an address as `nfplan state list` shows it: batch.compute_environment/main",
        )
    };
    match text.rsplit_once(':') {
        None => Ok((None, text.parse().map_err(usage)?)),
        Some((unit, address)) => {
            Ok((Some(unit.parse().map_err(usage)?), address.parse().map_err(usage)?))
        }
    }
}
