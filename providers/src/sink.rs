//! The file sink: delivers an access key in a file of its own, readable by its owner only.
//!
//! A key is *staged* in `<path>.pending` when it is made and *promoted* to `<path>` as the last
//! step of an apply, so that whoever reads `<path>` never sees a key that is rolled back. Each step
//! is a rename within one folder and durable before it is reported: the secret is told once, and a
//! crash must leave either the old file or the new one.
//!
//! The format is that of AWS's shared credentials file with the one profile `default`. A file with
//! anything else in it is somebody else's and is neither replaced nor removed.

use std::fs;
use std::fs::DirBuilder;
use std::fs::File;
use std::fs::OpenOptions;
use std::io;
use std::io::ErrorKind;
use std::io::Write;
use std::os::unix::fs::DirBuilderExt;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;
use std::path::PathBuf;

use secrecy::ExposeSecret;
use secrecy::SecretString;

use crate::delivered::AccessKey;

const PROFILE: &str = "[default]";
const KEY_ID: &str = "aws_access_key_id";
const SECRET: &str = "aws_secret_access_key";

/// Why a credentials file cannot be written, read or removed. Never holds the secret.
#[derive(Debug, thiserror::Error)]
pub enum SinkError {
    /// The file system refused.
    #[error("cannot {operation} `{}`", path.display())]
    File {
        /// What was tried: "read", "write", "rename".
        operation: &'static str,
        /// The file or folder.
        path: PathBuf,
        /// The cause.
        source: io::Error,
    },
    /// There is a file that nfplan did not write.
    #[error(
        "`{}` holds something else than one access key of the profile `default`, so it is \
         neither replaced nor removed: move it away or deliver to another path",
        path.display()
    )]
    Foreign {
        /// The file.
        path: PathBuf,
    },
    /// The key to promote is in neither of the two files.
    #[error(
        "the access key {key_id} is not staged beside `{}`, and its secret cannot be told again: \
         rotate the key",
        path.display()
    )]
    NotStaged {
        /// The file to promote to.
        path: PathBuf,
        /// The key.
        key_id: String,
    },
}

/// Writes a key to `<path>.pending`, in place of a key that waits there.
///
/// A missing folder is made, open to its owner only.
pub fn stage(path: &Path, key_id: &str, secret: &SecretString) -> Result<(), SinkError> {
    let pending = pending(path);
    key_id_in(&pending)?;
    let folder = folder(path);
    make_folder(folder)?;
    let draft = draft(path);
    remove_file(&draft)?;
    write_new(&draft, key_id, secret).map_err(failed("write", &draft))?;
    fs::rename(&draft, &pending).map_err(failed("rename", &draft))?;
    sync(folder)
}

/// Moves the staged key to `path`, if it is this one. Succeeds if that was done before.
pub fn promote(path: &Path, key_id: &str) -> Result<(), SinkError> {
    let current = current_key_id(path)?;
    if pending_key_id(path)?.as_deref() == Some(key_id) {
        let pending = pending(path);
        fs::rename(&pending, path).map_err(failed("rename", &pending))?;
    } else if current.as_deref() != Some(key_id) {
        return Err(SinkError::NotStaged { path: path.into(), key_id: key_id.into() });
    }
    sync(folder(path))
}

/// The key in `path`, if there is such a file.
pub fn current(path: &Path) -> Result<Option<AccessKey>, SinkError> {
    let Some(text) = read(path)? else { return Ok(None) };
    let key = parse(text.expose_secret())
        .map(|(id, secret)| AccessKey { id: id.into(), secret: SecretString::from(secret) });
    key.map(Some).ok_or_else(|| SinkError::Foreign { path: path.into() })
}

/// The id of the key in `path`, if there is such a file.
pub fn current_key_id(path: &Path) -> Result<Option<String>, SinkError> {
    key_id_in(path)
}

/// The id of the key that waits beside `path`, if one does.
pub fn pending_key_id(path: &Path) -> Result<Option<String>, SinkError> {
    key_id_in(&pending(path))
}

/// Removes the key that waits beside `path`, if one does.
pub fn discard_pending(path: &Path) -> Result<(), SinkError> {
    remove_file(&draft(path))?;
    remove_own(&pending(path))
}

/// Removes the key in `path`, if there is such a file. What waits beside it stays.
pub fn remove(path: &Path) -> Result<(), SinkError> {
    remove_own(path)
}

fn pending(path: &Path) -> PathBuf {
    beside(path, ".pending")
}

/// Where a file is written before it is complete. The name is fixed, so that a draft which a crash
/// left behind is found and removed, for it may hold a secret.
fn draft(path: &Path) -> PathBuf {
    beside(path, ".draft")
}

fn beside(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(suffix);
    name.into()
}

fn folder(path: &Path) -> &Path {
    match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    }
}

/// Makes a folder and those above it that are missing, open to their owner only, and durable.
fn make_folder(folder_path: &Path) -> Result<(), SinkError> {
    let missing: Vec<&Path> = folder_path
        .ancestors()
        .take_while(|ancestor| !ancestor.as_os_str().is_empty() && !ancestor.exists())
        .collect();
    DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(folder_path)
        .map_err(failed("make the folder", folder_path))?;
    missing.into_iter().try_for_each(|made| sync(folder(made)))
}

/// Refuses to follow or share a file that is there already, and is private from its first moment.
fn write_new(path: &Path, key_id: &str, secret: &SecretString) -> io::Result<()> {
    let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)?;
    write!(file, "{PROFILE}\n{KEY_ID} = {key_id}\n{SECRET} = ")?;
    file.write_all(secret.expose_secret().as_bytes())?;
    file.write_all(b"\n")?;
    file.sync_all()
}

fn key_id_in(path: &Path) -> Result<Option<String>, SinkError> {
    let Some(text) = read(path)? else { return Ok(None) };
    match parse(text.expose_secret()) {
        Some((key_id, _)) => Ok(Some(key_id.to_owned())),
        None => Err(SinkError::Foreign { path: path.into() }),
    }
}

fn read(path: &Path) -> Result<Option<SecretString>, SinkError> {
    match fs::read_to_string(path) {
        Ok(text) => Ok(Some(SecretString::from(text))),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        Err(error) if error.kind() == ErrorKind::InvalidData => {
            Err(SinkError::Foreign { path: path.into() })
        }
        Err(error) => Err(failed("read", path)(error)),
    }
}

/// Key id and secret of a file that consists of one complete profile `default` and nothing else.
fn parse(text: &str) -> Option<(&str, &str)> {
    let mut lines = text.lines().map(str::trim).filter(|line| !line.is_empty());
    (lines.next()? == PROFILE).then_some(())?;
    let key_id = setting(lines.next()?, KEY_ID)?;
    let secret = setting(lines.next()?, SECRET)?;
    lines.next().is_none().then_some((key_id, secret))
}

fn setting<'a>(line: &'a str, name: &str) -> Option<&'a str> {
    let (key, value) = line.split_once('=')?;
    (key.trim() == name).then_some(value.trim()).filter(|value| !value.is_empty())
}

fn remove_own(path: &Path) -> Result<(), SinkError> {
    if key_id_in(path)?.is_some() {
        remove_file(path)?;
        sync(folder(path))?;
    }
    Ok(())
}

fn remove_file(path: &Path) -> Result<(), SinkError> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != ErrorKind::NotFound => Err(failed("remove", path)(error)),
        _ => Ok(()),
    }
}

/// Makes renames and removals in a folder durable.
fn sync(folder: &Path) -> Result<(), SinkError> {
    let result = File::open(folder).and_then(|file| file.sync_all());
    result.map_err(failed("make durable", folder))
}

fn failed(operation: &'static str, path: &Path) -> impl FnOnce(io::Error) -> SinkError {
    let path = path.to_owned();
    move |source| SinkError::File { operation, path, source }
}

#[cfg(test)]
mod tests {
    use std::error::Error;
    use std::os::unix::fs::PermissionsExt;

    use tempfile::TempDir;

    use super::*;

    const HIDDEN: &str = "wJalrXUtnFEMI/K7MDENG+bPxRfiCY";

    fn sink() -> (TempDir, PathBuf) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("keys/of/alice");
        (folder, path)
    }

    fn stage_key(path: &Path, key_id: &str) {
        stage(path, key_id, &SecretString::from(HIDDEN)).unwrap();
    }

    fn mode(path: &Path) -> u32 {
        fs::metadata(path).unwrap().permissions().mode() & 0o777
    }

    fn names(folder: &Path) -> Vec<String> {
        let entries = fs::read_dir(folder).unwrap();
        let mut names: Vec<String> =
            entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        names
    }

    #[test]
    fn a_staged_key_is_private_and_not_yet_current() {
        let (_folder, path) = sink();
        stage_key(&path, "AKIA1");
        assert_eq!(pending_key_id(&path).unwrap().as_deref(), Some("AKIA1"));
        assert_eq!(current_key_id(&path).unwrap(), None);
        assert_eq!(mode(&pending(&path)), 0o600);
        for folder in path.ancestors().skip(1).take(2) {
            assert_eq!(mode(folder), 0o700, "{}", folder.display());
        }
        assert_eq!(names(path.parent().unwrap()), ["alice.pending"]);
    }

    #[test]
    fn a_promoted_key_is_a_shared_credentials_file() {
        let (_folder, path) = sink();
        stage_key(&path, "AKIA1");
        promote(&path, "AKIA1").unwrap();
        let expected =
            format!("[default]\naws_access_key_id = AKIA1\naws_secret_access_key = {HIDDEN}\n");
        assert_eq!(fs::read_to_string(&path).unwrap(), expected);
        assert_eq!(mode(&path), 0o600);
        assert_eq!(names(path.parent().unwrap()), ["alice"]);
    }

    #[test]
    fn promoting_again_changes_nothing() {
        let (_folder, path) = sink();
        stage_key(&path, "AKIA1");
        promote(&path, "AKIA1").unwrap();
        promote(&path, "AKIA1").unwrap();
        assert_eq!(current_key_id(&path).unwrap().as_deref(), Some("AKIA1"));
    }

    #[test]
    fn only_the_key_that_was_asked_for_is_promoted() {
        let (_folder, path) = sink();
        stage_key(&path, "AKIA1");
        promote(&path, "AKIA1").unwrap();
        stage_key(&path, "AKIA2");
        let error = promote(&path, "AKIA3").unwrap_err();
        assert!(matches!(error, SinkError::NotStaged { ref key_id, .. } if key_id == "AKIA3"));
        assert_eq!(current_key_id(&path).unwrap().as_deref(), Some("AKIA1"));
        promote(&path, "AKIA2").unwrap();
        assert_eq!(current_key_id(&path).unwrap().as_deref(), Some("AKIA2"));
    }

    #[test]
    fn staging_takes_the_place_of_an_abandoned_key() {
        let (_folder, path) = sink();
        stage_key(&path, "AKIA1");
        stage_key(&path, "AKIA2");
        assert_eq!(pending_key_id(&path).unwrap().as_deref(), Some("AKIA2"));
    }

    #[test]
    fn a_draft_left_by_a_crash_hinders_nothing_and_does_not_last() {
        let (_folder, path) = sink();
        stage_key(&path, "AKIA1");
        fs::write(draft(&path), "half").unwrap();
        stage_key(&path, "AKIA2");
        assert_eq!(names(path.parent().unwrap()), ["alice.pending"]);
        fs::write(draft(&path), "half").unwrap();
        discard_pending(&path).unwrap();
        assert!(names(path.parent().unwrap()).is_empty());
    }

    #[test]
    fn discarding_leaves_the_current_key_and_removing_leaves_the_pending_one() {
        let (_folder, path) = sink();
        stage_key(&path, "AKIA1");
        promote(&path, "AKIA1").unwrap();
        stage_key(&path, "AKIA2");
        discard_pending(&path).unwrap();
        assert_eq!(names(path.parent().unwrap()), ["alice"]);
        stage_key(&path, "AKIA2");
        remove(&path).unwrap();
        assert_eq!(names(path.parent().unwrap()), ["alice.pending"]);
    }

    #[test]
    fn removing_what_is_not_there_succeeds_even_without_the_folder() {
        let (_folder, path) = sink();
        discard_pending(&path).unwrap();
        remove(&path).unwrap();
        assert_eq!(pending_key_id(&path).unwrap(), None);
    }

    #[test]
    fn a_file_of_somebody_else_is_neither_read_replaced_nor_removed() {
        for content in [
            "",
            "[default]\naws_access_key_id = A\n",
            "[work]\naws_access_key_id = A\naws_secret_access_key = B\n",
            "[default]\naws_access_key_id = A\naws_secret_access_key = B\nregion = x\n",
        ] {
            let (_folder, path) = sink();
            stage_key(&path, "AKIA1");
            fs::write(&path, content).unwrap();
            for result in [current_key_id(&path).map(drop), promote(&path, "AKIA1"), remove(&path)]
            {
                assert!(matches!(result, Err(SinkError::Foreign { .. })), "{content:?}");
            }
            assert_eq!(fs::read_to_string(&path).unwrap(), content);
        }
    }

    #[test]
    fn a_file_that_is_no_text_is_somebody_elses() {
        let (_folder, path) = sink();
        stage_key(&path, "AKIA1");
        fs::write(&path, [0xff, 0xfe]).unwrap();
        assert!(matches!(current_key_id(&path), Err(SinkError::Foreign { .. })));
    }

    #[test]
    fn errors_name_the_path_and_the_cause_and_never_the_secret() {
        let (_folder, path) = sink();
        stage_key(&path, "AKIA1");
        fs::create_dir(draft(&path)).unwrap();
        let error = stage(&path, "AKIA2", &SecretString::from(HIDDEN)).unwrap_err();
        let cause = error.source().unwrap().to_string();
        assert!(error.to_string().contains("alice.draft"), "{error}");
        assert!(!format!("{error} {error:?} {cause}").contains(HIDDEN));
        assert_eq!(pending_key_id(&path).unwrap().as_deref(), Some("AKIA1"));
    }
}
