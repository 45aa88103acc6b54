//! Reading spec files, one after the other, and collecting what is wrong with all of them.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::Path;

use super::LoadError;
use super::WORKSPACES;
use super::read_bounded;
use super::top;
use crate::code;
use crate::decode::Decoder;
use crate::decode::Field;
use crate::decode::FileNumber;
use crate::decode::PROJECT_FILE;
use crate::diagnostic::Diagnostic;
use crate::format::project::Declared;
use crate::format::project::PROJECT;
use crate::format::project::project;
use crate::format::researcher::Known;
use crate::format::researcher::RESEARCHERS;
use crate::format::researcher::WorkspaceSpec;
use crate::format::researcher::researchers;
use crate::format::shape::Shape;
use crate::parse::MAX_FILE_BYTES;
use crate::parse::Parsed;
use crate::parse::parse;
use crate::span::Span;
use crate::tree::Node;
use crate::tree::Yaml;

/// Reads file by file.
pub(super) struct Loader<'a> {
    pub(super) root: &'a Path,
    pub(super) files: Vec<Box<str>>,
    pub(super) problems: Vec<Diagnostic>,
}

impl<'a> Loader<'a> {
    pub(super) fn new(root: &'a Path) -> Self {
        Self { root, files: Vec::new(), problems: Vec::new() }
    }

    pub(super) fn project(&mut self) -> Result<Declared, LoadError> {
        let path = self.root.join(PROJECT_FILE);
        if !path.try_exists().map_err(|source| LoadError::Io { path, source })? {
            return Err(LoadError::NoProject { root: self.root.into() });
        }
        let declared = match self.read(PROJECT_FILE)? {
            None => Declared::default(),
            Some(node) => {
                let mut decoder =
                    Decoder::new(PROJECT_FILE, FileNumber::Project, &mut self.problems);
                project(&mut decoder, top(PROJECT_FILE, &node, &PROJECT))
            }
        };
        Ok(declared)
    }

    /// The researchers of these files in the folder of researchers.
    pub(super) fn workspaces(
        &mut self,
        declared: &Declared,
        names: Vec<String>,
    ) -> Result<Vec<WorkspaceSpec>, LoadError> {
        let mut seen = BTreeMap::new();
        let mut workspaces = Vec::new();
        for name in names {
            let file = format!("{WORKSPACES}/{name}");
            let Some(node) = self.read(&file)? else { continue };
            self.files.push(file.as_str().into());
            let known = Known { declared, files: &self.files, seen: &mut seen };
            let mut decoder = Decoder::new(&file, FileNumber::Researcher, &mut self.problems);
            workspaces.extend(researchers(&mut decoder, top(&file, &node, &RESEARCHERS), known));
        }
        Ok(workspaces)
    }

    /// The entries of a file beside the specs; none if there is no such file.
    pub(super) fn beside<T>(
        &mut self,
        file: &str,
        shape: &'static Shape,
        read: impl FnOnce(&mut Decoder<'_>, Field<'_>) -> Vec<T>,
    ) -> Result<Vec<T>, LoadError> {
        let path = self.root.join(file);
        if !path.try_exists().map_err(|source| LoadError::Io { path, source })? {
            return Ok(Vec::new());
        }
        let Some(node) = self.read(file)? else { return Ok(Vec::new()) };
        // Nothing in it is a setting of a unit, so that the number is never looked at.
        let mut decoder = Decoder::new(file, FileNumber::Project, &mut self.problems);
        Ok(read(&mut decoder, top(file, &node, shape)))
    }

    /// The names of researchers' files, sorted.
    pub(super) fn names(&mut self) -> Result<Vec<String>, LoadError> {
        let folder = self.root.join(WORKSPACES);
        let failed = |source| LoadError::Io { path: folder.clone(), source };
        let entries = match fs::read_dir(&folder) {
            Ok(entries) => entries,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            Err(error) => return Err(failed(error)),
        };
        let mut names = Vec::new();
        for entry in entries {
            let entry = entry.map_err(failed)?;
            let name = entry.file_name().to_string_lossy().into_owned();
            let yaml =
                Path::new(&name).extension().is_some_and(|end| end == "yaml" || end == "yml");
            if name.starts_with('.') {
                continue;
            }
            if entry.file_type().map_err(failed)?.is_dir() {
                self.warn_of_folder(&name);
            } else if yaml {
                names.push(name);
            }
        }
        names.sort();
        Ok(names)
    }

    /// Files moved into a folder would read as researchers removed.
    fn warn_of_folder(&mut self, name: &str) {
        let file = format!("{WORKSPACES}/{name}");
        let message = "folders in `workspaces` are not read";
        let problem = Diagnostic::warning(code::FOLDER, &file, Span::START, message);
        self.problems.push(problem.help("keep all files of researchers in `workspaces` itself"));
    }

    /// Reads a file's tree; what is wrong with its text is noted. An empty file is an empty map.
    fn read(&mut self, file: &str) -> Result<Option<Node>, LoadError> {
        let path = self.root.join(file);
        let bytes = read_bounded(&path).map_err(|source| LoadError::Io { path, source })?;
        let Some(bytes) = bytes else {
            let message = format!("the file is larger than {} MiB", MAX_FILE_BYTES >> 20);
            let problem = Diagnostic::error(code::TOO_LARGE, file, Span::START, message)
                .help("split it into several files");
            self.problems.push(problem);
            return Ok(None);
        };
        let Parsed { root, problems, broken } = parse(file, &bytes);
        self.problems.extend(problems);
        let empty = || Node { value: Yaml::Map(Vec::new()), span: Span::START };
        Ok(if broken { None } else { Some(root.unwrap_or_else(empty)) })
    }
}
