//! `nfplan version`.

use serde::Serialize;

use super::Context;
use crate::error::CliError;
use crate::exit::Exit;

#[derive(Serialize)]
struct VersionDocument {
    format: &'static str,
    version: &'static str,
    plan_format: &'static str,
    clouds: &'static [&'static str],
    stores: &'static [&'static str],
}

/// Prints the version and what this build can work with.
pub fn version(context: &Context) -> Result<Exit, CliError> {
    let document = VersionDocument {
        format: "nfplan.version/1",
        version: env!("CARGO_PKG_VERSION"),
        plan_format: nfplan_engine::plan::FORMAT,
        clouds: &["sim"],
        stores: if cfg!(feature = "aws") { &["folder", "s3"] } else { &["folder"] },
    };
    if context.settings.general.json {
        context.print_json(&document)?;
    } else {
        let (clouds, stores) = (document.clouds.join(", "), document.stores.join(", "));
        let version = document.version;
        context.print(&format!("nfplan {version}\nclouds: {clouds}\nstores: {stores}\n"))?;
    }
    Ok(Exit::Fine)
}
