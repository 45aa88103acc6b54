//! A plan for a whole fleet on one screen, with nothing hidden that matters.

use nfplan_providers::sim::OtherClient;

use crate::kit::Answer;
use crate::kit::Project;

/// Researchers of the fleet, and how many of them share an account.
const RESEARCHERS: usize = 500;
const CROWD: usize = 40;

/// What fits a screen, and an e-mail.
const MOST_LINES: usize = 40;
const MOST_BYTES: usize = 8_000;

/// A fleet in many accounts, applied by one call. Networks are somebody else's, and nobody has a
/// key, so that there is no more to apply than what the test is about.
fn fleet() -> Project {
    let project = Project::of(&[]);
    let (mut accounts, mut researchers) = (String::from("accounts:\n"), String::new());
    for (account, crowd) in (0..RESEARCHERS).collect::<Vec<_>>().chunks(CROWD).enumerate() {
        let id = 555_500_000_000 + account;
        let line =
            format!("  lab-{account}: {{ id: \"{id}\", region: us-east-1, provider: sim }}\n");
        accounts.push_str(&line);
        let network = put_network(&project.somebody(), &format!("{id}.us-east-1"));
        researchers.extend(crowd.iter().map(|number| {
            format!(
                "user{number}@uchicago.edu: {{ account: lab-{account}, profile: standard, network: \
                 {network}, credentials: {{ kind: role, assumable_by: [\"arn:aws:iam::{id}:role/hub\"] }} }}\n"
            )
        }));
    }
    project.edit("nfplan.yaml", "accounts:\n", &accounts);
    project.write("workspaces/all.yaml", &researchers);
    project.apply(&["--quiet"]).exits(0);
    project
}

/// A network that exists already, as `network` in a spec.
fn put_network(somebody: &OtherClient, place: &str) -> String {
    let place = place.parse().unwrap();
    let put = |resource_type, attributes: &[(&str, &str)]| {
        let attributes = attributes.iter().map(|(name, value)| ((*name).into(), (*value).into()));
        somebody.put_object(&place, resource_type, attributes.collect()).unwrap().to_string()
    };
    let vpc = put("ec2.vpc", &[("cidr", "10.9.0.0/16")]);
    let subnet = put("ec2.subnet", &[("vpc_id", &vpc), ("cidr", "10.9.0.0/20")]);
    let group = put("ec2.security_group", &[("vpc_id", &vpc), ("name", "shared")]);
    put("iam.role", &[("name", "hub"), ("path", "/")]);
    format!("{{ mode: existing, vpc: {vpc}, subnets: [{subnet}], security_groups: [{group}] }}")
}

/// `nfplan` at so many columns.
fn run_at(project: &Project, columns: usize, arguments: &[&str]) -> Answer {
    let mut command = project.command(arguments);
    Answer::of(command.env("COLUMNS", columns.to_string()).output().unwrap()).exits(0)
}

/// The plan is short, and says what changes from what to what, where, and for how many.
fn assert_fits_a_screen(answer: Answer, columns: usize) -> Answer {
    let text = format!("{}{}", answer.stdout, answer.stderr);
    assert!(text.lines().count() <= MOST_LINES && text.len() <= MOST_BYTES, "{answer}");
    assert!(text.lines().all(|line| line.chars().count() <= columns), "{answer}");
    let told = [
        "500 workspaces: user0@uchicago.edu,",
        "each: 1 to update (class",
        "~ iam.policy/client",
        "Statement[RegisterDefinitions]",
        "- \"quay.io/biocontainers/*\" + \"quay.io/approved/*\"",
        "[nfplan.yaml:",
        "Plan: 500 to update.",
    ];
    told.iter().fold(answer, |answer, told| answer.shows(told))
}

#[test]
fn one_policy_token_of_five_hundred_researchers_fits_a_screen() {
    let project = fleet();
    project.edit("nfplan.yaml", "quay.io/biocontainers/*", "quay.io/approved/*");
    let answer = run_at(&project, 100, &["plan", "--out", "fleet.plan"]);
    let answer = assert_fits_a_screen(answer, 100);
    assert_fits_a_screen(run_at(&project, 60, &["show", "fleet.plan"]), 60);

    // What was put together is there for everybody.
    let (_, class) = answer.stdout.split_once("(class ").unwrap();
    let class = class.split_once(':').unwrap().0;
    let expanded = run_at(&project, 100, &["show", "fleet.plan", "--expand", class]).stdout;
    for number in 0..RESEARCHERS {
        let title = format!("workspace user{number}@uchicago.edu in ");
        assert_eq!(expanded.matches(&title).count(), 1, "{title}");
    }
    assert_eq!(expanded.matches("+ \"quay.io/approved/*\"").count(), RESEARCHERS);
}
