//! Security groups and their rules.
//!
//! `DescribeSecurityGroups` folds rules of the same protocol and ports into one permission with many
//! ranges; here each range is a rule of its own, as in the schema.

use std::collections::BTreeSet;

use aws_sdk_ec2::types::Filter;
use aws_sdk_ec2::types::IpPermission;
use aws_sdk_ec2::types::IpRange;
use aws_sdk_ec2::types::Ipv6Range;
use aws_sdk_ec2::types::ResourceType;
use aws_sdk_ec2::types::SecurityGroup;
use aws_sdk_ec2::types::UserIdGroupPair;
use nfplan_engine::address::RemoteId;
use nfplan_engine::observed::Live;
use nfplan_engine::observed::Sighting;
use nfplan_engine::provider::CreateRequest;
use nfplan_engine::provider::DeleteRequest;
use nfplan_engine::provider::ErrorKind;
use nfplan_engine::provider::ProviderError;
use nfplan_engine::provider::UpdateRequest;
use nfplan_engine::provider::Wanted;
use nfplan_engine::value::Attributes;
use nfplan_engine::value::Value;

use crate::aws::ec2;
use crate::aws::error::Leaving;
use crate::aws::inputs::number;
use crate::aws::inputs::owned_text;
use crate::aws::reading::Reading;
use crate::aws::session::Session;
use crate::aws::session::remote_id;
use crate::aws::sketch::Sketch;
use crate::aws::tags;

const CREATE: &str = "ec2:CreateSecurityGroup";

/// Finds groups.
pub(crate) async fn read(reading: &Reading<'_>, wanted: &[&Wanted<'_>]) -> Vec<Sighting> {
    let session = reading.session;
    let schema = session.schema("ec2.security_group");
    ec2::listed(schema, wanted, "group-id", async |filter| list(session, filter).await).await
}

async fn list(session: &Session<'_>, filter: Filter) -> Result<Vec<Live>, ProviderError> {
    let groups = session.pages("ec2:DescribeSecurityGroups", async |token| {
        let page = session.clients.ec2.describe_security_groups().filters(filter.clone());
        let page = page.max_results(1_000).set_next_token(token).send().await?;
        Ok((page.security_groups.unwrap_or_default(), page.next_token))
    });
    Ok(groups.await?.iter().filter_map(|group| live(session, group)).collect())
}

fn live(session: &Session<'_>, group: &SecurityGroup) -> Option<Live> {
    let id = group.group_id()?;
    Sketch::new(session.schema("ec2.security_group"), id)
        .set("id", id)
        .set_if("name", group.group_name())
        .set_if("description", group.description())
        .set_if("vpc_id", group.vpc_id())
        .set("ingress", rules(group.ip_permissions()))
        .set("egress", rules(group.ip_permissions_egress()))
        .tagged(&tags::listed!(group.tags()))
        .live(session.place)
}

/// One rule for each range, group and prefix list of each permission.
fn rules(permissions: &[IpPermission]) -> Value {
    Value::List(permissions.iter().flat_map(rules_of).collect())
}

fn rules_of(permission: &IpPermission) -> Vec<Value> {
    let rule = |name: &str, target: Option<&str>, description: Option<&str>| {
        let port = |port: Option<i32>| port.map(|port| Value::Integer(port.into()));
        let fields = [
            ("protocol", permission.ip_protocol().map(Value::text)),
            ("from_port", port(permission.from_port())),
            ("to_port", port(permission.to_port())),
            (name, target.map(Value::text)),
            ("description", description.map(Value::text)),
        ];
        let fields = fields.into_iter().filter_map(|(name, value)| Some((name.into(), value?)));
        Value::Map(fields.collect())
    };
    let ranges = permission.ip_ranges().iter();
    let ranges = ranges.map(|range| rule("cidr", range.cidr_ip(), range.description()));
    let ranges_6 = permission.ipv6_ranges().iter();
    let ranges_6 = ranges_6.map(|range| rule("cidr", range.cidr_ipv6(), range.description()));
    let pairs = permission.user_id_group_pairs().iter();
    let pairs = pairs.map(|pair| rule("security_group_id", pair.group_id(), pair.description()));
    // nfplan writes none of these, but must show that somebody did.
    let lists = permission.prefix_list_ids().iter();
    let lists = lists.map(|list| rule("cidr", list.prefix_list_id(), list.description()));
    ranges.chain(ranges_6).chain(pairs).chain(lists).collect()
}

/// A rule as a request names it.
fn permission(rule: &Attributes) -> IpPermission {
    let description = owned_text(rule, "description");
    let permission = IpPermission::builder()
        .set_ip_protocol(owned_text(rule, "protocol"))
        .set_from_port(number(rule, "from_port"))
        .set_to_port(number(rule, "to_port"));
    let permission = match owned_text(rule, "cidr") {
        Some(cidr) if cidr.contains(':') => permission.ipv6_ranges(
            Ipv6Range::builder().cidr_ipv6(cidr).set_description(description.clone()).build(),
        ),
        Some(cidr) => permission.ip_ranges(
            IpRange::builder().cidr_ip(cidr).set_description(description.clone()).build(),
        ),
        None => permission,
    };
    match owned_text(rule, "security_group_id") {
        Some(group) => permission.user_id_group_pairs(
            UserIdGroupPair::builder().group_id(group).set_description(description).build(),
        ),
        None => permission,
    }
    .build()
}

/// Creates a group without the rule that EC2 adds, unless that is wanted.
pub(crate) async fn create(
    session: &Session<'_>,
    request: &CreateRequest<'_>,
) -> Result<RemoteId, ProviderError> {
    let text = |name| owned_text(request.inputs, name);
    let tagging = ec2::tagging(request, ResourceType::SecurityGroup);
    let made = session.change_once(CREATE, async || {
        let call = session.clients.ec2_once.create_security_group().set_vpc_id(text("vpc_id"));
        let call = call.set_group_name(text("name")).set_description(text("description"));
        call.tag_specifications(tagging.clone()).send().await
    });
    let id = remote_id(CREATE, made.await?.group_id())?;
    let everything = serde_json::json!([{ "protocol": "-1", "cidr": "0.0.0.0/0" }]);
    let fresh = serde_json::from_value(serde_json::json!({ "ingress": [], "egress": everything }));
    let fresh = fresh.expect("this is a map of lists");
    bring_rules(session, &id, &fresh, request.inputs).await.leaving(&id)?;
    Ok(id)
}

/// What rules are, and what they are to become.
async fn bring_rules(
    session: &Session<'_>,
    id: &RemoteId,
    before: &Attributes,
    after: &Attributes,
) -> Result<(), ProviderError> {
    for direction in ["ingress", "egress"] {
        let (before, after) = (rule_set(before, direction), rule_set(after, direction));
        let missing: Vec<IpPermission> = after.difference(&before).filter_map(named).collect();
        let extra: Vec<IpPermission> = before.difference(&after).filter_map(named).collect();
        // What is allowed after it as before is never cut off in between.
        authorize(session, id, direction, missing).await?;
        revoke(session, id, direction, extra).await?;
    }
    Ok(())
}

fn rule_set(attributes: &Attributes, direction: &str) -> BTreeSet<Value> {
    let rules = attributes.get(direction).and_then(Value::as_list).unwrap_or_default();
    rules.iter().cloned().collect()
}

fn named(rule: &Value) -> Option<IpPermission> {
    rule.as_map().map(permission)
}

async fn authorize(
    session: &Session<'_>,
    id: &RemoteId,
    direction: &str,
    rules: Vec<IpPermission>,
) -> Result<(), ProviderError> {
    if rules.is_empty() {
        return Ok(());
    }
    let (ec2, id) = (&session.clients.ec2, id.as_str());
    let done = session.insisting(ec2::is_lag, async || {
        let rules = Some(rules.clone());
        if direction == "ingress" {
            let call =
                ec2.authorize_security_group_ingress().group_id(id).set_ip_permissions(rules);
            session.change("ec2:AuthorizeSecurityGroupIngress", call.send()).await.map(drop)
        } else {
            let call = ec2.authorize_security_group_egress().group_id(id).set_ip_permissions(rules);
            session.change("ec2:AuthorizeSecurityGroupEgress", call.send()).await.map(drop)
        }
    });
    match done.await {
        // The request was repeated, or somebody was faster; reading back tells.
        Err(error) if error.kind == ErrorKind::Exists => Ok(()),
        result => result,
    }
}

async fn revoke(
    session: &Session<'_>,
    id: &RemoteId,
    direction: &str,
    rules: Vec<IpPermission>,
) -> Result<(), ProviderError> {
    if rules.is_empty() {
        return Ok(());
    }
    let (ec2, id, rules) = (&session.clients.ec2, id.as_str(), Some(rules));
    let done = if direction == "ingress" {
        let call = ec2.revoke_security_group_ingress().group_id(id).set_ip_permissions(rules);
        session.change("ec2:RevokeSecurityGroupIngress", call.send()).await.map(drop)
    } else {
        let call = ec2.revoke_security_group_egress().group_id(id).set_ip_permissions(rules);
        session.change("ec2:RevokeSecurityGroupEgress", call.send()).await.map(drop)
    };
    match done {
        Err(error) if error.code == "InvalidPermission.NotFound" => Ok(()),
        result => result,
    }
}

/// Changes rules and tags.
pub(crate) async fn update(
    session: &Session<'_>,
    request: &UpdateRequest<'_>,
) -> Result<(), ProviderError> {
    bring_rules(session, request.remote_id, request.before, request.after).await?;
    ec2::retag(session, request).await
}

/// Deletes a group.
pub(crate) async fn delete(
    session: &Session<'_>,
    request: &DeleteRequest<'_>,
) -> Result<(), ProviderError> {
    ec2::delete_held(session, ("group-id", request.remote_id), async || {
        let call = session.clients.ec2.delete_security_group();
        let call = call.group_id(request.remote_id.as_str()).send();
        session.change("ec2:DeleteSecurityGroup", call).await
    })
    .await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_permission_of_many_ranges_is_one_rule_for_each_and_each_is_a_request_of_its_own() {
        let range = |cidr: &str| IpRange::builder().cidr_ip(cidr).description("d").build();
        let pair = UserIdGroupPair::builder().group_id("sg-1").build();
        let folded = IpPermission::builder()
            .ip_protocol("tcp")
            .from_port(443)
            .to_port(443)
            .ip_ranges(range("10.0.0.0/8"))
            .ip_ranges(range("192.168.0.0/16"))
            .user_id_group_pairs(pair)
            .build();
        let Value::List(rules) = rules(&[folded]) else { panic!("rules are a list") };
        let cidrs: Vec<Option<String>> =
            rules.iter().map(|rule| owned_text(rule.as_map().unwrap(), "cidr")).collect();
        let expected = [Some("10.0.0.0/8".to_owned()), Some("192.168.0.0/16".to_owned()), None];
        assert_eq!(cidrs, expected);
        for rule in &rules {
            let again = rules_of(&permission(rule.as_map().unwrap()));
            assert_eq!(again, std::slice::from_ref(rule));
        }
    }
}
