//! Many units side by side: those that fail leave the others alone.

use std::collections::BTreeSet;
use std::env;

use nfplan_cli::exit::Exit;
use nfplan_engine::address::Place;
use nfplan_engine::address::UnitId;
use nfplan_engine::plan::Refresh;
use nfplan_engine::provider::ErrorKind;
use nfplan_engine::report::UnitResult;
use nfplan_providers::sim::Fault;
use nfplan_providers::sim::FaultMode;
use nfplan_providers::sim::FaultPoint;
use nfplan_providers::sim::StepAction;
use nfplan_tests::picture::Picture;
use nfplan_tests::site::Site;
use nfplan_tests::site::assert_applied;
use nfplan_tests::site::result;
use nfplan_tests::site::rolled_back;
use nfplan_tests::spec::FleetSpec;

const ACCOUNTS: usize = 25;

/// How many workspaces fail.
const FAILING: usize = 7;

/// `NFPLAN_TEST_WORKSPACES` sets another number: 1000 take less than a minute in a debug build on a
/// machine that has nothing else to do.
fn workspaces() -> usize {
    env::var("NFPLAN_TEST_WORKSPACES").map_or(100, |text| text.parse().unwrap())
}

fn fleet(workspaces: usize) -> FleetSpec {
    let account = |number: usize| format!("account-{number}");
    let place = |number: usize| -> Place {
        format!("{:012}.us-east-1", 555_500_000_000 + number as u64).parse().unwrap()
    };
    let accounts = (0..ACCOUNTS).map(|number| (account(number), place(number))).collect();
    let specs = FleetSpec { accounts, ..FleetSpec::default() };
    (0..workspaces).fold(specs, |specs, number| {
        specs.with(&format!("user-{number}"), &account(number % ACCOUNTS), &[])
    })
}

/// Lets a late call of these units fail, each in another way.
fn fail(site: &Site, units: &BTreeSet<UnitId>) {
    let steps = [
        ("batch.job_queue/main", FaultMode::BeforeEffect),
        ("iam.access_key/client", FaultMode::AfterEffect),
        ("secretsmanager.current_version/client", FaultMode::BeforeEffect),
        ("batch.compute_environment/main", FaultMode::AfterEffect),
        ("ec2.instance/proxy", FaultMode::AfterEffect),
        ("iam.user/client", FaultMode::BeforeEffect),
        ("ec2.vpc/main", FaultMode::AfterEffect),
    ];
    for (unit, (address, mode)) in units.iter().zip(steps) {
        let (unit, action) = (Some(unit.clone()), StepAction::Create);
        let at = FaultPoint::Step { unit, address: address.parse().unwrap(), action };
        site.cloud.inject(Fault { at, mode, kind: ErrorKind::Internal, times: 1 });
    }
}

#[test]
fn of_a_fleet_in_many_accounts_only_the_units_that_fail_are_as_before() {
    let count = workspaces();
    let site = Site::new(&fleet(count));
    let planned = site.plan(Refresh::Bulk);
    let units = planned.units.iter().map(|unit| unit.plan.unit.clone());
    let units: Vec<UnitId> = units.filter(|unit| unit.user().is_some()).collect();
    assert_eq!(units.len(), count);
    let failing = units.into_iter().step_by(count / FAILING).take(FAILING);
    let failing: BTreeSet<UnitId> = failing.collect();
    fail(&site, &failing);

    let outcomes = site.carry_out(planned);

    assert_eq!(rolled_back(&outcomes), failing);
    let applied = outcomes.values().filter(|outcome| result(outcome) == Some(&UnitResult::Applied));
    assert_eq!(applied.count(), ACCOUNTS + count - FAILING);
    let exit = outcomes.values().map(nfplan_cli::applying::UnitOutcome::exit);
    assert_eq!(exit.fold(Exit::Fine, Exit::worse), Exit::RolledBack);
    let there = Picture::of(&site);
    assert_eq!(there.workspaces().len(), count - FAILING);
    assert!(failing.iter().all(|unit| there.unit(unit).is_empty()));

    let again = site.apply();

    assert_applied(&again);
    assert_eq!(again.into_keys().collect::<BTreeSet<_>>(), failing);
    assert!(site.plan(Refresh::Deep).units.is_empty());
    assert_eq!(Picture::of(&site).workspaces().len(), count);
}
