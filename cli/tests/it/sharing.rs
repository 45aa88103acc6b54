//! What others add to the data bucket is kept, and told by what it is called.

use nfplan_engine::value::Value;
use serde_json::json;

use crate::kit::BUCKET;
use crate::kit::PLATFORM;
use crate::kit::Project;
use crate::kit::changes;

/// Another client adds a statement to the bucket's policy and a rule to its lifecycle.
fn meddle(project: &Project) {
    let statement = json!({
        "Sid": "Audit", "Effect": "Allow", "Principal": {"AWS": ["arn:aws:iam::999900001111:root"]},
        "Action": ["s3:GetObject"], "Resource": [format!("arn:aws:s3:::{BUCKET}/shared/*")],
    });
    let rule = json!({"id": "archive", "prefix": "shared/",
        "transitions": [{"days": 60, "storage_class": "GLACIER"}]});
    let policy = project.object("s3.bucket_policy", BUCKET);
    let Value::Map(mut document) = policy.attributes["policy"].clone() else { panic!() };
    let Some(Value::List(statements)) = document.get_mut("Statement") else { panic!() };
    statements.push(serde_json::from_value(statement).unwrap());
    statements.sort();
    project.tamper(&policy, "policy", Value::Map(document));
    let lifecycle = project.object("s3.bucket_lifecycle", BUCKET);
    let Value::List(mut rules) = lifecycle.attributes["rules"].clone() else { panic!() };
    rules.push(serde_json::from_value(rule).unwrap());
    rules.sort();
    project.tamper(&lifecycle, "rules", Value::List(rules));
}

#[test]
fn drift_and_plans_name_what_others_added_and_an_apply_keeps_it() {
    let project = Project::applied(&["alice"]);
    meddle(&project);
    let parts = [
        "statement `Audit` is not nfplan's: it is kept",
        "rule `archive` is not nfplan's: it is kept",
    ];
    let drift = project.run(&["drift"]).exits(2).shows("! s3.bucket_policy/work");
    let drift = drift.shows("takes note of what is there").shows("nfplan apply --refresh deep");
    let plan = project.run(&["plan", "--detailed-exitcode"]).exits(2).shows("2 to adopt");
    // The content is there for review, as what somebody changed.
    let plan = plan.shows("changed outside: policy.Statement[Audit]").shows("storage_class");
    // Another account got in, by no doing of the plan's, which changes nothing back.
    let plan = plan.shows("public or cross-account access: s3.bucket_policy/work policy");
    let plan =
        plan.shows("was made by others to allow arn:aws:iam::999900001111:root: s3:GetObject");
    assert!(!plan.stdout.contains("changed back"), "{plan}");
    for part in parts {
        assert!(drift.stdout.contains(part) && plan.stdout.contains(part), "{drift}\n{plan}");
    }
    let explained = project.run(&["explain", &format!("{PLATFORM}:s3.bucket_policy/work")]);
    let explained = explained.exits(0).shows(parts[0]);
    explained.shows("statements whose `Sid` does not begin with `Nfplan` are others', and kept");

    let before = project.object("s3.bucket_policy", BUCKET).attributes;
    project.apply(&["--refresh", "deep"]).exits(0);
    assert_eq!(project.object("s3.bucket_policy", BUCKET).attributes, before);
    project.is_as_wanted();
    project.run(&["drift"]).exits(0).shows("No drift");

    project.edit("nfplan.yaml", "expire_days: 30", "expire_days: 60");
    assert_eq!(project.changes(), [format!("{PLATFORM} s3.bucket_lifecycle/work update")]);
    project.apply(&[]).exits(0);
    let rules = project.object("s3.bucket_lifecycle", BUCKET).attributes["rules"].to_string();
    assert!(rules.contains("GLACIER") && rules.contains("60"), "{rules}");
    project.is_as_wanted();
    assert_eq!(changes(&project.plan(&["--refresh", "deep"])), Vec::<String>::new());
}
