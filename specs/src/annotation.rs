//! Diagnostics as workflow commands of GitHub Actions, which shows them at the lines of a pull request
//! (GitHub docs, "Workflow commands for GitHub Actions", "Setting an error message").

use std::fmt::Write as _;
use std::path::Path;

use crate::diagnostic::Diagnostic;
use crate::diagnostic::Label;
use crate::span::Span;

/// One line for one diagnostic. `root` is the project's folder as the repository sees it.
pub fn annotation(diagnostic: &Diagnostic, root: &Path) -> String {
    let path = |file: &str| {
        let path = root.join(file);
        path.strip_prefix(".").unwrap_or(&path).to_string_lossy().into_owned()
    };
    let Label { file, span: Span { start, end }, .. } = diagnostic.primary();
    let mut message = diagnostic.message.clone();
    for Label { file, span, text } in &diagnostic.labels()[1..] {
        let (line, column) = (span.start.line, span.start.column);
        let _ = write!(message, "\n{text}: {}:{line}:{column}", path(file));
    }
    if let Some(help) = &diagnostic.help {
        let _ = write!(message, "\nhelp: {help}");
    }
    if let Some(edit) = &diagnostic.suggestion {
        let _ = write!(message, "\nhelp: {} write: {}", edit.title, edit.replacement);
    }
    format!(
        "::{} file={},line={},endLine={},col={},endColumn={},title=nfplan {}::{}",
        diagnostic.severity.word(),
        property(&path(file)),
        start.line,
        end.line,
        start.column,
        end.column,
        diagnostic.code,
        data(&message),
    )
}

/// Text that ends with the line.
fn data(text: &str) -> String {
    text.replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A")
}

/// Text that ends with a comma or a colon, too.
fn property(text: &str) -> String {
    data(text).replace(':', "%3A").replace(',', "%2C")
}
