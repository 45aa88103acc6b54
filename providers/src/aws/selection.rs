//! Finds in what was listed what was wanted.

use nfplan_engine::observed::Live;
use nfplan_engine::observed::Owner;
use nfplan_engine::observed::Sighting;
use nfplan_engine::provider::ProviderError;
use nfplan_engine::provider::Target;
use nfplan_engine::provider::Wanted;
use nfplan_engine::schema::Identity;
use nfplan_engine::schema::Schema;
use nfplan_engine::value::Attributes;
use nfplan_engine::value::Value;

/// One sighting for each that is wanted. If the listing failed, none of them could be read.
pub(crate) fn sightings(
    schema: &Schema,
    wanted: &[&Wanted<'_>],
    found: Result<Vec<Live>, ProviderError>,
) -> Vec<Sighting> {
    match found {
        Ok(found) => wanted
            .iter()
            .map(|wanted| match (&wanted.target, choose(schema, wanted, &found)) {
                (Target::Named(inputs), _) => the_named(inputs, &found),
                (_, Some(live)) => Sighting::Present(live.clone()),
                (_, None) => Sighting::Missing,
            })
            .collect(),
        Err(error) => wanted.iter().map(|_| unreadable(&error)).collect(),
    }
}

/// What the engine is told of a read that failed.
pub(crate) fn unreadable(error: &ProviderError) -> Sighting {
    Sighting::Unreadable { reason: error.to_string() }
}

/// The one of these objects that is wanted.
pub(crate) fn choose<'a>(
    schema: &Schema,
    wanted: &Wanted<'_>,
    found: &'a [Live],
) -> Option<&'a Live> {
    let tagged = schema.attribute("tags").is_some();
    let ours =
        |owner: &Owner| owner.unit == *wanted.unit && (owner.address == *wanted.address || !tagged);
    let owned = || found.iter().filter(|live| live.owner.as_ref().is_some_and(ours));
    let incarnation = |live: &&Live| live.owner.as_ref().and_then(|owner| owner.incarnation);
    match &wanted.target {
        Target::Id(id, _) => found.iter().find(|live| live.remote_id == *id),
        Target::Identity(inputs) => match schema.identity {
            Identity::Tags => owned().min_by_key(incarnation),
            Identity::Attributes(names) => found.iter().find(|live| same(names, live, inputs)),
            Identity::Siblings(_) => None,
        },
        Target::Incarnation(number, inputs) => owned().find(|live| {
            // A part has no tags of its own to tell the attempt: there was none before it.
            let of_attempt = !tagged || incarnation(live) == Some(*number);
            let identical = match schema.identity {
                Identity::Attributes(names) => same(names, live, inputs),
                Identity::Tags | Identity::Siblings(_) => true,
            };
            of_attempt && identical
        }),
        Target::Others(known) if tagged => {
            owned().filter(|live| !known.contains(&live.remote_id)).min_by_key(incarnation)
        }
        Target::Others(_) | Target::Siblings(_) | Target::Named(_) => None,
    }
}

/// The one of these objects that is called so and that nobody's ownership tags are on.
fn the_named(inputs: &Attributes, found: &[Live]) -> Sighting {
    let mut named: Vec<&Live> =
        found.iter().filter(|live| live.owner.is_none() && is_named(inputs, live)).collect();
    // Listings overlap.
    named.sort_by_key(|live| &live.remote_id);
    named.dedup_by_key(|live| &live.remote_id);
    match named.as_slice() {
        [] => Sighting::Missing,
        [live] => Sighting::Present((*live).clone()),
        several => {
            let ids: Vec<&str> = several.iter().map(|live| live.remote_id.as_str()).collect();
            let reason = format!("several are called the same: {}", ids.join(", "));
            Sighting::Unreadable { reason }
        }
    }
}

fn is_named(inputs: &Attributes, live: &Live) -> bool {
    if inputs.contains_key("name") {
        return same(&["name", "vpc_id"], live, inputs);
    }
    let tag = |attributes: &Attributes, key: &str| {
        attributes.get("tags").and_then(Value::as_map)?.get(key).cloned()
    };
    ["Name", "Environment"].into_iter().all(|key| {
        let wanted = tag(inputs, key);
        wanted.is_some() && wanted == tag(&live.attributes, key)
    })
}

fn same(names: &[&str], live: &Live, inputs: &Attributes) -> bool {
    names.iter().all(|name| live.attributes.get(*name) == inputs.get(*name))
}
