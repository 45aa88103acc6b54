//! `--replace`: resources whose replacement is asked for.

use nfplan_engine::address::Address;
use nfplan_engine::address::UnitId;

use crate::error::CliError;
use crate::exit::Exit;

/// Parses `ADDRESS` or `UNIT:ADDRESS`.
pub fn parse(texts: &[String]) -> Result<Vec<(Option<UnitId>, Address)>, CliError> {
    texts.iter().map(|text| parse_one(text)).collect()
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
