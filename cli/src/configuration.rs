//! Every setting with its value and where it comes from.
//!
//! The list is read off the command line's own definition, so it lacks none. What wins: a flag,
//! then its `NFPLAN_*` variable, then nfplan.yaml, then the default.

use std::ffi::OsStr;
use std::path::Path;

use clap::Arg;
use clap::ArgAction;
use clap::ArgMatches;
use clap::Command;
use clap::builder::PossibleValue;
use nfplan_specs::likeness::nearest;
use nfplan_specs::outline::Said;
use nfplan_specs::outline::outline;
use serde::Serialize;

use crate::args::is_given;
use crate::args::switch;
use crate::settings::own_variables;

/// A setting.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Setting {
    /// The flag, or the key in nfplan.yaml if there is none.
    pub name: String,
    /// Its variable, if it has a flag.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub variable: Option<String>,
    /// Its value; none if it has none.
    pub value: Option<Value>,
    /// Where that comes from.
    pub source: Source,
    /// The line of nfplan.yaml that says so.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub line: Option<u32>,
    /// The commands it is for; empty if it is for all.
    pub commands: Vec<String>,
    /// What it is for.
    pub help: String,
    /// Why the value is of no use.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub problem: Option<String>,
}

/// A setting's value.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(untagged)]
pub enum Value {
    /// On or off.
    Switch(bool),
    /// One text.
    Text(String),
    /// Several texts.
    List(Vec<String>),
}

/// Where a value comes from, the strongest first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Source {
    /// The command line.
    Flag,
    /// The environment.
    Variable,
    /// The project.
    File,
    /// Nobody said anything.
    Default,
}

/// A variable that looks like nfplan's and is not.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct UnknownVariable {
    /// Its name.
    pub name: String,
    /// What was probably meant.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub suggestion: Option<String>,
}

/// All settings: what holds for every command, what the project says, what is for some commands.
pub fn settings(definition: &Command, given: &ArgMatches, root: &Path) -> Vec<Setting> {
    let mut settings: Vec<Setting> = Vec::new();
    let mut said = outline(root);
    for (path, argument) in arguments(definition) {
        let Some(variable) = variable(argument) else { continue };
        let known = settings.iter_mut().find(|one| one.variable.as_ref() == Some(&variable));
        if let Some(setting) = known {
            setting.commands.extend(path);
            continue;
        }
        let mut setting = setting(argument, variable, given);
        setting.commands.extend(path);
        let key = said.iter().position(|said| said.key == argument.get_id().as_str());
        if let Some(Said { value, line, .. }) = key.map(|key| said.remove(key))
            && setting.source == Source::Default
        {
            setting.value = value.map(Value::Text);
            setting.line = line;
            setting.source = line.map_or(Source::Default, |_| Source::File);
        }
        settings.push(setting);
    }
    let general = settings.iter().take_while(|setting| setting.commands.is_empty()).count();
    settings.splice(general..general, said.into_iter().map(of_project));
    settings
}

/// Variables that look like nfplan's and mean nothing to it.
pub fn unknown_variables(definition: &Command) -> Vec<UnknownVariable> {
    let known: Vec<String> =
        arguments(definition).into_iter().filter_map(|(_, argument)| variable(argument)).collect();
    let set = own_variables().into_iter().map(|(name, _)| name);
    let unknown = set.filter(|name| !known.contains(name));
    let unknown = unknown.map(|name| {
        let suggestion = nearest(&name, known.iter().map(String::as_str)).map(Into::into);
        UnknownVariable { name, suggestion }
    });
    unknown.collect()
}

/// All arguments, each with the command it belongs to; none for those of all commands.
fn arguments(definition: &Command) -> Vec<(Option<String>, &Arg)> {
    let mut found: Vec<_> = definition.get_arguments().map(|argument| (None, argument)).collect();
    for child in definition.get_subcommands() {
        let name = child.get_name();
        for (below, argument) in arguments(child) {
            let path = below.map_or_else(|| name.to_owned(), |below| format!("{name} {below}"));
            found.push((Some(path), argument));
        }
    }
    found
}

fn variable(argument: &Arg) -> Option<String> {
    argument.get_env().map(|name| name.to_string_lossy().into_owned())
}

fn setting(argument: &Arg, variable: String, given: &ArgMatches) -> Setting {
    let id = argument.get_id().as_str();
    // Commands other than `config` have flags that it does not know.
    let on_line = given.try_get_raw(id).ok().flatten();
    let on_line = on_line.filter(|_| is_given(given, id));
    let set = own_variables().into_iter().find(|(name, _)| *name == variable);
    let (source, texts): (_, Vec<String>) = match (on_line, &set) {
        (Some(values), _) => (Source::Flag, values.map(lossy).collect()),
        (None, Some((_, value))) => (Source::Variable, split(argument, value)),
        (None, None) => {
            let defaults = argument.get_default_values().iter();
            (Source::Default, defaults.map(|value| lossy(value.as_os_str())).collect())
        }
    };
    let problem = texts.iter().find_map(|text| problem(argument, text));
    let name = match (argument.get_long(), argument.get_short()) {
        (Some(long), _) => format!("--{long}"),
        (None, short) => short.map_or_else(|| id.to_owned(), |short| format!("-{short}")),
    };
    Setting {
        name,
        variable: Some(variable),
        value: value(argument, texts),
        source,
        line: None,
        commands: Vec::new(),
        help: argument.get_help().map(ToString::to_string).unwrap_or_default(),
        problem,
    }
}

/// Why a text is of no use to an argument.
fn problem(argument: &Arg, text: &str) -> Option<String> {
    if !takes_value(argument) {
        return switch(text).err().map(|why| format!("`{text}`: {why}"));
    }
    let possible = argument.get_possible_values();
    let fits = possible.is_empty() || possible.iter().any(|one| one.matches(text, false));
    let known: Vec<&str> = possible.iter().map(PossibleValue::get_name).collect();
    (!fits).then(|| format!("`{text}` is none of {}", known.join(", ")))
}

fn takes_value(argument: &Arg) -> bool {
    argument.get_action().takes_values()
}

fn value(argument: &Arg, mut texts: Vec<String>) -> Option<Value> {
    if !takes_value(argument) {
        return Some(Value::Switch(texts.last().is_some_and(|text| switch(text) == Ok(true))));
    }
    if matches!(argument.get_action(), ArgAction::Append) {
        return Some(Value::List(texts));
    }
    texts.pop().map(Value::Text)
}

fn split(argument: &Arg, value: &OsStr) -> Vec<String> {
    let text = lossy(value);
    match argument.get_value_delimiter() {
        Some(delimiter) => text.split(delimiter).map(Into::into).collect(),
        None => vec![text],
    }
}

fn lossy(text: impl AsRef<OsStr>) -> String {
    text.as_ref().to_string_lossy().into_owned()
}

fn of_project(said: Said) -> Setting {
    let Said { key, value, line } = said;
    let help = match key {
        "environment" => "What names and tags derive from",
        "blueprint" => "What a workspace expands to",
        "approvals" => "Classes of change that need --allow beside those that always do",
        "max_deletes" => "How many units may go at once without --allow mass-destroy",
        other => other,
    };
    Setting {
        name: key.into(),
        variable: None,
        value: value.filter(|value| !value.is_empty()).map(Value::Text),
        source: line.map_or(Source::Default, |_| Source::File),
        line,
        commands: Vec::new(),
        help: help.into(),
        problem: None,
    }
}
