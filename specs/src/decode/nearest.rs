//! What was probably meant.

use crate::diagnostic::Diagnostic;

/// Adds what was probably meant, or what there is to choose from.
pub(crate) fn propose(problem: Diagnostic, text: &str, known: &[&str]) -> Diagnostic {
    match nearest(text, known.iter().copied()) {
        Some(near) => problem.suggest(format!("did you mean `{near}`?"), near),
        None if known.is_empty() => problem,
        None => problem.help(format!("known here: {}", known.join(", "))),
    }
}

/// The known word that `text` is probably a misspelling of.
pub(crate) fn nearest<'k>(text: &str, known: impl IntoIterator<Item = &'k str>) -> Option<&'k str> {
    let text = text.to_lowercase().replace('-', "_");
    let distance = |word: &str| strsim::damerau_levenshtein(&text, &word.replace('-', "_"));
    let ranked = known.into_iter().map(|word| (distance(word), word));
    let (distance, word) = ranked.min_by_key(|(distance, _)| *distance)?;
    (distance <= word.chars().count().max(3) / 3).then_some(word)
}
