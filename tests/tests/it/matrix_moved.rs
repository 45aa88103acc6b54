//! Somebody changes an object while an apply is under way: what was not planned from is not
//! deleted.

use std::cell::RefCell;
use std::collections::BTreeSet;

use nfplan_engine::address::Address;
use nfplan_engine::event::Event;
use nfplan_engine::observer::Observer;
use nfplan_engine::plan::UnitPlan;
use nfplan_engine::report::UnitResult;
use nfplan_engine::step::Operation;
use nfplan_providers::sim::Sim;
use nfplan_tests::passage::Passage;
use nfplan_tests::passage::meddle_with;
use nfplan_tests::picture::Picture;
use nfplan_tests::site::assert_applied;
use nfplan_tests::site::result;

/// Changes every object that a plan deletes, as soon as something happens.
struct Meddler {
    cloud: Sim,
    /// What has to happen.
    when: fn(&Event) -> bool,
    met: RefCell<BTreeSet<Address>>,
}

impl Observer for Meddler {
    fn observe(&self, plan: &UnitPlan, event: &Event) {
        if !(self.when)(event) || !self.met.borrow().is_empty() {
            return;
        }
        for step in &plan.steps {
            let Operation::Delete { remote_id, .. } = &step.operation else { continue };
            if meddle_with(&self.cloud, &plan.unit, &step.address, remote_id) {
                self.met.borrow_mut().insert(step.address.clone());
            }
        }
    }
}

#[test]
fn what_somebody_changed_after_the_commit_point_is_named_and_not_deleted() {
    let passage = Passage::named("destroy");
    let site = passage.start();
    let (cloud, when) = (site.cloud.clone(), |event: &Event| *event == Event::Committed);
    let meddler = Meddler { cloud, when, met: RefCell::default() };
    let workspace = site.units().into_iter().find(|unit| unit.user().is_some()).unwrap();

    let outcomes = site.carry_out_watched(passage.plan(&site), &meddler);

    let Some(UnitResult::AppliedWithLeftovers(left)) = result(&outcomes[&workspace]) else {
        panic!("{outcomes:#?}")
    };
    let named: BTreeSet<Address> = left.iter().map(|leftover| leftover.address.clone()).collect();
    let met = meddler.met.into_inner();
    assert!(met.len() > 8 && named.is_superset(&met), "{met:?} {named:?}");
    let there = Picture::of(&site).unit(&workspace);
    let tagged = met.iter().filter(|address| address.resource_type.as_str() != "iam.access_key");
    for address in tagged {
        assert!(there.contains_key(&address.to_string()), "{address} is gone");
    }
    assert_applied(&passage.go_again(&site));
    assert!(Picture::of(&site).workspaces().is_empty());
}

#[test]
fn what_somebody_changed_before_it_makes_room_for_its_successor_rolls_the_unit_back() {
    let passage = Passage::named("update");
    let site = passage.start();
    // The profile has to wait for its role, which is updated first.
    let profile: Address = "iam.instance_profile/instance".parse().unwrap();
    let planned = site.plan_replacing(vec![profile.clone()]);
    let plan = planned.units[0].plan.clone();
    let delete = plan.steps.iter().find(|step| step.address == profile).unwrap();
    let id = delete.remote_id().unwrap().clone();
    let change = Change { cloud: site.cloud.clone(), id: id.to_string() };

    let outcomes = site.carry_out_watched(planned, &change);

    let Some(UnitResult::RolledBack(_)) = result(&outcomes[&plan.unit]) else {
        panic!("{outcomes:#?}")
    };
    let objects = site.cloud.objects(plan.unit.place()).unwrap();
    let kept = objects
        .iter()
        .find(|object| object.resource_type == "iam.instance_profile" && object.remote_id == id)
        .unwrap();
    assert!(kept.attributes.get("tags").unwrap().to_string().contains("theirs"));
    assert_applied(&passage.go_again(&site));
}

/// Tags an instance profile as soon as the run is open.
struct Change {
    cloud: Sim,
    id: String,
}

impl Observer for Change {
    fn observe(&self, plan: &UnitPlan, event: &Event) {
        if matches!(event, Event::Opened { .. }) {
            let target = ("iam.instance_profile", &*self.id);
            let tags = serde_json::from_str(r#"{"whose":"theirs"}"#).unwrap();
            let client = self.cloud.other_client();
            client.set_attribute(plan.unit.place(), target, "tags", Some(tags)).unwrap();
        }
    }
}
