//! `nfplan init`: a project that plans at once on the simulated cloud.

use std::fs;
use std::io::Write as _;
use std::path::Path;

use super::Context;
use crate::error::CliError;
use crate::exit::Exit;

/// The files of a new project.
const FILES: [(&str, &str); 5] = [
    ("nfplan.yaml", include_str!("../template/nfplan.yaml")),
    ("workspaces/alice.yaml", include_str!("../template/workspaces/alice.yaml")),
    ("workspaces/bob.yaml", include_str!("../template/workspaces/bob.yaml")),
    ("workspaces/carol.yaml", include_str!("../template/workspaces/carol.yaml")),
    (".gitignore", include_str!("../template/gitignore")),
];

/// Writes the files, if none of them exists yet.
pub fn init(context: &Context) -> Result<Exit, CliError> {
    let root = &context.settings.root;
    let present = FILES.iter().map(|(name, _)| *name).filter(|name| root.join(name).exists());
    let present: Vec<&str> = present.collect();
    if !present.is_empty() {
        let message =
            format!("{} has {} already; nothing was written", root.display(), present.join(", "));
        return Err(CliError::refused(message).hint("`nfplan -C DIR init` uses another folder"));
    }
    for (name, text) in FILES {
        write_new(&root.join(name), text)?;
        context.note(&format!("wrote {}\n", root.join(name).display()));
    }
    context.note("next: `nfplan plan`, then `nfplan apply`\n");
    Ok(Exit::Fine)
}

/// Writes a file that must not exist yet.
fn write_new(path: &Path, text: &str) -> Result<(), CliError> {
    let fail = |error: std::io::Error| CliError::file("write", path, &error);
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder).map_err(fail)?;
    }
    let mut file = fs::OpenOptions::new().write(true).create_new(true).open(path).map_err(fail)?;
    file.write_all(text.as_bytes()).map_err(fail)?;
    file.sync_all().map_err(fail)
}
