//! Text made safe to show and cut to size.

/// Stands for what was cut out.
const CUT: char = '…';

/// How much of what two texts have in common stays beside the part that differs.
const NEARBY: usize = 8;

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

/// Cuts two texts that differ so that the difference stays in sight: first what they have in
/// common, then the middle.
pub(crate) fn cut_pair(before: &str, after: &str, most: usize) -> (String, String) {
    if width(before) <= most && width(after) <= most {
        return (before.into(), after.into());
    }
    let (old, new): (Vec<char>, Vec<char>) = (before.chars().collect(), after.chars().collect());
    let start = common(old.iter(), new.iter());
    let shorter = old.len().min(new.len());
    let end = common(old.iter().rev(), new.iter().rev()).min(shorter - start);
    let around = |text: &[char]| cut(&middle(text, start, end), most);
    (around(&old), around(&new))
}

/// The part of a text between a common start and end, with a little of both.
fn middle(text: &[char], start: usize, end: usize) -> String {
    let from = start.saturating_sub(NEARBY);
    let to = (text.len() - end + NEARBY).min(text.len());
    let mut part = String::new();
    // A mark that is as long as what it stands for saves nothing.
    let from = if from > 1 { from } else { 0 };
    let to = if to + 1 < text.len() { to } else { text.len() };
    part.extend((from > 0).then_some(CUT));
    part.extend(&text[from..to]);
    part.extend((to < text.len()).then_some(CUT));
    part
}

fn common<'a>(a: impl Iterator<Item = &'a char>, b: impl Iterator<Item = &'a char>) -> usize {
    a.zip(b).take_while(|(a, b)| a == b).count()
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

    #[test]
    fn a_cut_pair_shows_where_it_differs() {
        let arn = |middle: &str| format!("arn:aws:iam::111122223333:role/{middle}/a-long-tail");
        let (before, after) = cut_pair(&arn("old"), &arn("brand-new"), 24);
        assert_eq!(
            (before.as_str(), after.as_str()),
            ("…33:role/old/a-long-…", "…33:role/bra…ew/a-long-…")
        );
    }

    #[test]
    fn texts_of_which_one_begins_the_other_are_cut_apart() {
        let long = "a".repeat(50);
        let (before, after) = cut_pair(&long, &format!("{long}aa"), 20);
        assert_ne!(before, after);
    }
}
