//! `nfplan.yaml`.

use std::collections::BTreeMap;
use std::collections::BTreeSet;

use nfplan_engine::address::AccountId;
use nfplan_engine::address::Place;
use nfplan_engine::address::Region;

use super::limits;
use super::overlay::Layer;
use super::overlay::Overlay;
use super::overlay::overlay;
use crate::code;
use crate::decode::Decoder;
use crate::decode::Field;
use crate::decode::Fields;
use crate::decode::Set;
use crate::project::Access;
use crate::project::Account;
use crate::project::ApprovalClass;
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
    let Some(mut fields) = decoder.fields(root) else { return Declared::default() };
    let format = decoder.required(&mut fields, "nfplan", |decoder, field| {
        version(decoder, field, FORMAT, "format")
    });
    if format.is_none() {
        return Declared::default();
    }
    let declared = sections(decoder, &mut fields);
    decoder.finish(fields);
    declared
}

fn sections(decoder: &mut Decoder<'_>, fields: &mut Fields<'_>) -> Declared {
    let blueprint = decoder.required(fields, "blueprint", |decoder, field| {
        version(decoder, field, NEWEST_BLUEPRINT, "blueprint")
    });
    let name = decoder.required(fields, "environment", |decoder, field| {
        decoder.checked(field, syntax::environment)
    });
    let state = match fields.take("state") {
        Some(field) => decoder.checked(field, |text| {
            text.parse().map_err(|_| "a folder, s3://bucket or s3://bucket/prefix".into())
        }),
        None => Some(StateLocation::default()),
    };
    let approvals = decoder.optional(fields, "approvals", |decoder, field| {
        decoder.list(field, |decoder, item| decoder.word(item, &ApprovalClass::WORDS))
    });
    let max_deletes = decoder
        .optional(fields, "max_deletes", |decoder, field| decoder.integer(field, 0..=u32::MAX));
    let environment = name.as_ref().map(|name| Environment {
        name: name.value.clone(),
        blueprint: blueprint.map_or(NEWEST_BLUEPRINT, |set| set.value),
    });
    if let (Some(name), Some(environment)) = (&name, &environment) {
        check_host(decoder, name.span, environment);
    }
    Declared {
        environment,
        state,
        approvals: approvals.map_or_else(BTreeSet::new, |set| set.value.into_iter().collect()),
        max_deletes: max_deletes.map_or(DEFAULT_MAX_DELETES, |set| set.value),
        accounts: accounts(decoder, fields),
        profiles: match fields.take("profiles") {
            Some(field) => named(decoder, field, profile),
            None => Some(BTreeMap::new()),
        },
    }
}

fn version(decoder: &mut Decoder<'_>, field: Field<'_>, newest: u32, what: &str) -> Option<u32> {
    let number = decoder.integer(field, 1..=u32::MAX)?;
    if number <= newest {
        return Some(number);
    }
    let message = format!("{what} {number} is newer than this nfplan, which knows up to {newest}");
    let problem = decoder.error(code::NEWER_FORMAT, field.node.span, message);
    decoder.report(problem.help("use a newer nfplan"));
    None
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
        if let Err(expected) = syntax::local_name(entry.name) {
            let message = format!("the name `{}` must be {expected}", entry.name);
            decoder.report(decoder.error(code::WRONG_FORM, entry.key, message));
        }
        things.insert(entry.name.into(), read(decoder, entry));
    }
    Some(things)
}

fn profile(decoder: &mut Decoder<'_>, field: Field<'_>) -> Option<Overlay> {
    let before = decoder.errors();
    let mut fields = decoder.fields(field)?;
    let profile = overlay(decoder, &mut fields, Layer::Defaults);
    decoder.finish(fields);
    (decoder.errors() == before).then_some(profile)
}

fn accounts(
    decoder: &mut Decoder<'_>,
    fields: &mut Fields<'_>,
) -> Option<BTreeMap<Box<str>, Option<Account>>> {
    let Some(field) = fields.take("accounts") else {
        let problem = decoder.error(code::MISSING_KEY, fields.owner, "`accounts` is missing");
        decoder.report(problem);
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
    let mut fields = decoder.fields(field)?;
    let id = decoder
        .required(&mut fields, "id", |decoder, field| decoder.checked(field, syntax::account_id));
    let region = decoder
        .required(&mut fields, "region", |decoder, field| decoder.checked(field, syntax::region));
    let access = access(decoder, &mut fields, id.as_ref());
    let expire_days = fields.take("data").and_then(|field| {
        let mut inner = decoder.fields(field)?;
        let days = decoder.optional(&mut inner, "expire_days", |decoder, field| {
            decoder.integer(field, 1..=36_500)
        });
        decoder.finish(inner);
        days
    });
    decoder.finish(fields);
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

fn access(
    decoder: &mut Decoder<'_>,
    fields: &mut Fields<'_>,
    id: Option<&Set<AccountId>>,
) -> Access {
    let provider = decoder.optional(fields, "provider", |decoder, field| {
        decoder.word(field, &[("aws", Access::Aws), ("sim", Access::Sim)])
    });
    let assume_role = fields.take("assume_role");
    let external_id = fields.take("external_id");
    if provider.is_some_and(|set| set.value == Access::Sim) {
        decoder.refuse([assume_role, external_id], "provider: aws");
        return Access::Sim;
    }
    let Some(assume_role) = assume_role else {
        decoder.refuse([external_id], "assume_role");
        return Access::Aws;
    };
    let external_id = external_id.and_then(|field| decoder.text(field)).map(Box::<str>::from);
    let Some(role) = decoder.checked(assume_role, syntax::role_arn) else { return Access::Aws };
    let owner = syntax::account_of(&role);
    if let Some(id) = id.filter(|id| owner != Some(id.value.as_str())) {
        let message = "the role to assume belongs to another account";
        let problem = decoder
            .error(code::ROLE_OF_OTHER_ACCOUNT, assume_role.node.span, message)
            .label(decoder.file, id.span, "than this one");
        decoder.report(problem);
    }
    Access::AwsRole { role, external_id }
}
