//! What another client of AWS adds to a bucket's policy and lifecycle: kept whole, whatever it says.

use std::fs;

use serde_json::Value as Json;
use serde_json::json;

use crate::aws::get;
use crate::aws::operations;
use crate::aws::project;
use crate::aws::requests;
use crate::aws::somebody_in;
use crate::run;
use crate::server;

const ACCOUNT: &str = "800000000001";

/// A bucket as another client sees it.
pub(crate) struct Bucket {
    pub(crate) account: &'static str,
    pub(crate) name: String,
}

impl Bucket {
    fn ask(&self, method: &str, mut more: Json) -> Json {
        more["Bucket"] = self.name.clone().into();
        somebody_in(self.account, "s3", method, &more)
    }

    fn policy(&self) -> Json {
        let answer = self.ask("get_bucket_policy", json!({}));
        serde_json::from_str(answer["Policy"].as_str().unwrap()).unwrap()
    }

    fn rules(&self) -> Vec<Json> {
        let answer = self.ask("get_bucket_lifecycle_configuration", json!({}));
        answer["Rules"].as_array().unwrap().clone()
    }

    /// A statement without an id, as the console's generator writes it, and one with numbers.
    fn statements(&self) -> [Json; 2] {
        let objects = format!("arn:aws:s3:::{}/shared/*", self.name);
        [
            json!({"Effect": "Allow", "Principal": {"AWS": "arn:aws:iam::999900001111:root"},
                "Action": "s3:GetObject", "Resource": objects}),
            json!({"Sid": "OldTls", "Effect": "Deny", "Principal": "*", "Action": "s3:*",
                "Resource": objects, "Condition": {"NumericLessThan": {"s3:TlsVersion": 1.2}}}),
        ]
    }

    /// Adds statements and rules, each with much that nfplan never sets.
    pub(crate) fn meddle(&self) {
        let mut policy = self.policy();
        policy["Id"] = "Policy1700000000000".into();
        policy["Statement"].as_array_mut().unwrap().extend(self.statements());
        self.ask("put_bucket_policy", json!({ "Policy": policy.to_string() }));
        let mut rules = self.rules();
        rules.extend(theirs());
        let configuration = json!({ "LifecycleConfiguration": { "Rules": rules } });
        self.ask("put_bucket_lifecycle_configuration", configuration);
    }

    /// All that was added is there as it was.
    #[track_caller]
    pub(crate) fn assert_kept(&self) {
        let policy = self.policy();
        assert_eq!(policy["Id"], "Policy1700000000000", "{policy}");
        let kept: Vec<String> =
            policy["Statement"].as_array().unwrap().iter().map(plainly).collect();
        for statement in self.statements() {
            assert!(kept.contains(&plainly(&statement)), "{statement}\n{policy:#}");
        }
        let rules = self.rules();
        for rule in theirs() {
            assert!(rules.contains(&rule), "{rule}\n{rules:#?}");
        }
    }
}

/// A statement with single values for lists of one, and numbers as texts: it means the same.
fn plainly(statement: &Json) -> String {
    fn plain(json: &Json) -> Json {
        match json {
            Json::Array(items) if items.len() == 1 => plain(&items[0]),
            Json::Array(items) => items.iter().map(plain).collect(),
            Json::Object(entries) => {
                entries.iter().map(|(key, json)| (key.clone(), plain(json))).collect()
            }
            Json::Number(number) => number.to_string().into(),
            other => other.clone(),
        }
    }
    plain(statement).to_string()
}

fn theirs() -> [Json; 3] {
    let both = [json!({"Key": "a", "Value": "1"}), json!({"Key": "keep", "Value": "yes"})];
    [
        json!({"ID": "archive", "Status": "Enabled", "Filter": {"And": {"Prefix": "shared/", "Tags": both}},
            "Transitions": [{"Days": 60, "StorageClass": "GLACIER"}],
            "NoncurrentVersionTransitions": [{"NoncurrentDays": 30, "StorageClass": "STANDARD_IA"}],
            "NoncurrentVersionExpiration": {"NoncurrentDays": 90}}),
        json!({"ID": "off", "Status": "Disabled", "Filter": {"Prefix": "tmp/"}, "Expiration": {"Days": 1}}),
        json!({"ID": "tagged", "Status": "Enabled", "Filter": {"Tag": both[0]}, "Expiration": {"Days": 700}}),
    ]
}

#[test]
fn what_another_client_adds_to_a_bucket_is_kept_whole() {
    let _server = server();
    let project = project("aws-shared");
    fs::remove_file(project.path("workspaces/bob.yaml")).unwrap();
    let apply = ["apply", "--auto-approve", "-q"];
    run(&project, &apply).exits(0);
    let name = format!("aws-shared-example-org-nf-{ACCOUNT}");
    let bucket = Bucket { account: ACCOUNT, name };
    bucket.meddle();

    let drift =
        run(&project, &["drift"]).exits(2).shows("`Id`, statement `OldTls` and a statement");
    let drift = drift.shows("rules `archive`, `off` and `tagged` are not nfplan's: they are kept");
    drift.shows("takes note of what is there");
    run(&project, &["plan", "--detailed-exitcode"]).exits(2).shows("2 to adopt");
    requests(Some(&json!([])));
    run(&project, &apply).exits(0);
    assert_eq!(operations(&requests(None)), Vec::<&str>::new());
    bucket.assert_kept();
    run(&project, &["plan", "--refresh", "deep", "--detailed-exitcode"]).exits(0);
    run(&project, &["drift"]).exits(0).shows("No drift");

    // nfplan's own change beside them.
    let spec = fs::read_to_string(project.path("nfplan.yaml")).unwrap();
    let days = spec.replacen("external_id: x1", "external_id: x1, data: { expire_days: 60 }", 1);
    project.write("nfplan.yaml", &days);
    let mut policy = bucket.policy();
    policy["Statement"].as_array_mut().unwrap().retain(|s| s["Sid"] != "NfplanDenyPlainHttp");
    bucket.ask("put_bucket_policy", json!({ "Policy": policy.to_string() }));
    run(&project, &apply).exits(0).shows("2 steps = 2 done");
    bucket.assert_kept();
    assert!(bucket.policy().to_string().contains("NfplanDenyPlainHttp"));
    assert!(bucket.rules().iter().any(|rule| rule["Expiration"]["Days"] == 60));
    run(&project, &["drift"]).exits(0).shows("No drift");

    run(&project, &["destroy", "--auto-approve", "-q"]).exits(0);
    bucket.assert_kept();
    assert_eq!(get("_invalid", None), json!([]), "requests that the services would refuse");
}
