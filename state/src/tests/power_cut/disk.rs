//! A disk that writes down what is done to it, and what a power cut leaves of that.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fs;
use std::fs::File;
use std::io;
use std::path::Path;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::Mutex;

use crate::stores::disk::Disk;
use crate::stores::disk::LocalDisk;

/// What was done.
#[derive(Debug, Clone)]
pub(super) enum Operation {
    MakeFolder(PathBuf),
    WriteFile(PathBuf, Vec<u8>),
    /// Synchronises the content of the file that was written last.
    SyncFile,
    Rename(PathBuf, PathBuf),
    Remove(PathBuf),
    SyncFolder(PathBuf),
}

/// Whose synchronising has no effect.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Careless {
    Never,
    OfFiles,
    OfFolders,
}

/// A disk without a cache that would have to be synchronised really: that costs time only.
#[derive(Debug, Clone)]
pub(super) struct Recorder {
    log: Arc<Mutex<Vec<Operation>>>,
    careless: Careless,
}

impl Recorder {
    pub(super) fn new(careless: Careless) -> Self {
        Self { log: Arc::default(), careless }
    }

    pub(super) fn log(&self) -> Vec<Operation> {
        self.log.lock().unwrap().clone()
    }

    /// How much was done so far.
    pub(super) fn count(&self) -> usize {
        self.log.lock().unwrap().len()
    }

    fn record(&self, operation: Operation) {
        self.log.lock().unwrap().push(operation);
    }
}

impl Disk for Recorder {
    fn make_folder(&self, folder: &Path) -> io::Result<()> {
        LocalDisk.make_folder(folder)?;
        self.record(Operation::MakeFolder(folder.into()));
        Ok(())
    }

    fn write_file(&self, path: &Path, content: &[u8]) -> io::Result<File> {
        let file = LocalDisk.write_file(path, content)?;
        self.record(Operation::WriteFile(path.into(), content.into()));
        Ok(file)
    }

    fn sync_file(&self, _: &File) -> io::Result<()> {
        if self.careless != Careless::OfFiles {
            self.record(Operation::SyncFile);
        }
        Ok(())
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        LocalDisk.rename(from, to)?;
        self.record(Operation::Rename(from.into(), to.into()));
        Ok(())
    }

    fn remove_file(&self, file: &Path) -> io::Result<()> {
        LocalDisk.remove_file(file)?;
        self.record(Operation::Remove(file.into()));
        Ok(())
    }

    fn remove_folder(&self, folder: &Path) -> io::Result<()> {
        LocalDisk.remove_folder(folder)?;
        self.record(Operation::Remove(folder.into()));
        Ok(())
    }

    fn sync_folder(&self, folder: &Path) -> io::Result<()> {
        if self.careless != Careless::OfFolders {
            self.record(Operation::SyncFolder(folder.into()));
        }
        Ok(())
    }
}

/// A file or folder, whatever its name.
type Inode = usize;

/// A name that came to stand for something, or for nothing.
#[derive(Debug, Clone)]
struct Naming {
    folder: Inode,
    name: OsString,
    inode: Option<Inode>,
}

#[derive(Debug, Clone)]
enum Content {
    Folder,
    File { synced: Vec<u8>, current: Vec<u8> },
}

/// A disk with its cache.
#[derive(Debug)]
pub(super) struct Cached {
    root: PathBuf,
    inodes: Vec<Content>,
    /// What a process sees.
    current: BTreeMap<(Inode, OsString), Inode>,
    /// What is on the disk.
    durable: BTreeMap<(Inode, OsString), Inode>,
    /// What is not there yet. A renaming is one, with two names.
    pending: Vec<Vec<Naming>>,
    written: Inode,
}

impl Cached {
    /// After these operations on an empty folder.
    pub(super) fn after(root: &Path, operations: &[Operation]) -> Self {
        let mut cached = Self {
            root: root.into(),
            inodes: vec![Content::Folder],
            current: BTreeMap::new(),
            durable: BTreeMap::new(),
            pending: Vec::new(),
            written: 0,
        };
        operations.iter().for_each(|operation| cached.perform(operation));
        cached
    }

    fn perform(&mut self, operation: &Operation) {
        match operation {
            Operation::MakeFolder(path) => {
                let inode = self.add(Content::Folder);
                self.name(&[(path, Some(inode))]);
            }
            Operation::WriteFile(path, content) => self.write(path, content),
            Operation::SyncFile => {
                if let Content::File { synced, current } = &mut self.inodes[self.written] {
                    synced.clone_from(current);
                }
            }
            Operation::Rename(from, to) => {
                let inode = self.find(from);
                self.name(&[(from, None), (to, inode)]);
            }
            Operation::Remove(path) => self.name(&[(path, None)]),
            Operation::SyncFolder(path) => {
                let folder = self.find(path).unwrap();
                let touches =
                    |change: &Vec<Naming>| change.iter().any(|name| name.folder == folder);
                let synced: Vec<_> =
                    self.pending.extract_if(.., |change| touches(change)).collect();
                synced.iter().for_each(|change| apply(&mut self.durable, change));
            }
        }
    }

    fn add(&mut self, content: Content) -> Inode {
        self.inodes.push(content);
        self.inodes.len() - 1
    }

    fn write(&mut self, path: &Path, content: &[u8]) {
        let found = self.find(path);
        let inode = found
            .unwrap_or_else(|| self.add(Content::File { synced: Vec::new(), current: Vec::new() }));
        if found.is_none() {
            self.name(&[(path, Some(inode))]);
        }
        if let Content::File { current, .. } = &mut self.inodes[inode] {
            content.clone_into(current);
        }
        self.written = inode;
    }

    fn name(&mut self, names: &[(&Path, Option<Inode>)]) {
        let naming = |(path, inode): &(&Path, Option<Inode>)| Naming {
            folder: self.find(path.parent().unwrap()).unwrap(),
            name: path.file_name().unwrap().into(),
            inode: *inode,
        };
        let change: Vec<Naming> = names.iter().map(naming).collect();
        apply(&mut self.current, &change);
        self.pending.push(change);
    }

    fn find(&self, path: &Path) -> Option<Inode> {
        let below = path.strip_prefix(&self.root).unwrap();
        below.iter().try_fold(0, |inode, name| self.current.get(&(inode, name.into())).copied())
    }

    /// The power fails: of what was not synchronised, whatever `survives` is on the disk anyway. It is
    /// written to a folder.
    pub(super) fn cut(mut self, to: &Path, mut survives: impl FnMut() -> bool) {
        for change in std::mem::take(&mut self.pending) {
            if survives() {
                apply(&mut self.durable, &change);
            }
        }
        self.restore(0, to, &mut survives);
    }

    fn restore(&self, folder: Inode, to: &Path, survives: &mut impl FnMut() -> bool) {
        for ((_, name), inode) in self
            .durable
            .range((folder, OsString::new())..)
            .take_while(|((parent, _), _)| *parent == folder)
        {
            let path = to.join(name);
            match &self.inodes[*inode] {
                Content::Folder => {
                    fs::create_dir(&path).unwrap();
                    self.restore(*inode, &path, survives);
                }
                Content::File { synced, current } if synced == current || !survives() => {
                    fs::write(&path, synced).unwrap();
                }
                // As much of it as was written by then.
                Content::File { current, .. } if survives() => fs::write(&path, current).unwrap(),
                Content::File { current, .. } => {
                    fs::write(&path, &current[..current.len() / 2]).unwrap();
                }
            }
        }
    }
}

fn apply(names: &mut BTreeMap<(Inode, OsString), Inode>, change: &[Naming]) {
    for naming in change {
        let key = (naming.folder, naming.name.clone());
        match naming.inode {
            Some(inode) => names.insert(key, inode),
            None => names.remove(&key),
        };
    }
}
