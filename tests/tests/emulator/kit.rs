//! The servers, and buckets on them.

use std::collections::BTreeMap;
use std::env;
use std::sync::atomic::AtomicU32;
use std::sync::atomic::Ordering;

use aws_config::BehaviorVersion;
use aws_sdk_s3::Client;
use nfplan_state::location::Bucket;
use nfplan_state::stores::S3Store;
use serde_json::Value as Json;

/// A server that speaks S3.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Server {
    /// Moto behind the project's own front.
    Aws,
    /// `SeaweedFS`.
    Weed,
}

impl Server {
    /// Where it listens.
    ///
    /// # Panics
    /// If it does not run.
    pub(crate) fn url(self) -> String {
        let name = match self {
            Self::Aws => "NFPLAN_TEST_AWS",
            Self::Weed => "NFPLAN_TEST_WEED",
        };
        env::var(name)
            .unwrap_or_else(|_| panic!("{name} is not set: `tests/emulator/with` sets it"))
    }

    async fn config(self) -> aws_config::SdkConfig {
        aws_config::defaults(BehaviorVersion::v2026_01_12()).endpoint_url(self.url()).load().await
    }

    /// A client of the tests' own.
    pub(crate) async fn client(self) -> Client {
        let config = aws_sdk_s3::config::Builder::from(&self.config().await);
        Client::from_conf(config.force_path_style(true).build())
    }

    /// A new bucket.
    pub(crate) async fn bucket(self) -> Bucket {
        static NUMBER: AtomicU32 = AtomicU32::new(0);
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let name = format!("test-{}-{number}", std::process::id());
        self.client().await.create_bucket().bucket(&name).send().await.unwrap();
        let (region, owner, kms_key) = (None, None, None);
        Bucket { name: name.into(), prefix: "some/prefix".into(), region, owner, kms_key }
    }

    /// A store in a part of a bucket.
    pub(crate) async fn store(self, bucket: Bucket) -> S3Store {
        S3Store::new(bucket, &self.config().await)
    }
}

/// Runs to the end.
pub(crate) fn block_on<T>(work: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(work)
}

/// Lets requests to moto fail from now on, by rules that `tests/emulator/aws.py` describes.
pub(crate) fn set_faults(rules: &Json) {
    faults(&["--data", &rules.to_string()]);
}

/// Services, operations and faults of the requests since the rules were set.
pub(crate) fn calls() -> Vec<[String; 3]> {
    serde_json::from_value(faults(&[])["calls"].clone()).unwrap()
}

/// What IAM checks of whoever sends a request.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Check {
    /// The request, as `service:Operation`; Batch's operations come in lower case.
    pub(crate) call: String,
    /// The action.
    pub(crate) action: String,
    /// What it is to be done to.
    pub(crate) resource: String,
    /// What else is known, by condition key.
    pub(crate) context: BTreeMap<String, String>,
}

/// What IAM would have checked of the requests to an account since the rules were set, by
/// `tests/emulator/checks.py`. What it cannot tell is part of every account.
pub(crate) fn checks(account: &str) -> Vec<Check> {
    type Noted = (String, String, String, Vec<(String, String, BTreeMap<String, String>)>);
    let noted: Vec<Noted> = serde_json::from_value(ask("_checks", &[])).unwrap();
    let noted = noted.into_iter().filter(|(whose, ..)| [account, "?"].contains(&whose.as_str()));
    let each = noted.flat_map(|(_, service, operation, checks)| {
        checks.into_iter().map(move |(action, resource, context)| {
            let call = format!("{service}:{operation}");
            Check { call, action, resource, context }
        })
    });
    each.collect()
}

fn faults(arguments: &[&str]) -> Json {
    ask("_faults", arguments)
}

fn ask(page: &str, arguments: &[&str]) -> Json {
    let url = format!("{}/{page}", Server::Aws.url());
    let output = std::process::Command::new("curl")
        .args(["--silent", "--fail"])
        .args(arguments)
        .arg(url)
        .output()
        .unwrap();
    assert!(output.status.success());
    serde_json::from_slice(&output.stdout).unwrap()
}
