//! How many requests it takes to look at many workspaces, and that looking is all it takes when
//! nothing changed. The figures are the budget that the project set itself: at most thirty for fifty
//! workspaces, and eight more for each of them where everything is read: two flags of the network,
//! the proxy's user data, the user's keys and password, and the tags of two policies and of the
//! profile, which AWS shows one at a time only.

use std::collections::BTreeMap;

use nfplan_engine::plan::Refresh;
use nfplan_tests::spec::FleetSpec;
use serde_json::json;

use crate::faults::assert_good;
use crate::faults::changes;
use crate::kit::block_on;
use crate::kit::calls;
use crate::kit::set_faults;
use crate::site::Site;

/// Of each kind of request how many.
type Counts = BTreeMap<String, usize>;

/// The requests since this was last asked; roles, which are taken once for a process, left out.
fn requests() -> Counts {
    let mut counts = Counts::new();
    for [service, operation, _] in calls().into_iter().filter(|[service, ..]| service != "sts") {
        *counts.entry(format!("{service}:{operation}")).or_default() += 1;
    }
    set_faults(&json!([]));
    counts
}

fn total(counts: &Counts) -> usize {
    counts.values().sum()
}

/// The requests of a plan that finds nothing to do.
fn planning(site: &Site, refresh: Refresh) -> Counts {
    requests();
    let (_, planned) = block_on(site.plan(refresh));
    assert_eq!(planned.units.len(), 0, "{:#?}", planned.units);
    requests()
}

#[test]
fn many_workspaces_are_read_in_a_few_requests_and_more_of_them_in_as_many() {
    set_faults(&json!([]));
    let site = Site::in_account("700000000006");
    let mut specs = FleetSpec::default();
    let mut grow = |to: usize| {
        for number in 0..to {
            specs = specs.clone().with(&format!("u{number:02}@example.org"), "main", &[]);
        }
        site.write(&specs);
        assert_good(&block_on(site.apply()), "an apply");
    };
    grow(6);
    let few = planning(&site, Refresh::Bulk);
    grow(12);
    let many = planning(&site, Refresh::Bulk);
    assert!(total(&many) <= 30, "{} requests: {many:#?}", total(&many));
    // A page holds a hundred objects or more: up to fifty workspaces, pages do not count either.
    assert_eq!(many, few, "the requests grow with the workspaces");

    let deep = planning(&site, Refresh::Deep);
    assert!(total(&deep) <= 30 + 8 * 12, "{} requests: {deep:#?}", total(&deep));

    assert_good(&block_on(site.apply()), "nothing to do");
    let again = requests();
    let is_change = |name: &&String| changes(name.split_once(':').unwrap().1);
    let changing: Vec<&String> = again.keys().filter(is_change).collect();
    assert!(changing.is_empty(), "{changing:?}");
}
