use nfplan_engine::change::Action;
use nfplan_engine::plan::Refresh;
use nfplan_engine::plan::UnitPlan;
use proptest::prelude::*;

use super::super::samples;
use super::super::samples::change;
use super::super::samples::update;
use super::super::samples::workspace;
use super::*;

fn frame() -> Frame {
    let source = Some("https://git.example.org/o/r/blob/abc/{file}#L{line}".into());
    Frame {
        environment: "data.example.org".into(),
        key: "k1".into(),
        source,
        units: 3,
        unread: 0,
        since: None,
    }
}

fn finding(risk: Risk, message: &str) -> Finding {
    samples::finding(risk, message, Some("nfplan.yaml:12:5"))
}

/// A plan with so many changes, `shared` of them in all units, the others each of its own.
fn plan(units: usize, own: usize, findings: usize) -> Plan {
    let unit = |number: usize| {
        let user = format!("user{number}");
        let shared = update("iam.policy/jobs", "document", "\"old\"", "\"new\"");
        let own = (0..own).map(|n| {
            let value = format!("\"value {n} of {number} with words to make it long\"");
            update(&format!("batch.job_queue/q{n}"), "state", "\"x\"", &value)
        });
        let changes = std::iter::once(shared).chain(own).collect();
        let risks = (0..findings).map(|n| {
            let risk = if n % 2 == 0 { Risk::Widening } else { Risk::Cost };
            finding(risk, &format!("{n} of {number} comes to allow something rather long"))
        });
        UnitPlan { findings: risks.collect(), ..workspace(&user, changes) }
    };
    Plan::new((0..units).map(unit).collect(), Refresh::Bulk)
}

/// How many changes the last line says are shown, and how many there are.
fn proof(text: &str) -> (usize, usize) {
    let line = text.lines().find(|line| line.contains(" changes in ")).unwrap();
    let mut words = line.split(' ');
    let mut number = || words.find_map(|word| word.parse().ok()).unwrap();
    (number(), number())
}

#[test]
fn a_comment_says_who_what_where_and_how_to_go_on() {
    let mut one = workspace("alice", vec![update("iam.policy/jobs", "document", "\"a\"", "\"b\"")]);
    one.findings = vec![finding(Risk::Widening, "comes to allow s3:DeleteObject on b/alice/x")];
    let plan = Plan::new(vec![one], Refresh::Bulk);
    let text = comment(&plan, &frame());
    for part in [
        format!("<!-- nfplan v=1 key=k1 digest={} -->\n", plan.digest),
        "### nfplan · <code>data.example.org</code> · 1 to update, 1 finding to judge".into(),
        "1 of 3 units change.".into(),
        "| **permission widening** | <code>iam.policy/jobs document</code> | <code>alice</code> |"
            .into(),
        "[<code>nfplan.yaml:12</code>](https://git.example.org/o/r/blob/abc/nfplan.yaml#L12)"
            .into(),
        "<details open><summary><code>workspace alice in".into(),
        "1 of 1 changes in 1 class.".into(),
        format!("nfplan apply --expect-digest {}", plan.digest),
    ] {
        assert!(text.contains(&part), "{part} is not in\n{text}");
    }
}

#[test]
fn nothing_to_do_is_one_line() {
    let text = comment(&Plan::new(Vec::new(), Refresh::Bulk), &frame());
    assert!(text.contains("· no changes\n"), "{text}");
    assert!(text.ends_with("3 units as the specs want.\n\n"), "{text}");
}

#[test]
fn what_is_new_since_an_earlier_plan_is_shown_and_never_too_long() {
    let digest = nfplan_engine::digest::Digest::of_bytes(b"then");
    let with = |text: String| {
        let since = Some(Since { digest, text });
        comment(&plan(1, 0, 0), &Frame { since, ..frame() })
    };
    let title = format!("since the plan sha256:{}**", digest.short());
    assert!(with(String::new()).contains(&format!("**Nothing is new {title}")));
    let some = with("workspace alice\n  only now: ``` 1 to update\n".into());
    assert!(some.contains(&format!("**New {title}\n\n````\nworkspace alice\n")), "{some}");
    let long = with("a line of news\n".repeat(10_000));
    assert!(long.len() <= MOST_BYTES && long.contains(" more lines: "), "{}", long.len());
}

#[test]
fn the_ladder_goes_down_as_far_as_it_must_and_says_how_far() {
    let whole = comment(&plan(3, 1, 0), &frame());
    assert!(whole.contains("who: <code>user0, user1, user2</code>"), "{whole}");
    for (units, own, said) in [
        (120, 6, "values do not fit here"),
        (800, 1, "contents do not fit here"),
        (3_000, 1, "contents do not fit here"),
    ] {
        let plan = plan(units, own, 0);
        let text = comment(&plan, &frame());
        assert!(text.len() <= MOST_BYTES && text.contains(said), "{units}: {said}\n{}", text.len());
    }
    let (shown, total) = proof(&comment(&plan(3_000, 1, 0), &frame()));
    assert_eq!((shown, total), (0, 6_000));
}

#[test]
fn findings_that_do_not_fit_are_counted_and_the_worst_stay() {
    let text = comment(&plan(600, 0, 2), &frame());
    assert!(text.len() <= MOST_BYTES);
    let rows = |start: &str| text.lines().filter(|line| line.starts_with(start)).count();
    assert!(rows("| **permission widening**") > 100);
    assert_eq!(rows("| cost ceiling"), 0);
    assert!(text.contains("do not fit here: review the whole plan"), "{}", &text[..2_000]);
}

#[test]
fn a_hundred_thousand_changes_are_one_comment() {
    let plan = plan(10_000, 9, 0);
    let text = comment(&plan, &frame());
    assert!(text.len() <= MOST_BYTES);
    assert_eq!(proof(&text).1, 100_000);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, ..ProptestConfig::default() })]

    #[test]
    fn every_size_fits_and_adds_up(units in 1usize..400, own in 0usize..5, findings in 0usize..4) {
        let plan = plan(units, own, findings);
        let text = comment(&plan, &frame());
        prop_assert!(text.len() <= MOST_BYTES, "{}", text.len());
        let total: usize = plan.units.iter().map(|unit| unit.changes.len()).sum();
        let (shown, of) = proof(&text);
        prop_assert_eq!(of, total);
        prop_assert!(shown == total || text.contains("do not fit here"));
    }

    #[test]
    fn nobody_breaks_out(name in "[`<>|@#&\\[\\]()!*_~a-z \\n\\r\u{202e}-]{1,24}", text in "\\PC{0,40}") {
        let hostile = format!("{name}{text}```` </details> <!-- x --> @{name} |");
        let mut change = change(Action::Update, "iam.policy/jobs");
        change.reasons.push(hostile.clone());
        let mut unit = workspace("alice", vec![change]);
        unit.source.user = Some(hostile.as_str().into());
        unit.findings = vec![finding(Risk::Cost, &hostile)];
        let comment = comment(&Plan::new(vec![unit], Refresh::Bulk), &frame());
        let (mut fence, mut details, mut outside) = (None::<String>, 0, String::new());
        for line in comment.lines() {
            let ticks: String = line.chars().take_while(|c| *c == '`').collect();
            match &fence {
                Some(open) if line == open => fence = None,
                Some(_) => {}
                None if ticks.len() >= 3 => fence = Some(ticks),
                None => {
                    details += line.matches("<details").count();
                    details -= line.matches("</details>").count();
                    outside.push_str(line);
                    outside.push('\n');
                }
            }
        }
        prop_assert!(fence.is_none() && details == 0, "{comment}");
        prop_assert_eq!(outside.matches("<!--").count(), 1);
        let turned = outside.contains('\u{202e}');
        prop_assert!(!turned && !outside.contains('@'));
        let row = outside.lines().find(|line| line.starts_with("| cost")).unwrap();
        prop_assert_eq!(row.matches('|').count(), 6);
    }
}
