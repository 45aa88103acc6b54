//! The fault matrix: each call of each kind of plan fails in each way, and so do the undo calls
//! that follow. A unit ends as before, as planned but for what is named, or stuck with what is
//! left named; one more apply ends it cleanly.
//!
//! What may differ from the picture before is closed in two places: what a picture leaves out
//! ([`nfplan_tests::picture`]), and what [`without_kept`] and [`is_at`] say. Nobody runs jobs meanwhile;
//! `busy` has a compute environment that takes some.

use std::collections::BTreeMap;
use std::collections::BTreeSet;
use std::panic::AssertUnwindSafe;
use std::panic::catch_unwind;

use nfplan_cli::applying::UnitOutcome;
use nfplan_engine::address::Address;
use nfplan_engine::address::UnitId;
use nfplan_engine::plan::UnitPlan;
use nfplan_engine::provider::ErrorKind;
use nfplan_engine::report::Leftover;
use nfplan_engine::report::Report;
use nfplan_engine::report::UnitResult;
use nfplan_engine::step::Operation;
use nfplan_engine::step::Stage;
use nfplan_engine::step::Undo;
use nfplan_engine::value::Attributes;
use nfplan_engine::value::Value;
use nfplan_providers::sim::Fault;
use nfplan_providers::sim::FaultMode;
use nfplan_providers::sim::FaultPoint;
use nfplan_tests::passage::PASSAGES;
use nfplan_tests::passage::Passage;
use nfplan_tests::picture::Objects;
use nfplan_tests::picture::Picture;
use nfplan_tests::picture::assert_same;
use nfplan_tests::site::Site;
use nfplan_tests::site::assert_applied;
use nfplan_tests::site::result;
use nfplan_tests::site::rolled_back;

/// How the calls after the one that failed go.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Then {
    /// They work.
    Works,
    /// Every one is refused.
    Fails,
    /// The next one fails in this way.
    FailsOnce(FaultMode),
}

/// One cell of the matrix.
#[derive(Debug, Clone, Copy)]
struct Case {
    /// The way to go.
    passage: &'static str,
    /// Which mutating request fails, counted from 1.
    number: u64,
    /// How it fails.
    mode: FaultMode,
    /// How the later ones go.
    then: Then,
}

/// What all cases of one passage share.
struct Fixture {
    passage: Passage,
    start: Site,
    before: Picture,
    goal: Picture,
    requests: u64,
}

impl Fixture {
    fn of(passage: &str) -> Self {
        let passage = Passage::named(passage);
        let start = passage.start();
        let (before, goal) = (Picture::of(&start), passage.goal(&start));
        let site = start.fork();
        let planned = passage.plan(&site);
        assert_applied(&site.carry_out(planned));
        let requests = site.cloud.call_count().writes;
        Self { passage, start, before, goal, requests }
    }
}

/// Takes out of a picture the attributes that a rollback leaves changed on purpose, because they
/// make things safer.
fn without_kept(mut objects: Objects, plan: &UnitPlan) -> Objects {
    for step in plan.steps.iter().filter(|step| step.undo == Undo::Keep) {
        let Operation::Update { changed, .. } = &step.operation else { continue };
        for (_, attributes) in objects.iter_mut().filter(|(name, _)| is_at(name, &step.address)) {
            attributes.retain(|name, _| !changed.contains(&**name));
        }
    }
    objects
}

/// Whether an object of a picture is at an address. Objects without tags are called by their ids.
/// The version that a secret gives out goes with the secret, and it is of no account without its
/// key; a key whose secret is not delivered yet has a file.
fn is_at(object: &str, address: &Address) -> bool {
    let resource_type = address.resource_type.as_str();
    let goes_along: &[&str] = match resource_type {
        "secretsmanager.secret" => &["secretsmanager.current_version "],
        "iam.access_key" => &["secretsmanager.current_version ", "file "],
        "file.credentials" => &["file "],
        _ => &[],
    };
    object.split(" #").next() == Some(&address.to_string())
        || object.starts_with(&format!("{resource_type} "))
        || goes_along.iter().any(|start| object.starts_with(start))
}

/// The attributes of all objects in a unit's place, by what the cloud calls them.
fn raw(site: &Site, unit: &UnitId) -> BTreeMap<(&'static str, String), Attributes> {
    let objects = site.cloud.objects(unit.place()).unwrap().into_iter();
    objects.map(|o| ((o.resource_type, o.remote_id.to_string()), o.attributes)).collect()
}

/// The objects that are not the same in two pictures of a unit.
fn differences(one: &Objects, other: &Objects) -> BTreeSet<String> {
    let names = one.keys().chain(other.keys());
    names.filter(|name| one.get(*name) != other.get(*name)).cloned().collect()
}

/// Expects all that differs to be named.
fn assert_named(differing: &BTreeSet<String>, named: &[Leftover], context: &str) {
    for object in differing {
        let found = named.iter().any(|leftover| is_at(object, &leftover.address));
        assert!(found, "{context}: {object} differs and is not named: {named:#?}");
    }
}

impl Case {
    fn inject(&self, site: &Site) {
        let fault = |number, mode, times| Fault {
            at: FaultPoint::NthMutatingCall(number),
            mode,
            kind: ErrorKind::Internal,
            times,
        };
        site.cloud.inject(fault(self.number, self.mode, 1));
        match self.then {
            Then::Works => {}
            Then::Fails => {
                site.cloud.inject(fault(self.number + 1, FaultMode::BeforeEffect, u32::MAX));
            }
            Then::FailsOnce(mode) => site.cloud.inject(fault(self.number + 1, mode, 1)),
        }
    }

    /// Tries the case; if it fails, says what to paste here to try it alone.
    fn check(&self, fixture: &Fixture) {
        let tried = catch_unwind(AssertUnwindSafe(|| self.run(fixture)));
        assert!(tried.is_ok(), "to try it again:\n{}", self.test());
    }

    fn test(&self) -> String {
        let Self { passage, number, mode, then } = self;
        let then = format!("{then:?}").replace('(', "(FaultMode::");
        format!(
            "#[test]\nfn found() {{\n    let (number, mode, then) = ({number}, FaultMode::{mode:?}, \
             Then::{then});\n    let case = Case {{ passage: {passage:?}, number, mode, then }};\n    \
             case.check(&Fixture::of(case.passage));\n}}"
        )
    }

    fn run(&self, fixture: &Fixture) {
        let site = fixture.start.fork();
        let planned = fixture.passage.plan(&site);
        let plans: Vec<UnitPlan> = planned.units.iter().map(|unit| unit.plan.clone()).collect();
        self.inject(&site);
        let outcomes = site.carry_out(planned);
        site.cloud.clear_faults();
        let mut undone = rolled_back(&outcomes);
        let after = Picture::of(&site);
        for plan in &plans {
            match &outcomes[&plan.unit] {
                UnitOutcome::Ran(report) => {
                    self.judge(fixture, plan, report, &after);
                    if let UnitResult::Stuck(named) = &report.result {
                        self.assert_left(fixture, &site, plan, named);
                    }
                }
                outcome => {
                    let platform = outcomes.get(&plan.unit.platform());
                    let blocked = platform.and_then(result) != Some(&UnitResult::Applied);
                    assert!(blocked && plan.unit.user().is_some(), "{self:?}: {outcome:#?}");
                }
            }
        }
        let again = fixture.passage.go_again(&site);
        for (unit, outcome) in &again {
            let was_stuck =
                matches!(outcomes.get(unit).and_then(result), Some(UnitResult::Stuck(_)));
            let good = match result(outcome) {
                Some(UnitResult::Applied) => true,
                // Nothing is left to do once it is as before.
                Some(UnitResult::RolledBack(_)) => was_stuck,
                _ => false,
            };
            assert!(good, "{self:?}: again: {unit}: {outcome:#?}");
        }
        undone.extend(rolled_back(&again));
        let end = if self.passage == "new key" && !undone.is_empty() {
            &fixture.before
        } else {
            &fixture.goal
        };
        assert_same(&Picture::of(&site), end, &format!("{self:?}, again"));
        if self.number.is_multiple_of(3) {
            let left = fixture.passage.plan_the_rest(&site);
            assert!(left.units.is_empty(), "{self:?}: {left:#?}");
        }
    }

    /// Checks what became of one unit against what its report says.
    fn judge(&self, fixture: &Fixture, plan: &UnitPlan, report: &Report, after: &Picture) {
        let context = format!("{self:?}: {report:#?}\n{self:?}");
        let unit: &UnitId = &plan.unit;
        let only = |picture: &Picture| without_kept(picture.unit(unit), plan);
        let changed = differences(&only(&fixture.before), &only(after));
        let missing = differences(&fixture.goal.unit(unit), &after.unit(unit));
        let failed_in = |stage: Stage| {
            let mut failures = report.failures.iter();
            failures.any(|failure| plan.steps[failure.step.0 as usize].stage == stage)
        };
        match &report.result {
            UnitResult::RolledBack(_) => {
                assert!(failed_in(Stage::Build), "{context}");
                assert!(changed.is_empty(), "{context}: {changed:#?} differ from before");
            }
            UnitResult::Applied => {
                assert!(missing.is_empty(), "{context}: {missing:#?} are not as planned");
            }
            UnitResult::AppliedWithLeftovers(named) => {
                assert!(failed_in(Stage::Retire), "{context}");
                assert_named(&missing, named, &context);
            }
            UnitResult::Stuck(named) => {
                assert!(self.may_be_stuck(report), "{context}");
                let parks = |object: &str| {
                    let parked = |undo: &Undo| matches!(undo, Undo::Park { .. });
                    let mut steps = plan.steps.iter().filter(|step| parked(&step.undo));
                    steps.any(|step| is_at(object, &step.address))
                };
                let left: BTreeSet<_> = changed.into_iter().filter(|name| !parks(name)).collect();
                // A claim on one object tells in a picture whose others are: see `assert_left`.
                let left = if self.passage == "adopt" { BTreeSet::new() } else { left };
                assert_named(&left, named, &context);
            }
            UnitResult::Interrupted | UnitResult::Stopped => panic!("{context}"),
        }
    }

    /// Expects what is called stuck not to be as it was, and of what is taken over nothing else.
    fn assert_left(&self, fixture: &Fixture, site: &Site, plan: &UnitPlan, named: &[Leftover]) {
        let (before, after) = (raw(&fixture.start, &plan.unit), raw(site, &plan.unit));
        for Leftover { address, remote_id } in named {
            let id = remote_id.as_ref().unwrap_or_else(|| panic!("{self:?}: {address} has no id"));
            let at = |((of, is), _): &(&(&str, String), _)| {
                *of == address.resource_type.as_str() && *is == id.as_str()
            };
            let is_file = site.root().join(id.as_str()).exists();
            let changed = before.iter().find(at) != after.iter().find(at);
            // A successor in the same slot is not told apart from the object that made room.
            let in_slot = self.passage == "in slot";
            // It is in the state, because what it is needed by could not be let go.
            let taken_over = self.passage == "adopt";
            assert!(
                is_file || changed || in_slot || taken_over,
                "{self:?}: {address} {id} is as it was"
            );
        }
        let is_named = |(of, is): &(&str, String)| {
            let mut named = named.iter();
            named.any(|Leftover { address, remote_id }| {
                let id = remote_id.as_ref().map(nfplan_engine::address::RemoteId::as_str);
                *of == address.resource_type.as_str() && Some(is.as_str()) == id
            })
        };
        let is_of_unit = |attributes: &Attributes| {
            let tags = attributes.get("tags").and_then(Value::as_map);
            let unit = tags.and_then(|tags| tags.get("nfplan:unit")?.as_text());
            unit == Some(plan.unit.to_string().as_str())
        };
        let claimed = after.iter().filter(|(_, attributes)| is_of_unit(attributes));
        let mut claimed = claimed.map(|(key, _)| key).filter(|_| self.passage == "adopt");
        let left = claimed.find(|key| before.get(*key) != after.get(*key) && !is_named(key));
        assert_eq!(left, None, "{self:?}: is not named");
    }

    /// Nothing is stuck but where undoing was made to fail for good, or an object had made room.
    fn may_be_stuck(&self, report: &Report) -> bool {
        let mut undoing = report.failures.iter().filter(|failure| failure.undoing);
        undoing.any(|failure| {
            let in_slot = self.passage == "in slot" && failure.error.code == "Irreversible";
            self.then == Then::Fails || in_slot
        })
    }
}

const MODES: [FaultMode; 3] =
    [FaultMode::BeforeEffect, FaultMode::AfterEffect, FaultMode::AnswerLost];

/// Passages that are long, and made of steps that others have too: of each request, one mode.
const THINNED: [&str; 2] = ["new network", "everything"];

/// Tries every request of a passage.
fn fail_everywhere(passage: &'static str) {
    let fixture = Fixture::of(passage);
    for number in 1..=fixture.requests {
        let turn = usize::try_from(number).unwrap();
        let modes = if THINNED.contains(&passage) { &MODES[turn % 3..][..1] } else { &MODES };
        for mode in modes.iter().copied() {
            for then in [Then::Works, Then::Fails] {
                Case { passage, number, mode, then }.check(&fixture);
            }
        }
        // An undo call that had its effect all the same, or part of it, is no reason to be stuck.
        let then = Then::FailsOnce(MODES[1 + turn % 2]);
        Case { passage, number, mode: FaultMode::BeforeEffect, then }.check(&fixture);
    }
}

macro_rules! matrix {
    ($($test:ident: $passage:literal,)*) => {
        $(#[test]
        fn $test() {
            fail_everywhere($passage);
        })*

        #[test]
        fn every_passage_is_in_the_matrix() {
            assert_eq!(PASSAGES, [$($passage),*]);
        }
    };
}

matrix! {
    whatever_fails_while_a_workspace_is_created: "create",
    whatever_fails_while_everything_is_updated_in_place: "update",
    whatever_fails_while_a_drift_is_mended: "mend",
    whatever_fails_while_machines_and_credentials_are_replaced: "replace",
    whatever_fails_while_a_network_is_replaced: "new network",
    whatever_fails_while_a_key_is_replaced: "new key",
    whatever_fails_while_a_key_is_rotated: "rotate",
    whatever_fails_while_a_rotation_ends: "end rotation",
    whatever_fails_while_access_is_revoked: "revoke",
    whatever_fails_while_access_is_given_back: "reinstate",
    whatever_fails_while_everything_is_taken_over: "adopt",
    whatever_fails_while_an_object_makes_room_for_its_successor: "in slot",
    whatever_fails_while_another_compute_environment_takes_over: "blue green",
    whatever_fails_while_a_workspace_is_suspended: "suspend",
    whatever_fails_while_a_workspace_is_suspended_and_released: "release",
    whatever_fails_while_a_workspace_is_resumed: "resume",
    whatever_fails_while_a_released_workspace_is_resumed: "resume released",
    whatever_fails_while_everything_is_destroyed: "destroy",
    whatever_fails_while_a_platform_is_changed: "platform",
    whatever_fails_while_platform_and_workspace_are_created: "everything",
}
