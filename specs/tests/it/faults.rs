//! Many faults at once.

use nfplan_engine::address::Address;
use nfplan_engine::desired::Origin;
use nfplan_engine::desired::Problem;

use crate::kit;
use crate::kit::PROJECT;

const SEEDED: [(&str, &[u8]); 5] = [
    ("nfplan.yaml", include_bytes!("seeded/nfplan.yaml")),
    ("workspaces/alice.yaml", include_bytes!("seeded/workspaces/alice.yaml")),
    ("workspaces/more.yml", include_bytes!("seeded/workspaces/more.yml")),
    ("workspaces/tab.yaml", include_bytes!("seeded/workspaces/tab.yaml")),
    ("workspaces/zed.yaml", include_bytes!("seeded/workspaces/zed.yaml")),
];

#[test]
fn every_fault_of_every_file_is_reported_at_its_place_and_nothing_else() {
    let found = kit::in_full(&kit::problems(&SEEDED));
    snapbox::assert_data_eq!(found, snapbox::file!["seeded/expected.txt"].raw());
}

#[test]
fn an_environment_that_cannot_be_part_of_names_is_refused() {
    let long = "a".repeat(48);
    let cases = [
        (
            "Data.example.org",
            "E0301]: `environment` must be a DNS name in lower case such as data.example.org"
                .into(),
        ),
        (
            "data..org",
            "E0301]: `environment` must be a DNS name in lower case such as data.example.org"
                .into(),
        ),
        (
            long.as_str(),
            format!(
                "E0308]: the environment's name is too long: the bucket would be called \
                 `{long}-nf-000000000000`: 64 characters, more than 63"
            ),
        ),
    ];
    for (environment, expected) in cases {
        let project = PROJECT.replace("data.example.org", environment);
        let found = kit::lines(&kit::problems(&[("nfplan.yaml", project.as_bytes())]));
        assert_eq!(found, [format!("nfplan.yaml:3:14: error[{expected}")]);
    }
}

#[test]
fn what_expansion_finds_is_shown_at_the_value_it_comes_from() {
    let folder = kit::folder(&[
        ("nfplan.yaml", PROJECT.as_bytes()),
        (
            "workspaces/a.yaml",
            b"alice:\n  account: lab\n  profile: standard\n  images:\n    - quay.io/x\n",
        ),
    ]);
    let fleet = kit::sound(folder.path());
    let spec = fleet.workspaces().next().unwrap();
    let settings = fleet.workspace(spec);
    let problem = |origin, message: &str| Problem {
        address: Address::new("iam.policy", "jobs").unwrap(),
        attribute: None,
        origin,
        message: message.into(),
    };
    let problems = vec![
        problem(settings.images.origin, "is too long"),
        problem(settings.origin, "lacks `path`"),
        problem(Origin { file: 1, line: 9, column: 9 }, "is nowhere"),
    ];
    let found = kit::in_full(&fleet.diagnose(problems, &settings.files));
    let expected = "\
workspaces/a.yaml:1:1: error[E0401]: iam.policy/jobs is nowhere
    marks \"\" at workspaces/a.yaml:1:1
workspaces/a.yaml:1:1: error[E0401]: iam.policy/jobs lacks `path`
    marks \"alice\" at workspaces/a.yaml:1:1
workspaces/a.yaml:5:7: error[E0401]: iam.policy/jobs is too long
    marks \"quay.io/x\" at workspaces/a.yaml:5:7
";
    assert_eq!(found, expected);
}
