use super::*;

fn known() -> Known {
    let texts = |texts: &[&str]| texts.iter().map(|text| (*text).to_owned()).collect();
    Known {
        arns: texts(&[
            "arn:aws:iam::1:role/path/host-nf-alice",
            "arn:aws:iam::1:policy/path/other",
        ]),
        names: texts(&["host-nf-alice", "host-nf-job-queue-alice", "host/nf/alice"]),
        images: texts(&["ami-1"]),
    }
}

#[test]
fn names_are_those_of_the_plan_and_ids_are_any() {
    let secret = "arn:aws:secretsmanager:r:1:secret:host/nf/*-??????";
    let table = [
        // A whole ARN fits.
        ("arn:aws:iam::1:role/path/host-nf-*", "arn:aws:iam::1:role/path/host-nf-alice", true),
        // A name does.
        ("arn:aws:batch:r:1:job-queue/host-nf-job-queue-*", "", true),
        (secret, "arn:aws:secretsmanager:r:1:secret:host/nf/alice-AbCdEf", true),
        // AWS makes up the id.
        ("arn:aws:ec2:r:1:vpc/*", "arn:aws:ec2:r:1:vpc/*", true),
        ("arn:aws:logs:r:1:log-group:/a:*", "arn:aws:logs:r:1:log-group:/a:*", true),
        ("*", "*", true),
        ("arn:aws:s3:::bucket", "arn:aws:s3:::bucket", true),
        // An image is one of the plan's.
        ("arn:aws:ec2:r::image/*", "arn:aws:ec2:r::image/ami-1", true),
        // Nothing fits.
        ("arn:aws:iam::1:user/somebody-*", "arn:aws:iam::1:user/somebody-*", false),
    ];
    for (pattern, text, certain) in table {
        let filled = known().fill(pattern);
        let text = if text.is_empty() { pattern.replace('*', "alice") } else { text.to_owned() };
        assert_eq!((filled.text, filled.certain), (text, certain), "{pattern}");
    }
}

#[test]
fn a_value_names_the_call_or_has_no_wildcards() {
    let values =
        |values: &[&str]| values.iter().map(|value| (*value).to_owned()).collect::<Vec<_>>();
    let actions = BTreeMap::from([("ec2:CreateTags", BTreeSet::from(["ec2:CreateVpc"]))]);
    let one = |all: &[&str]| one_of(&values(all), &actions, &known()).unwrap();
    assert_eq!(one(&["CreateSubnet", "CreateVpc"]), "CreateVpc");
    assert_eq!(one(&["ec2.amazonaws.com", "batch.amazonaws.com"]), "ec2.amazonaws.com");
    assert_eq!(
        one(&["arn:aws:iam::1:policy/x-*", "arn:aws:iam::aws:policy/b"]),
        "arn:aws:iam::aws:policy/b"
    );
}

#[test]
fn what_no_name_was_found_for_is_denied_only_by_who_denies_everything() {
    let question =
        Question { actions: BTreeSet::new(), resources: BTreeSet::new(), context: BTreeMap::new() };
    let row = |certain| Row { question: question.clone(), users: BTreeMap::new(), certain };
    assert!(row(true).is_denied(Denial::NotAllowed) && row(false).is_denied(Denial::Forbidden));
    assert!(!row(false).is_denied(Denial::NotAllowed));
}
