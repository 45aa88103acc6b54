//! The `nfplan` command.

use std::process::ExitCode;

fn main() -> ExitCode {
    ExitCode::from(nfplan_cli::run::run(std::env::args_os()).code())
}
