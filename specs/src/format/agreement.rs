//! `accepted.yaml` and `approvals.yaml`.

use std::collections::BTreeSet;

use jiff::civil::Date;
use nfplan_engine::digest::Digest;

use super::project::APPROVALS;
use super::shape::Key;
use super::shape::Section;
use super::shape::Shape;
use super::shape::words;
use crate::agreement::ACCEPTED_FILE;
use crate::agreement::APPROVALS_FILE;
use crate::agreement::Acceptance;
use crate::agreement::MOST_DAYS;
use crate::agreement::Place;
use crate::agreement::PlanApproval;
use crate::agreement::latest;
use crate::code;
use crate::decode::Decoder;
use crate::decode::Field;
use crate::decode::Fields;
use crate::decode::Set;
use crate::syntax;

/// The file of accepted drift.
pub(crate) static ACCEPTED: Shape = Shape::Section(&Section {
    keys: &[&[Key::required(
        "accepted",
        Shape::List(&Shape::Section(&ACCEPTANCE), 0),
        "Drift that is known and left alone for a time. `nfplan accept` writes entries.",
    )]],
    rules: &[],
});

static ACCEPTANCE: Section = Section {
    keys: &[
        &[
            Key::required(
                "drift",
                Shape::Text(&syntax::DRIFT),
                "What drifted, as `nfplan drift` names it. `*` stands for any characters, and then \
                 covers only attributes that somebody changed without making anything less safe.",
            ),
            Key::optional(
                "live",
                Shape::Value,
                "What it was found to be. Another value is not accepted. Absent: the attribute was \
                 not set, or the object is gone.",
            ),
            Key::required(
                "since",
                Shape::Text(&syntax::DATE),
                "The first day on which it is accepted, in UTC.",
            ),
            Key::required(
                "expires",
                Shape::Text(&syntax::DATE),
                "The last day on which it is accepted, in UTC; at most 90 days after the first.",
            ),
        ],
        &OF_ACCEPTANCE,
    ],
    rules: &[],
};

/// The file of approvals.
pub(crate) static PLAN_APPROVALS: Shape = Shape::Section(&Section {
    keys: &[&[Key::required(
        "approvals",
        Shape::List(&Shape::Section(&APPROVAL), 0),
        "Plans that may do what needs an approval of its own, as `--allow` says it for one command.",
    )]],
    rules: &[],
});

static APPROVAL: Section = Section {
    keys: &[
        &[
            Key::required(
                "plan",
                Shape::Text(&syntax::DIGEST),
                "The plan's digest, whole. Another plan is not approved.",
            ),
            Key::required(
                "allow",
                Shape::List(&Shape::Word(&words(&APPROVALS)), 1),
                "The kinds of change that it may contain.",
            ),
        ],
        &OF_APPROVAL,
    ],
    rules: &[],
};

const RESPONSIBILITY: [Key; 2] = [
    Key::required("reason", Shape::Text(&syntax::NOT_EMPTY), "Why, for whoever reads it later."),
    Key::required("owner", Shape::Text(&syntax::NOT_EMPTY), "Who answers for it."),
];

/// Two tables, because a reference tells by a table where its keys were shown before.
static OF_ACCEPTANCE: [Key; 2] = RESPONSIBILITY;
static OF_APPROVAL: [Key; 2] = RESPONSIBILITY;

/// Reads the file of accepted drift.
pub(crate) fn accepted(decoder: &mut Decoder<'_>, root: Field<'_>) -> Vec<Acceptance> {
    entries(decoder, root, "accepted", |decoder, fields, line, column| {
        let place = Place { file: ACCEPTED_FILE, line, column };
        acceptance(decoder, fields, place)
    })
}

/// Reads the file of approvals.
pub(crate) fn plan_approvals(decoder: &mut Decoder<'_>, root: Field<'_>) -> Vec<PlanApproval> {
    entries(decoder, root, "approvals", |decoder, fields, line, column| {
        let place = Place { file: APPROVALS_FILE, line, column };
        approval(decoder, fields, place)
    })
}

/// The entries of the list under the only key of a file, those that can be read.
fn entries<T>(
    decoder: &mut Decoder<'_>,
    root: Field<'_>,
    name: &str,
    mut read: impl FnMut(&mut Decoder<'_>, Fields<'_>, u32, u32) -> Option<T>,
) -> Vec<T> {
    let Some(fields) = decoder.fields(root) else { return Vec::new() };
    let Some(list) = fields.get(name) else {
        decoder.miss(fields, name);
        return Vec::new();
    };
    let Shape::List(shape, _) = *list.shape else { panic!("BUG: `{name}` is a list") };
    let mut found = Vec::new();
    for node in decoder.items(list).unwrap_or_default() {
        let start = node.span.start;
        let item = Field { name: "an entry", key: node.span, node, shape };
        if let Some(fields) = decoder.fields(item) {
            found.extend(read(decoder, fields, start.line, start.column));
        }
    }
    found
}

fn acceptance(decoder: &mut Decoder<'_>, fields: Fields<'_>, place: Place) -> Option<Acceptance> {
    let mut text = |name| decoder.read(fields, name, Decoder::text).map(|set| set.value.into());
    let (drift, reason, owner) = (text("drift"), text("reason"), text("owner"));
    let errors = decoder.errors();
    let live = fields.get("live").and_then(|field| decoder.value(field));
    let unread = decoder.errors() > errors;
    let (since, expires) = (date(decoder, fields, "since"), date(decoder, fields, "expires"));
    let (since, expires) = (since?, expires?);
    let latest = latest(since.value);
    if expires.value < since.value {
        let message = format!("`expires` is before `since`, {}", since.value);
        decoder.report(decoder.error(code::ACCEPTED_TOO_LONG, expires.span, message));
    } else if expires.value > latest {
        let message = format!("drift is accepted for at most {MOST_DAYS} days: until {latest}");
        let problem = decoder.error(code::ACCEPTED_TOO_LONG, expires.span, message);
        decoder.report(
            problem
                .suggest("write the last possible day", latest.to_string())
                .help("what is to stay belongs in the specs"),
        );
    }
    let (since, expires) = (since.value, expires.value);
    let entry =
        Acceptance { drift: drift?, live, reason: reason?, owner: owner?, since, expires, place };
    (!unread).then_some(entry)
}

fn date(decoder: &mut Decoder<'_>, fields: Fields<'_>, name: &str) -> Option<Set<Date>> {
    decoder.read(fields, name, |decoder, field| decoder.text(field)?.parse().ok())
}

fn approval(decoder: &mut Decoder<'_>, fields: Fields<'_>, place: Place) -> Option<PlanApproval> {
    let plan =
        decoder.read(fields, "plan", |decoder, field| decoder.text(field)?.parse::<Digest>().ok());
    let allow = decoder.read(fields, "allow", |decoder, field| {
        decoder.list(field, |decoder, item| decoder.word(item, &APPROVALS))
    });
    let mut text = |name| decoder.read(fields, name, Decoder::text).map(|set| set.value.into());
    let (reason, owner) = (text("reason"), text("owner"));
    let allow: BTreeSet<_> = allow?.value.into_iter().collect();
    Some(PlanApproval { plan: plan?.value, allow, reason: reason?, owner: owner?, place })
}
