//! `nfplan state verify`: whether what is kept is sound.

use nfplan_state::verify::verify as check;

use crate::args::Selection;
use crate::commands::Context;
use crate::documents::upkeep::VerifyDocument;
use crate::error::CliError;
use crate::exit::Exit;
use crate::render;
use crate::upkeep::Verified;
use crate::upkeep::survey;
use crate::upkeep::units;

/// Checks every unit and names what is damaged.
pub(super) async fn verify(context: &Context, selection: &Selection) -> Result<Exit, CliError> {
    let (store, universe) = survey(context).await?;
    let mut verified = Vec::new();
    for unit in units(&universe, selection)? {
        let verdict = check(&store, &unit).await?;
        verified.push(Verified { unit, verdict });
    }
    if context.settings.general.json {
        context.print_json(&VerifyDocument::new(&verified))?;
    } else {
        context.print(&render::upkeep::verdicts(&verified, context.terminal.width))?;
    }
    let exits = verified.iter().map(|Verified { verdict, .. }| match verdict.is_corrupt() {
        true => Exit::Stuck,
        false if verdict.problems.is_empty() => Exit::Fine,
        // A newer nfplan wrote it: this one cannot say.
        false => Exit::Refused,
    });
    Ok(exits.fold(Exit::Fine, Exit::worse))
}
