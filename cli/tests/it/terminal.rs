//! `nfplan` on a terminal: a real pty, and what a person then sees on the screen.

use std::io::Read as _;
use std::io::Write as _;
use std::num::NonZero;
use std::process::Child;
use std::process::Command;

use pty_process::Size;
use pty_process::blocking::Pty;
use vt100::Cell;
use vt100::Color;
use vt100::Parser;

/// Higher than anything that is shown, so that nothing scrolls away.
const ROWS: u16 = 400;

/// The names of the first eight colours; the other eight are the bright ones.
const COLOURS: [&str; 8] = ["black", "red", "green", "yellow", "blue", "magenta", "cyan", "white"];

/// A program on a terminal.
pub(crate) struct Session {
    pty: Pty,
    child: Child,
    parser: Parser,
    columns: u16,
    bytes: Vec<u8>,
}

impl Session {
    /// Starts a command on a terminal of so many columns.
    pub(crate) fn start(mut command: Command, columns: u16) -> Self {
        command.env_remove("COLUMNS").env_remove("NO_COLOR").env("TERM", "xterm-256color");
        Self::start_as_it_is(command, columns)
    }

    /// The same, without colours.
    pub(crate) fn start_without_colours(mut command: Command, columns: u16) -> Self {
        command.env_remove("COLUMNS").env("NO_COLOR", "1").env("TERM", "xterm-256color");
        Self::start_as_it_is(command, columns)
    }

    fn start_as_it_is(command: Command, columns: u16) -> Self {
        let (pty, pts) = pty_process::blocking::open().unwrap();
        pty.resize(Size::new(ROWS, columns)).unwrap();
        let child = pty_process::blocking::Command::from(command).spawn(pts).unwrap();
        let size = [ROWS, columns].map(|size| NonZero::new(size).unwrap());
        let parser = Parser::new(size[0], size[1], 0);
        Self { pty, child, parser, columns, bytes: Vec::new() }
    }

    /// Types something.
    pub(crate) fn type_in(&mut self, text: &str) {
        self.pty.write_all(text.as_bytes()).unwrap();
    }

    /// Reads until the screen shows a text. The test runner ends a test that waits for ever.
    pub(crate) fn wait_for(&mut self, text: &str) {
        while !self.shown().contains(text) {
            assert!(self.read(), "`{text}` was never shown:\n{}", self.shown());
        }
    }

    /// The text on the screen, with the space before the cursor.
    fn shown(&self) -> String {
        self.parser.screen().contents()
    }

    /// Reads what there is; nothing comes any more once the program is over.
    fn read(&mut self) -> bool {
        let mut buffer = [0; 4096];
        // Linux answers with an error once nobody holds the other end.
        let count = self.pty.read(&mut buffer).unwrap_or(0);
        self.parser.process(&buffer[..count]);
        self.bytes.extend(&buffer[..count]);
        count > 0
    }

    /// What is on the screen now.
    pub(crate) fn screen(&self) -> Screen {
        let screen = self.parser.screen();
        let rows = screen.rows(0, self.columns).enumerate();
        let used = rows.filter(|(_, row)| !row.is_empty()).last().map_or(0, |(last, _)| last + 1);
        assert!(used < usize::from(ROWS), "something has scrolled away");
        let mut shown = Screen { text: Vec::new(), styled: Vec::new(), broken: Vec::new() };
        for row in 0..u16::try_from(used).unwrap() {
            let cells: Vec<&Cell> =
                (0..self.columns).filter_map(|column| screen.cell(row, column)).collect();
            shown.text.push(text(&cells));
            shown.styled.push(styled(&cells));
            if screen.row_wrapped(row) {
                shown.broken.push(text(&cells));
            }
        }
        shown
    }

    /// Waits for the end: the exit code, the last screen, and everything that was ever written.
    pub(crate) fn finish(mut self) -> (Option<i32>, Screen, Vec<u8>) {
        while self.read() {}
        let status = self.child.wait().unwrap();
        let screen = self.screen();
        (status.code(), screen, self.bytes)
    }
}

/// What a screen shows, row by row.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Screen {
    /// The rows without what cannot be read.
    pub(crate) text: Vec<String>,
    /// The same with the name of each style where it begins: `‹bold red›error:‹› no`.
    pub(crate) styled: Vec<String>,
    /// Rows that the terminal had to break.
    pub(crate) broken: Vec<String>,
}

fn text(cells: &[&Cell]) -> String {
    let text: String = cells.iter().map(|cell| shown(cell)).collect();
    text.trim_end().to_owned()
}

fn styled(cells: &[&Cell]) -> String {
    let is_blank = |cell: &&Cell| shown(cell).trim().is_empty();
    let end = cells.iter().rposition(|cell| !is_blank(cell)).map_or(0, |end| end + 1);
    let (mut text, mut before) = (String::new(), String::new());
    for (index, cell) in cells[..end].iter().enumerate() {
        // A space between two words of one style is of that style, too.
        let word = cells[index..end].iter().find(|cell| !is_blank(cell));
        let next = word.map(|cell| style(cell)).unwrap_or_default();
        let style = if is_blank(cell) && next == before { next } else { style(cell) };
        if style != before {
            text.extend(["‹", &style, "›"]);
            before = style;
        }
        text.push_str(shown(cell));
    }
    if !before.is_empty() {
        text.push_str("‹›");
    }
    text
}

fn shown(cell: &Cell) -> &str {
    match cell.contents() {
        "" if cell.is_wide_continuation() => "",
        "" => " ",
        contents => contents,
    }
}

fn style(cell: &Cell) -> String {
    let mut words = Vec::new();
    words.extend(cell.bold().then(|| "bold".to_owned()));
    words.extend(cell.dim().then(|| "dim".to_owned()));
    words.extend(cell.underline().then(|| "underlined".to_owned()));
    match cell.fgcolor() {
        Color::Default => {}
        Color::Idx(index @ 0..8) => words.push(COLOURS[usize::from(index)].to_owned()),
        Color::Idx(index @ 8..16) => {
            words.push(format!("bright {}", COLOURS[usize::from(index) - 8]));
        }
        other => words.push(format!("{other:?}")),
    }
    words.join(" ")
}
