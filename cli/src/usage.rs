//! Command lines that make no sense, and those that ask for help.

use std::ffi::OsString;

use clap::ArgMatches;
use clap::Args as _;
use clap::Command;
use clap::Error;
use clap::FromArgMatches as _;
use clap::error::ErrorKind;

use crate::args::General;
use crate::args::is_given;
use crate::args::with_switches;
use crate::error::CliError;
use crate::exit::Exit;

/// Flags that count even where the rest of the line makes no sense.
const FLAGS: [&str; 5] = ["--json", "--no-color", "--quiet", "-q", "--verbose"];

/// What the command line and the environment say that holds for every command, wherever it stands
/// and whatever else is wrong.
pub fn general(arguments: &[OsString]) -> General {
    let program = arguments.first().cloned();
    let flags = arguments.iter().skip(1).take_while(|argument| *argument != "--");
    let flags = flags.filter(|argument| FLAGS.iter().any(|flag| *argument == flag)).cloned();
    let flags: Vec<OsString> = flags.collect();
    let json = flags.iter().any(|flag| flag == "--json");
    let command = with_switches(General::augment_args(Command::new("nfplan")));
    let matches = command.try_get_matches_from(program.into_iter().chain(flags));
    let general = matches.and_then(|matches| General::from_arg_matches(&matches));
    general.unwrap_or_else(|_| General { json, ..General::default() })
}

/// Whether help or the version was asked for, rather than a mistake made.
pub fn is_asked_for(error: &Error) -> bool {
    matches!(error.kind(), ErrorKind::DisplayHelp | ErrorKind::DisplayVersion)
}

/// Whether the whole help is the answer: nothing was said at all.
pub fn is_empty(error: &Error) -> bool {
    error.kind() == ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand
}

/// Refuses flags that contradict each other. Clap would count variables, too, which a flag is to
/// win over.
pub fn check(matches: &ArgMatches) -> Result<(), CliError> {
    if is_given(matches, "quiet") && is_given(matches, "verbose") {
        let message = "--quiet and --verbose exclude each other";
        return Err(CliError::new(Exit::Usage, message).hint("leave one of them out"));
    }
    Ok(())
}

/// A mistake in nfplan's own words and shape.
pub fn error(error: &Error, definition: &Command, arguments: &[OsString]) -> CliError {
    let command = command(definition, arguments);
    let see = format!("`{command} --help` shows what it takes");
    if is_empty(error) || error.kind() == ErrorKind::MissingSubcommand {
        return CliError::new(Exit::Usage, format!("{command} needs a command")).hint(see);
    }
    let text = error.render().to_string();
    let mut blocks = text.split("\n\n").map(|block| {
        let lines: Vec<&str> = block.lines().map(str::trim).collect();
        lines.join(" ").trim().replace('\'', "`")
    });
    let message = blocks.next().unwrap_or_default();
    let message = message.strip_prefix("error: ").unwrap_or(&message);
    let message = message.replace("unrecognized subcommand", "unknown command");
    let mut usage = CliError::new(Exit::Usage, message);
    for block in blocks {
        // Several tips come in one block.
        for tip in block.split("tip: ").filter(|_| block.starts_with("tip: ")) {
            match tip.trim().split_once(": ") {
                Some((what, names)) if what.contains("similar") => {
                    usage = usage.hint(format!("did you mean {names}?"));
                }
                _ if tip.trim().is_empty() => {}
                _ => usage = usage.hint(tip.trim()),
            }
        }
    }
    usage.hint(see)
}

/// As much of the command as was understood: `nfplan state show`.
fn command(definition: &Command, arguments: &[OsString]) -> String {
    let (mut words, mut here) = (definition.get_name().to_owned(), definition);
    for argument in arguments.iter().skip(1) {
        if let Some(child) = here.find_subcommand(argument) {
            words = format!("{words} {}", child.get_name());
            here = child;
        }
    }
    words
}
