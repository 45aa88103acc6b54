use proptest::prelude::*;
use proptest::test_runner::RngSeed;
use proptest::test_runner::TestRunner;

use super::*;

fn check(form: &Form, right: &[&str], wrong: &[&str]) {
    for text in right {
        assert!((form.matches)(text), "{text}");
    }
    for text in wrong {
        assert!(!(form.matches)(text), "{text}");
    }
}

#[test]
fn regions_and_environments_have_their_forms() {
    let regions = ["us-east-1", "us-gov-west-1", "ap-southeast-5", "il-central-1"];
    check(
        &REGION,
        &regions,
        &["useast1", "us-east", "us-east-0", "US-east-1", "us--1", "u-e-1", ""],
    );
    check(
        &ENVIRONMENT,
        &["data.example.org", "localhost", "a-b.c"],
        &["", ".", "a..b", "-a.b", "a-.b", "A.b", "a_b", "é.org"],
    );
}

#[test]
fn arns_name_the_right_kind_of_thing() {
    let role = "arn:aws:iam::111122223333:role/nfplan";
    let user = "arn:aws-cn:iam::111122223333:user/a/b";
    let root = "arn:aws:iam::111122223333:root";
    let policy = "arn:aws:iam::aws:policy/PowerUserAccess";
    let own = "arn:aws-us-gov:iam::111122223333:policy/boundary";
    let pipeline = "arn:aws:imagebuilder:us-east-1:111122223333:image-pipeline/nf";
    let broken = [
        "",
        "role/nfplan",
        "arn:aws:iam::1111:role/x",
        "arn:aws:iam::111122223333:role/",
        "arn:aws:iam:us-east-1:111122223333:role/x",
        "arn:azure:iam::111122223333:role/x",
        "arn:aws:iam::111122223333:rooted",
    ];
    check(&ROLE_ARN, &[role], &[user, root, policy, own, pipeline]);
    check(&PRINCIPAL_ARN, &[role, user, root], &[policy, own, pipeline]);
    check(&POLICY_ARN, &[policy, own], &[role, user, root, pipeline]);
    check(
        &PIPELINE_ARN,
        &[pipeline],
        &[role, "arn:aws:imagebuilder:x:111122223333:image-pipeline/a"],
    );
    for form in [&ROLE_ARN, &PRINCIPAL_ARN, &POLICY_ARN, &PIPELINE_ARN] {
        check(form, &[], &broken);
    }
}

#[test]
fn the_folder_above_the_cli_can_be_mounted_into_containers() {
    check(
        &CLI_PATH,
        &["/opt/aws-cli/bin/aws", "/home/ec2-user/miniconda/bin/aws", "/a/b/aws"],
        &[
            "",
            "aws",
            "/aws",
            "/bin/aws",
            "/usr/bin/aws",
            "/usr/local/bin/aws",
            "opt/aws-cli/bin/aws",
            "/opt/aws cli/bin/aws",
            "/opt/../bin/aws",
            "/opt//bin/aws",
            "/opt/it's/bin/aws",
            "/opt/aws-cli/bin/aws2",
        ],
    );
}

#[test]
fn names_of_compute_and_network_have_their_forms() {
    check(
        &INSTANCE_TYPE,
        &[
            "optimal",
            "m5",
            "m5.large",
            "c6i.32xlarge",
            "u-6tb1.metal",
            "i7ie.metal-24xl",
            "x2gd.xlarge",
        ],
        &["", "m5.", "m5.huge", "M5.large", "large", "optimal.large", "m5.xxlarge", "5m.large"],
    );
    check(
        &DOMAIN,
        &["quay.io", ".quay.io", "S3.amazonaws.com", "localhost"],
        &["", ".", "*", "*.quay.io", "..io", "a b.c", "quay.io.", "https://quay.io"],
    );
    check(&IMAGE, &["quay.io/a/*", "a:1@sha256:0"], &["a b", "a,b", "a\n"]);
    check(&BUCKET, &["ngi-igenomes", "a.b"], &["ab", "A-b", "a_b", "-ab", &"a".repeat(64)]);
    check(
        &VPC,
        &["vpc-01234567", "vpc-0123456789abcdef0"],
        &["vpc-", "vpc-0123", "sg-01234567", "vpc-0123456G"],
    );
}

#[test]
fn blocks_have_room_for_the_network_and_are_private() {
    for block in ["192.168.0.0/16", "10.4.128.0/17", "172.31.192.0/18"] {
        assert!(cidr(block).is_ok(), "{block}");
    }
    for block in ["10.0.0.0/15", "10.0.0.0/19", "172.32.0.0/16", "8.8.0.0/16", "10.0.0.0", "::/16"]
    {
        assert_eq!(cidr(block).map_err(|refusal| refusal.instead), Err(None), "{block}");
    }
    let refusal = cidr("10.0.128.0/16").unwrap_err();
    assert_eq!(refusal.instead, Some("10.0.0.0/16".parse().unwrap()));
}

#[test]
fn only_the_user_name_is_filled_in() {
    assert_eq!(fill_in("a/{{username}}/{{username}}:*", "u").as_deref(), Ok("a/u/u:*"));
    assert_eq!(fill_in("a{b}", "u").as_deref(), Ok("a{b}"));
    for braced in ["{{user}}", "{{ username }}", "{{"] {
        assert_eq!(fill_in(&format!("a{braced}"), "u"), Err(braced.into()));
    }
}

#[test]
fn reserved_and_illegal_tags_are_refused() {
    for key in ["team", "cost:center", "Équipe 1"] {
        assert_eq!(tag_key(key), Ok(()), "{key}");
    }
    for key in ["", "aws:x", "AWS:x", "nfplan:unit", "Name", "Environment", "a<b", &"k".repeat(129)]
    {
        assert!(tag_key(key).is_err(), "{key}");
    }
}

/// Every form, with texts that have it.
const FORMS: [(&Form, &[&str]); 24] = [
    (&STATE_BUCKET, &["s3://example-state/a/b/", "s3://example"]),
    (&KMS_KEY, &["arn:aws:kms:us-east-1:111122223333:key/mrk-1"]),
    (&NOT_EMPTY, &["a", " "]),
    (&ANY, &["", "é\n"]),
    (&ACCOUNT_ID, &["111122223333"]),
    (&REGION, &["us-east-1", "us-gov-west-1"]),
    (&ENVIRONMENT, &["data.example.org", "a-b.c", "localhost"]),
    (&LOCAL_NAME, &["lab-7", "a_b.C"]),
    (&USER, &["alice@uchicago.edu", "a b~"]),
    (&STATE, &[".nfplan/state", "/var/x", "s3://example-state/a/b/", "s3://example", "s3:x"]),
    (&ROLE_ARN, &["arn:aws:iam::111122223333:role/a/b", "arn:aws-cn:iam::111122223333:role/x"]),
    (&PRINCIPAL_ARN, &["arn:aws:iam::111122223333:root", "arn:aws:iam::111122223333:user/x"]),
    (&POLICY_ARN, &["arn:aws:iam::aws:policy/x", "arn:aws-us-gov:iam::111122223333:policy/x"]),
    (&PIPELINE_ARN, &["arn:aws:imagebuilder:us-east-1:111122223333:image-pipeline/nf"]),
    (&CLI_PATH, &["/opt/aws-cli/bin/aws", "/home/ec2-user/miniconda/bin/aws"]),
    (&AMI, &["ami-0123456789abcdef0"]),
    (&VPC, &["vpc-01234567"]),
    (&SUBNET, &["subnet-0123456789abcdef0"]),
    (&SECURITY_GROUP, &["sg-01234567"]),
    (&INSTANCE_TYPE, &["optimal", "m5", "c6i.32xlarge", "u-6tb1.metal", "i7ie.metal-24xl"]),
    (&DOMAIN, &["quay.io", ".quay.io", "S3.amazonaws.com"]),
    (&IMAGE, &["quay.io/a/*", "a/{{username}}:1@sha256:0"]),
    (&BUCKET, &["ngi-igenomes", "a.b", "x-{{username}}", "{{username}}.b"]),
    (&CIDR, &["192.168.0.0/16", "10.4.128.0/17", "172.31.192.0/18"]),
];

const TAGS: [(&Form, &[&str]); 2] =
    [(&TAG_KEY, &["team", "cost:center", "Équipe 1"]), (&TAG_VALUE, &["", "a b", "x=1"])];

/// What is put into a text to see whether a form notices.
const PIECES: [&str; 40] = [
    "",
    "a",
    "Z",
    "0",
    "1",
    "9",
    "64",
    "128",
    "255",
    "256",
    "-",
    "--",
    ".",
    "..",
    "/",
    "//",
    ":",
    "::",
    "*",
    "@",
    " ",
    "é",
    "\n",
    "_",
    "{",
    "}",
    "{{",
    "{{username}}",
    "{{user}}",
    "aws:",
    "AWS:",
    "nfplan:",
    "Name",
    "root",
    "xlarge",
    "metal",
    "/16",
    "/17",
    "s3://",
    "optimal",
];

/// A text that has a form, with up to three places changed.
fn near(examples: Vec<&'static str>) -> impl Strategy<Value = String> {
    let edit = (any::<prop::sample::Index>(), 0..3_usize, prop::sample::select(&PIECES[..]));
    let edits = prop::collection::vec(edit, 0..4);
    (prop::sample::select(examples), edits, any::<bool>()).prop_map(|(text, edits, long)| {
        let mut text: Vec<char> = text.chars().collect();
        for (place, length, piece) in edits {
            let from = place.index(text.len() + 1);
            let to = (from + length).min(text.len());
            text.splice(from..to, piece.chars());
        }
        if long {
            let middle = text.len() / 2;
            text.splice(middle..middle, std::iter::repeat_n('a', 60));
        }
        text.into_iter().collect()
    })
}

#[test]
fn patterns_say_what_the_checks_say() {
    for (form, examples) in FORMS.iter().chain(&TAGS) {
        let schema = serde_json::json!({ "type": "string", "pattern": form.pattern });
        let validator = jsonschema::draft7::new(&schema).unwrap();
        for example in *examples {
            assert!((form.matches)(example), "{example}");
        }
        let config = ProptestConfig {
            cases: 600,
            rng_seed: RngSeed::Fixed(7),
            failure_persistence: None,
            ..ProptestConfig::default()
        };
        let mut runner = TestRunner::new(config);
        let texts = near(examples.to_vec());
        let judged = runner.run(&texts, |text| {
            let by_pattern = validator.is_valid(&text.as_str().into());
            // What the bucket's name has room for is judged apart from the form.
            let by_check = (form.matches)(&text)
                && !(std::ptr::eq(*form, &raw const ENVIRONMENT) && text.len() > 47);
            prop_assert_eq!(by_pattern, by_check, "{:?}", text);
            Ok(())
        });
        judged.unwrap_or_else(|error| panic!("{}: {error}", form.pattern));
    }
}

#[test]
fn what_was_probably_meant_has_the_form() {
    let cases = [
        (&ACCOUNT_ID, "1111-2222-3333", Some("111122223333")),
        (&REGION, "US-East-1", Some("us-east-1")),
        (&ENVIRONMENT, "Data.Example.org", Some("data.example.org")),
        (&DOMAIN, "*.quay.io", Some(".quay.io")),
        (&DOMAIN, "https://quay.io/v2/", Some("quay.io")),
        (&DOMAIN, "*", None),
        (&IMAGE, "docker://quay.io/x", Some("quay.io/x")),
        (&BUCKET, "s3://NGI-igenomes/", Some("ngi-igenomes")),
        (&INSTANCE_TYPE, "M5.Large", Some("m5.large")),
        (&INSTANCE_TYPE, "m5.huge", None),
        (&PRINCIPAL_ARN, "111122223333", Some("arn:aws:iam::111122223333:root")),
        (&LOCAL_NAME, "b d", Some("b-d")),
    ];
    for (form, text, meant) in cases {
        assert!(!(form.matches)(text), "{text}");
        assert_eq!(form.mended(text).as_deref(), meant, "{text}");
    }
}
