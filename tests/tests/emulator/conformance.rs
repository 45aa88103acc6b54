//! The resource types on AWS pass the suite that those of the simulated cloud pass.

use std::collections::BTreeSet;

use nfplan_engine::address::Address;
use nfplan_engine::provider::DeleteRequest;
use nfplan_engine::provider::ErrorKind;
use nfplan_engine::provider::Provider as _;
use nfplan_engine::state::State;
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
    what_holds_a_subnet_is_named(&site, &states);
    assert_good(&block_on(site.destroy()), "the end");
    for state in &states {
        violations.extend(block_on(Judge::new(&project.cloud, state).gone()));
    }
    assert!(violations.is_empty(), "{violations:#?}");
}

/// Somebody put a network interface into a subnet.
fn what_holds_a_subnet_is_named(site: &Site, states: &[State]) {
    let address: Address = "ec2.subnet/compute-0".parse().unwrap();
    let state = states.iter().find(|state| state.entries.contains_key(&address)).unwrap();
    let subnet = state.entries[&address].current.as_ref().unwrap();
    let interface = json!({ "SubnetId": subnet.remote_id.as_str(), "Description": "a notebook" });
    let made = site.somebody("ec2", "create_network_interface", &interface);
    let interface = made["NetworkInterface"]["NetworkInterfaceId"].as_str().unwrap();

    let (unit, inputs) = (&state.unit, &subnet.inputs);
    let request = DeleteRequest { unit, address: &address, remote_id: &subnet.remote_id, inputs };
    let error = block_on(async { site.open().await.cloud.delete(request).await }).unwrap_err();
    let held = format!("held by {interface} (a notebook)");
    assert!(error.message.contains(&held), "{error:?}");
    assert_eq!(error.kind, ErrorKind::Unfinished);
    let arguments = json!({ "NetworkInterfaceId": interface });
    site.somebody("ec2", "delete_network_interface", &arguments);
}
