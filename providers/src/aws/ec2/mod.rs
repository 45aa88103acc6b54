//! EC2: the network, the proxy instance and the launch template.

use std::collections::BTreeSet;

use aws_sdk_ec2::types::Filter;
use aws_sdk_ec2::types::ResourceType;
use aws_sdk_ec2::types::Tag;
use aws_sdk_ec2::types::TagSpecification;
use aws_smithy_types::base64;
use nfplan_engine::address::RemoteId;
use nfplan_engine::observed::Live;
use nfplan_engine::observed::Sighting;
use nfplan_engine::provider::CreateRequest;
use nfplan_engine::provider::ErrorKind;
use nfplan_engine::provider::ProviderError;
use nfplan_engine::provider::Target;
use nfplan_engine::provider::UpdateRequest;
use nfplan_engine::provider::Wanted;
use nfplan_engine::schema::Schema;

use crate::aws::inputs::owned_text;
use crate::aws::selection::sightings;
use crate::aws::session::Session;
use crate::aws::tags;
use crate::aws::tags::Retagging;

pub(crate) mod instance;
pub(crate) mod internet_gateway;
pub(crate) mod launch_template;
pub(crate) mod route;
pub(crate) mod route_table;
pub(crate) mod route_table_association;
pub(crate) mod security_group;
pub(crate) mod subnet;
pub(crate) mod vpc;
pub(crate) mod vpc_endpoint;

/// The most values that a filter takes (EC2 API reference, "Filter").
const FILTER_VALUES: usize = 200;

/// The tags of a create request.
fn tagging(request: &CreateRequest<'_>, kind: ResourceType) -> TagSpecification {
    let tags = tags::of_attempt(request).into_iter();
    let tags = tags.map(|(key, value)| Tag::builder().key(key).value(value).build());
    TagSpecification::builder().resource_type(kind).set_tags(Some(tags.collect())).build()
}

/// Brings the tags to what is wanted.
async fn retag(session: &Session<'_>, request: &UpdateRequest<'_>) -> Result<(), ProviderError> {
    let Retagging { set, unset } = tags::retagging(request.before, request.after);
    let ec2 = &session.clients.ec2;
    let id = request.remote_id.as_str();
    if !unset.is_empty() {
        let keys = unset.into_iter().map(|key| Tag::builder().key(key).build()).collect();
        let call = ec2.delete_tags().resources(id).set_tags(Some(keys)).send();
        session.change("ec2:DeleteTags", call).await?;
    }
    if !set.is_empty() {
        let set = set.into_iter();
        let set = set.map(|(key, value)| Tag::builder().key(key).value(value).build()).collect();
        let call = ec2.create_tags().resources(id).set_tags(Some(set)).send();
        session.change("ec2:CreateTags", call).await?;
    }
    Ok(())
}

/// Looks for objects of one type: those whose id is known by this filter, all others by the tag of
/// their unit. A filter finds nothing where an id would be an error.
async fn listed(
    schema: &Schema,
    wanted: &[&Wanted<'_>],
    id_filter: &str,
    list: impl AsyncFn(Filter) -> Result<Vec<Live>, ProviderError>,
) -> Vec<Sighting> {
    let found = async {
        let mut found = Vec::new();
        for filter in filters(wanted, id_filter) {
            found.extend(list(filter).await?);
        }
        Ok(found)
    };
    sightings(schema, wanted, found.await)
}

/// What to ask for, so that everything wanted is among the answers.
fn filters(wanted: &[&Wanted<'_>], id_filter: &str) -> Vec<Filter> {
    let (mut ids, mut units) = (BTreeSet::new(), BTreeSet::new());
    let (mut names, mut groups) = (BTreeSet::new(), BTreeSet::new());
    for wanted in wanted {
        match &wanted.target {
            Target::Id(id, _) => {
                ids.insert(id.to_string());
            }
            // Of what is listed, security groups alone have names that are no tags.
            Target::Named(inputs) => match owned_text(inputs, "name") {
                Some(name) => groups.extend([name]),
                None => names.extend(tags::wanted(inputs).remove(tags::NAME)),
            },
            _ => {
                units.insert(wanted.unit.to_string());
            }
        }
    }
    let mut filters = filter_chunks(id_filter, ids);
    filters.extend(filter_chunks(&format!("tag:{}", tags::UNIT), units));
    filters.extend(filter_chunks(&format!("tag:{}", tags::NAME), names));
    filters.extend(filter_chunks("group-name", groups));
    filters
}

/// Filters for all these values, each with as many as it may have.
fn filter_chunks(name: &str, values: BTreeSet<String>) -> Vec<Filter> {
    let values: Vec<String> = values.into_iter().collect();
    let chunks = values.chunks(FILTER_VALUES);
    chunks
        .map(|chunk| Filter::builder().name(name).set_values(Some(chunk.to_vec())).build())
        .collect()
}

/// User data as requests carry it.
fn encoded(text: &str) -> String {
    base64::encode(text)
}

/// User data as it was given. What is no text of ours differs from every text that a spec can want.
fn decoded(data: Option<&str>) -> Option<String> {
    let data = data.filter(|data| !data.is_empty())?;
    let text = base64::decode(data).ok().and_then(|bytes| String::from_utf8(bytes).ok());
    Some(text.unwrap_or_else(|| data.to_owned()))
}

/// Whether another object still holds one that is to be deleted. AWS lets go of instances and
/// network interfaces some time after they are gone.
fn is_held(error: &ProviderError) -> bool {
    error.kind == ErrorKind::Conflict && error.code == "DependencyViolation"
}

/// Deletes what network interfaces may hold for a while, as long as there is time. Then the error names
/// those that hold it, found by this filter: they tell whose they are.
async fn delete_held<T>(
    session: &Session<'_>,
    (filter, id): (&str, &RemoteId),
    attempt: impl AsyncFn() -> Result<T, ProviderError>,
) -> Result<(), ProviderError> {
    match session.insisting(is_held, attempt).await {
        Ok(_) => Ok(()),
        Err(error) if error.code == "DependencyViolation" => {
            // Not to know them is no second failure.
            let holders = interfaces(session, filter, id).await.unwrap_or_default();
            if holders.is_empty() {
                return Err(error);
            }
            let message = format!("{}: held by {}", error.message, holders.join(", "));
            Err(ProviderError { message, ..error })
        }
        Err(error) => Err(error),
    }
}

/// The network interfaces that a filter finds, in words.
async fn interfaces(
    session: &Session<'_>,
    filter: &str,
    id: &RemoteId,
) -> Result<Vec<String>, ProviderError> {
    let filter = Filter::builder().name(filter).values(id.as_str()).build();
    let call = session.clients.ec2.describe_network_interfaces().filters(filter).max_results(10);
    let answer = session.look("ec2:DescribeNetworkInterfaces", call.send()).await?;
    let words = answer.network_interfaces().iter().filter_map(|interface| {
        let id = interface.network_interface_id()?;
        let description = interface.description().filter(|text| !text.is_empty());
        Some(description.map_or_else(|| id.to_owned(), |text| format!("{id} ({text})")))
    });
    Ok(words.collect())
}

/// Whether EC2 does not know yet what it has just made.
fn is_lag(error: &ProviderError) -> bool {
    error.kind == ErrorKind::NotFound
}

#[cfg(test)]
mod tests {
    use nfplan_engine::address::RemoteId;
    use nfplan_engine::address::UnitId;
    use nfplan_engine::value::Attributes;

    use super::*;

    #[test]
    fn ids_and_units_are_asked_for_in_as_few_filters_as_hold_them() {
        let unit: UnitId = "workspace/111122223333.us-east-1/alice".parse().unwrap();
        let address = "ec2.subnet/compute-0".parse().unwrap();
        let known = (0..201).map(|number| {
            Target::Id(RemoteId::new(&format!("subnet-{number}")).unwrap(), Attributes::new())
        });
        let targets = known.chain([Target::Identity(Attributes::new())]);
        let wanted: Vec<Wanted<'_>> =
            targets.map(|target| Wanted { unit: &unit, address: &address, target }).collect();
        let wanted: Vec<&Wanted<'_>> = wanted.iter().collect();
        let filters = filters(&wanted, "subnet-id");
        let shape: Vec<(&str, usize)> =
            filters.iter().map(|f| (f.name().unwrap(), f.values().len())).collect();
        assert_eq!(shape, [("subnet-id", 200), ("subnet-id", 1), ("tag:nfplan:unit", 1)]);
    }
}
