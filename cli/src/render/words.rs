//! Two one-line texts beside each other: which words differ, kept in sight whatever has to be cut.

use std::cmp::Reverse;
use std::collections::BTreeSet;

use similar::DiffOp;
use similar::DiffTag;
use similar::TextDiff;

use super::text::CUT;
use super::text::cut;
use super::text::width;

/// How much of what two texts share stays at least beside a part that differs.
const NEARBY: usize = 4;

/// How much of two texts must be equal for one to be the other, changed; in parts of a hundred.
const ALIKE: usize = 40;
/// So many comparisons are made at most to find which text became which.
const MOST_PAIRS: usize = 400;

/// A part of one of two texts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Piece {
    /// Whether the other text does not have it there.
    pub(super) differs: bool,
    /// The text.
    pub(super) text: String,
}

impl Piece {
    fn new(differs: bool, text: impl Into<String>) -> Self {
        Self { differs, text: text.into() }
    }
}

/// The pieces that a text is made of, in order.
pub(super) type Pieces = Vec<Piece>;

/// A text that is compared with nothing.
pub(super) fn whole(text: &str) -> Pieces {
    vec![Piece::new(false, text)]
}

/// The words in which two texts differ. Putting the pieces together gives the texts again.
pub(super) fn differing(before: &str, after: &str) -> (Pieces, Pieces) {
    let (old, new) = (words(before), words(after));
    let diff = TextDiff::from_slices(&old, &new);
    // What only the other text has stays as a piece without text: what is around it is near.
    let pieces = |of: &dyn Fn(&DiffOp) -> String| -> Pieces {
        diff.ops().iter().map(|op| Piece::new(op.tag() != DiffTag::Equal, of(op))).collect()
    };
    (pieces(&|op| old[op.old_range()].concat()), pieces(&|op| new[op.new_range()].concat()))
}

/// Words, and every other character by itself; what a backslash escapes stays with it.
fn words(text: &str) -> Vec<&str> {
    let mut words = Vec::new();
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        let end = if is_word(first) {
            rest.find(|c| !is_word(c)).unwrap_or(rest.len())
        } else {
            let escaped = if first == '\\' { rest[1..].chars().next() } else { None };
            first.len_utf8() + escaped.map_or(0, char::len_utf8)
        };
        let (word, others) = rest.split_at(end);
        words.push(word);
        rest = others;
    }
    words
}

fn is_word(character: char) -> bool {
    character.is_alphanumeric() || character == '_'
}

/// The words in which two texts differ if one may be the other, changed; else both whole.
pub(super) fn compared(before: &str, after: &str) -> (Pieces, Pieces) {
    let pieces = differing(before, after);
    if likeness(&pieces) >= ALIKE { pieces } else { (whole(before), whole(after)) }
}

/// How much two compared texts have in common, in parts of a hundred of the longer one.
fn likeness((old, new): &(Pieces, Pieces)) -> usize {
    let length = |pieces: &[Piece]| pieces.iter().map(|piece| piece.text.len()).sum::<usize>();
    let common: usize = old.iter().filter(|piece| !piece.differs).map(|p| p.text.len()).sum();
    100 * common / length(old).max(length(new)).max(1)
}

/// Puts those texts beside each other that may be one another, changed, the most alike first; the
/// rest stands alone.
pub(super) fn pairs(olds: &[String], news: &[String]) -> Vec<(Option<usize>, Option<usize>)> {
    let mut found = Vec::new();
    if olds.len() * news.len() <= MOST_PAIRS {
        for (old, before) in olds.iter().enumerate() {
            for (new, after) in news.iter().enumerate() {
                let likeness = likeness(&differing(before, after));
                if likeness >= ALIKE {
                    found.push((Reverse(likeness), old, new));
                }
            }
        }
    }
    found.sort_unstable();
    let mut counterparts: Vec<Option<usize>> = vec![None; olds.len()];
    let mut left: BTreeSet<usize> = (0..news.len()).collect();
    for (_, old, new) in found {
        if counterparts[old].is_none() && left.remove(&new) {
            counterparts[old] = Some(new);
        }
    }
    let olds = counterparts.into_iter().enumerate().map(|(old, new)| (Some(old), new));
    olds.chain(left.into_iter().map(|new| (None, Some(new)))).collect()
}

/// Cuts two compared texts to `most` columns each. What differs stays in sight: first what they
/// share is cut, then the middle of what is between a common beginning and end.
pub(super) fn fit(pair: (Pieces, Pieces), most: usize) -> (Pieces, Pieces) {
    let fits = |pair: &(Pieces, Pieces)| columns(&pair.0) <= most && columns(&pair.1) <= most;
    if fits(&pair) {
        return pair;
    }
    let shorter = |nearby| (shorten(&pair.0, nearby), shorten(&pair.1, nearby));
    // Whole texts that are too unlike to be compared have nothing that the rest could be cut around.
    let compared = pair.0.iter().chain(&pair.1).any(|piece| piece.differs);
    let widths = if compared { NEARBY..most } else { 0..0 };
    let fitting = widths.rev().map(shorter).find(fits);
    fitting.unwrap_or_else(|| cut_apart(&text_of(&pair.0), &text_of(&pair.1), most))
}

/// The columns that the pieces take.
pub(super) fn columns(pieces: &[Piece]) -> usize {
    pieces.iter().map(|piece| width(&piece.text)).sum()
}

/// The text that the pieces are of.
pub(super) fn text_of(pieces: &[Piece]) -> String {
    pieces.iter().map(|piece| piece.text.as_str()).collect()
}

/// Leaves of the pieces that do not differ only what is near one that does.
fn shorten(pieces: &[Piece], nearby: usize) -> Pieces {
    let last = pieces.len().saturating_sub(1);
    let short = |(index, piece): (usize, &Piece)| {
        let characters: Vec<char> = piece.text.chars().collect();
        let head = if index > 0 { nearby } else { 0 };
        let tail = if index < last { nearby } else { 0 };
        // A mark that is as long as what it stands for saves nothing.
        if piece.differs || characters.len() <= head + tail + 1 {
            return piece.clone();
        }
        let mut text: String = characters[..head].iter().collect();
        text.push(CUT);
        text.extend(&characters[characters.len() - tail..]);
        Piece::new(false, text)
    };
    pieces.iter().enumerate().map(short).collect()
}

/// Cuts the middle between the beginning and the end that two texts have in common, character by
/// character. Since the middles differ in their first and last characters, they look different.
fn cut_apart(before: &str, after: &str, most: usize) -> (Pieces, Pieces) {
    let (old, new): (Vec<char>, Vec<char>) = (before.chars().collect(), after.chars().collect());
    let start = common(old.iter(), new.iter());
    let shorter = old.len().min(new.len());
    let end = common(old.iter().rev(), new.iter().rev()).min(shorter - start);
    let around = |text: &[char]| {
        let piece = |range: &[char]| range.iter().collect::<String>();
        let middle = piece(&text[start..text.len() - end]);
        let pieces = [
            Piece::new(false, piece(&text[..start])),
            Piece::new(true, cut(&middle, most.saturating_sub(2 * (NEARBY + 1)))),
            Piece::new(false, piece(&text[text.len() - end..])),
        ];
        shorten(&pieces, NEARBY)
    };
    (around(&old), around(&new))
}

fn common<'a>(a: impl Iterator<Item = &'a char>, b: impl Iterator<Item = &'a char>) -> usize {
    a.zip(b).take_while(|(a, b)| a == b).count()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// The text with what differs in brackets.
    fn marked(pieces: &[Piece]) -> String {
        let mark = |piece: &Piece| {
            if piece.differs { format!("[{}]", piece.text) } else { piece.text.clone() }
        };
        pieces.iter().map(mark).collect()
    }

    fn shown(before: &str, after: &str, most: usize) -> (String, String) {
        let (old, new) = fit(differing(before, after), most);
        (marked(&old), marked(&new))
    }

    #[test]
    fn the_words_that_differ_are_told() {
        let (old, new) =
            shown("arn:aws:iam::1:role/old-name/x", "arn:aws:iam::1:role/new-name/x", 80);
        assert_eq!(old, "arn:aws:iam::1:role/[old]-name/x");
        assert_eq!(new, "arn:aws:iam::1:role/[new]-name/x");
        let (old, new) = shown("a b", "a c b", 80);
        assert_eq!((old.as_str(), new.as_str()), ("a []b", "a [c ]b"));
    }

    #[test]
    fn what_is_shared_is_cut_before_what_differs() {
        let arn = |middle: &str| format!("arn:aws:iam::111122223333:role/{middle}/a-long-tail");
        let (old, new) = shown(&arn("old"), &arn("brand-new"), 28);
        assert_eq!(old, "…33:role/[old]/a-long-…");
        assert_eq!(new, "…33:role/[brand-new]/a-long-…");
    }

    #[test]
    fn texts_of_which_one_begins_the_other_are_cut_apart() {
        let long = "a".repeat(50);
        let (old, new) = shown(&long, &format!("{long}aa"), 20);
        assert_eq!((old.as_str(), new.as_str()), ("…aaaa[]", "…aaaa[aa]"));
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(256))]
        #[test]
        fn pieces_are_the_texts_and_cut_pieces_differ_and_fit(
            before in "[a-c:/ \\\\é]{0,60}",
            after in "[a-c:/ \\\\é]{0,60}",
            most in 12_usize..40,
        ) {
            let (old, new) = differing(&before, &after);
            prop_assert_eq!((text_of(&old), text_of(&new)), (before.clone(), after.clone()));
            prop_assert_eq!(before == after, !old.iter().chain(&new).any(|piece| piece.differs));
            for pair in [(old, new), compared(&before, &after)] {
                let (old, new) = fit(pair, most);
                if before != after {
                    prop_assert_ne!(text_of(&old), text_of(&new));
                    prop_assert!(columns(&old) <= most && columns(&new) <= most, "{old:?} {new:?}");
                }
            }
        }
    }
}
