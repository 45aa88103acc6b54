//! The command line as a whole: what [`args`](crate::args) define, with examples and exit codes
//! below each command's help. A new command needs an entry in [`pages`].

pub mod pages;

use clap::Command;
use clap::CommandFactory as _;

use crate::args::Arguments;
use crate::args::with_switches;
use crate::render::help;

pub use pages::PAGES;
pub use pages::Page;

/// The columns that help takes at most.
const MOST_COLUMNS: usize = 100;

/// Arguments that belong together, wherever they occur. Others stand under `Options`.
const HEADINGS: [(&str, &[&str]); 5] = [
    ("Which units", &["select", "shard"]),
    ("How to plan", &["refresh", "verify", "locked", "replace", "resume", "on_failure"]),
    ("How to show the plan", &["expand", "full", "since"]),
    ("Approval", &["auto_approve", "allow", "expect_digest"]),
    (
        "General options",
        &[
            "dir",
            "json",
            "no_color",
            "no_input",
            "quiet",
            "verbose",
            "state",
            "profile",
            "endpoint_url",
            "parallelism",
            "allowed_accounts",
        ],
    ),
];

/// The command line, its help laid out for so many columns.
pub fn definition(width: usize) -> Command {
    let width = width.min(MOST_COLUMNS);
    with_pages(Arguments::command().term_width(width), "", width)
}

/// The page of a command, by the words after the program's name.
pub fn page(command: &str) -> Option<&'static Page> {
    PAGES.iter().find(|page| page.command == command)
}

fn with_pages(command: Command, path: &str, width: usize) -> Command {
    let command = with_switches(command).mut_args(|argument| {
        let id = argument.get_id().as_str();
        let heading = HEADINGS.iter().find(|(_, ids)| ids.contains(&id)).map(|(text, _)| *text);
        // All have one: it is said once, below, instead of at each.
        argument.help_heading(heading).hide_env(true)
    });
    let command = command.mut_subcommands(|child| {
        let path = format!("{path} {}", child.get_name());
        with_pages(child, path.trim_start(), width)
    });
    match page(path) {
        Some(page) => command
            .after_help(help::examples(page.examples, width))
            .after_long_help(help::all(page.examples, &page.exits(), width)),
        None => command,
    }
}

/// Every command that can be run, as the words after the program's name.
pub fn runnable(definition: &Command) -> Vec<String> {
    let children = definition.get_subcommands();
    let mut names = Vec::new();
    for child in children {
        let name = child.get_name();
        if child.has_subcommands() {
            names.extend(runnable(child).into_iter().map(|below| format!("{name} {below}")));
        } else {
            names.push(name.to_owned());
        }
    }
    names
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;
    use std::collections::BTreeSet;

    use super::*;

    fn walk(command: &Command, path: &str, see: &mut impl FnMut(&str, &Command)) {
        see(path, command);
        for child in command.get_subcommands() {
            let path = format!("{path} {}", child.get_name());
            walk(child, path.trim_start(), see);
        }
    }

    #[test]
    fn the_definition_is_sound() {
        definition(80).debug_assert();
    }

    #[test]
    fn every_command_has_one_page_and_every_page_a_command() {
        let mut commands = BTreeSet::new();
        walk(&definition(80), "", &mut |path, _| commands.extend([path.to_owned()]));
        let pages: Vec<String> = PAGES.iter().map(|page| page.command.to_owned()).collect();
        assert_eq!(pages.iter().cloned().collect::<BTreeSet<_>>(), commands);
        assert_eq!(pages.len(), commands.len());
        assert!(PAGES.iter().all(|page| !page.examples.is_empty()));
    }

    #[test]
    fn every_example_can_be_parsed() {
        for (line, _) in PAGES.iter().flat_map(|page| page.examples) {
            let call = line.trim_start_matches("source <(").trim_end_matches(')');
            let call = call.split(" | ").next().unwrap().split(" > ").next().unwrap();
            let parsed = definition(80).try_get_matches_from(call.split(' '));
            assert!(parsed.is_ok(), "{line}: {}", parsed.unwrap_err());
        }
    }

    #[test]
    fn every_flag_has_a_variable_of_one_meaning() {
        let mut variables: BTreeMap<String, String> = BTreeMap::new();
        walk(&definition(80), "", &mut |path, command| {
            for argument in command.get_arguments() {
                let id = argument.get_id().to_string();
                if argument.is_positional() || ["help", "version"].contains(&id.as_str()) {
                    continue;
                }
                let variable = argument.get_env().map(|name| name.to_string_lossy().into_owned());
                let variable = variable.unwrap_or_else(|| panic!("{path} --{id} has no variable"));
                assert!(variable.starts_with("NFPLAN_"), "{variable}");
                let help = argument.get_help().unwrap().to_string();
                assert!(help.len() <= 80, "{help}");
                assert_eq!(variables.entry(variable).or_insert(help.clone()), &help, "{path}");
            }
        });
    }
}
