//! One call of nfplan: from arguments to exit code.

use std::ffi::OsString;

use clap::Parser as _;
use clap::error::ErrorKind;

use crate::args::Arguments;
use crate::args::Command;
use crate::commands::Context;
use crate::commands::apply::apply;
use crate::commands::destroy::destroy;
use crate::commands::diff::diff;
use crate::commands::explain::explain;
use crate::commands::graph::graph;
use crate::commands::init::init;
use crate::commands::output::output;
use crate::commands::plan::plan;
use crate::commands::schema::schema;
use crate::commands::show::show;
use crate::commands::state::state;
use crate::commands::validate::validate;
use crate::commands::version::version;
use crate::documents::ErrorDocument;
use crate::error::CliError;
use crate::exit::Exit;
use crate::render;
use crate::settings::Settings;
use crate::terminal::Terminal;

/// Runs nfplan with these arguments, the program's name first.
pub fn run(arguments: impl IntoIterator<Item = OsString>) -> Exit {
    let arguments = match Arguments::try_parse_from(arguments) {
        Ok(arguments) => arguments,
        Err(error) => {
            // Clap prints help and errors to the right stream by itself.
            let _ = error.print();
            return match error.kind() {
                ErrorKind::DisplayHelp | ErrorKind::DisplayVersion => Exit::Fine,
                _ => Exit::Usage,
            };
        }
    };
    let Arguments { dir, general, command } = arguments;
    let mut terminal = Terminal::detect();
    terminal.colour &= !general.no_color;
    let context = Context { settings: Settings::new(dir, general), terminal };
    match dispatch(&context, &command) {
        Ok(exit) => exit,
        Err(error) => fail(&context, &error),
    }
}

fn dispatch(context: &Context, command: &Command) -> Result<Exit, CliError> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error| CliError::new(Exit::Error, format!("cannot start: {error}")))?;
    runtime.block_on(async {
        match command {
            Command::Init => init(context),
            Command::Validate(arguments) => validate(context, arguments),
            Command::Plan(arguments) => plan(context, arguments).await,
            Command::Apply(arguments) => apply(context, arguments).await,
            Command::Destroy(arguments) => destroy(context, arguments).await,
            Command::Show(arguments) => show(context, arguments).await,
            Command::Diff(arguments) => diff(context, arguments),
            Command::Graph(arguments) => graph(context, arguments).await,
            Command::Output(arguments) => output(context, arguments).await,
            Command::Explain(arguments) => explain(context, arguments).await,
            Command::State(command) => state(context, command).await,
            Command::Schema(arguments) => schema(context, arguments),
            Command::Version => version(context),
        }
    })
}

/// Reports what stopped a command.
fn fail(context: &Context, error: &CliError) -> Exit {
    if let Some(diagnostics) = &error.diagnostics {
        context.show_diagnostics(diagnostics);
    }
    let text = render::error::error(error, &error.hints, context.terminal.width);
    context.terminal.note(&text);
    if context.settings.general.json {
        // The error has been said in words; the document is for programs.
        let _ = context.print_json(&ErrorDocument::new(error));
    }
    error.exit
}
