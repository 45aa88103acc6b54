//! What somebody changed behind nfplan's back shows, and an apply repairs it.

use nfplan_engine::value::Value;

use crate::kit::Project;
use crate::kit::changes;
use crate::kit::place;
use crate::kit::unit;

#[test]
fn a_tampered_attribute_shows_in_a_deep_plan_and_is_repaired() {
    let project = Project::applied(&["alice", "bob"]);
    let environment = project.object("batch.compute_environment", "alice");
    project.tamper(&environment, "max_vcpus", Value::Integer(9_999));
    let vpc = &project.objects_of("ec2.vpc", "")[0];
    let owner = vpc.owner.as_ref().unwrap().unit.to_string();
    project.tamper(vpc, "dns_hostnames", false.into());

    let plan = project.unchanged_by(|project| project.plan(&["--refresh", "deep"]));
    let mut expected = [
        format!("{} batch.compute_environment/main update", unit("alice")),
        format!("{owner} ec2.vpc/main update"),
    ];
    expected.sort();
    assert_eq!(changes(&plan), expected);
    let text = plan.to_string();
    assert!(text.contains(r#""applied":64,"before":9999"#), "{text}");

    project.apply(&["--refresh", "deep"]).exits(0);
    let repaired = project.object("batch.compute_environment", "alice");
    assert_eq!(repaired.attributes["max_vcpus"], Value::Integer(64));
    project.is_as_wanted();
}

#[test]
fn a_deleted_object_is_made_again_with_what_hangs_on_it() {
    let project = Project::applied(&["alice"]);
    let queue = project.object("batch.job_queue", "alice");
    project
        .somebody()
        .delete_object(&place(), "batch.job_queue", queue.remote_id.as_str())
        .unwrap();
    assert_eq!(project.changes(), [format!("{} batch.job_queue/main create", unit("alice"))]);
    project.apply(&[]).exits(0);
    project.is_as_wanted();
}

#[test]
fn what_nobody_manages_may_change_unnoticed() {
    let project = Project::applied(&["alice"]);
    let environment = project.object("batch.compute_environment", "alice");
    project.tamper(&environment, "desired_vcpus", Value::Integer(48));
    assert_eq!(changes(&project.plan(&["--refresh", "deep"])), Vec::<String>::new());
}

#[test]
fn an_access_key_that_somebody_deleted_is_made_again_and_handed_out() {
    let project = Project::applied(&["alice"]);
    let key = project.object("iam.access_key", "").remote_id;
    project.somebody().delete_object(&place(), "iam.access_key", key.as_str()).unwrap();
    project.apply(&["--refresh", "deep"]).exits(0);
    let new = project.object("iam.access_key", "").remote_id;
    assert_ne!(new, key);
    let version = project.object("secretsmanager.current_version", "alice");
    assert_eq!(version.attributes["access_key_id"], new.as_str().into());
    project.is_as_wanted();
}

#[test]
fn a_network_that_somebody_deleted_is_built_again() {
    let project = Project::applied(&["alice"]);
    for object in project.objects() {
        if object.resource_type.starts_with("ec2.") {
            let id = object.remote_id.as_str();
            project.somebody().delete_object(&place(), object.resource_type, id).unwrap();
        }
    }
    project.apply(&[]).exits(0);
    project.is_as_wanted();
}

#[test]
fn an_unknown_key_of_the_user_is_told_and_left_alone() {
    let project = Project::applied(&["alice"]);
    let user = project.object("iam.user", "alice").remote_id;
    let key = project.somebody().create_access_key(&place(), user.as_str()).unwrap();
    let told = format!("nfplan did not make `{key}`");
    project.run(&["drift"]).exits(2).shows("not made by nfplan").shows(&told);
    project.run(&["plan", "--refresh", "deep"]).exits(0).says(&told).shows("No changes.");
    project.researcher("alice", "compute: { max_vcpus: 128 }");
    project.apply(&[]).exits(0);
    assert_eq!(project.objects_of("iam.access_key", key.as_str()).len(), 1);
    // Without policies, it is of no use to anybody.
    project.run(&["revoke", "alice", "--auto-approve"]).exits(0);
    let user = project.object("iam.user", "alice");
    assert_eq!(user.attributes["policy_arns"].as_list().unwrap().len(), 0);
}
