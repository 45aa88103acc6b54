//! The commands, one file each; every one reads resolve, check, do, report.

pub mod apply;
pub mod destroy;
pub mod diff;
pub mod explain;
pub mod graph;
pub mod init;
pub mod output;
pub mod plan;
pub mod schema;
pub mod show;
pub mod state;
pub mod validate;
pub mod version;

use std::collections::BTreeMap;

use nfplan_providers::sim::CallCount;
use nfplan_providers::sim::Sim;
use nfplan_specs::diagnostic::Diagnostics;
use nfplan_specs::render::Style;
use nfplan_specs::render::render;

use crate::error::CliError;
use crate::exit::Exit;
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
        let text = serde_json::to_string_pretty(document)
            .map_err(|error| CliError::new(Exit::Error, error.to_string()))?;
        self.print(&format!("{text}\n"))
    }

    /// Shows how many calls of each API there were, if asked for.
    pub fn show_calls(&self, cloud: &Sim) {
        if !self.settings.general.verbose {
            return;
        }
        let mut counts: BTreeMap<&str, u64> = BTreeMap::new();
        for call in cloud.call_log() {
            *counts.entry(call.operation).or_default() += 1;
        }
        let CallCount { reads, writes } = cloud.call_count();
        let list: Vec<String> =
            counts.iter().map(|(name, count)| format!("{name} {count}")).collect();
        self.terminal.note(&format!(
            "calls: {reads} that look, {writes} that change\n  {}\n",
            list.join(", ")
        ));
    }

    /// Shows problems of spec files with their lines.
    pub fn show_diagnostics(&self, diagnostics: &Diagnostics) {
        if !diagnostics.is_empty() {
            // The terminal takes the colours out where they are not wanted.
            let text = render(diagnostics, Style::Ansi);
            self.terminal.note(&format!("{text}\n\n"));
        }
    }
}
