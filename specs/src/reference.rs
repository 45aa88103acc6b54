//! The format of spec files as a reference for people, in Markdown, made from the tables that the
//! reader goes by.

use std::fmt::Arguments;
use std::fmt::Write as _;

use crate::agreement::ACCEPTED_FILE;
use crate::agreement::APPROVALS_FILE;
use crate::format::agreement::ACCEPTED;
use crate::format::agreement::PLAN_APPROVALS;
use crate::format::project::PROJECT;
use crate::format::researcher::RESEARCHERS;
use crate::format::shape::Key;
use crate::format::shape::Rule;
use crate::format::shape::Section;
use crate::format::shape::Shape;
use crate::format::shape::Word;

/// The reference of all spec files. Headings begin at the second level.
pub fn reference() -> String {
    let mut pages = Pages { text: String::new(), shown: Vec::new() };
    pages.shape("nfplan.yaml", "", &PROJECT);
    pages.shape("workspaces/*.yaml", "", &RESEARCHERS);
    pages.shape(ACCEPTED_FILE, "", &ACCEPTED);
    pages.shape(APPROVALS_FILE, "", &PLAN_APPROVALS);
    let end = pages.text.trim_end().len();
    pages.text.truncate(end);
    pages.text.push('\n');
    pages.text
}

struct Pages {
    text: String,
    /// Groups of keys that were shown, and where: a workspace has those of a profile.
    shown: Vec<(*const Key, String)>,
}

impl Pages {
    /// Shows what may stand at a path, and then all that stands deeper.
    fn shape(&mut self, file: &str, path: &str, shape: &Shape) {
        match shape {
            Shape::Map(names) => self.shape(file, &join(path, names.placeholder), &names.value),
            Shape::Section(section)
            | Shape::WordOrSection(_, section)
            | Shape::TextOrSection(_, section) => self.section(file, path, section),
            // A list of maps has no path of its own.
            Shape::List(item @ Shape::Section(_), _) => self.shape(file, path, item),
            Shape::Boolean
            | Shape::Integer(..)
            | Shape::Text(_)
            | Shape::Word(_)
            | Shape::Value
            | Shape::List(..) => {}
        }
    }

    fn section(&mut self, file: &str, path: &str, section: &Section) {
        let top = !path.contains('.') && section.keys().any(|key| key.required);
        match (top, path.is_empty()) {
            (true, true) => self.line(format_args!("## `{file}`\n")),
            (true, false) => self.line(format_args!("## `{file}`: `{path}`\n")),
            (false, _) => self.line(format_args!("### `{path}`\n")),
        }
        let mut new: Vec<&Key> = Vec::new();
        for group in section.keys {
            match self.shown.iter().find(|(shown, _)| *shown == group.as_ptr()) {
                Some((_, place)) => {
                    let place = place.clone();
                    self.line(format_args!("All keys of `{place}`, and:\n"));
                }
                None => new.extend(*group),
            }
        }
        for group in section.keys {
            self.shown.push((group.as_ptr(), path.to_owned()));
        }
        self.table(&new);
        new.iter().for_each(|key| self.words(key));
        section.rules.iter().for_each(|rule| self.rule(rule));
        new.iter().for_each(|key| self.shape(file, &join(path, key.name), &key.shape));
    }

    fn table(&mut self, keys: &[&Key]) {
        self.line(format_args!("| key | value | default | meaning |\n|---|---|---|---|"));
        for Key { name, required, shape, default, meaning } in keys {
            let default = match default {
                Some(default) => format!("`{default}`"),
                None if *required => "must be given".into(),
                None => String::new(),
            };
            self.line(format_args!("| `{name}` | {} | {default} | {meaning} |", value(shape)));
        }
        self.line(format_args!(""));
    }

    fn words(&mut self, key: &Key) {
        let words: &[Word] = match &key.shape {
            Shape::Word(words)
            | Shape::WordOrSection(words, _)
            | Shape::List(Shape::Word(words), _) => words,
            _ => return,
        };
        self.line(format_args!("Words of `{}`:\n", key.name));
        for Word { name, meaning } in words {
            self.line(format_args!("- `{name}`: {meaning}"));
        }
        self.line(format_args!(""));
    }

    fn rule(&mut self, rule: &Rule) {
        match rule {
            Rule::Variants(variants) => {
                for (word, keys) in variants.keys.iter().filter(|(_, keys)| !keys.is_empty()) {
                    let key = variants.key;
                    self.line(format_args!("Only with `{key}: {word}`: {}.\n", coded(keys)));
                }
            }
            Rule::Needs(key, needed) => {
                self.line(format_args!("Only with `{needed}`: `{key}`.\n"));
            }
            Rule::ExactlyOne(keys) => {
                self.line(format_args!("Exactly one of them is given: {}.\n", coded(keys)));
            }
        }
    }

    fn line(&mut self, line: Arguments<'_>) {
        let _ = writeln!(self.text, "{line}");
    }
}

/// What a value may be, in words.
fn value(shape: &Shape) -> String {
    match shape {
        Shape::Boolean => "`true` or `false`".into(),
        Shape::Integer(least, most) if least == most => format!("`{least}`"),
        Shape::Integer(least, u32::MAX) => format!("a whole number from {least}"),
        Shape::Integer(least, most) => format!("a whole number, {least} to {most}"),
        Shape::Text(form) => form.expected.into(),
        Shape::Word(_) => "a word".into(),
        Shape::Value => "any value".into(),
        Shape::List(Shape::Section(_), _) => "a list of maps".into(),
        Shape::List(Shape::Word(_), _) => "a list of words".into(),
        Shape::List(item, 0) => format!("a list, each {}", value(item)),
        Shape::List(item, _) => format!("a list of at least one, each {}", value(item)),
        Shape::Map(names) => match &names.value {
            Shape::Text(_) => "a map from text to text".into(),
            _ => format!("a map from {} to what follows", names.placeholder),
        },
        Shape::Section(_) => "a map".into(),
        Shape::WordOrSection(..) => "a word or a map".into(),
        Shape::TextOrSection(form, _) => format!("{}; or a map", form.expected),
    }
}

fn join(path: &str, name: &str) -> String {
    if path.is_empty() { name.into() } else { format!("{path}.{name}") }
}

fn coded(keys: &[&str]) -> String {
    let keys: Vec<String> = keys.iter().map(|key| format!("`{key}`")).collect();
    keys.join(", ")
}
