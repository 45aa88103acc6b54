//! What IAM says of a plan before it is applied: shown by `plan`, in the way of `apply`.

use std::fs;

use crate::kit::PLATFORM;
use crate::kit::Project;

/// Denies whoever runs nfplan these actions in the project's account.
fn deny(project: &Project, actions: &[&str]) {
    project.write(".nfplan/sim/111122223333.denied", &actions.join("\n"));
}

#[test]
fn what_could_not_be_undone_is_shown_by_plan_and_stops_apply_before_anything_is_made() {
    let project = Project::of(&["alice"]);
    deny(&project, &["batch:DeleteJobQueue"]);
    project.run(&["plan"]).exits(0).shows("could be made, but not undone: IAM says");
    let document = project.plan(&[]);
    let permissions = &document["permissions"][0];
    assert_eq!(permissions["place"], "111122223333.us-east-1");
    assert_eq!(permissions["denied"][0]["action"], "batch:DeleteJobQueue");
    assert_eq!(permissions["denied"][0]["denial"], "not_allowed");
    let unit = "workspace/111122223333.us-east-1/alice";
    assert_eq!(permissions["denied"][0]["backward"], serde_json::json!([unit]));
    assert_eq!(permissions["denied"][0].get("forward"), None);

    let refused = project.apply(&[]).exits(77);
    refused.says("could be made, but not undone").says("`nfplan permissions 111122223333`");
    assert_eq!(project.existing().len(), 0);

    fs::remove_file(project.path(".nfplan/sim/111122223333.denied")).unwrap();
    assert_eq!(project.plan(&[]).get("permissions"), None);
    project.apply(&[]).exits(0);
}

#[test]
fn what_may_not_be_done_at_all_names_who_may_not_and_for_whom() {
    let project = Project::of(&["alice", "bob"]);
    deny(&project, &["iam:CreateRole"]);
    let refused = project.apply(&[]).exits(77);
    refused
        .says("alice, workspace/111122223333.us-east-1/bob cannot be planned")
        .says("IAM says arn:aws:iam::111122223333:user/nfplan may not do: iam:CreateRole");
    // Others are not held up.
    project.apply(&["--select", "platform:main"]).exits(0);
    assert!(project.run(&["state", "list"]).exits(0).stdout.contains(PLATFORM));
}

#[test]
fn who_may_not_ask_iam_goes_on_with_a_note() {
    let project = Project::of(&["alice"]);
    deny(&project, &["iam:SimulatePrincipalPolicy"]);
    project.run(&["plan"]).exits(0).shows("permissions in 111122223333.us-east-1: not checked");
    project.apply(&[]).exits(0);
}
