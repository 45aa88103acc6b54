//! The simulated cloud's resource types pass the suite that those on AWS pass.

use std::collections::BTreeSet;

use nfplan_providers::registry::schemas;
use nfplan_state::unit::load;
use nfplan_tests::conformance::Judge;
use nfplan_tests::conformance::specs;
use nfplan_tests::conformance::types_of;
use nfplan_tests::site::Site;
use nfplan_tests::site::assert_applied;
use nfplan_tests::site::block_on;

#[test]
fn every_type_of_the_simulated_cloud_does_what_the_provider_port_promises() {
    let site = Site::new(&specs());
    site.apply_fully();
    let store = site.store();
    let state = |unit| block_on(load(&store, &unit)).unwrap().state.unwrap();
    let states: Vec<_> = site.units().into_iter().map(state).collect();
    let types: BTreeSet<String> = states.iter().flat_map(types_of).collect();
    let all = schemas();
    assert_eq!(types, all.iter().map(|schema| schema.resource_type.to_owned()).collect());
    for state in &states {
        let violations = block_on(Judge::new(&site.cloud, state).standing());
        assert!(violations.is_empty(), "{violations:#?}");
    }
    assert_applied(&site.destroy());
    for state in &states {
        let violations = block_on(Judge::new(&site.cloud, state).gone());
        assert!(violations.is_empty(), "{violations:#?}");
    }
}
