//! Diagnostics as people and programs see them.

use std::path::Path;

use nfplan_specs::annotation::annotation;
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
    let plain = render(&kit::problems(&FILES), Style::Plain, 140);
    snapbox::assert_data_eq!(plain, snapbox::file!["rendered.txt"].raw());
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
    assert_eq!(plain, render(&kit::problems(&FILES), Style::Plain, 140));
}

#[test]
fn programs_see_positions_other_places_and_edits() {
    let found = serde_json::to_value(kit::problems(&FILES)).unwrap();
    let last = json!({
        "code": "E0206", "severity": "error", "file": "workspaces/b.yaml",
        "line": 1, "column": 49, "end_line": 1, "end_column": 51,
        "message": "`status` cannot be `on`", "help": "known here: active, suspended",
    });
    assert_eq!(found[5], last);
    let first_here = json!([{
        "file": "workspaces/a.yaml", "line": 2, "column": 1, "end_line": 2, "end_column": 4,
        "text": "first here",
    }]);
    assert_eq!(found[4]["labels"], first_here);
    let edit = json!({
        "title": "did you mean `lab`?", "file": "workspaces/a.yaml",
        "line": 2, "column": 17, "end_line": 2, "end_column": 20, "replacement": "lab",
    });
    assert_eq!(found[3]["suggestion"], edit);
}

#[test]
fn annotations_are_one_line_each_whatever_the_text() {
    let problems = kit::problems(&FILES);
    let lines: Vec<String> =
        problems.iter().map(|problem| annotation(problem, Path::new("specs: a,b"))).collect();
    let expected = "::error file=specs%3A a%2Cb/workspaces/a.yaml,line=2,endLine=2,col=17,endColumn=20,\
                    title=nfplan E0305::the account `lap` does not exist in nfplan.yaml%0Ahelp: did you \
                    mean `lab`? write: lab";
    assert_eq!(lines[3], expected);
    let help = "::the researcher `bob` is given twice%0Afirst here: specs: a,b/workspaces/a.yaml:2:1%0A\
                help: keep one of them";
    assert!(lines[4].ends_with(help), "{}", lines[4]);
    assert!(lines.iter().all(|line| !line.contains(['\n', '\r'])));
    let hostile = kit::problems(&[
        ("nfplan.yaml", PROJECT.as_bytes()),
        (
            "workspaces/a.yaml",
            b"\"a%\\n::error::b\": { account: lab, profile: \"x\\r\\n::warning::\" }",
        ),
    ]);
    for problem in hostile.iter() {
        let line = annotation(problem, Path::new("."));
        assert!(line.starts_with("::error file=workspaces/a.yaml,line=1"), "{line}");
        assert!(!line.contains(['\n', '\r']), "{line}");
    }
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
