//! Which known words somebody may have meant by one that is not known.

/// The known word that `text` is probably a misspelling of.
pub fn nearest<'k>(text: &str, known: impl IntoIterator<Item = &'k str>) -> Option<&'k str> {
    let text = plain(text);
    let likely =
        known.into_iter().filter_map(|word| Some((misspelling(&text, &plain(word))?, word)));
    likely.min_by_key(|(distance, _)| *distance).map(|(_, word)| word)
}

/// The known names that may be meant by `text`, likeliest first, none twice: those it is a
/// misspelling of, with or without what follows an `@`, and then those that it begins.
pub fn near<'k>(text: &str, known: impl IntoIterator<Item = &'k str>) -> Vec<&'k str> {
    let text = plain(text);
    let rank = |name: &str| {
        let name = plain(name);
        let local = name.split_once('@').and_then(|(local, _)| misspelling(&text, local));
        let begins = (!text.is_empty() && name.starts_with(&text)).then_some(name.chars().count());
        misspelling(&text, &name).into_iter().chain(local).min().or(begins)
    };
    let mut likely: Vec<(usize, &str)> =
        known.into_iter().filter_map(|name| Some((rank(name)?, name))).collect();
    likely.sort_unstable();
    likely.dedup();
    likely.into_iter().map(|(_, name)| name).collect()
}

/// Case, and which of `-` and `_` joins words, are no difference.
fn plain(text: &str) -> String {
    text.to_lowercase().replace('-', "_")
}

/// In how many places `text` differs from `word`, if these are few enough for a misspelling.
fn misspelling(text: &str, word: &str) -> Option<usize> {
    let distance = strsim::damerau_levenshtein(text, word);
    (distance <= word.chars().count().max(3) / 3).then_some(distance)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_nearest_word_is_found_whatever_its_case_and_joints() {
        let known = ["max_vcpus", "min_vcpus", "type"];
        assert_eq!(nearest("max_vcpu", known), Some("max_vcpus"));
        assert_eq!(nearest("Max-VCPUs", known), Some("max_vcpus"));
        assert_eq!(nearest("tpye", known), Some("type"));
        assert_eq!(nearest("strategy", known), None);
    }

    #[test]
    fn names_are_near_by_spelling_before_the_at_and_by_how_they_begin() {
        let known = ["alice@example.org", "alan@example.org", "bob@example.org", "platform:main"];
        assert_eq!(near("Alice", known), ["alice@example.org"]);
        assert_eq!(near("alcie@example.org", known)[0], "alice@example.org");
        assert_eq!(near("al", known), ["alan@example.org", "alice@example.org"]);
        assert_eq!(near("platform:mian", known), ["platform:main"]);
        assert_eq!(near("", known), Vec::<&str>::new());
        assert_eq!(near("zoe", known), Vec::<&str>::new());
    }
}
