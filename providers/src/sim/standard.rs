//! Create, update and delete as the type's table says: order, ownership, references, rules.

use std::collections::BTreeSet;

use nfplan_engine::provider::CreateRequest;
use nfplan_engine::provider::DeleteRequest;
use nfplan_engine::provider::ErrorKind;
use nfplan_engine::provider::ProviderError;
use nfplan_engine::provider::UpdateRequest;
use nfplan_engine::value::Attributes;
use nfplan_engine::value::Value;

use crate::sim::checks;
use crate::sim::kind;
use crate::sim::kind::Change;
use crate::sim::kind::Guard;
use crate::sim::kind::Holds;
use crate::sim::kind::Kind;
use crate::sim::kind::Start;
use crate::sim::record::Key;
use crate::sim::record::Pending;
use crate::sim::record::Record;
use crate::sim::record::Then;
use crate::sim::record::referred;
use crate::sim::scene::Attempt;
use crate::sim::scene::Refusal;
use crate::sim::scene::Scene;
use crate::sim::session::Session;
use crate::sim::session::Waited;

/// Makes an object, sends the changes that its create request cannot carry, and waits for it.
pub(crate) fn create(
    session: &mut Session<'_>,
    kind: &'static Kind,
    request: &CreateRequest<'_>,
) -> Result<Key, ProviderError> {
    let key = make(session, kind, request.inputs)?;
    bring(session, &key, request.inputs)?;
    wait_created(session, kind, &key)?;
    Ok(key)
}

/// Sends the create request. An object of the same attempt is taken for the one to be made.
pub(crate) fn make(
    session: &mut Session<'_>,
    kind: &'static Kind,
    inputs: &Attributes,
) -> Result<Key, ProviderError> {
    let attempt = session.attempt();
    if let Guard::Search(operation) = kind.guard {
        session.look(operation)?;
        let mut made = session.cloud().owned(attempt.unit, attempt.address);
        if let Some(ours) = made.find(|record| record.incarnation == Some(attempt.incarnation)) {
            return Ok(ours.key.clone());
        }
    }
    session.request(kind.create, |scene| {
        if let Some(key) = made_before(scene, kind, attempt, inputs)? {
            return Ok(key);
        }
        let record = draft(scene, kind, attempt, inputs);
        let overwritten = scene.cloud.get(&record.key);
        if overwritten.is_none() {
            scene.check_quota(kind)?;
        }
        checks::check(scene, kind, overwritten, &record)?;
        let key = record.key.clone();
        scene.put(record);
        Ok(key)
    })
}

/// The object that the same attempt made before. Another one under the same name is refused.
fn made_before(
    scene: &Scene<'_>,
    kind: &'static Kind,
    attempt: Attempt<'_>,
    inputs: &Attributes,
) -> Result<Option<Key>, Refusal> {
    let named = inputs.get("name").and_then(Value::as_text);
    let found = match kind.guard {
        Guard::Search(_) | Guard::Overwrite => None,
        Guard::Token => {
            let token = format!("token {}", attempt.token);
            let repeated = scene.find(kind.resource_type, &token);
            repeated.or_else(|| scene.find(kind.resource_type, named?))
        }
        Guard::Name => {
            let id = (kind.identify)(&scene.mint(), scene.place, inputs).id;
            scene.find(kind.resource_type, &id).or_else(|| checks::same_name(scene, kind, named?))
        }
    };
    let Some(found) = found else { return Ok(None) };
    let repeated = found.token.as_deref() == Some(attempt.token);
    if repeated || checks::is_of_attempt(scene, found, attempt) {
        return Ok(Some(found.key.clone()));
    }
    let title = scene.settings.schema(kind.resource_type).title;
    let owner = checks::owner_words(scene, found);
    let message = format!("the {title} `{}` already exists and {owner}", found.key.id);
    Err(Refusal::new(ErrorKind::Exists, kind.codes.exists, message))
}

/// The object as the create request makes it.
fn draft(
    scene: &Scene<'_>,
    kind: &'static Kind,
    attempt: Attempt<'_>,
    inputs: &Attributes,
) -> Record {
    let mut attributes = inputs.clone();
    for change in kind.changes {
        for (name, start) in starts(change) {
            match start {
                Some(value) => attributes.insert(name.into(), value),
                None => attributes.remove(name),
            };
        }
    }
    let identified = (kind.identify)(&scene.mint(), scene.place, inputs);
    let schema = scene.settings.schema(kind.resource_type);
    attributes.extend(identified.outputs);
    attributes.extend((schema.predict)(scene.place, inputs));
    schema.normalise(&mut attributes);
    let key = kind.key(scene.place, &identified.id);
    let mut record = Record::new(key, attributes, scene.now);
    record.incarnation = Some(attempt.incarnation);
    record.token = (kind.guard == Guard::Token).then(|| attempt.token.into());
    if let Some((work, meanwhile, afterwards)) = kind.work.as_ref().and_then(|work| work.create) {
        let status = kind.work.as_ref().map_or("status", |work| work.status);
        record.attributes.insert(status.into(), meanwhile.into());
        let then = Attributes::from([(status.into(), afterwards.into())]);
        record.pending = Some(Pending { at: scene.end_of(work), then: Then::Become(then) });
    }
    (kind.rules.complete)(scene, &mut record);
    record
}

/// The attributes that a create request does not carry, with what they start from.
fn starts(change: &'static Change) -> Vec<(&'static str, Option<Value>)> {
    match change {
        Change::Set { start: Start::Given, .. } => Vec::new(),
        Change::Set { attributes, start, .. } => {
            let value = match start {
                Start::Given | Start::Unset => None,
                Start::Bool(value) => Some(Value::Bool(*value)),
                Start::Text(text) => Some(Value::text(text)),
            };
            attributes.iter().map(|name| (*name, value.clone())).collect()
        }
        Change::Switch { attribute, start, .. } => vec![(attribute, Some(Value::Bool(*start)))],
        Change::Slot { attribute, .. } => vec![(attribute, None)],
        Change::Items { attribute, start, .. } => vec![(attribute, Some(Value::List(start())))],
    }
}

/// Sends the changes that bring an object to its attributes.
pub(crate) fn update(
    session: &mut Session<'_>,
    record: &Record,
    request: &UpdateRequest<'_>,
) -> Result<(), ProviderError> {
    bring(session, &record.key, request.after)?;
    update_tags(session, &record.key, request.after)
}

/// Sends a request for each change that the object still lacks.
pub(crate) fn bring(
    session: &mut Session<'_>,
    key: &Key,
    wanted: &Attributes,
) -> Result<(), ProviderError> {
    let kind = kind::of(key.resource_type);
    let mut wanted = wanted.clone();
    session.settings().schema(kind.resource_type).normalise(&mut wanted);
    kind.changes.iter().try_for_each(|change| apply_change(session, key, change, &wanted))
}

fn apply_change(
    session: &mut Session<'_>,
    key: &Key,
    change: &'static Change,
    wanted: &Attributes,
) -> Result<(), ProviderError> {
    match change {
        Change::Set { operation, attributes, clear, .. } => {
            let differs = |name: &&str| live(session, key, name) != wanted.get(*name);
            if !attributes.iter().any(differs) {
                return Ok(());
            }
            let cleared = attributes.iter().all(|name| !wanted.contains_key(*name));
            let operation = clear.filter(|_| cleared).unwrap_or(operation);
            set(session, key, operation, attributes, wanted)
        }
        Change::Switch { attribute, on, off, .. } => {
            let value = wanted.get(*attribute);
            if live(session, key, attribute) == value {
                return Ok(());
            }
            let operation = if value == Some(&Value::Bool(true)) { on } else { off };
            set(session, key, operation, &[attribute], wanted)
        }
        Change::Slot { attribute, fill, empty } => {
            let filled = live(session, key, attribute).cloned();
            if filled.as_ref() == wanted.get(*attribute) {
                return Ok(());
            }
            if filled.is_some() {
                set(session, key, empty, &[attribute], &Attributes::new())?;
            }
            if wanted.contains_key(*attribute) {
                set(session, key, fill, &[attribute], wanted)?;
            }
            Ok(())
        }
        Change::Items { attribute, add, remove, each, .. } => {
            let before = items(live(session, key, attribute));
            let after = items(wanted.get(*attribute));
            let added: Vec<&Value> = after.difference(&before).collect();
            for some in batches(&added, *each) {
                let add_some = |items: &mut Vec<Value>| items.extend(some.iter().copied().cloned());
                change_items(session, key, (add, attribute), &add_some)?;
            }
            let removed: Vec<&Value> = before.difference(&after).collect();
            for some in batches(&removed, *each) {
                let drop_some = |items: &mut Vec<Value>| items.retain(|item| !some.contains(&item));
                change_items(session, key, (remove, attribute), &drop_some)?;
            }
            Ok(())
        }
    }
}

fn items(value: Option<&Value>) -> BTreeSet<Value> {
    value.and_then(Value::as_list).unwrap_or_default().iter().cloned().collect()
}

fn live<'a>(session: &'a Session<'_>, key: &Key, name: &str) -> Option<&'a Value> {
    session.record(key)?.attributes.get(name)
}

/// All items in one request, or each in its own.
fn batches<'a, 'b>(items: &'a [&'b Value], each: bool) -> impl Iterator<Item = &'a [&'b Value]> {
    items.chunks(if each { 1 } else { items.len().max(1) })
}

/// Sends one request that gives attributes their wanted values.
pub(crate) fn set(
    session: &mut Session<'_>,
    key: &Key,
    operation: &'static str,
    names: &[&str],
    wanted: &Attributes,
) -> Result<(), ProviderError> {
    change(session, key, operation, |_, record| {
        for name in names {
            match wanted.get(*name) {
                Some(value) => record.attributes.insert((*name).into(), value.clone()),
                None => record.attributes.remove(*name),
            };
        }
        Ok(())
    })
}

fn change_items(
    session: &mut Session<'_>,
    key: &Key,
    (operation, attribute): (&'static str, &str),
    edit: &dyn Fn(&mut Vec<Value>),
) -> Result<(), ProviderError> {
    change(session, key, operation, |_, record| {
        if let Some(Value::List(items)) = record.attributes.get_mut(attribute) {
            edit(items);
        }
        Ok(())
    })
}

/// Sends one request that changes an object.
pub(crate) fn change(
    session: &mut Session<'_>,
    key: &Key,
    operation: &'static str,
    edit: impl Fn(&Scene<'_>, &mut Record) -> Result<(), Refusal>,
) -> Result<(), ProviderError> {
    session.request(operation, |scene| {
        let before = scene.current(key)?;
        let mut after = before.clone();
        edit(scene, &mut after)?;
        checks::check(scene, kind::of(key.resource_type), Some(&before), &after)?;
        scene.put(after);
        Ok(())
    })
}

/// Brings the tags to what is wanted.
pub(crate) fn update_tags(
    session: &mut Session<'_>,
    key: &Key,
    wanted: &Attributes,
) -> Result<(), ProviderError> {
    let Some(tagging) = &kind::of(key.resource_type).tagging else { return Ok(()) };
    let none = Attributes::new();
    let tags = |value: Option<&Value>| value.and_then(Value::as_map).unwrap_or(&none).clone();
    let before = tags(live(session, key, "tags"));
    let after = tags(wanted.get("tags"));
    let mut kept = before.clone();
    kept.retain(|name, _| after.contains_key(name));
    if let Some(untag) = tagging.untag.filter(|_| kept != before) {
        let kept = Attributes::from([("tags".into(), kept.clone().into())]);
        set(session, key, untag, &["tags"], &kept)?;
    }
    if kept != after || (tagging.untag.is_none() && before != after) {
        let after = Attributes::from([("tags".into(), after.into())]);
        set(session, key, tagging.tag, &["tags"], &after)?;
    }
    Ok(())
}

/// Detaches what is attached by requests of their own, deletes, and waits until the object is gone.
pub(crate) fn delete(
    session: &mut Session<'_>,
    record: &Record,
    request: &DeleteRequest<'_>,
) -> Result<(), ProviderError> {
    let kind = kind::of(record.key.resource_type);
    detach(session, &record.key, request.inputs)?;
    session.request(kind.delete, |scene| {
        let Some(record) = scene.cloud.get(&record.key).filter(|record| !is_ending(record)) else {
            return Ok(());
        };
        refuse_while_used(scene, kind, record)?;
        (kind.rules.may_delete)(scene, record)?;
        end(scene, kind, record);
        Ok(())
    })?;
    let Some(working) = &kind.work else { return Ok(()) };
    let Some((work, _)) = working.delete else { return Ok(()) };
    match session.wait(&record.key, working.poll, work)? {
        Waited::Settled => Ok(()),
        Waited::StillWorking => Err(still_working(session, kind, &record.key, working.poll)),
    }
}

/// The end of work that does not end.
const NEVER: u64 = u64::MAX;

/// Whether an object goes away by itself.
fn is_ending(record: &Record) -> bool {
    let pending = record.pending.as_ref();
    pending.is_some_and(|pending| pending.then == Then::Gone && pending.at != NEVER)
}

fn end(scene: &mut Scene<'_>, kind: &'static Kind, record: &Record) {
    let followers: Vec<Key> = held(scene, record)
        .filter(|(_, reference)| reference.holds == Holds::Follows)
        .map(|(referrer, _)| referrer.key.clone())
        .collect();
    followers.into_iter().for_each(|key| scene.remove(key));
    let working = kind.work.as_ref().and_then(|work| Some((work.status, work.delete?)));
    match working {
        None => scene.remove(record.key.clone()),
        Some((status, (work, meanwhile))) => {
            let mut ending = record.clone();
            ending.attributes.insert(status.into(), meanwhile.into());
            let hangs = (kind.rules.hangs)(scene.cloud, record);
            let at = if hangs { NEVER } else { scene.end_of(work) };
            ending.pending = Some(Pending { at, then: Then::Gone });
            scene.put(ending);
        }
    }
}

/// Removes what the object's own inputs attached to it: AWS deletes only what nothing hangs on.
fn detach(session: &mut Session<'_>, key: &Key, inputs: &Attributes) -> Result<(), ProviderError> {
    for change in kind::of(key.resource_type).changes {
        match change {
            Change::Slot { attribute, empty, .. } if live(session, key, attribute).is_some() => {
                set(session, key, empty, &[attribute], &Attributes::new())?;
            }
            Change::Items { attribute, remove, each: true, .. } => {
                let attached = live(session, key, attribute).and_then(Value::as_list);
                let attached: Vec<Value> = attached.unwrap_or_default().to_vec();
                let ours = inputs.get(*attribute).and_then(Value::as_list).unwrap_or_default();
                for gone in attached.iter().filter(|item| ours.contains(item)) {
                    let drop_one = |items: &mut Vec<Value>| items.retain(|item| item != gone);
                    change_items(session, key, (remove, attribute), &drop_one)?;
                }
            }
            Change::Set { .. }
            | Change::Switch { .. }
            | Change::Slot { .. }
            | Change::Items { .. } => {}
        }
    }
    Ok(())
}

/// The objects that refer to this one, with how.
fn held<'a>(
    scene: &Scene<'a>,
    record: &Record,
) -> impl Iterator<Item = (&'a Record, &'static kind::Reference)> {
    let handles = record.handles();
    let to = record.key.resource_type;
    let referrers: Vec<&'a Record> = scene.cloud.referrers(record).collect();
    referrers.into_iter().flat_map(move |referrer| {
        let references = kind::of(referrer.key.resource_type).references.iter();
        let refers = |reference: &&'static kind::Reference| {
            reference.to == to
                && referred(&referrer.attributes, reference)
                    .iter()
                    .any(|text| handles.contains(*text))
        };
        let found: Vec<_> = references.filter(refers).map(|found| (referrer, found)).collect();
        found
    })
}

/// Refuses while another object needs this one.
fn refuse_while_used(
    scene: &Scene<'_>,
    kind: &'static Kind,
    record: &Record,
) -> Result<(), Refusal> {
    let Some((user, _)) = held(scene, record).find(|(_, how)| how.holds == Holds::Refuses) else {
        return Ok(());
    };
    let title = |resource_type| scene.settings.schema(resource_type).title;
    let message = format!(
        "the {} `{}` cannot be deleted while the {} `{}` uses it",
        title(kind.resource_type),
        record.key.id,
        title(user.key.resource_type),
        user.key.id
    );
    Err(Refusal::conflict(kind.codes.in_use, message))
}

/// Waits until a new object is ready, or until the wait's deadline.
pub(crate) fn wait_created(
    session: &mut Session<'_>,
    kind: &'static Kind,
    key: &Key,
) -> Result<(), ProviderError> {
    let Some(working) = &kind.work else { return Ok(()) };
    if let Some((work, _, _)) = working.create {
        session.wait(key, working.poll, work)?;
    }
    Ok(())
}

/// The error of a delete that did not come to its end.
fn still_working(
    session: &Session<'_>,
    kind: &'static Kind,
    key: &Key,
    poll: &'static str,
) -> ProviderError {
    let title = session.settings().schema(kind.resource_type).title;
    let message = format!("the {title} `{}` is still being deleted at the deadline", key.id);
    session.refused(poll, &Refusal::new(ErrorKind::Timeout, "Timeout", message))
}
