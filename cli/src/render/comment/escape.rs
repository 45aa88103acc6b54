//! Text that others wrote, made safe for Markdown: user names, tags, images, reasons of AWS.

use std::fmt::Write as _;

use super::super::text::visible;

/// Text in a line, as code, so that nobody is mentioned and nothing is linked. Every character that
/// Markdown or HTML could take for its own is written as a number.
pub(super) fn code(text: &str) -> String {
    let mut safe = String::with_capacity(text.len() + 13);
    safe.push_str("<code>");
    for character in visible(text).chars() {
        if character.is_alphanumeric() || " .,:;/-+='\"→…±".contains(character) {
            safe.push(character);
        } else {
            let _ = write!(safe, "&#{};", u32::from(character));
        }
    }
    safe.push_str("</code>");
    safe
}

/// Text of several lines, as code: its fence is longer than any row of backticks in it.
pub(super) fn fenced(text: &str) -> String {
    let longest = text.split(|character| character != '`').map(str::len).max().unwrap_or(0);
    let fence = "`".repeat(longest.max(2) + 1);
    format!("{fence}\n{text}\n{fence}\n")
}

/// The address of a line of a file: `source` with both put in.
pub fn links(source: &str, file: &str, line: &str) -> String {
    source.replace("{file}", &as_uri(file)).replace("{line}", line)
}

/// The name of a file, encoded as RFC 3986 wants it in a path.
pub fn as_uri(file: &str) -> String {
    let mut path = String::with_capacity(file.len());
    for byte in file.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~/".contains(&byte) {
            path.push(char::from(byte));
        } else {
            let _ = write!(path, "%{byte:02X}");
        }
    }
    path
}
