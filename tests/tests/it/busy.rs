//! A compute environment in which jobs run is left to them: by a rollback, which may differ from
//! before in nothing else, and by whoever deletes the one that was replaced.

use std::collections::BTreeSet;

use nfplan_engine::address::Address;
use nfplan_engine::address::RemoteId;
use nfplan_engine::address::UnitId;
use nfplan_engine::report::UnitResult;
use nfplan_engine::value::Value;
use nfplan_tests::passage::Passage;
use nfplan_tests::picture::Picture;
use nfplan_tests::picture::assert_same;
use nfplan_tests::site::Site;
use nfplan_tests::site::assert_applied;
use nfplan_tests::site::result;

const ENVIRONMENT: &str = "batch.compute_environment";

fn alice(site: &Site) -> UnitId {
    site.units().into_iter().find(|unit| unit.user().is_some()).unwrap()
}

fn current(site: &Site, address: &str) -> RemoteId {
    let address: Address = address.parse().unwrap();
    site.state(&alice(site)).unwrap().current(&address).unwrap().remote_id.clone()
}

/// What awaits deletion, by type and id.
fn awaiting(site: &Site) -> BTreeSet<(String, RemoteId)> {
    let entries = site.state(&alice(site)).unwrap().entries.into_iter();
    let pairs = entries.flat_map(|(address, entry)| {
        entry.deposed.into_iter().map(move |one| (address.resource_type.to_string(), one.remote_id))
    });
    pairs.collect()
}

/// A picture without the job and the objects that await deletion.
fn without_remains(site: &Site, queue: &RemoteId, job: &str) -> Picture {
    let (remains, site) = (awaiting(site), site.fork());
    let unit = alice(&site);
    site.cloud.other_client().end_job(unit.place(), queue.as_str(), job).unwrap();
    for (resource_type, id) in remains {
        let client = site.cloud.other_client();
        client.delete_object(unit.place(), &resource_type, id.as_str()).unwrap();
    }
    Picture::of(&site)
}

fn state_of(site: &Site, environment: &RemoteId) -> Option<Value> {
    let objects = site.cloud.objects(alice(site).place()).unwrap().into_iter();
    let found = objects.filter(|one| one.resource_type == ENVIRONMENT);
    let mut found = found.filter(|one| one.remote_id == *environment);
    found.next().and_then(|one| one.attributes.get("state").cloned())
}

#[test]
fn an_environment_that_took_jobs_before_its_run_is_rolled_back_stays_until_they_end() {
    let passage = Passage::named("blue green");
    let start = passage.start();
    let (before, goal) = (Picture::of(&start), passage.goal(&start));
    let queue = current(&start, "batch.job_queue/main");
    let unit = alice(&start);
    let mut stayed = 0;
    for calls in 1.. {
        let site = start.fork();
        let outcome = site.apply_until(calls).remove(&unit).unwrap();
        if result(&outcome) != Some(&UnitResult::Interrupted) {
            break;
        }
        let client = site.cloud.other_client();
        let job = client.run_job(unit.place(), queue.as_str()).unwrap();

        let recovered = site.recover();

        let context = format!("{calls} calls: {recovered:#?}");
        let recovered = result(&recovered[&unit]).unwrap();
        let remains = awaiting(&site);
        if let UnitResult::RolledBack(_) = recovered {
            assert_same(&without_remains(&site, &queue, &job), &before, &context);
            let green = remains.iter().find(|(of, _)| of == ENVIRONMENT);
            if let Some((_, green)) = green {
                assert_eq!(state_of(&site, green), Some("DISABLED".into()), "{context}");
                stayed += 1;
            }
        } else {
            assert!(
                matches!(recovered, UnitResult::AppliedWithLeftovers(_) | UnitResult::Applied),
                "{context}"
            );
        }
        // As long as the job runs nothing is lost by going on.
        let again = site.apply();
        for outcome in again.values() {
            let good = matches!(
                result(outcome),
                Some(UnitResult::Applied | UnitResult::AppliedWithLeftovers(_))
            );
            assert!(good, "{context}: {again:#?}");
        }
        client.end_job(unit.place(), queue.as_str(), &job).unwrap();
        assert_applied(&site.apply());
        assert_same(&Picture::of(&site), &goal, &context);
        assert_eq!(awaiting(&site), BTreeSet::new(), "{context}");
    }
    assert!(stayed > 0, "no environment took a job before its run was rolled back");
}

#[test]
fn an_environment_that_was_replaced_goes_once_its_jobs_have_ended() {
    let passage = Passage::named("blue green");
    let site = passage.start();
    let goal = passage.goal(&site);
    let (unit, queue) = (alice(&site), current(&site, "batch.job_queue/main"));
    let client = site.cloud.other_client();
    let job = client.run_job(unit.place(), queue.as_str()).unwrap();
    for _ in 0..2 {
        let outcomes = site.apply();
        let Some(UnitResult::AppliedWithLeftovers(left)) = result(&outcomes[&unit]) else {
            panic!("{outcomes:#?}")
        };
        assert!(left.iter().any(|one| one.address.resource_type.as_str() == ENVIRONMENT));
    }
    client.end_job(unit.place(), queue.as_str(), &job).unwrap();
    assert_applied(&site.apply());
    assert_same(&Picture::of(&site), &goal, "once the job has ended");
}
