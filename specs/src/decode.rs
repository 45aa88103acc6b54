//! Reading typed values out of a tree, noting every problem and going on.
//!
//! A reader returns `None` after it has noted why, so that callers never note a second problem that
//! only follows from the first.

use std::collections::BTreeMap;
use std::ops::RangeInclusive;

use nfplan_engine::desired::Origin;
use nfplan_engine::value::MAX_INTEGER;

use crate::code;
use crate::diagnostic::Diagnostic;
use crate::diagnostic::Severity;
use crate::likeness::nearest;
use crate::settings::At;
use crate::span::Span;
use crate::tree::Entry;
use crate::tree::Node;
use crate::tree::Reading;
use crate::tree::Scalar;
use crate::tree::Yaml;

/// The file with what holds for all workspaces.
pub(crate) const PROJECT_FILE: &str = "nfplan.yaml";

/// Which file a value is in: a unit's settings come from two.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum FileNumber {
    /// `nfplan.yaml`.
    Project = 0,
    /// The file with the researcher.
    Researcher = 1,
}

/// A decoded value and the place it was read from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Set<T> {
    /// The value.
    pub value: T,
    /// In which of the unit's files.
    pub file: FileNumber,
    /// Where in it.
    pub span: Span,
}

impl<T> Set<T> {
    /// The place without its end.
    pub(crate) fn origin(&self) -> Origin {
        self.span.origin(self.file as u32)
    }
}

impl<T> Set<T> {
    /// The place with its file.
    pub(crate) fn place(&self) -> (FileNumber, Span) {
        (self.file, self.span)
    }
}

impl<T: Clone> Set<T> {
    /// The value with its origin.
    pub(crate) fn at(&self) -> At<T> {
        At { value: self.value.clone(), origin: self.origin() }
    }
}

/// A value under its key, for messages that name it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Field<'n> {
    /// The key.
    pub name: &'n str,
    /// Where the key is.
    pub key: Span,
    /// The value.
    pub node: &'n Node,
}

impl<'n> Field<'n> {
    /// The entries of the value if it is a map.
    pub(crate) fn entries(self) -> &'n [Entry] {
        match &self.node.value {
            Yaml::Map(entries) => entries,
            Yaml::Scalar(_) | Yaml::List(_) | Yaml::Refused => &[],
        }
    }

    /// The value of an entry.
    pub(crate) fn of(entry: &'n Entry) -> Self {
        Self { name: &entry.key.text, key: entry.span, node: &entry.node }
    }
}

/// The keys of a map whose keys are fixed.
#[derive(Debug)]
pub(crate) struct Fields<'n> {
    /// Where the map belongs to.
    pub owner: Span,
    entries: &'n [Entry],
    known: Vec<&'static str>,
}

impl<'n> Fields<'n> {
    /// Takes the value under a key, which is a known key from now on.
    pub(crate) fn take(&mut self, name: &'static str) -> Option<Field<'n>> {
        self.known.push(name);
        self.entries.iter().find(|entry| &*entry.key.text == name).map(Field::of)
    }
}

/// Reads one file and gathers what is wrong with it.
#[derive(Debug)]
pub(crate) struct Decoder<'p> {
    /// The file's name.
    pub file: &'p str,
    /// Which of a unit's files it is.
    pub number: FileNumber,
    problems: &'p mut Vec<Diagnostic>,
    errors: usize,
}

impl<'p> Decoder<'p> {
    /// A reader of a file that adds to `problems`.
    pub(crate) fn new(
        file: &'p str,
        number: FileNumber,
        problems: &'p mut Vec<Diagnostic>,
    ) -> Self {
        Self { file, number, problems, errors: 0 }
    }

    /// Notes a problem.
    pub(crate) fn report(&mut self, problem: Diagnostic) {
        self.errors += usize::from(problem.severity == Severity::Error);
        self.problems.push(problem);
    }

    /// How many errors it noted so far.
    pub(crate) fn errors(&self) -> usize {
        self.errors
    }

    /// An error in this file, to be completed and reported.
    pub(crate) fn error(
        &self,
        code: &'static str,
        span: Span,
        message: impl Into<String>,
    ) -> Diagnostic {
        Diagnostic::error(code, self.file, span, message)
    }

    /// A warning in this file, to be completed and reported.
    pub(crate) fn warning(&self, code: &'static str, span: Span, message: &str) -> Diagnostic {
        Diagnostic::warning(code, self.file, span, message)
    }

    /// Notes that values do not go together. The first one that stands in this file is the one to
    /// look at; at least one must.
    pub(crate) fn report_conflict<const N: usize>(
        &mut self,
        code: &'static str,
        message: String,
        places: [Option<(FileNumber, Span)>; N],
    ) {
        let places: Vec<_> = places.into_iter().flatten().collect();
        let Some(primary) = places.iter().position(|(file, _)| *file == self.number) else {
            return;
        };
        let mut problem = self.error(code, places[primary].1, message);
        for (_, (file, span)) in places.iter().enumerate().filter(|(index, _)| *index != primary) {
            let name = if *file == self.number { self.file } else { PROJECT_FILE };
            problem = problem.label(name, *span, "with this");
        }
        self.report(problem);
    }

    /// Notes the fields that belong to another choice than the one made.
    pub(crate) fn refuse<const N: usize>(&mut self, fields: [Option<Field<'_>>; N], choice: &str) {
        for field in fields.into_iter().flatten() {
            let message = format!("`{}` belongs to `{choice}`", field.name);
            self.report(self.error(code::WRONG_VARIANT, field.key, message));
        }
    }

    /// The place of a value, with the value.
    pub(crate) fn set<T>(&self, field: Field<'_>, value: T) -> Set<T> {
        Set { value, file: self.number, span: field.node.span }
    }

    /// Reads a map with fixed keys; end with [`Self::finish`].
    pub(crate) fn fields<'n>(&mut self, field: Field<'n>) -> Option<Fields<'n>> {
        let entries = self.entries(field)?;
        Some(Fields { owner: field.key, entries, known: Vec::new() })
    }

    /// Reads a map whose keys are names that the spec chooses.
    pub(crate) fn names<'n>(&mut self, field: Field<'n>) -> Option<Vec<Field<'n>>> {
        let entries = self.entries(field)?;
        let mut fields = Vec::with_capacity(entries.len());
        for entry in entries {
            if entry.key.reading() == Reading::Text {
                fields.push(Field::of(entry));
            } else {
                self.report(self.unquoted(&entry.key.text, entry.span, "this key"));
            }
        }
        Some(fields)
    }

    fn entries<'n>(&mut self, field: Field<'n>) -> Option<&'n [Entry]> {
        match &field.node.value {
            Yaml::Map(entries) => Some(entries),
            Yaml::Scalar(_) | Yaml::List(_) => self.wrong_type(field, "a map"),
            Yaml::Refused => None,
        }
    }

    /// Reads the value under a key that may be absent.
    pub(crate) fn optional<'n, T>(
        &mut self,
        fields: &mut Fields<'n>,
        name: &'static str,
        read: impl FnOnce(&mut Self, Field<'n>) -> Option<T>,
    ) -> Option<Set<T>> {
        let field = fields.take(name)?;
        let value = read(self, field)?;
        Some(self.set(field, value))
    }

    /// Reads the value under a key that must not be absent.
    pub(crate) fn required<'n, T>(
        &mut self,
        fields: &mut Fields<'n>,
        name: &'static str,
        read: impl FnOnce(&mut Self, Field<'n>) -> Option<T>,
    ) -> Option<Set<T>> {
        let Some(field) = fields.take(name) else {
            let message = format!("`{name}` is missing");
            self.report(self.error(code::MISSING_KEY, fields.owner, message));
            return None;
        };
        let value = read(self, field)?;
        Some(self.set(field, value))
    }

    /// Notes every key that nobody took.
    pub(crate) fn finish(&mut self, fields: Fields<'_>) {
        let Fields { entries, known, .. } = fields;
        for entry in entries.iter().filter(|entry| !known.contains(&&*entry.key.text)) {
            let name = &entry.key.text;
            let problem =
                self.error(code::UNKNOWN_KEY, entry.span, format!("`{name}` is no key here"));
            self.report(propose(problem, name, &known));
        }
    }

    /// Reads text that is not empty.
    pub(crate) fn text<'n>(&mut self, field: Field<'n>) -> Option<&'n str> {
        let text = self.text_or_empty(field)?;
        if text.is_empty() { self.wrong_form(field, "text, not empty") } else { Some(text) }
    }

    /// Reads text.
    pub(crate) fn text_or_empty<'n>(&mut self, field: Field<'n>) -> Option<&'n str> {
        let scalar = self.scalar(field, "text")?;
        match scalar.reading() {
            Reading::Text => Some(&scalar.text),
            Reading::Null => self.wrong_type(field, "text"),
            Reading::Bool(_) | Reading::Integer(_) | Reading::Number => {
                let what = format!("`{}`", field.name);
                self.report(self.unquoted(&scalar.text, field.node.span, &what));
                None
            }
        }
    }

    fn unquoted(&self, text: &str, span: Span, what: &str) -> Diagnostic {
        let message = format!("{what} must be text, but YAML does not read `{text}` as text");
        self.error(code::NEEDS_QUOTES, span, message).suggest("quote it", format!("\"{text}\""))
    }

    /// Reads text through a check that says what it expected instead.
    pub(crate) fn checked<T>(
        &mut self,
        field: Field<'_>,
        check: impl FnOnce(&str) -> Result<T, String>,
    ) -> Option<T> {
        let text = self.text(field)?;
        match check(text) {
            Ok(value) => Some(value),
            Err(expected) => self.wrong_form(field, &expected),
        }
    }

    /// Reads one of some words.
    pub(crate) fn word<T: Clone>(
        &mut self,
        field: Field<'_>,
        words: &[(&'static str, T)],
    ) -> Option<T> {
        let text = self.text(field)?;
        if let Some((_, value)) = words.iter().find(|(word, _)| *word == text) {
            return Some(value.clone());
        }
        let words: Vec<&str> = words.iter().map(|(word, _)| *word).collect();
        let message = format!("`{}` cannot be `{text}`", field.name);
        let problem = self.error(code::UNKNOWN_WORD, field.node.span, message);
        self.report(propose(problem, text, &words));
        None
    }

    /// Reads true or false.
    pub(crate) fn boolean(&mut self, field: Field<'_>) -> Option<bool> {
        let scalar = self.scalar(field, "true or false")?;
        match scalar.reading() {
            Reading::Bool(value) => Some(value),
            _ if !scalar.plain && matches!(&*scalar.text, "true" | "false") => {
                self.report(self.quoted(field, &scalar.text));
                None
            }
            _ => self.wrong_type(field, "true or false"),
        }
    }

    /// Reads a whole number within a range.
    pub(crate) fn integer(&mut self, field: Field<'_>, range: RangeInclusive<u32>) -> Option<u32> {
        let number = self.whole_number(field)?;
        if let Some(number) = u32::try_from(number).ok().filter(|number| range.contains(number)) {
            return Some(number);
        }
        let (least, most) = (range.start(), range.end());
        let message = format!("`{}` is {number}; it must be {least} to {most}", field.name);
        self.report(self.error(code::OUT_OF_RANGE, field.node.span, message));
        None
    }

    fn whole_number(&mut self, field: Field<'_>) -> Option<i64> {
        let expected = "a whole number";
        let scalar = self.scalar(field, expected)?;
        let text = &*scalar.text;
        match scalar.reading() {
            Reading::Integer(number) if number.abs() <= MAX_INTEGER => Some(number),
            Reading::Integer(_) => self.too_big(field, text),
            Reading::Number if is_digits(text) && !text.starts_with('0') => {
                self.too_big(field, text)
            }
            Reading::Number => {
                let message =
                    format!("`{}` must be a whole number in decimal, not `{text}`", field.name);
                let help = "no fraction, exponent, sign, leading zero or 0x";
                self.report(self.error(code::NOT_WHOLE, field.node.span, message).help(help));
                None
            }
            Reading::Text if !scalar.plain && is_digits(text) => {
                self.report(self.quoted(field, text));
                None
            }
            Reading::Text | Reading::Bool(_) | Reading::Null => self.wrong_type(field, expected),
        }
    }

    fn too_big(&mut self, field: Field<'_>, text: &str) -> Option<i64> {
        let name = field.name;
        let message = format!("`{name}` is {text}, more than {MAX_INTEGER} (2^53 - 1)");
        let help = "JSON readers do not keep larger whole numbers exactly";
        self.report(self.error(code::TOO_BIG, field.node.span, message).help(help));
        None
    }

    fn quoted(&self, field: Field<'_>, text: &str) -> Diagnostic {
        let message = format!("`{}` must not have quotes: they make it text", field.name);
        self.error(code::NEEDS_NO_QUOTES, field.node.span, message)
            .suggest("remove the quotes", text)
    }

    /// Reads a list; an item that cannot be read makes the list unusable, but all are tried. A
    /// value that stands twice is a problem.
    pub(crate) fn list<T: Ord + Clone>(
        &mut self,
        field: Field<'_>,
        mut read: impl FnMut(&mut Self, Field<'_>) -> Option<T>,
    ) -> Option<Vec<T>> {
        let items = match &field.node.value {
            Yaml::List(items) => items,
            Yaml::Scalar(_) | Yaml::Map(_) => return self.wrong_type(field, "a list"),
            Yaml::Refused => return None,
        };
        let mut first: BTreeMap<T, Span> = BTreeMap::new();
        let mut values = Some(Vec::with_capacity(items.len()));
        for node in items {
            let value = read(self, Field { node, ..field });
            if let Some(value) = &value
                && let Some(earlier) = first.insert(value.clone(), node.span)
            {
                let message = format!("a value stands twice in `{}`", field.name);
                let problem = self.error(code::REPEATED, node.span, message).text("again here");
                self.report(problem.label(self.file, earlier, "first here"));
            }
            values = values.zip(value).map(|(mut values, value)| {
                values.push(value);
                values
            });
        }
        values
    }

    /// Reads a list with at least one item.
    pub(crate) fn some<T: Ord + Clone>(
        &mut self,
        field: Field<'_>,
        read: impl FnMut(&mut Self, Field<'_>) -> Option<T>,
    ) -> Option<Vec<T>> {
        let values = self.list(field, read)?;
        if values.is_empty() {
            return self.wrong_form(field, "a list with at least one item");
        }
        Some(values)
    }

    /// Notes that a value is of another type than `expected`.
    fn wrong_type<T>(&mut self, field: Field<'_>, expected: &str) -> Option<T> {
        let name = field.name;
        let found = field.node.kind();
        let span = field.node.span;
        self.report(if found == "nothing" {
            self.error(code::NO_VALUE, span, format!("`{name}` has no value, expected {expected}"))
                .help(if expected == "a map" {
                    "write `{}` for an empty map, or leave the key out"
                } else {
                    "write a value, or leave the key out"
                })
        } else {
            let message = format!("`{name}` must be {expected}, not {found}");
            self.error(code::WRONG_TYPE, span, message)
        });
        None
    }

    /// Notes that a text has not the form of `expected`.
    pub(crate) fn wrong_form<T>(&mut self, field: Field<'_>, expected: &str) -> Option<T> {
        let message = format!("`{}` must be {expected}", field.name);
        self.report(self.error(code::WRONG_FORM, field.node.span, message));
        None
    }

    fn scalar<'n>(&mut self, field: Field<'n>, expected: &str) -> Option<&'n Scalar> {
        match &field.node.value {
            Yaml::Scalar(scalar) => Some(scalar),
            Yaml::List(_) | Yaml::Map(_) => self.wrong_type(field, expected),
            Yaml::Refused => None,
        }
    }
}

fn is_digits(text: &str) -> bool {
    let digits = text.strip_prefix('-').unwrap_or(text);
    !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit())
}

/// Adds what was probably meant, or what there is to choose from.
pub(crate) fn propose(problem: Diagnostic, text: &str, known: &[&str]) -> Diagnostic {
    match nearest(text, known.iter().copied()) {
        Some(near) => problem.suggest(format!("did you mean `{near}`?"), near),
        None if known.is_empty() => problem,
        None => problem.help(format!("known here: {}", known.join(", "))),
    }
}
