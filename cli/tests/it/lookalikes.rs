//! Workspaces that nothing is known of but their queues.

use nfplan_engine::value::Value;
use serde_json::json;

use crate::kit::Project;
use crate::kit::place;
use crate::kit::unit;

/// Somebody makes a queue like this one under another name, with or without tags.
fn copy_queue(project: &Project, name: &str, tags: Option<&[(&str, &str)]>) {
    let queue = project.object("batch.job_queue", "alice");
    let mut attributes = queue.attributes.clone();
    for computed in ["arn", "status", "drained"] {
        attributes.remove(computed);
    }
    attributes.insert("name".into(), Value::text(name));
    if let Some(tags) = tags {
        let tags = tags.iter().map(|(key, value)| ((*key).into(), Value::text(value)));
        attributes.insert("tags".into(), Value::Map(tags.collect()));
    }
    project.somebody().put_object(&place(), "batch.job_queue", attributes).unwrap();
}

#[test]
fn queues_called_like_its_own_are_told_and_are_no_drift() {
    let project = Project::applied(&["alice"]);
    let hatchery = [("Environment", "data.example.org")];
    for name in ["data-example-org-nf-job-queue-gina", "other-org-nf-job-queue-hal"] {
        copy_queue(&project, name, Some(&hatchery));
    }
    // A later generation of a researcher's own is none of others'.
    copy_queue(&project, "data-example-org-nf-job-queue-alice-g2", Some(&hatchery));
    let found = project.run(&["drift", "--json"]).exits(0).json();
    let expected = json!([{ "place": "111122223333.us-east-1", "queue": "data-example-org-nf-job-queue-gina" }]);
    assert_eq!((&found["lookalikes"], &found["result"]), (&expected, &json!("none")));
    let answer = project.run(&["drift"]).exits(0).shows("1 workspace not of nfplan");
    answer.shows("data-example-org-nf-job-queue-gina").shows("nfplan adopt");
    // Who looks at one researcher only does not look around.
    let one = project.run(&["drift", "--json", "--select", "alice"]).exits(0).json();
    assert!(one.get("lookalikes").is_none(), "{one}");
}

#[test]
fn a_workspace_that_was_left_behind_is_drift() {
    let project = Project::applied(&["alice", "bob"]);
    // Its spec and its state get lost.
    project.remove("workspaces/bob.yaml");
    let states = project.path(".nfplan/state").join(unit("bob"));
    std::fs::remove_dir_all(states).unwrap();
    let found = project.unchanged_by(|project| project.run(&["drift", "--json"])).exits(2).json();
    assert_eq!(found["result"], "drift");
    let [one] = found["lookalikes"].as_array().unwrap().as_slice() else { panic!("{found}") };
    assert_eq!(one["unit"], unit("bob"));
    let answer = project.run(&["drift"]).exits(2).shows("1 workspace left behind");
    answer.shows("Drift: 1 left behind.");
}
