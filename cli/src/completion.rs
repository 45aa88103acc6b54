//! How a line could go on: answers to a shell, with live names from specs and states.
//!
//! A shell calls the program with `COMPLETE` set and the words of the line behind `--`. Nothing but
//! files of the project is read, and whatever goes wrong, the answer is that nothing is known: a
//! shell in the middle of a line is no place for errors.

use std::collections::BTreeSet;
use std::ffi::OsStr;
use std::ffi::OsString;
use std::io;
use std::io::Write;
use std::path::Path;
use std::path::PathBuf;
use std::sync::Arc;

use clap::ArgMatches;
use clap::Command;
use clap::FromArgMatches as _;
use clap_complete::CompleteEnv;
use clap_complete::engine::ArgValueCompleter;
use clap_complete::engine::CompletionCandidate;
use clap_complete::engine::PathCompleter;
use clap_complete::env::Bash;
use clap_complete::env::Elvish;
use clap_complete::env::EnvCompleter;
use clap_complete::env::Fish;
use clap_complete::env::Powershell;
use clap_complete::env::Shells;
use clap_complete::env::Zsh;
use nfplan_specs::fleet::Fleet;
use nfplan_state::location::Location;
use nfplan_state::stores::AnyStore;
use nfplan_state::stores::FolderStore;
use nfplan_state::stores::MemoryStore;

use crate::args::General;
use crate::args::Selection;
use crate::error::CliError;
use crate::exit::Exit;
use crate::help::definition;
use crate::project::location;
use crate::selection::Universe;
use crate::settings::Settings;
use crate::settings::expand_home;

/// The variable by which a shell says that it asks.
const VARIABLE: &str = "COMPLETE";

/// The shells that are understood.
const SHELLS: Shells<'static> = Shells(&[&BreakingBash, &Zsh, &Fish, &Elvish, &Powershell]);

/// Answers a shell, if one asks; else there is a command to be run.
pub fn answer(arguments: &[OsString]) -> Option<Exit> {
    let line: Vec<OsString> =
        arguments.iter().skip_while(|argument| *argument != "--").skip(1).cloned().collect();
    let asks_how_a_line_goes_on = !line.is_empty();
    let complete = CompleteEnv::with_factory(|| completing(&line)).var(VARIABLE).shells(SHELLS);
    let here = std::env::current_dir().ok();
    match complete.try_complete(arguments.iter().cloned(), here.as_deref()) {
        Ok(true) => Some(Exit::Fine),
        Ok(false) => None,
        Err(_) if asks_how_a_line_goes_on => Some(Exit::Error),
        Err(error) => {
            // The shell is not in the middle of a line: somebody asks for its script.
            let _ = error.print();
            Some(Exit::Usage)
        }
    }
}

/// The script that makes a shell ask.
pub fn script(shell: &str) -> io::Result<String> {
    let shell = SHELLS.completer(shell).ok_or(io::ErrorKind::NotFound)?;
    let mut script = Vec::new();
    shell.write_registration(VARIABLE, "nfplan", "nfplan", "nfplan", &mut script)?;
    String::from_utf8(script).map_err(io::Error::other)
}

/// The command line, with what could stand in the place of each argument.
fn completing(line: &[OsString]) -> Command {
    let definition = definition(usize::MAX);
    let project = Arc::new(Names::new(&definition, line));
    with_names(definition, &project)
}

fn with_names(command: Command, project: &Arc<Names>) -> Command {
    let command = command.mut_args(|argument| match argument.get_id().as_str() {
        "select" | "expand" => argument.add(completer(project, Names::units)),
        "address" | "replace" => argument.add(completer(project, Names::addresses)),
        // nfplan takes files for the project's, wherever it is started.
        "file" | "out" => {
            argument.add(ArgValueCompleter::new(PathCompleter::any().current_dir(&project.root)))
        }
        _ => argument,
    });
    command.mut_subcommands(|child| with_names(child, project))
}

fn completer(
    project: &Arc<Names>,
    names: impl Fn(&Names) -> Result<BTreeSet<String>, CliError> + Send + Sync + 'static,
) -> ArgValueCompleter {
    let project = Arc::clone(project);
    ArgValueCompleter::new(move |current: &OsStr| {
        let Some(current) = current.to_str() else { return Vec::new() };
        let names = names(&project).unwrap_or_default().into_iter();
        names.filter(|name| name.starts_with(current)).map(CompletionCandidate::new).collect()
    })
}

/// The names of the project that the line is about.
struct Names {
    root: PathBuf,
    general: General,
    selected: Selection,
}

impl Names {
    fn new(definition: &Command, line: &[OsString]) -> Self {
        let lenient = definition.clone().ignore_errors(true);
        let matches = lenient.try_get_matches_from(line).unwrap_or_default();
        let root = matches.try_get_one::<PathBuf>("dir").ok().flatten();
        let root = expand_home(root.cloned().unwrap_or_else(|| PathBuf::from(".")));
        let general = General::from_arg_matches(&matches).unwrap_or_default();
        Self { root, general, selected: selected(&matches) }
    }

    /// Users and platforms, as `--select` takes them.
    fn units(&self) -> Result<BTreeSet<String>, CliError> {
        self.in_project(async |universe, _| Ok(universe.familiar_names()))
    }

    /// Addresses in the units that the line selects, or in all.
    fn addresses(&self) -> Result<BTreeSet<String>, CliError> {
        self.in_project(async |universe, store| {
            let selected = universe.select(&self.selected)?;
            let addresses = universe.addresses(&selected, store).await?.into_iter();
            Ok(addresses.map(|(_, address)| address.to_string()).collect())
        })
    }

    fn in_project<T>(
        &self,
        ask: impl AsyncFnOnce(&Universe, &AnyStore) -> Result<T, CliError>,
    ) -> Result<T, CliError> {
        let settings = Settings::new(self.root.clone(), self.general.clone());
        let fleet = Fleet::load(&settings.root)?;
        // Nobody waits for a bucket while typing: then the specs alone know names.
        let store = match location(Some(&fleet), &settings)? {
            Location::Folder(path) => AnyStore::Folder(FolderStore::new(path)),
            Location::Bucket(_) => AnyStore::Memory(MemoryStore::new()),
        };
        let runtime = tokio::runtime::Builder::new_current_thread()
            .build()
            .map_err(|error| CliError::new(Exit::Error, error.to_string()))?;
        runtime.block_on(async {
            let universe = Universe::survey(Some(&fleet), &store).await?;
            ask(&universe, &store).await
        })
    }
}

/// What the line selects so far, whatever the command.
fn selected(matches: &ArgMatches) -> Selection {
    let mut here = Some(matches);
    while let Some(matches) = here {
        if let Ok(Some(names)) = matches.try_get_many::<String>("select") {
            return Selection { select: names.cloned().collect(), shard: None };
        }
        here = matches.subcommand().map(|(_, below)| below);
    }
    Selection::default()
}

/// Bash, with a script that minds where readline breaks words.
struct BreakingBash;

impl EnvCompleter for BreakingBash {
    fn name(&self) -> &'static str {
        Bash.name()
    }

    fn is(&self, name: &str) -> bool {
        Bash.is(name)
    }

    fn write_registration(
        &self,
        var: &str,
        _: &str,
        bin: &str,
        completer: &str,
        buf: &mut dyn Write,
    ) -> io::Result<()> {
        let quoted = format!("'{}'", completer.replace('\'', r"'\''"));
        let script = include_str!("completion.bash");
        let script = script.replace("@VARIABLE@", var).replace("@COMPLETER@", &quoted);
        buf.write_all(script.replace("@PROGRAM@", bin).as_bytes())
    }

    fn write_complete(
        &self,
        cmd: &mut Command,
        args: Vec<OsString>,
        current_dir: Option<&Path>,
        buf: &mut dyn Write,
    ) -> io::Result<()> {
        Bash.write_complete(cmd, args, current_dir, buf)
    }
}
