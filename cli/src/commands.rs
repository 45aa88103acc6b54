//! The commands, one file each; every one reads resolve, check, do, report.

pub mod accept;
pub mod adopt;
pub mod apply;
pub mod can;
pub mod comment;
pub mod completions;
pub mod config;
pub mod credentials;
pub mod destroy;
pub mod diff;
pub mod drift;
pub mod env;
pub mod explain;
pub mod graph;
pub mod init;
pub mod man;
pub mod nextflow_config;
pub mod output;
pub mod permissions;
pub mod plan;
pub mod reviewed;
pub mod rollback;
pub mod schema;
pub mod show;
pub mod state;
pub mod status;
pub mod unlock;
pub mod update;
pub mod validate;
pub mod version;

use nfplan_providers::cloud::Cloud;
use nfplan_specs::diagnostic::Diagnostics;
use nfplan_specs::render::Style;
use nfplan_specs::render::render;

use crate::error::CliError;
use crate::exit::Exit;
use crate::render::prose::prose;
use crate::reporting::as_json;
use crate::settings::Settings;
use crate::terminal::Terminal;

/// What every command is given.
#[derive(Debug)]
pub struct Context {
    /// Settings of this call.
    pub settings: Settings,
    /// Where to write.
    pub terminal: Terminal,
}

impl Context {
    /// Prints the command's data.
    pub fn print(&self, text: &str) -> Result<(), CliError> {
        let fail = |error| CliError::new(Exit::Error, format!("cannot write the output: {error}"));
        self.terminal.out(text).map_err(fail)
    }

    /// Prints a JSON document as the command's data.
    pub fn print_json(&self, document: &impl serde::Serialize) -> Result<(), CliError> {
        self.print(&as_json(document)?)
    }

    /// Says what is neither a result nor a failure, unless only those are wanted.
    pub fn note(&self, text: &str) {
        if !self.settings.general.quiet {
            self.terminal.note(&prose(text, self.terminal.width));
        }
    }

    /// Says more, if that is asked for.
    pub fn more(&self, text: impl FnOnce() -> String) {
        if self.settings.general.verbose {
            self.terminal.note(&prose(&text(), self.terminal.width));
        }
    }

    /// Shows how many calls of each API there were, if asked for.
    pub fn show_calls(&self, cloud: &Cloud) {
        self.more(|| {
            let counts = cloud.call_counts();
            let list: Vec<String> =
                counts.operations().map(|(name, count)| format!("{count}×{name}")).collect();
            let (reads, writes, list) = (counts.reads(), counts.writes(), list.join(", "));
            format!("calls: {reads} that look, {writes} that change\n  {list}\n")
        });
    }

    /// Shows warnings about spec files, which are neither results nor failures.
    pub fn show_warnings(&self, warnings: &Diagnostics) {
        if !self.settings.general.quiet {
            self.show_diagnostics(warnings);
        }
    }

    /// Shows problems of spec files with their lines.
    pub fn show_diagnostics(&self, diagnostics: &Diagnostics) {
        if !diagnostics.is_empty() {
            // The terminal takes the colours out where they are not wanted.
            let text = render(diagnostics, Style::Ansi, self.terminal.width);
            self.terminal.note(&format!("{text}\n\n"));
        }
    }
}
