//! The table of Hatchery's faults names tests that are there.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::path::PathBuf;

/// All Rust sources below a folder.
fn sources(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let found = entries.flat_map(|path| if path.is_dir() { sources(&path) } else { vec![path] });
    found.filter(|path| path.extension().is_some_and(|extension| extension == "rs")).collect()
}

/// The names of all tests of the project, those that a table in a macro makes among them.
fn tests() -> BTreeSet<String> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let crates = ["cli", "engine", "providers", "specs", "state", "tests"];
    let folders =
        crates.iter().flat_map(|name| [root.join(name).join("src"), root.join(name).join("tests")]);
    let mut names = BTreeSet::new();
    for file in folders.filter(|folder| folder.is_dir()).flat_map(|folder| sources(&folder)) {
        let text = fs::read_to_string(file).unwrap();
        let mut is_test = false;
        for line in text.lines().map(str::trim) {
            let name = line.strip_prefix("fn ").and_then(|rest| rest.split('(').next());
            names.extend(name.filter(|_| is_test).map(str::to_owned));
            is_test = line == "#[test]" || (is_test && line.starts_with("#["));
            let in_table = line.split_once(": ").filter(|(_, rest)| rest.ends_with(','));
            names.extend(in_table.map(|(name, _)| name.to_owned()));
        }
    }
    names
}

#[test]
fn every_fault_of_hatcherys_has_a_row_and_every_test_in_it_is_there() {
    let table = Path::new(env!("CARGO_MANIFEST_DIR")).join("hatchery.md");
    let table = fs::read_to_string(table).unwrap();
    let (tests, mut rows) = (tests(), 0);
    for row in table.lines().filter(|line| line.starts_with("| ")).skip(1) {
        let cells: Vec<&str> = row.split('|').map(str::trim).collect();
        rows += 1;
        assert_eq!(cells[1], rows.to_string(), "{row}");
        let named: Vec<&str> = cells[3].split('`').skip(1).step_by(2).collect();
        assert!(!named.is_empty() || cells[1] == "44", "{row}");
        for name in named {
            assert!(tests.contains(name), "{name} is no test\n{row}");
        }
    }
    assert_eq!(rows, 46);
}
