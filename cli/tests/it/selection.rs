//! Which units selectors and shards mean.

use std::collections::BTreeSet;

use crate::kit::Answer;
use crate::kit::Project;
use crate::kit::changes;

const PROJECT: &str = r#"nfplan: 1
blueprint: 1
environment: data.example.org
accounts:
  main: { id: "111122223333", region: us-east-1, provider: sim }
  west: { id: "777788889999", region: us-west-2, provider: sim }
  other: { id: "444455556666", region: us-east-1, provider: sim }
profiles:
  standard:
    compute: { instance_types: [optimal], max_vcpus: 64 }
    images: []
    read_buckets: []
    network: { mode: proxy, cidr: 192.168.0.0/16, allow_domains: [] }
  large:
    compute: { instance_types: [optimal], max_vcpus: 512 }
    images: []
    read_buckets: []
    network: { mode: proxy, cidr: 192.168.0.0/16, allow_domains: [] }
    labels: { size: large }
"#;

/// User, account, profile and labels.
const RESEARCHERS: [(&str, &str, &str, &str); 5] = [
    ("lab7-anna", "main", "standard", "{ team: a, paid: 'yes' }"),
    ("lab7-bob", "main", "large", "{ team: b }"),
    ("carol@example.org", "west", "standard", "{}"),
    ("dan", "other", "large", "{ team: a }"),
    ("dana", "other", "standard", "{}"),
];

fn project() -> Project {
    let project = Project::empty();
    project.write("nfplan.yaml", PROJECT);
    for (user, account, profile, labels) in RESEARCHERS {
        let text =
            format!("{user}: {{ account: {account}, profile: {profile}, labels: {labels} }}\n");
        project.write(&format!("workspaces/{user}.yaml"), &text);
    }
    project
}

/// The users that a plan of these is about, and how many platforms.
fn planned(project: &Project, select: &[&str]) -> (BTreeSet<String>, usize) {
    let mut line = vec!["--refresh", "none"];
    select.iter().for_each(|select| line.extend(["--select", select]));
    let plan = project.plan(&line);
    let units = plan["units"].as_array().unwrap().iter();
    let users: Vec<Option<&str>> = units.map(|unit| unit["source"]["user"].as_str()).collect();
    let platforms = users.iter().filter(|user| user.is_none()).count();
    (users.into_iter().flatten().map(str::to_owned).collect(), platforms)
}

#[test]
fn selectors_are_names_patterns_and_groups() {
    let project = project();
    let all: Vec<&str> = RESEARCHERS.iter().map(|(user, ..)| *user).collect();
    let (anna, bob, carol) = ("lab7-anna", "lab7-bob", "carol@example.org");
    let cases: [(&[&str], &[&str], usize); 20] = [
        (&["dan"], &["dan"], 1),
        (&["dan*"], &["dan", "dana"], 1),
        (&["dan?"], &["dana"], 1),
        (&["lab7-*", "dan"], &[anna, bob, "dan"], 2),
        (&["*@example.org"], &[carol], 1),
        (&["carol-40example-2eorg"], &[carol], 1),
        (&["*"], &all, 3),
        (&["account:main"], &[anna, bob], 1),
        (&["account:111122223333"], &[anna, bob], 1),
        (&["account:*"], &all, 3),
        (&["account:4444*"], &["dan", "dana"], 1),
        (&["profile:large"], &[bob, "dan"], 2),
        (&["label:team"], &[anna, bob, "dan"], 2),
        (&["label:team=a"], &[anna, "dan"], 2),
        (&["label:*=yes"], &[anna], 1),
        (&["label:size=large"], &[bob, "dan"], 2),
        (&["platform:other"], &[], 1),
        (&["platform:*"], &[], 3),
        (&["workspace/*.us-west-2/*"], &[carol], 1),
        (&["profile:large,account:west"], &[bob, "dan", carol], 3),
    ];
    for (select, users, platforms) in cases {
        let users = users.iter().map(|user| (*user).to_owned()).collect();
        assert_eq!(planned(&project, select), (users, platforms), "{select:?}");
    }
}

#[test]
fn what_matches_nothing_is_answered_with_what_is_near() {
    let project = project();
    for (select, near) in [
        ("account:mian", "`account:main`"),
        ("profile:larg", "`profile:large`"),
        ("label:team=c", "`label:team=a`"),
        ("dann", "`dan`"),
        ("lab8-*", "--select `lab8-*` matches no unit"),
        ("profile:*x", "matches no unit"),
    ] {
        project.run(&["plan", "--select", select]).exits(7).says(near);
    }
}

#[test]
fn who_is_named_by_a_command_is_one_and_no_flag_is_spoken_of() {
    let project = project();
    for line in [
        &["rotate", "dan*", "--auto-approve"][..],
        &["rotate", "account:other", "--auto-approve"],
        &["accept", "dan*:iam.user/client", "--reason", "x", "--owner", "y", "--expires", "30d"],
        &["env", "label:team", "--format", "json"],
        &["state", "pull", "dan*"],
    ] {
        let said = project.run(line);
        assert_ne!(said.code, Some(0), "{said}");
        let said = said.says("matches no unit");
        assert!(!said.stderr.contains("--select `"), "{said}");
    }
}

#[test]
fn units_that_no_spec_asks_for_are_selected_by_name_and_account() {
    let project = project();
    project.apply(&["--select", "lab7-*"]).exits(0);
    project.remove("workspaces/lab7-bob.yaml");
    for select in ["lab7-bob", "lab7-*", "account:main"] {
        let (users, _) = planned(&project, &[select]);
        assert!(users.contains("lab7-bob"), "{select}: {users:?}");
    }
    let (users, _) = planned(&project, &["profile:large"]);
    assert_eq!(users, BTreeSet::from(["dan".to_owned()]));
}

/// A plan of one part of the fleet.
fn part(project: &Project, number: usize, of: usize, more: &[&str]) -> Answer {
    let shard = format!("{number}/{of}");
    project.run(&[&["plan", "--json", "--refresh", "none", "--shard", &shard], more].concat())
}

#[test]
fn the_parts_of_a_fleet_are_all_of_it_and_have_accounts_whole() {
    let project = project();
    let units = |answer: &Answer| -> Vec<String> {
        let plan = answer.json();
        let units = plan["units"].as_array().unwrap().iter();
        units.map(|unit| unit["unit"].as_str().unwrap().to_owned()).collect()
    };
    let whole = units(&project.run(&["plan", "--json", "--refresh", "none"]));
    for of in [1, 2, 3, 7] {
        let parts: Vec<Vec<String>> =
            (1..=of).map(|number| units(&part(&project, number, of, &[]).exits(0))).collect();
        let places = |part: &Vec<String>| -> BTreeSet<String> {
            part.iter().map(|unit| unit.split('/').nth(1).unwrap().to_owned()).collect()
        };
        let sum: usize = parts.iter().map(|part| places(part).len()).sum();
        assert_eq!(sum, 3, "a place is in one part: {parts:?}");
        let mut all = parts.concat();
        all.sort_by_key(|unit| whole.iter().position(|one| one == unit));
        assert_eq!(all, whole);
    }
}

#[test]
fn a_fleet_is_applied_part_by_part() {
    let project = project();
    for number in 1..=3 {
        project.apply(&["--shard", &format!("{number}/3")]).exits(0);
    }
    assert_eq!(changes(&project.plan(&["--refresh", "deep"])), Vec::<String>::new());
    for number in 1..=3 {
        let shard = format!("{number}/3");
        project.run(&["drift", "--shard", &shard]).exits(0);
        let allow = "destroy,data-loss,mass-destroy,guard-rail";
        let line = ["destroy", "--shard", &shard, "--auto-approve", "--allow", allow];
        project.run(&line).exits(0);
    }
    assert_eq!(project.recorded(), BTreeSet::new());
}

#[test]
fn a_part_and_a_selection_are_what_both_mean() {
    let project = project();
    let counts = (1..=4).map(|number| {
        let plan = part(&project, number, 4, &["--select", "dan"]).exits(0).json();
        plan["units"].as_array().unwrap().len()
    });
    let mut counts: Vec<usize> = counts.collect();
    counts.sort_unstable();
    assert_eq!(counts, [0, 0, 0, 2], "the researcher with her platform, and nothing");
}

#[test]
fn what_is_no_part_is_refused_and_a_saved_plan_has_its_own_units() {
    let project = project();
    project.run(&["plan", "--shard", "4/3"]).exits(64).says("`4/3` is no part of a fleet");
    project.run(&["plan", "--out", "all.plan"]).exits(0);
    for flag in [["--shard", "1/2"], ["--select", "dan"]] {
        let line = [&["apply", "all.plan", "--auto-approve"], &flag[..]].concat();
        project.run(&line).exits(64).says(flag[0]).says("all.plan");
    }
    let mut command = project.command(&["plan", "--json", "--refresh", "none"]);
    let answer = Answer::of(command.env("NFPLAN_SHARD", "1/1").output().unwrap()).exits(0);
    assert_eq!(answer.json()["units"].as_array().unwrap().len(), 8);
}
