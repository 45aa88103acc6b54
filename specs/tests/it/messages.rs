//! Every message in full, as people see it: one file for each thing that can be wrong.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use nfplan_specs::code;
use nfplan_specs::diagnostic::Diagnostic;
use nfplan_specs::render::Style;
use nfplan_specs::render::render;

use crate::kit;
use crate::kit::PROJECT;

/// What is wrong, and the file of researchers that is.
fn files() -> Vec<(&'static str, Vec<u8>)> {
    let list = |items: usize, item: &str| vec![item; items].join(", ");
    let bomb: String = (0..8)
        .map(|level| {
            let item = if level == 0 { "x".into() } else { format!("*a{}", level - 1) };
            format!("a{level}: &a{level} [{}]\n", list(9, &item))
        })
        .collect();
    let alice = |more: &str| format!("alice:\n  account: lab\n  profile: standard\n{more}\n");
    let texts = vec![
        ("an alias bomb", bomb),
        ("an alias without an anchor", "alice: *missing\n".into()),
        ("an alias inside its anchor", "alice: &a { account: lab, profile: *a }\n".into()),
        ("nested too deeply", format!("alice: {}", "[".repeat(40))),
        ("a tab", "alice:\n\taccount: lab\n".into()),
        ("a bracket that is never closed", "alice: { account: lab, profile: [standard\n".into()),
        ("a quote that is never closed", "alice: { account: \"lab, profile: standard }\n".into()),
        ("a key indented wrongly", "alice:\n  account: lab\n profile: standard\n".into()),
        (
            "a colon too many",
            "alice: { account: lab, profile: standard }\nbob: account: lab\n".into(),
        ),
        ("a key without its colon", "alice\nbob: { account: lab, profile: standard }\n".into()),
        (
            "a text that begins with a sign of YAML",
            "@alice: { account: lab, profile: standard }\n".into(),
        ),
        ("a second document", "alice: { account: lab, profile: standard }\n---\nbob: {}\n".into()),
        ("a tag", "alice: { account: !env LAB, profile: standard }\n".into()),
        ("a merge key", "base: &b { account: lab }\nalice: { <<: *b, profile: standard }\n".into()),
        ("a key that is a list", "? [alice]\n: { account: lab, profile: standard }\n".into()),
        ("a key that stands twice", alice("  status: active\n  status: suspended")),
        ("a key unknown", alice("  compute: { max_vcpu: 8 }")),
        ("a key unknown and like no other", alice("  owner: me")),
        ("keys missing", "alice: {}\n".into()),
        ("nobody's value", "alice:\n".into()),
        ("a list for a map", alice("  compute: [m5]")),
        ("a number in quotes", alice("  compute: { max_vcpus: \"64\" }")),
        ("a number with a fraction", alice("  compute: { max_vcpus: 64.0 }")),
        ("a number in hexadecimal", alice("  compute: { max_vcpus: 0x40 }")),
        ("a number beyond its range", alice("  compute: { bid_percentage: 120 }")),
        ("a number beyond what JSON keeps", alice("  compute: { max_vcpus: 9007199254740993 }")),
        ("a truth value as YAML 1.1 has it", alice("  protect: yes")),
        ("a truth value in quotes", alice("  protect: \"true\"")),
        ("a text that YAML reads as a number", alice("  tags: { ver: 1.10 }")),
        ("a word misspelt", alice("  status: suspend")),
        ("a word like no other", alice("  status: on leave")),
        (
            "a form missed, the right one clear",
            alice("  network: { allow_domains: [\"*.quay.io\"] }"),
        ),
        ("a form missed", alice("  compute: { instance_types: [m5.huge] }")),
        ("another template than the user name", alice("  images: [\"quay.io/{{user}}/*\"]")),
        (
            "a user name that has no escaped form",
            "zoë: { account: lab, profile: standard }\n".into(),
        ),
        (
            "a user name too long",
            format!("{}: {{ account: lab, profile: standard }}\n", "a".repeat(40)),
        ),
        ("an account unknown", "alice: { account: lba, profile: standard }\n".into()),
        ("a profile unknown", "alice: { account: lab, profile: big }\n".into()),
        (
            "a researcher given twice",
            "alice: { account: lab, profile: standard }\n\"alice\": {}\n".into(),
        ),
        (
            "a strategy that does not fit",
            alice("  compute: { type: ec2, strategy: spot_capacity_optimized }"),
        ),
        ("fewer vCPUs at most than at least", alice("  compute: { min_vcpus: 100 }")),
        ("a key of another mode", alice("  network: { mode: existing, cidr: 10.0.0.0/16 }")),
        ("a block with host bits", alice("  network: { cidr: 10.1.2.0/16 }")),
        ("a tag that is reserved", alice("  tags: { \"aws:cost\": x }")),
        ("a value twice in a list", alice("  images: [quay.io/x, quay.io/x]")),
        ("a strategy that replaces", alice("  compute: { strategy: best_fit }\n  x: 1")),
        (
            "a domain let through already",
            alice("  network: { allow_domains: [cdn.quay.io, .quay.io] }\n  x: 1"),
        ),
        ("a block that Docker takes", alice("  network: { cidr: 172.17.0.0/16 }\n  x: 1")),
    ];
    let mut files: Vec<_> =
        texts.into_iter().map(|(what, text): (_, String)| (what, text.into_bytes())).collect();
    files.push(("no UTF-8", b"alice: { account: l\xe4b, profile: standard }\n".to_vec()));
    files.push(("larger than nfplan reads", vec![b'#'; (16 << 20) + 1]));
    files
}

/// Codes of problems that no single file of researchers can have.
const ELSEWHERE: [&str; 6] = [
    code::NEWER_FORMAT,
    code::DUPLICATE_USER,
    code::DUPLICATE_ACCOUNT,
    code::ROLE_OF_OTHER_ACCOUNT,
    code::EXPANSION,
    code::FOLDER,
];

#[test]
fn each_says_what_where_why_and_what_to_do() {
    let mut seen: BTreeSet<&str> = ELSEWHERE.into();
    let mut all = String::new();
    for (what, text) in files() {
        let found =
            kit::problems(&[("nfplan.yaml", PROJECT.as_bytes()), ("workspaces/a.yaml", &text)]);
        seen.extend(found.iter().map(|problem: &Diagnostic| problem.code));
        writeln!(all, "# {what}\n\n{}\n", render(&found, Style::Plain)).unwrap();
    }
    snapbox::assert_data_eq!(all, snapbox::file!["messages.txt"].raw());
    let codes: BTreeSet<&str> = code::ALL.iter().map(|(code, _)| *code).collect();
    assert_eq!(
        codes.difference(&seen).collect::<Vec<_>>(),
        [&""; 0],
        "codes without a message here"
    );
}
