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

const PLAIN: &str = r#"error[E0202]: `account` is missing
 --> workspaces/a.yaml:1:1
  |
1 | é: {}
  | ^

error[E0202]: `profile` is missing
 --> workspaces/a.yaml:1:1
  |
1 | é: {}
  | ^

error[E0303]: user name "é" has the character 'é': only printable ASCII has an escaped form that no other user name shares
 --> workspaces/a.yaml:1:1
  |
1 | é: {}
  | ^

error[E0305]: the account `lap` does not exist in nfplan.yaml
 --> workspaces/a.yaml:2:17
  |
2 | bob: { account: lap, profile: standard }
  |                 ^^^
  |
help: did you mean `lab`?
  |
2 - bob: { account: lap, profile: standard }
2 + bob: { account: lab, profile: standard }
  |

error[E0304]: the researcher `bob` is given twice
 --> workspaces/b.yaml:1:1
  |
1 | bob: { account: lab, profile: standard, status: on }
  | ^^^ again here
  |
 ::: workspaces/a.yaml:2:1
  |
2 | bob: { account: lap, profile: standard }
  | --- first here
  |
  = help: keep one of them

error[E0206]: `status` cannot be `on`
 --> workspaces/b.yaml:1:49
  |
1 | bob: { account: lab, profile: standard, status: on }
  |                                                 ^^
  |
  = help: known here: active, suspended"#;

#[test]
fn people_see_the_lines_and_what_to_do() {
    assert_eq!(render(&kit::problems(&FILES), Style::Plain, 140), PLAIN);
}

#[test]
fn colours_add_nothing_but_escape_codes() {
    let styled = render(&kit::problems(&FILES), Style::Ansi, 140);
    assert!(styled.contains("\u{1b}["));
    let mut plain = String::new();
    let mut parts = styled.split('\u{1b}');
    plain.extend(parts.next());
    for part in parts {
        // `[…m` is a colour, `]8;…\` a link.
        let end = if part.starts_with('[') { part.find('m') } else { Some(part.len() - 1) };
        plain.push_str(&part[end.unwrap() + 1..]);
    }
    assert_eq!(plain, PLAIN);
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
        assert!(!render(&found, Style::Plain, 140).is_empty());
    }
}

#[test]
fn messages_and_lines_of_files_fit_the_width() {
    let images = ["a", "b", "c", "d", "e"].map(|name| format!("quay.io/{name}/*")).join(", ");
    let long =
        format!("x: {{ account: lab, profile: standard, images: [{images}], status: on }}\n");
    let mut files = FILES.to_vec();
    files.push(("workspaces/long.yaml", long.as_bytes()));
    for width in [60, 80, 100] {
        let text = render(&kit::problems(&files), Style::Plain, width);
        assert!(text.contains("status: on }"), "{text}");
        assert!(text.lines().all(|line| line.chars().count() <= width), "{text}");
    }
    let text = render(&kit::problems(&FILES), Style::Plain, 60);
    let broken = "\
error[E0303]: user name \"é\" has the character 'é': only
              printable ASCII has an escaped form that no
              other user name shares
";
    assert!(text.contains(broken), "{text}");
}
