//! What stands below a command's help: examples, variables and exit codes.

use anstyle::Style;

use super::page::Line;
use super::page::Page;
use super::page::STRONG;
use crate::exit::Exit;

/// As clap's own headings.
const HEADING: Style = Style::new().bold().underline();

/// Lays out examples, each with what it is for.
pub fn examples(examples: &[(&str, &str)], width: usize) -> String {
    let mut page = Page::new(width);
    put_examples(&mut page, examples);
    without_end(page)
}

/// Lays out examples, how variables stand for flags, and exit codes.
pub fn all(examples: &[(&str, &str)], exits: &[Exit], width: usize) -> String {
    let mut page = Page::new(width);
    put_examples(&mut page, examples);
    page.gap();
    page.put(&Line::at(0).styled(HEADING, "Variables:"));
    let line = Line::at(2).text("Every flag can also be given as a variable: ");
    let line = line.styled(STRONG, "--no-color").text(" is ").styled(STRONG, "NFPLAN_NO_COLOR");
    let line = line.text(", ").styled(STRONG, "-C").text(" is ").styled(STRONG, "NFPLAN_DIR");
    page.put(&line.text(". ").styled(STRONG, "nfplan config -v").text(" lists all."));
    page.gap();
    page.put(&Line::at(0).styled(HEADING, "Exit codes:"));
    for exit in exits {
        let code = format!("{:<3}", exit.code());
        page.put(&Line::at(2).styled(STRONG, code).text(format!("  {}", exit.meaning())));
    }
    without_end(page)
}

fn put_examples(page: &mut Page, examples: &[(&str, &str)]) {
    page.put(&Line::at(0).styled(HEADING, "Examples:"));
    for (line, purpose) in examples {
        page.put(&Line::at(2).styled(STRONG, line));
        page.put(&Line::at(6).text(purpose));
    }
}

/// Clap ends the last line by itself.
fn without_end(page: Page) -> String {
    let mut text = page.finish();
    text.truncate(text.trim_end().len());
    text
}
