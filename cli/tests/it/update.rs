//! `nfplan update`: what is pinned is looked up again.

use std::fs;

use crate::kit::Project;

#[test]
fn a_pin_that_is_old_is_replaced_and_the_plan_shows_what_follows() {
    let project = Project::applied(&["alice"]);
    project.run(&["update"]).exits(0).shows("nfplan.lock is up to date: 2 pins looked up again");
    let lock = fs::read_to_string(project.path("nfplan.lock")).unwrap();
    let image = lock.split('"').find(|text| text.starts_with("ami-")).unwrap();
    project.edit("nfplan.lock", image, "ami-00000000000000001");
    let old = fs::read_to_string(project.path("nfplan.lock")).unwrap();
    project.run(&["plan", "--detailed-exitcode"]).exits(2);
    let answer = project.run(&["update"]).exits(0);
    answer.shows(&format!("ami-00000000000000001 → {image}")).shows("1 pin changed");
    assert_ne!(fs::read_to_string(project.path("nfplan.lock")).unwrap(), old);
    assert_eq!(fs::read_to_string(project.path("nfplan.lock")).unwrap(), lock);
    project.run(&["plan", "--detailed-exitcode"]).exits(0);
}

#[test]
fn what_no_spec_needs_is_dropped_unless_only_some_are_asked_for() {
    let project = Project::applied(&["alice", "bob"]);
    project.researcher("bob", "compute: { instance_types: [c5.large] }");
    project.run(&["plan"]).exits(0);
    let with = fs::read_to_string(project.path("nfplan.lock")).unwrap();
    assert!(with.contains("zones:c5.large"), "{with}");
    project.researcher("bob", "");
    project.run(&["update", "--select", "alice"]).exits(0).shows("up to date");
    assert_eq!(fs::read_to_string(project.path("nfplan.lock")).unwrap(), with);
    let answer = project.run(&["update", "--json"]).exits(0).json();
    assert_eq!(answer["format"], "nfplan.update/1");
    let gone: Vec<_> = answer["pins"].as_array().unwrap().iter().collect();
    let gone: Vec<_> = gone.iter().filter(|pin| pin.get("after").is_none()).collect();
    assert_eq!(gone.len(), 1, "{answer}");
    assert_eq!(gone[0]["key"], "zones:c5.large");
    let without = fs::read_to_string(project.path("nfplan.lock")).unwrap();
    assert!(!without.contains("zones:c5.large"), "{without}");
}
