//! `nfplan.yaml`.

use std::collections::BTreeMap;
use std::collections::BTreeSet;

use nfplan_engine::address::AccountId;
use nfplan_engine::address::Place;
use nfplan_engine::address::Region;

use super::limits;
use super::overlay;
use super::overlay::Layer;
use super::overlay::Overlay;
use super::overlay::overlay;
use super::shape::Choice;
use super::shape::Key;
use super::shape::Names;
use super::shape::Rule;
use super::shape::Section;
use super::shape::Shape;
use super::shape::Variants;
use super::shape::words;
use crate::code;
use crate::decode::Decoder;
use crate::decode::Field;
use crate::decode::Fields;
use crate::decode::Set;
use crate::project::Access;
use crate::project::Account;
use crate::project::ApprovalClass;
use crate::project::StateBucket;
use crate::project::StateLocation;
use crate::settings::At;
use crate::settings::Environment;
use crate::span::Span;
use crate::syntax;

/// The format that this nfplan reads.
const FORMAT: u32 = 1;
/// The newest blueprint that this nfplan has.
const NEWEST_BLUEPRINT: u32 = 1;
/// Days until data expire where a spec does not say.
const DEFAULT_EXPIRE_DAYS: u32 = 30;
/// Units that may be destroyed at once where a spec does not say.
pub(crate) const DEFAULT_MAX_DELETES: u32 = 10;

/// The file.
pub(crate) static PROJECT: Shape = Shape::Section(&Section {
    keys: &[&[
        Key::required("nfplan", Shape::Integer(1, FORMAT), "The format of the spec files."),
        Key::required(
            "blueprint",
            Shape::Integer(1, NEWEST_BLUEPRINT),
            "What a workspace expands to. A newer nfplan may offer newer blueprints and never \
             switches by itself.",
        ),
        Key::required(
            "environment",
            Shape::Text(&syntax::ENVIRONMENT),
            "The DNS name of the commons. Names and tags in AWS derive from it; it cannot be \
             changed once something is applied.",
        ),
        Key::optional(
            "state",
            Shape::TextOrSection(&syntax::STATE, &STATE),
            "Where states are kept: a folder, relative to nfplan.yaml, or a part of an S3 bucket; as \
             a map, how the bucket is used.",
        )
        .or(".nfplan/state"),
        Key::optional(
            "approvals",
            Shape::List(&Shape::Word(&words(&APPROVALS)), 0),
            "Kinds of change that need an approval of their own, beside those that always do.",
        )
        .or("[]"),
        Key::optional(
            "max_deletes",
            Shape::Integer(0, u32::MAX),
            "How many units may be destroyed at once before that counts as a mass destroy.",
        )
        .or("10"),
        Key::required("accounts", Shape::Map(&ACCOUNTS), "The AWS accounts, by names of your own."),
        Key::optional(
            "profiles",
            Shape::Map(&PROFILES),
            "Settings that researchers share, by names of your own.",
        )
        .or("{}"),
    ]],
    rules: &[],
});

static STATE: Section = Section {
    keys: &[&[
        Key::required("bucket", Shape::Text(&syntax::STATE_BUCKET), "The bucket and prefix."),
        Key::optional(
            "region",
            Shape::Text(&syntax::REGION),
            "The bucket's region. Absent: the runner's own.",
        ),
        Key::optional(
            "bucket_owner",
            Shape::Text(&syntax::ACCOUNT_ID),
            "The account that the bucket must belong to; S3 refuses every access otherwise.",
        ),
        Key::optional(
            "kms_key",
            Shape::Text(&syntax::KMS_KEY),
            "The KMS key that states are encrypted with. Absent: as the bucket itself encrypts.",
        ),
    ]],
    rules: &[],
};

static ACCOUNTS: Names = Names {
    placeholder: "NAME",
    key: &syntax::LOCAL_NAME,
    most: None,
    value: Shape::Section(&ACCOUNT),
};

static PROFILES: Names = Names {
    placeholder: "NAME",
    key: &syntax::LOCAL_NAME,
    most: None,
    value: Shape::Section(&PROFILE),
};

static PROFILE: Section = Section { keys: &[&overlay::KEYS], rules: &[] };

static ACCOUNT: Section = Section {
    keys: &[&[
        Key::required("id", Shape::Text(&syntax::ACCOUNT_ID), "The account's id, in quotes."),
        Key::required(
            "region",
            Shape::Text(&syntax::REGION),
            "The region of the account's workspaces. An account has one region per environment, \
             because names of IAM and of buckets are global.",
        ),
        Key::optional("provider", Shape::Word(&words(&PROVIDERS)), "Which cloud it is in.")
            .or("aws"),
        Key::optional(
            "assume_role",
            Shape::Text(&syntax::ROLE_ARN),
            "The role of that account that nfplan works as. Absent: the runner's own credentials.",
        ),
        Key::optional(
            "external_id",
            Shape::Text(&syntax::NOT_EMPTY),
            "The external id that the role's trust policy asks for.",
        ),
        Key::optional("data", Shape::Section(&DATA), "What becomes of data in the work bucket."),
    ]],
    rules: &[
        Rule::Variants(&Variants {
            key: "provider",
            default: "aws",
            keys: &[("aws", &["assume_role", "external_id"]), ("sim", &[])],
        }),
        Rule::Needs("external_id", "assume_role"),
    ],
};

static DATA: Section = Section {
    keys: &[&[Key::optional(
        "expire_days",
        Shape::Integer(1, 36_500),
        "After how many days objects of the work bucket expire.",
    )
    .or("30")]],
    rules: &[],
};

#[derive(Clone, Copy, PartialEq, Eq)]
enum Provider {
    Aws,
    Sim,
}

const PROVIDERS: [Choice<Provider>; 2] = [
    Choice::new("aws", Provider::Aws, "Amazon Web Services."),
    Choice::new("sim", Provider::Sim, "The simulated cloud that nfplan carries in itself."),
];

pub(super) const APPROVALS: [Choice<ApprovalClass>; ApprovalClass::WORDS.len()] = {
    const fn choice(index: usize, meaning: &'static str) -> Choice<ApprovalClass> {
        let (name, class) = ApprovalClass::WORDS[index];
        Choice::new(name, class, meaning)
    }
    [
        choice(0, "Data would be lost. Always needs approval."),
        choice(
            1,
            "More than `max_deletes` units, or all, would be destroyed. Always needs approval.",
        ),
        choice(2, "Something is deleted before its successor exists. Always needs approval."),
        choice(3, "Any unit would be destroyed. Needs approval if named here."),
        choice(4, "Anything would be replaced. Needs approval if named here."),
        choice(5, "Everybody, or another account, would get in. Needs approval if named here."),
        choice(6, "Somebody could do more than before. Needs approval if named here."),
        choice(7, "Something that protects would be taken away. Needs approval if named here."),
        choice(8, "Somebody would get credentials. Needs approval if named here."),
        choice(9, "More could be spent. Needs approval if named here."),
        choice(
            10,
            "What somebody else changed would be changed back. Needs approval if named here.",
        ),
    ]
};

/// What could be read of `nfplan.yaml`. What is absent had problems, and nothing that depends on it
/// is judged.
#[derive(Debug, Default)]
pub(crate) struct Declared {
    pub environment: Option<Environment>,
    pub state: Option<StateLocation>,
    pub approvals: BTreeSet<ApprovalClass>,
    pub max_deletes: u32,
    pub accounts: Option<BTreeMap<Box<str>, Option<Account>>>,
    pub profiles: Option<BTreeMap<Box<str>, Option<Overlay>>>,
}

/// Reads the file's top map.
pub(crate) fn project(decoder: &mut Decoder<'_>, root: Field<'_>) -> Declared {
    let Some(fields) = decoder.open(root) else { return Declared::default() };
    // What a newer format means cannot be judged.
    if decoder.read(fields, "nfplan", version).is_none() {
        return Declared::default();
    }
    decoder.check(fields);
    let blueprint = decoder.read(fields, "blueprint", version);
    let name = decoder.read(fields, "environment", Decoder::text);
    let approvals = decoder.read(fields, "approvals", |decoder, field| {
        decoder.list(field, |decoder, item| decoder.word(item, &APPROVALS))
    });
    let max_deletes = decoder.read(fields, "max_deletes", Decoder::integer);
    let environment = name.as_ref().map(|name| Environment {
        name: name.value.into(),
        blueprint: blueprint.map_or(NEWEST_BLUEPRINT, |set| set.value),
    });
    if let (Some(name), Some(environment)) = (&name, &environment) {
        check_host(decoder, name.span, environment);
    }
    Declared {
        environment,
        state: match fields.get("state") {
            Some(field) => state(decoder, field),
            None => Some(StateLocation::default()),
        },
        approvals: approvals.map_or_else(BTreeSet::new, |set| set.value.into_iter().collect()),
        max_deletes: max_deletes.map_or(DEFAULT_MAX_DELETES, |set| set.value),
        accounts: accounts(decoder, fields),
        profiles: match fields.get("profiles") {
            Some(field) => named(decoder, field, profile),
            None => Some(BTreeMap::new()),
        },
    }
}

/// Reads a version: a number above its bounds is one that a newer nfplan knows.
fn version(decoder: &mut Decoder<'_>, field: Field<'_>) -> Option<u32> {
    let number = decoder.integer_within(field, 1, u32::MAX)?;
    let Shape::Integer(_, newest) = *field.shape else { panic!("BUG: a version is a number") };
    if number <= newest {
        return Some(number);
    }
    let what = if field.name == "nfplan" { "format" } else { field.name };
    let message = format!("{what} {number} is newer than this nfplan, which knows up to {newest}");
    let problem = decoder.error(code::NEWER_FORMAT, field.node.span, message);
    decoder.report(problem.help("use a newer nfplan"));
    None
}

fn state(decoder: &mut Decoder<'_>, field: Field<'_>) -> Option<StateLocation> {
    if !field.node.is_map() {
        return decoder.text(field)?.parse().ok();
    }
    let fields = decoder.fields(field)?;
    let mut text = |name| decoder.read(fields, name, Decoder::text).map(|set| set.value);
    let (bucket, region) = (text("bucket"), text("region"));
    let (owner, kms_key) = (text("bucket_owner"), text("kms_key"));
    match bucket?.parse().ok()? {
        StateLocation::Bucket(bucket) => Some(StateLocation::Bucket(StateBucket {
            region: region.map(Box::from),
            owner: owner.map(Box::from),
            kms_key: kms_key.map(Box::from),
            ..bucket
        })),
        StateLocation::Folder(_) => None,
    }
}

/// All account ids have the same length, so any will do.
fn check_host(decoder: &mut Decoder<'_>, span: Span, environment: &Environment) {
    let any = AccountId::new("000000000000").expect("it has 12 digits");
    if let Some(name) = limits::platform(&environment.host(), &any) {
        let message = format!("the environment's name is too long: {}", name.message());
        let help = format!("use a name with {} characters fewer", name.excess());
        decoder.report(decoder.error(code::NAME_TOO_LONG, span, message).help(help));
    }
}

/// Reads a map from names to things; a thing with problems stays known by its name.
fn named<T>(
    decoder: &mut Decoder<'_>,
    field: Field<'_>,
    read: impl Fn(&mut Decoder<'_>, Field<'_>) -> Option<T>,
) -> Option<BTreeMap<Box<str>, Option<T>>> {
    let mut things = BTreeMap::new();
    for entry in decoder.names(field)? {
        let form = &syntax::LOCAL_NAME;
        if !(form.matches)(entry.name) {
            let message = format!("the name `{}` must be {}", entry.name, form.expected);
            let problem = decoder.error(code::WRONG_FORM, entry.key, message);
            decoder.report(match form.mended(entry.name) {
                Some(mended) => problem.suggest("did you mean this?", mended),
                None => problem,
            });
        }
        things.insert(entry.name.into(), read(decoder, entry));
    }
    Some(things)
}

fn profile(decoder: &mut Decoder<'_>, field: Field<'_>) -> Option<Overlay> {
    let before = decoder.errors();
    let fields = decoder.fields(field)?;
    let profile = overlay(decoder, fields, Layer::Defaults);
    (decoder.errors() == before).then_some(profile)
}

fn accounts(
    decoder: &mut Decoder<'_>,
    fields: Fields<'_>,
) -> Option<BTreeMap<Box<str>, Option<Account>>> {
    let Some(field) = fields.get("accounts") else {
        decoder.miss(fields, "accounts");
        return None;
    };
    let read = named(decoder, field, account)?;
    let mut first: BTreeMap<AccountId, (Span, Region)> = BTreeMap::new();
    // In the order of the file, so that "first" means first for the reader.
    for entry in field.entries() {
        let Some(Some((account, id))) = read.get(&entry.key.text) else { continue };
        let place = &account.place;
        match first.get(&place.account) {
            None => {
                first.insert(place.account.clone(), (*id, place.region.clone()));
            }
            Some((span, region)) => duplicate_account(decoder, place, *id, (*span, region)),
        }
    }
    let account = |found: Option<(Account, Span)>| found.map(|(account, _)| account);
    Some(read.into_iter().map(|(name, found)| (name, account(found))).collect())
}

fn duplicate_account(
    decoder: &mut Decoder<'_>,
    place: &Place,
    span: Span,
    (first, region): (Span, &Region),
) {
    let message = if place.region == *region {
        format!("the account id {} is given twice", place.account)
    } else {
        format!("the account {} has two regions: {region} and {}", place.account, place.region)
    };
    let problem = decoder
        .error(code::DUPLICATE_ACCOUNT, span, message)
        .text("again here")
        .label(decoder.file, first, "first here")
        .help("names of IAM and of buckets are global: an account has one region per environment");
    decoder.report(problem);
}

/// An account, with the place of its id.
fn account(decoder: &mut Decoder<'_>, field: Field<'_>) -> Option<(Account, Span)> {
    let fields = decoder.fields(field)?;
    let id = decoder.read(fields, "id", |decoder, field| AccountId::new(decoder.text(field)?).ok());
    let region =
        decoder.read(fields, "region", |decoder, field| Region::new(decoder.text(field)?).ok());
    let access = access(decoder, fields, id.as_ref());
    let expire_days = fields.get("data").and_then(|field| {
        let fields = decoder.fields(field)?;
        decoder.read(fields, "expire_days", Decoder::integer)
    });
    let origin = field.key.origin(decoder.number as u32);
    let default = At { value: DEFAULT_EXPIRE_DAYS, origin };
    let Set { value: id, span, .. } = id?;
    let account = Account {
        name: field.name.into(),
        place: Place { account: id, region: region?.value },
        access,
        expire_days: expire_days.map_or(default, |set| set.at()),
        origin,
    };
    Some((account, span))
}

fn access(decoder: &mut Decoder<'_>, fields: Fields<'_>, id: Option<&Set<AccountId>>) -> Access {
    let provider = decoder.variant(fields, &PROVIDERS, Some(Provider::Aws));
    if provider == Some(Provider::Sim) {
        return Access::Sim;
    }
    let external_id = fields.get("external_id").and_then(|field| decoder.text(field));
    let Some(assume_role) = fields.get("assume_role") else { return Access::Aws };
    let Some(role) = decoder.text(assume_role) else { return Access::Aws };
    let owner = syntax::account_of(role);
    if let Some(id) = id.filter(|id| owner != Some(id.value.as_str())) {
        let message = "the role to assume belongs to another account";
        let problem = decoder
            .error(code::ROLE_OF_OTHER_ACCOUNT, assume_role.node.span, message)
            .label(decoder.file, id.span, "than this one");
        decoder.report(problem);
    }
    Access::AwsRole { role: role.into(), external_id: external_id.map(Box::from) }
}
