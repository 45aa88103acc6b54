//! What `nfplan.yaml` says beside profiles: accounts, where the state is, what needs approval.

use std::fmt;
use std::str::FromStr;

use nfplan_engine::address::Place;
use nfplan_engine::desired::Origin;
use nfplan_engine::risk::Risk;

use crate::settings::At;
use crate::syntax::is_bucket;

/// An account in the region that workspaces of it are in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Account {
    /// What specs call it.
    pub name: Box<str>,
    /// Its id and region.
    pub place: Place,
    /// Which cloud it is in, and how to get in.
    pub access: Access,
    /// After how many days the data bucket's objects expire.
    pub expire_days: At<u32>,
    /// Its key in `nfplan.yaml`.
    pub origin: Origin,
}

/// Which cloud an account is in, and how to get in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Access {
    /// The embedded simulated cloud.
    Sim,
    /// AWS with the runner's own credentials.
    Aws,
    /// AWS through a role.
    AwsRole {
        /// The role's ARN.
        role: Box<str>,
        /// The external id that its trust policy asks for.
        external_id: Option<Box<str>>,
    },
}

/// Where the state is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum StateLocation {
    /// A folder; a relative one is relative to the project.
    Folder(Box<str>),
    /// A part of an S3 bucket.
    Bucket(StateBucket),
}

/// A part of an S3 bucket that states are kept in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StateBucket {
    /// The bucket.
    pub name: Box<str>,
    /// What all keys begin with, without a slash at either end; may be empty.
    pub prefix: Box<str>,
    /// The bucket's region, if the spec says it.
    pub region: Option<Box<str>>,
    /// The account that the bucket must belong to, if the spec says it.
    pub owner: Option<Box<str>>,
    /// The KMS key that objects are encrypted with, if the spec says it.
    pub kms_key: Option<Box<str>>,
}

impl Default for StateLocation {
    fn default() -> Self {
        Self::Folder(".nfplan/state".into())
    }
}

/// A text that is no state location.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is neither a folder nor s3://bucket or s3://bucket/prefix")]
pub struct StateLocationError(Box<str>);

impl FromStr for StateLocation {
    type Err = StateLocationError;

    fn from_str(text: &str) -> Result<Self, StateLocationError> {
        let refuse = || StateLocationError(text.into());
        let Some(rest) = text.strip_prefix("s3://") else {
            let folder = !text.is_empty() && !text.contains("://");
            return if folder { Ok(Self::Folder(text.into())) } else { Err(refuse()) };
        };
        let (bucket, prefix) = rest.split_once('/').unwrap_or((rest, ""));
        let prefix = prefix.trim_end_matches('/');
        if !is_bucket(bucket) {
            return Err(refuse());
        }
        if prefix.split('/').any(str::is_empty) && !prefix.is_empty() {
            return Err(refuse());
        }
        let (region, owner, kms_key) = (None, None, None);
        let (name, prefix) = (bucket.into(), prefix.into());
        Ok(Self::Bucket(StateBucket { name, prefix, region, owner, kms_key }))
    }
}

impl fmt::Display for StateLocation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Folder(path) => f.write_str(path),
            Self::Bucket(StateBucket { name, prefix, .. }) if prefix.is_empty() => {
                write!(f, "s3://{name}")
            }
            Self::Bucket(StateBucket { name, prefix, .. }) => write!(f, "s3://{name}/{prefix}"),
        }
    }
}

/// A kind of change that `--auto-approve` does not cover.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum ApprovalClass {
    /// Data would be lost.
    DataLoss,
    /// More units than `max_deletes` would be destroyed, or all.
    MassDestroy,
    /// Something is deleted before its successor exists.
    InSlotReplacement,
    /// Any unit would be destroyed.
    Destroy,
    /// Anything would be replaced.
    Replacement,
    /// Everybody, or another account, would get in.
    PublicAccess,
    /// Somebody could do more than before.
    Widening,
    /// Something that protects would be taken away.
    GuardRail,
    /// Somebody would get credentials.
    Credentials,
    /// More could be spent.
    Cost,
    /// What somebody else changed would be changed back.
    DriftOverwritten,
}

impl ApprovalClass {
    /// All, with the words of specs and of `--allow`.
    pub const WORDS: [(&'static str, Self); 11] = [
        ("data_loss", Self::DataLoss),
        ("mass_destroy", Self::MassDestroy),
        ("in_slot_replacement", Self::InSlotReplacement),
        ("destroy", Self::Destroy),
        ("replacement", Self::Replacement),
        ("public_access", Self::PublicAccess),
        ("widening", Self::Widening),
        ("guard_rail", Self::GuardRail),
        ("credentials", Self::Credentials),
        ("cost", Self::Cost),
        ("drift_overwritten", Self::DriftOverwritten),
    ];

    /// The class of a finding.
    pub fn of(risk: Risk) -> Self {
        match risk {
            Risk::DataLoss => Self::DataLoss,
            Risk::PublicAccess => Self::PublicAccess,
            Risk::Widening => Self::Widening,
            Risk::Replacement => Self::Replacement,
            Risk::GuardRail => Self::GuardRail,
            Risk::Credentials => Self::Credentials,
            Risk::Cost => Self::Cost,
            Risk::DriftOverwritten => Self::DriftOverwritten,
        }
    }

    /// Whether it needs approval even if no spec asks for it.
    pub fn always(self) -> bool {
        match self {
            Self::DataLoss | Self::MassDestroy | Self::InSlotReplacement => true,
            Self::Destroy
            | Self::Replacement
            | Self::PublicAccess
            | Self::Widening
            | Self::GuardRail
            | Self::Credentials
            | Self::Cost
            | Self::DriftOverwritten => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn state_locations_are_folders_or_buckets() {
        for text in [".nfplan/state", "/var/nfplan", "s3://example-state/prod/a", "s3://example"] {
            assert_eq!(text.parse::<StateLocation>().unwrap().to_string(), text);
        }
        let slash: StateLocation = "s3://example-state/prod/".parse().unwrap();
        assert_eq!(slash.to_string(), "s3://example-state/prod");
        for text in ["", "s3://", "s3://A/b", "gs://bucket/x", "s3://example//x"] {
            assert!(text.parse::<StateLocation>().is_err(), "{text}");
        }
    }
}
