//! A workspace from its first apply to its end, with everything that may happen in between.

use nfplan_engine::value::Value;
use nfplan_providers::sim::SimObject;

use crate::kit::BUCKET;
use crate::kit::PLATFORM;
use crate::kit::Project;
use crate::kit::changes;
use crate::kit::place;
use crate::kit::unit;

fn text<'o>(object: &'o SimObject, attribute: &str) -> &'o str {
    object.attributes.get(attribute).and_then(Value::as_text).unwrap_or_default()
}

#[test]
fn a_new_project_applies_at_once_and_a_second_apply_writes_nothing() {
    let project = Project::empty();
    project.run(&["init"]).exits(0);
    let applied = project.apply(&["--json"]).exits(0);
    let users = ["alice", "bob", "carol"].map(|user| unit(&format!("{user}-40example-2eorg")));
    let expected = users.iter().map(String::as_str).chain([PLATFORM]);
    let expected = expected.map(|unit| (unit.to_owned(), "applied".to_owned())).collect();
    assert_eq!(applied.results(), expected);

    let again = project.unchanged_by(|project| project.apply(&["--json"])).exits(0).json();
    assert_eq!(again["format"], "nfplan.apply/1");
    assert_eq!(again["result"], "applied");
    assert_eq!(again["units"].as_array().map(Vec::len), Some(0));
    assert_eq!(again["calls"]["write"], 0);
    project.unchanged_by(Project::is_as_wanted);
}

#[test]
fn init_overwrites_nothing() {
    let project = Project::empty();
    project.write("workspaces/alice.yaml", "mine\n");
    project.unchanged_by(|project| project.run(&["init"])).exits(7).says("nothing was written");
}

#[test]
fn more_vcpus_are_one_update_in_place_and_nothing_else() {
    let project = Project::applied(&["alice", "bob"]);
    let before = project.objects();
    project.researcher("alice", "compute: { max_vcpus: 128 }");
    let plan = project.plan(&[]);
    let alice = unit("alice");
    assert_eq!(changes(&plan), [format!("{alice} batch.compute_environment/main update")]);
    let change = &plan["units"][0]["changes"][0]["attributes"];
    assert_eq!(change.as_array().map(Vec::len), Some(1));
    assert_eq!(change[0]["name"], "max_vcpus");
    assert_eq!(change[0]["before"], 64);
    assert_eq!(change[0]["after"]["value"], 128);
    assert_eq!(change[0]["origin"], "workspaces/alice.yaml:1:66");

    project.apply(&[]).exits(0);
    let moved: Vec<SimObject> =
        project.objects().into_iter().filter(|object| !before.contains(object)).collect();
    let [environment] = moved.as_slice() else { panic!("{moved:?}") };
    assert_eq!(environment.resource_type, "batch.compute_environment");
    assert_eq!(environment.attributes["max_vcpus"].as_integer(), Some(128));
    project.is_as_wanted();
}

#[test]
fn leaving_best_fit_replaces_the_compute_environment_under_a_queue_that_stays() {
    let project = Project::of(&[]);
    project.researcher("carol", "compute: { type: ec2, strategy: best_fit }");
    project.apply(&[]).exits(0);
    let queue = project.object("batch.job_queue", "carol").remote_id;

    project.researcher("carol", "compute: { type: ec2, strategy: best_fit_progressive }");
    let carol = unit("carol");
    assert_eq!(
        project.changes(),
        [
            format!("{carol} batch.compute_environment/main replace"),
            format!("{carol} batch.job_queue/main update"),
        ]
    );
    project.apply(&[]).exits(0);
    let environment = project.object("batch.compute_environment", "carol");
    assert!(environment.remote_id.as_str().ends_with("-carol-g2"), "{environment:?}");
    let after = project.object("batch.job_queue", "carol");
    assert_eq!(after.remote_id, queue);
    let order = Value::list([environment.attributes["arn"].clone()]);
    assert_eq!(after.attributes["compute_environments"], order);
    project.is_as_wanted();
}

#[test]
fn a_removed_spec_destroys_that_workspace_only() {
    let project = Project::applied(&["alice", "bob"]);
    let before = project.existing();
    project.remove("workspaces/alice.yaml");
    let changes = project.changes();
    let alice = unit("alice");
    assert_eq!(changes.len(), 30);
    for change in &changes {
        assert!(change.starts_with(&alice) && change.ends_with(" delete"), "{change}");
    }
    project.apply(&[]).exits(0);
    let owned = |object: &SimObject| object.owner.as_ref().map(|owner| owner.unit.to_string());
    assert!(project.objects().iter().all(|object| owned(object).as_ref() != Some(&alice)));
    assert_eq!(before.difference(&project.existing()).count(), 30);
    project.is_as_wanted();
}

#[test]
fn data_and_key_outlive_the_platform_and_are_taken_over_by_a_new_one() {
    let project = Project::applied(&["alice"]);
    project.somebody().put_s3_object(&place(), BUCKET, "alice/result.txt").unwrap();
    let key = project.object("kms.key", "").remote_id;

    project.run(&["destroy", "--auto-approve"]).exits(0);
    let mut left: Vec<&str> = project.objects().iter().map(|object| object.resource_type).collect();
    left.sort_unstable();
    assert_eq!(
        left,
        [
            "kms.alias",
            "kms.key",
            "logs.log_group",
            "s3.bucket",
            "s3.bucket_encryption",
            "s3.bucket_lifecycle",
            "s3.bucket_policy",
            "s3.public_access_block",
        ]
    );
    assert_eq!(project.recorded().len(), 0);
    project.unchanged_by(|project| project.run(&["destroy", "--auto-approve"])).exits(0);

    let plan = project.plan(&[]);
    let platform: Vec<String> =
        changes(&plan).into_iter().filter(|line| line.starts_with(PLATFORM)).collect();
    assert_eq!(platform.len(), 8);
    assert!(platform.iter().all(|line| line.ends_with(" adopt")), "{platform:?}");
    project.apply(&[]).exits(0);
    assert_eq!(project.object("kms.key", "").remote_id, key);
    let kept = project.somebody().s3_objects(&place(), BUCKET).unwrap();
    assert_eq!(kept, ["alice/result.txt"]);
    project.is_as_wanted();
}

#[test]
fn a_suspended_researcher_is_locked_out_and_comes_back_with_a_new_key() {
    let project = Project::applied(&["alice", "bob"]);
    let key = project.object("iam.user", "alice").remote_id;
    let of_alice = |object: &SimObject| text(object, "user") == key.as_str();
    let keys = |project: &Project| -> Vec<SimObject> {
        project.objects_of("iam.access_key", "").into_iter().filter(of_alice).collect()
    };
    let first = keys(&project);
    project.somebody().run_job(&place(), "data-example-org-nf-job-queue-alice").unwrap();

    project.researcher("alice", "status: suspended");
    project.apply(&[]).exits(0);
    assert_eq!(keys(&project), []);
    assert_eq!(text(&project.object("batch.job_queue", "alice"), "state"), "DISABLED");
    assert_eq!(text(&project.object("batch.compute_environment", "alice"), "state"), "DISABLED");
    assert_eq!(text(&project.object("batch.job_queue", "bob"), "state"), "ENABLED");
    project.is_as_wanted();
    project.unchanged_by(|project| project.apply(&[])).exits(0);

    project.researcher("alice", "status: active");
    project.apply(&[]).exits(0);
    let second = keys(&project);
    assert_eq!(second.len(), 1);
    assert_ne!(second[0].remote_id, first[0].remote_id);
    assert_eq!(text(&second[0], "status"), "Active");
    assert_eq!(text(&project.object("batch.job_queue", "alice"), "state"), "ENABLED");
    assert_eq!(text(&project.object("batch.compute_environment", "alice"), "state"), "ENABLED");
    project.is_as_wanted();
}

#[test]
fn a_released_suspension_frees_queue_and_compute_environment() {
    let project = Project::applied(&["alice", "bob"]);
    project.researcher("alice", "status: suspended, suspend: { release: true }");
    project.apply(&[]).exits(0);
    assert_eq!(project.objects_of("batch.job_queue", "alice"), []);
    assert_eq!(project.objects_of("batch.compute_environment", "alice"), []);
    assert_eq!(project.objects_of("batch.job_queue", "bob").len(), 1);
    project.is_as_wanted();

    project.researcher("alice", "suspend: { release: true }");
    project.apply(&[]).exits(0);
    assert_eq!(project.objects_of("batch.job_queue", "alice").len(), 1);
    project.is_as_wanted();
}

#[test]
fn a_replacement_that_is_asked_for_takes_place() {
    let project = Project::applied(&["alice"]);
    let address = "batch.compute_environment/main";
    project.apply(&["--replace", address]).exits(0);
    let environment = project.object("batch.compute_environment", "alice");
    assert!(environment.remote_id.as_str().ends_with("-g2"), "{environment:?}");
    project.is_as_wanted();
}
