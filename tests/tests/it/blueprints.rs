//! Every variant of the blueprint keeps to the real schemas.

use std::collections::BTreeSet;

use nfplan_engine::desired::Desired;
use nfplan_engine::plan::Refresh;
use nfplan_providers::registry::schemas;
use nfplan_specs::blueprint;
use nfplan_specs::look_up::look_ups;
use nfplan_tests::fleets::choice_table;
use nfplan_tests::site::Site;
use nfplan_tests::spec::FleetSpec;
use serde_json::Value as Json;

/// Every value of every field, and every combination of the fields that decide which resources
/// there are.
fn variants() -> Vec<Vec<(&'static str, Json)>> {
    let table = choice_table();
    let deciding = ["status", "suspend", "network", "credentials", "permissions_boundary"];
    let mut variants: Vec<Vec<(&'static str, Json)>> = vec![Vec::new()];
    for (field, values) in table.iter().filter(|(field, _)| deciding.contains(field)) {
        let with = |variant: &Vec<_>, value: &Json| {
            let mut more = variant.clone();
            more.push((*field, value.clone()));
            more
        };
        let more: Vec<_> =
            variants.iter().flat_map(|one| values.iter().map(|value| with(one, value))).collect();
        variants.extend(more);
    }
    let single = table.into_iter().filter(|(field, _)| !deciding.contains(field));
    variants.extend(
        single
            .flat_map(|(field, values)| values.into_iter().map(move |value| vec![(field, value)])),
    );
    variants
}

#[test]
fn every_variant_keeps_to_the_schemas_and_together_they_use_all_types() {
    let mut specs = FleetSpec::default();
    for (number, fields) in variants().iter().enumerate() {
        specs = specs.with(&format!("user-{number}"), "main", fields);
    }
    let site = Site::new(&specs);
    // Planning looks up what is not pinned.
    site.plan(Refresh::None);
    let project = site.project();
    let schemas = schemas();
    let mut used: BTreeSet<String> = BTreeSet::new();
    for spec in project.fleet.workspaces() {
        let settings = project.fleet.workspace(spec);
        assert!(project.lock.missing(spec.place(), &look_ups(&settings)).is_empty());
        let pins = project.lock.pins(spec.place());
        let expansion = blueprint::workspace(&settings, &pins).unwrap();
        let desired = Desired::build(expansion, &schemas)
            .unwrap_or_else(|problems| panic!("{settings:#?}: {problems:#?}"));
        used.extend(desired.resources().keys().map(|address| address.resource_type.to_string()));
    }
    for place in project.fleet.places() {
        let expansion = blueprint::platform(&project.fleet.platform(place));
        let desired = Desired::build(expansion, &schemas).unwrap();
        used.extend(desired.resources().keys().map(|address| address.resource_type.to_string()));
    }
    let all: BTreeSet<String> =
        schemas.iter().map(|schema| schema.resource_type.to_owned()).collect();
    assert_eq!(used, all);
}
