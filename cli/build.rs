//! Names the sources that decide what a plan is, so that what one build noted of a plan is taken up
//! only by builds of the same sources.

use std::error::Error;
use std::fs;
use std::hash::DefaultHasher;
use std::hash::Hash as _;
use std::hash::Hasher as _;
use std::path::Path;
use std::path::PathBuf;

/// What decides, from the folder of this crate.
const SOURCES: [&str; 6] =
    ["src", "../engine/src", "../providers/src", "../specs/src", "../state/src", "../Cargo.lock"];

fn main() -> Result<(), Box<dyn Error>> {
    let mut hasher = DefaultHasher::new();
    for source in SOURCES {
        println!("cargo::rerun-if-changed={source}");
        for file in files(Path::new(source))? {
            file.hash(&mut hasher);
            fs::read(&file)?.hash(&mut hasher);
        }
    }
    // `cargo run` has it in the environment too, where names with `NFPLAN_` are settings.
    println!("cargo::rustc-env=PLANNING_SOURCES={:016x}", hasher.finish());
    Ok(())
}

/// A file, or all files of a folder, sorted.
fn files(path: &Path) -> Result<Vec<PathBuf>, Box<dyn Error>> {
    if !path.is_dir() {
        return Ok(vec![path.to_owned()]);
    }
    let mut entries = Vec::new();
    for entry in fs::read_dir(path)? {
        entries.push(entry?.path());
    }
    entries.sort();
    let mut all = Vec::new();
    for entry in entries {
        all.extend(files(&entry)?);
    }
    Ok(all)
}
