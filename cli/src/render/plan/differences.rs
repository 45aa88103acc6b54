//! Exact texts of each kind of difference.

use nfplan_engine::change::Action;
use nfplan_engine::change::Change;
use nfplan_engine::step::Undo;

use super::super::samples::change;
use super::super::samples::create_step;
use super::super::samples::update;
use super::super::samples::value;
use super::super::samples::workspace;
use super::tests::shown;
use super::tests::view;
use super::*;

/// The text, line by line.
fn lines(text: &str) -> Vec<String> {
    text.lines().map(str::to_owned).collect()
}

/// What is below the line of the resource.
fn details(change: Change, columns: usize, full: bool) -> Vec<String> {
    let view = View { full, ..view(columns) };
    lines(&shown(vec![workspace("alice", vec![change])], &view)).split_off(2)
}

fn from_to(before: &str, after: &str, columns: usize) -> Vec<String> {
    details(update("iam.policy/jobs", "document", before, after), columns, false)
}

fn json(text: &str) -> String {
    serde_json::to_string(text).unwrap()
}

#[test]
fn policies_are_compared_by_what_they_mean() {
    let before = r#"{"Version":"2012-10-17","Statement":[
        {"Sid":"Read","Effect":"Allow","Action":["s3:GetObject","s3:ListBucket"],"Resource":"arn:aws:s3:::a/*"},
        {"Sid":"Old","Effect":"Allow","Action":"batch:SubmitJob","Resource":"*"},
        {"Effect":"Deny","Action":"iam:*","Resource":"*","Condition":{"StringLike":{"aws:x":"y"}}}]}"#;
    let after = r#"{"Version":"2012-10-17","Statement":[
        {"Effect":"Deny","Action":["iam:*"],"Resource":["*"],"Condition":{"StringLike":{"aws:x":["z","y"]}}},
        {"Sid":"Read","Effect":"Allow","Action":["s3:ListBucket","s3:GetObject"],"Resource":["arn:aws:s3:::b/*"]},
        {"Sid":"New","Effect":"Allow","Action":["ecr:Get","ecr:List"],"Resource":"*"}]}"#;
    assert_eq!(
        from_to(before, after, 80),
        [
            "      document.Statement[Read].Resource:",
            "        - \"arn:aws:s3:::a/*\"",
            "        + \"arn:aws:s3:::b/*\"",
            "      document.Statement[Old].Action - \"batch:SubmitJob\"",
            "      document.Statement[Old].Effect - \"Allow\"",
            "      document.Statement[Old].Resource - \"*\"",
            "      document.Statement[3].Condition.StringLike.aws:x + \"z\"",
            "      document.Statement[New].Action + \"ecr:Get\", \"ecr:List\"",
            "      document.Statement[New].Effect + \"Allow\"",
            "      document.Statement[New].Resource + \"*\""
        ]
    );
}

#[test]
fn what_is_only_written_in_another_way_is_said_to_mean_the_same() {
    let before = r#"{"Statement":{"Effect":"Allow","Action":"a:B"}}"#;
    let after = r#"{"Statement":[{"Effect":"Allow","Action":["a:B"]}]}"#;
    assert_eq!(
        from_to(before, after, 80),
        ["      document: means the same, written in another way"]
    );
    let full = details(update("iam.policy/jobs", "document", before, after), 80, true);
    assert_eq!(
        full,
        [
            "      document: means the same, written in another way",
            "        - {Statement: {Action: \"a:B\", Effect: \"Allow\"}}",
            "        + {Statement: [{Action: [\"a:B\"], Effect: \"Allow\"}]}"
        ]
    );
}

#[test]
fn scripts_are_compared_line_by_line() {
    let script = |domain: &str, port: &str| {
        json(&format!(
            "#!/bin/bash\nset -e\n\nallow <<'END'\n{domain}.quay.io\nEND\n  port {port} # of the proxy\nwait\n\
             \tone\ntwo\nthree\nfour\n"
        ))
    };
    assert_eq!(
        from_to(&script("", "3128"), &script(".docker.io\n", "8080"), 80),
        [
            "      document:",
            "        … 2 lines are the same",
            "",
            "          allow <<'END'",
            "        + .docker.io",
            "          .quay.io",
            "          END",
            "        -   port 3128 # of the proxy",
            "        +   port 8080 # of the proxy",
            "          wait",
            "          \\tone",
            "        … 3 lines are the same"
        ]
    );
    let change = update("ec2.instance/proxy", "user_data", &script("", "1"), &script("", "2"));
    assert_eq!(
        details(change, 80, true),
        [
            "      user_data:",
            "          #!/bin/bash",
            "          set -e",
            "",
            "          allow <<'END'",
            "          .quay.io",
            "          END",
            "        -   port 1 # of the proxy",
            "        +   port 2 # of the proxy",
            "          wait",
            "          \\tone",
            "          two",
            "          three",
            "          four"
        ]
    );
}

#[test]
fn of_long_texts_the_words_that_differ_stay_in_sight() {
    let arn = |name: &str| {
        json(&format!(
            "arn:aws:batch:us-east-1:111122223333:job-queue/data-example-org-nf-{name}-alice"
        ))
    };
    assert_eq!(
        from_to(&arn("queue"), &arn("job-queue"), 120),
        [
            "      document:",
            "        - \"arn:aws:batch:us-east-1:111122223333:job-queue/data-example-org-nf-queue-alice\"",
            "        + \"arn:aws:batch:us-east-1:111122223333:job-queue/data-example-org-nf-job-queue-alice\""
        ]
    );
    assert_eq!(
        from_to(&arn("queue"), &arn("job-queue"), 60),
        [
            "      document:",
            "        - \"…b-queue/data-example-org-nf-queue-alice\"",
            "        + \"…b-queue/data-example-org-nf-job-queue-alice\""
        ]
    );
    let list = |names: &[&str]| {
        format!("[{}]", names.iter().map(|name| arn(name)).collect::<Vec<_>>().join(","))
    };
    assert_eq!(
        from_to(&list(&["a", "b", "c"]), &list(&["a", "b2", "c"]), 80),
        [
            "      document:",
            "        - \"…h:us-east-1:111122223333:job-queue/data-example-org-nf-b-alice\"",
            "        + \"…h:us-east-1:111122223333:job-queue/data-example-org-nf-b2-alice\""
        ]
    );
    assert_eq!(
        from_to(&list(&["a"]), &list(&["a", "b", "c"]), 60),
        [
            "      document:",
            "        + \"arn:aws:batch:us-east-1…example-org-nf-b-alice\"",
            "        + \"arn:aws:batch:us-east-1…example-org-nf-c-alice\""
        ]
    );
}

#[test]
fn short_values_stay_on_one_line() {
    assert_eq!(from_to("1", "2", 80), ["      document: 1 → 2"]);
    assert_eq!(
        from_to(r#"["a","b"]"#, r#"["b","a"]"#, 80),
        ["      document: [\"a\", \"b\"] → [\"b\", \"a\"]"]
    );
    assert_eq!(from_to("{}", r#"{"cost":"42"}"#, 80), ["      document.cost + \"42\""]);
    assert_eq!(from_to(r#"["a"]"#, r#"["a","b","c"]"#, 80), ["      document + \"b\", \"c\""]);
    assert_eq!(
        from_to(r#"["a","b"]"#, r#"["a","c"]"#, 80),
        ["      document:", "        - \"b\"", "        + \"c\""]
    );
}

#[test]
fn what_somebody_changed_in_a_long_text_is_shown_as_such() {
    let text = |middle: &str| json(&format!("one\n{middle}\nthree\n"));
    let mut change = update("ec2.instance/proxy", "user_data", &text("2"), &text("two"));
    change.attributes[0].applied = Some(value(&text("two")));
    assert_eq!(
        details(change, 80, false),
        [
            "      user_data:",
            "          one",
            "        - 2",
            "        + two",
            "          three",
            "        applied \"one\\ntwo\\nthree\\n\", changed outside"
        ]
    );
}

#[test]
fn resources_that_change_alike_are_told_together() {
    let tags = |address: &str| update(address, "tags", "{}", r#"{"cost":"42"}"#);
    let mut changes = vec![tags("ec2.vpc/main"), tags("ec2.subnet/proxy"), tags("iam.role/jobs")];
    changes.push(change(Action::Update, "iam.user/client"));
    let unit = workspace("alice", changes);
    assert_eq!(
        lines(&shown(vec![unit.clone()], &view(80))),
        [
            "workspace alice in 111122223333.us-east-1: 4 to update",
            "  ~ 3 resources: ec2.subnet/proxy, ec2.vpc/main, iam.role/jobs",
            "      tags.cost + \"42\"",
            "  ~ iam.user/client"
        ]
    );
    let full = View { full: true, ..view(80) };
    assert_eq!(shown(vec![unit], &full).matches("tags.cost + \"42\"").count(), 3);
}

#[test]
fn a_unit_says_how_many_of_its_changes_are_told_with_others() {
    let both = |user: &str| workspace(user, vec![update("ec2.vpc/main", "cidr", "1", "2")]);
    let mut alice = both("alice");
    alice.changes.push(update("iam.role/jobs", "path", "1", "2"));
    assert_eq!(
        lines(&shown(vec![alice, both("bob")], &view(80))),
        [
            "2 workspaces: alice, bob",
            "  in 111122223333.us-east-1, each: 1 to update  (class 937b41: --expand shows",
            "      each)",
            "  ~ ec2.vpc/main",
            "      cidr: 1 → 2",
            "",
            "workspace alice in 111122223333.us-east-1: 1 to update, besides 1 that others",
            "    share",
            "  ~ iam.role/jobs",
            "      path: 1 → 2"
        ]
    );
}

#[test]
fn what_a_failure_leaves_is_summed_up_where_it_is_not_all_or_nothing() {
    let last = |undos: &[Undo]| {
        let steps = undos
            .iter()
            .zip(0..)
            .map(|(undo, id)| create_step(id, &format!("iam.role/r{id}"), "x", undo.clone()));
        let units = ["alice", "bob"].map(|user| {
            let mut unit = workspace(user, vec![change(Action::Create, "iam.role/r0")]);
            unit.steps = steps.clone().collect();
            unit
        });
        super::undo::summary(&Plan::new(units.into(), Refresh::Bulk))
    };
    let irreversible = || Undo::Irreversible { reason: "x".into() };
    assert_eq!(last(&[Undo::Delete, Undo::Restore, Undo::Release]), None);
    assert_eq!(last(&[Undo::NotNeeded]), None);
    assert_eq!(
        last(&[Undo::Delete, Undo::NotNeeded]).as_deref(),
        Some(
            "If a step fails: 2 of 4 steps are undone; 2 come last: they are tried again, never undone."
        )
    );
    let parked = || Undo::Park { disable: None };
    assert_eq!(
        last(&[Undo::Delete, Undo::Keep, parked(), irreversible()]).as_deref(),
        Some(
            "If a step fails: 2 of 8 steps are undone; 2 cannot be undone (iam.role/r3 of 2 units); 4 are kept (iam.role/r1 of 2 units, iam.role/r2 of 2 units)."
        )
    );
    let all = [irreversible(), irreversible(), irreversible(), irreversible(), Undo::NotNeeded];
    assert_eq!(
        last(&all).as_deref(),
        Some(
            "If a step fails: 0 of 10 steps are undone; 8 cannot be undone (iam.role/r0 of 2 units, iam.role/r1 of 2 units, iam.role/r2 of 2 units and 1 more resources); 2 come last: they are tried again, never undone."
        )
    );
}
