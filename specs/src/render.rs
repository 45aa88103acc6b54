//! Diagnostics as text for people.

use std::ops::Range;

use annotate_snippets::Annotation;
use annotate_snippets::AnnotationKind;
use annotate_snippets::Element;
use annotate_snippets::Group;
use annotate_snippets::Level;
use annotate_snippets::Origin;
use annotate_snippets::Patch;
use annotate_snippets::Renderer;
use annotate_snippets::Snippet;

use crate::diagnostic::Diagnostic;
use crate::diagnostic::Diagnostics;
use crate::diagnostic::Label;
use crate::diagnostic::Severity;
use crate::diagnostic::Suggestion;
use crate::span::Span;

/// How a help begins.
const HELP: &str = "help: ";

/// Columns before a help below lines of a file: a number of four digits, ` = `.
const MARGIN: usize = 7;

/// How text is marked up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Style {
    /// Not at all.
    Plain,
    /// With ANSI escape codes.
    Ansi,
}

/// All diagnostics with the lines they are about, separated by empty lines. Messages are broken
/// between words to fit `width` columns; of longer lines of a file, the part in question is shown.
pub fn render(diagnostics: &Diagnostics, style: Style, width: usize) -> String {
    let renderer = match style {
        Style::Plain => Renderer::plain(),
        Style::Ansi => Renderer::styled(),
    };
    let renderer = renderer.term_width(width);
    let texts = diagnostics
        .iter()
        .map(|diagnostic| renderer.render(&report(diagnostics, diagnostic, width)));
    texts.collect::<Vec<_>>().join("\n\n")
}

fn report<'a>(
    diagnostics: &'a Diagnostics,
    diagnostic: &'a Diagnostic,
    width: usize,
) -> Vec<Group<'a>> {
    let level = match diagnostic.severity {
        Severity::Error => Level::ERROR,
        Severity::Warning => Level::WARNING,
    };
    let label = format!("{}[{}]: ", diagnostic.severity.word(), diagnostic.code).len();
    let title = level.primary_title(wrap(&diagnostic.message, width, label)).id(diagnostic.code);
    let mut group = Group::with_title(title).elements(snippets(diagnostics, diagnostic));
    if let Some(help) = &diagnostic.help {
        group = group.element(Level::HELP.message(wrap(help, width, MARGIN + HELP.len())));
    }
    let edit = diagnostic.suggestion.as_ref().and_then(|edit| patch(diagnostics, edit, width));
    std::iter::once(group).chain(edit).collect()
}

/// One snippet for each file, the primary label's first.
fn snippets<'a>(diagnostics: &'a Diagnostics, diagnostic: &'a Diagnostic) -> Vec<Element<'a>> {
    let mut files: Vec<&str> = Vec::new();
    for label in diagnostic.labels() {
        if !files.contains(&&*label.file) {
            files.push(&label.file);
        }
    }
    let snippet = |file| {
        let labels: Vec<&Label> =
            diagnostic.labels().iter().filter(|label| &*label.file == file).collect();
        let spans: Vec<Span> = labels.iter().map(|label| label.span).collect();
        let Some(window) = Window::around(diagnostics.source(file), &spans) else {
            let start = labels[0].span.start;
            let origin = Origin::path(file).line(start.line as usize);
            return origin.char_column(start.column as usize).into();
        };
        let annotations = labels.into_iter().map(|label| {
            let primary = std::ptr::eq(label, diagnostic.primary());
            annotation(&window, label, primary)
        });
        let snippet = Snippet::source(window.text).line_start(window.line).path(file);
        snippet.annotations(annotations.collect::<Vec<_>>()).into()
    };
    files.into_iter().map(snippet).collect()
}

fn annotation<'a>(window: &Window<'_>, label: &'a Label, primary: bool) -> Annotation<'a> {
    let kind = if primary { AnnotationKind::Primary } else { AnnotationKind::Context };
    let text = (!label.text.is_empty()).then_some(label.text.as_str());
    kind.span(window.range(label.span)).label(text)
}

fn patch<'a>(
    diagnostics: &'a Diagnostics,
    edit: &'a Suggestion,
    width: usize,
) -> Option<Group<'a>> {
    let window = Window::around(diagnostics.source(&edit.file), &[edit.span])?;
    let patch = Patch::new(window.range(edit.span), edit.replacement.as_str());
    let snippet = Snippet::source(window.text).line_start(window.line).path(&*edit.file);
    let title = Level::HELP.secondary_title(wrap(&edit.title, width, HELP.len()));
    Some(title.element(snippet.patch(patch)))
}

/// Breaks text between words so that it fits beside what stands `before` it on its lines. A message
/// is one line, so a break in it is a space.
fn wrap(text: &str, width: usize, before: usize) -> String {
    let room = width.saturating_sub(before);
    let (mut wrapped, mut column) = (String::with_capacity(text.len()), 0);
    for (index, word) in text.split([' ', '\n']).enumerate() {
        let size = word.chars().count();
        if index > 0 {
            let fits = column + 1 + size <= room;
            wrapped.push(if fits { ' ' } else { '\n' });
            column = if fits { column + 1 } else { 0 };
        }
        wrapped.push_str(word);
        column += size;
    }
    wrapped
}

/// The lines of a file from the first stretch to the last, so that rendering does not walk whole
/// files again and again.
struct Window<'a> {
    text: &'a str,
    /// Number of the first line.
    line: usize,
    /// Offset of the first line.
    offset: usize,
}

impl<'a> Window<'a> {
    /// None if there is no text, or the stretches are not within it: the file changed meanwhile.
    fn around(source: Option<&'a str>, spans: &[Span]) -> Option<Self> {
        let source = source?;
        let whole = |span: &Span| source.get(span.start.offset as usize..span.end.offset as usize);
        if spans.iter().any(|span| whole(span).is_none()) {
            return None;
        }
        let first = spans.iter().map(|span| span.start).min()?;
        let last = spans.iter().map(|span| span.end.offset).max()?;
        let begin = source.get(..first.offset as usize)?.rfind('\n').map_or(0, |at| at + 1);
        let rest = source.get(last as usize..)?;
        let end = last as usize + rest.find('\n').unwrap_or(rest.len());
        let line = first.line as usize;
        Some(Self { text: source.get(begin..end)?, line, offset: begin })
    }

    fn range(&self, span: Span) -> Range<usize> {
        span.start.offset as usize - self.offset..span.end.offset as usize - self.offset
    }
}
