//! Lines of styled text, broken between words to fit the width.

use anstyle::AnsiColor;
use anstyle::Style;

use super::text::cut;
use super::text::visible;
use super::text::width;

/// As it is.
pub(crate) const PLAIN: Style = Style::new();
/// Headings and names.
pub(crate) const STRONG: Style = Style::new().bold();
/// What can be passed over.
pub(crate) const FAINT: Style = Style::new().dimmed();
/// What adds.
pub(crate) const GREEN: Style = AnsiColor::Green.on_default();
/// What changes.
pub(crate) const YELLOW: Style = AnsiColor::Yellow.on_default();
/// What takes away or failed.
pub(crate) const RED: Style = AnsiColor::Red.on_default();

/// How far a continued line stands behind its beginning.
const HANG: usize = 4;

/// One line of styled text, before it is broken.
#[derive(Debug, Clone, Default)]
pub(crate) struct Line {
    indent: usize,
    spans: Vec<(Style, String)>,
    uncut: bool,
}

impl Line {
    /// An empty line, `indent` columns in.
    pub(crate) fn at(indent: usize) -> Self {
        Self { indent, ..Self::default() }
    }

    /// Adds text as it is, control characters written out.
    pub(crate) fn text(self, text: impl AsRef<str>) -> Self {
        self.styled(PLAIN, text)
    }

    /// Adds text in a style, control characters written out.
    pub(crate) fn styled(mut self, style: Style, text: impl AsRef<str>) -> Self {
        self.spans.push((style, visible(text.as_ref())));
        self
    }

    /// Adds text in a style to a line that is made already.
    pub(crate) fn append(&mut self, style: Style, text: &str) {
        self.spans.push((style, visible(text)));
    }

    /// The same with every word whole, however long.
    pub(crate) fn uncut(self) -> Self {
        Self { uncut: true, ..self }
    }

    /// How far in it begins.
    pub(crate) fn indent(&self) -> usize {
        self.indent
    }

    /// What it is made of; nothing in it steers a terminal.
    pub(crate) fn spans(&self) -> &[(Style, String)] {
        &self.spans
    }

    /// The columns that it takes unbroken.
    pub(crate) fn width(&self) -> usize {
        self.indent + self.spans.iter().map(|(_, text)| width(text)).sum::<usize>()
    }

    /// The words with their styles; a word may have parts of different styles.
    fn words(&self) -> Vec<Word> {
        let mut words = vec![Word::default()];
        for (style, text) in &self.spans {
            for (index, piece) in text.split(' ').enumerate() {
                if index > 0 {
                    words.push(Word::default());
                }
                if let (Some(word), false) = (words.last_mut(), piece.is_empty()) {
                    word.0.push((*style, piece.into()));
                }
            }
        }
        words
    }
}

/// Text without a space in it.
#[derive(Default)]
struct Word(Vec<(Style, String)>);

impl Word {
    fn width(&self) -> usize {
        self.0.iter().map(|(_, piece)| width(piece)).sum()
    }

    /// Cuts the longest piece so that the word takes no more than `most` columns.
    fn cut(&mut self, most: usize) {
        let excess = self.width().saturating_sub(most);
        if let (Some((_, longest)), true) =
            (self.0.iter_mut().max_by_key(|(_, piece)| width(piece)), excess > 0)
        {
            *longest = cut(longest, width(longest).saturating_sub(excess).max(1));
        }
    }
}

/// Text in the making.
#[derive(Debug)]
pub(crate) struct Page {
    width: usize,
    cut: bool,
    text: String,
    /// The lines as they were put, for whoever breaks them himself.
    kept: Option<Vec<Line>>,
}

impl Page {
    /// An empty page. Words longer than a line are cut unless told otherwise.
    pub(crate) fn new(width: usize) -> Self {
        Self { width, cut: true, text: String::new(), kept: None }
    }

    /// What `write` puts on a page of this width, as lines: neither cut nor broken, empty ones left out.
    pub(crate) fn lines_of(width: usize, write: impl FnOnce(&mut Self)) -> Vec<Line> {
        let mut page = Self { kept: Some(Vec::new()), ..Self::new(width) };
        write(&mut page);
        page.kept.unwrap_or_default()
    }

    /// From here on, words longer than a line are cut, or stay whole so that they can be copied.
    pub(crate) fn cut_words(&mut self, cut: bool) {
        self.cut = cut;
    }

    /// Adds a line, broken between words where it is too long.
    pub(crate) fn put(&mut self, line: &Line) {
        if let Some(kept) = &mut self.kept {
            return kept.push(line.clone());
        }
        let hang = (line.indent + HANG).min(self.width / 2);
        let mut column = 0;
        // Those at the beginning count: a script's lines are indented.
        let mut spaces = line.indent.min(self.width / 2);
        for (index, mut word) in line.words().into_iter().enumerate() {
            spaces += usize::from(index > 0);
            let size = word.width();
            if size == 0 {
                continue;
            }
            // What begins before the place of a continued line gains nothing on one.
            if column + spaces > hang && column > 0 && column + spaces + size > self.width {
                self.text.push('\n');
                column = 0;
                spaces = hang;
            }
            self.spaces(spaces);
            column += spaces;
            if self.cut && !line.uncut {
                word.cut(self.width.saturating_sub(column));
            }
            column += word.width();
            spaces = 0;
            self.word(&word);
        }
        self.text.push('\n');
    }

    /// Adds an empty line.
    pub(crate) fn gap(&mut self) {
        self.text.push('\n');
    }

    /// The text, each line ended.
    pub(crate) fn finish(self) -> String {
        self.text
    }

    fn spaces(&mut self, count: usize) {
        self.text.extend(std::iter::repeat_n(' ', count));
    }

    fn word(&mut self, word: &Word) {
        use std::fmt::Write as _;
        for (style, piece) in &word.0 {
            let _ = write!(self.text, "{style}{piece}{style:#}");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn page(width: usize, line: &Line) -> String {
        let mut page = Page::new(width);
        page.put(line);
        anstream::adapter::strip_str(&page.finish()).to_string()
    }

    #[test]
    fn lines_break_between_words_and_hang() {
        let line = Line::at(2).text("one two  three").styled(RED, ",four");
        assert_eq!(page(80, &line), "  one two  three,four\n");
        assert_eq!(page(16, &line), "  one two\n      three,four\n");
        assert_eq!(page(14, &line), "  one two\n      three,…r\n");
    }

    #[test]
    fn text_without_a_space_is_cut_to_the_line() {
        let line = Line::at(0).text("a").text(" ").text("x".repeat(50));
        assert!(page(20, &line).lines().all(|line| width(line) <= 20));
    }

    #[test]
    fn nothing_in_a_text_can_style_or_break_the_line() {
        let line = Line::at(0).text("a\x1b[31m\nb");
        assert_eq!(page(80, &line), "a\\u{1b}[31m\\nb\n");
    }
}
