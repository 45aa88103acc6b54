//! Edits of spec files that leave everything else as somebody wrote it: comments, order, layout.
//!
//! The new text is put together from the places of the old one, and then read again: it has to mean
//! what the old one meant but for the edit. A text of which that cannot be had is not edited.

use std::collections::BTreeMap;

use crate::parse::parse;
use crate::settings::Status;
use crate::tree::Entry;
use crate::tree::Node;
use crate::tree::Scalar;
use crate::tree::Yaml;

const STATUS: &str = "status";

/// The keys after which a status is written, the better one last.
const NEIGHBOURS: [&str; 2] = ["account", "profile"];

/// Why a text cannot be edited.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum EditError {
    /// The file says nothing of the researcher.
    #[error("{file} has no entry `{user}`")]
    NoEntry {
        /// The file.
        file: Box<str>,
        /// The researcher.
        user: Box<str>,
    },
    /// The entry is written in a way that cannot be edited without changing something else.
    #[error(
        "the entry `{user}` of {file} is written in a way that nfplan cannot edit: set \
         `status: {}` by hand", word(*status)
    )]
    Unfit {
        /// The file.
        file: Box<str>,
        /// The researcher.
        user: Box<str>,
        /// What was to be set.
        status: Status,
    },
}

/// The word of a status in specs.
pub fn word(status: Status) -> &'static str {
    match status {
        Status::Active => "active",
        Status::Suspended => "suspended",
    }
}

/// The text of `file` with another status of a researcher; none if the researcher has it already.
pub fn set_status(
    file: &str,
    text: &str,
    user: &str,
    status: Status,
) -> Result<Option<String>, EditError> {
    let unfit = || EditError::Unfit { file: file.into(), user: user.into(), status };
    let root = parse(file, text.as_bytes()).root.ok_or_else(unfit)?;
    let entry = entry(&root, user)
        .ok_or_else(|| EditError::NoEntry { file: file.into(), user: user.into() })?;
    let mut wanted = meaning(&root);
    if !wanted.set_status(user, word(status)) {
        return Ok(None);
    }
    let edited = edited(text, entry, word(status)).ok_or_else(unfit)?;
    let read_back = parse(file, edited.as_bytes());
    let sound = read_back.problems.is_empty()
        && read_back.root.is_some_and(|root| meaning(&root) == wanted);
    if sound { Ok(Some(edited)) } else { Err(unfit()) }
}

fn entry<'n>(map: &'n Node, key: &str) -> Option<&'n Entry> {
    entries(map)?.iter().find(|entry| &*entry.key.text == key)
}

fn entries(map: &Node) -> Option<&[Entry]> {
    match &map.value {
        Yaml::Map(entries) => Some(entries),
        _ => None,
    }
}

fn edited(text: &str, user: &Entry, word: &str) -> Option<String> {
    let map = &user.node;
    if let Some(status) = entry(map, STATUS) {
        let span = status.node.span;
        return Some(spliced(text, span.start.offset, span.end.offset, word));
    }
    let neighbour = NEIGHBOURS.iter().rev().find_map(|key| {
        let found = entry(map, key)?;
        matches!(found.node.value, Yaml::Scalar(_)).then_some(found)
    })?;
    let end = neighbour.node.span.end.offset;
    if text.as_bytes().get(map.span.start.offset as usize) == Some(&b'{') {
        return Some(spliced(text, end, end, &format!(", {STATUS}: {word}")));
    }
    // A line of its own, behind whatever else is on the neighbour's.
    let indent = " ".repeat(neighbour.span.start.column as usize - 1);
    let rest = text.get(end as usize..)?;
    let (length, broken) = match rest.find('\n') {
        Some(length) => (length, rest[..length].ends_with('\r')),
        None => (rest.len(), false),
    };
    let length = if broken { length - 1 } else { length };
    let newline = if broken { "\r\n" } else { "\n" };
    let at = end + u32::try_from(length).ok()?;
    Some(spliced(text, at, at, &format!("{newline}{indent}{STATUS}: {word}")))
}

/// The text with other words in place of a stretch.
fn spliced(text: &str, start: u32, end: u32, words: &str) -> String {
    let (before, after) = (&text[..start as usize], &text[end as usize..]);
    format!("{before}{words}{after}")
}

/// What a document says, wherever and in whatever order it says it.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Meaning {
    Scalar(Scalar),
    List(Vec<Meaning>),
    Map(BTreeMap<Box<str>, Meaning>),
    Refused,
}

fn meaning(node: &Node) -> Meaning {
    match &node.value {
        Yaml::Scalar(scalar) => Meaning::Scalar(scalar.clone()),
        Yaml::List(items) => Meaning::List(items.iter().map(meaning).collect()),
        Yaml::Map(entries) => {
            let entries = entries.iter();
            let entries = entries.map(|entry| (entry.key.text.clone(), meaning(&entry.node)));
            Meaning::Map(entries.collect())
        }
        Yaml::Refused => Meaning::Refused,
    }
}

impl Meaning {
    /// Sets a researcher's status; says whether that changes anything.
    fn set_status(&mut self, user: &str, word: &str) -> bool {
        let Self::Map(users) = self else { return false };
        let Some(Self::Map(fields)) = users.get_mut(user) else { return false };
        let is = |scalar: &Scalar, word: &str| &*scalar.text == word;
        match fields.get(STATUS) {
            Some(Self::Scalar(scalar)) if is(scalar, word) => return false,
            None if word == self::word(Status::Active) => return false,
            _ => {}
        }
        let scalar = Scalar { text: word.into(), plain: true };
        fields.insert(STATUS.into(), Self::Scalar(scalar));
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn suspended(text: &str) -> Result<Option<String>, EditError> {
        set_status("workspaces/x.yaml", text, "alice", Status::Suspended)
    }

    #[track_caller]
    fn becomes(text: &str, expected: &str) {
        assert_eq!(suspended(text).unwrap().as_deref(), Some(expected), "{text}");
        let back = set_status("x", expected, "alice", Status::Active).unwrap().unwrap();
        let replaced = expected.replacen("status: suspended", "status: active", 1);
        assert_eq!(back, replaced);
        assert_eq!(set_status("x", &back, "alice", Status::Active).unwrap(), None);
    }

    #[test]
    fn comments_order_and_layout_stay() {
        becomes(
            "# lab 7\nalice:   # since May\n  # where\n  account: main\n  profile: standard  # for now\n\n  tags: { a: b }\nbob: { account: main, profile: standard }\n",
            "# lab 7\nalice:   # since May\n  # where\n  account: main\n  profile: standard  # for now\n  status: suspended\n\n  tags: { a: b }\nbob: { account: main, profile: standard }\n",
        );
        becomes(
            "bob: {account: main, profile: x}\nalice: { profile: standard,account: 'main' } # her\n",
            "bob: {account: main, profile: x}\nalice: { profile: standard, status: suspended,account: 'main' } # her\n",
        );
        becomes(
            "alice: {\n  account: main, # here\n  profile: standard # there\n}\n",
            "alice: {\n  account: main, # here\n  profile: standard, status: suspended # there\n}\n",
        );
        becomes(
            "alice:\r\n    account: main\r\n    profile: standard",
            "alice:\r\n    account: main\r\n    profile: standard\n    status: suspended",
        );
        becomes(
            "alice:\r\n  profile: standard # é\r\n  account: main\r\n",
            "alice:\r\n  profile: standard # é\r\n  status: suspended\r\n  account: main\r\n",
        );
        becomes(
            "\"alice\":\n  status: active   # until June\n  account: main\n  profile: standard\n",
            "\"alice\":\n  status: suspended   # until June\n  account: main\n  profile: standard\n",
        );
    }

    #[test]
    fn what_is_so_already_is_not_written_again() {
        for text in [
            "alice: { account: main, profile: standard, status: suspended }",
            "alice: { status: 'suspended', account: main, profile: standard }",
        ] {
            assert_eq!(suspended(text).unwrap(), None);
        }
    }

    #[test]
    fn what_stands_for_several_things_is_not_edited() {
        for text in [
            "bob: &x { account: main, profile: standard }\nalice: *x\n",
            "bob: { account: main, profile: p, status: &s active }\nalice: { account: main, profile: p, status: *s }\n",
            "alice: 1\n",
        ] {
            let result = suspended(text);
            assert!(!matches!(result, Ok(Some(_))), "{text}: {result:?}");
        }
        assert!(matches!(suspended("bob: { account: main }"), Err(EditError::NoEntry { .. })));
    }
}
