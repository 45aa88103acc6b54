//! Plans in pull requests: one comment, kept up to date, and nobody else's touched.

use std::fs;

use serde_json::json;

use crate::github::ACTIONS;
use crate::github::ALICE;
use crate::github::FORK;
use crate::github::Fault;
use crate::github::Github;
use crate::github::REPOSITORY;
use crate::kit::Answer;
use crate::kit::Project;

/// What a comment of the project begins with.
const MARKER: &str = "<!-- nfplan v=1 key=3b9e digest=x -->";

/// A digest as a plan has one.
const DIGEST: &str = "sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";

/// A commit.
const COMMIT: &str = "0123456789abcdef0123456789abcdef01234567";

/// A folder with a text to post.
fn folder(text: &str) -> Project {
    let project = Project::empty();
    project.write("plan.md", text);
    project
}

fn text(words: &str) -> String {
    format!("{MARKER}\n### {words}\n")
}

/// `nfplan comment plan.md` in a job of GitHub Actions with this token, on a pull request.
fn post(github: &Github, project: &Project, token: &str, more: &[&str]) -> Answer {
    let mut command = project.command(&[&["comment", "plan.md"], more].concat());
    github.job(&mut command, token).env("GITHUB_REF", "refs/pull/7/merge");
    let answer = Answer::of(command.output().unwrap());
    assert!(!answer.to_string().contains("canary"), "{answer}");
    answer
}

fn own(words: &str) -> (String, String) {
    ("github-actions[bot]".to_owned(), text(words))
}

#[test]
fn a_text_is_posted_once_left_alone_while_it_is_the_same_and_updated_then() {
    let github = Github::start();
    let project = folder(&text("one"));
    let created = post(&github, &project, ACTIONS, &["--json"]).exits(0).json();
    let url = format!("{}/commons/specs/pull/7#issuecomment-101", github.address);
    // What was posted is looked for again, so that the address is the final one.
    assert_eq!(created, json!({ "format": "nfplan.comment/1", "result": "created", "url": url }));
    let unchanged = post(&github, &project, ACTIONS, &[]).exits(0);
    assert_eq!(unchanged.stdout, format!("unchanged {url}\n"));
    assert_eq!((github.count("POST"), github.count("PATCH")), (1, 0));
    project.write("plan.md", &text("two"));
    let updated = post(&github, &project, ACTIONS, &[]).exits(0);
    assert_eq!(updated.stdout, format!("updated {url}\n"));
    assert_eq!(github.comments(), [own("two")]);
}

#[test]
fn nobody_elses_comment_and_no_other_projects_is_touched() {
    let github = Github::start();
    let quoted = format!("> {}", text("one"));
    let other = text("one").replace("key=3b9e", "key=4c0f");
    let strange = [
        ("mallory", text("one")),
        ("alice", text("one")),
        ("github-actions[bot]", quoted),
        ("github-actions[bot]", other),
        ("github-actions[bot]", "x".to_owned()),
    ];
    for (author, text) in &strange {
        github.has_comment(author, text);
    }
    let project = folder(&text("two"));
    for result in ["created", "unchanged"] {
        assert!(post(&github, &project, ACTIONS, &[]).exits(0).stdout.starts_with(result));
        let (before, own) = (strange.len(), own("two"));
        let strange = strange.iter().map(|(author, text)| ((*author).to_owned(), text.clone()));
        let all = github.comments();
        assert_eq!(all[..before], strange.collect::<Vec<_>>());
        assert_eq!(all[before..], [own]);
    }
    // With her own token, somebody updates her own.
    post(&github, &project, ALICE, &[]).exits(0).shows("updated");
    assert_eq!(github.comments()[1], ("alice".to_owned(), text("two")));
}

#[test]
fn whatever_a_text_contains_is_posted_as_it_is() {
    let github = Github::start();
    let hostile = format!(
        "{MARKER}\n<!-- --> \"\\u0000\" \u{202e}@everyone </details> `` ``` ~~~ | \t \u{1f9ea} \r\n\
         <script>alert('x')</script> {{{{ secrets.X }}}} ::set-output name=x::y"
    );
    let project = folder(&hostile);
    post(&github, &project, ACTIONS, &[]).exits(0).shows("created");
    assert_eq!(github.comments(), [("github-actions[bot]".to_owned(), hostile)]);
    post(&github, &project, ACTIONS, &[]).exits(0).shows("unchanged");
}

#[test]
fn the_comment_is_found_among_many() {
    let github = Github::start();
    for number in 0..7 {
        github.has_comment("mallory", &format!("comment {number}"));
    }
    let (author, body) = own("one");
    github.has_comment(&author, &body);
    for _ in 0..4 {
        github.has_comment("mallory", "more");
    }
    let project = folder(&text("two"));
    post(&github, &project, ACTIONS, &[]).exits(0).shows("updated");
    assert_eq!(github.comments().len(), 12);
    assert_eq!(github.comments()[7], own("two"));
}

#[test]
fn two_runs_at_the_same_time_leave_one_comment() {
    let github = Github::start();
    let projects = ["one", "two"].map(|words| folder(&text(words)));
    github.holds_back(2);
    std::thread::scope(|scope| {
        let runs = projects.each_ref().map(|project| {
            let github = &github;
            scope.spawn(move || post(github, project, ACTIONS, &[]))
        });
        runs.into_iter().for_each(|run| drop(run.join().unwrap().exits(0)));
    });
    assert_eq!(github.count("POST"), 2);
    let left = github.comments();
    assert!(left == [own("one")] || left == [own("two")], "{left:?}");
}

#[test]
fn what_fails_for_a_moment_is_tried_again() {
    let github = Github::start();
    let again = "502 Bad Gateway\r\nRetry-After: 0";
    let limit = "403 Forbidden\r\nRetry-After: 0";
    let page = "<html>no JSON</html>";
    for (method, path, head) in [
        ("GET", "/user", again),
        ("GET", "/comments", again),
        ("GET", "/comments", limit),
        ("POST", "/comments", limit),
    ] {
        github.fails(Fault { method, path, done: false, head, body: page });
    }
    let project = folder(&text("one"));
    post(&github, &project, ACTIONS, &[]).exits(0).shows("created");
    assert!(github.world().faults.is_empty());
    project.write("plan.md", &text("two"));
    github.fails(Fault { method: "PATCH", path: "", done: true, head: again, body: page });
    post(&github, &project, ACTIONS, &[]).exits(0).shows("updated");
    assert_eq!(github.comments(), [own("two")]);
}

#[test]
fn a_comment_whose_fate_is_not_known_is_looked_for_before_another_is_posted() {
    for done in [true, false] {
        let github = Github::start();
        let head = "504 Gateway Timeout";
        github.fails(Fault { method: "POST", path: "/comments", done, head, body: "" });
        let project = folder(&text("one"));
        post(&github, &project, ACTIONS, &[]).exits(0).shows("created");
        assert_eq!(github.comments(), [own("one")]);
        assert_eq!(github.count("POST"), if done { 1 } else { 2 });
    }
}

#[test]
fn what_cannot_be_done_says_what_why_and_what_next() {
    let refused = r#"{"message":"Not here","documentation_url":"https://docs"}"#;
    for (head, code, said, next) in [
        ("401 Unauthorized", 77, "does not know the token", "set GITHUB_TOKEN or GH_TOKEN"),
        ("403 Forbidden", 77, "may not do that: Not here", "pull-requests: read"),
        ("404 Not Found", 1, "no such thing, or the token may not see it", "--repo and --pr"),
        ("410 Gone", 1, "no such thing", "--repo and --pr"),
        ("422 Unprocessable Entity", 1, "refuses that: Not here", "--api-url"),
        ("418 I'm a teapot", 1, "answers 418: Not here", "--api-url"),
        ("429 Too Many Requests\r\nRetry-After: 3600", 1, "too many requests", "in 3600 seconds"),
    ] {
        let github = Github::start();
        github.fails(Fault { method: "GET", path: "/comments", done: false, head, body: refused });
        let project = folder(&text("one"));
        let answer = post(&github, &project, ACTIONS, &[]).exits(code).says(said).says(next);
        assert!(answer.stderr.starts_with("error: cannot list the comments of commons/specs#7"));
        let document = post(&github, &project, ACTIONS, &["--dry-run", "--json"]).exits(0).json();
        assert_eq!((&document["result"], &document["dry_run"]), (&json!("created"), &json!(true)));
        assert_eq!(github.comments(), []);
    }
}

#[test]
fn a_forge_that_keeps_failing_is_given_up() {
    let github = Github::start();
    let head = "503 Service Unavailable\r\nRetry-After: 0";
    for _ in 0..4 {
        github.fails(Fault { method: "GET", path: "/comments", done: false, head, body: "" });
    }
    let project = folder(&text("one"));
    post(&github, &project, ACTIONS, &[]).exits(1).says("answers 503");
    assert!(github.world().faults.is_empty());
    let nobody = ["--api-url", "http://127.0.0.1:9"];
    let answer = post(&github, &project, ACTIONS, &nobody).exits(1);
    answer.says("127.0.0.1 does not answer").says("run it again");
}

#[test]
fn a_text_that_is_too_long_is_refused_with_what_github_says() {
    let github = Github::start();
    let project = folder(&text(&"x".repeat(65_537)));
    post(&github, &project, ACTIONS, &[]).exits(1).says("Body is too long");
    assert_eq!(github.comments(), []);
}

#[test]
fn the_token_goes_to_one_address_only_and_is_never_shown() {
    let (github, elsewhere) = (Github::start(), Github::start());
    let project = folder(&text("one"));
    for status in ["301 Moved Permanently", "302 Found", "307 Temporary Redirect"] {
        let head = format!("{status}\r\nLocation: {}/repos/commons/specs", elsewhere.address);
        let head: &'static str = head.leak();
        github.fails(Fault { method: "GET", path: "/comments", done: false, head, body: "" });
        post(&github, &project, ACTIONS, &[]).exits(1).says("it is elsewhere");
    }
    let head = format!("200 OK\r\nLink: <{}/x>; rel=\"next\"", elsewhere.address);
    let head: &'static str = head.leak();
    github.fails(Fault { method: "GET", path: "/comments", done: false, head, body: "[]" });
    post(&github, &project, ACTIONS, &[]).exits(1).says("it is elsewhere");
    assert_eq!(elsewhere.world().seen.len(), 0);
    // A forge that says the token back does not get it into the log.
    let body = format!("{{\"message\":\"{ACTIONS}\"}}");
    let (head, body) = ("422 Unprocessable Entity", &*body.leak());
    github.fails(Fault { method: "POST", path: "/comments", done: false, head, body });
    post(&github, &project, ACTIONS, &["-v"]).exits(1).says("***");
    let plain = ["--api-url", "http://github.example.org"];
    post(&github, &project, ACTIONS, &plain).exits(64).says("in the open");
}

/// The event of a pull request of this repository.
fn event(project: &Project, from: &str, sender: &str) -> String {
    let head = json!({ "sha": COMMIT, "repo": { "full_name": from } });
    let event = json!({
        "pull_request": { "number": 7, "head": head },
        "sender": { "login": sender },
    });
    project.write("event.json", &event.to_string());
    project.path("event.json").to_str().unwrap().to_owned()
}

#[test]
fn a_fork_finds_the_text_in_the_summary_and_a_job_that_lacks_permission_fails() {
    let github = Github::start();
    let project = folder(&text("one"));
    let summary = project.path("summary.md");
    let post = |event: &str, more: &[&str]| {
        let mut command = project.command(&[&["comment", "plan.md"], more].concat());
        github.job(&mut command, FORK).env("GITHUB_EVENT_PATH", event);
        command.env("GITHUB_STEP_SUMMARY", &summary);
        Answer::of(command.output().unwrap())
    };
    for (from, sender) in [("mallory/specs", "mallory"), (REPOSITORY, "dependabot[bot]")] {
        fs::write(&summary, "before\n").unwrap();
        let answer = post(&event(&project, from, sender), &["--json"]).exits(0);
        let answer = answer.says("the text is in the summary of the job");
        let expected = json!({ "format": "nfplan.comment/1", "result": "summary", "url": null });
        assert_eq!(answer.json(), expected);
        let written = fs::read_to_string(&summary).unwrap();
        assert_eq!(written, format!("before\n{}\n", text("one")));
    }
    fs::write(&summary, "x".repeat(1_024 << 10)).unwrap();
    let fork = event(&project, "mallory/specs", "mallory");
    post(&fork, &[]).exits(0).says("no summary with room").shows("skipped");
    let here = event(&project, REPOSITORY, "alice");
    let answer = post(&here, &[]).exits(77).says("Resource not accessible by integration");
    answer.says("permissions: { pull-requests: write }");
    assert_eq!(github.comments(), []);
}

#[test]
fn what_is_not_said_is_asked_for() {
    let project = folder(&text("one"));
    let run = |words: &[&str], variables: &[(&str, &str)]| {
        let mut command = project.command(words);
        Answer::of(command.envs(variables.iter().copied()).output().unwrap())
    };
    let token = ("GH_TOKEN", ALICE);
    run(&["comment", "plan.md"], &[token]).exits(64).says("--repo owner/name");
    let repo = ["comment", "plan.md", "--repo", REPOSITORY];
    run(&repo, &[]).exits(77).says("set GITHUB_TOKEN or GH_TOKEN");
    run(&repo, &[token]).exits(64).says("--pr NUMBER");
    run(&[&repo[..], &["--pr", "7", "--issue", "x.json"]].concat(), &[token]).exits(64);
    run(&["comment", "plan.md", "--repo", "specs"], &[]).exits(64).says("owner/name");
    project.write("plan.md", "### a text of somebody\n");
    run(&repo, &[token]).exits(64).says("does not say which project it is of");
    run(&["comment", "other.md", "--repo", REPOSITORY], &[token]).exits(1).says("other.md");
}

#[test]
fn any_text_is_kept_up_to_date_under_a_key() {
    let github = Github::start();
    let project = folder("### coverage\n");
    post(&github, &project, ACTIONS, &["--key", "coverage"]).exits(0).shows("created");
    project.write("plan.md", &text("one"));
    post(&github, &project, ACTIONS, &["--key", "coverage"]).exits(0).shows("updated");
    let expected = text("one").replace("key=3b9e", "key=coverage");
    assert_eq!(github.comments(), [("github-actions[bot]".to_owned(), expected)]);
    post(&github, &project, ACTIONS, &["--key", "no key"]).exits(64);
}

#[test]
fn where_nobody_says_whose_the_token_is_a_job_of_actions_is_its_own() {
    let github = Github::start();
    github.world().lacks_graphql = true;
    let project = folder(&text("one"));
    for result in ["created", "unchanged"] {
        post(&github, &project, ACTIONS, &[]).exits(0).shows(result);
    }
    let mut command = project.command(&["comment", "plan.md", "--pr", "7"]);
    github.job(&mut command, ACTIONS).env_remove("GITHUB_ACTIONS");
    Answer::of(command.output().unwrap()).exits(1).says("ask who the token belongs to");
}

#[test]
fn the_reviewed_plan_is_found_by_the_commit_that_merged_it() {
    let github = Github::start();
    let project = Project::of(&["alice"]);
    project.run(&["plan", "--report", "md=plan.md"]).exits(0);
    let comment = fs::read_to_string(project.path("plan.md")).unwrap();
    let digest = project.plan(&[])["digest"].as_str().unwrap().to_owned();
    let merge = COMMIT.replace("0123", "fedc");
    let reviewed = |token: &str| {
        let mut command = project.command(&["reviewed"]);
        github.job(&mut command, token).env("GITHUB_SHA", &merge);
        Answer::of(command.output().unwrap())
    };
    reviewed(ACTIONS).exits(7).says("is not what a pull request was merged as");
    let pull = json!({
        "number": 7, "merged_at": "2026-11-01T00:00:00Z", "merge_commit_sha": merge,
        "head": { "sha": COMMIT },
    });
    github.world().pulls.insert(merge.clone(), pull.clone());
    reviewed(ACTIONS).exits(7).says("no plan was reviewed");
    post(&github, &project, ACTIONS, &["--status", COMMIT]).exits(0);
    assert_eq!(reviewed(ACTIONS).exits(0).stdout, format!("{digest}\n"));
    assert_eq!(github.comments(), [("github-actions[bot]".to_owned(), comment)]);
    let set = github.world().statuses[COMMIT][0].clone();
    assert_eq!(set["state"], "success");
    assert!(set["target_url"].as_str().unwrap().ends_with("#issuecomment-101"));

    // What somebody else sets, be it later and with the same words, does not count.
    let mut false_one = set.clone();
    false_one["creator"] = json!({ "login": "mallory" });
    false_one["description"] = json!(format!("nfplan apply --expect-digest {DIGEST}"));
    github.world().statuses.get_mut(COMMIT).unwrap().push(false_one);
    assert_eq!(reviewed(ACTIONS).exits(0).stdout, format!("{digest}\n"));
    reviewed(ALICE).exits(7).says("alice set no status");
    // A pull request that has the commit, but was not merged as it, has another plan.
    for (name, value) in [("merged_at", json!(null)), ("merge_commit_sha", json!(COMMIT))] {
        let mut other = pull.clone();
        other[name] = value;
        github.world().pulls.insert(merge.clone(), other);
        reviewed(ACTIONS).exits(7).says("is not what a pull request was merged as");
    }
}
