//! Diagnostics as people and programs see them.

use nfplan_specs::render::Style;
use nfplan_specs::render::render;
use serde_json::json;

use crate::kit;
use crate::kit::PROJECT;

const FILES: [(&str, &[u8]); 3] = [
    ("nfplan.yaml", PROJECT.as_bytes()),
    ("workspaces/a.yaml", b"\xc3\xa9: {}\nbob: { account: lap, profile: standard }\n"),
    ("workspaces/b.yaml", b"bob: { account: lab, profile: standard, status: on }\n"),
];

#[test]
fn people_see_the_lines_and_what_to_do() {
    let plain = render(&kit::problems(&FILES), Style::Plain);
    snapbox::assert_data_eq!(plain, snapbox::file!["rendered.txt"].raw());
}

#[test]
fn colours_add_nothing_but_escape_codes() {
    let styled = render(&kit::problems(&FILES), Style::Ansi);
    assert!(styled.contains("\u{1b}["));
    let mut plain = String::new();
    let mut parts = styled.split('\u{1b}');
    plain.extend(parts.next());
    for part in parts {
        // `[…m` is a colour, `]8;…\` a link.
        let end = if part.starts_with('[') { part.find('m') } else { Some(part.len() - 1) };
        plain.push_str(&part[end.unwrap() + 1..]);
    }
    assert_eq!(plain, render(&kit::problems(&FILES), Style::Plain));
}

#[test]
fn programs_see_positions() {
    let found = serde_json::to_value(kit::problems(&FILES)).unwrap();
    let expected = json!({
        "code": "E0206", "severity": "error", "file": "workspaces/b.yaml",
        "line": 1, "column": 49, "end_line": 1, "end_column": 51,
        "message": "`status` cannot be `on`", "help": "known here: active, suspended",
    });
    assert_eq!(found.as_array().unwrap().last(), Some(&expected));
}

#[test]
fn no_place_in_any_damaged_file_breaks_the_rendering() {
    let text = include_str!("seeded/nfplan.yaml");
    for (cut, _) in text.char_indices().step_by(7) {
        let found = kit::problems(&[("nfplan.yaml", &text.as_bytes()[..cut])]);
        assert!(!render(&found, Style::Plain).is_empty());
    }
}
