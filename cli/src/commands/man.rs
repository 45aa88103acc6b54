//! `nfplan man`: manual pages, made from the command line's own definition.

use std::fs;
use std::io;
use std::path::Path;

use clap::Command;
use clap_mangen::Man;
use clap_mangen::roff::Roff;
use clap_mangen::roff::bold;
use clap_mangen::roff::roman;
use serde_json::json;

use super::Context;
use crate::args::ManArguments;
use crate::error::CliError;
use crate::exit::Exit;
use crate::help;
use crate::run::Call;

/// Prints the page of nfplan, or writes the pages of all commands.
pub fn man(context: &Context, call: &Call, arguments: &ManArguments) -> Result<Exit, CliError> {
    let mut definition = with_variables(call.definition.clone());
    definition.build();
    let json = context.settings.general.json;
    let Some(folder) = &arguments.out else {
        let page = page(&definition)?.text;
        if json {
            context.print_json(&json!({ "format": "nfplan.man/1", "page": page }))?;
        } else {
            context.print(&page)?;
        }
        return Ok(Exit::Fine);
    };
    let folder = context.settings.root.join(folder);
    fs::create_dir_all(&folder).map_err(|error| CliError::file("make", &folder, &error))?;
    let mut pages = Vec::new();
    collect(&definition, &mut pages)?;
    let written: Vec<String> =
        pages.iter().map(|page| write(&folder, page)).collect::<Result<_, _>>()?;
    if json {
        context.print_json(&json!({ "format": "nfplan.man/1", "files": written }))?;
    } else {
        written.iter().for_each(|file| context.note(&format!("wrote {file}\n")));
    }
    Ok(Exit::Fine)
}

/// A manual page names the variable of each flag, for which help has no room.
fn with_variables(command: Command) -> Command {
    command.mut_args(|argument| argument.hide_env(false)).mut_subcommands(with_variables)
}

/// A manual page.
struct ManualPage {
    name: String,
    text: String,
}

fn collect(command: &Command, pages: &mut Vec<ManualPage>) -> Result<(), CliError> {
    pages.push(page(command)?);
    command.get_subcommands().try_for_each(|child| collect(child, pages))
}

fn page(command: &Command) -> Result<ManualPage, CliError> {
    let usage = command.clone().render_usage().to_string();
    let usage = usage.trim_start_matches("Usage: ").to_owned();
    let man = Man::new(command.clone().override_usage(usage))
        .source(concat!("nfplan ", env!("CARGO_PKG_VERSION")))
        .manual("nfplan");
    let text =
        text(command, &man).map_err(|error| CliError::new(Exit::Error, error.to_string()))?;
    Ok(ManualPage { name: man.get_filename(), text: String::from_utf8_lossy(&text).into_owned() })
}

fn text(command: &Command, man: &Man) -> io::Result<Vec<u8>> {
    let mut text = Vec::new();
    man.render_title(&mut text)?;
    man.render_name_section(&mut text)?;
    man.render_synopsis_section(&mut text)?;
    man.render_description_section(&mut text)?;
    man.render_options_section(&mut text)?;
    if command.has_subcommands() {
        man.render_subcommands_section(&mut text)?;
    }
    let words = command.get_bin_name().unwrap_or_default();
    let words = words.trim_start_matches("nfplan").trim_start();
    if let Some(page) = help::page(words) {
        sections(page).to_writer(&mut text)?;
    }
    Ok(text)
}

fn sections(page: &help::Page) -> Roff {
    let mut roff = Roff::new();
    roff.control("SH", ["EXAMPLES"]);
    for (line, purpose) in page.examples {
        roff.control("TP", []).text([bold(*line)]).text([roman(*purpose)]);
    }
    roff.control("SH", ["EXIT STATUS"]);
    for exit in page.exits() {
        roff.control("TP", []).text([bold(exit.code().to_string())]).text([roman(exit.meaning())]);
    }
    roff
}

fn write(folder: &Path, page: &ManualPage) -> Result<String, CliError> {
    let path = folder.join(&page.name);
    fs::write(&path, &page.text).map_err(|error| CliError::file("write", &path, &error))?;
    Ok(path.display().to_string())
}
