//! The commands, one file each; every one reads resolve, check, do, report.

pub mod apply;
pub mod destroy;
pub mod init;
pub mod plan;
pub mod show;
pub mod state;
pub mod validate;
pub mod version;

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

    /// Shows problems of spec files with their lines.
    pub fn show_diagnostics(&self, diagnostics: &Diagnostics) {
        if !diagnostics.is_empty() {
            // The terminal takes the colours out where they are not wanted.
            let text = render(diagnostics, Style::Ansi);
            self.terminal.note(&format!("{text}\n\n"));
        }
    }
}
