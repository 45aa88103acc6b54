//! Files that are replaced whole or not at all.

use std::fs;
use std::io;
use std::io::Write as _;
use std::path::Path;

use tempfile::Builder;

/// Puts bytes in the place of a file, durably. Whoever reads it sees the old content or the new one;
/// its permissions stay, and a link goes on to lead to it. A new file is its owner's alone.
pub fn replace(path: &Path, bytes: &[u8]) -> io::Result<()> {
    put(path, bytes, &Builder::new())
}

/// The same with a file that other programs collect: a new one has the permissions of any new file.
/// What is no file, such as a device, is written to.
pub fn publish(path: &Path, bytes: &[u8]) -> io::Result<()> {
    if fs::metadata(path).is_ok_and(|existing| !existing.is_file()) {
        return fs::write(path, bytes);
    }
    let mut builder = Builder::new();
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        // The mask of the process takes away from this what it takes from every file.
        builder.permissions(fs::Permissions::from_mode(0o666));
    }
    put(path, bytes, &builder)
}

fn put(path: &Path, bytes: &[u8], builder: &Builder<'_, '_>) -> io::Result<()> {
    let target = match fs::canonicalize(path) {
        Ok(target) => target,
        Err(error) if error.kind() == io::ErrorKind::NotFound => path.to_owned(),
        Err(error) => return Err(error),
    };
    let folder = target.parent().filter(|folder| !folder.as_os_str().is_empty());
    let mut file = builder.tempfile_in(folder.unwrap_or(Path::new(".")))?;
    file.write_all(bytes)?;
    if let Ok(existing) = fs::metadata(&target) {
        file.as_file().set_permissions(existing.permissions())?;
    }
    file.as_file().sync_all()?;
    file.persist(&target).map_err(|error| error.error)?;
    Ok(())
}
