//! A YAML document as a tree in which every key and value knows its place.

use crate::span::Span;

/// A value of a document.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Node {
    /// What it is.
    pub value: Yaml,
    /// Where it is. A block list or map counts as its first item or key, because its end says
    /// nothing to a reader.
    pub span: Span,
}

/// What a value is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Yaml {
    /// Text, a number, true, false or null: only its use tells.
    Scalar(Scalar),
    /// Values in order.
    List(Vec<Node>),
    /// Values by key, in the order of the text; no key twice.
    Map(Vec<Entry>),
    /// Something that was reported already: readers take nothing from it and say nothing.
    Refused,
}

/// One key of a map with its value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Entry {
    /// The key.
    pub key: Scalar,
    /// Where the key is.
    pub span: Span,
    /// The value.
    pub node: Node,
}

/// A scalar as written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Scalar {
    /// The text after YAML's own escapes.
    pub text: Box<str>,
    /// Without quotes, so that YAML may read it as something else than text.
    pub plain: bool,
}

/// What YAML's core schema reads a scalar as.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Reading {
    /// Nothing.
    Null,
    /// `true` or `false`.
    Bool(bool),
    /// A whole number in decimal that fits; leading zeros are not read as a number.
    Integer(i64),
    /// Looks like a number but is no whole number that nfplan takes.
    Number,
    /// Text.
    Text,
}

impl Scalar {
    /// What YAML reads it as.
    pub(crate) fn reading(&self) -> Reading {
        if self.plain { read_plain(&self.text) } else { Reading::Text }
    }
}

fn read_plain(text: &str) -> Reading {
    match text {
        "" | "~" | "null" | "Null" | "NULL" => return Reading::Null,
        "true" | "True" | "TRUE" => return Reading::Bool(true),
        "false" | "False" | "FALSE" => return Reading::Bool(false),
        _ => {}
    }
    let digits = text.strip_prefix(['-', '+']).unwrap_or(text);
    let decimal = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
    let leading_zero = digits.len() > 1 && digits.starts_with('0');
    if decimal && !leading_zero && !text.starts_with('+') {
        return text.parse().map_or(Reading::Number, Reading::Integer);
    }
    if decimal || is_based(digits) || is_float(digits) { Reading::Number } else { Reading::Text }
}

/// Hexadecimal, octal or binary, in the notation of YAML 1.1 or 1.2.
fn is_based(digits: &str) -> bool {
    let radix = match digits.get(..2) {
        Some("0x") => 16,
        Some("0o") => 8,
        Some("0b") => 2,
        _ => return false,
    };
    let rest = &digits[2..];
    !rest.is_empty() && rest.chars().all(|character| character.is_digit(radix))
}

fn is_float(digits: &str) -> bool {
    if matches!(digits, ".inf" | ".Inf" | ".INF" | ".nan" | ".NaN" | ".NAN") {
        return true;
    }
    let numeric = |byte: u8| byte.is_ascii_digit() || b".eE+-".contains(&byte);
    let begins = digits.trim_start_matches('.').starts_with(|first: char| first.is_ascii_digit());
    begins && digits.bytes().all(numeric) && digits.parse::<f64>().is_ok()
}

impl Node {
    /// What kind of value this is, with its article, for messages.
    pub(crate) fn kind(&self) -> &'static str {
        match &self.value {
            Yaml::List(_) => "a list",
            Yaml::Map(_) => "a map",
            Yaml::Refused => "refused",
            Yaml::Scalar(scalar) => match scalar.reading() {
                Reading::Null => "nothing",
                Reading::Bool(_) => "true or false",
                Reading::Integer(_) => "a whole number",
                Reading::Number => "a number",
                Reading::Text => "text",
            },
        }
    }

    /// Whether it is a map.
    pub(crate) fn is_map(&self) -> bool {
        matches!(self.value, Yaml::Map(_))
    }

    /// How many values are in it, itself included.
    pub(crate) fn size(&self) -> usize {
        let inside: usize = match &self.value {
            Yaml::Scalar(_) | Yaml::Refused => 0,
            Yaml::List(items) => items.iter().map(Self::size).sum(),
            Yaml::Map(entries) => entries.iter().map(|entry| entry.node.size()).sum(),
        };
        inside + 1
    }

    /// The key or value that begins at a place, for problems found later. Of a map and its first
    /// key, which begin together, the key.
    pub(crate) fn find(&self, line: u32, column: u32) -> Option<Span> {
        let here = |span: Span| (span.start.line, span.start.column) == (line, column);
        let inside = match &self.value {
            Yaml::Scalar(_) | Yaml::Refused => None,
            Yaml::List(items) => items.iter().find_map(|item| item.find(line, column)),
            Yaml::Map(entries) => entries.iter().find_map(|entry| {
                if here(entry.span) { Some(entry.span) } else { entry.node.find(line, column) }
            }),
        };
        inside.or_else(|| here(self.span).then_some(self.span))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plain_scalars_are_read_as_the_core_schema_does() {
        let cases = [
            ("~", Reading::Null),
            ("", Reading::Null),
            ("true", Reading::Bool(true)),
            ("FALSE", Reading::Bool(false)),
            ("no", Reading::Text),
            ("64", Reading::Integer(64)),
            ("-3", Reading::Integer(-3)),
            ("0", Reading::Integer(0)),
            ("012345678901", Reading::Number),
            ("+1", Reading::Number),
            ("1.10", Reading::Number),
            ("1e3", Reading::Number),
            (".5", Reading::Number),
            (".inf", Reading::Number),
            ("0x1F", Reading::Number),
            ("0o17", Reading::Number),
            ("99999999999999999999", Reading::Number),
            ("1.2.3", Reading::Text),
            ("192.168.0.0/16", Reading::Text),
            ("infinity", Reading::Text),
            ("e5", Reading::Text),
            ("2026-11-22", Reading::Text),
            ("-", Reading::Text),
        ];
        for (text, reading) in cases {
            let plain = Scalar { text: text.into(), plain: true };
            assert_eq!(plain.reading(), reading, "{text}");
            let quoted = Scalar { text: text.into(), plain: false };
            assert_eq!(quoted.reading(), Reading::Text, "{text}");
        }
    }
}
