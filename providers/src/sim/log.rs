//! The log of one account on disk: one line for each request that changed something.
//!
//! The first line says the format. Lines are only appended, under a lock between processes, and
//! are durable before the provider's call is answered. A last line that is torn, because a process
//! was killed, is no line: its request was never answered. Any other bad line is damage and an error.

use std::fs::File;
use std::fs::OpenOptions;
use std::io;
use std::io::Read as _;
use std::io::Seek as _;
use std::io::SeekFrom;
use std::io::Write as _;
use std::path::Path;
use std::path::PathBuf;

use serde::Deserialize;
use serde::Serialize;

use crate::sim::cloud::Effects;

/// Raised when the meaning of lines changes.
const FORMAT: &str = "nfplan.sim/1";

/// Why the simulated cloud's files cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum SimError {
    /// The operating system refuses.
    #[error("cannot use the simulated cloud's file {}", path.display())]
    File {
        /// The file or folder.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// A line that is not the last one is no entry.
    #[error("{}:{line}: the simulated cloud's log is damaged here: {message}; restore the file, or delete it to start with an empty account", path.display())]
    Damaged {
        /// The file.
        path: PathBuf,
        /// The line, from 1.
        line: u64,
        /// What is wrong with it.
        message: String,
    },
    /// The file is of another format.
    #[error("{}: the simulated cloud's log has the format `{format}`, this nfplan knows `nfplan.sim/1`; use the nfplan that wrote it", path.display())]
    Format {
        /// The file.
        path: PathBuf,
        /// Its format.
        format: String,
    },
    /// A quota that AWS does not raise, or none at all.
    #[error(
        "`{resource_type}` has no quota that can be set; AWS fixes it, or nfplan does not count it"
    )]
    Quota {
        /// The resource type.
        resource_type: String,
    },
}

#[derive(Serialize, Deserialize)]
struct Header {
    format: String,
}

/// The log of one account.
#[derive(Debug)]
pub(crate) struct Log {
    path: PathBuf,
    /// Open while the lock is held.
    writer: Option<File>,
    /// The end of the last line that was read or written.
    end: u64,
    /// The number of that line.
    line: u64,
    dirty: bool,
}

impl Log {
    pub(crate) fn new(folder: &Path, account: &str) -> Self {
        let path = folder.join(format!("{account}.log"));
        Self { path, writer: None, end: 0, line: 0, dirty: false }
    }

    /// Reads what was appended since the last time, by whichever process.
    pub(crate) fn read_tail(&mut self) -> Result<Vec<Effects>, SimError> {
        let mut file = match File::open(&self.path) {
            Ok(file) => file,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            Err(source) => return Err(self.file_error(source)),
        };
        let mut bytes = Vec::new();
        file.seek(SeekFrom::Start(self.end))
            .and_then(|_| file.read_to_end(&mut bytes))
            .map_err(|source| self.file_error(source))?;
        let mut effects = Vec::new();
        let mut rest = bytes.as_slice();
        while let Some(length) = rest.iter().position(|byte| *byte == b'\n') {
            let (line, after) = (&rest[..length], &rest[length + 1..]);
            match self.parse(line) {
                Ok(found) => effects.extend(found),
                Err(SimError::Damaged { .. }) if after.is_empty() => break,
                Err(error) => return Err(error),
            }
            self.line += 1;
            self.end += length as u64 + 1;
            rest = after;
        }
        Ok(effects)
    }

    fn parse(&self, line: &[u8]) -> Result<Option<Effects>, SimError> {
        let damaged = |error: serde_json::Error| SimError::Damaged {
            path: self.path.clone(),
            line: self.line + 1,
            message: error.to_string(),
        };
        if self.line > 0 {
            return serde_json::from_slice(line).map(Some).map_err(damaged);
        }
        let Header { format } = serde_json::from_slice(line).map_err(damaged)?;
        if format != FORMAT {
            return Err(SimError::Format { path: self.path.clone(), format });
        }
        Ok(None)
    }

    /// Takes the lock between processes. What others appended must be read after it.
    pub(crate) fn lock(&mut self) -> Result<(), SimError> {
        let open = OpenOptions::new().create(true).truncate(false).write(true).open(&self.path);
        let file = open
            .and_then(|file| file.lock().map(|()| file))
            .map_err(|source| self.file_error(source))?;
        self.writer = Some(file);
        Ok(())
    }

    /// Appends a line. The lock must be held and the tail be read.
    pub(crate) fn append(&mut self, effects: &Effects) -> Result<(), SimError> {
        let mut lines = Vec::new();
        if self.line == 0 {
            push_line(&mut lines, &Header { format: FORMAT.into() });
        }
        push_line(&mut lines, effects);
        let count = if self.line == 0 { 2 } else { 1 };
        self.write(&lines).map_err(|source| self.file_error(source))?;
        self.end += lines.len() as u64;
        self.line += count;
        self.dirty = true;
        Ok(())
    }

    fn write(&mut self, lines: &[u8]) -> io::Result<()> {
        let is_new = self.line == 0;
        let file = self.writer.as_mut().expect("appends happen under the lock");
        // Drops a torn line of a process that was killed.
        if file.metadata()?.len() > self.end {
            file.set_len(self.end)?;
        }
        file.seek(SeekFrom::Start(self.end))?;
        file.write_all(lines)?;
        match self.path.parent().filter(|_| is_new) {
            // The file's name must be as durable as its lines.
            Some(folder) => File::open(folder)?.sync_all(),
            None => Ok(()),
        }
    }

    /// Whether something was appended since the lock was taken.
    pub(crate) fn is_dirty(&self) -> bool {
        self.dirty
    }

    /// Makes what was appended durable and gives the lock back.
    pub(crate) fn release(&mut self) -> Result<(), SimError> {
        let Some(file) = self.writer.take() else { return Ok(()) };
        if std::mem::take(&mut self.dirty) {
            file.sync_data().map_err(|source| self.file_error(source))?;
        }
        Ok(())
    }

    fn file_error(&self, source: io::Error) -> SimError {
        SimError::File { path: self.path.clone(), source }
    }
}

fn push_line(lines: &mut Vec<u8>, entry: &impl Serialize) {
    serde_json::to_writer(&mut *lines, entry).expect("entries have JSON and memory takes them");
    lines.push(b'\n');
}
