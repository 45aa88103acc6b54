//! Reports beside what a command shows: `--report KIND=FILE`.

use std::fmt::Write as _;
use std::fs;
use std::path::Path;
use std::path::PathBuf;
use std::str::FromStr;

use nfplan_engine::plan::Plan;
use nfplan_specs::annotation::annotation;
use nfplan_specs::diagnostic::Diagnostics;

use crate::args::Reporting;
use crate::commands::Context;
use crate::drifting::document::DriftDocument;
use crate::error::CliError;
use crate::exit::Exit;
use crate::render::comment::Frame;
use crate::render::comment::comment;
use crate::render::comment::drift;

/// One report that was asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReportRequest {
    kind: Kind,
    /// None is standard output.
    file: Option<PathBuf>,
}

/// What a report is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Problems of spec files as annotations of GitHub Actions.
    Github,
    /// A plan as a comment of a pull request.
    Markdown,
    /// A plan as the document that `--json` prints.
    Json,
}

impl Kind {
    const WORDS: [(&'static str, Self); 3] =
        [("github", Self::Github), ("md", Self::Markdown), ("json", Self::Json)];

    fn word(self) -> &'static str {
        Self::WORDS.iter().find(|(_, kind)| *kind == self).map_or("", |(word, _)| word)
    }
}

impl FromStr for ReportRequest {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let words: Vec<&str> = Kind::WORDS.iter().map(|(word, _)| *word).collect();
        let kinds = words.join(", ");
        let expected =
            format!("KIND=FILE, or KIND=- for standard output; a kind is one of {kinds}");
        let (word, file) = text.split_once('=').ok_or_else(|| format!("write {expected}"))?;
        let known = Kind::WORDS.iter().find(|(known, _)| *known == word);
        let (_, kind) =
            known.ok_or_else(|| format!("there is no report `{word}`; write {expected}"))?;
        if file.is_empty() {
            return Err(format!("the file is missing; write {expected}"));
        }
        let file = (file != "-").then(|| file.into());
        Ok(Self { kind: *kind, file })
    }
}

/// The reports of one call.
#[derive(Debug)]
pub struct Reports<'a> {
    context: &'a Context,
    requests: &'a [ReportRequest],
}

impl<'a> Reports<'a> {
    /// Takes what was asked for, of the kinds that the command has. Standard output has room for one
    /// thing that is a document.
    pub fn new(
        context: &'a Context,
        arguments: &'a Reporting,
        kinds: &[Kind],
    ) -> Result<Self, CliError> {
        let requests = arguments.report.as_slice();
        let strange = requests.iter().find(|request| !kinds.contains(&request.kind));
        if let Some(ReportRequest { kind, .. }) = strange {
            let has: Vec<String> = kinds.iter().map(|kind| format!("`{}`", kind.word())).collect();
            let message = format!("this command has no report `{}`", kind.word());
            let hint = format!("it has {}", has.join(", "));
            return Err(CliError::new(Exit::Usage, message).hint(hint));
        }
        let to_stdout = requests.iter().filter(|request| request.file.is_none()).count();
        if to_stdout > usize::from(!context.settings.general.json) {
            let message = "two documents cannot both go to standard output";
            return Err(CliError::new(Exit::Usage, message).hint("give the report a file"));
        }
        Ok(Self { context, requests })
    }

    /// Whether standard output is a report's, so that nothing else goes there.
    pub fn take_stdout(&self) -> bool {
        let mut plans = self.requests.iter().filter(|request| request.kind != Kind::Github);
        plans.any(|request| request.file.is_none())
    }

    /// Writes the reports of a plan, all of the same one.
    pub fn plan(&self, plan: &Plan, frame: &Frame) -> Result<(), CliError> {
        for ReportRequest { kind, file } in self.requests {
            let text = match kind {
                Kind::Github => continue,
                Kind::Markdown => comment(plan, frame),
                Kind::Json => as_json(plan)?,
            };
            self.write(file.as_deref(), &text)?;
        }
        Ok(())
    }

    /// Writes the reports of drift, all of the same look.
    pub fn drift(
        &self,
        document: &DriftDocument<'_>,
        environment: &str,
        text: &str,
    ) -> Result<(), CliError> {
        for ReportRequest { kind, file } in self.requests {
            let text = match kind {
                Kind::Github => continue,
                Kind::Markdown => {
                    drift(environment, &self.context.settings.project_key(environment), text)
                }
                Kind::Json => as_json(document)?,
            };
            self.write(file.as_deref(), &text)?;
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
        let github = self.requests.iter().filter(|request| request.kind == Kind::Github);
        for ReportRequest { file, .. } in github {
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

/// A document as text.
pub fn as_json(document: &impl serde::Serialize) -> Result<String, CliError> {
    let text = serde_json::to_string_pretty(document);
    let text = text.map_err(|error| CliError::new(Exit::Error, error.to_string()))?;
    Ok(format!("{text}\n"))
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
        let markdown = ReportRequest { kind: Kind::Markdown, file: Some("plan.md".into()) };
        assert_eq!(parse("md=plan.md"), Ok(markdown));
        for text in ["", "github", "github=", "gitlab=-", "=x", "md="] {
            assert!(parse(text).is_err(), "{text}");
        }
    }
}
