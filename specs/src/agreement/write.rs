//! New entries of `accepted.yaml`, put behind those that are there; what else the file says stays as
//! somebody wrote it. The new text is read again: it has to say what it is meant to say.

use std::collections::BTreeSet;

use nfplan_engine::value::Attributes;
use nfplan_engine::value::Value;

use super::ACCEPTED_FILE;
use super::Acceptance;
use crate::decode::Decoder;
use crate::decode::FileNumber;
use crate::fleet::top;
use crate::format::agreement::ACCEPTED;
use crate::format::agreement::accepted;
use crate::parse::parse;
use crate::tree::Node;
use crate::tree::Yaml;

/// The list's key.
const KEY: &str = "accepted";

/// Why entries cannot be added.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "{ACCEPTED_FILE} is written in a way that nfplan cannot edit; add these entries by hand:\n{entries}"
)]
pub struct Unfit {
    /// The entries, as they have to be written.
    entries: String,
}

/// The text of the file with these entries in it, in place of those that speak of the same. Without
/// a text, a new file.
pub fn with_entries(text: Option<&str>, new: &[Acceptance]) -> Result<String, Unfit> {
    let text = text.filter(|text| !text.trim().is_empty());
    let unfit = || Unfit { entries: written(new, "  ") };
    let Some(text) = text else { return Ok(format!("{KEY}:\n{}", written(new, "  "))) };
    let edited = edited(text, new).ok_or_else(unfit)?;
    let speaks = |old: &&Acceptance| !new.iter().any(|new| new.drift == old.drift);
    let before = read(text).ok_or_else(unfit)?;
    let wanted = before.iter().filter(speaks).chain(new).map(meaning);
    let found = read(&edited).ok_or_else(unfit)?;
    if found.iter().map(meaning).eq(wanted) { Ok(edited) } else { Err(unfit()) }
}

/// All that an entry says.
fn meaning(entry: &Acceptance) -> impl PartialEq + use<'_> {
    let Acceptance { drift, live, reason, owner, since, expires, place: _ } = entry;
    (drift, live, reason, owner, since, expires)
}

/// The entries of a text without problems.
fn read(text: &str) -> Option<Vec<Acceptance>> {
    let parsed = parse(ACCEPTED_FILE, text.as_bytes());
    let (root, mut problems) = (parsed.root?, parsed.problems);
    let mut decoder = Decoder::new(ACCEPTED_FILE, FileNumber::Project, &mut problems);
    let entries = accepted(&mut decoder, top(ACCEPTED_FILE, &root, &ACCEPTED));
    problems.is_empty().then_some(entries)
}

fn edited(text: &str, new: &[Acceptance]) -> Option<String> {
    let root = parse(ACCEPTED_FILE, text.as_bytes()).root?;
    let Yaml::Map(entries) = &root.value else { return None };
    let list = entries.iter().find(|entry| &*entry.key.text == KEY)?;
    let Yaml::List(items) = &list.node.value else { return None };
    let [first, ..] = items.as_slice() else {
        // An empty list has brackets.
        let span = list.node.span;
        let (before, after) =
            (&text[..span.start.offset as usize], &text[span.end.offset as usize..]);
        let entries = written(new, "  ");
        return Some(format!("{}\n{}{after}", before.trim_end(), entries.trim_end()));
    };
    let lines: Vec<&str> = text.split_inclusive('\n').collect();
    let gone: BTreeSet<u32> = items
        .iter()
        .filter(|item| new.iter().any(|new| drift_of(item) == Some(&*new.drift)))
        .flat_map(|item| item.span.start.line..=end_of(item))
        .collect();
    let first = lines.get(first.span.start.line as usize - 1)?;
    let indent = first.split('-').next().filter(|indent| indent.trim().is_empty())?;
    let end = items.iter().map(end_of).max()?;
    let mut result = String::with_capacity(text.len());
    for (line, number) in lines.iter().zip(1..) {
        if !gone.contains(&number) {
            result.push_str(line);
        }
        if number == end {
            if !result.ends_with('\n') {
                result.push('\n');
            }
            result.push_str(&written(new, indent));
        }
    }
    Some(result)
}

fn drift_of(item: &Node) -> Option<&str> {
    let Yaml::Map(entries) = &item.value else { return None };
    let drift = entries.iter().find(|entry| &*entry.key.text == "drift")?;
    if let Yaml::Scalar(scalar) = &drift.node.value { Some(&scalar.text) } else { None }
}

/// The last line of a value.
fn end_of(node: &Node) -> u32 {
    let inside = match &node.value {
        Yaml::Scalar(_) | Yaml::Refused => None,
        Yaml::List(items) => items.iter().map(end_of).max(),
        Yaml::Map(entries) => entries.iter().map(|entry| end_of(&entry.node)).max(),
    };
    inside.unwrap_or(0).max(node.span.end.line)
}

/// Entries as a file holds them.
fn written(entries: &[Acceptance], indent: &str) -> String {
    entries.iter().map(|entry| entry_text(entry, indent)).collect()
}

fn entry_text(entry: &Acceptance, indent: &str) -> String {
    let Acceptance { drift, live, reason, owner, since, expires, place: _ } = entry;
    let live = live.as_ref().map(|value| format!("live:{}", block(value, indent.len() + 2)));
    let keys = [
        Some(format!("drift: {}", scalar(drift))),
        live,
        Some(format!("reason: {}", scalar(reason))),
        Some(format!("owner: {}", scalar(owner))),
        Some(format!("since: {since}")),
        Some(format!("expires: {expires}")),
    ];
    let separator = format!("\n{indent}  ");
    let lines: Vec<String> = keys.into_iter().flatten().collect();
    format!("{indent}- {}\n", lines.join(&separator))
}

/// A value behind a key that stands in this column: what is made of others line by line, as a
/// reviewer can read it.
fn block(value: &Value, column: usize) -> String {
    let inner = " ".repeat(column + 2);
    match value {
        Value::Map(entries) if !entries.is_empty() => format!("\n{}", map(entries, column + 2)),
        Value::List(items) if !items.is_empty() => {
            let lines = items.iter().map(|item| match item {
                Value::Map(entries) if !entries.is_empty() => {
                    format!("{inner}- {}", map(entries, column + 4).trim_start())
                }
                item => format!("{inner}-{}", block(item, column + 2)),
            });
            format!("\n{}", lines.collect::<Vec<_>>().join("\n"))
        }
        Value::Text(text) => format!(" {}", scalar(text)),
        other => format!(" {}", json(other)),
    }
}

fn map(entries: &Attributes, column: usize) -> String {
    let indent = " ".repeat(column);
    let lines = entries
        .iter()
        .map(|(name, value)| format!("{indent}{}:{}", scalar(name), block(value, column)));
    lines.collect::<Vec<_>>().join("\n")
}

/// A text as it stands in a file: without quotes where it reads the same.
fn scalar(text: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_./:@#".contains(&byte);
    let begins = text.bytes().next().is_some_and(|first| first.is_ascii_alphabetic());
    let written = parse(ACCEPTED_FILE, format!("a: {text}").as_bytes()).root;
    let same = written.is_some_and(|root| {
        let Yaml::Map(entries) = root.value else { return false };
        matches!(&entries[0].node.value, Yaml::Scalar(read)
            if *read.text == *text && read.reading() == crate::tree::Reading::Text)
    });
    if begins && same && text.bytes().all(|byte| plain(byte) || byte == b' ') {
        text.into()
    } else {
        json(&Value::text(text))
    }
}

/// JSON is YAML, on one line.
fn json(value: &Value) -> String {
    serde_json::to_string(value).expect("a value is JSON")
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;
    use proptest::prelude::*;

    use super::*;
    use crate::agreement::Place;

    fn entry(drift: &str, live: Option<Value>, reason: &str) -> Acceptance {
        let place = Place { file: ACCEPTED_FILE, line: 1, column: 1 };
        let (since, expires) = (date(2026, 11, 27), date(2026, 12, 20));
        let (reason, owner) = (reason.into(), "ops@example.org".into());
        Acceptance { drift: drift.into(), live, reason, owner, since, expires, place }
    }

    fn alike(found: &[Acceptance], wanted: &[&Acceptance]) -> bool {
        found.iter().map(meaning).eq(wanted.iter().map(|entry| meaning(entry)))
    }

    #[test]
    fn entries_stand_behind_others_and_replace_their_like() {
        let one = entry("u:a/b#c", Some(Value::from(9)), "patch week");
        let text = with_entries(None, std::slice::from_ref(&one)).unwrap();
        let expected = "accepted:\n  - drift: u:a/b#c\n    live: 9\n    reason: patch week\n    \
            owner: ops@example.org\n    since: 2026-11-27\n    expires: 2026-12-20\n";
        assert_eq!(text, expected);
        let commented = format!("# ours\n{text}  # the end\n");
        let two = entry("u:a/b", None, "gone: for good");
        let both = with_entries(Some(&commented), std::slice::from_ref(&two)).unwrap();
        assert!(both.starts_with("# ours\n") && both.ends_with("  # the end\n"), "{both}");
        assert!(alike(&read(&both).unwrap(), &[&one, &two]));
        let again = entry("u:a/b#c", Some(Value::from(10)), "another week");
        let replaced = with_entries(Some(&both), std::slice::from_ref(&again)).unwrap();
        assert!(alike(&read(&replaced).unwrap(), &[&two, &again]), "{replaced}");
        assert_eq!(replaced.lines().count(), both.lines().count());
    }

    #[test]
    fn an_empty_list_is_filled_and_another_style_is_left_to_people() {
        let one = entry("u:a/b#c", None, "x");
        let filled = with_entries(Some("accepted: []   # none yet\n"), std::slice::from_ref(&one));
        assert!(alike(&read(&filled.unwrap()).unwrap(), &[&one]));
        let flow = "accepted: [{ drift: u:a/b, reason: x, owner: y, since: 2026-11-27, expires: 2026-11-28 }]\n";
        let error = with_entries(Some(flow), std::slice::from_ref(&one)).unwrap_err().to_string();
        assert!(error.contains("by hand") && error.contains("- drift: u:a/b#c"), "{error}");
    }

    fn value() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            any::<bool>().prop_map(Value::Bool),
            (-9_000_000_000_000_i64..9_000_000_000_000).prop_map(Value::Integer),
            any::<String>().prop_map(|text| Value::text(printable(&text))),
        ];
        leaf.prop_recursive(4, 24, 4, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..4).prop_map(Value::List),
                prop::collection::btree_map("[a-zA-Z:/_#@. -]{1,9}", inner, 0..4).prop_map(|map| {
                    Value::Map(map.into_iter().map(|(k, v)| (k.into(), v)).collect())
                }),
            ]
        })
    }

    /// YAML has no notation for the rest that spec files may hold.
    fn printable(text: &str) -> String {
        text.chars().filter(|c| !c.is_control() || *c == '\n').collect()
    }

    proptest! {
        #[test]
        fn whatever_was_found_is_read_back(live in value(), reason in "[ -~]{1,30}") {
            let one = entry("u:a/b#c", Some(live), &reason);
            let text = with_entries(None, std::slice::from_ref(&one)).unwrap();
            prop_assert!(read(&text).is_some_and(|found| alike(&found, &[&one])), "{}", text);
        }
    }
}
