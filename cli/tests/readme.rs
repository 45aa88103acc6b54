//! Every command that the README shows is run here, and what it shows must be what comes out.
//!
//! In a `console` block, `$ ` begins a command, the lines after it are its output, and `...` stands
//! for any number of lines. All commands run one after the other in one empty folder. Ids and digests
//! may differ: units are applied side by side, and ids are given out in the order of creation.

use std::path::Path;
use std::process::Command;

const README: &str = include_str!("../../README.md");

/// A command and the output shown for it.
struct Shown {
    command: String,
    output: Vec<String>,
}

fn shown() -> Vec<Shown> {
    let mut list: Vec<Shown> = Vec::new();
    let mut inside = false;
    for line in README.lines() {
        match (inside, line) {
            (false, "```console") => inside = true,
            (true, "```") => inside = false,
            (true, line) => match (line.strip_prefix("$ "), list.last_mut()) {
                (Some(command), _) => {
                    list.push(Shown { command: command.into(), output: Vec::new() });
                }
                (None, Some(latest)) => latest.output.push(line.into()),
                (None, None) => panic!("output before any command: {line}"),
            },
            (false, _) => {}
        }
    }
    list
}

/// Runs a command as a reader of the README would, with the built binary in place of `cargo run`.
fn run(command: &str, folder: &Path) -> String {
    let binary = Path::new(env!("CARGO_BIN_EXE_nfplan"));
    let script = format!(
        "exec 2>&1; cargo() {{ shift 3; nfplan \"$@\"; }}; PATH={}:$PATH; {command}",
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

#[test]
fn every_command_of_the_readme_says_what_the_readme_shows() {
    let folder = tempfile::tempdir().unwrap();
    let shown = shown();
    assert!(shown.len() >= 8, "the README shows a tour");
    for Shown { command, output } in shown {
        let text = run(&command, folder.path());
        let lines: Vec<&str> = text.lines().collect();
        assert!(
            matches(&output, &lines),
            "$ {command}\nshown:\n{}\nbut it says:\n{text}",
            output.join("\n")
        );
    }
}
