//! What is noted to have nothing to do has nothing to do: a plan that trusts the notes is the one that is
//! made the long way.

use std::collections::BTreeSet;

use nfplan_cli::planning::Notes;
use nfplan_cli::planning::Purpose;
use nfplan_cli::planning::Request;
use nfplan_cli::selection::Selected;
use nfplan_cli::selection::Universe;
use nfplan_engine::address::UnitId;
use nfplan_engine::plan::Refresh;
use nfplan_engine::refusal::Refusal;
use nfplan_tests::fleets::cases;
use nfplan_tests::fleets::choice_table;
use nfplan_tests::fleets::edits;
use nfplan_tests::fleets::fleets;
use nfplan_tests::site::Site;
use nfplan_tests::site::apply_and_note;
use nfplan_tests::site::block_on;
use nfplan_tests::site::plan_request;
use nfplan_tests::spec::FleetSpec;
use proptest::proptest;
use serde_json::json;

/// The units that a bit mask picks; all for 0.
fn picked(site: &Site, mask: u8) -> Selected {
    let project = site.project();
    let units = project.fleet.workspaces().map(|spec| spec.unit().clone()).enumerate();
    let units: BTreeSet<UnitId> =
        units.filter(|(index, _)| mask & (1 << (index % 8)) != 0).map(|(_, unit)| unit).collect();
    if units.is_empty() { Selected::Everything } else { Selected::Units(units) }
}

/// What an apply does: plans, carries out, and notes what has nothing to do.
fn apply(site: &Site, selected: Selected) {
    apply_and_note(&mut site.project(), &site.cloud, selected);
}

/// Plans the short way, the long way and both ways, expects the same of all, and tells of how many
/// units the short way took what is noted.
fn compare(site: &Site, selected: &Selected, context: &str) -> (u64, usize) {
    let made = [Notes::Trust, Notes::Ignore, Notes::Verify].map(|notes| {
        let request = Request::new(selected.clone(), Purpose::Apply);
        plan_request(&mut site.project(), &Request { notes, refresh: Refresh::None, ..request })
    });
    let said = made.each_ref().map(|plan| {
        let refused: Vec<(&UnitId, &Vec<Refusal>)> = plan.refused.iter().collect();
        (serde_json::to_value(plan.document(Refresh::None)).unwrap(), format!("{refused:?}"))
    });
    assert_eq!(said[0], said[1], "{context}");
    assert_eq!(said[0], said[2], "{context}");
    assert!(made.iter().all(|plan| plan.looked_at == made[0].looked_at), "{context}");
    assert_eq!((made[1].taken, made[2].taken), (0, 0));
    (made[0].taken, made[0].units.len())
}

/// How many units the specs ask for.
fn units(site: &Site) -> u64 {
    let project = site.project();
    let universe = block_on(Universe::survey(Some(&project.fleet), &project.store)).unwrap();
    universe.wanted.len() as u64
}

proptest! {
    #![proptest_config(cases(12))]

    #[test]
    fn whatever_the_edits_notes_hide_nothing(
        first in fleets(),
        edits in edits(5),
        masks in proptest::collection::vec(proptest::num::u8::ANY, 5),
    ) {
        let site = Site::new(&first);
        apply(&site, Selected::Everything);
        let mut specs = first;
        for (edit, mask) in edits.iter().zip(masks) {
            specs = edit.apply(specs);
            site.write(&specs);
            let context = format!("{edit:?}");
            compare(&site, &Selected::Everything, &context);
            compare(&site, &picked(&site, mask), &context);
            // Some of it is applied, and the rest later or never.
            apply(&site, picked(&site, mask));
            compare(&site, &Selected::Everything, &format!("{context}, in part"));
        }
        apply(&site, Selected::Everything);
        let (taken, changed) = compare(&site, &Selected::Everything, "at the end");
        assert_eq!((taken, changed), (units(&site), 0));
    }
}

#[test]
fn every_field_of_a_spec_counts() {
    let specs = FleetSpec::of("alice", &[]).with("bob", "main", &[]);
    let site = Site::new(&specs);
    apply(&site, Selected::Everything);
    assert_eq!(compare(&site, &Selected::Everything, "applied"), (3, 0));
    let mut quiet = BTreeSet::new();
    for (field, values) in choice_table() {
        for value in values {
            let site = site.fork();
            site.write(&specs.clone().edited("alice", field, Some(value.clone())));
            let (taken, changed) =
                compare(&site, &Selected::Everything, &format!("{field} {value}"));
            if changed == 0 {
                quiet.insert(field);
            } else {
                assert_eq!(taken, 0, "{field} {value}: a place is taken whole or not at all");
            }
        }
    }
    // What it says is the default, or is not sent to the cloud.
    assert_eq!(quiet, BTreeSet::from(["labels", "status", "suspend"]));
}

#[test]
fn a_place_in_which_nothing_moves_is_taken_beside_one_in_which_something_does() {
    let specs = FleetSpec::of("alice", &[]).with("bob", "lab", &[]).with("carol", "lab", &[]);
    let site = Site::new(&specs);
    apply(&site, Selected::Everything);
    site.write(&specs.edited("alice", "compute", Some(json!({"max_vcpus": 5}))));
    assert_eq!(compare(&site, &Selected::Everything, "alice edited"), (3, 1));
}

#[test]
fn a_plan_without_an_apply_notes_nothing_and_a_second_apply_notes_what_is_missing() {
    let site = Site::new(&FleetSpec::of("alice", &[]).with("bob", "main", &[]));
    site.apply_fully();
    assert_eq!(compare(&site, &Selected::Everything, "nothing noted"), (0, 0));
    apply(&site, picked(&site, 1));
    assert_eq!(compare(&site, &picked(&site, 1), "one of two"), (2, 0));
    assert_eq!(compare(&site, &Selected::Everything, "all, one noted"), (0, 0));
    apply(&site, Selected::Everything);
    assert_eq!(compare(&site, &Selected::Everything, "both noted"), (3, 0));
}

#[test]
fn another_pin_counts() {
    let site = Site::new(&FleetSpec::of("alice", &[]));
    apply(&site, Selected::Everything);
    let lock = site.root().join("nfplan.lock");
    let text = std::fs::read_to_string(&lock).unwrap();
    std::fs::write(&lock, text.replace("\"ami-", "\"ami-f")).unwrap();
    let (taken, changed) = compare(&site, &Selected::Everything, "another image");
    assert_eq!((taken, changed), (0, 1));
}
