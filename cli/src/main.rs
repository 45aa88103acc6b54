//! The `nfplan` command.

use std::ffi::OsString;
use std::process::ExitCode;

use nfplan_cli::completion;
use nfplan_cli::run;

/// Plans are made of many small texts and maps: the system's allocator takes a third of their time.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    let arguments: Vec<OsString> = std::env::args_os().collect();
    let exit = completion::answer(&arguments).unwrap_or_else(|| run::run(arguments));
    ExitCode::from(exit.code())
}
