//! What was probably meant.

use crate::diagnostic::Diagnostic;
use crate::likeness::nearest;

/// Adds what was probably meant, or what there is to choose from.
pub(crate) fn propose(problem: Diagnostic, text: &str, known: &[&str]) -> Diagnostic {
    match nearest(text, known.iter().copied()) {
        Some(near) => problem.suggest(format!("did you mean `{near}`?"), near),
        None if known.is_empty() => problem,
        None => problem.help(format!("known here: {}", known.join(", "))),
    }
}
