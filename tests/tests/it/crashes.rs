//! The crash matrix: the process dies right before or right after each append, each other write
//! and each call of each kind of plan. One more apply leaves nothing behind.

use std::panic::AssertUnwindSafe;
use std::panic::catch_unwind;

use nfplan_cli::planning::FleetPlan;
use nfplan_engine::plan::Refresh;
use nfplan_engine::report::UnitResult;
use nfplan_engine::schedule::Recovery;
use nfplan_engine::step::Operation;
use nfplan_engine::step::Step;
use nfplan_tests::mortal::Act;
use nfplan_tests::mortal::Life;
use nfplan_tests::passage::Passage;
use nfplan_tests::passage::meddle_with;
use nfplan_tests::picture::Picture;
use nfplan_tests::picture::assert_same;
use nfplan_tests::site::Site;
use nfplan_tests::site::assert_applied;
use nfplan_tests::site::past_process;
use nfplan_tests::site::result;

/// When the processes die, one after the other, each at this boundary of its life; the last one
/// lives.
#[derive(Debug, Clone, Copy)]
struct Case {
    passage: &'static str,
    /// What those that come after the first do with the run that they find.
    recovery: Recovery,
    /// When the first dies, in its apply.
    first: u64,
    /// When the second dies, in its recovery, if it does.
    second: Option<u64>,
}

/// What all cases of one passage share.
struct Fixture {
    passage: Passage,
    start: Site,
    goal: Picture,
    /// How many boundaries there are to die at.
    boundaries: u64,
}

impl Fixture {
    fn of(passage: &str) -> Self {
        let passage = Passage::named(passage);
        let start = passage.start();
        let goal = passage.goal(&start);
        let (site, life) = (start.fork(), Life::until(None));
        let planned = passage.plan(&site);
        let steps = planned.units.iter().flat_map(|unit| &unit.plan.steps);
        let in_state_only = |step: &&Step| {
            matches!(
                step.operation,
                Operation::Adopt { .. } | Operation::Hold { .. } | Operation::Drop { .. }
            )
        };
        let calls = steps.filter(|step| !in_state_only(step)).count();
        let before = site.appends();
        assert_applied(&site.carry_out_in(&life, planned).unwrap());
        let acts = life.acts();
        let count = |wanted: Act| acts.iter().filter(|act| **act == wanted).count();
        // The trace misses nothing: every step is a call, and every batch an append.
        assert_eq!(count(Act::Call), calls);
        assert_eq!(count(Act::Append), site.appends() - before);
        let boundaries = life.passed();
        assert_eq!(boundaries, 2 * acts.len() as u64);
        Self { passage, start, goal, boundaries }
    }
}

impl Case {
    /// Tries the case; if it fails, says what to paste here to try it alone. Returns whether the
    /// last process that was to die did.
    fn check(&self, fixture: &Fixture) -> bool {
        let tried = catch_unwind(AssertUnwindSafe(|| self.run(fixture)));
        let Self { passage, recovery, first, second } = self;
        tried.unwrap_or_else(|_| {
            panic!(
                "to try it again:\n#[test]\nfn found() {{\n    let recovery = \
                 Recovery::{recovery:?};\n    let (first, second) = ({first}, {second:?});\n    let \
                 case = Case {{ passage: {passage:?}, recovery, first, second }};\n    \
                 case.check(&Fixture::of(case.passage));\n}}"
            )
        })
    }

    fn run(&self, fixture: &Fixture) -> bool {
        let site = fixture.start.fork();
        let planned = fixture.passage.plan(&site);
        let mut died = site.carry_out_in(&Life::until(Some(self.first)), planned).is_none();
        if let Some(second) = self.second {
            died = site.recover_in(&Life::until(Some(second)), self.recovery).is_none();
        }
        if self.recovery == Recovery::Resume {
            site.recover_in(&Life::until(None), self.recovery).unwrap();
        }
        let mut outcomes = fixture.passage.go_again(&site);
        for unit in site.units() {
            // Where nothing was left to do, nobody even took the dead one's lease over.
            let dead = site.unlock(&unit).map(|holder| holder.who);
            let untouched = !outcomes.contains_key(&unit);
            assert!(dead.is_none() || untouched && dead == Some(past_process().who), "{self:?}");
        }
        // A run that was rolled back, with nothing left to do.
        outcomes.retain(|_, outcome| !matches!(result(outcome), Some(UnitResult::RolledBack(_))));
        assert_applied(&outcomes);
        // No orphans, no duplicates, nothing lost.
        assert_same(&Picture::of(&site), &fixture.goal, &format!("{self:?}"));
        let left = fixture.passage.plan_the_rest(&site);
        assert!(left.units.is_empty() && left.open.is_empty(), "{self:?}: {left:#?}");
        died
    }
}

/// Dies everywhere in an apply.
fn die_everywhere(passage: &'static str, recovery: Recovery) {
    let fixture = Fixture::of(passage);
    for first in 0..fixture.boundaries {
        let case = Case { passage, recovery, first, second: None };
        assert!(case.check(&fixture), "{case:?}: it lives");
    }
    let case = Case { passage, recovery, first: fixture.boundaries, second: None };
    assert!(!case.check(&fixture), "{case:?}: it dies");
}

/// Dies everywhere in an apply, and again everywhere in the recovery.
fn die_twice_everywhere(passage: &'static str, recovery: Recovery) {
    let fixture = Fixture::of(passage);
    let mut deaths = 0;
    for first in 0..fixture.boundaries {
        for second in 0.. {
            let case = Case { passage, recovery, first, second: Some(second) };
            if !case.check(&fixture) {
                break;
            }
            deaths += 1;
        }
    }
    assert!(deaths > 5 * fixture.boundaries, "{deaths} deaths");
}

macro_rules! matrix {
    ($($test:ident: $die:ident($passage:literal, $recovery:ident),)*) => {
        $(#[test]
        fn $test() {
            $die($passage, Recovery::$recovery);
        })*
    };
}

matrix! {
    a_create_dies_and_is_rolled_back: die_everywhere("create", RollBack),
    a_create_dies_and_goes_on: die_everywhere("create", Resume),
    an_update_dies_and_is_rolled_back: die_everywhere("update", RollBack),
    a_replacement_dies_and_is_rolled_back: die_everywhere("replace", RollBack),
    a_replacement_dies_and_goes_on: die_everywhere("replace", Resume),
    a_release_dies_and_is_rolled_back: die_everywhere("release", RollBack),
    a_release_dies_and_goes_on: die_everywhere("release", Resume),
    a_resumption_dies_and_is_rolled_back: die_everywhere("resume released", RollBack),
    a_resumption_dies_and_goes_on: die_everywhere("resume released", Resume),
    a_destroy_dies_and_goes_on: die_everywhere("destroy", RollBack),
    a_platform_dies_and_is_rolled_back: die_everywhere("platform", RollBack),
    a_switch_of_environments_dies_twice_and_is_rolled_back: die_twice_everywhere("blue green", RollBack),
    a_change_of_a_platform_dies_twice_and_goes_on: die_twice_everywhere("platform", Resume),
    a_new_key_dies_and_is_rolled_back: die_everywhere("new key", RollBack),
    a_new_key_dies_and_goes_on: die_everywhere("new key", Resume),
    a_rotation_dies_and_is_rolled_back: die_everywhere("rotate", RollBack),
    a_rotation_dies_and_goes_on: die_everywhere("rotate", Resume),
    the_end_of_a_rotation_dies_and_goes_on: die_everywhere("end rotation", RollBack),
    a_revocation_dies_and_is_not_rolled_back: die_everywhere("revoke", RollBack),
    a_revocation_dies_and_goes_on: die_everywhere("revoke", Resume),
    an_adoption_dies_and_is_rolled_back: die_everywhere("adopt", RollBack),
    an_adoption_dies_and_goes_on: die_everywhere("adopt", Resume),
    a_reinstatement_dies_and_is_rolled_back: die_everywhere("reinstate", RollBack),
}

#[test]
fn a_plan_over_an_open_run_shows_what_somebody_changed_elsewhere() {
    let passage = Passage::named("blue green");
    let site = passage.start();
    assert!(site.carry_out_in(&Life::until(Some(9)), passage.plan(&site)).is_none());
    let workspace = site.units().into_iter().find(|unit| unit.user().is_some()).unwrap();
    let role = "iam.role/jobs".parse().unwrap();
    let id = site.state(&workspace).unwrap().current(&role).unwrap().remote_id.clone();
    let changes = |planned: FleetPlan| -> Vec<String> {
        assert_eq!(planned.open, std::slice::from_ref(&workspace));
        let changes = planned.units.iter().flat_map(|unit| unit.plan.changes.clone());
        changes.map(|change| change.address.to_string()).collect()
    };
    let before = changes(site.plan(Refresh::Deep));

    assert!(meddle_with(&site.cloud, &workspace, &role, &id));

    let mut after = changes(site.plan(Refresh::Deep));
    assert!(after.contains(&role.to_string()));
    after.retain(|address| *address != role.to_string());
    assert_eq!(after, before);
}
