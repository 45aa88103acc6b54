//! What the YAML parser refuses, in words for people who write specs.

use serde_saphyr::granit_parser::ErrorKind;
use serde_saphyr::granit_parser::ScanError;

use super::MAX_DEPTH;
use super::mark_of;
use super::narrow;
use crate::code;
use crate::diagnostic::Diagnostic;
use crate::span::Mark;
use crate::span::Span;

/// What is wrong with the text, after which nothing more can be read of it.
pub(super) fn syntax_error(file: &str, text: &str, error: &ScanError) -> Diagnostic {
    let mark = mark_of(*error.marker());
    let span = Span { start: mark, end: mark };
    let is = |code, message: &str| Diagnostic::error(code, file, span, message);
    match error.kind() {
        ErrorKind::TabNotAllowed
        | ErrorKind::TabInBlockIndentation
        | ErrorKind::TabInIndentation
        | ErrorKind::TabAtBlockScalarStart
        | ErrorKind::TabInPlainScalar => {
            let message = "a tab stands where YAML takes spaces only";
            let tabs = tabs_at(text, mark);
            let spaces = "  ".repeat(tabs.end.offset.abs_diff(tabs.start.offset) as usize);
            Diagnostic::error(code::TAB, file, tabs, message).suggest("indent with spaces", spaces)
        }
        ErrorKind::RecursionLimitExceeded => {
            is(code::TOO_DEEP, &format!("more than {MAX_DEPTH} lists and maps stand in each other"))
        }
        ErrorKind::UnknownAnchor => {
            is(code::SYNTAX, "this alias stands for nothing: no anchor of its name comes before it")
        }
        ErrorKind::ExpectedBlockMappingKey => {
            is(code::SYNTAX, "this is neither in the column of the keys above nor part of a value")
                .help("the keys of one map stand in one column")
        }
        ErrorKind::MappingValueNotAllowed => is(
            code::SYNTAX,
            "this colon ends no key: what stands before it is part of a value, or runs over lines",
        )
        .help("a text that has `: ` in it needs quotes; a key stands on one line"),
        ErrorKind::SimpleKeyExpected => is(code::SYNTAX, "a key without its `:`")
            .help("a key ends with a colon and a space; a text over several lines needs quotes"),
        ErrorKind::UnclosedFlowCollection { .. } | ErrorKind::UnclosedQuotedScalar => {
            is(code::SYNTAX, &error.info()).help("what is opened here is closed nowhere")
        }
        ErrorKind::UnexpectedCharacter { .. } => is(code::SYNTAX, &error.info())
            .help("a text that begins with a character of YAML's own needs quotes"),
        _ => is(code::SYNTAX, &error.info()),
    }
}

/// The tabs at or right before a place.
fn tabs_at(text: &str, mark: Mark) -> Span {
    let (before, after) = text.split_at(mark.offset as usize);
    let is_tab = |byte: &u8| *byte == b'\t';
    let back = narrow(before.bytes().rev().take_while(is_tab).count());
    let ahead = narrow(after.bytes().take_while(is_tab).count());
    let moved = |mark: Mark, by: i64| {
        let add = |number: u32| number.saturating_add_signed(i32::try_from(by).unwrap_or_default());
        Mark { column: add(mark.column), offset: add(mark.offset), ..mark }
    };
    Span { start: moved(mark, -i64::from(back)), end: moved(mark, i64::from(ahead)) }
}
