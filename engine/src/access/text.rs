//! Texts of policies and requests: literal, with wildcards, or with values that the cloud has yet to
//! make.
//!
//! Such a value (the id of a VPC endpoint, the ARN of a key) stands in a text between two characters
//! that no policy uses. Two of them are the same if they are the same output of the same resource;
//! an id that has yet to be made equals none that is written anywhere. What a wildcard would have to
//! find *within* one is not known.

use std::collections::VecDeque;

use crate::address::External;
use crate::address::UnitId;
use crate::expr::Expr;
use crate::value::Value;

const OPEN: char = '\u{F0000}';
const CLOSE: char = '\u{F0001}';

/// An answer that may be out of reach.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Answer {
    /// Certainly not.
    No,
    /// It cannot be told.
    Unknown,
    /// Certainly.
    Yes,
}

impl Answer {
    /// Yes or no.
    pub fn of(certain: bool) -> Self {
        if certain { Self::Yes } else { Self::No }
    }

    /// Yes becomes no and the other way round.
    #[must_use]
    pub fn reversed(self) -> Self {
        match self {
            Self::No => Self::Yes,
            Self::Unknown => Self::Unknown,
            Self::Yes => Self::No,
        }
    }

    /// Whether one of these holds.
    pub fn any(answers: impl IntoIterator<Item = Self>) -> Self {
        answers.into_iter().max().unwrap_or(Self::No)
    }

    /// Whether all of these hold.
    pub fn all(answers: impl IntoIterator<Item = Self>) -> Self {
        answers.into_iter().min().unwrap_or(Self::Yes)
    }
}

/// The text of an expression of a unit; none if it is no text, or uses the characters that stand for
/// something else here.
pub fn text_of(unit: &UnitId, expr: &Expr) -> Option<String> {
    let made = |external: &External| format!("{OPEN}{external}{CLOSE}");
    match expr {
        Expr::Value(Value::Text(text)) if !text.contains([OPEN, CLOSE]) => Some(text.to_string()),
        Expr::Value(Value::Bool(value)) => Some(value.to_string()),
        Expr::Value(Value::Integer(number)) => Some(number.to_string()),
        Expr::Reference(reference) => {
            Some(made(&External { unit: unit.clone(), reference: reference.clone() }))
        }
        Expr::External(external) => Some(made(external)),
        Expr::Join(parts) => parts.iter().map(|part| text_of(unit, part)).collect(),
        Expr::Value(_) | Expr::List(_) | Expr::Map(_) => None,
    }
}

/// A text for people: what the cloud has yet to make in angle brackets.
pub fn shown(text: &str) -> String {
    text.replace(OPEN, "<").replace(CLOSE, ">")
}

/// Whether a text has wildcards.
pub fn has_wildcard(text: &str) -> bool {
    text.contains(['*', '?'])
}

/// Whether `pattern` covers `text`, which has no wildcards of its own meaning.
pub fn covers(pattern: &str, text: &str) -> Answer {
    if !has_wildcard(pattern) {
        return Answer::of(pattern == text);
    }
    if !text.contains(OPEN) && !may_overlap(pattern, text) {
        return Answer::No;
    }
    let (pattern, text) = (tokens(pattern), literal_tokens(text));
    if covers_tokens(&pattern, &text) {
        return Answer::Yes;
    }
    if !text.iter().any(|token| matches!(token, Token::Made(_))) {
        return Answer::No;
    }
    // Would it, if the values that are to be made were of the right form?
    let loose = text.into_iter().map(|token| match token {
        Token::Made(_) => Token::Many,
        other => other,
    });
    match overlap_tokens(&pattern, &loose.collect::<Vec<_>>()) {
        Some(_) => Answer::Unknown,
        None => Answer::No,
    }
}

/// Whether `pattern` covers everything that the pattern `other` does, for sure.
pub fn includes(pattern: &str, other: &str) -> bool {
    covers_tokens(&tokens(pattern), &tokens(other))
}

/// A text that both patterns cover, if there is one.
pub fn overlap(one: &str, other: &str) -> Option<String> {
    if !may_overlap(one, other) {
        return None;
    }
    if !has_wildcard(one) && !has_wildcard(other) {
        return (one == other).then(|| one.to_owned());
    }
    overlap_tokens(&tokens(one), &tokens(other))
}

/// Whether two patterns may overlap although they have none that is known to: `other` has a value that
/// is to be made, and the wildcards of `one` might find something within it.
pub(super) fn may_overlap_within(one: &str, other: &str) -> bool {
    if !has_wildcard(one) || !is_to_be_made(other) {
        return false;
    }
    let loose = tokens(other).into_iter().map(|token| match token {
        Token::Made(_) => Token::Many,
        other => other,
    });
    overlap_tokens(&tokens(one), &loose.collect::<Vec<_>>()).is_some()
}

/// Whether a text has a value that the cloud has yet to make.
pub(super) fn is_to_be_made(text: &str) -> bool {
    text.contains(OPEN)
}

/// A text that the pattern covers.
pub fn instance(pattern: &str) -> String {
    pattern.replace('*', "").replace('?', "x")
}

/// The part of a pattern before its first wildcard.
pub fn literal_prefix(pattern: &str) -> &str {
    &pattern[..pattern.find(['*', '?']).unwrap_or(pattern.len())]
}

/// Rules most pairs out at little cost: what stands before the first wildcards has to agree.
pub(super) fn may_overlap(one: &str, other: &str) -> bool {
    let wild = |byte: u8| byte == b'*' || byte == b'?';
    for (one, other) in one.bytes().zip(other.bytes()) {
        if wild(one) || wild(other) {
            return true;
        }
        if one != other {
            return false;
        }
    }
    true
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Token<'a> {
    /// `*`.
    Many,
    /// `?`.
    One,
    Literal(char),
    /// A value that the cloud has yet to make.
    Made(&'a str),
}

fn tokens(text: &str) -> Vec<Token<'_>> {
    read(text, |character| match character {
        '*' => Token::Many,
        '?' => Token::One,
        other => Token::Literal(other),
    })
}

fn literal_tokens(text: &str) -> Vec<Token<'_>> {
    read(text, Token::Literal)
}

fn read<'a>(text: &'a str, token: impl Fn(char) -> Token<'a>) -> Vec<Token<'a>> {
    let mut tokens = Vec::with_capacity(text.len());
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        let made = rest.strip_prefix(OPEN).and_then(|after| after.split_once(CLOSE));
        if let Some((name, after)) = made {
            tokens.push(Token::Made(name));
            rest = after;
        } else {
            tokens.push(token(first));
            rest = &rest[first.len_utf8()..];
        }
    }
    tokens
}

fn covers_tokens(pattern: &[Token<'_>], text: &[Token<'_>]) -> bool {
    let (mut at, mut from) = (0, 0);
    // Where to go on if what follows the last `*` does not fit: it takes one more.
    let mut retry: Option<(usize, usize)> = None;
    while from < text.len() {
        match pattern.get(at) {
            Some(Token::Many) => {
                retry = Some((at + 1, from));
                at += 1;
            }
            Some(token) if fits(*token, text[from]) => {
                at += 1;
                from += 1;
            }
            _ => match &mut retry {
                Some((after, taken)) => {
                    *taken += 1;
                    (at, from) = (*after, *taken);
                }
                None => return false,
            },
        }
    }
    pattern[at..].iter().all(|token| *token == Token::Many)
}

/// Whether a pattern's token other than `*` stands for this one.
fn fits(pattern: Token<'_>, token: Token<'_>) -> bool {
    match pattern {
        Token::One => matches!(token, Token::Literal(_) | Token::One),
        other => other == token,
    }
}

/// A shortest text that both cover: a walk through the pairs of positions.
fn overlap_tokens(one: &[Token<'_>], other: &[Token<'_>]) -> Option<String> {
    let columns = other.len() + 1;
    let goal = one.len() * columns + other.len();
    let mut came_from: Vec<Option<(usize, Option<Token<'_>>)>> = vec![None; goal + 1];
    let mut queue = VecDeque::from([0]);
    while let Some(position) = queue.pop_front() {
        if position == goal {
            break;
        }
        let (at, with) = (position / columns, position % columns);
        for (next, emitted) in steps(one.get(at), other.get(with)) {
            let next = (at + next.0) * columns + with + next.1;
            if next != 0 && next <= goal && came_from[next].is_none() {
                came_from[next] = Some((position, emitted));
                // What emits nothing costs nothing.
                if emitted.is_some() { queue.push_back(next) } else { queue.push_front(next) }
            }
        }
    }
    let mut found = Vec::new();
    let mut position = goal;
    while position != 0 {
        let (before, emitted) = came_from[position]?;
        found.extend(emitted);
        position = before;
    }
    Some(found.into_iter().rev().map(written).collect())
}

type Step<'a> = ((usize, usize), Option<Token<'a>>);

/// How far both can go on together from here, and what they then cover.
fn steps<'a>(one: Option<&Token<'a>>, other: Option<&Token<'a>>) -> Vec<Step<'a>> {
    match (one, other) {
        (Some(Token::Many), Some(Token::Many)) => vec![((1, 0), None), ((0, 1), None)],
        (Some(Token::Many), Some(token)) => vec![((1, 0), None), ((0, 1), Some(*token))],
        (Some(token), Some(Token::Many)) => vec![((0, 1), None), ((1, 0), Some(*token))],
        (Some(Token::Many), None) => vec![((1, 0), None)],
        (None, Some(Token::Many)) => vec![((0, 1), None)],
        (Some(one), Some(other)) if *one == Token::One && fits(*one, *other) => {
            vec![((1, 1), Some(*other))]
        }
        (Some(one), Some(other))
            if fits(*other, *one) || (*one, *other) == (Token::One, Token::One) =>
        {
            vec![((1, 1), Some(*one))]
        }
        _ => Vec::new(),
    }
}

fn written(token: Token<'_>) -> String {
    match token {
        Token::Many => String::new(),
        Token::One => "x".into(),
        Token::Literal(character) => character.into(),
        Token::Made(name) => format!("{OPEN}{name}{CLOSE}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn made(name: &str) -> String {
        format!("{OPEN}{name}{CLOSE}")
    }

    #[test]
    fn wildcards_cover_what_iam_says_they_cover() {
        for (pattern, text, expected) in [
            ("*", "", Answer::Yes),
            ("a*c", "abbc", Answer::Yes),
            ("a*c", "ab", Answer::No),
            ("a?c", "abc", Answer::Yes),
            ("a?c", "ac", Answer::No),
            ("*a*b*", "xxaxxbxx", Answer::Yes),
            ("*ab", "aab", Answer::Yes),
            ("abc", "ABC", Answer::No),
            ("a*", "a*", Answer::Yes),
        ] {
            assert_eq!(covers(pattern, text), expected, "{pattern} {text}");
        }
    }

    #[test]
    fn what_the_cloud_has_yet_to_make_equals_itself_and_is_covered_by_an_asterisk_alone() {
        let (one, other) = (made("a"), made("b"));
        assert_eq!(covers(&one, &one), Answer::Yes);
        assert_eq!(covers(&one, &other), Answer::No);
        assert_eq!(covers(&one, "vpce-1"), Answer::No);
        assert_eq!(covers("*", &one), Answer::Yes);
        assert_eq!(covers(&format!("{one}/*"), &format!("{one}/x")), Answer::Yes);
        assert_eq!(covers(&format!("{one}/*"), &format!("{other}/x")), Answer::Unknown);
        assert_eq!(covers("arn:aws:kms:*", &one), Answer::Unknown);
        assert_eq!(covers("arn:*/x", &format!("{one}/y")), Answer::No);
    }

    #[test]
    fn what_wildcards_may_find_within_an_id_to_be_made_is_not_ruled_out() {
        let one = made("a");
        assert!(may_overlap_within("arn:aws:secretsmanager:*", &one));
        assert!(may_overlap_within("arn:*/x", &format!("{one}/*")));
        assert!(!may_overlap_within("arn:*/x", &format!("{one}/y")));
        assert!(!may_overlap_within("arn:aws:secretsmanager:x", &one));
        assert!(!may_overlap_within("arn:*", "bucket"));
    }

    #[test]
    fn an_overlap_is_covered_by_both() {
        for (one, other) in [
            ("a*", "*b"),
            ("a?c*", "*c"),
            ("bucket/*", "bucket/bob/*"),
            ("?b*", "a*"),
            ("*", "*"),
            ("a*b*c", "*bb*"),
            ("??", "?*"),
        ] {
            let text = overlap(one, other).unwrap_or_else(|| panic!("{one} {other}"));
            assert_eq!(covers(one, &text), Answer::Yes, "{one} {text}");
            assert_eq!(covers(other, &text), Answer::Yes, "{other} {text}");
            assert!(overlap(other, one).is_some(), "{other} {one}");
        }
        for (one, other) in [("a*", "b*"), ("a?", "a"), ("*a", "*b"), ("a", "b")] {
            assert_eq!(overlap(one, other), None, "{one} {other}");
        }
    }
}
