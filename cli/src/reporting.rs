//! Reports beside what a command shows: `--report KIND=FILE`.

use std::fs;
use std::path::Path;
use std::path::PathBuf;
use std::str::FromStr;

use nfplan_specs::diagnostic::Diagnostics;

use crate::args::Reporting;
use crate::commands::Context;
use crate::error::CliError;
use crate::exit::Exit;
use crate::files;
use crate::render::reports::KINDS;
use crate::render::reports::Kind;
use crate::render::reports::OfDrift;
use crate::render::reports::OfPlan;
use crate::render::reports::OfSpecs;
pub use crate::render::reports::as_json;

/// One report that was asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReportRequest {
    kind: &'static Kind,
    /// None is standard output.
    file: Option<PathBuf>,
}

impl FromStr for ReportRequest {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let words: Vec<&str> = KINDS.iter().map(|kind| kind.word).collect();
        let kinds = words.join(", ");
        let expected =
            format!("KIND=FILE, or KIND=- for standard output; a kind is one of {kinds}");
        let (word, file) = text.split_once('=').ok_or_else(|| format!("write {expected}"))?;
        let kind = Kind::find(word)
            .ok_or_else(|| format!("there is no report `{word}`; write {expected}"))?;
        if file.is_empty() {
            return Err(format!("the file is missing; write {expected}"));
        }
        let file = (file != "-").then(|| file.into());
        Ok(Self { kind, file })
    }
}

/// What a command reports.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum About {
    /// A plan. What has nothing to say of one says what is wrong with the specs.
    Plan,
    /// Drift.
    Drift,
    /// Spec files.
    Specs,
}

impl About {
    /// Whether a command that reports this has reports of a kind.
    fn has(self, kind: &Kind) -> bool {
        match self {
            Self::Plan => kind.plan.is_some() || self.has_problems(kind),
            Self::Drift => kind.drift.is_some(),
            Self::Specs => self.has_problems(kind),
        }
    }

    /// Whether a report of this kind is about problems of spec files.
    fn has_problems(self, kind: &Kind) -> bool {
        match self {
            Self::Plan => kind.plan.is_none() && kind.drift.is_none() && kind.specs.is_some(),
            Self::Drift => false,
            Self::Specs => kind.specs.is_some(),
        }
    }
}

/// The reports of one call.
#[derive(Debug)]
pub struct Reports<'a> {
    context: &'a Context,
    requests: &'a [ReportRequest],
    about: About,
    /// The project's folder as the repository sees it.
    root: PathBuf,
}

impl<'a> Reports<'a> {
    /// Takes what was asked for, of the kinds that the command has. Standard output has room for one
    /// thing that is a document.
    pub fn new(
        context: &'a Context,
        arguments: &'a Reporting,
        about: About,
    ) -> Result<Self, CliError> {
        let requests = arguments.report.as_slice();
        if let Some(ReportRequest { kind, .. }) =
            requests.iter().find(|request| !about.has(request.kind))
        {
            let has = KINDS.iter().filter(|kind| about.has(kind));
            let has: Vec<String> = has.map(|kind| format!("`{}`", kind.word)).collect();
            let message = format!("this command has no report `{}`", kind.word);
            let hint = format!("it has {}", has.join(", "));
            return Err(CliError::new(Exit::Usage, message).hint(hint));
        }
        let to_stdout = requests.iter().filter(|request| request.file.is_none()).count();
        if to_stdout > usize::from(!context.settings.general.json) {
            let message = "two documents cannot both go to standard output";
            return Err(CliError::new(Exit::Usage, message).hint("give the report a file"));
        }
        Ok(Self { context, requests, about, root: context.settings.root_in_repository() })
    }

    /// Whether standard output is a report's, so that nothing else goes there.
    pub fn take_stdout(&self) -> bool {
        self.requests.iter().any(|request| request.file.is_none() && request.kind.whole)
    }

    /// The project's folder as the repository sees it.
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// Writes the reports of a plan, all of the same one.
    pub fn plan(&self, report: &OfPlan<'_>) -> Result<(), CliError> {
        for request in self.requests {
            if let Some(make) = request.kind.plan {
                self.write(request, &make(report)?)?;
            }
        }
        Ok(())
    }

    /// Writes the reports of drift, all of the same look.
    pub fn drift(&self, report: &OfDrift<'_>) -> Result<(), CliError> {
        for request in self.requests {
            if let Some(make) = request.kind.drift {
                self.write(request, &make(report, self.earlier(request).as_deref())?)?;
            }
        }
        Ok(())
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
        let report = OfSpecs { problems, root: &self.root };
        for request in self.requests.iter().filter(|request| self.about.has_problems(request.kind))
        {
            if let Some(make) = request.kind.specs {
                self.write(request, &make(&report)?)?;
            }
        }
        Ok(())
    }

    /// What a report that goes on from an earlier one finds in its file. What cannot be read is none:
    /// it is about to be replaced.
    fn earlier(&self, request: &ReportRequest) -> Option<String> {
        let file = request.file.as_ref().filter(|_| request.kind.collected)?;
        fs::read_to_string(self.context.settings.root.join(file)).ok()
    }

    fn write(&self, request: &ReportRequest, text: &str) -> Result<(), CliError> {
        let Some(file) = &request.file else { return self.context.print(text) };
        let path = self.context.settings.root.join(file);
        let written = if request.kind.collected {
            files::publish(&path, text.as_bytes())
        } else {
            fs::write(&path, text)
        };
        written.map_err(|error| CliError::file("write", &path, &error))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_report_has_a_kind_and_a_file() {
        let parse = |text: &str| text.parse::<ReportRequest>();
        let request = |word, file: Option<&str>| ReportRequest {
            kind: Kind::find(word).unwrap(),
            file: file.map(Into::into),
        };
        assert_eq!(parse("github=-"), Ok(request("github", None)));
        assert_eq!(parse("github=a=b"), Ok(request("github", Some("a=b"))));
        assert_eq!(parse("md=plan.md"), Ok(request("md", Some("plan.md"))));
        for text in ["", "github", "github=", "gitlab=-", "=x", "md="] {
            assert!(parse(text).is_err(), "{text}");
        }
    }

    #[test]
    fn every_kind_is_of_some_command_and_each_has_its_word() {
        let words: std::collections::BTreeSet<&str> = KINDS.iter().map(|kind| kind.word).collect();
        assert_eq!(words.len(), KINDS.len());
        let abouts = [About::Plan, About::Drift, About::Specs];
        for kind in &KINDS {
            assert!(abouts.iter().any(|about| about.has(kind)), "{}", kind.word);
        }
    }
}
