//! Reading typed values out of a tree, noting every problem and going on.
//!
//! A reader returns `None` after it has noted why, so that callers never note a second problem that
//! only follows from the first.

mod any;
mod nearest;
mod values;

use nfplan_engine::desired::Origin;

use crate::code;
use crate::diagnostic::Diagnostic;
use crate::diagnostic::Severity;
use crate::format::shape::Choice;
use crate::format::shape::Key;
use crate::format::shape::Rule;
use crate::format::shape::Section;
use crate::format::shape::Shape;
use crate::format::shape::Variants;
use crate::settings::At;
use crate::span::Span;
use crate::tree::Entry;
use crate::tree::Node;
use crate::tree::Reading;
use crate::tree::Yaml;

pub(crate) use self::nearest::propose;

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
    /// What the value may be.
    pub shape: &'static Shape,
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
    fn of(entry: &'n Entry, shape: &'static Shape) -> Self {
        Self { name: &entry.key.text, key: entry.span, node: &entry.node, shape }
    }
}

/// The entries of a map whose keys are fixed.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Fields<'n> {
    /// Where the map belongs to.
    owner: Span,
    entries: &'n [Entry],
    section: &'static Section,
}

impl<'n> Fields<'n> {
    /// The value under a key, if the key is there.
    ///
    /// # Panics
    /// If the section has no such key.
    pub(crate) fn get(&self, name: &str) -> Option<Field<'n>> {
        let key = self.key(name);
        let entry = self.entries.iter().find(|entry| &*entry.key.text == name)?;
        Some(Field::of(entry, &key.shape))
    }

    fn key(&self, name: &str) -> &'static Key {
        self.section.key(name).unwrap_or_else(|| panic!("BUG: no section has the key `{name}`"))
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
    pub(crate) fn warning(
        &self,
        code: &'static str,
        span: Span,
        message: impl Into<String>,
    ) -> Diagnostic {
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

    /// The place of a value, with the value.
    pub(crate) fn set<T>(&self, field: Field<'_>, value: T) -> Set<T> {
        Set { value, file: self.number, span: field.node.span }
    }

    /// Reads a map with fixed keys, and checks these.
    pub(crate) fn fields<'n>(&mut self, field: Field<'n>) -> Option<Fields<'n>> {
        let fields = self.open(field)?;
        self.check(fields);
        Some(fields)
    }

    /// Reads a map with fixed keys that are yet to be checked.
    pub(crate) fn open<'n>(&mut self, field: Field<'n>) -> Option<Fields<'n>> {
        let (Shape::Section(section)
        | Shape::WordOrSection(_, section)
        | Shape::TextOrSection(_, section)) = *field.shape
        else {
            panic!("BUG: `{}` has no fixed keys", field.name)
        };
        Some(Fields { owner: field.key, entries: self.entries(field)?, section })
    }

    /// Notes unknown keys, and keys without what they need.
    pub(crate) fn check(&mut self, fields: Fields<'_>) {
        self.refuse_unknown(fields);
        for rule in fields.section.rules {
            if let Rule::Needs(key, needed) = rule
                && let (Some(field), None) = (fields.get(key), fields.get(needed))
            {
                self.refuse(field, needed);
            }
        }
    }

    fn refuse_unknown(&mut self, fields: Fields<'_>) {
        let Fields { entries, section, .. } = fields;
        for entry in entries.iter().filter(|entry| section.key(&entry.key.text).is_none()) {
            let name = &entry.key.text;
            let known: Vec<&str> = section.keys().map(|key| key.name).collect();
            let problem =
                self.error(code::UNKNOWN_KEY, entry.span, format!("`{name}` is no key here"));
            self.report(propose(problem, name, &known));
        }
    }

    /// Reads the word that says which other keys make sense, and notes those that do not. Where the
    /// word is absent, `inherited` is the one that holds, if that is known.
    pub(crate) fn variant<T: Copy + PartialEq>(
        &mut self,
        fields: Fields<'_>,
        choices: &[Choice<T>],
        inherited: Option<T>,
    ) -> Option<T> {
        let variants = fields.section.rules.iter().find_map(|rule| match rule {
            Rule::Variants(variants) => Some(*variants),
            Rule::Needs(..) | Rule::ExactlyOne(_) => None,
        });
        let variants: &Variants = variants.expect("BUG: the section has no variants");
        let chosen = match fields.get(variants.key) {
            Some(field) => self.word(field, choices)?,
            None => inherited?,
        };
        let word = choices.iter().find(|choice| choice.value == chosen)?.word.name;
        for (key, needed) in variants.excluded(word) {
            if let Some(field) = fields.get(key) {
                self.refuse(field, &format!("{}: {needed}", variants.key));
            }
        }
        Some(chosen)
    }

    /// Notes that a key makes no sense without another.
    fn refuse(&mut self, field: Field<'_>, needed: &str) {
        let message = format!("`{}` belongs to `{needed}`", field.name);
        let problem = self.error(code::WRONG_VARIANT, field.key, message);
        self.report(problem.help(format!("remove it, or write `{needed}`")));
    }

    /// Reads a map whose keys are names that the spec chooses.
    pub(crate) fn names<'n>(&mut self, field: Field<'n>) -> Option<Vec<Field<'n>>> {
        let Shape::Map(names) = *field.shape else {
            panic!("BUG: `{}` is no map of names", field.name)
        };
        let entries = self.entries(field)?;
        let mut fields = Vec::with_capacity(entries.len());
        for entry in entries {
            if entry.key.reading() == Reading::Text {
                fields.push(Field::of(entry, &names.value));
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

    /// Reads the value under a key. That a required key is absent is noted.
    pub(crate) fn read<'n, T>(
        &mut self,
        fields: Fields<'n>,
        name: &str,
        read: impl FnOnce(&mut Self, Field<'n>) -> Option<T>,
    ) -> Option<Set<T>> {
        let Some(field) = fields.get(name) else {
            self.miss(fields, name);
            return None;
        };
        let value = read(self, field)?;
        Some(self.set(field, value))
    }

    /// Notes that a required key is absent.
    pub(crate) fn miss(&mut self, fields: Fields<'_>, name: &str) {
        let key = fields.key(name);
        if key.required {
            let problem =
                self.error(code::MISSING_KEY, fields.owner, format!("`{name}` is missing"));
            let meaning = key.meaning.split_inclusive(". ").next().unwrap_or_default();
            self.report(problem.help(format!("add `{name}`. {}", meaning.trim_end())));
        }
    }
}
