//! Suspending and resuming by command: the files change as little as possible, the cloud not at all.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::os::unix::fs::symlink;

use crate::kit::Project;

const ALICE: &str = "# of lab 7
alice:  # since May
  account: main
  profile: standard   # for now

  tags: { team: x }
";

fn applied() -> Project {
    let project = Project::of(&["bob"]);
    project.write("workspaces/alice.yaml", ALICE);
    project.apply(&[]).exits(0);
    project
}

fn text(project: &Project) -> String {
    fs::read_to_string(project.path("workspaces/alice.yaml")).unwrap()
}

#[test]
fn one_line_is_added_and_the_plan_shown_and_nothing_else_changes() {
    let project = applied();
    let files = ["workspaces/alice.yaml"];
    let answer = project.changed_by(&files, |project| project.run(&["suspend", "alice"])).exits(0);
    let answer = answer.says("workspaces/alice.yaml: alice is set to `status: suspended`");
    answer.shows("Plan: ");
    let added = "  profile: standard   # for now\n  status: suspended\n";
    assert_eq!(text(&project), ALICE.replace("  profile: standard   # for now\n", added));
    project.apply(&[]).exits(0);
    project.is_as_wanted();
    let answer = project.unchanged_by(|project| project.run(&["suspend", "alice"])).exits(0);
    answer.says("alice is suspended already").shows("No changes.");

    project.run(&["resume", "alice"]).exits(0).says("alice is set to `status: active`");
    assert_eq!(text(&project), ALICE.replace("# for now\n", "# for now\n  status: active\n"));
    project.apply(&[]).exits(0);
    project.is_as_wanted();
}

#[test]
fn who_is_unknown_or_cannot_be_edited_leaves_every_file_as_it_was() {
    let project = applied();
    let odd = "carol: &c { account: main, profile: standard }\ndan: *c\n";
    project.write("workspaces/odd.yaml", odd);
    for (users, why) in [
        (&["alice", "alcie"][..], "did you mean `alice`?"),
        (&["alice", "dan"], "cannot edit: set `status: suspended` by hand"),
        (&["platform:main"], "is no researcher"),
    ] {
        let line = [&["suspend"], users].concat();
        project.unchanged_by(|project| project.run(&line)).exits(7).says(why);
    }
}

#[test]
fn several_researchers_of_one_file_are_edited_together() {
    let project = applied();
    let both =
        "erin: { account: main, profile: standard }\nfay: { account: main, profile: standard }\n";
    project.write("workspaces/both.yaml", both);
    project.run(&["suspend", "erin", "fay", "-q"]).exits(0);
    let text = fs::read_to_string(project.path("workspaces/both.yaml")).unwrap();
    assert_eq!(text, both.replace("standard", "standard, status: suspended"));
}

#[test]
fn permissions_and_links_stay() {
    let project = applied();
    let (file, real) = (project.path("workspaces/alice.yaml"), project.path("alice.kept"));
    fs::rename(&file, &real).unwrap();
    fs::set_permissions(&real, fs::Permissions::from_mode(0o640)).unwrap();
    symlink(&real, &file).unwrap();
    project.run(&["suspend", "alice"]).exits(0);
    assert!(file.is_symlink());
    assert_eq!(real.metadata().unwrap().permissions().mode() & 0o777, 0o640);
    assert!(text(&project).contains("status: suspended"));
}
