//! `nfplan schema`: what may stand in spec files, and in the documents that nfplan prints.

use nfplan_specs::json_schema::SpecFile;
use nfplan_specs::json_schema::json_schema;
use nfplan_specs::reference::reference;

use super::Context;
use crate::args::SchemaArguments;
use crate::args::SchemaFormat;
use crate::args::SchemaOf;
use crate::documents::schemas;
use crate::error::CliError;
use crate::exit::Exit;

/// What a schema is of, for whoever makes it.
enum Subject {
    Specs(SpecFile),
    Document(&'static str),
}

/// Prints a JSON Schema, or the reference of all spec files.
pub fn schema(context: &Context, arguments: &SchemaArguments) -> Result<Exit, CliError> {
    match (arguments.format, subject(arguments.of)) {
        (SchemaFormat::Markdown, _) if context.settings.general.json => {
            let message = "--json and --format markdown ask for two things";
            return Err(CliError::new(Exit::Usage, message).hint("leave one of them out"));
        }
        (SchemaFormat::Markdown, Subject::Document(_)) => {
            let message = "there is no reference of documents in Markdown";
            return Err(CliError::new(Exit::Usage, message).hint("leave out --format markdown"));
        }
        (SchemaFormat::Markdown, Subject::Specs(_)) => context.print(&reference())?,
        (SchemaFormat::Json, Subject::Specs(file)) => context.print_json(&json_schema(file))?,
        (SchemaFormat::Json, Subject::Document(text)) => context.print(text)?,
    }
    Ok(Exit::Fine)
}

fn subject(of: SchemaOf) -> Subject {
    match of {
        SchemaOf::Project => Subject::Specs(SpecFile::Project),
        SchemaOf::Workspaces => Subject::Specs(SpecFile::Workspaces),
        SchemaOf::Accepted => Subject::Specs(SpecFile::Accepted),
        SchemaOf::Approvals => Subject::Specs(SpecFile::Approvals),
        SchemaOf::Plan => Subject::Document(schemas::PLAN),
        SchemaOf::Drift => Subject::Document(schemas::DRIFT),
        SchemaOf::Apply => Subject::Document(schemas::APPLY),
        SchemaOf::Validate => Subject::Document(schemas::VALIDATE),
        SchemaOf::Update => Subject::Document(schemas::UPDATE),
        SchemaOf::Error => Subject::Document(schemas::ERROR),
    }
}
