//! Where a project keeps its states, as its settings write it.

use std::path::Path;
use std::path::PathBuf;

/// A place for states.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Location {
    /// A folder of the local file system.
    Folder(PathBuf),
}

/// A text that names no place that this build can use.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum LocationError {
    /// Nothing was given.
    #[error("`state` is empty: give the path of a folder")]
    Empty,
    /// An S3 bucket, which this build does not know.
    #[error(
        "`state: {0}` asks for an S3 bucket, but this build of nfplan has no S3 store: \
         give the path of a folder, or use a build with it"
    )]
    NoS3(String),
    /// A URL of another kind.
    #[error("`state: {0}` is a kind of URL that nfplan does not know: give the path of a folder")]
    UnknownScheme(String),
}

impl Location {
    /// Understands a setting. A relative path begins at the project's folder.
    pub fn parse(text: &str, project: &Path) -> Result<Self, LocationError> {
        match text.split_once("://") {
            _ if text.trim().is_empty() => Err(LocationError::Empty),
            Some(("s3", _)) => Err(LocationError::NoS3(text.into())),
            Some(_) => Err(LocationError::UnknownScheme(text.into())),
            None => Ok(Self::Folder(project.join(text))),
        }
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
    fn what_this_build_cannot_use_is_refused_by_name() {
        let parse = |text: &str| Location::parse(text, Path::new("/project")).unwrap_err();
        assert_eq!(parse("s3://bucket/prefix"), LocationError::NoS3("s3://bucket/prefix".into()));
        assert_eq!(parse("gs://bucket"), LocationError::UnknownScheme("gs://bucket".into()));
        assert_eq!(parse(" "), LocationError::Empty);
    }
}
