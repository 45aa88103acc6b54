//! What a plan tells its reviewer to judge, and what then needs to be allowed by name.

use std::collections::BTreeSet;

use nfplan_engine::value::Value;

use crate::kit::Project;

/// The kinds of risk of a plan, with the addresses.
fn judged(project: &Project) -> BTreeSet<(String, String)> {
    let plan = project.plan(&[]);
    let units = plan["units"].as_array().unwrap();
    let findings = units.iter().filter_map(|unit| unit["findings"].as_array()).flatten();
    let text = |value: &serde_json::Value| value.as_str().unwrap().to_owned();
    findings.map(|one| (text(&one["risk"]), text(&one["address"]))).collect()
}

fn expect(project: &Project, expected: &[(&str, &str)]) {
    let expected = expected.iter().map(|(risk, address)| ((*risk).into(), (*address).into()));
    assert_eq!(judged(project), expected.collect());
}

#[test]
fn each_kind_of_change_is_judged_as_what_it_is() {
    let jobs = ("widening", "iam.policy/jobs");
    let client = ("widening", "iam.policy/client");
    for (from, to, expected) in [
        ("max_vcpus: 64", "max_vcpus: 128", &[("cost", "batch.compute_environment/main")][..]),
        ("max_vcpus: 64", "max_vcpus: 32", &[]),
        ("expire_days: 30", "expire_days: 7", &[("data_loss", "s3.bucket_lifecycle/work")]),
        ("expire_days: 30", "expire_days: 60", &[]),
        (r#"images: ["quay.io/biocontainers/*"]"#, r#"images: ["quay.io/*"]"#, &[client]),
        (r#"images: ["quay.io/biocontainers/*"]"#, r#"images: ["quay.io/biocontainers/x:*"]"#, &[]),
        (
            "read_buckets: [ngi-igenomes]",
            "read_buckets: [ngi-igenomes, more-data]",
            &[client, jobs],
        ),
        ("read_buckets: [ngi-igenomes]", "read_buckets: []", &[]),
    ] {
        let project = Project::applied(&["alice"]);
        project.edit("nfplan.yaml", from, to);
        assert_ne!(project.changes().len(), 0, "{to}");
        expect(&project, expected);
    }
}

#[test]
fn a_new_researcher_gets_credentials_and_nothing_is_widened_for_it() {
    let project = Project::applied(&["alice"]);
    project.researcher("bob", "");
    expect(&project, &[("credentials", "iam.access_key/client")]);
    project.apply(&[]).exits(0);
    let hub = "arn:aws:iam::444455556666:role/hub";
    let role = format!("credentials: {{ kind: role, assumable_by: [\"{hub}\"] }}");
    project.researcher("carol", &role);
    expect(&project, &[("public_access", "iam.role/client")]);
    let text = "public or cross-account access: iam.role/client trust of carol";
    project.run(&["plan"]).shows(text).shows(&format!("{hub}: sts:AssumeRole"));
}

#[test]
fn what_somebody_else_changed_is_told_before_it_is_changed_back() {
    let project = Project::applied(&["alice"]);
    let environment = project.object("batch.compute_environment", "alice");
    project.tamper(&environment, "max_vcpus", Value::Integer(8));
    let overwritten = ("drift_overwritten", "batch.compute_environment/main");
    expect(&project, &[("cost", "batch.compute_environment/main"), overwritten]);
}

#[test]
fn what_is_replaced_is_told() {
    let project = Project::applied(&["alice"]);
    project.edit("nfplan.yaml", "cidr: 192.168.0.0/16", "cidr: 10.0.0.0/16");
    let judged = judged(&project);
    let is = |risk: &str, address: &str| judged.contains(&(risk.into(), address.into()));
    assert!(is("replacement", "ec2.vpc/main") && is("replacement", "ec2.instance/proxy"));
    assert!(!judged.iter().any(|(risk, _)| risk == "credentials"));
}

#[test]
fn a_widening_is_applied_only_if_it_is_allowed_where_the_project_wants_that() {
    let project = Project::applied(&["alice", "bob"]);
    project.edit("nfplan.yaml", "quay.io/biocontainers/*", "quay.io/*");
    let plain = project.run(&["plan", "--detailed-exitcode"]).exits(2);
    plain.shows("To judge: 2 findings").shows("iam.policy/client document of alice, bob");
    project.edit("nfplan.yaml", "accounts:", "approvals: [widening, cost]\naccounts:");
    project.run(&["plan", "--detailed-exitcode"]).exits(3);
    project.run(&["plan"]).exits(0);
    let refused = project.unchanged_by(|project| project.apply(&[]));
    refused.exits(7).says("the plan contains widening").says("--allow widening");
    project.apply(&["--allow", "widening"]).exits(0);
    project.is_as_wanted();
}

#[test]
fn a_ceiling_that_many_have_is_summed_up() {
    let project = Project::applied(&["alice", "bob", "carol"]);
    project.researcher("carol", "compute: { max_vcpus: 10 }");
    project.apply(&[]).exits(0);
    project.edit("nfplan.yaml", "max_vcpus: 64", "max_vcpus: 128");
    project.researcher("carol", "compute: { max_vcpus: 11 }");
    let answer = project.run(&["plan", "--report", "md=c.md"]).exits(0);
    let told = "max_vcpus of 3 together: 138 → 267";
    answer.shows(told);
    assert!(std::fs::read_to_string(project.path("c.md")).unwrap().contains("138 → 267"));
    // One alone has said it all.
    let answer = project.run(&["plan", "--select", "carol"]).exits(0);
    assert!(!answer.stdout.contains("together"), "{answer}");
}
