//! Values of the shapes that a spec may hold.

use std::collections::BTreeMap;

use nfplan_engine::value::MAX_INTEGER;

use super::Decoder;
use super::Field;
use super::propose;
use crate::code;
use crate::diagnostic::Diagnostic;
use crate::format::shape::Choice;
use crate::format::shape::Shape;
use crate::span::Span;
use crate::syntax::Form;
use crate::tree::Node;
use crate::tree::Reading;
use crate::tree::Scalar;
use crate::tree::Yaml;

impl Decoder<'_> {
    /// Reads text of the form that the field's shape asks for.
    pub(crate) fn text<'n>(&mut self, field: Field<'n>) -> Option<&'n str> {
        let form = form(field);
        let text = self.raw_text(field)?;
        if (form.matches)(text) { Some(text) } else { self.wrong_text(field, text) }
    }

    /// Notes that a text has not the form that the field's shape asks for.
    pub(super) fn wrong_text<T>(&mut self, field: Field<'_>, text: &str) -> Option<T> {
        let form = form(field);
        let message = format!("`{}` must be {}", field.name, form.expected);
        let problem = self.error(code::WRONG_FORM, field.node.span, message);
        self.report(match form.mended(text) {
            Some(mended) => problem.suggest("did you mean this?", as_text(&mended)),
            None => problem,
        });
        None
    }

    /// Reads text of any form, for readers that say more than what form it lacks.
    pub(crate) fn raw_text<'n>(&mut self, field: Field<'n>) -> Option<&'n str> {
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

    pub(super) fn unquoted(&self, text: &str, span: Span, what: &str) -> Diagnostic {
        let message = format!("{what} must be text, but YAML does not read `{text}` as text");
        self.error(code::NEEDS_QUOTES, span, message).suggest("quote it", format!("\"{text}\""))
    }

    /// Reads one of some words.
    pub(crate) fn word<T: Copy>(&mut self, field: Field<'_>, choices: &[Choice<T>]) -> Option<T> {
        let text = self.raw_text(field)?;
        if let Some(choice) = choices.iter().find(|choice| choice.word.name == text) {
            return Some(choice.value);
        }
        let message = format!("`{}` cannot be `{text}`", field.name);
        let problem = self.error(code::UNKNOWN_WORD, field.node.span, message);
        let known: Vec<&str> = choices.iter().map(|choice| choice.word.name).collect();
        self.report(propose(problem, text, &known));
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
            Reading::Text => self.word_for_boolean(field, &scalar.text),
            _ => self.wrong_type(field, "true or false"),
        }
    }

    /// YAML 1.1 had more words for true and false, and other tools still read them so.
    fn word_for_boolean(&mut self, field: Field<'_>, text: &str) -> Option<bool> {
        let meant = match &*text.to_ascii_lowercase() {
            "yes" | "y" | "on" => "true",
            "no" | "n" | "off" => "false",
            _ => return self.wrong_type(field, "true or false"),
        };
        let message = format!("`{}` must be true or false, not text", field.name);
        let problem = self.error(code::WRONG_TYPE, field.node.span, message);
        self.report(problem.suggest(format!("write `{meant}`"), meant));
        None
    }

    /// Reads a whole number within the bounds of the field's shape.
    pub(crate) fn integer(&mut self, field: Field<'_>) -> Option<u32> {
        let Shape::Integer(least, most) = *field.shape else {
            panic!("BUG: `{}` is no number", field.name)
        };
        self.integer_within(field, least, most)
    }

    /// Reads a whole number within other bounds.
    pub(crate) fn integer_within(
        &mut self,
        field: Field<'_>,
        least: u32,
        most: u32,
    ) -> Option<u32> {
        let number = self.whole_number(field)?;
        let within = |number: &u32| (least..=most).contains(number);
        if let Some(number) = u32::try_from(number).ok().filter(within) {
            return Some(number);
        }
        let message = format!("`{}` is {number}; it must be {least} to {most}", field.name);
        self.report(self.error(code::OUT_OF_RANGE, field.node.span, message));
        None
    }

    pub(super) fn whole_number(&mut self, field: Field<'_>) -> Option<i64> {
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
                let problem = self.error(code::NOT_WHOLE, field.node.span, message);
                self.report(match in_decimal(text) {
                    Some(number) => problem.suggest("write it in decimal", number.to_string()),
                    None => problem.help("no fraction, exponent, sign, leading zero or 0x"),
                });
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
        let Shape::List(shape, least) = *field.shape else {
            panic!("BUG: `{}` is no list", field.name)
        };
        let items = self.items(field)?;
        let mut first: BTreeMap<T, Span> = BTreeMap::new();
        let mut values = Some(Vec::with_capacity(items.len()));
        for node in items {
            let value = read(self, Field { node, shape, ..field });
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
        if items.len() < least {
            return self.wrong_form(field, "a list with at least one item");
        }
        values
    }

    /// The items of a list.
    pub(crate) fn items<'n>(&mut self, field: Field<'n>) -> Option<&'n [Node]> {
        match &field.node.value {
            Yaml::List(items) => Some(items),
            Yaml::Scalar(_) | Yaml::Map(_) => self.wrong_type(field, "a list"),
            Yaml::Refused => None,
        }
    }

    /// Notes that a value is of another type than `expected`.
    pub(super) fn wrong_type<T>(&mut self, field: Field<'_>, expected: &str) -> Option<T> {
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

/// The form that the field's shape asks for.
fn form(field: Field<'_>) -> &'static Form {
    match *field.shape {
        Shape::Text(form) | Shape::TextOrSection(form, _) => form,
        _ => panic!("BUG: `{}` is no text", field.name),
    }
}

/// The whole number that a notation which is not taken stands for.
fn in_decimal(text: &str) -> Option<i64> {
    let text = text.strip_prefix('+').unwrap_or(text);
    let based = |prefix, radix| {
        text.strip_prefix(prefix).and_then(|rest| i64::from_str_radix(rest, radix).ok())
    };
    let whole = || {
        let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
        let zeros = fraction.bytes().all(|digit| digit == b'0');
        whole.parse().ok().filter(|_| zeros && is_digits(whole))
    };
    based("0x", 16).or_else(|| based("0o", 8)).or_else(|| based("0b", 2)).or_else(whole)
}

/// A text as a spec writes it: with quotes where YAML would read it as something else without.
fn as_text(text: &str) -> String {
    let inside = |byte: u8| byte.is_ascii_alphanumeric() || b"-_./:@*".contains(&byte);
    let begins = |first: u8| first.is_ascii_alphanumeric() || matches!(first, b'.' | b'/');
    let plain = text.bytes().all(inside)
        && text.bytes().next().is_some_and(begins)
        && !text.ends_with(':')
        && Scalar { text: text.into(), plain: true }.reading() == Reading::Text;
    if plain { text.into() } else { format!("\"{text}\"") }
}
