//! `nfplan schema`: what may stand in spec files.

use nfplan_specs::json_schema::SpecFile;
use nfplan_specs::json_schema::json_schema;
use nfplan_specs::reference::reference;

use super::Context;
use crate::args::SchemaArguments;
use crate::args::SchemaFile;
use crate::args::SchemaFormat;
use crate::error::CliError;
use crate::exit::Exit;

/// Prints the JSON Schema of some spec files, or the reference of all.
pub fn schema(context: &Context, arguments: &SchemaArguments) -> Result<Exit, CliError> {
    match arguments.format {
        SchemaFormat::Markdown if context.settings.general.json => {
            let message = "--json and --format markdown ask for two things";
            return Err(CliError::new(Exit::Usage, message).hint("leave one of them out"));
        }
        SchemaFormat::Json => context.print_json(&json_schema(match arguments.file {
            SchemaFile::Project => SpecFile::Project,
            SchemaFile::Workspaces => SpecFile::Workspaces,
            SchemaFile::Accepted => SpecFile::Accepted,
            SchemaFile::Approvals => SpecFile::Approvals,
        }))?,
        SchemaFormat::Markdown => context.print(&reference())?,
    }
    Ok(Exit::Fine)
}
