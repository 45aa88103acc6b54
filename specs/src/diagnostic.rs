//! What is wrong with spec files, with the places that show it.

use std::collections::BTreeMap;

use serde::Serialize;
use serde::Serializer;

use crate::span::Span;

/// How bad it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// The specs cannot be used.
    Error,
    /// The specs can be used, but there is something to know.
    Warning,
}

impl Severity {
    /// As in messages.
    pub fn word(self) -> &'static str {
        match self {
            Self::Error => "error",
            Self::Warning => "warning",
        }
    }
}

/// One thing that is wrong. It has one primary label, the first, and any number of others.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Diagnostic {
    /// One of [`code::ALL`](crate::code::ALL).
    pub code: &'static str,
    /// How bad it is.
    pub severity: Severity,
    /// What is wrong and why.
    pub message: String,
    /// Where it shows; the first is the primary one.
    labels: Vec<Label>,
    /// What to do.
    pub help: Option<String>,
    /// An edit that would put it right.
    pub suggestion: Option<Suggestion>,
}

/// A marked stretch of a file.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Label {
    /// The file, relative to the project.
    pub file: Box<str>,
    /// The stretch.
    pub span: Span,
    /// What it has to do with the problem; may be empty.
    pub text: String,
}

/// An edit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Suggestion {
    /// What the edit is: "quote it".
    pub title: String,
    /// The file.
    pub file: Box<str>,
    /// What to replace.
    pub span: Span,
    /// By what.
    pub replacement: String,
}

impl Diagnostic {
    /// An error that shows at one place.
    pub fn error(code: &'static str, file: &str, span: Span, message: impl Into<String>) -> Self {
        Self {
            code,
            severity: Severity::Error,
            message: message.into(),
            labels: vec![Label { file: file.into(), span, text: String::new() }],
            help: None,
            suggestion: None,
        }
    }

    /// A warning that shows at one place.
    pub fn warning(code: &'static str, file: &str, span: Span, message: impl Into<String>) -> Self {
        Self { severity: Severity::Warning, ..Self::error(code, file, span, message) }
    }

    /// Says what the primary place has to do with it.
    pub fn text(mut self, text: impl Into<String>) -> Self {
        self.labels[0].text = text.into();
        self
    }

    /// Shows one more place.
    pub fn label(mut self, file: &str, span: Span, text: impl Into<String>) -> Self {
        self.labels.push(Label { file: file.into(), span, text: text.into() });
        self
    }

    /// Says what to do.
    pub fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }

    /// Proposes to replace the primary place.
    pub fn suggest(mut self, title: impl Into<String>, replacement: impl Into<String>) -> Self {
        let Label { file, span, .. } = self.primary().clone();
        let replacement = replacement.into();
        self.suggestion = Some(Suggestion { title: title.into(), file, span, replacement });
        self
    }

    /// The place to look at first.
    pub fn primary(&self) -> &Label {
        &self.labels[0]
    }

    /// All places, the primary one first.
    pub fn labels(&self) -> &[Label] {
        &self.labels
    }

    fn order(&self) -> (&Label, &'static str, &str) {
        (self.primary(), self.code, &self.message)
    }
}

/// `validate --json` shows these fields; the positions are the primary label's.
#[derive(Serialize)]
struct Record<'a> {
    code: &'static str,
    severity: Severity,
    #[serde(flatten)]
    place: Place<'a>,
    message: &'a str,
    help: Option<&'a str>,
    /// The other places.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    labels: Vec<LabelRecord<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    suggestion: Option<SuggestionRecord<'a>>,
}

/// A stretch of a file. The end is the position after its last character.
#[derive(Serialize)]
struct Place<'a> {
    file: &'a str,
    line: u32,
    column: u32,
    end_line: u32,
    end_column: u32,
}

#[derive(Serialize)]
struct LabelRecord<'a> {
    #[serde(flatten)]
    place: Place<'a>,
    text: &'a str,
}

#[derive(Serialize)]
struct SuggestionRecord<'a> {
    title: &'a str,
    #[serde(flatten)]
    place: Place<'a>,
    replacement: &'a str,
}

impl<'a> Place<'a> {
    fn new(file: &'a str, span: Span) -> Self {
        let Span { start, end } = span;
        let (line, column) = (start.line, start.column);
        Self { file, line, column, end_line: end.line, end_column: end.column }
    }
}

impl<'a> From<&'a Label> for LabelRecord<'a> {
    fn from(label: &'a Label) -> Self {
        let Label { file, span, text } = label;
        Self { place: Place::new(file, *span), text }
    }
}

impl<'a> From<&'a Suggestion> for SuggestionRecord<'a> {
    fn from(edit: &'a Suggestion) -> Self {
        let Suggestion { title, file, span, replacement } = edit;
        Self { title, place: Place::new(file, *span), replacement }
    }
}

impl Serialize for Diagnostic {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let record = Record {
            code: self.code,
            severity: self.severity,
            place: Place::new(&self.primary().file, self.primary().span),
            message: &self.message,
            help: self.help.as_deref(),
            labels: self.labels[1..].iter().map(LabelRecord::from).collect(),
            suggestion: self.suggestion.as_ref().map(SuggestionRecord::from),
        };
        record.serialize(serializer)
    }
}

/// All that is wrong: sorted by place, nothing twice, with the texts of the files concerned.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Diagnostics {
    list: Vec<Diagnostic>,
    sources: BTreeMap<Box<str>, Box<str>>,
}

impl Diagnostics {
    /// Sorts `list` and reads the files it is about with `read`. A file that cannot be read, or has
    /// changed so that a place is not in it any more, is shown by name and position only.
    pub fn new(mut list: Vec<Diagnostic>, read: impl Fn(&str) -> Option<String>) -> Self {
        list.sort_by(|one, other| one.order().cmp(&other.order()));
        list.dedup();
        let mut sources = BTreeMap::new();
        for label in list.iter().flat_map(Diagnostic::labels) {
            if !sources.contains_key(&label.file)
                && let Some(text) = read(&label.file)
            {
                sources.insert(label.file.clone(), text.into());
            }
        }
        Self { list, sources }
    }

    /// One after the other, sorted by file and place.
    pub fn iter(&self) -> impl Iterator<Item = &Diagnostic> {
        self.list.iter()
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.list.len()
    }

    /// Whether nothing is wrong.
    pub fn is_empty(&self) -> bool {
        self.list.is_empty()
    }

    /// The text of a file that a label is in.
    pub fn source(&self, file: &str) -> Option<&str> {
        self.sources.get(file).map(AsRef::as_ref)
    }
}

impl Serialize for Diagnostics {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.list.serialize(serializer)
    }
}
