//! Whether a policy comes to allow more, against brute force, and on the kinds of case that a
//! comparison of texts gets wrong.

use nfplan_engine::access::decision::Attached;
use nfplan_engine::access::document::Document;
use nfplan_engine::access::widening::Widening;
use nfplan_engine::access::widening::widenings;
use nfplan_engine::value::Value;
use proptest::prelude::*;
use serde_json::json;

use super::access::contexts;
use super::access::oracle;
use super::access::policy;
use super::access::requests;

fn attached(document: Document) -> Attached {
    Attached { object: "policy".into(), document, origins: std::collections::BTreeMap::new() }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, ..ProptestConfig::default() })]

    #[test]
    fn nothing_that_widens_is_said_not_to_and_every_witness_holds(
        before in policy(0.7),
        after in policy(0.7),
        grown in any::<bool>(),
    ) {
        // Half of the time one version is made from the other, as policies are.
        let mut newer = after.document.clone();
        if grown {
            newer.rules.extend(before.document.rules.iter().cloned());
        }
        let (old, new) = (std::slice::from_ref(&before), &[attached(newer.clone())]);
        let gained: Vec<_> = requests(&contexts())
            .into_iter()
            .filter(|request| {
                oracle::allows(new, &[], request) && !oracle::allows(old, &[], request)
            })
            .collect();
        let found = widenings(&before.document, &newer);
        prop_assert!(!found.is_empty() || gained.is_empty(), "{:?}", gained[0]);
        for one in found {
            let Widening::Witness(witness) = one else { continue };
            let mut request = witness.request;
            for key in ["k", "l"] {
                request.context.entry(key.to_owned()).or_insert(None);
            }
            prop_assert!(oracle::allows(new, &[], &request), "{request:?}");
            prop_assert!(!oracle::allows(old, &[], &request), "{request:?}");
        }
    }

    #[test]
    fn less_is_never_more(policy in policy(0.7), keep in prop::collection::vec(any::<bool>(), 4)) {
        // Whoever takes statements that allow away, whatever they are, widens nothing.
        let mut less = policy.document.clone();
        let mut keep = keep.into_iter();
        less.rules.retain(|rule| {
            keep.next().unwrap() || rule.effect == nfplan_engine::policy::Effect::Deny
        });
        prop_assert_eq!(widenings(&policy.document, &less), []);
    }
}

fn document(statements: &serde_json::Value) -> Document {
    let policy = json!({"Version": "2012-10-17", "Statement": statements});
    let value: Value = serde_json::from_value(policy).unwrap();
    let unit = "workspace/111122223333.us-east-1/alice".parse().unwrap();
    Document::read(&unit, &value.into())
}

fn statement(action: &serde_json::Value, resource: &str) -> serde_json::Value {
    json!({"Sid": "S", "Effect": "Allow", "Action": action, "Resource": resource})
}

#[test]
fn what_means_less_or_the_same_is_no_widening_however_it_is_written() {
    let wide = statement(&json!("s3:*"), "arn:aws:s3:::b/*");
    let own = statement(&json!(["s3:GetObject", "s3:PutObject"]), "arn:aws:s3:::b/*");
    let mut conditional = own.clone();
    conditional["Condition"] = json!({"StringEquals": {"aws:SourceVpc": "vpc-1"}});
    let mut stricter = conditional.clone();
    stricter["Condition"]["StringEquals"]["aws:SourceVpc"] = json!("vpc-1");
    stricter["Condition"]["Bool"] = json!({"aws:SecureTransport": "true"});
    for (what, before, after) in [
        ("a narrower action", json!([wide]), json!([own])),
        (
            "a narrower resource",
            json!([own]),
            json!([statement(&json!("s3:GetObject"), "arn:aws:s3:::b/alice/*")]),
        ),
        (
            "the same in two statements",
            json!([own]),
            json!([
                statement(&json!("s3:GetObject"), "arn:aws:s3:::b/*"),
                statement(&json!("s3:PutObject"), "arn:aws:s3:::b/*"),
            ]),
        ),
        ("one more condition", json!([own]), json!([conditional])),
        ("one more condition beside another", json!([conditional]), json!([stricter])),
        (
            "letters of an action",
            json!([own]),
            json!([statement(&json!(["s3:getobject", "S3:PUTOBJECT"]), "arn:aws:s3:::b/*")]),
        ),
        (
            "text or list",
            json!([statement(&json!("s3:GetObject"), "*")]),
            json!([statement(&json!(["s3:GetObject"]), "*")]),
        ),
        (
            "one more denial",
            json!([own]),
            json!([own, {"Effect": "Deny", "Action": "s3:*", "Resource": "*"}]),
        ),
        ("nothing at all", json!([own]), json!([])),
    ] {
        assert_eq!(widenings(&document(&before), &document(&after)), [], "{what}");
    }
}

#[test]
fn what_means_more_is_a_widening_with_a_request_that_tells() {
    let own = statement(&json!("s3:GetObject"), "arn:aws:s3:::b/alice/*");
    let mut conditional = own.clone();
    conditional["Condition"] = json!({"StringEquals": {"aws:SourceVpc": "vpc-1"}});
    let mut other = own.clone();
    other["Condition"] = json!({"StringEquals": {"aws:SourceVpc": ["vpc-1", "vpc-2"]}});
    let deny = json!({"Effect": "Deny", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::b/alice/secret/*"});
    let trust = |principal: serde_json::Value| json!([{"Effect": "Allow", "Principal": principal, "Action": "sts:AssumeRole"}]);
    let hub = "arn:aws:iam::111122223333:role/hub";
    let there = "arn:aws:s3:::b/alice/x";
    for (before, after, expected) in [
        (
            json!([own]),
            json!([statement(&json!(["s3:GetObject", "s3:Delete*"]), "arn:aws:s3:::b/alice/*")]),
            format!("s3:DeleteObject on {there}"),
        ),
        (
            json!([own]),
            json!([statement(&json!("s3:GetObject"), "arn:aws:s3:::b/*")]),
            "s3:GetObject on arn:aws:s3:::b/x".into(),
        ),
        (json!([conditional]), json!([own]), format!("s3:GetObject on {there}")),
        (
            json!([conditional]),
            json!([other]),
            format!("s3:GetObject on {there} with aws:sourcevpc=vpc-2"),
        ),
        (json!([own, deny]), json!([own]), "s3:GetObject on arn:aws:s3:::b/alice/secret/x".into()),
        (
            json!([own]),
            json!([own, statement(&json!("iam:PassRole"), "*")]),
            "iam:PassRole on x".into(),
        ),
        (
            trust(json!({"AWS": hub})),
            trust(json!({"AWS": [hub, "444455556666"]})),
            "444455556666: sts:AssumeRole".into(),
        ),
        (trust(json!({"AWS": hub})), trust(json!("*")), "everybody: sts:AssumeRole".into()),
    ] {
        let text = after.to_string();
        match widenings(&document(&before), &document(&after)).as_slice() {
            [Widening::Witness(witness)] => assert_eq!(witness.to_string(), expected, "{text}"),
            other => panic!("{text}: {other:?}"),
        }
    }
}

#[test]
fn what_nobody_understands_is_never_called_harmless() {
    let own = statement(&json!("s3:GetObject"), "arn:aws:s3:::b/*");
    let mut numeric = own.clone();
    numeric["Condition"] = json!({"NumericLessThan": {"s3:max-keys": "10"}});
    let mut larger = own.clone();
    larger["Condition"] = json!({"NumericLessThan": {"s3:max-keys": "20"}});
    let not = json!({"Effect": "Allow", "NotAction": "iam:*", "Resource": "*"});
    for (before, after) in [
        (json!([numeric]), json!([larger])),
        (json!([own]), json!([own, not])),
        (json!([own, not]), json!([own])),
    ] {
        let text = after.to_string();
        let found = widenings(&document(&before), &document(&after));
        assert!(matches!(found.as_slice(), [Widening::Unknown { .. }]), "{text}: {found:?}");
    }
    let same = json!([own, not]);
    assert_eq!(widenings(&document(&same), &document(&same)), []);
}
