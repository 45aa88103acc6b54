//! A project made from Hatchery's configuration.

use std::fs;

use serde_json::json;

use crate::kit::Answer;
use crate::kit::Project;

const ARGUMENTS: [&str; 8] = [
    "init",
    "--from-hatchery=hatchery.json",
    "--gen3-endpoint=data.example.org",
    "--account=111122223333",
    "--users=alice@example.org",
    "--users=bob smith",
    "--users=.carol",
    "--quiet",
];

fn init(project: &Project) -> Answer {
    project.run(&ARGUMENTS[..7])
}

fn with(configuration: &serde_json::Value) -> Project {
    let project = Project::empty();
    project.write("hatchery.json", &configuration.to_string());
    project
}

fn nextflow(fields: &serde_json::Value) -> serde_json::Value {
    let mut all = json!({
        "enabled": true,
        "job-image-whitelist": ["quay.io/cdis/*:*", "1234.ecr.aws/approved/{{username}}:*"],
        "s3-bucket-whitelist": ["ngi-igenomes"],
        "compute-environment-type": "SPOT",
        "instance-ami": "ami-03392f075059ae3ba",
        "instance-ami-builder-arn": "",
        "instance-type": "optimal",
        "instance-min-vcpus": 0,
        "instance-max-vcpus": 9
    });
    all.as_object_mut().unwrap().extend(fields.as_object().unwrap().clone());
    json!({
        "user-namespace": "jupyter-pods",
        "nextflow-global": { "s3-objects-expiration-days": 45 },
        "containers": [
            { "name": "Notebook", "nextflow": { "enabled": false } },
            { "name": "(Generic) Nextflow: \"CPU\"", "image": "x", "nextflow": all }
        ]
    })
}

#[test]
fn what_hatchery_was_told_becomes_specs_that_are_valid() {
    let project = with(&nextflow(&json!({})));
    let answer = init(&project).exits(0).says("`allow_domains` has the registries");
    let answer = answer.says("next: read nfplan.yaml, then `nfplan adopt`");
    assert!(!answer.stderr.contains("error"), "{answer}");
    let text = fs::read_to_string(project.path("nfplan.yaml")).unwrap();
    for line in [
        "environment: \"data.example.org\"",
        "data: { expire_days: 45 }",
        "type: spot",
        "strategy: best_fit_progressive",
        "max_vcpus: 9",
        "ami: { id: \"ami-03392f075059ae3ba\" }",
        "images: [\"quay.io/cdis/*:*\", \"1234.ecr.aws/approved/{{username}}:*\"]",
        "allow_domains: [\".1234.ecr.aws\", \".quay.io\"]",
    ] {
        assert!(text.contains(line), "{line} is not in\n{text}");
    }
    project.run(&["validate"]).exits(0);
    for file in ["alice@example.org.yaml", "bob-20smith.yaml", "-2ecarol.yaml"] {
        assert!(project.path(&format!("workspaces/{file}")).exists(), "{file}");
    }
    project.unchanged_by(init).exits(7).says("nothing was written");
}

#[test]
fn a_pipeline_wins_over_an_image_and_what_cannot_be_is_told_with_its_line() {
    let arn = "arn:aws:imagebuilder:us-east-1:111122223333:image-pipeline/nf";
    let project = with(&nextflow(&json!({ "instance-ami-builder-arn": arn })));
    init(&project).exits(0);
    let text = fs::read_to_string(project.path("nfplan.yaml")).unwrap();
    assert!(text.contains(&format!("ami: {{ pipeline: \"{arn}\" }}")), "{text}");

    let project = with(&nextflow(&json!({ "compute-environment-type": "FARGATE" })));
    let answer = init(&project).exits(65).says("Fargate environments never came up");
    answer.says("nfplan.yaml:").says("fargate");
}

#[test]
fn what_is_no_configuration_or_no_user_leaves_nothing_behind() {
    for (configuration, why) in [
        (json!([1]), "it is no configuration of Hatchery's"),
        (json!({ "containers": [{ "name": "x" }] }), "no container in it has `nextflow`"),
        (nextflow(&json!({ "instance-max-vcpus": "many" })), "expected u32"),
    ] {
        let project = with(&configuration);
        project.unchanged_by(init).exits(65).says(why);
    }
    let project = with(&nextflow(&json!({})));
    let line = [&ARGUMENTS[..4], &["--users=zoë"]].concat();
    project.unchanged_by(|project| project.run(&line)).exits(65).says("cannot be a user name");
    let line = &ARGUMENTS[..3];
    project.unchanged_by(|project| project.run(line)).exits(64).says("--account");
    let missing = ["init", "--from-hatchery=x.json", ARGUMENTS[2], ARGUMENTS[3], ARGUMENTS[4]];
    project.unchanged_by(|project| project.run(&missing)).exits(1).says("x.json");
}
