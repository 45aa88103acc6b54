//! What the folder store changes on a disk, operation by operation, so that a test can say which of
//! them survive a power cut.

use std::fmt::Debug;
use std::fs;
use std::fs::File;
use std::io;
use std::io::Write as _;
use std::path::Path;

/// Changes files and folders. Nothing is durable before it is synchronised: a file's content by
/// [`Self::sync_file`], a name that came or went by [`Self::sync_folder`] of the folder it is in.
pub(crate) trait Disk: Debug + Send + Sync {
    /// Makes one folder.
    fn make_folder(&self, folder: &Path) -> io::Result<()>;
    /// Makes a file of this content, or replaces what it held.
    fn write_file(&self, path: &Path, content: &[u8]) -> io::Result<File>;
    fn sync_file(&self, file: &File) -> io::Result<()>;
    /// Gives a file another name in place of the file that had it.
    fn rename(&self, from: &Path, to: &Path) -> io::Result<()>;
    fn remove_file(&self, file: &Path) -> io::Result<()>;
    /// Removes a folder; one that still holds something refuses.
    fn remove_folder(&self, folder: &Path) -> io::Result<()>;
    fn sync_folder(&self, folder: &Path) -> io::Result<()>;
}

/// This machine's.
#[derive(Debug)]
pub(crate) struct LocalDisk;

impl Disk for LocalDisk {
    fn make_folder(&self, folder: &Path) -> io::Result<()> {
        fs::create_dir(folder)
    }

    fn write_file(&self, path: &Path, content: &[u8]) -> io::Result<File> {
        let mut file = File::create(path)?;
        file.write_all(content)?;
        Ok(file)
    }

    fn sync_file(&self, file: &File) -> io::Result<()> {
        file.sync_all()
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        fs::rename(from, to)
    }

    fn remove_file(&self, file: &Path) -> io::Result<()> {
        fs::remove_file(file)
    }

    fn remove_folder(&self, folder: &Path) -> io::Result<()> {
        fs::remove_dir(folder)
    }

    fn sync_folder(&self, folder: &Path) -> io::Result<()> {
        File::open(folder)?.sync_all()
    }
}
