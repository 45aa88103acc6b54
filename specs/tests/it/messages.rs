//! Every message in full, as people see it: one file for each thing that can be wrong.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use nfplan_specs::code;
use nfplan_specs::diagnostic::Diagnostic;
use nfplan_specs::render::Style;
use nfplan_specs::render::render;

use crate::kit;
use crate::kit::PROJECT;

/// Files of researchers, each under `===` and what is wrong with it.
const FILES: &str = include_str!("messages.in");

/// What is wrong, and the file of researchers that is.
fn files() -> Vec<(&'static str, Vec<u8>)> {
    let mut bomb = String::new();
    for level in 0..8 {
        let item = if level == 0 { "x".into() } else { format!("*a{}", level - 1) };
        writeln!(bomb, "a{level}: &a{level} [{}]", vec![item; 9].join(", ")).unwrap();
    }
    let long = format!("{}: {{ account: lab, profile: standard }}\n", "a".repeat(40));
    let mut files = vec![
        ("an alias bomb", bomb.into_bytes()),
        ("nested too deeply", format!("alice: {}", "[".repeat(40)).into_bytes()),
        ("a user name too long", long.into_bytes()),
        ("no UTF-8", b"alice: { account: l\xe4b, profile: standard }\n".to_vec()),
        ("larger than nfplan reads", vec![b'#'; (16 << 20) + 1]),
    ];
    for part in FILES.split("=== ").skip(1) {
        let (what, text) = part.split_once('\n').unwrap();
        files.push((what, text.into()));
    }
    files
}

/// Codes of problems that no single file of researchers can have.
const ELSEWHERE: [&str; 7] = [
    code::ACCEPTED_TOO_LONG,
    code::NEWER_FORMAT,
    code::DUPLICATE_USER,
    code::DUPLICATE_ACCOUNT,
    code::ROLE_OF_OTHER_ACCOUNT,
    code::EXPANSION,
    code::FOLDER,
];

#[test]
fn each_says_what_where_why_and_what_to_do() {
    let mut seen: BTreeSet<&str> = ELSEWHERE.into();
    let mut all = String::new();
    for (what, text) in files() {
        let found =
            kit::problems(&[("nfplan.yaml", PROJECT.as_bytes()), ("workspaces/a.yaml", &text)]);
        seen.extend(found.iter().map(|problem: &Diagnostic| problem.code));
        writeln!(all, "# {what}\n\n{}\n", render(&found, Style::Plain, 100)).unwrap();
    }
    snapbox::assert_data_eq!(all, snapbox::file!["messages.txt"].raw());
    let codes: BTreeSet<&str> = code::ALL.iter().map(|(code, _)| *code).collect();
    assert_eq!(
        codes.difference(&seen).collect::<Vec<_>>(),
        [&""; 0],
        "codes without a message here"
    );
}
