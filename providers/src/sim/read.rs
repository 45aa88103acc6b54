//! Reads: which requests AWS's bulk calls would take, and what they show.

use std::collections::BTreeMap;
use std::collections::BTreeSet;

use nfplan_engine::address::Place;
use nfplan_engine::address::RemoteId;
use nfplan_engine::observed::Live;
use nfplan_engine::observed::Owner;
use nfplan_engine::observed::Sighting;
use nfplan_engine::provider::Depth;
use nfplan_engine::provider::ProviderError;
use nfplan_engine::provider::Target;
use nfplan_engine::provider::Wanted;
use nfplan_engine::schema::Identity;
use nfplan_engine::schema::Kind as AttributeKind;
use nfplan_engine::schema::Schema;
use nfplan_engine::value::Attributes;
use nfplan_engine::value::Value;

use crate::files;
use crate::sim::checks;
use crate::sim::cloud::Cloud;
use crate::sim::iam::access_key;
use crate::sim::kind;
use crate::sim::kind::Kind;
use crate::sim::record::Record;
use crate::sim::scene;
use crate::sim::session::Session;

/// From this many IAM objects on, one listing of the whole account is cheaper than looking at each:
/// those of ten workspaces.
const LIST_IAM_FROM: usize = 70;

/// How many IAM objects fit on a page of `GetAccountAuthorizationDetails`.
const IAM_PAGE: u64 = 1_000;

/// Reads objects of one place, type by type.
pub(crate) fn read(
    session: &mut Session<'_>,
    depth: Depth,
    wanted: &[Wanted<'_>],
) -> Vec<Sighting> {
    let mut asked = Asked::default();
    let iam = wanted.iter().filter(|wanted| is_listed_iam(type_of(wanted))).count();
    let mut sightings: Vec<(usize, Sighting)> = Vec::with_capacity(wanted.len());
    for (resource_type, indexes) in by_type(wanted) {
        let Some(kind) = kind::find(resource_type) else {
            let disk = &session.core.disk;
            let files = indexes.into_iter().map(|index| (index, files::read(disk, &wanted[index])));
            sightings.extend(files);
            continue;
        };
        let list_iam = iam >= LIST_IAM_FROM && is_listed_iam(resource_type);
        let listed = asked.list(session, kind, (depth, list_iam)).err();
        for index in indexes {
            let wanted = &wanted[index];
            let sighting = match &listed {
                Some(error) => unreadable(error),
                None => see(session, kind, (depth, list_iam), wanted),
            };
            sightings.push((index, sighting));
        }
    }
    sightings.sort_by_key(|(index, _)| *index);
    sightings.into_iter().map(|(_, sighting)| sighting).collect()
}

fn type_of<'a>(wanted: &'a Wanted<'_>) -> &'a str {
    wanted.address.resource_type.as_str()
}

/// Whether `GetAccountAuthorizationDetails` shows a type.
fn is_listed_iam(resource_type: &str) -> bool {
    matches!(resource_type, "iam.role" | "iam.user" | "iam.policy" | "iam.instance_profile")
}

fn by_type<'a>(wanted: &'a [Wanted<'_>]) -> BTreeMap<&'a str, Vec<usize>> {
    let mut groups: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
    for (index, wanted) in wanted.iter().enumerate() {
        groups.entry(type_of(wanted)).or_default().push(index);
    }
    groups
}

fn unreadable(error: &ProviderError) -> Sighting {
    Sighting::Unreadable { reason: error.to_string() }
}

/// The listings that were asked for, so that types which share one ask once.
#[derive(Default)]
struct Asked(BTreeMap<&'static str, Result<(), ProviderError>>);

impl Asked {
    fn list(
        &mut self,
        session: &mut Session<'_>,
        kind: &'static Kind,
        (depth, list_iam): (Depth, bool),
    ) -> Result<(), ProviderError> {
        let scope = kind.scope(session.place);
        let count = session.cloud().count(kind.resource_type, scope);
        for (operation, page) in kind.reads.deep_pages.iter().filter(|_| depth == Depth::Deep) {
            self.pages(session, operation, count.div_ceil(*page))?;
        }
        if list_iam {
            let count = |name| session.cloud().count(name, None);
            let total = count("iam.role") + count("iam.user") + count("iam.policy");
            return self.pages(
                session,
                "iam:GetAccountAuthorizationDetails",
                total.div_ceil(IAM_PAGE),
            );
        }
        for (operation, page) in kind.reads.pages {
            self.pages(session, operation, count.div_ceil(*page))?;
        }
        Ok(())
    }

    fn pages(
        &mut self,
        session: &mut Session<'_>,
        operation: &'static str,
        count: u64,
    ) -> Result<(), ProviderError> {
        if let Some(answer) = self.0.get(operation) {
            return answer.clone();
        }
        let answer = (0..count.max(1)).try_for_each(|_| session.look(operation));
        self.0.insert(operation, answer.clone());
        answer
    }
}

/// Looks at one object, with the requests that it takes beside the listings.
fn see(
    session: &mut Session<'_>,
    kind: &'static Kind,
    (depth, list_iam): (Depth, bool),
    wanted: &Wanted<'_>,
) -> Sighting {
    if let Target::Siblings(inputs) = &wanted.target {
        return siblings(session, inputs, wanted);
    }
    if let Target::Named(inputs) = &wanted.target
        && let several @ [_, _, ..] =
            named(session.cloud(), (session.place, kind), inputs).as_slice()
    {
        let ids: Vec<&str> = several.iter().map(|record| &*record.key.id).collect();
        let reason = format!("several are called the same: {}", ids.join(", "));
        return Sighting::Unreadable { reason };
    }
    let key_id = matches!(wanted.target, Target::Id(..)) && kind.resource_type == KEY_TYPE;
    if let (Target::Id(id, inputs), Depth::Bulk, true) = (&wanted.target, depth, key_id) {
        return unasked_key(session, id, inputs);
    }
    let schema = session.settings().schema(kind.resource_type);
    let found = find(session.cloud(), session.place, kind, (schema, wanted)).is_some();
    let mut requests: Vec<&str> = Vec::new();
    if !list_iam {
        let shown =
            if found || kind.reads.listed { usize::from(found) * kind.reads.each.len() } else { 1 };
        requests.extend(kind.reads.each.iter().take(shown));
    }
    let deep = depth == Depth::Deep || kind.resource_type == KEY_TYPE;
    if deep && (found || !kind.reads.listed) {
        requests.extend(kind.reads.deep);
    }
    if let Err(error) = requests.into_iter().try_for_each(|request| session.look(request)) {
        return unreadable(&error);
    }
    let record = find(session.cloud(), session.place, kind, (schema, wanted));
    record.map_or(Sighting::Missing, |record| {
        let mut live = live(session.cloud(), (schema, record), depth, wanted);
        if kind.resource_type == KEY_TYPE {
            live.attributes.insert("others".into(), others(session.cloud(), record));
        }
        Sighting::Present(live)
    })
}

const KEY_TYPE: &str = "iam.access_key";

/// The keys that a key's user has beside it.
fn others(cloud: &Cloud, key: &Record) -> Value {
    let user = key.text("user").and_then(|user| cloud.find("iam.user", None, user));
    let keys = user.into_iter().flat_map(|user| access_key::keys_of(cloud, user));
    Value::List(
        keys.filter(|other| other.key != key.key).map(|other| Value::text(&other.key.id)).collect(),
    )
}

/// A bulk read does not list keys, which takes a request for each user: what state knows of one is
/// passed on, with every attribute marked as not read.
fn unasked_key(session: &Session<'_>, id: &RemoteId, inputs: &Attributes) -> Sighting {
    let schema = session.settings().schema(KEY_TYPE);
    let mut attributes = inputs.clone();
    attributes.remove("status");
    attributes.insert("id".into(), Value::text(id.as_str()));
    Sighting::Present(Live {
        remote_id: id.clone(),
        owner: None,
        attributes,
        unread: schema.managed().map(|(attribute, _)| attribute.name.into()).collect(),
        settling: None,
    })
}

/// The keys of a user.
fn siblings(session: &mut Session<'_>, inputs: &Attributes, wanted: &Wanted<'_>) -> Sighting {
    if let Err(error) = session.look("iam:ListAccessKeys") {
        return unreadable(&error);
    }
    let name = inputs.get("user").and_then(Value::as_text).unwrap_or_default();
    let Some(user) = session.cloud().find("iam.user", None, name) else {
        return Sighting::Missing;
    };
    let keys: Vec<&Record> = access_key::keys_of(session.cloud(), user).collect();
    let ids = |keys: &mut dyn Iterator<Item = &&Record>| {
        Value::List(keys.map(|key| Value::text(&key.key.id)).collect())
    };
    let all = ids(&mut keys.iter());
    let unused = ids(&mut keys.iter().filter(|key| !key.hidden.contains_key("used")));
    let attributes = Attributes::from([("ids".into(), all), ("unused".into(), unused)]);
    let remote_id = RemoteId::new(&user.key.id).expect("users have names");
    let owner = Some(Owner {
        unit: wanted.unit.clone(),
        address: wanted.address.clone(),
        incarnation: None,
    });
    let unread = BTreeSet::new();
    Sighting::Present(Live { remote_id, owner, attributes, unread, settling: None })
}

/// The object that a read is about.
fn find<'a>(
    cloud: &'a Cloud,
    place: &Place,
    kind: &'static Kind,
    (schema, wanted): (&Schema, &Wanted<'_>),
) -> Option<&'a Record> {
    let by_id = |id: &str| cloud.find(kind.resource_type, kind.scope(place), id);
    match &wanted.target {
        Target::Id(id, _) => by_id(id.as_str()),
        Target::Identity(inputs) => identified(cloud, place, kind, (schema, inputs), wanted),
        Target::Named(inputs) => named(cloud, (place, kind), inputs).into_iter().next(),
        Target::Incarnation(incarnation, inputs) => {
            let made = |record: &&Record| record.incarnation == Some(*incarnation);
            match schema.identity {
                Identity::Tags => cloud.owned(wanted.unit, wanted.address).find(made),
                Identity::Attributes(_) | Identity::Siblings(_) => {
                    let found = identified(cloud, place, kind, (schema, inputs), wanted)?;
                    let unit =
                        checks::owner(cloud, found).and_then(|owner| owner.tag("nfplan:unit"));
                    let ours = unit == Some(&wanted.unit.to_string());
                    Some(found).filter(made).filter(|_| ours)
                }
            }
        }
        Target::Others(known) => {
            let is_other =
                |record: &&Record| !known.iter().any(|id| *id.as_str() == *record.key.id);
            let others = cloud.owned(wanted.unit, wanted.address).filter(is_other);
            others.min_by_key(|record| record.incarnation)
        }
        Target::Siblings(_) => None,
    }
}

/// The objects that are called so, and that nobody's ownership tags are on.
fn named<'a>(
    cloud: &'a Cloud,
    (place, kind): (&Place, &'static Kind),
    inputs: &Attributes,
) -> Vec<&'a Record> {
    let tags = inputs.get("tags").and_then(Value::as_map);
    let wanted = |key: &str| tags?.get(key)?.as_text();
    let is_called = |record: &Record| {
        if inputs.contains_key("name") {
            let is = |name: &str| record.attributes.get(name) == inputs.get(name);
            return is("name") && is("vpc_id");
        }
        ["Name", "Environment"].into_iter().all(|key| {
            let wanted = wanted(key);
            wanted.is_some() && wanted == record.tag(key)
        })
    };
    let is_named = |record: &&Record| {
        record.key.resource_type == kind.resource_type
            && record.key.region.as_ref() == kind.scope(place)
            && record.tag("nfplan:unit").is_none()
            && is_called(record)
    };
    cloud.records().filter(is_named).collect()
}

/// The object that has a type's identity.
fn identified<'a>(
    cloud: &'a Cloud,
    place: &Place,
    kind: &'static Kind,
    (schema, inputs): (&Schema, &Attributes),
    wanted: &Wanted<'_>,
) -> Option<&'a Record> {
    match schema.identity {
        Identity::Tags => cloud.owned(wanted.unit, wanted.address).next(),
        Identity::Siblings(_) => None,
        Identity::Attributes(names) => {
            let parts: Option<Vec<&str>> =
                names.iter().map(|name| inputs.get(*name)?.as_text()).collect();
            cloud.find(kind.resource_type, kind.scope(place), &parts?.join("|"))
        }
    }
}

/// An object as a read shows it.
pub(crate) fn live(
    cloud: &Cloud,
    (schema, record): (&Schema, &Record),
    depth: Depth,
    wanted: &Wanted<'_>,
) -> Live {
    let mut attributes = scene::view(cloud, record);
    let mut unread = BTreeSet::new();
    attributes.retain(|name, _| schema.attribute(name).is_some());
    let missed = schema.attributes.iter().filter(|a| a.deep && depth == Depth::Bulk);
    for attribute in missed {
        attributes.remove(attribute.name);
        if matches!(attribute.kind, AttributeKind::Managed(_)) {
            unread.insert(attribute.name.into());
        }
    }
    let working = kind::of(schema.resource_type).work.as_ref();
    let status = working.and_then(|working| record.text(working.status));
    Live {
        remote_id: RemoteId::new(&record.key.id).expect("objects have ids"),
        owner: owner_of(cloud, record, wanted),
        attributes,
        unread,
        settling: record.pending.as_ref().map(|_| status.unwrap_or("working").to_owned()),
    }
}

/// Whose an object is: as its tags say, or those of what it is part of.
fn owner_of(cloud: &Cloud, record: &Record, wanted: &Wanted<'_>) -> Option<Owner> {
    let tagged = checks::owner(cloud, record)?;
    let unit = tagged.tag("nfplan:unit")?.parse().ok()?;
    let address = if tagged.key == record.key {
        tagged.tag("nfplan:address")?.parse().ok()?
    } else {
        wanted.address.clone()
    };
    Some(Owner { unit, address, incarnation: record.incarnation })
}
