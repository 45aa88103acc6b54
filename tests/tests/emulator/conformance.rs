//! The resource types on AWS pass the suite that those of the simulated cloud pass.

use std::collections::BTreeSet;

use nfplan_engine::address::Address;
use nfplan_engine::address::UnitId;
use nfplan_engine::provider::DeleteRequest;
use nfplan_engine::provider::ErrorKind;
use nfplan_engine::provider::Provider as _;
use nfplan_engine::provider::ProviderError;
use nfplan_engine::state::Object;
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
    an_environment_in_which_jobs_run_stays(&site, &states);
    assert_good(&block_on(site.destroy()), "the end");
    for state in &states {
        violations.extend(block_on(Judge::new(&project.cloud, state).gone()));
    }
    assert!(violations.is_empty(), "{violations:#?}");
}

/// Somebody put a network interface into a subnet.
fn what_holds_a_subnet_is_named(site: &Site, states: &[State]) {
    let (unit, address, subnet) = object(states, "ec2.subnet/compute-0");
    let interface = json!({ "SubnetId": subnet.remote_id.as_str(), "Description": "a notebook" });
    let made = site.somebody("ec2", "create_network_interface", &interface);
    let interface = made["NetworkInterface"]["NetworkInterfaceId"].as_str().unwrap();

    let error = delete(site, (unit, &address, subnet)).unwrap_err();
    let held = format!("held by {interface} (a notebook)");
    assert!(error.message.contains(&held), "{error:?}");
    assert_eq!(error.kind, ErrorKind::Unfinished);
    let arguments = json!({ "NetworkInterfaceId": interface });
    site.somebody("ec2", "delete_network_interface", &arguments);
}

/// Jobs run in an environment that is to go: it takes no more of them, and goes once they have ended.
fn an_environment_in_which_jobs_run_stays(site: &Site, states: &[State]) {
    let (unit, address, environment) = object(states, "batch.compute_environment/main");
    // Its queue goes first, as in a destroy.
    let (_, of_queue, queue) = object(states, "batch.job_queue/main");
    delete(site, (unit, &of_queue, queue)).unwrap();
    let name = environment.remote_id.as_str();
    let described = || {
        let wanted = json!({ "computeEnvironments": [name] });
        site.somebody("batch", "describe_compute_environments", &wanted)["computeEnvironments"][0]
            .clone()
    };
    let arn = described()["computeEnvironmentArn"].clone();
    let tags = json!({ "resourceArn": arn, "tags": { "emulator:jobs": "2" } });
    site.somebody("batch", "tag_resource", &tags);
    for _ in 0..2 {
        let error = delete(site, (unit, &address, environment)).unwrap_err();
        assert_eq!(error.kind, ErrorKind::Busy, "{error:?}");
        assert!(error.message.contains("jobs still run in it: 2"), "{error:?}");
        assert_eq!(described()["state"], "DISABLED");
    }
    let tags = json!({ "resourceArn": arn, "tagKeys": ["emulator:jobs"] });
    site.somebody("batch", "untag_resource", &tags);
    delete(site, (unit, &address, environment)).unwrap();
}

/// The first object of an address, and where it is.
fn object<'a>(states: &'a [State], address: &str) -> (&'a UnitId, Address, &'a Object) {
    let address: Address = address.parse().unwrap();
    let state = states.iter().find(|state| state.entries.contains_key(&address)).unwrap();
    (&state.unit, address.clone(), state.entries[&address].current.as_ref().unwrap())
}

fn delete(
    site: &Site,
    (unit, address, object): (&UnitId, &Address, &Object),
) -> Result<(), ProviderError> {
    let (remote_id, inputs) = (&object.remote_id, &object.inputs);
    let request = DeleteRequest { unit, address, remote_id, inputs };
    block_on(async { site.open().await.cloud.delete(request).await })
}
