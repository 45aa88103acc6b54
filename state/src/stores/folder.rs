//! A store in a folder of the local file system.
//!
//! Readers take no lock: a write prepares the whole content in one file beside the objects and then
//! renames it, so that a reader sees the old content or the new one. Writers of all processes and
//! threads take turns behind one lock file. Therefore at most one file is being prepared, it has a
//! fixed name, and what a crashed writer left there is overwritten by the next one. A write returns
//! once content, name and all folders above it are on the disk.
//!
//! Limits: the folder must be one file system that knows advisory locks.

use std::collections::BTreeSet;
use std::fs;
use std::fs::DirEntry;
use std::fs::File;
use std::fs::OpenOptions;
use std::io;
use std::io::ErrorKind;
use std::path::Path;
use std::path::PathBuf;
use std::sync::Mutex;
use std::sync::PoisonError;

use nfplan_engine::digest::Digest;
use nfplan_engine::store::Put;
use nfplan_engine::store::Store;
use nfplan_engine::store::StoreError;
use nfplan_engine::store::Stored;
use nfplan_engine::store::Tag;

use crate::stores::disk::Disk;
use crate::stores::disk::LocalDisk;

/// The lock file's name. No key can have it, since no part of a key starts with a dot.
const LOCK: &str = ".lock";
/// The name of the file that the holder of the lock prepares.
const WRITING: &str = ".writing";

/// Objects as files below a folder; a key is the path from there.
#[derive(Debug)]
pub struct FolderStore {
    root: PathBuf,
    /// Folders whose own name this process knows to be on the disk. A folder that was found and
    /// not made is no proof: its maker may have died before it synchronised the parent.
    durable: Mutex<BTreeSet<PathBuf>>,
    disk: Box<dyn Disk>,
}

/// Under which condition an object is written.
enum Condition<'a> {
    Absent,
    Tagged(&'a Tag),
}

impl FolderStore {
    /// A store below `root`. Nothing is read, and the folder is made by the first write.
    pub fn new(root: impl Into<PathBuf>) -> Self {
        Self::on(Box::new(LocalDisk), root)
    }

    pub(crate) fn on(disk: Box<dyn Disk>, root: impl Into<PathBuf>) -> Self {
        Self { root: root.into(), durable: Mutex::default(), disk }
    }

    /// The folder.
    pub fn root(&self) -> &Path {
        &self.root
    }

    fn path(&self, key: &str) -> io::Result<PathBuf> {
        let valid = !key.is_empty() && key.split('/').all(is_valid_part);
        if valid {
            Ok(self.root.join(key))
        } else {
            let message = "each part of a key must be a plain file name that starts with no dot";
            Err(io::Error::new(ErrorKind::InvalidInput, message))
        }
    }

    /// Waits until no other writer is at work. The lock ends with the file, also in a crash.
    fn lock(&self) -> io::Result<File> {
        self.make_folder(&self.root)?;
        let path = self.root.join(LOCK);
        let file = OpenOptions::new().create(true).write(true).truncate(false).open(path)?;
        file.lock()?;
        Ok(file)
    }

    fn put(&self, key: &str, condition: &Condition<'_>, body: &[u8]) -> io::Result<Put> {
        let path = self.path(key)?;
        let _lock = self.lock()?;
        let holds = match condition {
            Condition::Absent => !path.try_exists()?,
            Condition::Tagged(tag) => read(&path)?.is_some_and(|bytes| tag_of(&bytes) == **tag),
        };
        if !holds {
            return Ok(Put::Refused);
        }
        let folder = path.parent().expect("a key's path is below the root");
        self.make_folder(folder)?;
        let prepared = self.root.join(WRITING);
        let file = self.disk.write_file(&prepared, body)?;
        self.disk.sync_file(&file)?;
        self.disk.rename(&prepared, &path)?;
        self.disk.sync_folder(folder)?;
        Ok(Put::Written(tag_of(body)))
    }

    /// Makes a folder and those above it, as far as they are missing, and brings their names to
    /// the disk.
    fn make_folder(&self, folder: &Path) -> io::Result<()> {
        if self.is_durable(folder) && folder.is_dir() {
            return Ok(());
        }
        let parent = match folder.parent() {
            None => return Ok(()),
            Some(parent) if parent.as_os_str().is_empty() => Path::new("."),
            Some(parent) => parent,
        };
        // Above the root, folders that exist are none of this store's business.
        let above_root = !folder.starts_with(&self.root);
        if above_root && folder.is_dir() {
            return Ok(());
        }
        self.make_folder(parent)?;
        match self.disk.make_folder(folder) {
            Err(error) if error.kind() != ErrorKind::AlreadyExists || !folder.is_dir() => {
                return Err(error);
            }
            Ok(()) | Err(_) => self.disk.sync_folder(parent)?,
        }
        self.durable().insert(folder.to_owned());
        Ok(())
    }

    fn is_durable(&self, folder: &Path) -> bool {
        self.durable().contains(folder)
    }

    fn durable(&self) -> std::sync::MutexGuard<'_, BTreeSet<PathBuf>> {
        // A set stays sound when another thread panics beside it.
        self.durable.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn remove(&self, key: &str) -> io::Result<()> {
        let path = self.path(key)?;
        if !path.try_exists()? {
            return Ok(());
        }
        let _lock = self.lock()?;
        match self.disk.remove_file(&path) {
            Err(error) if error.kind() != ErrorKind::NotFound => return Err(error),
            Ok(()) | Err(_) => {}
        }
        let folders = path.ancestors().skip(1).take_while(|folder| *folder != self.root);
        for folder in folders {
            // Emptied folders go too. One that still holds something refuses.
            if self.disk.remove_folder(folder).is_err() {
                return self.disk.sync_folder(folder);
            }
        }
        self.disk.sync_folder(&self.root)
    }

    /// The path of a folder as it is listed: the empty one or one that ends in a slash.
    fn folder_path(&self, folder: &str) -> io::Result<PathBuf> {
        match folder.strip_suffix('/') {
            Some(path) => self.path(path),
            None if folder.is_empty() => Ok(self.root.clone()),
            None => Err(io::Error::new(ErrorKind::InvalidInput, "a folder must end in a slash")),
        }
    }

    /// Opens folders only, however many objects there are.
    fn one_level(&self, folder: &str) -> io::Result<Vec<String>> {
        let path = self.folder_path(folder)?;
        let mut listed = Vec::new();
        for entry in entries(&path)? {
            match entry? {
                (name, Kind::Object) => listed.push(format!("{folder}{name}")),
                (name, Kind::Folder) if holds_object(&path.join(&name))? => {
                    listed.push(format!("{folder}{name}/"));
                }
                (_, Kind::Folder) => {}
            }
        }
        listed.sort_unstable();
        Ok(listed)
    }
}

fn is_valid_part(part: &str) -> bool {
    !part.is_empty() && !part.starts_with('.') && !part.contains(['\\', ':', '\0'])
}

fn tag_of(body: &[u8]) -> Tag {
    Tag(Digest::of_bytes(body).to_string())
}

fn read(path: &Path) -> io::Result<Option<Vec<u8>>> {
    match fs::read(path) {
        Ok(bytes) => Ok(Some(bytes)),
        Err(error) if is_absence(&error) => Ok(None),
        Err(error) => Err(error),
    }
}

/// What stands under a name in a folder.
enum Kind {
    Object,
    Folder,
}

/// The names in a folder that can be parts of keys. In what is no folder there are none.
fn entries(folder: &Path) -> io::Result<impl Iterator<Item = io::Result<(String, Kind)>>> {
    let listing = match fs::read_dir(folder) {
        Ok(listing) => Some(listing),
        Err(error) if is_absence(&error) => None,
        Err(error) => return Err(error),
    };
    let entries = listing.into_iter().flatten();
    Ok(entries.filter_map(|entry| entry.and_then(|entry| named(&entry)).transpose()))
}

fn is_absence(error: &io::Error) -> bool {
    matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory)
}

fn named(entry: &DirEntry) -> io::Result<Option<(String, Kind)>> {
    let name = entry.file_name().into_string().ok().filter(|name| is_valid_part(name));
    let Some(name) = name else { return Ok(None) };
    let kind = if entry.file_type()?.is_dir() { Kind::Folder } else { Kind::Object };
    Ok(Some((name, kind)))
}

/// Whether a folder is one to other stores too. A writer that crashes, or is not done yet, leaves
/// folders without an object.
fn holds_object(folder: &Path) -> io::Result<bool> {
    for entry in entries(folder)? {
        match entry? {
            (_, Kind::Object) => return Ok(true),
            (name, Kind::Folder) if holds_object(&folder.join(&name))? => return Ok(true),
            (_, Kind::Folder) => {}
        }
    }
    Ok(false)
}

/// Says which operation on which object failed.
fn failed<'a>(operation: &'static str, key: &'a str) -> impl FnOnce(io::Error) -> StoreError + 'a {
    move |error| StoreError {
        operation,
        key: key.to_owned(),
        message: error.to_string(),
        denied: error.kind() == ErrorKind::PermissionDenied,
    }
}

impl Store for FolderStore {
    async fn get(&self, key: &str) -> Result<Option<Stored>, StoreError> {
        let body = self.path(key).and_then(|path| read(&path)).map_err(failed("read", key))?;
        Ok(body.map(|body| Stored { tag: tag_of(&body), body }))
    }

    async fn put_if_absent(&self, key: &str, body: &[u8]) -> Result<Put, StoreError> {
        self.put(key, &Condition::Absent, body).map_err(failed("write", key))
    }

    async fn put_if_match(&self, key: &str, tag: &Tag, body: &[u8]) -> Result<Put, StoreError> {
        self.put(key, &Condition::Tagged(tag), body).map_err(failed("write", key))
    }

    async fn list(&self, folder: &str) -> Result<Vec<String>, StoreError> {
        self.one_level(folder).map_err(failed("list", folder))
    }

    async fn delete(&self, key: &str) -> Result<(), StoreError> {
        self.remove(key).map_err(failed("delete", key))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_missing_permission_is_told_apart_from_other_failures() {
        let error = failed("write", "a")(io::Error::from(ErrorKind::PermissionDenied));
        assert_eq!((error.operation, &*error.key, error.denied), ("write", "a", true));
        assert!(!failed("write", "a")(io::Error::from(ErrorKind::StorageFull)).denied);
    }
}
