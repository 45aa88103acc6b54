//! What is refused, and that nothing is done then.

use crate::kit::Answer;
use crate::kit::PLATFORM;
use crate::kit::Project;
use crate::kit::place;
use crate::kit::unit;

/// Runs `nfplan`, which must refuse and leave every file as it was.
#[track_caller]
fn refused(project: &Project, arguments: &[&str]) -> Answer {
    project.unchanged_by(|project| project.run(arguments)).exits(7)
}

const APPLY: [&str; 2] = ["apply", "--auto-approve"];

#[test]
fn no_specs_at_all_destroy_nothing_unless_mass_destroy_is_allowed() {
    let project = Project::applied(&["alice"]);
    project.remove("workspaces/alice.yaml");
    refused(&project, &APPLY).says("--allow mass-destroy");
    project.apply(&["--allow", "mass-destroy"]).exits(0);
    assert_eq!(project.objects_of("ec2.vpc", ""), []);
    assert_eq!(project.objects_of("s3.bucket", "").len(), 1);
}

#[test]
fn more_units_than_max_deletes_are_not_destroyed_unless_that_is_allowed() {
    let project = Project::of(&["alice", "bob", "carol"]);
    project.edit("nfplan.yaml", "accounts:", "max_deletes: 1\naccounts:");
    project.apply(&[]).exits(0);
    project.remove("workspaces/bob.yaml");
    project.remove("workspaces/carol.yaml");
    refused(&project, &APPLY).says("--allow mass-destroy");
    project.apply(&["--select", "bob"]).exits(0);
    project.apply(&[]).exits(0);
    assert_eq!(project.objects_of("ec2.vpc", "").len(), 1);
}

#[test]
fn a_selector_that_matches_nothing_is_refused_with_the_nearest_name() {
    let project = Project::applied(&["alice"]);
    for command in [&["plan"][..], &APPLY, &["destroy", "--auto-approve"], &["show"]] {
        let arguments = [command, &["--select", "alise"]].concat();
        refused(&project, &arguments).says("did you mean `alice`?");
    }
}

#[test]
fn without_a_terminal_nothing_is_begun_that_would_have_to_ask() {
    // The specs are broken: the refusal comes before they are read.
    let project = Project::of(&["alice"]);
    project.write("workspaces/alice.yaml", "alice: [\n");
    for command in ["apply", "destroy"] {
        refused(&project, &[command]).says("--auto-approve");
    }
}

#[test]
fn a_plan_that_did_not_ask_the_cloud_is_not_applied() {
    let project = Project::of(&["alice"]);
    let answer = refused(&project, &[&APPLY[..], &["--refresh", "none"]].concat());
    answer.says("--refresh none");
}

#[test]
fn a_protected_workspace_is_neither_destroyed_nor_replaced() {
    let project = Project::of(&["bob"]);
    project.researcher("alice", "protect: true");
    project.apply(&[]).exits(0);
    refused(&project, &["destroy", "--auto-approve", "--select", "alice"]).says("is protected");
    let replace = [&APPLY[..], &["--replace", "batch.compute_environment/main"]].concat();
    refused(&project, &replace).says("is protected");
    project.remove("workspaces/alice.yaml");
    refused(&project, &APPLY).says("is protected");
    project.researcher("alice", "protect: false");
    project.apply(&[]).exits(0);
    project.remove("workspaces/alice.yaml");
    project.apply(&[]).exits(0);
}

#[test]
fn the_environment_cannot_be_renamed_under_what_was_built() {
    let project = Project::applied(&["alice"]);
    project.edit("nfplan.yaml", "environment: data.example.org", "environment: other.example.org");
    refused(&project, &APPLY)
        .says("was built for the environment `data.example.org`")
        .says("`other.example.org`");
}

#[test]
fn data_that_would_expire_sooner_need_an_approval_of_their_own() {
    let project = Project::applied(&["alice"]);
    project.edit("nfplan.yaml", "expire_days: 30", "expire_days: 7");
    refused(&project, &APPLY).says("--allow data-loss");
    project.apply(&["--allow", "data-loss"]).exits(0);
    project.edit("nfplan.yaml", "expire_days: 7", "expire_days: 90");
    project.apply(&[]).exits(0);
    project.is_as_wanted();
}

#[test]
fn an_in_slot_replacement_needs_an_approval_of_its_own() {
    let project = Project::applied(&["alice"]);
    let replace = ["apply", "--auto-approve", "--replace", "batch.job_queue/main"];
    refused(&project, &replace).says("--allow in-slot-replacement");
    project.run(&[&replace[..], &["--allow", "in-slot-replacement"]].concat()).exits(0);
    project.is_as_wanted();
}

#[test]
fn approvals_of_the_specs_are_asked_for_too() {
    let project = Project::of(&["alice", "bob"]);
    project.edit("nfplan.yaml", "accounts:", "approvals: [destroy]\naccounts:");
    project.apply(&[]).exits(0);
    project.remove("workspaces/bob.yaml");
    refused(&project, &APPLY).says("--allow destroy");
    project.apply(&["--allow", "destroy"]).exits(0);
}

#[test]
fn the_runner_decides_which_accounts_it_works_in() {
    let project = Project::of(&["alice"]);
    let answer = project.unchanged_by(|project| {
        let mut command = project.command(&["plan"]);
        command.env("NFPLAN_ALLOWED_ACCOUNTS", "999999999999,888888888888");
        Answer::of(command.output().unwrap())
    });
    answer.exits(7).says("111122223333").says("NFPLAN_ALLOWED_ACCOUNTS");
    project.run(&["plan", "--allowed-accounts", "999999999999,111122223333"]).exits(0);
}

#[test]
fn a_platform_that_still_carries_workspaces_stays() {
    let project = Project::applied(&["alice", "bob"]);
    let destroy = ["destroy", "--auto-approve", "--select", "platform:main"];
    refused(&project, &destroy).says(&unit("alice")).says(&unit("bob"));
    project.run(&["destroy", "--auto-approve", "--select", "alice"]).exits(0);
    refused(&project, &destroy).says(&unit("bob"));
    project.run(&[&destroy[..], &["--select", "bob"]].concat()).exits(0);
    assert_eq!(project.objects_of("ec2.vpc", ""), []);
    assert_eq!(project.recorded().len(), 0);
}

#[test]
fn what_belongs_to_somebody_else_is_not_taken_over() {
    let project = Project::of(&["alice"]);
    let inputs = [("name".into(), "data-example-org-nf-alice".into())];
    let place = crate::kit::place();
    project.somebody().put_object(&place, "iam.user", inputs.into()).unwrap();
    let answer = project.run(&APPLY).exits(7);
    answer.says("`data-example-org-nf-alice` exists already").says("nothing was changed");
    assert_eq!(project.existing().len(), 1);
    assert_eq!(project.recorded().len(), 0);
}

#[test]
fn a_workspace_brings_its_platform_along_and_leaves_others_alone() {
    let project = Project::of(&["alice", "bob"]);
    let results = project.apply(&["--select", "alice", "--json"]).exits(0).results();
    let units: Vec<&str> = results.keys().map(String::as_str).collect();
    assert_eq!(units, [PLATFORM, &unit("alice")]);
}

#[test]
fn a_policy_that_is_too_large_once_its_references_are_known_is_refused_before_the_first_apply() {
    let project = Project::of(&["bob"]);
    let images = |count: usize| {
        let images: Vec<String> =
            (0..count).map(|n| format!("\"quay.io/lab/image-{n:03}:*\"")).collect();
        format!("images: [{}]", images.join(", "))
    };
    project.researcher("alice", &images(200));
    let answer = project.run(&["plan"]).exits(7);
    let answer = answer.says("`iam.policy/client` `document` has").says("AWS takes at most 6144");
    assert!(answer.stderr.contains("workspaces/alice.yaml:1:"), "{answer}");
    project.unchanged_by(|project| project.run(&["apply", "--auto-approve"])).exits(7);
    project.researcher("alice", &images(100));
    project.apply(&[]).exits(0);
}

#[test]
fn a_quota_that_filled_up_since_the_plan_was_reviewed_stops_its_apply() {
    let project = Project::applied(&["alice"]);
    project.researcher("bob", "");
    project.researcher("carol", "");
    project.run(&["plan", "--out", "saved.plan"]).exits(0);
    for number in 0..48 {
        let name = format!("somebodys-{number}").into();
        let inputs = [("name".into(), name)].into();
        project.somebody().put_object(&crate::kit::place(), "batch.job_queue", inputs).unwrap();
    }
    let answer = project.run(&["plan"]).exits(7);
    answer
        .shows("quota of 111122223333.us-east-1: 49 → 51 of 50 job queues, 1 too many")
        .says(&format!("{} cannot be planned", unit("carol")))
        .says("would need 51 of 50 job queues");
    for apply in [&APPLY[..], &["apply", "saved.plan", "--auto-approve"]] {
        refused(&project, apply).says(&unit("carol")).says("would need 51 of 50 job queues");
    }
    let answer = project.apply(&["--select", "bob"]).exits(0);
    answer.shows("quota of 111122223333.us-east-1: 49 → 50 of 50 job queues, room for 0 more");
    let quotas = &project.plan(&["--select", "alice"])["quotas"];
    assert!(quotas.is_null(), "{quotas}");
}

#[test]
fn those_who_lack_the_same_room_are_told_together() {
    let project = Project::of(&["alice", "bob", "carol"]);
    // Pins are looked up and kept.
    project.run(&["plan"]).exits(0);
    for number in 0..50 {
        let name = format!("somebodys-{number}").into();
        let inputs = [("name".into(), name)].into();
        project.somebody().put_object(&crate::kit::place(), "batch.job_queue", inputs).unwrap();
    }
    let answer = refused(&project, &APPLY);
    for user in ["alice", "bob", "carol"] {
        assert_eq!(answer.stderr.matches(&unit(user)).count(), 1, "{}", answer.stderr);
    }
    assert_eq!(answer.stderr.matches("51 of 50 job queues").count(), 1, "{}", answer.stderr);
    // What comes as data names each unit with its reason.
    let answer = refused(&project, &[&APPLY[..], &["--json"]].concat());
    let details = answer.json()["details"].clone();
    assert_eq!(details.as_array().unwrap().len(), 3, "{details}");
}

/// The digest of what a plan would do now.
fn digest(project: &Project) -> String {
    project.plan(&[])["digest"].as_str().unwrap().to_owned()
}

fn approvals(project: &Project, digest: &str, class: &str) {
    let entry = "reason: the study ended, owner: ops@example.org";
    let text = format!("approvals:\n  - {{ plan: '{digest}', allow: [{class}], {entry} }}\n");
    project.write("approvals.yaml", &text);
}

#[test]
fn an_approval_under_review_holds_for_one_plan_and_its_classes() {
    let project = Project::applied(&["alice", "bob"]);
    project.edit("nfplan.yaml", "blueprint: 1", "blueprint: 1\napprovals: [destroy]");
    project.remove("workspaces/alice.yaml");
    project.run(&["plan", "--detailed-exitcode"]).exits(3).shows("needs approval: --allow destroy");
    let reviewed = digest(&project);
    approvals(&project, &reviewed, "mass_destroy");
    refused(&project, &APPLY).says("approvals.yaml").says(&reviewed);
    approvals(&project, &reviewed, "destroy");
    let answer = project.run(&["plan", "--detailed-exitcode", "--report", "md=c.md"]).exits(2);
    let told = "approved: destroy by ops@example.org: the study ended";
    answer.shows(told).shows("[approvals.yaml:2:5]");
    assert!(std::fs::read_to_string(project.path("c.md")).unwrap().contains(told));
    // The approval is no part of what is approved, and holds for nothing else.
    assert_eq!(digest(&project), reviewed);
    project.researcher("bob", "compute: { max_vcpus: 128 }");
    refused(&project, &APPLY).says("--allow destroy");
    project.researcher("bob", "");
    project.apply(&[]).exits(0);
    project.is_as_wanted();
}

#[test]
fn jobs_that_would_end_are_counted_and_counted_again() {
    let project = Project::applied(&["alice"]);
    let queue = project.object("batch.job_queue", "alice").remote_id;
    let run = || project.somebody().run_job(&place(), queue.as_str()).unwrap();
    let job = run();
    project.researcher("alice", "status: suspended");
    let told = "1 job running and 0 waiting end with it";
    project.run(&["plan"]).exits(0).shows(told);
    project.run(&["plan", "--out", "a.plan"]).exits(0).shows(told);
    // Whether more end than was reviewed is no part of the digest, and refused all the same.
    let digest_then = digest(&project);
    run();
    assert_eq!(digest(&project), digest_then);
    refused(&project, &["apply", "a.plan", "--auto-approve"]).says("2 jobs would end now, 1 when");
    project.somebody().end_job(&place(), queue.as_str(), &job).unwrap();
    project.run(&["apply", "a.plan", "--auto-approve"]).exits(0);
    project.is_as_wanted();
}

#[test]
fn jobs_in_a_compute_environment_that_is_replaced_are_told() {
    let project = Project::of(&["alice"]);
    let spec =
        |types: &str| format!("compute: {{ strategy: best_fit, instance_types: [{types}] }}");
    project.researcher("alice", &spec("m5"));
    project.apply(&[]).exits(0);
    let queue = project.object("batch.job_queue", "alice").remote_id;
    project.somebody().run_job(&place(), queue.as_str()).unwrap();
    // Nothing is asked where nothing ends.
    project
        .researcher("alice", "compute: { strategy: best_fit, instance_types: [m5], max_vcpus: 9 }");
    let calls = project.run(&["plan", "--verbose"]).exits(0).shows("max_vcpus");
    assert!(!calls.stderr.contains("ListJobs"), "{calls}");
    project.researcher("alice", &spec("c5"));
    project.run(&["plan"]).exits(0).shows("1 job running in what is replaced");
}
