//! The table.

mod compute;
mod identity;
mod network;
mod reading;
mod storage;

use super::grant::Grant;

/// What some rows have in common, and a document is made of.
#[derive(Debug, Clone, Copy)]
pub(super) struct Subject {
    /// For names.
    pub(super) word: &'static str,
    /// What for, to read on after "to".
    pub(super) purpose: &'static str,
}

/// All rows, by subject.
pub(super) const ALL: [(Subject, &[Grant]); 5] = [
    (Subject { word: "read", purpose: "see what there is, for plan and drift" }, reading::GRANTS),
    (Subject { word: "network", purpose: "change networks and proxies, in EC2" }, network::GRANTS),
    (
        Subject { word: "identity", purpose: "change roles, users and policies, in IAM" },
        identity::GRANTS,
    ),
    (
        Subject { word: "compute", purpose: "change compute environments and queues, in Batch" },
        compute::GRANTS,
    ),
    (
        Subject {
            word: "storage",
            purpose: "change bucket, key, logs and secrets, in S3, KMS, CloudWatch Logs and \
                      Secrets Manager",
        },
        storage::GRANTS,
    ),
];

/// What the provider names as calls and no policy here allows, each with the reason.
pub const NOT_GRANTED: [(&str, &str); 7] = [
    ("file:Discard", "a file on the machine that runs nfplan"),
    ("file:Promote", "a file on the machine that runs nfplan"),
    ("file:Remove", "a file on the machine that runs nfplan"),
    ("file:Stage", "a file on the machine that runs nfplan"),
    ("kms:ScheduleKeyDeletion", "never sent: the provider refuses to delete a key under this name"),
    (
        "secretsmanager:GetSecretValue",
        "sent by `nfplan env` alone, for those who may see a researcher's secret",
    ),
    ("sts:GetCallerIdentity", "AWS allows it to everybody (STS API reference)"),
];
