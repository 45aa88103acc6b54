//! Small projects in temporary folders.

use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use nfplan_specs::diagnostic::Diagnostic;
use nfplan_specs::diagnostic::Diagnostics;
use nfplan_specs::fleet::Fleet;
use nfplan_specs::fleet::LoadError;
use nfplan_specs::fleet::WorkspaceSpec;
use nfplan_specs::settings::WorkspaceSettings;
use proptest::test_runner::Config;
use proptest::test_runner::RngSeed;
use proptest::test_runner::TestRunner;
use tempfile::TempDir;

/// A sound `nfplan.yaml`.
pub(crate) const PROJECT: &str = "\
nfplan: 1
blueprint: 1
environment: data.example.org
accounts:
  main: { id: \"111122223333\", region: us-east-1 }
  lab: { id: \"444455556666\", region: us-west-2 }
profiles:
  standard: {}
";

/// Writes a project's files, in memory where the machine has a place for that.
pub(crate) fn folder(files: &[(&str, &[u8])]) -> TempDir {
    let memory = Path::new("/dev/shm");
    let folder = if memory.is_dir() { TempDir::new_in(memory) } else { TempDir::new() }.unwrap();
    for (name, text) in files {
        let path = folder.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }
    folder
}

/// Loads what must be sound.
pub(crate) fn sound(root: &Path) -> Fleet {
    Fleet::load(root).unwrap_or_else(|error| panic!("{}", lines(&diagnostics(error)).join("\n")))
}

/// The settings of the workspaces of a project with these two files.
pub(crate) fn settings(project: &str, workspaces: &str) -> Vec<WorkspaceSettings> {
    let folder = folder(&[
        ("nfplan.yaml", project.as_bytes()),
        ("workspaces/all.yaml", workspaces.as_bytes()),
    ]);
    let fleet = sound(folder.path());
    let specs: Vec<&WorkspaceSpec> = fleet.workspaces().collect();
    specs.into_iter().map(|spec| fleet.workspace(spec)).collect()
}

/// What is wrong in a project with these files.
pub(crate) fn problems(files: &[(&str, &[u8])]) -> Diagnostics {
    let folder = folder(files);
    diagnostics(Fleet::load(folder.path()).expect_err("the project should have problems"))
}

/// What is wrong with one file of researchers beside a sound `nfplan.yaml`.
pub(crate) fn problems_of(workspaces: &str) -> Vec<String> {
    problems_of_bytes(workspaces.as_bytes())
}

/// The same for any bytes.
pub(crate) fn problems_of_bytes(workspaces: &[u8]) -> Vec<String> {
    let files = [("nfplan.yaml", PROJECT.as_bytes()), ("workspaces/a.yaml", workspaces)];
    lines(&problems(&files))
}

fn diagnostics(error: LoadError) -> Diagnostics {
    match error {
        LoadError::Invalid(diagnostics) => diagnostics,
        LoadError::NoProject { .. } | LoadError::Io { .. } => panic!("{error}"),
    }
}

/// `file:line:column: error[E0203]: message`.
fn one_line(diagnostic: &Diagnostic) -> String {
    let Diagnostic { code, severity, message, .. } = diagnostic;
    let primary = diagnostic.primary();
    let (file, start) = (&primary.file, primary.span.start);
    format!("{file}:{}:{}: {}[{code}]: {message}", start.line, start.column, severity.word())
}

/// One line for each diagnostic.
pub(crate) fn lines(diagnostics: &Diagnostics) -> Vec<String> {
    diagnostics.iter().map(one_line).collect()
}

/// Diagnostics with everything that they mark and propose, line by line.
pub(crate) fn in_full(diagnostics: &Diagnostics) -> String {
    diagnostics.iter().map(|diagnostic| full(diagnostics, diagnostic)).collect()
}

fn full(diagnostics: &Diagnostics, diagnostic: &Diagnostic) -> String {
    let mut text = format!("{}\n", one_line(diagnostic));
    for label in diagnostic.labels() {
        let source = diagnostics.source(&label.file).unwrap();
        let (start, end) = (label.span.start, label.span.end);
        let marked = &source[start.offset as usize..end.offset as usize];
        let place = format!("{}:{}:{}", label.file, start.line, start.column);
        let colon = if label.text.is_empty() { "" } else { ": " };
        writeln!(text, "    marks {marked:?} at {place}{colon}{}", label.text).unwrap();
    }
    if let Some(help) = &diagnostic.help {
        writeln!(text, "    help: {help}").unwrap();
    }
    if let Some(edit) = &diagnostic.suggestion {
        writeln!(text, "    edit: {} -> {}", edit.title, edit.replacement).unwrap();
    }
    text
}

/// The same random cases in every run.
pub(crate) fn cases(cases: u32) -> Config {
    let rng_seed = RngSeed::Fixed(0x6e66_706c_616e);
    Config { cases, rng_seed, failure_persistence: None, ..Config::default() }
}

/// The same for tests that prepare something once for all cases.
pub(crate) fn runner(count: u32) -> TestRunner {
    TestRunner::new(cases(count))
}
