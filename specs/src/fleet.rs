//! All specs of a project: `nfplan.yaml` and `workspaces/*.yaml`, read once, one file at a time.
//!
//! What is kept of a workspace is only what its own spec sets. Its full settings are made when they
//! are asked for, so that ten thousand workspaces stay small.

use std::collections::BTreeMap;
use std::collections::BTreeSet;
use std::fs;
use std::io;
use std::io::Read;
use std::path::Path;
use std::path::PathBuf;

use nfplan_engine::address::EscapedUser;
use nfplan_engine::address::Place;
use nfplan_engine::address::UnitId;
use nfplan_engine::desired::Problem;

use crate::agreement::ACCEPTED_FILE;
use crate::agreement::APPROVALS_FILE;
use crate::agreement::Acceptance;
use crate::agreement::PlanApproval;
use crate::code;
use crate::decode::Field;
use crate::decode::PROJECT_FILE;
use crate::diagnostic::Diagnostic;
use crate::diagnostic::Diagnostics;
use crate::diagnostic::Severity;
use crate::escape::escape_user;
use crate::format::agreement::ACCEPTED;
use crate::format::agreement::PLAN_APPROVALS;
use crate::format::agreement::accepted;
use crate::format::agreement::plan_approvals;
use crate::format::merge;
use crate::format::overlay::Overlay;
use crate::format::project::Declared;
pub use crate::format::researcher::WorkspaceSpec;
use crate::format::shape::Shape;
use crate::parse::MAX_FILE_BYTES;
use crate::parse::parse;
use crate::project::Account;
use crate::project::ApprovalClass;
use crate::project::StateLocation;
use crate::settings::Environment;
use crate::settings::PlatformSettings;
use crate::settings::WorkspaceSettings;
use crate::span::Span;
use crate::tree::Node;

mod loader;

use loader::Loader;

/// The folder of researchers' files.
const WORKSPACES: &str = "workspaces";

/// All specs of a project; sound in themselves.
#[derive(Debug)]
pub struct Fleet {
    root: PathBuf,
    environment: Environment,
    state: StateLocation,
    approvals: BTreeSet<ApprovalClass>,
    max_deletes: u32,
    accounts: BTreeMap<Box<str>, Account>,
    profiles: BTreeMap<Box<str>, Overlay>,
    workspaces: Vec<WorkspaceSpec>,
    files: Vec<Box<str>>,
    accepted: Vec<Acceptance>,
    plan_approvals: Vec<PlanApproval>,
    warnings: Diagnostics,
    /// Whose files were not read; none if all were.
    unread: Option<BTreeSet<EscapedUser>>,
}

/// Why specs cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum LoadError {
    /// There is no `nfplan.yaml`.
    #[error("there is no {PROJECT_FILE} in {root}: `nfplan init` makes one")]
    NoProject {
        /// The folder that should be a project.
        root: PathBuf,
    },
    /// A file or folder cannot be read.
    #[error("{path} cannot be read")]
    Io {
        /// The file or folder.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// Something is wrong in spec files.
    #[error("problems in the specs: {}", .0.len())]
    Invalid(Diagnostics),
}

impl Fleet {
    /// Reads and checks all specs of the project in the folder `root`. All problems of all files
    /// are reported together.
    pub fn load(root: &Path) -> Result<Self, LoadError> {
        let mut loader = Loader::new(root);
        let declared = loader.project()?;
        let names = loader.names()?;
        let workspaces = loader.workspaces(&declared, names)?;
        Self::finish(loader, declared, workspaces)
    }

    /// The same for these researchers only, if each has a file of the same name to himself. The files
    /// of others are listed and not read: what is wrong in them is not reported, nor that one of them
    /// has a researcher of these, too. None if the files are not so; then all have to be read.
    pub fn load_only(root: &Path, users: &[String]) -> Result<Option<Self>, LoadError> {
        let mut loader = Loader::new(root);
        let declared = loader.project()?;
        let mut names = loader.names()?;
        let (own, others): (Vec<_>, Vec<_>) =
            names.drain(..).partition(|name| users.iter().any(|user| user == stem(name)));
        let workspaces = loader.workspaces(&declared, own)?;
        let files: Vec<&str> = loader.files.iter().map(|file| stem(file)).collect();
        let alone = |user: &String| files.iter().filter(|file| **file == *user).count() == 1;
        let theirs = |spec: &WorkspaceSpec| spec.user() == files[spec.file as usize];
        if !users.iter().all(alone) || !workspaces.iter().all(theirs) {
            return Ok(None);
        }
        let unread = others.iter().filter_map(|name| escape_user(stem(name)).ok()).collect();
        Ok(Some(Self { unread: Some(unread), ..Self::finish(loader, declared, workspaces)? }))
    }

    fn finish(
        mut loader: Loader<'_>,
        declared: Declared,
        workspaces: Vec<WorkspaceSpec>,
    ) -> Result<Self, LoadError> {
        let accepted = loader.beside(ACCEPTED_FILE, &ACCEPTED, accepted)?;
        let plan_approvals = loader.beside(APPROVALS_FILE, &PLAN_APPROVALS, plan_approvals)?;
        let Loader { root, problems, files } = loader;
        let failed = problems.iter().any(|problem| problem.severity == Severity::Error);
        let diagnostics = Diagnostics::new(problems, |file| read_text(root, file));
        if failed {
            return Err(LoadError::Invalid(diagnostics));
        }
        let mut fleet = Self::of(declared).expect("what could not be read was reported");
        fleet.root = root.into();
        fleet.workspaces = workspaces;
        fleet.workspaces.sort_by(|one, other| one.unit().cmp(other.unit()));
        fleet.files = files;
        fleet.accepted = accepted;
        fleet.plan_approvals = plan_approvals;
        fleet.warnings = diagnostics;
        Ok(fleet)
    }

    /// A fleet without workspaces, if everything could be read.
    fn of(declared: Declared) -> Option<Self> {
        fn whole<T>(read: BTreeMap<Box<str>, Option<T>>) -> Option<BTreeMap<Box<str>, T>> {
            read.into_iter().map(|(name, thing)| Some((name, thing?))).collect()
        }
        Some(Self {
            root: PathBuf::new(),
            environment: declared.environment?,
            state: declared.state?,
            approvals: declared.approvals,
            max_deletes: declared.max_deletes,
            accounts: whole(declared.accounts?)?,
            profiles: whole(declared.profiles?)?,
            workspaces: Vec::new(),
            files: Vec::new(),
            accepted: Vec::new(),
            plan_approvals: Vec::new(),
            warnings: Diagnostics::default(),
            unread: None,
        })
    }

    /// Whether the files of some researchers were not read.
    pub fn is_partial(&self) -> bool {
        self.unread.is_some()
    }

    /// Whether the specs that were read do not tell if a unit is wanted: it may be one of a researcher
    /// whose file was not read, or the platform of such ones.
    pub fn may_want(&self, unit: &UnitId) -> bool {
        self.unread
            .as_ref()
            .is_some_and(|unread| unit.user().is_none_or(|user| unread.contains(user)))
    }

    /// What is not wrong but good to know.
    pub fn warnings(&self) -> &Diagnostics {
        &self.warnings
    }

    /// What holds for all units.
    pub fn environment(&self) -> &Environment {
        &self.environment
    }

    /// Where the state is.
    pub fn state_location(&self) -> &StateLocation {
        &self.state
    }

    /// What the specs want approved beside what always needs approval.
    pub fn approvals(&self) -> &BTreeSet<ApprovalClass> {
        &self.approvals
    }

    /// How many units may be destroyed at once without the approval of a mass destroy.
    pub fn max_deletes(&self) -> u32 {
        self.max_deletes
    }

    /// Drift that somebody accepted for a time, in the order of the file.
    pub fn accepted(&self) -> &[Acceptance] {
        &self.accepted
    }

    /// What somebody approved of single plans.
    pub fn plan_approvals(&self) -> &[PlanApproval] {
        &self.plan_approvals
    }

    /// All accounts by name, used or not.
    pub fn accounts(&self) -> impl Iterator<Item = &Account> {
        self.accounts.values()
    }

    /// The permissions boundary of each profile.
    pub(crate) fn boundaries(&self) -> impl Iterator<Item = Option<Box<str>>> {
        let set = self.profiles.values().map(|profile| profile.permissions_boundary.as_ref());
        set.map(|boundary| boundary.map(|set| set.value.clone()))
    }

    /// The account of a place, if the specs have one.
    pub fn account(&self, place: &Place) -> Option<&Account> {
        self.accounts().find(|account| account.place == *place)
    }

    /// The places that have a platform: those of at least one workspace. Sorted.
    pub fn places(&self) -> BTreeSet<&Place> {
        self.workspaces.iter().map(WorkspaceSpec::place).collect()
    }

    /// All workspaces, sorted by unit.
    pub fn workspaces(&self) -> impl Iterator<Item = &WorkspaceSpec> {
        self.workspaces.iter()
    }

    /// The workspace of a unit, if the specs have it.
    pub fn find(&self, unit: &UnitId) -> Option<&WorkspaceSpec> {
        let found = self.workspaces.binary_search_by(|spec| spec.unit().cmp(unit));
        found.ok().map(|index| &self.workspaces[index])
    }

    /// The settings of a place's platform.
    ///
    /// # Panics
    /// If the specs have no account of that place.
    pub fn platform(&self, place: &Place) -> PlatformSettings {
        let account = self.account(place).expect("places come from this fleet's own specs");
        PlatformSettings {
            place: place.clone(),
            environment: self.environment.clone(),
            expire_days: account.expire_days.clone(),
            files: vec![PROJECT_FILE.into()],
            origin: account.origin,
        }
    }

    /// The settings of a workspace.
    ///
    /// # Panics
    /// If the spec is of another fleet.
    pub fn workspace(&self, spec: &WorkspaceSpec) -> WorkspaceSettings {
        let profile = self.profiles.get(spec.profile()).expect("a spec has a profile of its fleet");
        let files = vec![PROJECT_FILE.into(), self.source_of(spec).into()];
        merge::settings(spec, profile, &self.environment, files)
    }

    /// The file that a workspace is in, relative to the project.
    pub fn source_of(&self, spec: &WorkspaceSpec) -> &str {
        &self.files[spec.file as usize]
    }

    /// Shows what was found wrong after expansion at the spec lines it comes from. `files` are those
    /// of the unit's settings.
    pub fn diagnose(&self, problems: Vec<Problem>, files: &[Box<str>]) -> Diagnostics {
        let texts: Vec<String> =
            files.iter().map(|file| read_text(&self.root, file).unwrap_or_default()).collect();
        let trees: Vec<Option<Node>> = files
            .iter()
            .zip(&texts)
            .map(|(file, text)| parse(file, text.as_bytes()).root)
            .collect();
        let problems = problems.into_iter().map(|problem| {
            let Problem { address, origin, message, .. } = problem;
            let index = origin.file as usize;
            let file = files.get(index).map_or(PROJECT_FILE, AsRef::as_ref);
            let node = trees.get(index).and_then(Option::as_ref);
            let span = node
                .and_then(|root| root.find(origin.line, origin.column))
                .unwrap_or_else(|| Span::at(origin.line, origin.column, texts.get(index)));
            Diagnostic::error(code::EXPANSION, file, span, format!("{address} {message}"))
        });
        Diagnostics::new(problems.collect(), |file| read_text(&self.root, file))
    }
}

/// A file's name without folder and ending.
fn stem(name: &str) -> &str {
    let name = name.rsplit('/').next().unwrap_or(name);
    name.rsplit_once('.').map_or(name, |(stem, _)| stem)
}

/// The text of a project's file up to where it stops being UTF-8.
fn read_text(root: &Path, file: &str) -> Option<String> {
    let bytes = read_bounded(&root.join(file)).ok()??;
    match String::from_utf8(bytes) {
        Ok(text) => Some(text),
        Err(error) => {
            let valid = error.utf8_error().valid_up_to();
            str::from_utf8(&error.as_bytes()[..valid]).ok().map(Into::into)
        }
    }
}

/// The bytes of a file, unless it is larger than any spec.
pub(crate) fn read_bounded(path: &Path) -> io::Result<Option<Vec<u8>>> {
    let mut bytes = Vec::new();
    fs::File::open(path)?.take(MAX_FILE_BYTES + 1).read_to_end(&mut bytes)?;
    Ok((bytes.len() as u64 <= MAX_FILE_BYTES).then_some(bytes))
}

/// A document as a field, so that it is read like any other map.
pub(crate) fn top<'n>(file: &'n str, node: &'n Node, shape: &'static Shape) -> Field<'n> {
    Field { name: file, key: Span::START, node, shape }
}
