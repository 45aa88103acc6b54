//! One call of nfplan: from arguments to exit code.

use std::ffi::OsString;
use std::time::Instant;

use clap::ArgMatches;
use clap::FromArgMatches as _;

use crate::args::Arguments;
use crate::args::Command;
use crate::commands::Context;
use crate::commands::accept::accept;
use crate::commands::adopt::adopt;
use crate::commands::apply::apply;
use crate::commands::can::can;
use crate::commands::comment::comment;
use crate::commands::completions::completions;
use crate::commands::config::config;
use crate::commands::credentials::revoke;
use crate::commands::credentials::rotate;
use crate::commands::destroy::destroy;
use crate::commands::diff::diff;
use crate::commands::drift::drift;
use crate::commands::env::env;
use crate::commands::explain::explain;
use crate::commands::graph::graph;
use crate::commands::init::init;
use crate::commands::man::man;
use crate::commands::nextflow_config::nextflow_config;
use crate::commands::output::output;
use crate::commands::permissions::permissions;
use crate::commands::plan::plan;
use crate::commands::reviewed::reviewed;
use crate::commands::rollback::rollback;
use crate::commands::schema::schema;
use crate::commands::show::show;
use crate::commands::state::state;
use crate::commands::status::resume;
use crate::commands::status::suspend;
use crate::commands::unlock::unlock;
use crate::commands::update::update;
use crate::commands::validate::validate;
use crate::commands::version::version;
use crate::configuration;
use crate::documents::ErrorDocument;
use crate::error::CliError;
use crate::exit::Exit;
use crate::help;
use crate::render;
use crate::settings::Settings;
use crate::terminal::Terminal;
use crate::usage;

/// Runs nfplan with these arguments, the program's name first.
pub fn run(arguments: impl IntoIterator<Item = OsString>) -> Exit {
    let started = Instant::now();
    let arguments: Vec<OsString> = arguments.into_iter().collect();
    let mut terminal = Terminal::detect();
    let definition = help::definition(terminal.width);
    let parsed = definition.clone().try_get_matches_from(&arguments);
    let parsed = parsed.and_then(|matches| Ok((Arguments::from_arg_matches(&matches)?, matches)));
    let (arguments, matches) = match parsed {
        Ok(parsed) => parsed,
        Err(error) => return misused(&error, &definition, &arguments, terminal),
    };
    let Arguments { dir, general, command } = arguments;
    terminal.colour &= !general.no_color;
    let settings = Settings::new(dir, general.settled(&matches));
    let context = Context { settings, terminal };
    if let Err(contradiction) = usage::check(&matches) {
        return fail(&context, &contradiction);
    }
    warn_of_variables(&context, &definition);
    let call = Call { definition, matches };
    let exit = match dispatch(&context, &call, &command) {
        Ok(exit) => exit,
        Err(error) => fail(&context, &error),
    };
    context.more(|| format!("took {:.2} s\n", started.elapsed().as_secs_f64()));
    exit
}

/// The command line itself, for commands that are about it.
#[derive(Debug)]
pub struct Call {
    /// What can be said.
    pub definition: clap::Command,
    /// What was said.
    pub matches: ArgMatches,
}

/// Answers a command line that asks for help or makes no sense.
fn misused(
    error: &clap::Error,
    definition: &clap::Command,
    arguments: &[OsString],
    mut terminal: Terminal,
) -> Exit {
    let general = usage::general(arguments);
    terminal.colour &= !general.no_color;
    let text = error.render().ansi().to_string();
    if usage::is_asked_for(error) {
        let _ = terminal.out(&text);
        return Exit::Fine;
    }
    let context = Context { settings: Settings::new(".".into(), general), terminal };
    let mistake = usage::error(error, definition, arguments);
    if !usage::is_empty(error) {
        return fail(&context, &mistake);
    }
    terminal.note(&text);
    if context.settings.general.json {
        let _ = context.print_json(&ErrorDocument::new(&mistake));
    }
    mistake.exit
}

/// Says which variables were set in vain, so that none is silently ignored.
fn warn_of_variables(context: &Context, definition: &clap::Command) {
    for unknown in configuration::unknown_variables(definition) {
        if !context.settings.general.quiet {
            let text = render::config::unknown_variable(&unknown, context.terminal.width);
            context.terminal.note(&text);
        }
    }
}

fn dispatch(context: &Context, call: &Call, command: &Command) -> Result<Exit, CliError> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error| CliError::new(Exit::Error, format!("cannot start: {error}")))?;
    runtime.block_on(async {
        match command {
            Command::Init(arguments) => init(context, arguments).await,
            Command::Validate(arguments) => validate(context, arguments),
            Command::Plan(arguments) => plan(context, arguments).await,
            Command::Apply(arguments) => apply(context, arguments).await,
            Command::Adopt(arguments) => adopt(context, arguments).await,
            Command::Accept(arguments) => accept(context, arguments).await,
            Command::Drift(arguments) => drift(context, arguments).await,
            Command::Comment(arguments) => comment(context, arguments),
            Command::Reviewed(arguments) => reviewed(context, arguments),
            Command::Destroy(arguments) => destroy(context, arguments).await,
            Command::Show(arguments) => show(context, arguments).await,
            Command::Diff(arguments) => diff(context, arguments),
            Command::Graph(arguments) => graph(context, arguments).await,
            Command::Output(arguments) => output(context, arguments).await,
            Command::Suspend(arguments) => suspend(context, arguments).await,
            Command::Resume(arguments) => resume(context, arguments).await,
            Command::Rotate(arguments) => rotate(context, arguments).await,
            Command::Revoke(arguments) => revoke(context, arguments).await,
            Command::Env(arguments) => env(context, arguments).await,
            Command::NextflowConfig(arguments) => nextflow_config(context, arguments).await,
            Command::Can(arguments) => can(context, arguments).await,
            Command::Permissions(arguments) => permissions(context, arguments),
            Command::Explain(arguments) => explain(context, arguments).await,
            Command::Rollback(arguments) => rollback(context, arguments).await,
            Command::Unlock(arguments) => unlock(context, arguments).await,
            Command::Update(arguments) => update(context, arguments).await,
            Command::State(command) => state(context, command).await,
            Command::Schema(arguments) => schema(context, arguments),
            Command::Config => config(context, call),
            Command::Completions(arguments) => completions(context, arguments),
            Command::Man(arguments) => man(context, call, arguments),
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
