//! AWS Batch: compute environments and queues have names of nfplan's.

use super::super::Kind;
use super::super::grant::Grant;
use super::super::grant::actions;

pub(super) const GRANTS: &[Grant] = &[
    Grant {
        sid: "ChangeBatch",
        kind: Kind::Apply,
        actions: actions![
            "batch:CreateComputeEnvironment",
            "batch:CreateJobQueue",
            "batch:DeleteComputeEnvironment",
            "batch:DeleteJobQueue",
            "batch:TagResource" for
                "batch:CreateComputeEnvironment" "batch:CreateJobQueue" "batch:TagResource",
            "batch:UntagResource",
            "batch:UpdateComputeEnvironment",
            "batch:UpdateJobQueue",
        ],
        narrow: |target, statement| Some(statement.on(target.compute_environments_and_queues())),
    },
    Grant {
        // A suspended or deleted queue has its jobs ended. A job's ARN is an id that Batch makes up,
        // and jobs carry no tag of nfplan's, so that those of others in the account are not told apart.
        sid: "EndJobs",
        kind: Kind::Apply,
        actions: actions!["batch:TerminateJob"],
        narrow: |target, statement| Some(statement.on(target.jobs())),
    },
];
