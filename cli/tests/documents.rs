//! Every command that the README and the guide show is run here, and what they show must be what
//! comes out.
//!
//! In a `console` block, `$ ` begins a command, the lines after it are its output, and `...` stands
//! for any number of lines. The commands of a page run one after the other in one empty folder. Ids
//! and digests may differ: units are applied side by side, and ids are given out in the order of
//! creation. With `SNAPSHOTS=overwrite`, outputs that differ are put into the page.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use std::fmt::Write as _;
use std::fs;
use std::path::Path;
use std::process::Command;

/// A command and the output shown for it.
struct Shown {
    command: String,
    output: Vec<String>,
}

/// A page in pieces.
enum Piece {
    /// A line that is no part of a shown command.
    Line(String),
    /// A command with its output.
    Shown(Shown),
}

fn pieces(page: &str) -> Vec<Piece> {
    let mut pieces: Vec<Piece> = Vec::new();
    let mut inside = false;
    for line in page.lines() {
        let fence = if inside { "```" } else { "```console" };
        if line == fence {
            inside = !inside;
            pieces.push(Piece::Line(line.into()));
        } else if let Some(command) = line.strip_prefix("$ ").filter(|_| inside) {
            pieces.push(Piece::Shown(Shown { command: command.into(), output: Vec::new() }));
        } else if let (true, Some(Piece::Shown(latest))) = (inside, pieces.last_mut()) {
            latest.output.push(line.into());
        } else {
            assert!(!inside, "output before any command: {line}");
            pieces.push(Piece::Line(line.into()));
        }
    }
    pieces
}

/// Runs a command as a reader of the README would, with the built binary in place of `cargo run`.
fn run(command: &str, folder: &Path) -> String {
    let binary = Path::new(env!("CARGO_BIN_EXE_nfplan"));
    let script = format!(
        "exec 2>&1; cargo() {{ while [ $1 != -- ]; do shift; done; shift; nfplan \"$@\"; }}; PATH={}:$PATH; {command}",
        binary.parent().expect("a binary is in a folder").display()
    );
    let output = Command::new("bash")
        .args(["-c", &script])
        .current_dir(folder)
        .env_clear()
        .env("PATH", std::env::var_os("PATH").expect("there is a path"))
        .env("COLUMNS", "100")
        .output()
        .expect("bash runs");
    String::from_utf8(output.stdout).expect("nfplan writes UTF-8")
}

/// Whether the lines are as shown; `...` matches any number of lines.
fn matches(shown: &[String], lines: &[&str]) -> bool {
    match (shown.split_first(), lines.split_first()) {
        (None, None) => true,
        (Some((first, rest)), _) if first == "..." => {
            (0..=lines.len()).any(|skipped| matches(rest, &lines[skipped..]))
        }
        (Some((first, rest)), Some((line, lines))) => {
            masked(first) == masked(line) && matches(rest, lines)
        }
        _ => false,
    }
}

/// The line with a mark in place of ids and digests: long hexadecimal numbers and key ids.
fn masked(line: &str) -> String {
    let id = |word: &str| {
        let hexadecimal = word.len() >= 6
            && word.chars().all(|c| c.is_ascii_hexdigit())
            && word.chars().any(|c| c.is_ascii_digit());
        hexadecimal || word.starts_with("AKIA")
    };
    let words = line.split_inclusive(|c: char| !c.is_ascii_alphanumeric());
    let mask = |piece: &str| {
        let word = piece.trim_end_matches(|c: char| !c.is_ascii_alphanumeric());
        if id(word) { piece.replace(word, "#") } else { piece.to_owned() }
    };
    words.map(mask).collect()
}

/// Runs all commands of a page; `least` is how many there must be at least.
fn judge(name: &str, least: usize) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(name);
    let page = fs::read_to_string(&path).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let overwrite = std::env::var("SNAPSHOTS").is_ok_and(|value| value == "overwrite");
    let mut new = String::new();
    let mut commands = 0;
    for piece in pieces(&page) {
        let Shown { command, output } = match piece {
            Piece::Line(line) => {
                writeln!(new, "{line}").unwrap();
                continue;
            }
            Piece::Shown(shown) => shown,
        };
        commands += 1;
        let text = run(&command, folder.path());
        let lines: Vec<&str> = text.lines().collect();
        let fits = matches(&output, &lines);
        let shown = output.join("\n");
        assert!(fits || overwrite, "{name}: $ {command}\nshown:\n{shown}\nbut it says:\n{text}");
        let shown = if fits { shown } else { text.trim_end().to_owned() };
        writeln!(new, "$ {command}").unwrap();
        if !shown.is_empty() {
            writeln!(new, "{shown}").unwrap();
        }
    }
    assert!(commands >= least, "{name} shows {commands} commands only");
    if new != page {
        fs::write(&path, new).unwrap();
    }
}

#[test]
fn the_readme_is_true() {
    judge("../README.md", 8);
}

#[test]
fn the_quick_start_is_true() {
    judge("docs/quick-start.md", 18);
}

#[test]
fn what_is_said_of_reading_plans_is_true() {
    judge("docs/plans.md", 10);
}

#[test]
fn what_is_said_of_operations_is_true() {
    judge("docs/operations.md", 21);
}

#[test]
fn pages_of_the_guide_link_to_pages_that_are_there() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs");
    let mut links = 0;
    for page in fs::read_dir(&folder).unwrap() {
        let text = fs::read_to_string(page.unwrap().path()).unwrap();
        for link in text.split("](").skip(1).filter_map(|rest| rest.split(')').next()) {
            links += 1;
            assert!(folder.join(link).is_file(), "{link}");
        }
    }
    assert!(links >= 7);
}

#[test]
fn what_is_said_of_isolation_is_true() {
    judge("docs/isolation.md", 10);
}

#[test]
fn what_is_said_of_permissions_is_true() {
    judge("docs/permissions.md", 2);
}

#[test]
fn what_is_said_of_pipelines_is_true() {
    judge("docs/pipelines.md", 7);
}

#[test]
fn what_is_said_of_researchers_is_true() {
    judge("docs/researchers.md", 13);
}

#[test]
fn what_is_said_of_the_way_over_from_hatchery_is_true() {
    judge("docs/hatchery.md", 5);
}

#[test]
fn what_is_said_of_fleets_is_true() {
    judge("docs/fleets.md", 6);
}

#[test]
fn what_is_said_of_drift_is_true() {
    judge("docs/drift.md", 2);
}
