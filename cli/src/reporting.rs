//! Reports beside what a command shows: `--report KIND=FILE`.

use std::fmt::Write as _;
use std::fs;
use std::path::Path;
use std::path::PathBuf;
use std::str::FromStr;

use nfplan_specs::annotation::annotation;
use nfplan_specs::diagnostic::Diagnostics;

use crate::args::Reporting;
use crate::commands::Context;
use crate::error::CliError;
use crate::exit::Exit;

/// One report that was asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReportRequest {
    kind: Kind,
    /// None is standard output.
    file: Option<PathBuf>,
}

/// What a report is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    /// Problems of spec files as annotations of GitHub Actions.
    Github,
}

impl FromStr for ReportRequest {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let expected = "github=FILE, or github=- for standard output";
        let (kind, file) = text.split_once('=').ok_or_else(|| format!("write {expected}"))?;
        if kind != "github" {
            return Err(format!("there is no report `{kind}`; write {expected}"));
        }
        if file.is_empty() {
            return Err(format!("the file is missing; write {expected}"));
        }
        let file = (file != "-").then(|| file.into());
        Ok(Self { kind: Kind::Github, file })
    }
}

/// The reports of one call.
#[derive(Debug)]
pub struct Reports<'a> {
    context: &'a Context,
    requests: &'a [ReportRequest],
}

impl<'a> Reports<'a> {
    /// Takes what was asked for. Standard output has room for one thing.
    pub fn new(context: &'a Context, arguments: &'a Reporting) -> Result<Self, CliError> {
        let requests = arguments.report.as_slice();
        let to_stdout = requests.iter().any(|request| request.file.is_none());
        if to_stdout && context.settings.general.json {
            let message = "--json and a report cannot both go to standard output";
            return Err(CliError::new(Exit::Usage, message).hint("give the report a file"));
        }
        Ok(Self { context, requests })
    }

    /// Reports problems of spec files; those of a failure too, which is passed on.
    pub fn problems<T>(&self, result: Result<T, CliError>) -> Result<T, CliError> {
        if let Err(CliError { diagnostics: Some(problems), .. }) = &result {
            self.diagnostics(problems)?;
        }
        result
    }

    /// Reports problems of spec files.
    pub fn diagnostics(&self, problems: &Diagnostics) -> Result<(), CliError> {
        for ReportRequest { kind: Kind::Github, file } in self.requests {
            let root = self.context.settings.root_in_repository();
            let mut text = String::new();
            for problem in problems.iter() {
                let _ = writeln!(text, "{}", annotation(problem, &root));
            }
            self.write(file.as_deref(), &text)?;
        }
        Ok(())
    }

    fn write(&self, file: Option<&Path>, text: &str) -> Result<(), CliError> {
        let Some(file) = file else { return self.context.print(text) };
        let path = self.context.settings.root.join(file);
        fs::write(&path, text).map_err(|error| CliError::file("write", &path, &error))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_report_has_a_kind_and_a_file() {
        let parse = |text: &str| text.parse::<ReportRequest>();
        let github =
            |file: Option<&str>| ReportRequest { kind: Kind::Github, file: file.map(Into::into) };
        assert_eq!(parse("github=-"), Ok(github(None)));
        assert_eq!(parse("github=a=b"), Ok(github(Some("a=b"))));
        for text in ["", "github", "github=", "gitlab=-", "=x"] {
            assert!(parse(text).is_err(), "{text}");
        }
    }
}
