//! Exact texts of small plans.

use nfplan_engine::change::Change;
use nfplan_engine::expr::Expr;
use nfplan_engine::step::Undo;

use super::super::samples::attribute;
use super::super::samples::change;
use super::super::samples::create_step;
use super::super::samples::unstyled;
use super::super::samples::update;
use super::super::samples::value;
use super::super::samples::workspace;
use super::super::text::width;
use super::*;

pub(super) fn view(width: usize) -> View {
    View { width, full: false, expand: Vec::new(), units: 4, unread: 0 }
}

/// The plan as shown, without header, legend and totals.
pub(super) fn shown(units: Vec<UnitPlan>, view: &View) -> String {
    let text = unstyled(&plan(&Plan::new(units, Refresh::Bulk), view));
    let (_, blocks) = text.split_once("\n\n").unwrap();
    let (blocks, _) = blocks.rsplit_once("\n\n").unwrap();
    format!("{blocks}\n")
}

fn create() -> Change {
    let mut queue = change(Action::Create, "batch.job_queue/main");
    queue.origin = Some("workspaces/alice.yaml:1:1".into());
    queue.attributes = vec![
        attribute("name", None, Some(r#""nf-job-queue-alice""#)),
        attribute("priority", None, Some("1")),
    ];
    queue.attributes[1].origin = Some("workspaces/alice.yaml:3:14".into());
    queue
}

#[test]
fn a_new_workspace_shows_its_addresses_and_what_the_spec_says() {
    let mut unit = workspace("alice@uchicago.edu", vec![create()]);
    unit.steps.push(create_step(0, "batch.job_queue/main", "nf-job-queue-alice", Undo::Delete));
    assert_eq!(
        shown(vec![unit], &view(120)),
        "\
workspace alice@uchicago.edu in 111122223333.us-east-1: 1 to create  [workspaces/alice.yaml:1:1]
  + batch.job_queue/main  nf-job-queue-alice
      priority: 1  [workspaces/alice.yaml:3:14]
  (1 attribute not shown: --full shows them)
"
    );
}

#[test]
fn full_shows_every_attribute() {
    let full = View { full: true, ..view(120) };
    assert_eq!(
        shown(vec![workspace("alice", vec![create()])], &full),
        "\
workspace alice in 111122223333.us-east-1: 1 to create  [workspaces/alice.yaml:1:1]
  + batch.job_queue/main
      name: \"nf-job-queue-alice\"
      priority: 1  [workspaces/alice.yaml:3:14]
"
    );
}

#[test]
fn an_update_shows_the_leaf_that_changes_and_where_it_comes_from() {
    let policy = |resources: &str| {
        format!(r#"{{"Statement":[{{"Sid":"SubmitJobs","Resource":{resources}}}]}}"#)
    };
    let mut change =
        update("iam.policy/jobs", "document", &policy(r#"["a"]"#), &policy(r#"["a","arn:b"]"#));
    change.attributes[0].origin = Some("nfplan.yaml:12:5".into());
    change.attributes.push(attribute("path", Some(r#""/old/""#), Some(r#""/new/""#)));
    assert_eq!(
        shown(vec![workspace("alice", vec![change])], &view(120)),
        "\
workspace alice in 111122223333.us-east-1: 1 to update
  ~ iam.policy/jobs
      document.Statement[SubmitJobs].Resource + \"arn:b\"  [nfplan.yaml:12:5]
      path: \"/old/\" → \"/new/\"
"
    );
}

#[test]
fn what_somebody_changed_outside_is_said() {
    let mut change = update("batch.compute_environment/main", "max_vcpus", "64", "9");
    change.attributes[0].applied = Some(value("16"));
    let tags = attribute("tags", Some(r#"{"a":"x","b":"y"}"#), Some(r#"{"a":"x"}"#));
    change.attributes.push(tags);
    change.attributes[1].applied = Some(value(r#"{"a":"x"}"#));
    assert_eq!(
        shown(vec![workspace("alice", vec![change])], &view(120)),
        "\
workspace alice in 111122223333.us-east-1: 1 to update
  ~ batch.compute_environment/main
      max_vcpus: 64 → 9
        applied 16, changed outside
      tags.b - \"y\"
        changed outside: tags.b + \"y\"
"
    );
}

#[test]
fn a_replacement_says_why_and_what_cannot_be_undone() {
    let mut queue = update("batch.job_queue/main", "name", r#""a""#, r#""b""#);
    queue.action = Action::ReplaceInSlot;
    queue.reasons = vec!["`name` changes: it cannot change in place".into()];
    let mut unit = workspace("alice", vec![queue]);
    let undo = Undo::Irreversible { reason: "its id is given up".into() };
    unit.steps.push(create_step(0, "batch.job_queue/main", "b", undo));
    assert_eq!(
        shown(vec![unit], &view(120)),
        "\
workspace alice in 111122223333.us-east-1: 1 to replace
  ± batch.job_queue/main  b  (the old one is deleted first)
      name: \"a\" → \"b\"
      because `name` changes: it cannot change in place
      cannot be undone: its id is given up
"
    );
}

#[test]
fn a_value_that_is_not_known_says_what_it_waits_for() {
    let vpc = Expr::Reference("ec2.vpc/main#id".parse().unwrap());
    let mut subnet = change(Action::Update, "ec2.subnet/proxy");
    let mut whole = attribute("vpc_id", Some(r#""vpc-1""#), None);
    whole.after = Some(vpc.clone());
    whole.because = Some("known after `ec2.vpc/main` is replaced".into());
    let mut part = attribute("arn", None, None);
    part.after = Some(Expr::Join(vec!["arn:".into(), vpc]));
    part.because.clone_from(&whole.because);
    subnet.attributes = vec![whole, part];
    assert_eq!(
        shown(vec![workspace("alice", vec![subnet])], &view(120)),
        "\
workspace alice in 111122223333.us-east-1: 1 to update
  ~ ec2.subnet/proxy
      vpc_id: \"vpc-1\" → (known after `ec2.vpc/main` is replaced)
      arn: (not set) → \"arn:${ec2.vpc/main#id}\"  (known after `ec2.vpc/main` is replaced)
"
    );
}

fn renamed(user: &str) -> UnitPlan {
    let name = |suffix: &str| format!(r#""nf-{}{suffix}""#, user.replace('@', "-40"));
    let mut change = update("iam.policy/jobs", "name", &name(""), &name("-x"));
    change.attributes[0].origin = Some(format!("{user}.yaml:1:1"));
    workspace(user, vec![change])
}

#[test]
fn equal_changes_of_many_units_are_shown_once() {
    let units = vec![renamed("bob"), renamed("alice@x"), renamed("carol")];
    let text = shown(units.clone(), &view(120));
    let id = text.split_once("(class ").unwrap().1[..6].to_owned();
    assert_eq!(
        text,
        format!(
            "\
3 workspaces: alice@x, bob, carol
  in 111122223333.us-east-1, each: 1 to update  (class {id}: --expand shows each)
  ~ iam.policy/jobs
      name: \"nf-<user>\" → \"nf-<user>-x\"  [alice@x.yaml:1:1 +2]
"
        )
    );
    let expanded = View { expand: vec!["bob".into()], ..view(120) };
    let text = shown(units.clone(), &expanded);
    assert!(text.contains("name: \"nf-bob\" → \"nf-bob-x\"") && text.contains("2 workspaces:"));
    let expanded = View { expand: vec![id], ..view(120) };
    assert_eq!(shown(units.clone(), &expanded).matches("workspace ").count(), 3);
    let full = View { full: true, ..view(120) };
    assert_eq!(
        shown(units, &full),
        shown(vec![renamed("alice@x"), renamed("bob"), renamed("carol")], &expanded_all())
    );
}

fn expanded_all() -> View {
    let expand = ["alice@x", "bob", "carol"].map(String::from).to_vec();
    View { expand, ..view(120) }
}

#[test]
fn expanding_what_is_not_there_is_noticed() {
    let whole = Plan::new(vec![renamed("alice@x")], Refresh::Bulk);
    let id = classes(&whole)[0].id.clone();
    let expand = [id.as_str(), "alice@x", "alice-40x", "alise"].map(String::from).to_vec();
    assert_eq!(unknown_expansions(&whole, &View { expand, ..view(80) }), ["alise"]);
}

#[test]
fn danger_comes_first() {
    let of = |user: &str, action| workspace(user, vec![change(action, "ec2.vpc/main")]);
    let actions = [
        Action::Forget,
        Action::Retain,
        Action::Create,
        Action::Adopt,
        Action::Update,
        Action::Replace,
        Action::Delete,
        Action::ReplaceInSlot,
    ];
    let users = ["a1", "b1", "c1", "d1", "e1", "f1", "g1", "h1"];
    let units = users.iter().zip(actions).map(|(user, action)| of(user, action)).collect();
    let text = shown(units, &view(120));
    let order: Vec<&str> = text
        .lines()
        .filter_map(|line| line.get(10..12))
        .filter(|user| users.contains(user))
        .collect();
    assert_eq!(order, ["h1", "g1", "f1", "e1", "d1", "c1", "b1", "a1"]);
}

#[test]
fn header_legend_and_totals_frame_the_plan() {
    let whole = Plan::new(
        vec![workspace("alice", vec![create(), change(Action::Delete, "ec2.vpc/main")])],
        Refresh::Bulk,
    );
    let text = unstyled(&plan(&whole, &view(120)));
    assert!(
        text.starts_with(
            "1 of 4 units changes; the cloud was read in bulk, and what changes in depth\n\n"
        ),
        "{text}"
    );
    let end = format!(
        "\n\n+ create\n- delete\nPlan: 1 to create, 1 to delete.\ndigest sha256:{}\n",
        whole.digest.short()
    );
    assert!(text.ends_with(&end), "{text}");
}

#[test]
fn only_what_was_read_is_called_unchanged() {
    let none = |refresh, unread| {
        unstyled(&plan(&Plan::new(Vec::new(), refresh), &View { unread, ..view(120) }))
    };
    assert_eq!(none(Refresh::Bulk, 0), "No changes. 4 units are as the specs want.\n");
    assert!(none(Refresh::None, 0).ends_with("(the cloud was not asked).\n"));
    assert_eq!(
        none(Refresh::Deep, 2),
        "No changes were found in 4 units, but 2 objects could not be read.\n"
    );
}

#[test]
fn what_could_not_be_read_is_listed_by_reason() {
    let mut units = vec![renamed("alice"), renamed("bob")];
    for unit in &mut units {
        let address = "iam.role/jobs".parse().unwrap();
        unit.unreadable.insert(address, "needs iam:GetRole".into());
    }
    let text = shown(units, &view(120));
    assert!(
        text.ends_with(
            "2 objects could not be read; what is said of them is from the state\n  \
             ! iam.role/jobs of alice, bob: needs iam:GetRole\n"
        ),
        "{text}"
    );
}

#[test]
fn no_line_is_wider_than_the_terminal() {
    let long = format!(r#""arn:aws:iam::111122223333:role/{}""#, "x".repeat(200));
    let mut change = update("iam.policy/jobs", "document", r#""short""#, &long);
    change.attributes.push(attribute(
        "tags",
        Some("{}"),
        Some(&format!(r#"{{"a":{long},"b":{long}}}"#)),
    ));
    let script = |token: &str| {
        let words = "a command with many words ".repeat(12);
        let line = format!("{words}{token}{}{words}", "z".repeat(220));
        serde_json::to_string(&format!("#!/bin/bash\n{line}\nend\n")).unwrap()
    };
    change.attributes.push(attribute("user_data", Some(&script("old")), Some(&script("new"))));
    let policy = |image: &str| {
        format!(
            r#"{{"Statement":[{{"Sid":"{}","Effect":"Allow","Condition":{{"StringLike":{{"batch:Image":["{}/{image}"]}}}}}}]}}"#,
            "Register".repeat(8),
            "registry.example.org/".repeat(9),
        )
    };
    change.attributes.push(attribute("policy", Some(&policy("a")), Some(&policy("b"))));
    change.reasons = vec!["a reason of many words ".repeat(8)];
    change.origin = Some(format!("workspaces/{}.yaml:1:1", "y".repeat(90)));
    let units = vec![workspace("alice", vec![change.clone()]), workspace("bob", vec![change])];
    for columns in [60, 80, 100, 200] {
        let text = unstyled(&plan(&Plan::new(units.clone(), Refresh::Bulk), &view(columns)));
        for line in text.lines().filter(|line| width(line) > columns) {
            // Only the name of a statement, which nobody could look up if it were cut.
            assert!(line.trim_start().starts_with(".Statement[Register"), "{columns}\n{text}");
        }
        assert!(text.contains('…'));
    }
}

#[test]
fn styles_are_all_that_stripping_takes_away() {
    let mut unit = renamed("alice");
    unit.changes[0].reasons = vec!["\x1b[2J\u{9b}31m\nPlan: nothing".into()];
    unit.changes[0].attributes[0].after = Some("evil\x1b]8;;http://x\x07\u{202e}".into());
    let text = plan(&Plan::new(vec![unit], Refresh::Bulk), &view(120));
    let bare = unstyled(&text);
    assert!(bare.chars().all(|c| c == '\n' || !c.is_control()), "{bare:?}");
    assert!(bare.contains("because \\u{1b}[2J\\u{9b}31m\\nPlan: nothing"), "{bare}");
    assert!(bare.contains("\"evil\\u{1b}]8;;http://x\\u{7}\\u{202e}\""), "{bare}");
}
