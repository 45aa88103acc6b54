//! Settings as a table, and variables that mean nothing.

use super::page::FAINT;
use super::page::GREEN;
use super::page::Line;
use super::page::Page;
use super::page::RED;
use super::page::STRONG;
use super::page::YELLOW;
use super::text::visible;
use super::text::width as columns;
use crate::configuration::Setting;
use crate::configuration::Source;
use crate::configuration::UnknownVariable;
use crate::configuration::Value;

/// What is to be shown.
#[derive(Debug)]
pub struct View {
    /// The columns of a line.
    pub width: usize,
    /// What each setting is for, too.
    pub verbose: bool,
}

/// Shows settings under headings, and variables of others that are set.
pub fn config(settings: &[Setting], heeded: &[(&str, &str)], view: &View) -> String {
    let mut page = Page::new(view.width);
    page.put(&Line::at(0).styled(
        FAINT,
        "A flag wins over its variable, that over nfplan.yaml, that over the default.",
    ));
    let of_all = |one: &&Setting| one.commands.is_empty() && one.variable.is_some();
    let of_project = |one: &&Setting| one.variable.is_none();
    let of_some = |one: &&Setting| !one.commands.is_empty();
    group(&mut page, "every command", settings.iter().filter(of_all), view);
    group(&mut page, "the project", settings.iter().filter(of_project), view);
    group(&mut page, "some commands", settings.iter().filter(of_some), view);
    if !heeded.is_empty() {
        page.gap();
        page.put(&Line::at(0).styled(STRONG, "other variables that are set"));
        for (name, meaning) in heeded {
            page.put(&Line::at(2).text(format!("{name}  ")).styled(FAINT, meaning));
        }
    }
    page.finish()
}

fn group<'a>(
    page: &mut Page,
    heading: &str,
    settings: impl Iterator<Item = &'a Setting>,
    view: &View,
) {
    let settings: Vec<&Setting> = settings.collect();
    let longest = settings.iter().map(|one| columns(&one.name)).max().unwrap_or(0);
    page.gap();
    page.put(&Line::at(0).styled(STRONG, heading));
    for setting in settings {
        let name = format!("{:longest$}", setting.name);
        let line = Line::at(2).styled(STRONG, name).text("  ").text(shown(setting.value.as_ref()));
        let line = match (setting.source, &setting.variable, setting.line) {
            (Source::Default, ..) => line.styled(FAINT, "  default"),
            (Source::Flag, ..) => line.styled(YELLOW, "  from the command line"),
            (Source::Variable, Some(name), _) => line.styled(YELLOW, format!("  from {name}")),
            (Source::File, _, Some(number)) => {
                line.styled(YELLOW, format!("  from nfplan.yaml:{number}"))
            }
            (Source::Variable | Source::File, ..) => line,
        };
        let line = match setting.commands.as_slice() {
            [] => line,
            commands => line.styled(FAINT, format!("  ({})", commands.join(", "))),
        };
        page.put(&line);
        if let Some(problem) = &setting.problem {
            page.put(&Line::at(6).styled(RED, "of no use: ").text(problem));
        }
        if view.verbose {
            page.put(&Line::at(6).styled(FAINT, about(setting)));
        }
    }
}

fn shown(value: Option<&Value>) -> String {
    match value {
        Some(Value::Switch(on)) => if *on { "yes" } else { "no" }.to_owned(),
        Some(Value::Text(text)) => text.clone(),
        Some(Value::List(texts)) if !texts.is_empty() => texts.join(", "),
        Some(Value::List(_)) | None => "none".to_owned(),
    }
}

/// What a setting is for, and its variable.
fn about(setting: &Setting) -> String {
    match &setting.variable {
        Some(variable) => format!("{}; {variable}", setting.help),
        None => setting.help.clone(),
    }
}

/// Says that a variable was set in vain.
pub fn unknown_variable(unknown: &UnknownVariable, width: usize) -> String {
    let mut page = Page::new(width);
    let name = visible(&unknown.name);
    let line = Line::at(0).styled(YELLOW, "warning:").text(" ");
    page.put(&line.styled(STRONG, format!("the variable {name} means nothing to nfplan")));
    let help = match &unknown.suggestion {
        Some(suggestion) => format!("did you mean {suggestion}?"),
        None => "`nfplan config -v` lists the variables that do".to_owned(),
    };
    page.put(&Line::at(0).styled(GREEN, "help:").text(" ").text(help));
    page.finish()
}
