//! Plain sentences that fit the width.

use super::page::Line;
use super::page::Page;

/// Breaks each line between words where it is too long; words, which may be paths to be copied,
/// stay whole.
pub fn prose(text: &str, width: usize) -> String {
    let mut page = Page::new(width);
    page.cut_words(false);
    for line in text.lines() {
        let words = line.trim_start_matches(' ');
        page.put(&Line::at(line.len() - words.len()).text(words));
    }
    page.finish()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_keep_their_beginning_and_paths_stay_whole() {
        let text = "calls: 3\n  one 1, two 2, three 3\nwrote a/very/long/path\n";
        let broken = "calls: 3\n  one 1, two 2,\n      three 3\nwrote\n    a/very/long/path\n";
        assert_eq!(prose(text, 16), broken);
        assert_eq!(prose(text, 80), text);
    }
}
