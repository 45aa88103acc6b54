//! Instances: the proxy of a workspace.

use nfplan_engine::preflight::Deed;
use nfplan_engine::preflight::Seen;
use nfplan_engine::preflight::Side;
use nfplan_engine::provider::CreateRequest;
use nfplan_engine::provider::ProviderError;
use nfplan_engine::provider::UpdateRequest;
use nfplan_engine::value::Attributes;
use nfplan_engine::value::Value;

use crate::sim::clock::Work;
use crate::sim::ec2;
use crate::sim::kind::Calls;
use crate::sim::kind::Change;
use crate::sim::kind::Guard;
use crate::sim::kind::Kind;
use crate::sim::kind::Reads;
use crate::sim::kind::Rules;
use crate::sim::kind::Start;
use crate::sim::kind::Working;
use crate::sim::record::Key;
use crate::sim::record::Pending;
use crate::sim::record::Record;
use crate::sim::record::Then;
use crate::sim::scene::Refusal;
use crate::sim::scene::Scene;
use crate::sim::session::Session;
use crate::sim::standard;

const POLL: &str = "ec2:DescribeInstances";
const START: &str = "ec2:StartInstances";
const STOP: &str = "ec2:StopInstances";

/// The type.
pub(crate) static KIND: Kind = Kind {
    resource_type: "ec2.instance",
    global: false,
    create: "ec2:RunInstances",
    delete: "ec2:TerminateInstances",
    codes: &ec2::codes("InvalidInstanceID.NotFound", "InstanceLimitExceeded"),
    guard: Guard::Token,
    identify: |mint, _, _| ec2::minted(mint, "i"),
    references: &[
        ec2::needs("subnet_id", "ec2.subnet", "InvalidSubnetID.NotFound"),
        ec2::needs("security_group_ids", "ec2.security_group", "InvalidGroup.NotFound"),
    ],
    changes: &[
        Change::Set {
            operation: "ec2:ModifyInstanceAttribute",
            attributes: &["source_dest_check"],
            start: Start::Bool(true),
            clear: None,
        },
        Change::Set {
            operation: "ec2:ModifyInstanceAttribute",
            attributes: &["security_group_ids"],
            start: Start::Given,
            clear: None,
        },
        Change::Set {
            operation: "ec2:ModifyInstanceMetadataOptions",
            attributes: &["metadata_tokens", "metadata_hop_limit"],
            start: Start::Given,
            clear: None,
        },
    ],
    tagging: ec2::TAGGING,
    name: None,
    work: Some(Working {
        poll: POLL,
        status: "state",
        create: Some((Work::Instance, "pending", "running")),
        delete: Some((Work::Instance, "shutting-down")),
    }),
    rules: Rules { check, complete, ..Rules::NONE },
    calls: Calls { create, update, more, ..Calls::STANDARD },
    reads: Reads::listing(&[(POLL, 1_000)]).deep(&["ec2:DescribeInstanceAttribute"]),
};

/// The state is brought about by requests of its own.
fn more(deed: &Deed<'_>) -> Vec<&'static str> {
    let is_stopped = |side: &Side<'_>| matches!(side.see("state"), Seen::Value(state) if state.as_text() == Some("stopped"));
    match deed {
        Deed::Create { inputs } if is_stopped(inputs) => vec![STOP],
        Deed::Update { after, changed, .. } if changed.contains("state") => {
            vec![if is_stopped(after) { STOP } else { START }]
        }
        Deed::Create { .. } | Deed::Update { .. } | Deed::Disable { .. } | Deed::Delete { .. } => {
            Vec::new()
        }
    }
}

fn check(scene: &Scene<'_>, before: Option<&Record>, instance: &Record) -> Result<(), Refusal> {
    let image = instance.text_or_empty("image_id");
    let hex = image.strip_prefix("ami-").unwrap_or_default();
    if before.is_none() && (hex.len() < 8 || !hex.bytes().all(|b| b.is_ascii_hexdigit())) {
        let message = format!("`{image}` is no image id");
        return Err(Refusal::invalid("InvalidAMIID.Malformed", message));
    }
    let subnet = scene.find("ec2.subnet", instance.text_or_empty("subnet_id"));
    let vpc = subnet.and_then(|subnet| subnet.text("vpc_id"));
    for group in instance.texts("security_group_ids") {
        let group = scene.find("ec2.security_group", group);
        if let Some(group) = group.filter(|group| group.text("vpc_id") != vpc) {
            let message = format!("the security group `{}` is in another VPC", group.key.id);
            return Err(Refusal::invalid("InvalidParameter", message));
        }
    }
    Ok(())
}

fn complete(_: &Scene<'_>, instance: &mut Record) {
    give_address(instance);
}

/// A public address, from the range that is kept for examples, for an instance that gets one.
fn give_address(instance: &mut Record) {
    if instance.attributes.get("associate_public_ip").and_then(Value::as_bool) == Some(true) {
        let number = instance.key.id.bytes().fold(0_u8, u8::wrapping_add);
        let address = format!("203.0.113.{number}");
        instance.attributes.insert("public_ip_address".into(), address.into());
    }
}

fn create(
    session: &mut Session<'_>,
    kind: &'static Kind,
    request: &CreateRequest<'_>,
) -> Result<Key, ProviderError> {
    let key = standard::create(session, kind, request)?;
    bring_state(session, &key, request.inputs)?;
    Ok(key)
}

fn update(
    session: &mut Session<'_>,
    record: &Record,
    request: &UpdateRequest<'_>,
) -> Result<(), ProviderError> {
    session.wait(&record.key, POLL, Work::Instance)?;
    standard::update(session, record, request)?;
    bring_state(session, &record.key, request.after)
}

/// Starts or stops the instance and waits for it.
fn bring_state(
    session: &mut Session<'_>,
    key: &Key,
    wanted: &Attributes,
) -> Result<(), ProviderError> {
    let state = session.record(key).and_then(|record| record.text("state"));
    let wanted = wanted.get("state").and_then(Value::as_text);
    if state == wanted {
        return Ok(());
    }
    if wanted == Some("stopped") {
        turn(session, key, STOP, ["running", "stopping", "stopped"])
    } else {
        turn(session, key, START, ["stopped", "pending", "running"])
    }
}

fn turn(
    session: &mut Session<'_>,
    key: &Key,
    operation: &'static str,
    [from, through, to]: [&'static str; 3],
) -> Result<(), ProviderError> {
    standard::change(session, key, operation, |scene, instance| {
        if instance.text("state") != Some(from) {
            let state = instance.text_or_empty("state");
            let message = format!("the instance `{}` is {state}, not {from}", instance.key.id);
            return Err(Refusal::conflict("IncorrectInstanceState", message));
        }
        instance.attributes.remove("public_ip_address");
        if to == "running" {
            give_address(instance);
        }
        instance.attributes.insert("state".into(), through.into());
        let then = Then::Become(Attributes::from([("state".into(), to.into())]));
        instance.pending = Some(Pending { at: scene.end_of(Work::Instance), then });
        Ok(())
    })?;
    session.wait(key, POLL, Work::Instance).map(|_| ())
}
