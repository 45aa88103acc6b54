//! A call that is on its way while its process is silent arrives after another one took over.

use std::time::Duration;

use nfplan_cli::applying::Outcomes;
use nfplan_cli::applying::Workshop;
use nfplan_cli::planning::FleetPlan;
use nfplan_engine::apply::OnFailure;
use nfplan_engine::event::Event;
use nfplan_engine::observer::Observer;
use nfplan_engine::plan::UnitPlan;
use nfplan_engine::schedule::Recovery;
use nfplan_state::holder::Holder;
use nfplan_state::lease::LeaseConfig;
use nfplan_state::stores::AnyStore;
use nfplan_tests::late::DEADLINE;
use nfplan_tests::late::HORIZON;
use nfplan_tests::late::Late;
use nfplan_tests::late::VirtualClock;
use nfplan_tests::passage::Passage;
use nfplan_tests::picture::Picture;
use nfplan_tests::picture::assert_same;
use nfplan_tests::site::Site;
use nfplan_tests::site::assert_applied;
use nfplan_tests::site::past_process;

const KEY: &str = "iam.access_key";

struct Nobody;

impl Observer for Nobody {
    fn observe(&self, _: &UnitPlan, _: &Event) {}
}

/// A process with its own way to the cloud.
struct Process<'a> {
    store: &'a AnyStore,
    cloud: Late<'a>,
    holder: Holder,
}

impl Process<'_> {
    fn workshop<'w>(
        &'w self,
        clock: &'w VirtualClock,
    ) -> Workshop<'w, AnyStore, Late<'w>, VirtualClock, Nobody> {
        let (store, provider, holder) = (self.store, &self.cloud, self.holder.clone());
        let (lease, on_failure) = (LeaseConfig::local(), OnFailure::RollBack);
        Workshop { store, provider, clock, observer: &Nobody, holder, lease, on_failure }
    }

    /// Applies until its call is held; whether one was.
    fn apply_until_held(&self, clock: &VirtualClock, planned: FleetPlan) -> bool {
        let workshop = self.workshop(clock);
        let work = workshop.apply(planned.units, std::future::pending());
        let silence = async {
            futures_util::future::select(
                std::pin::pin!(work),
                std::pin::pin!(std::future::poll_fn(|_| {
                    if self.cloud.is_holding() {
                        std::task::Poll::Ready(())
                    } else {
                        std::task::Poll::Pending
                    }
                })),
            )
            .await;
        };
        clock.run(silence, Duration::MAX, || {});
        self.cloud.is_holding()
    }

    /// Ends all open runs. Meanwhile something happens, at its time.
    fn recover(
        &self,
        site: &Site,
        clock: &VirtualClock,
        at: Duration,
        event: impl FnOnce(),
    ) -> Outcomes {
        let workshop = self.workshop(clock);
        let work = async {
            let mut outcomes = Outcomes::new();
            for unit in site.units() {
                let never = std::future::pending();
                let ended = workshop.recover(&unit, Recovery::RollBack, never).await;
                outcomes.extend(ended.unwrap().map(|outcome| (unit, outcome)));
            }
            outcomes
        };
        clock.run(work, at, event).expect("a recovery comes to its end")
    }
}

/// The call of each number of a passage is held and arrives so long after it was sent; whether
/// somebody can see that its process is gone.
fn arrive_after(passage: &str, late: Duration, seen_gone: bool) {
    let passage = Passage::named(passage);
    let start = passage.start();
    let goal = passage.goal(&start);
    for number in 0.. {
        let context = format!("call {number} of {}, {late:?} late", passage.name);
        let site = start.fork();
        let (store, clock) = (site.store(), VirtualClock::default());
        let this = Holder::this_process("another process");
        let holder = if seen_gone { past_process() } else { this.clone() };
        let first = Process { store: &store, cloud: Late::new(&site.cloud, Some(number)), holder };
        if !first.apply_until_held(&clock, passage.plan(&site)) {
            assert!(number > 0, "{context}: nothing was held");
            return;
        }
        let second = Process { store: &store, cloud: Late::new(&site.cloud, None), holder: this };
        second.recover(&site, &clock, late, || {
            first.cloud.deliver();
        });
        assert!(
            !first.cloud.is_holding() || late > DEADLINE + HORIZON,
            "{context}: not waited for"
        );
        // Keys have no tags: of one that comes when all is over, nobody knows whose it is.
        let key = first.cloud.held().filter(|held| held.resource_type.as_str() == KEY);
        if key.is_some() {
            continue;
        }
        if number % 2 == 1 {
            assert_applied(&passage.go_again(&site));
        }
        first.cloud.deliver();
        assert_applied(&passage.go_again(&site));
        assert_same(&Picture::of(&site), &goal, &context);
        assert!(passage.plan_the_rest(&site).units.is_empty(), "{context}");
    }
}

#[test]
fn a_call_that_arrives_in_time_leaves_nothing_behind() {
    for late in [Duration::ZERO, DEADLINE, DEADLINE + HORIZON] {
        for seen_gone in [true, false] {
            for passage in ["blue green", "release"] {
                arrive_after(passage, late, seen_gone);
            }
        }
    }
}

#[test]
fn a_create_that_arrives_in_time_leaves_nothing_behind() {
    arrive_after("create", DEADLINE + HORIZON, true);
}

#[test]
fn a_create_that_arrives_too_late_is_found_by_the_next_apply() {
    arrive_after("create", Duration::MAX, true);
}

#[test]
fn any_call_that_arrives_too_late_is_made_good_by_the_next_apply() {
    for passage in ["blue green", "suspend", "release", "resume", "platform"] {
        arrive_after(passage, Duration::MAX, true);
    }
}
