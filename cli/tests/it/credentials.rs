//! Rotating and revoking by command: what is said, what is delivered, and what is refused.

use nfplan_providers::sim::Sim;
use secrecy::ExposeSecret as _;

use crate::kit::Answer;
use crate::kit::Project;
use crate::kit::place;
use crate::kit::unit;

fn key(project: &Project) -> String {
    let answer = project.run(&["output", "--select", "alice", "access_key_id"]).exits(0);
    answer.stdout.trim().to_owned()
}

fn run(project: &Project, line: &[&str]) -> Answer {
    project.run(&[line, &["--auto-approve"]].concat())
}

#[test]
fn the_new_key_is_delivered_and_the_old_one_named_with_its_end() {
    for delivery in ["", "credentials: { deliver: file }"] {
        let project = Project::of(&["bob"]);
        project.researcher("alice", delivery);
        project.apply(&[]).exits(0);
        let old = key(&project);

        run(&project, &["rotate", "alice"])
            .exits(0)
            .shows(&old)
            .shows("stays beside its successor");

        let new = key(&project);
        assert_ne!(new, old);
        let delivered = project.run(&["env", "alice", "--format", "json"]).exits(0).json();
        assert_eq!(delivered["AWS_ACCESS_KEY_ID"], *new);
        let secret = Sim::secret_access_key(&new);
        assert_eq!(delivered["AWS_SECRET_ACCESS_KEY"], *secret.expose_secret());
        let plan = project.run(&["plan"]).exits(0).says(&old);
        plan.shows("No changes.");

        project
            .unchanged_by(|project| run(project, &["rotate", "alice"]))
            .exits(7)
            .says(&old)
            .says("nfplan rotate --finish USER");
        run(&project, &["rotate", "--finish", "alice"]).exits(0);
        project.is_as_wanted();
        assert_eq!(project.objects_of("iam.access_key", &old).len(), 0);
        assert_eq!(key(&project), new);
    }
}

#[test]
fn an_overlap_takes_hours_and_minutes() {
    let project = Project::applied(&["alice"]);
    for (overlap, why) in [
        ("a day", "write hours and minutes, as 36h or 90m"),
        ("1 month", "write hours and minutes, as 36h or 90m"),
        ("721h", "it must be from 0s to 720h"),
        ("-1h", "it must be from 0s to 720h"),
    ] {
        let overlap = format!("--overlap={overlap}");
        let line = ["rotate", "alice", &overlap];
        project.unchanged_by(|project| run(project, &line)).exits(64).says(why);
    }
    run(&project, &["rotate", "alice", "--overlap=1h 30m"]).exits(0);
    let both = ["rotate", "alice", "--overlap=1h", "--finish"];
    project.unchanged_by(|project| run(project, &both)).exits(64);
}

#[test]
fn who_is_shut_out_has_no_key_and_every_plan_says_so() {
    let project = Project::applied(&["alice"]);
    run(&project, &["revoke", "alice"]).exits(0);
    project.run(&["env", "alice", "--format", "sh"]).exits(7);
    let said = "access is revoked, and stays so until";
    project.run(&["plan"]).exits(0).says(said).shows("No changes.");
    project.run(&["plan", "--quiet"]).exits(0);
    let rotated = project.unchanged_by(|project| run(project, &["rotate", "alice"]));
    rotated.exits(7).says("access is revoked").says("nfplan revoke --lift USER");
    run(&project, &["revoke", "--lift", "alice"]).exits(0);
    project.run(&["env", "alice", "--format", "sh"]).exits(0);
    project.is_as_wanted();
}

#[test]
fn a_revocation_makes_nothing_even_if_the_user_is_gone() {
    let project = Project::applied(&["alice"]);
    let user = project.object("iam.user", "alice").remote_id;
    project.somebody().delete_object(&place(), "iam.user", user.as_str()).unwrap();
    run(&project, &["revoke", "alice"]).exits(0);
    let keys = project.objects().into_iter().filter(|one| one.resource_type == "iam.access_key");
    assert_eq!(keys.count(), 0);
    project.run(&["plan"]).says("access is revoked, and stays so until");
}

#[test]
fn all_who_cannot_be_given_a_key_are_named_at_once() {
    let project = Project::applied(&["alice"]);
    project.researcher(
        "bob",
        "credentials: { kind: role, assumable_by: [\"arn:aws:iam::111122223333:root\"] }",
    );
    project.researcher("dan", "status: suspended");
    project.apply(&[]).exits(0);
    project.researcher("carol", "");
    let line = ["rotate", "alice", "bob", "carol", "dan"];
    let answer = project.unchanged_by(|project| run(project, &line)).exits(7);
    let answer = answer.says("3 of the researchers are in no state for it");
    let answer = answer.says(&format!("{}: the client has no access key", unit("bob")));
    let answer = answer.says(&format!("{}: the workspace was never applied", unit("carol")));
    answer.says(&format!("{}: the spec suspends the workspace", unit("dan")));
    let lifted = project.unchanged_by(|project| run(project, &["revoke", "--lift", "dan"]));
    lifted.exits(7).says("the workspace is suspended").says("nfplan resume USER");
    project.remove("workspaces/alice.yaml");
    let gone = project.unchanged_by(|project| run(project, &["revoke", "alice"]));
    gone.exits(7).says("no spec file has this researcher").says("nfplan destroy --select USER");
}

#[test]
fn nothing_is_done_without_a_yes() {
    let project = Project::applied(&["alice"]);
    for line in [&["rotate", "alice"], &["revoke", "alice"]] {
        project.unchanged_by(|project| project.run(line)).exits(7).says("nobody can be asked");
    }
}
