//! Where a project keeps its states, as its settings write it.

use std::path::Path;
use std::path::PathBuf;

/// A place for states.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Location {
    /// A folder of the local file system.
    Folder(PathBuf),
    /// A part of an S3 bucket.
    Bucket(Bucket),
}

/// A part of an S3 bucket, and how it is written to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Bucket {
    /// The bucket.
    pub name: Box<str>,
    /// What all keys begin with, without a slash at either end; may be empty.
    pub prefix: Box<str>,
    /// The bucket's region, where it is not the runner's own.
    pub region: Option<Box<str>>,
    /// The account that the bucket must belong to.
    pub owner: Option<Box<str>>,
    /// The KMS key that objects are encrypted with; else the bucket's own encryption decides.
    pub kms_key: Option<Box<str>>,
}

/// A text that names no place that this build can use.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum LocationError {
    /// Nothing was given.
    #[error("`state` is empty: give the path of a folder, or s3://bucket/prefix")]
    Empty,
    /// A part of a bucket that is none.
    #[error("`state: {0}` is no part of a bucket: write s3://bucket or s3://bucket/prefix")]
    Malformed(String),
    /// A URL of another kind.
    #[error(
        "`state: {0}` is a kind of URL that nfplan does not know: \
         give the path of a folder, or s3://bucket/prefix"
    )]
    UnknownScheme(String),
}

impl Location {
    /// Understands a setting. A relative path begins at the project's folder.
    pub fn parse(text: &str, project: &Path) -> Result<Self, LocationError> {
        match text.split_once("://") {
            _ if text.trim().is_empty() => Err(LocationError::Empty),
            Some(("s3", rest)) => match Bucket::parse(rest) {
                Some(bucket) => Ok(Self::Bucket(bucket)),
                None => Err(LocationError::Malformed(text.into())),
            },
            Some(_) => Err(LocationError::UnknownScheme(text.into())),
            None => Ok(Self::Folder(project.join(text))),
        }
    }
}

impl Bucket {
    /// Understands `bucket/prefix`.
    fn parse(text: &str) -> Option<Self> {
        let (name, prefix) = text.split_once('/').unwrap_or((text, ""));
        let prefix = prefix.trim_end_matches('/');
        let empty_part = !prefix.is_empty() && prefix.split('/').any(str::is_empty);
        let sound = !name.is_empty() && !empty_part;
        sound.then(|| Self {
            name: name.into(),
            prefix: prefix.into(),
            region: None,
            owner: None,
            kms_key: None,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_is_a_folder_and_begins_at_the_project() {
        let parse = |text| Location::parse(text, Path::new("/project"));
        assert_eq!(parse(".nfplan/state"), Ok(Location::Folder("/project/.nfplan/state".into())));
        assert_eq!(parse("/var/state"), Ok(Location::Folder("/var/state".into())));
    }

    #[test]
    fn a_part_of_a_bucket_has_a_prefix_or_none() {
        let parse = |text| match Location::parse(text, Path::new("/project")) {
            Ok(Location::Bucket(Bucket { name, prefix, .. })) => (name, prefix),
            other => panic!("{text}: {other:?}"),
        };
        assert_eq!(parse("s3://bucket"), ("bucket".into(), "".into()));
        assert_eq!(parse("s3://bucket/"), ("bucket".into(), "".into()));
        assert_eq!(parse("s3://bucket/a/b/"), ("bucket".into(), "a/b".into()));
    }

    #[test]
    fn what_is_no_place_is_refused_by_name() {
        let parse = |text: &str| Location::parse(text, Path::new("/project")).unwrap_err();
        assert_eq!(parse("s3:///x"), LocationError::Malformed("s3:///x".into()));
        assert_eq!(parse("s3://b//x"), LocationError::Malformed("s3://b//x".into()));
        assert_eq!(parse("gs://bucket"), LocationError::UnknownScheme("gs://bucket".into()));
        assert_eq!(parse(" "), LocationError::Empty);
    }
}
