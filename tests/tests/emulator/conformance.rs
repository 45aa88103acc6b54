//! The resource types on AWS pass the suite that those of the simulated cloud pass.

use std::collections::BTreeSet;

use nfplan_providers::registry::schemas;
use nfplan_tests::conformance::Judge;
use nfplan_tests::conformance::specs;
use nfplan_tests::conformance::types_of;
use serde_json::json;

use crate::faults::assert_good;
use crate::kit::block_on;
use crate::kit::set_faults;
use crate::site::Site;

#[test]
fn every_type_on_aws_does_what_the_provider_port_promises() {
    set_faults(&json!([]));
    let site = Site::in_account("700000000005");
    site.write(&specs());
    assert_good(&block_on(site.apply()), "the first");
    let states = block_on(site.states());
    let types: BTreeSet<String> = states.iter().flat_map(types_of).collect();
    let all = schemas();
    assert_eq!(types, all.iter().map(|schema| schema.resource_type.to_owned()).collect());
    let project = block_on(site.open());
    let mut violations = Vec::new();
    for state in &states {
        violations.extend(block_on(Judge::new(&project.cloud, state).standing()));
    }
    assert!(violations.is_empty(), "{violations:#?}");
    assert_good(&block_on(site.destroy()), "the end");
    for state in &states {
        violations.extend(block_on(Judge::new(&project.cloud, state).gone()));
    }
    assert!(violations.is_empty(), "{violations:#?}");
}
