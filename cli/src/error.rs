//! What stops a command: one type at the edge, with its exit code and what to do next.

use nfplan_engine::apply::RunError;
use nfplan_engine::journal::JournalError;
use nfplan_engine::provider::ErrorKind;
use nfplan_engine::provider::ProviderError;
use nfplan_engine::store::StoreError;
use nfplan_specs::diagnostic::Diagnostics;
use nfplan_specs::fleet::LoadError;
use nfplan_state::edit::EditError;
use nfplan_state::lease::LeaseError;
use nfplan_state::probe::ProbeError;
use nfplan_state::prune::PruneError;
use nfplan_state::unit::StateError;

use crate::exit::Exit;

/// How many names are suggested in place of one that is not known.
const MOST_SUGGESTIONS: usize = 5;

/// Why a command, or its work on one unit, came to nothing.
#[derive(Debug)]
pub struct CliError {
    /// How the command ends.
    pub exit: Exit,
    /// What went wrong, where and why.
    pub message: String,
    /// What it comes to in particular, where that has been shown already.
    pub details: Vec<String>,
    /// What to do next; each a command or an edit.
    pub hints: Vec<String>,
    /// Problems in spec files, to be shown with their lines.
    pub diagnostics: Option<Diagnostics>,
}

impl CliError {
    /// An error without hints.
    pub fn new(exit: Exit, message: impl Into<String>) -> Self {
        let (details, hints) = (Vec::new(), Vec::new());
        Self { exit, message: message.into(), details, hints, diagnostics: None }
    }

    /// A guard or a missing approval.
    pub fn refused(message: impl Into<String>) -> Self {
        Self::new(Exit::Refused, message)
    }

    /// A file that cannot be read or written.
    pub fn file(verb: &str, path: &std::path::Path, error: &std::io::Error) -> Self {
        Self::new(Exit::Error, format!("cannot {verb} {}: {error}", path.display()))
    }

    /// Adds what to do next.
    #[must_use]
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hints.push(hint.into());
        self
    }

    /// Adds the likeliest of what was probably meant, if anything is likely.
    #[must_use]
    pub fn did_you_mean(self, names: &[&str]) -> Self {
        let names: Vec<String> =
            names.iter().take(MOST_SUGGESTIONS).map(|name| format!("`{name}`")).collect();
        match names.split_last() {
            None => self,
            Some((only, [])) => self.hint(format!("did you mean {only}?")),
            Some((last, others)) => {
                self.hint(format!("did you mean {} or {last}?", others.join(", ")))
            }
        }
    }

    /// Problems in spec files.
    pub fn invalid(diagnostics: Diagnostics) -> Self {
        let count = diagnostics
            .iter()
            .filter(|d| d.severity == nfplan_specs::diagnostic::Severity::Error)
            .count();
        let noun = if count == 1 { "problem" } else { "problems" };
        let message = format!("the specs have {count} {noun}");
        Self { diagnostics: Some(diagnostics), ..Self::new(Exit::InvalidSpecs, message) }
    }
}

impl std::fmt::Display for CliError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for CliError {}

impl From<LoadError> for CliError {
    fn from(error: LoadError) -> Self {
        match error {
            LoadError::Invalid(diagnostics) => Self::invalid(diagnostics),
            LoadError::Io { path, source } => Self::file("read", &path, &source),
            LoadError::NoProject { root } => Self::new(
                Exit::InvalidSpecs,
                format!("there is no nfplan.yaml in {}", root.display()),
            )
            .hint("`nfplan init` makes a project that plans at once on the simulated cloud")
            .hint("`nfplan -C DIR …` works in another folder"),
        }
    }
}

impl From<StateError> for CliError {
    fn from(error: StateError) -> Self {
        let exit = match &error {
            StateError::Store(StoreError { denied: true, .. }) => Exit::Denied,
            StateError::Newer { .. } => Exit::Refused,
            StateError::Corrupt { .. } => Exit::Stuck,
            StateError::Store(_) => Exit::Error,
        };
        Self::new(exit, error.to_string())
    }
}

impl From<StoreError> for CliError {
    fn from(error: StoreError) -> Self {
        StateError::Store(error).into()
    }
}

impl From<ProbeError> for CliError {
    fn from(error: ProbeError) -> Self {
        match error {
            ProbeError::Store(error) => error.into(),
            ProbeError::Unconditional { .. } | ProbeError::Refusing { .. } => {
                Self::new(Exit::Error, error.to_string())
            }
        }
    }
}

impl From<LeaseError> for CliError {
    fn from(error: LeaseError) -> Self {
        match error {
            LeaseError::State(error) => error.into(),
            LeaseError::Held { .. } | LeaseError::Lost { .. } => {
                Self::new(Exit::Leased, error.to_string())
            }
        }
    }
}

impl From<JournalError> for CliError {
    fn from(error: JournalError) -> Self {
        let exit = match &error {
            JournalError::Lost { .. } => Exit::Leased,
            JournalError::Unavailable { .. } => Exit::Stuck,
        };
        Self::new(exit, error.to_string())
            .hint("`nfplan apply` finds the open run and finishes or undoes it")
    }
}

impl From<RunError> for CliError {
    fn from(error: RunError) -> Self {
        match error {
            RunError::Journal(error) => error.into(),
            RunError::LeaseRanOut(_) => Self::new(Exit::Leased, error.to_string()),
            RunError::Corrupt(_) | RunError::Unsettled { .. } => {
                Self::new(Exit::Stuck, error.to_string())
            }
        }
    }
}

impl From<nfplan_state::run::RunError> for CliError {
    fn from(error: nfplan_state::run::RunError) -> Self {
        use nfplan_state::run::RunError as E;
        match error {
            E::State(error) => error.into(),
            E::Stale { .. } | E::Open { .. } => Self::refused(error.to_string()),
            E::Overtaken { .. } => Self::new(Exit::Leased, error.to_string()),
            E::NotSuccessor { .. } => Self::new(Exit::Error, error.to_string()),
        }
    }
}

impl From<EditError> for CliError {
    fn from(error: EditError) -> Self {
        let message = error.to_string();
        match error {
            EditError::State(error) => error.into(),
            EditError::Overtaken { .. } => Self::new(Exit::Leased, message),
            EditError::Open { .. } => Self::refused(message)
                .hint("`nfplan rollback` or `nfplan apply` ends the run; then do this again"),
            EditError::Older { .. } => {
                Self::refused(message).hint("pull the state again, and change that")
            }
            EditError::LowerCounter { .. } => Self::refused(message).hint(
                "keep the counters as they are in what `nfplan state pull` prints now; `nfplan \
                 state restore` brings back an earlier state without lowering them",
            ),
            EditError::NoState { .. }
            | EditError::OtherLineage { .. }
            | EditError::NothingThere { .. } => Self::refused(message),
        }
    }
}

impl From<PruneError> for CliError {
    fn from(error: PruneError) -> Self {
        match error {
            PruneError::State(error) => error.into(),
            PruneError::Overtaken { .. } | PruneError::LeaseRanOut { .. } => {
                Self::new(Exit::Leased, error.to_string())
            }
        }
    }
}

impl From<ProviderError> for CliError {
    fn from(error: ProviderError) -> Self {
        let exit = match error.kind {
            ErrorKind::Denied => Exit::Denied,
            _ => Exit::Error,
        };
        let request = error.request_id.as_ref().map(|id| format!(" (request {id})"));
        Self::new(exit, format!("{error}{}", request.unwrap_or_default()))
    }
}
