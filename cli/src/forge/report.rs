//! What a report of drift asks for: an issue that is open, closed, or left as it is.

use std::fs;
use std::path::Path;

use serde::Deserialize;

use super::sticky::Want;
use crate::drifting::document::FORMAT;
use crate::error::CliError;
use crate::exit::Exit;

/// A report of drift, as far as it matters.
#[derive(Debug, Deserialize)]
pub struct DriftReport {
    format: String,
    /// The environment.
    pub environment: String,
    #[serde(default)]
    selected: bool,
    result: String,
    coverage: Coverage,
}

#[derive(Debug, Deserialize)]
struct Coverage {
    complete: bool,
    unreadable: u64,
}

impl DriftReport {
    /// Reads a report of everything; one of a selection says nothing of the environment.
    pub fn load(path: &Path) -> Result<Self, CliError> {
        let text = fs::read(path).map_err(|error| CliError::file("read", path, &error))?;
        let invalid = |why: String| {
            let message = format!("{} is no report of drift: {why}", path.display());
            CliError::new(Exit::InvalidSpecs, message)
                .hint("`nfplan drift --report json=FILE` writes one")
        };
        let report: Self =
            serde_json::from_slice(&text).map_err(|error| invalid(error.to_string()))?;
        if report.format != FORMAT {
            return Err(invalid(format!("its format is {}", report.format)));
        }
        if report.selected {
            let message = format!("{} is about selected units only", path.display());
            return Err(CliError::refused(message)
                .hint("an issue is about the whole environment: leave out --select"));
        }
        Ok(report)
    }

    /// What becomes of the issue. It is open while something drifted, or could not be read, and is
    /// closed only when everything was read and nothing differs.
    pub fn want(&self) -> Want {
        match (self.result.as_str(), &self.coverage) {
            ("drift", _) | (_, Coverage { unreadable: 1.., .. }) => Want::Open,
            ("none", Coverage { complete: true, .. }) => Want::Closed,
            _ => Want::AsItIs,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn want(result: &str, complete: bool, unreadable: u64) -> Want {
        let report = DriftReport {
            format: FORMAT.to_owned(),
            environment: "data.example.org".to_owned(),
            selected: false,
            result: result.to_owned(),
            coverage: Coverage { complete, unreadable },
        };
        report.want()
    }

    #[test]
    fn only_a_complete_clean_look_closes() {
        assert_eq!(want("drift", true, 0), Want::Open);
        assert_eq!(want("drift", false, 1), Want::Open);
        assert_eq!(want("none", true, 0), Want::Closed);
        assert_eq!(want("incomplete", false, 1), Want::Open);
        // With --refresh bulk, not everything is asked for.
        assert_eq!(want("incomplete", false, 0), Want::AsItIs);
        assert_eq!(want("none", false, 0), Want::AsItIs);
        assert_eq!(want("something new", true, 0), Want::AsItIs);
    }
}
