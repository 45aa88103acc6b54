//! `workspaces/*.yaml`: researchers by user name.

use std::collections::BTreeMap;

use nfplan_engine::address::EscapedUser;
use nfplan_engine::address::Place;
use nfplan_engine::address::UnitId;

use super::limits;
use super::merge;
use super::overlay;
use super::overlay::Layer;
use super::overlay::Overlay;
use super::overlay::overlay;
use super::project::Declared;
use super::shape::Choice;
use super::shape::Key;
use super::shape::Names;
use super::shape::Section;
use super::shape::Shape;
use super::shape::words;
use crate::code;
use crate::decode::Decoder;
use crate::decode::Field;
use crate::decode::FileNumber;
use crate::decode::Set;
use crate::decode::propose;
use crate::escape::escape_user;
use crate::settings::At;
use crate::settings::Status;
use crate::span::Span;
use crate::syntax;

/// A file of researchers.
pub(crate) static RESEARCHERS: Shape = Shape::Map(&Names {
    placeholder: "USER",
    key: &syntax::USER,
    most: None,
    value: Shape::Section(&RESEARCHER),
});

static RESEARCHER: Section = Section {
    keys: &[
        &[
            Key::required(
                "account",
                Shape::Text(&syntax::NOT_EMPTY),
                "The account that the workspace is in, by its name in nfplan.yaml. Another one \
                 means to destroy the workspace and make it anew there.",
            ),
            Key::required(
                "profile",
                Shape::Text(&syntax::NOT_EMPTY),
                "The profile that the workspace starts from. What stands here overrides it field \
                 by field.",
            ),
            Key::optional(
                "status",
                Shape::Word(&words(&STATUS)),
                "Whether the researcher may work.",
            )
            .or("active"),
        ],
        &overlay::KEYS,
    ],
    rules: &[],
};

const STATUS: [Choice<Status>; 2] = [
    Choice::new("active", Status::Active, "The researcher may work."),
    Choice::new(
        "suspended",
        Status::Suspended,
        "Credentials are revoked, jobs ended, and nothing runs; data stay.",
    ),
];

/// One researcher's workspace as its spec says, before its profile is laid under it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WorkspaceSpec {
    user: Box<str>,
    unit: UnitId,
    account: Box<str>,
    profile: Box<str>,
    status: At<Status>,
    labels: BTreeMap<Box<str>, Box<str>>,
    pub(crate) overlay: Overlay,
    pub(crate) span: Span,
    /// Index into the fleet's files.
    pub(crate) file: u32,
}

impl WorkspaceSpec {
    /// The user name as the spec writes it.
    pub fn user(&self) -> &str {
        &self.user
    }

    /// The user name after Hatchery's escape rule.
    pub fn escaped(&self) -> &EscapedUser {
        self.unit.user().expect("the unit of a workspace has a user")
    }

    /// The unit.
    pub fn unit(&self) -> &UnitId {
        &self.unit
    }

    /// The account and region.
    pub fn place(&self) -> &Place {
        self.unit.place()
    }

    /// What specs call the account.
    pub fn account(&self) -> &str {
        &self.account
    }

    /// The profile's name.
    pub fn profile(&self) -> &str {
        &self.profile
    }

    /// Whether the researcher may work.
    pub fn status(&self) -> &At<Status> {
        &self.status
    }

    /// Labels to select by, the profile's included.
    pub fn labels(&self) -> &BTreeMap<Box<str>, Box<str>> {
        &self.labels
    }
}

/// What is known when a file with researchers is read.
#[derive(Debug)]
pub(crate) struct Known<'a> {
    pub declared: &'a Declared,
    /// All files up to this one.
    pub files: &'a [Box<str>],
    /// Where each user was seen first.
    pub seen: &'a mut BTreeMap<EscapedUser, (u32, Span)>,
}

impl Known<'_> {
    fn file(&self) -> u32 {
        u32::try_from(self.files.len() - 1).expect("there are fewer files than 2^32")
    }
}

/// Reads a file's top map; researchers with problems are left out.
pub(crate) fn researchers(
    decoder: &mut Decoder<'_>,
    root: Field<'_>,
    mut known: Known<'_>,
) -> Vec<WorkspaceSpec> {
    let entries = decoder.names(root).unwrap_or_default();
    entries.into_iter().filter_map(|entry| researcher(decoder, entry, &mut known)).collect()
}

fn researcher(
    decoder: &mut Decoder<'_>,
    field: Field<'_>,
    known: &mut Known<'_>,
) -> Option<WorkspaceSpec> {
    let before = decoder.errors();
    let escaped = user(decoder, field, known);
    let fields = decoder.fields(field)?;
    let declared = known.declared;
    let account = decoder.read(fields, "account", |decoder, field| {
        chosen(decoder, field, declared.accounts.as_ref(), code::UNKNOWN_ACCOUNT)
    });
    let profile = decoder.read(fields, "profile", |decoder, field| {
        chosen(decoder, field, declared.profiles.as_ref(), code::UNKNOWN_PROFILE)
    });
    let below = profile.as_ref().and_then(|set| set.value.1);
    let status = decoder.read(fields, "status", |decoder, field| decoder.word(field, &STATUS));
    let own = overlay(decoder, fields, below.map_or(Layer::Unknown, Layer::Profile));
    if decoder.errors() > before {
        return None;
    }
    check_merged(decoder, field, &own, below?)?;
    let (name, account) = account?.value;
    let mut labels = below?.labels.clone();
    labels.extend(own.labels.clone());
    let origin = field.key.origin(FileNumber::Researcher as u32);
    Some(WorkspaceSpec {
        user: field.name.into(),
        unit: UnitId::Workspace(account?.place.clone(), escaped?),
        account: name,
        profile: profile?.value.0,
        status: status.map_or(At { value: Status::Active, origin }, |set| set.at()),
        labels,
        overlay: own,
        span: field.key,
        file: known.file(),
    })
}

/// Checks a user name, alone and among all.
fn user(decoder: &mut Decoder<'_>, field: Field<'_>, known: &mut Known<'_>) -> Option<EscapedUser> {
    let escaped = match escape_user(field.name) {
        Ok(escaped) => escaped,
        Err(error) => {
            decoder.report(decoder.error(code::USER_NAME, field.key, error.to_string()));
            return None;
        }
    };
    if let Some((file, span)) = known.seen.get(&escaped) {
        let message = format!("the researcher `{}` is given twice", field.name);
        let first = &known.files[*file as usize];
        let problem = decoder.error(code::DUPLICATE_USER, field.key, message).text("again here");
        decoder.report(problem.label(first, *span, "first here").help("keep one of them"));
        return None;
    }
    known.seen.insert(escaped.clone(), (known.file(), field.key));
    let host = known.declared.environment.as_ref()?.host();
    if let Some(name) = limits::workspace(&host, &escaped) {
        let message = format!("the user name is too long: {}", name.message());
        let help = format!(
            "a user name whose escaped form has {} characters fewer, or a shorter environment",
            name.excess()
        );
        decoder.report(decoder.error(code::NAME_TOO_LONG, field.key, message).help(help));
        return None;
    }
    Some(escaped)
}

/// Reads the name of something declared in `nfplan.yaml`. It is there but absent from the answer if
/// it had problems itself.
fn chosen<'d, T>(
    decoder: &mut Decoder<'_>,
    field: Field<'_>,
    declared: Option<&'d BTreeMap<Box<str>, Option<T>>>,
    code: &'static str,
) -> Option<(Box<str>, Option<&'d T>)> {
    let name = decoder.text(field)?;
    let Some(declared) = declared else { return Some((name.into(), None)) };
    if let Some(found) = declared.get(name) {
        return Some((name.into(), found.as_ref()));
    }
    let message = format!("the {} `{name}` does not exist in nfplan.yaml", field.name);
    let names: Vec<&str> = declared.keys().map(AsRef::as_ref).collect();
    let problem = decoder.error(code, field.node.span, message);
    decoder.report(propose(problem, name, &names));
    None
}

/// Checks what a workspace and its profile must have between them.
fn check_merged(
    decoder: &mut Decoder<'_>,
    field: Field<'_>,
    own: &Overlay,
    below: &Overlay,
) -> Option<()> {
    let network = merge::network(own.network.as_ref(), below.network.as_ref());
    let credentials = merge::credentials(own.credentials.as_ref(), below.credentials.as_ref());
    let missing = [
        (network.err(), own.network.as_ref().map(Set::place)),
        (credentials.err(), own.credentials.as_ref().map(Set::place)),
    ];
    let mut sound = Some(());
    for (keys, place) in missing {
        for key in keys.unwrap_or_default() {
            let span = place.map_or(field.key, |(_, span)| span);
            let message = format!("`{key}` is missing, here and in the profile");
            decoder.report(decoder.error(code::MISSING_KEY, span, message));
            sound = None;
        }
    }
    sound
}
