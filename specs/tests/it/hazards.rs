//! What YAML allows and nfplan does not, one by one.

use std::fmt::Write as _;
use std::fs::File;

use nfplan_specs::fleet::Fleet;
use nfplan_specs::fleet::LoadError;
use nfplan_specs::fleet::WorkspaceSpec;

use crate::kit;
use crate::kit::PROJECT;
use crate::kit::problems_of;
use crate::kit::problems_of_bytes;

fn assert_problems(text: &str, expected: &[&str]) {
    let place = "workspaces/a.yaml:";
    let expected: Vec<String> = expected.iter().map(|line| format!("{place}{line}")).collect();
    assert_eq!(problems_of(text), expected, "{text}");
}

#[test]
fn every_construct_of_yaml_that_is_refused_says_so_once() {
    let deep = format!("alice: {}", "[".repeat(100_000));
    let cases = [
        (
            "alice:\n\taccount: lab\n",
            "2:1: error[E0108]: a tab stands where YAML takes spaces only",
        ),
        (
            "alice: *missing\n",
            "1:8: error[E0101]: this alias stands for nothing: no anchor of its name comes before \
             it",
        ),
        (
            "alice: &a { account: lab, profile: *a }\n",
            "1:36: error[E0112]: this alias stands inside what it stands for",
        ),
        (
            "alice: !!map { account: lab }\n",
            "1:14: error[E0109]: the YAML tag `!!map` is not supported",
        ),
        (
            "alice: { account: lab, profile: !env PROFILE }\n",
            "1:38: error[E0109]: the YAML tag `!env` is not supported",
        ),
        (
            "base: &b { account: lab, profile: standard }\nalice: { <<: *b }\n",
            "2:10: error[E0111]: merge keys are not supported",
        ),
        ("? [alice]\n: { account: lab }\n", "1:3: error[E0110]: a key must be text"),
        (
            "alice: { account: &a lab, profile: standard, labels: { *a : b } }\n",
            "1:56: error[E0110]: a key must be text",
        ),
        (
            "alice: { account: lab, profile: standard }\n---\nbob: {}\n",
            "2:1: error[E0106]: a second YAML document begins here",
        ),
        (
            "alice: { account: lab, account: main, profile: standard }\n",
            "1:24: error[E0107]: the key `account` stands twice",
        ),
        ("- alice\n", "1:3: error[E0203]: `workspaces/a.yaml` must be a map, not a list"),
        ("alice\n", "1:1: error[E0203]: `workspaces/a.yaml` must be a map, not text"),
        (deep.as_str(), "1:40: error[E0104]: more than 32 lists and maps stand in each other"),
    ];
    for (text, expected) in cases {
        assert_problems(text, &[expected]);
    }
}

#[test]
fn every_value_of_the_wrong_type_says_what_it_should_be() {
    let cases = [
        ("protect: yes", "12: error[E0203]: `protect` must be true or false, not text"),
        (
            "protect: \"true\"",
            "12: error[E0208]: `protect` must not have quotes: they make it text",
        ),
        ("protect:", "3: error[E0204]: `protect` has no value, expected true or false"),
        ("protect: ~", "12: error[E0204]: `protect` has no value, expected true or false"),
        ("tags: null", "9: error[E0204]: `tags` has no value, expected a map"),
        (
            "tags: { ver: 1.10 }",
            "16: error[E0207]: `ver` must be text, but YAML does not read `1.10` as text",
        ),
        (
            "tags: { ok: true }",
            "15: error[E0207]: `ok` must be text, but YAML does not read `true` as text",
        ),
        (
            "tags: { id: 012345678901 }",
            "15: error[E0207]: `id` must be text, but YAML does not read `012345678901` as text",
        ),
        (
            "tags: { 1: a }",
            "11: error[E0207]: this key must be text, but YAML does not read `1` as text",
        ),
        ("tags: { none: null }", "17: error[E0204]: `none` has no value, expected text"),
        ("images: quay.io/x", "11: error[E0203]: `images` must be a list, not text"),
        ("images: [[]]", "12: error[E0203]: `images` must be text, not a list"),
        ("status: Active", "11: error[E0206]: `status` cannot be `Active`"),
        ("suspend: true", "12: error[E0203]: `suspend` must be a map, not true or false"),
    ];
    for (line, expected) in cases {
        let text = format!("alice:\n  account: lab\n  profile: standard\n  {line}\n");
        assert_problems(&text, &[&format!("4:{expected}")]);
    }
}

#[test]
fn only_plain_whole_numbers_are_numbers() {
    let cases = [
        ("\"64\"", "error[E0208]: `max_vcpus` must not have quotes: they make it text"),
        ("64.0", "error[E0209]: `max_vcpus` must be a whole number in decimal, not `64.0`"),
        ("064", "error[E0209]: `max_vcpus` must be a whole number in decimal, not `064`"),
        ("+64", "error[E0209]: `max_vcpus` must be a whole number in decimal, not `+64`"),
        ("0x40", "error[E0209]: `max_vcpus` must be a whole number in decimal, not `0x40`"),
        ("6e1", "error[E0209]: `max_vcpus` must be a whole number in decimal, not `6e1`"),
        (".inf", "error[E0209]: `max_vcpus` must be a whole number in decimal, not `.inf`"),
        ("0", "error[E0205]: `max_vcpus` is 0; it must be 1 to 1000000"),
        (
            "9007199254740991",
            "error[E0205]: `max_vcpus` is 9007199254740991; it must be 1 to 1000000",
        ),
        (
            "9007199254740992",
            "error[E0210]: `max_vcpus` is 9007199254740992, more than 9007199254740991 (2^53 - 1)",
        ),
        (
            "99999999999999999999",
            "error[E0210]: `max_vcpus` is 99999999999999999999, more than 9007199254740991 (2^53 - 1)",
        ),
        ("many", "error[E0203]: `max_vcpus` must be a whole number, not text"),
        ("true", "error[E0203]: `max_vcpus` must be a whole number, not true or false"),
        ("[64]", "error[E0203]: `max_vcpus` must be a whole number, not a list"),
    ];
    for (number, expected) in cases {
        let text = format!(
            "alice: {{ account: lab, profile: standard, compute: {{ max_vcpus: {number} }} }}\n"
        );
        assert_problems(&text, &[&format!("1:65: {expected}")]);
    }
}

#[test]
fn aliases_that_multiply_are_refused_before_they_take_memory() {
    let mut bomb = String::from("a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n");
    for level in 1..=9 {
        let aliases = vec![format!("*a{}", level - 1); 10].join(", ");
        writeln!(bomb, "a{level}: &a{level} [{aliases}]").unwrap();
    }
    let expected = "6:25: error[E0105]: the file has more than 500000 values, aliases written out";
    assert_problems(&bomb, &[expected]);
}

#[test]
fn an_alias_reads_as_what_it_stands_for() {
    let text = "alice: &a { account: lab, profile: standard }\nbob: *a\n";
    let found = kit::settings(PROJECT, text);
    assert_eq!(found[0].unit.place(), found[1].unit.place());
}

#[test]
fn bytes_that_are_no_utf8_are_found_at_their_character() {
    let found = problems_of_bytes(b"# caf\xc3\xa9\n# \xc3\xa9 \xff\n");
    assert_eq!(found, ["workspaces/a.yaml:2:5: error[E0102]: byte 0xff is not UTF-8"]);
}

#[test]
fn a_huge_file_is_refused_without_being_parsed() {
    let folder = kit::folder(&[("nfplan.yaml", PROJECT.as_bytes()), ("workspaces/a.yaml", b"")]);
    let file = File::create(folder.path().join("workspaces/a.yaml")).unwrap();
    file.set_len(1 << 34).unwrap();
    let Err(LoadError::Invalid(found)) = Fleet::load(folder.path()) else { panic!() };
    let expected = "workspaces/a.yaml:1:1: error[E0103]: the file is larger than 16 MiB";
    assert_eq!(kit::lines(&found), [expected]);
}

#[test]
fn a_broken_file_hides_nothing_of_the_others() {
    let files: [(&str, &[u8]); 4] = [
        ("nfplan.yaml", b"nfplan: 1\nblueprint: [\n"),
        ("workspaces/a.yaml", b"alice: {\n"),
        ("workspaces/b.yaml", b"bob: { account: lab, profile: standard, protect: 1 }\n"),
        ("workspaces/c.yaml", b"bob: { account: lab, profile: standard }\n"),
    ];
    let found = kit::lines(&kit::problems(&files));
    let expected = [
        "nfplan.yaml:2:12: error[E0101]: unclosed bracket '['",
        "workspaces/a.yaml:1:8: error[E0101]: unclosed bracket '{'",
        "workspaces/b.yaml:1:50: error[E0203]: `protect` must be true or false, not a whole number",
        "workspaces/c.yaml:1:1: error[E0304]: the researcher `bob` is given twice",
    ];
    assert_eq!(found, expected);
}

#[test]
fn files_that_are_no_specs_are_left_alone() {
    let alice = b"alice: { account: lab, profile: standard }\n";
    let folder = kit::folder(&[
        ("nfplan.yaml", PROJECT.as_bytes()),
        ("workspaces/a.yml", alice),
        ("workspaces/empty.yaml", b"# nobody yet\n"),
        ("workspaces/.a.yaml", b"{"),
        ("workspaces/README.md", b"{"),
        ("workspaces/old/b.yaml", b"bob: { account: lab, profile: standard }\n"),
    ]);
    let fleet = kit::sound(folder.path());
    let users: Vec<&str> = fleet.workspaces().map(WorkspaceSpec::user).collect();
    assert_eq!(users, ["alice"]);
    let warning = "workspaces/old:1:1: warning[W0502]: folders in `workspaces` are not read";
    assert_eq!(kit::lines(fleet.warnings()), [warning]);
}

#[test]
fn a_folder_without_nfplan_yaml_is_no_project() {
    let folder = kit::folder(&[]);
    assert!(matches!(Fleet::load(folder.path()), Err(LoadError::NoProject { .. })));
}

#[test]
fn an_empty_nfplan_yaml_and_a_newer_one_say_what_to_do() {
    let found = kit::problems(&[("nfplan.yaml", b"")]);
    assert_eq!(kit::lines(&found), ["nfplan.yaml:1:1: error[E0202]: `nfplan` is missing"]);
    let found = kit::problems(&[("nfplan.yaml", b"nfplan: 2\nsomething: new\n")]);
    let expected = "nfplan.yaml:1:9: error[E0211]: format 2 is newer than this nfplan, which knows \
                    up to 1";
    assert_eq!(kit::lines(&found), [expected]);
}
