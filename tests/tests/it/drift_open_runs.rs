//! What an interrupted run did is told from what somebody else did.

use std::collections::BTreeSet;

use nfplan_engine::drift::Cause;
use nfplan_engine::provider::Depth;
use nfplan_tests::site::Site;
use nfplan_tests::spec::FleetSpec;
use serde_json::Value as Json;
use serde_json::json;

use crate::drift_report::ALICE;
use crate::drift_report::causes;
use crate::drift_report::objects;
use crate::drift_report::text;
use crate::drift_report::told;

/// Specs before and after a change of every kind.
fn passages() -> Vec<(&'static str, Option<FleetSpec>, FleetSpec)> {
    let alice = |fields: &[(&'static str, Json)]| FleetSpec::of(ALICE, fields);
    let gone = || {
        let mut fleet = alice(&[]);
        fleet.researchers.clear();
        fleet
    };
    vec![
        ("create", None, alice(&[])),
        ("update", Some(alice(&[])), alice(&[("tags", json!({"cost-center": "42"}))])),
        (
            "replace",
            Some(alice(&[])),
            alice(&[("compute", json!({"strategy": "best_fit"})), ("tags", json!({"pi": "x"}))]),
        ),
        ("suspend", Some(alice(&[])), alice(&[("status", json!("suspended"))])),
        ("resume", Some(alice(&[("status", json!("suspended"))])), alice(&[])),
        ("destroy", Some(alice(&[])), gone()),
    ]
}

#[test]
fn what_an_open_run_did_is_told_from_what_somebody_else_did() {
    let (mut opened, mut told_of) = (BTreeSet::new(), BTreeSet::new());
    for (kind, before, after) in passages() {
        for calls in (0..40).step_by(6) {
            let site = Site::new(before.as_ref().unwrap_or(&after));
            if before.is_some() {
                site.apply_fully();
            }
            site.write(&after);
            site.apply_until(calls);
            let found = site.drift(Depth::Deep);
            let open = found.units.iter().any(|unit| unit.open.is_some());
            let ours = BTreeSet::from([Cause::OpenRun, Cause::UnappliedSpec]);
            assert!(causes(&found).is_subset(&ours), "{kind} {calls}: {:#?}", told(&found));
            if !open {
                continue;
            }
            opened.insert(kind);
            if causes(&found).contains(&Cause::OpenRun) {
                told_of.insert(kind);
            }
            let shown = text(&found);
            assert!(shown.lines().nth(2).unwrap().contains("open run"), "{shown}");
            // What its recovery will delete is not looked for, and so not called clean.
            if kind == "destroy" {
                assert!(!found.coverage().is_complete() && !shown.contains("No drift"), "{shown}");
            }
            let before = told(&found);

            // Beside what the run did, what somebody did is found.
            let vpc = objects(&site).into_iter().find(|o| o.address.to_string() == "ec2.vpc/main");
            if let Some(vpc) = vpc.filter(|_| kind != "destroy") {
                vpc.set(&site, "dns_hostnames", Some(false.into()));
                let after = told(&site.drift(Depth::Deep));
                let new: Vec<_> = after.difference(&before).collect();
                assert!(
                    matches!(new.as_slice(), [(name, (Cause::ChangedOutside, ..))] if *name == vpc.name()),
                    "{kind} {calls}: {new:#?}"
                );
                vpc.set(&site, "dns_hostnames", Some(true.into()));
            }
            site.apply();
            let left = site.drift(Depth::Deep);
            assert_eq!(told(&left), BTreeSet::new(), "{kind} {calls}");
        }
    }
    assert_eq!(opened.len(), passages().len(), "{opened:?}");
    assert_eq!(told_of, BTreeSet::from(["create", "replace", "resume", "suspend", "update"]));
}
