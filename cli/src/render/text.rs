//! Text made safe to show and cut to size.

/// Stands for what was cut out.
pub(super) const CUT: char = '…';

/// The text with everything that a terminal would not show as it is written out: control
/// characters, and marks that are invisible or change the direction of writing.
pub(crate) fn visible(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    for character in text.chars() {
        if character.is_control() || is_invisible(character) {
            shown.extend(character.escape_default());
        } else {
            shown.push(character);
        }
    }
    shown
}

fn is_invisible(character: char) -> bool {
    matches!(
        character,
        '\u{ad}'
            | '\u{61c}'
            | '\u{180e}'
            | '\u{200b}'..='\u{200f}'
            | '\u{2028}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}'
            | '\u{feff}'
            | '\u{fff9}'..='\u{fffb}'
            | '\u{e0000}'..='\u{e007f}'
    )
}

/// How many columns the text takes.
pub(crate) fn width(text: &str) -> usize {
    console::measure_text_width(text)
}

/// Cuts the middle out of a text that takes more than `most` columns.
pub(crate) fn cut(text: &str, most: usize) -> String {
    if width(text) <= most {
        return text.into();
    }
    let room = most.saturating_sub(1);
    let head = take(text.chars(), room - room / 2);
    let tail: String = take(text.chars().rev(), room / 2).chars().rev().collect();
    format!("{head}{CUT}{tail}")
}

/// Words as a sentence: with a capital letter and a period.
pub(crate) fn sentence(words: &str) -> String {
    let mut characters = words.trim_end_matches('.').chars();
    let first = characters.next().into_iter().flat_map(char::to_uppercase);
    first.chain(characters).chain(['.']).collect()
}

fn take(characters: impl Iterator<Item = char>, columns: usize) -> String {
    let mut taken = String::new();
    let mut used = 0;
    for character in characters {
        used += width(character.encode_utf8(&mut [0; 4]));
        if used > columns {
            break;
        }
        taken.push(character);
    }
    taken
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn control_and_direction_characters_are_written_out() {
        assert_eq!(visible("a\x1b[31mb\r\n\u{202e}é"), "a\\u{1b}[31mb\\r\\n\\u{202e}é");
        assert_eq!(visible("\u{9b}1m\u{200b}"), "\\u{9b}1m\\u{200b}");
    }

    #[test]
    fn a_cut_text_keeps_its_ends_and_takes_the_columns_it_was_given() {
        assert_eq!(cut("0123456789", 10), "0123456789");
        assert_eq!(cut("0123456789", 7), "012…789");
        assert_eq!(width(&cut("漢字漢字漢字", 6)), 5);
        assert_eq!(cut("0123456789", 1), "…");
    }
}
