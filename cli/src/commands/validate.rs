//! `nfplan validate`: all problems of all specs, offline.

use nfplan_specs::fleet::Fleet;

use super::Context;
use crate::args::ValidateArguments;
use crate::documents::ValidateDocument;
use crate::error::CliError;
use crate::exit::Exit;
use crate::project::what_was_read;
use crate::render::counted;
use crate::reporting::About;
use crate::reporting::Reports;

/// Checks the specs.
pub fn validate(context: &Context, arguments: &ValidateArguments) -> Result<Exit, CliError> {
    let json = context.settings.general.json;
    let reports = Reports::new(context, &arguments.reporting, About::Specs)?;
    let fleet = Fleet::load(&context.settings.root).map_err(CliError::from);
    let fleet = match reports.problems(fleet) {
        Err(CliError { diagnostics: Some(diagnostics), exit, .. }) if json => {
            context.print_json(&ValidateDocument::new(false, 0, &diagnostics))?;
            return Ok(exit);
        }
        other => other?,
    };
    let (workspaces, places) = (fleet.workspaces().count(), fleet.places().len());
    reports.diagnostics(fleet.warnings())?;
    if json {
        context.print_json(&ValidateDocument::new(true, workspaces, fleet.warnings()))?;
        return Ok(Exit::Fine);
    }
    context.show_warnings(fleet.warnings());
    context.more(|| what_was_read(Some(&fleet), &context.settings));
    if reports.take_stdout() {
        return Ok(Exit::Fine);
    }
    let workspaces = counted(workspaces as u64, "workspace");
    let places = counted(places as u64, "account");
    context.print(&format!("The specs are valid: {workspaces} in {places}.\n"))?;
    Ok(Exit::Fine)
}
