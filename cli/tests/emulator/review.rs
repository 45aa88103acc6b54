//! How the tool is used: a branch, its plan in a comment, a merge, a cloud that moved in between, and a
//! look from cron, on the server that stands in for AWS and one that plays GitHub.

use std::fs;
use std::thread;
use std::time::Duration;

use jiff::Timestamp;
use jiff::tz::TimeZone;
use serde_json::Value as Json;
use serde_json::json;

use crate::aws::operations;
use crate::aws::project;
use crate::aws::requests;
use crate::aws::somebody;
use crate::command;
use crate::github::ACTIONS;
use crate::github::Github;
use crate::kit::Answer;
use crate::kit::Project;
use crate::run;
use crate::server;

const USER: &str = "alice@example.org";
const UNIT: &str = "workspace/800000000001.us-east-1/alice-40example-2eorg";
const ENVIRONMENT: &str = "aws-review-example-org-nf-compute-env-alice-40example-2eorg";

/// A commit of so many.
fn commit(digit: char) -> String {
    digit.to_string().repeat(40)
}

struct Commons {
    github: Github,
    project: Project,
}

impl Commons {
    fn nfplan(&self, arguments: &[&str]) -> Answer {
        run(&self.project, arguments)
    }

    /// A command in a job of GitHub Actions, of the pull request.
    fn job(&self, arguments: &[&str], commit: &str) -> Answer {
        let mut command = command(&self.project, arguments);
        self.github.job(&mut command, ACTIONS).env("GITHUB_SHA", commit);
        Answer::of(command.env("GITHUB_REF", "refs/pull/7/merge").output().unwrap())
    }

    /// Plans what a branch has at this commit, and comments.
    fn propose(&self, head: &str, more: &[&str]) -> String {
        let plan = ["plan", "--save", "--detailed-exitcode", "--report", "md=plan.md"];
        self.nfplan(&[&plan[..], more].concat()).exits(2);
        self.job(&["comment", "plan.md", "--status", head], head).exits(0);
        let [(author, text)] = self.github.comments().try_into().expect("one comment");
        assert_eq!(author, "github-actions[bot]");
        text
    }

    /// Merges the pull request, and says the digest that was reviewed.
    fn merge(&self, head: &str, merge: &str) -> String {
        let pull = json!({
            "number": 7, "merged_at": "2026-11-27T00:00:00Z", "merge_commit_sha": merge,
            "head": { "sha": head },
        });
        self.github.world().pulls.insert(merge.into(), pull);
        self.job(&["reviewed"], merge).exits(0).stdout.trim().to_owned()
    }

    fn apply(&self, digest: &str) -> Answer {
        self.nfplan(&["apply", "--expect-digest", digest, "--auto-approve", "--no-input"])
    }

    /// The look from cron: what it ends with, and the state of the issue that comes of it.
    fn look(&self, exit: i32) -> Option<String> {
        let look = ["drift", "--report", "md=drift.md", "--report", "json=drift.json"];
        self.nfplan(&look).exits(exit);
        self.job(&["comment", "drift.md", "--issue", "drift.json"], &commit('0')).exits(0);
        let issues = self.github.world().issues.clone();
        assert!(issues.len() <= 1, "{issues:?}");
        issues.first().map(|issue| issue["state"].as_str().unwrap().to_owned())
    }
}

fn set_vcpus(project: &Project, vcpus: u32) {
    let fields = format!("account: main, profile: standard, compute: {{ max_vcpus: {vcpus} }}");
    project.write("workspaces/alice.yaml", &format!("{USER}: {{ {fields} }}\n"));
}

/// Somebody changes the compute environment in the console.
fn somebody_sets_vcpus(vcpus: u32) {
    let resources = json!({ "maxvCpus": vcpus });
    let change = json!({ "computeEnvironment": ENVIRONMENT, "computeResources": resources });
    somebody("batch", "update_compute_environment", &change);
    while environment()["status"] != "VALID" {
        thread::sleep(Duration::from_millis(200));
    }
}

fn environment() -> Json {
    let wanted = json!({ "computeEnvironments": [ENVIRONMENT] });
    let found = somebody("batch", "describe_compute_environments", &wanted);
    found["computeEnvironments"][0].clone()
}

fn vcpus() -> Json {
    environment()["computeResources"]["maxvCpus"].clone()
}

fn commons() -> Commons {
    let commons = Commons { github: Github::start(), project: project("aws-review") };
    fs::remove_file(commons.project.path("workspaces/bob.yaml")).unwrap();
    commons.nfplan(&["apply", "--auto-approve", "-q"]).exits(0);
    commons
}

#[test]
fn from_a_branch_to_an_alarm_that_comes_back() {
    let _server = server();
    let commons = commons();
    let (first, second) = (commit('1'), commit('2'));

    // A branch, its plan in one comment, and the merge.
    set_vcpus(&commons.project, 96);
    let shown = commons.propose(&first, &[]);
    assert!(shown.contains("max_vcpus") && shown.contains("cost ceiling"), "{shown}");
    let reviewed = commons.merge(&first, &commit('a'));
    assert!(shown.lines().next().unwrap().contains(&reviewed), "{shown}");

    // The cloud moves before the apply, which changes nothing and says what is different.
    somebody_sets_vcpus(80);
    requests(Some(&json!([])));
    let refused = commons.apply(&reviewed).exits(7);
    refused.says("not the expected one").says("80").says("plan again, review");
    assert_eq!(operations(&requests(None)), Vec::<&str>::new());
    assert_eq!(vcpus(), 80);

    // Planned again in the same comment, which says what is new; reviewed, and applied as it is.
    let shown = commons.propose(&second, &["--since", &reviewed]);
    assert!(shown.contains("New since the plan") && shown.contains("drift overwritten"), "{shown}");
    let again = commons.merge(&second, &commit('b'));
    assert_ne!(again, reviewed);
    commons.apply(&again).exits(0).shows("applied");
    assert_eq!(vcpus(), 96);
    assert_eq!(commons.look(0), None);

    drift_until_it_is_accepted(&commons);
    commons.nfplan(&["destroy", "--auto-approve", "-q"]).exits(0);
}

/// Drift opens an issue, an acceptance closes it, and the day after its last it is open again.
fn drift_until_it_is_accepted(commons: &Commons) {
    somebody_sets_vcpus(200);
    assert_eq!(commons.look(2).as_deref(), Some("open"));
    let drift = format!("{UNIT}:batch.compute_environment/main#max_vcpus");
    let because = ["--reason", "the grant's last week", "--owner", "ops@example.org"];
    requests(Some(&json!([])));
    commons.nfplan(&[&["accept", &drift, "--expires", "7d"], &because[..]].concat()).exits(0);
    assert_eq!(operations(&requests(None)), Vec::<&str>::new());
    assert_eq!(commons.look(0).as_deref(), Some("closed"));
    assert_eq!(vcpus(), 200);

    // A week goes by.
    let today = Timestamp::now().to_zoned(TimeZone::UTC).date();
    let (file, yesterday) = (commons.project.path("accepted.yaml"), today.yesterday().unwrap());
    let text = fs::read_to_string(&file).unwrap();
    let day = |line: &str| {
        let day = ["since:", "expires:"].iter().find(|key| line.trim().starts_with(**key));
        day.map_or_else(|| line.to_owned(), |key| format!("    {key} {yesterday}"))
    };
    let text: Vec<String> = text.lines().map(day).collect();
    fs::write(&file, text.join("\n")).unwrap();
    assert_eq!(commons.look(2).as_deref(), Some("open"));
    commons.nfplan(&["drift"]).exits(2).shows("expired on");
    // Whoever mends it is told to take the entry away, and the issue closes.
    commons.nfplan(&["apply", "--auto-approve", "--refresh", "deep", "-q"]).exits(0);
    assert_eq!(commons.look(0).as_deref(), Some("closed"));
    commons.nfplan(&["drift"]).exits(0).shows("nothing is so any more: delete it");
    assert_eq!(vcpus(), 96);
}
