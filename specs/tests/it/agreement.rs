//! `accepted.yaml` and `approvals.yaml`: what they may say, and that the schema for editors takes
//! what loading takes.

use nfplan_specs::fleet::Fleet;
use nfplan_specs::fleet::LoadError;
use nfplan_specs::json_schema::SpecFile;
use nfplan_specs::json_schema::json_schema;

use crate::kit;
use crate::kit::PROJECT;

const WORKSPACES: &str = "alice: { account: lab, profile: standard }\n";
const DIGEST: &str = "sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";

/// What is wrong with a file beside the specs.
fn problems(name: &str, text: &str) -> Vec<String> {
    let root = kit::folder(&[
        ("nfplan.yaml", PROJECT.as_bytes()),
        ("workspaces/a.yaml", WORKSPACES.as_bytes()),
        (name, text.as_bytes()),
    ]);
    match Fleet::load(root.path()) {
        Ok(_) => Vec::new(),
        Err(LoadError::Invalid(problems)) => kit::lines(&problems),
        Err(error) => panic!("{error}"),
    }
}

fn fits_schema(file: SpecFile, text: &str) -> bool {
    let value: serde_json::Value = serde_yaml::from_str(text).unwrap();
    jsonschema::draft7::new(&json_schema(file)).unwrap().is_valid(&value)
}

fn accepted(keys: &str) -> String {
    format!(
        "accepted: [{{ drift: 'u:a.b/c#d', reason: r, owner: o, since: 2026-11-27, expires: 2026-12-01, {keys} }}]"
    )
}

fn approvals(plan: &str, allow: &str) -> String {
    format!("approvals: [{{ plan: '{plan}', allow: {allow}, reason: r, owner: o }}]")
}

#[test]
fn what_fits_is_read_whole() {
    let text = accepted("live: { a: [1, true, 'x'] }");
    let root = kit::folder(&[
        ("nfplan.yaml", PROJECT.as_bytes()),
        ("workspaces/a.yaml", WORKSPACES.as_bytes()),
        ("accepted.yaml", text.as_bytes()),
        ("approvals.yaml", approvals(DIGEST, "[data_loss, cost]").as_bytes()),
    ]);
    let fleet = kit::sound(root.path());
    let [entry] = fleet.accepted() else { panic!("{:?}", fleet.accepted()) };
    assert!(entry.covers("u:a.b/c#d") && !entry.covers("u:a.b/c") && !entry.is_pattern());
    let live = serde_json::to_string(entry.live.as_ref().unwrap()).unwrap();
    assert_eq!(live, r#"{"a":[1,true,"x"]}"#);
    let [approval] = fleet.plan_approvals() else { panic!("{:?}", fleet.plan_approvals()) };
    assert_eq!((approval.plan.to_string().as_str(), approval.allow.len()), (DIGEST, 2));
}

#[test]
fn loading_and_the_schema_refuse_the_same() {
    let wrong = [
        "accepted: {}",
        "accepted: [1]",
        "accepted: [{ drift: 'u:a.b/c' }]",
        "other: []",
        &accepted("why: x"),
        &accepted("live: ~"),
        &accepted("").replace("u:a.b/c#d", "everything"),
        &accepted("").replace("u:a.b/c#d", "u:a.b/c/e"),
        &accepted("").replace("u:a.b/c#d", "u:a.b/c#D"),
        &accepted("").replace("2026-11-27", "2026-11-31"),
        &accepted("").replace("2026-11-27", "2026-02-29"),
        &accepted("").replace("2026-11-27", "'27 Nov'"),
        &accepted("").replace("owner: o", "owner: ''"),
    ];
    for text in wrong {
        assert!(!problems("accepted.yaml", text).is_empty(), "{text}");
        assert!(!fits_schema(SpecFile::Accepted, text), "{text}");
    }
    let wrong = [
        approvals("sha256:0123", "[cost]"),
        approvals(&DIGEST[7..], "[cost]"),
        approvals(DIGEST, "[]"),
        approvals(DIGEST, "[everything]"),
        approvals(DIGEST, "[cost, cost]"),
    ];
    for text in &wrong {
        assert!(!problems("approvals.yaml", text).is_empty(), "{text}");
        assert!(!fits_schema(SpecFile::Approvals, text), "{text}");
    }
    let right = [
        accepted(""),
        accepted("live: false"),
        accepted("").replace("2026-11-27", "2024-02-29").replace("2026-12-01", "2024-03-01"),
        accepted("").replace("u:a.b/c#d", "workspace/*:*/*#max_vcpus"),
        "accepted: []".into(),
    ];
    for text in &right {
        assert_eq!(problems("accepted.yaml", text), [""; 0], "{text}");
        assert!(fits_schema(SpecFile::Accepted, text), "{text}");
    }
}

#[test]
fn drift_is_accepted_for_ninety_days_at_most() {
    let until = |day: &str| problems("accepted.yaml", &accepted("").replace("2026-12-01", day));
    assert_eq!(until("2027-02-25"), [""; 0]);
    for day in ["2027-02-26", "9999-12-31", "2026-11-26"] {
        let found = until(day);
        assert!(matches!(found.as_slice(), [line] if line.contains("E0316")), "{found:?}");
    }
}
