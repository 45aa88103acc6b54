//! What a report of drift asks for: an issue that is open, closed, or left as it is.

use std::collections::BTreeMap;
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
    refresh: String,
    coverage: Coverage,
    /// Places whose queues could not be listed.
    #[serde(default)]
    lookalikes_unreadable: BTreeMap<String, String>,
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
    /// closed only when everything that there is to be compared was read and nothing differs. What a
    /// deep look leaves out is kept for later, or awaits its deletion.
    pub fn want(&self) -> Want {
        let unread = self.coverage.unreadable > 0 || !self.lookalikes_unreadable.is_empty();
        match (self.result.as_str(), self.coverage.complete, self.refresh.as_str()) {
            ("drift", ..) => Want::Open,
            _ if unread => Want::Open,
            ("none", true, _) | ("incomplete", false, "deep") => Want::Closed,
            _ => Want::AsItIs,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn report(result: &str, complete: bool, unreadable: u64) -> DriftReport {
        DriftReport {
            format: FORMAT.to_owned(),
            environment: "data.example.org".to_owned(),
            selected: false,
            result: result.to_owned(),
            refresh: "bulk".to_owned(),
            coverage: Coverage { complete, unreadable },
            lookalikes_unreadable: BTreeMap::new(),
        }
    }

    fn want(result: &str, complete: bool, unreadable: u64) -> Want {
        report(result, complete, unreadable).want()
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

    #[test]
    fn what_is_kept_for_later_keeps_no_issue_open_and_what_could_not_be_listed_does() {
        let deep = || DriftReport { refresh: "deep".to_owned(), ..report("incomplete", false, 0) };
        assert_eq!(deep().want(), Want::Closed);
        let place = ("111122223333.us-east-1".to_owned(), "AccessDenied".to_owned());
        let unlisted = DriftReport { lookalikes_unreadable: BTreeMap::from([place]), ..deep() };
        assert_eq!(unlisted.want(), Want::Open);
    }
}
