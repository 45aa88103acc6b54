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
    /// Prints a JSON document as the command's data.
    pub fn print_json(&self, document: &impl serde::Serialize) -> Result<(), CliError> {
        let text = serde_json::to_string_pretty(document)
            .map_err(|error| CliError::new(Exit::Error, error.to_string()))?;
        self.terminal.out(&format!("{text}\n"));
        Ok(())
    }

    /// Shows problems of spec files with their lines.
    pub fn show_diagnostics(&self, diagnostics: &Diagnostics) {
        if !diagnostics.is_empty() {
            let style = if self.terminal.colour { Style::Colour } else { Style::Plain };
            self.terminal.note(&render(diagnostics, style));
        }
    }
}
