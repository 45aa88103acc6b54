//! After a state was brought back from before a change, one apply leads to the end of that change:
//! nothing that was made since is forgotten, and nothing is there twice.

use nfplan_engine::address::UnitId;
use nfplan_state::edit::Change;
use nfplan_state::edit::edit;
use nfplan_state::history::history;
use nfplan_state::holder::Holder;
use nfplan_state::lease::LeaseConfig;
use nfplan_state::lease::acquire;
use nfplan_state::unit::load;
use nfplan_tests::passage::PASSAGES;
use nfplan_tests::passage::Passage;
use nfplan_tests::picture::Picture;
use nfplan_tests::picture::assert_same;
use nfplan_tests::site::Site;
use nfplan_tests::site::StoppedClock;
use nfplan_tests::site::assert_applied;
use nfplan_tests::site::block_on;

/// Brings the state before the last one back.
fn restore(site: &Site, unit: &UnitId, serial: u64) {
    let (store, clock) = (site.store(), StoppedClock);
    block_on(async {
        let head = load(&store, unit).await.unwrap().base.head.unwrap().head;
        let versions = history(&store, &head).await.unwrap().versions;
        let version = versions.into_iter().find(|version| version.serial == serial).unwrap();
        let holder = Holder::this_process("an operator");
        let lease = acquire(&store, unit, holder, &clock, LeaseConfig::local()).await.unwrap();
        edit(&lease, &Change::Restore(Box::new(version))).await.unwrap();
        lease.release(std::time::Duration::ZERO).await.unwrap();
    });
}

/// The serial of each unit's state.
fn serials(site: &Site) -> Vec<(UnitId, u64)> {
    let store = site.store();
    let serial = |unit: UnitId| {
        let head = block_on(load(&store, &unit)).unwrap().base.head.unwrap().head;
        (unit, head.serial)
    };
    site.units().into_iter().map(serial).collect()
}

#[test]
fn what_was_made_after_the_state_that_came_back_is_not_forgotten() {
    // A state from before a rotation does not know of its key, and AWS lets no user have a third.
    for name in PASSAGES.into_iter().filter(|name| *name != "rotate") {
        let passage = Passage::named(name);
        let site = passage.start();
        let before = serials(&site);
        assert_applied(&site.carry_out(passage.plan(&site)));
        let goal = Picture::of(&site);
        for (unit, serial) in before {
            restore(&site, &unit, serial);
        }

        assert_applied(&passage.go_again(&site));

        assert_same(&Picture::of(&site), &goal, name);
        let left = passage.plan_the_rest(&site);
        assert!(left.units.is_empty(), "{name}: {left:#?}");
    }
}
