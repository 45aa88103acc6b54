//! Drift in its issue: one for each environment, that opens and closes by itself.

use nfplan_engine::value::Value;
use serde_json::Value as Json;
use serde_json::json;

use crate::github::ACTIONS;
use crate::github::Fault;
use crate::github::Github;
use crate::kit::Answer;
use crate::kit::Project;

/// A project of alice's, in a file of whose compute environment nothing has changed yet.
struct Watched {
    github: Github,
    project: Project,
}

impl Watched {
    fn new() -> Self {
        Self { github: Github::start(), project: Project::applied(&["alice"]) }
    }

    fn set_vcpus(&self, vcpus: u32) {
        let environment = self.project.object("batch.compute_environment", "alice");
        self.project.tamper(&environment, "max_vcpus", Value::from(vcpus));
    }

    fn looks(&self, more: &[&str]) -> Answer {
        let reports = ["drift", "--report", "md=drift.md", "--report", "json=drift.json"];
        self.project.run(&[&reports[..], more].concat())
    }

    /// Reports what was looked at last.
    fn reports(&self, more: &[&str]) -> Answer {
        let words = ["comment", "drift.md", "--issue", "drift.json"];
        let mut command = self.project.command(&[&words[..], more].concat());
        let answer = Answer::of(self.github.job(&mut command, ACTIONS).output().unwrap());
        assert!(!answer.to_string().contains("canary"), "{answer}");
        answer
    }

    /// Number, state and what the text has to say of each issue, the oldest first.
    fn issues(&self) -> Vec<(u64, String, bool)> {
        let text = |value: &Json| value.as_str().unwrap().to_owned();
        let of = |issue: &Json| {
            let drifted = text(&issue["body"]).contains("Drift: ");
            (issue["number"].as_u64().unwrap(), text(&issue["state"]), drifted)
        };
        self.github.world().issues.iter().map(of).collect()
    }
}

#[test]
fn an_issue_is_opened_updated_closed_and_opened_again() {
    let watched = Watched::new();
    watched.looks(&[]).exits(0);
    watched.reports(&[]).exits(0).shows("unchanged");
    assert_eq!(watched.issues(), []);

    watched.set_vcpus(99);
    watched.looks(&[]).exits(2);
    let opened = watched.reports(&["--json"]).exits(0).json();
    let url = format!("{}/commons/specs/issues/101", watched.github.address);
    assert_eq!((&opened["result"], &opened["url"]), (&json!("created"), &json!(url)));
    let issue = watched.github.world().issues[0].clone();
    assert_eq!(issue["title"], "nfplan drift: data.example.org");
    assert_eq!(issue["labels"], json!([{ "name": "nfplan-drift" }]));
    let start = "<!-- nfplan drift v=1 key=";
    assert!(issue["body"].as_str().unwrap().starts_with(start), "{issue}");
    watched.reports(&[]).exits(0).shows("unchanged");

    watched.set_vcpus(98);
    watched.looks(&[]).exits(2);
    watched.reports(&[]).exits(0).shows("updated");
    assert_eq!(watched.issues(), [(101, "open".to_owned(), true)]);

    watched.set_vcpus(64);
    watched.looks(&[]).exits(0);
    watched.reports(&["--dry-run"]).exits(0).shows("would be closed");
    assert_eq!(watched.issues(), [(101, "open".to_owned(), true)]);
    watched.reports(&[]).exits(0).shows("closed");
    watched.reports(&[]).exits(0).shows("unchanged");
    assert_eq!(watched.issues(), [(101, "closed".to_owned(), false)]);
    assert_eq!(watched.github.world().issues[0]["state_reason"], "completed");

    watched.set_vcpus(99);
    watched.looks(&[]).exits(2);
    watched.reports(&[]).exits(0).shows("reopened");
    assert_eq!(watched.issues(), [(101, "open".to_owned(), true)]);
}

#[test]
fn only_a_look_at_everything_closes_an_issue() {
    let watched = Watched::new();
    watched.set_vcpus(99);
    watched.looks(&[]).exits(2);
    watched.reports(&[]).exits(0).shows("created");
    watched.set_vcpus(64);
    let open = [(101, "open".to_owned(), true)];
    watched.looks(&["--refresh", "bulk"]).exits(0);
    watched.reports(&[]).exits(0).shows("unchanged");
    assert_eq!(watched.issues(), open);
    watched.looks(&["--select", "alice"]).exits(0);
    watched.reports(&[]).exits(7).says("selected units only");
    assert_eq!(watched.issues(), open);
}

#[test]
fn what_cannot_be_read_opens_an_issue() {
    let watched = Watched::new();
    watched.project.write("drift.md", "<!-- nfplan drift v=1 key=3b9e -->\n");
    let report = json!({
        "format": "nfplan.drift/1", "environment": "data.example.org", "result": "incomplete",
        "refresh": "deep",
        "coverage": { "complete": false, "objects": 2, "read": 1, "unreadable": 1 },
    });
    watched.project.write("drift.json", &report.to_string());
    watched.reports(&[]).exits(0).shows("created");
    watched.project.write("drift.json", "{}");
    watched.reports(&[]).exits(65).says("is no report of drift");
    watched.project.remove("drift.json");
    watched.reports(&[]).exits(1).says("drift.json");
}

#[test]
fn issues_of_others_and_with_other_labels_are_left_alone_and_duplicates_are_closed() {
    let watched = Watched::new();
    watched.set_vcpus(99);
    watched.looks(&[]).exits(2);
    let body = std::fs::read_to_string(watched.project.path("drift.md")).unwrap();
    let issue = |number: u64, author: &str, label: &str, body: &str| {
        json!({
            "number": number, "title": "x", "body": body, "state": "open",
            "labels": [{ "name": label }], "user": { "login": author },
            "html_url": format!("https://github.example.org/{number}"),
        })
    };
    let (bot, label) = ("github-actions[bot]", "nfplan-drift");
    let mut pull = issue(4, bot, label, &body);
    pull["pull_request"] = json!({ "url": "https://github.example.org/pull/4" });
    let strange = vec![
        issue(1, "mallory", label, &body),
        issue(2, bot, "other", &body),
        issue(3, bot, label, "x"),
        pull,
        issue(5, bot, label, &body.replacen("key=", "key=0", 1)),
    ];
    watched.github.world().issues.clone_from(&strange);
    watched.reports(&[]).exits(0).shows("created");
    watched.github.world().issues.push(issue(102, bot, label, &body));
    watched.reports(&[]).exits(0).shows("unchanged");
    let world = watched.github.world();
    assert_eq!(world.issues[..5], strange);
    assert_eq!(world.issues[5]["state"], "open");
    assert_eq!(
        (&world.issues[6]["state"], &world.issues[6]["state_reason"]),
        (&json!("closed"), &json!("not_planned"))
    );
}

#[test]
fn an_issue_that_would_not_be_found_again_is_not_left_open() {
    let watched = Watched::new();
    watched.set_vcpus(99);
    watched.looks(&[]).exits(2);
    watched.github.world().drops_labels = true;
    let answer = watched.reports(&["--label", "cloud drift"]).exits(77);
    answer.says("`cloud drift` was not set").says("permissions: { issues: write }");
    assert_eq!(watched.issues(), [(101, "closed".to_owned(), true)]);
    watched.github.world().drops_labels = false;
    watched.reports(&["--label", "cloud drift"]).exits(0).shows("created");
    watched.reports(&["--label", "cloud drift"]).exits(0).shows("unchanged");
}

#[test]
fn an_issue_that_was_opened_without_an_answer_is_not_opened_again() {
    let watched = Watched::new();
    watched.set_vcpus(99);
    watched.looks(&[]).exits(2);
    let head = "502 Bad Gateway";
    watched.github.fails(Fault { method: "POST", path: "/issues", done: true, head, body: "" });
    watched.reports(&[]).exits(0).shows("created");
    assert_eq!(watched.issues().len(), 1);
}
