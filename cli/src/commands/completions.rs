//! `nfplan completions`: the script that makes a shell ask nfplan how a line could go on.

use clap::ValueEnum as _;

use super::Context;
use crate::args::CompletionsArguments;
use crate::args::ShellArgument;
use crate::completion::script;
use crate::error::CliError;
use crate::exit::Exit;

/// Prints the script.
pub fn completions(context: &Context, arguments: &CompletionsArguments) -> Result<Exit, CliError> {
    let shell = arguments.shell.to_possible_value().expect("no shell is hidden");
    let fail = |error: std::io::Error| CliError::new(Exit::Error, error.to_string());
    let script = script(shell.get_name()).map_err(fail)?;
    context.more(|| format!("to have it in every shell: {}\n", install(arguments.shell)));
    if context.settings.general.json {
        let document = serde_json::json!({
            "format": "nfplan.completions/1",
            "shell": shell.get_name(),
            "script": script,
        });
        context.print_json(&document)?;
    } else {
        context.print(&script)?;
    }
    Ok(Exit::Fine)
}

/// What to do with the script.
fn install(shell: ShellArgument) -> &'static str {
    match shell {
        ShellArgument::Bash => "echo 'source <(nfplan completions bash)' >> ~/.bashrc",
        ShellArgument::Zsh => "echo 'source <(nfplan completions zsh)' >> ~/.zshrc",
        ShellArgument::Fish => {
            "echo 'nfplan completions fish | source' >> ~/.config/fish/config.fish"
        }
        ShellArgument::Elvish => {
            "echo 'eval (nfplan completions elvish | slurp)' >> ~/.config/elvish/rc.elv"
        }
        ShellArgument::Powershell => {
            "echo 'nfplan completions powershell | Out-String | Invoke-Expression' >> $PROFILE"
        }
    }
}
