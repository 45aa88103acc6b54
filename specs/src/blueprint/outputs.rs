//! What researchers and other tools need to know of an applied unit, under names that never change
//! their meaning. The table is the only place that knows where each value stands.

use nfplan_engine::address::Reference;
use nfplan_engine::address::UnitId;
use nfplan_engine::state::State;
use nfplan_engine::value::Value;

use super::names::KnownAddress;
use super::names::addresses;
use super::names::attributes;

/// One output.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Output {
    /// Its name: an interface that scripts rely on.
    pub name: &'static str,
    /// What it is.
    pub meaning: &'static str,
    /// Where its value stands.
    from: From,
    /// Why an applied unit may lack it; empty if none does.
    pub absent: &'static str,
}

/// Where a value stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum From {
    /// In an object of the workspace.
    Workspace(KnownAddress, &'static str),
    /// In an object of the place's platform.
    Platform(KnownAddress, &'static str),
    /// In the unit's id.
    Account,
    /// In the unit's id.
    Region,
    /// In the name of the platform's bucket and the researcher's escaped user name.
    Prefix,
}

const RELEASED: &str = "the workspace is suspended with `release: true`, which gives it back";

/// All outputs, in the order in which they are shown.
pub const OUTPUTS: &[Output] = &[
    Output { name: "account", meaning: "the AWS account's id", from: From::Account, absent: "" },
    Output { name: "region", meaning: "the AWS region", from: From::Region, absent: "" },
    Output {
        name: "queue",
        meaning: "the job queue's name: `process.queue` of Nextflow",
        from: From::Workspace(addresses::JOB_QUEUE, attributes::NAME),
        absent: RELEASED,
    },
    Output {
        name: "queue_arn",
        meaning: "the job queue's ARN",
        from: From::Workspace(addresses::JOB_QUEUE, attributes::ARN),
        absent: RELEASED,
    },
    Output {
        name: "jobs_role_arn",
        meaning: "the role that jobs run under: `aws.batch.jobRole` of Nextflow",
        from: From::Workspace(addresses::JOBS_ROLE, attributes::ARN),
        absent: "",
    },
    Output {
        name: "work_dir",
        meaning: "the researcher's part of the bucket: `workDir` of Nextflow",
        from: From::Prefix,
        absent: "",
    },
    Output {
        name: "bucket",
        meaning: "the data bucket's name",
        from: From::Platform(addresses::BUCKET, attributes::NAME),
        absent: "",
    },
    Output {
        name: "kms_key_arn",
        meaning: "the key that encrypts the data bucket",
        from: From::Platform(addresses::KEY, attributes::ARN),
        absent: "",
    },
    Output {
        name: "log_group",
        meaning: "the log group of all jobs",
        from: From::Platform(addresses::LOG_GROUP, attributes::NAME),
        absent: "",
    },
    Output {
        name: "client_user",
        meaning: "the IAM user of the researcher's client",
        from: From::Workspace(addresses::USER, attributes::NAME),
        absent: "the client assumes a role: see `client_role_arn`",
    },
    Output {
        name: "client_role_arn",
        meaning: "the role that the researcher's client assumes",
        from: From::Workspace(addresses::CLIENT_ROLE, attributes::ARN),
        absent: "the client is an IAM user: see `client_user`",
    },
    Output {
        name: "access_key_id",
        meaning: "the id of the client's access key",
        from: From::Workspace(addresses::ACCESS_KEY, attributes::ID),
        absent: "the client assumes a role, or the workspace is suspended",
    },
    Output {
        name: "secret_arn",
        meaning: "the Secrets Manager secret that holds the client's access key",
        from: From::Workspace(addresses::SECRET, attributes::ARN),
        absent: "the access key is put into a file, or there is none: see `credentials_file`",
    },
    Output {
        name: "credentials_file",
        meaning: "the file that holds the client's access key, from the project's folder",
        from: From::Workspace(addresses::CREDENTIALS_FILE, attributes::PATH),
        absent: "the access key is put into a secret, or there is none: see `secret_arn`",
    },
];

impl Output {
    /// Whether units of this kind have it at all.
    pub fn belongs_to(&self, unit: &UnitId) -> bool {
        match self.from {
            From::Workspace(..) | From::Prefix => unit.user().is_some(),
            From::Platform(..) | From::Account | From::Region => true,
        }
    }

    /// Its value, if the unit has it by these states: the unit's own and its platform's.
    pub fn value(&self, state: &State, platform: Option<&State>) -> Option<String> {
        let text = |state: &State, reference: &Reference| {
            state.output(reference).and_then(Value::as_text).map(str::to_owned)
        };
        let place = state.unit.place();
        match self.from {
            From::Account => Some(place.account.to_string()),
            From::Region => Some(place.region.to_string()),
            From::Workspace(address, attribute) => text(state, &address.reference(attribute)),
            From::Platform(address, attribute) => text(platform?, &address.reference(attribute)),
            From::Prefix => {
                let bucket = text(platform?, &addresses::BUCKET.reference(attributes::NAME))?;
                Some(format!("s3://{bucket}/{}", state.unit.user()?))
            }
        }
    }
}
