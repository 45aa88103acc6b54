//! `nfplan config`: every setting with its value and where it comes from.

use serde::Serialize;

use super::Context;
use crate::configuration::Setting;
use crate::configuration::UnknownVariable;
use crate::configuration::settings;
use crate::configuration::unknown_variables;
use crate::error::CliError;
use crate::exit::Exit;
use crate::render;
use crate::render::config::View;
use crate::run::Call;
use crate::settings::heeded;

#[derive(Serialize)]
struct ConfigDocument {
    format: &'static str,
    precedence: [&'static str; 4],
    settings: Vec<Setting>,
    variables: Vec<Heeded>,
    unknown_variables: Vec<UnknownVariable>,
}

/// A variable of others that is set and means something. Its value is nobody's business.
#[derive(Serialize)]
struct Heeded {
    name: &'static str,
    meaning: &'static str,
}

/// Shows the settings. Needs no project, and shows as much as can be read of a broken one.
pub fn config(context: &Context, call: &Call) -> Result<Exit, CliError> {
    let settings = settings(&call.definition, &call.matches, &context.settings.root);
    if context.settings.general.json {
        context.print_json(&ConfigDocument {
            format: "nfplan.config/1",
            precedence: ["flag", "variable", "file", "default"],
            settings,
            variables: heeded().map(|(name, meaning)| Heeded { name, meaning }).collect(),
            unknown_variables: unknown_variables(&call.definition),
        })?;
        return Ok(Exit::Fine);
    }
    let view = View { width: context.terminal.width, verbose: context.settings.general.verbose };
    let heeded: Vec<_> = heeded().collect();
    context.print(&render::config::config(&settings, &heeded, &view))?;
    Ok(Exit::Fine)
}
