//! Compute environments.

use nfplan_engine::provider::CreateRequest;
use nfplan_engine::provider::DeleteRequest;
use nfplan_engine::provider::ErrorKind;
use nfplan_engine::provider::ProviderError;
use nfplan_engine::provider::UpdateRequest;
use nfplan_engine::schema::Schema;
use nfplan_engine::value::Attributes;
use nfplan_engine::value::Value;

use crate::sim::batch;
use crate::sim::batch::job_queue;
use crate::sim::clock::Work;
use crate::sim::cloud::Cloud;
use crate::sim::ec2::launch_template;
use crate::sim::kind::Calls;
use crate::sim::kind::Guard;
use crate::sim::kind::Holds;
use crate::sim::kind::Identified;
use crate::sim::kind::Kind;
use crate::sim::kind::Reads;
use crate::sim::kind::Reference;
use crate::sim::kind::Rules;
use crate::sim::kind::Working;
use crate::sim::lookup;
use crate::sim::record::Key;
use crate::sim::record::Record;
use crate::sim::scene;
use crate::sim::scene::Refusal;
use crate::sim::scene::Scene;
use crate::sim::session::Session;
use crate::sim::standard;

const POLL: &str = "batch:DescribeComputeEnvironments";
const UPDATE: &str = "batch:UpdateComputeEnvironment";

/// What is changed without replacing instances.
const SCALING: &[&str] = &["state", "min_vcpus", "max_vcpus"];

const fn uses(attribute: &'static str, to: &'static str, holds: Holds) -> Reference {
    Reference { attribute, field: None, to, missing: "ClientException", holds }
}

/// The type.
pub(crate) static KIND: Kind = Kind {
    resource_type: "batch.compute_environment",
    global: false,
    create: "batch:CreateComputeEnvironment",
    delete: "batch:DeleteComputeEnvironment",
    codes: &batch::CODES,
    guard: Guard::Name,
    identify: |_, _, attributes| Identified::named(attributes),
    references: &[
        uses("subnet_ids", "ec2.subnet", Holds::Refuses),
        uses("security_group_ids", "ec2.security_group", Holds::Refuses),
        uses("instance_profile", "iam.instance_profile", Holds::Dangles),
        uses("launch_template_id", "ec2.launch_template", Holds::Dangles),
    ],
    changes: &[],
    tagging: batch::TAGGING,
    name: batch::NAME,
    work: Some(Working {
        poll: POLL,
        status: "status",
        create: Some((Work::ComputeEnvironment, "CREATING", "VALID")),
        delete: Some((Work::ComputeEnvironmentScaling, "DELETING")),
    }),
    rules: Rules {
        check,
        may_delete: batch::may_delete,
        view,
        hangs: |cloud, record| missing_role(cloud, record).is_some(),
        ..Rules::NONE
    },
    calls: Calls { create, update, delete, more: |deed| batch::updating(deed, UPDATE) },
    reads: Reads::listing(&[(POLL, 100)]),
};

fn check(scene: &Scene<'_>, before: Option<&Record>, environment: &Record) -> Result<(), Refusal> {
    let invalid = |message: String| Err(Refusal::invalid("ClientException", message));
    let number = |name| environment.attributes.get(name).and_then(Value::as_integer);
    if number("min_vcpus") > number("max_vcpus") {
        return invalid("minvCpus must not be greater than maxvCpus".into());
    }
    let (kind, strategy) =
        (environment.text_or_empty("type"), environment.text_or_empty("allocation_strategy"));
    let spot = strategy.starts_with("SPOT_");
    if !matches!(kind, "EC2" | "SPOT") || (spot && kind != "SPOT") || !is_strategy(strategy) {
        return invalid(format!("the type `{kind}` has no allocation strategy `{strategy}`"));
    }
    let types = environment.texts("instance_types");
    if let Some(unknown) = types.iter().find(|name| !lookup::is_offered(name)) {
        return invalid(format!("there is no instance type `{unknown}`"));
    }
    let version = environment.text_or_empty("launch_template_version");
    let template = environment.text_or_empty("launch_template_id");
    let template = scene.find("ec2.launch_template", template);
    if before.is_none_or(|before| before.text_or_empty("launch_template_version") != version)
        && template.is_some_and(|template| !launch_template::has_version(template, version))
    {
        return invalid(format!("the launch template has no version `{version}`"));
    }
    before.map_or(Ok(()), |before| refuse_best_fit(scene, before, environment))
}

fn is_strategy(strategy: &str) -> bool {
    matches!(
        strategy,
        "BEST_FIT"
            | "BEST_FIT_PROGRESSIVE"
            | "SPOT_CAPACITY_OPTIMIZED"
            | "SPOT_PRICE_CAPACITY_OPTIMIZED"
    )
}

/// Batch replaces no instances while the strategy is `BEST_FIT`, before or after.
fn refuse_best_fit(scene: &Scene<'_>, before: &Record, after: &Record) -> Result<(), Refusal> {
    let best_fit = |record: &Record| record.text("allocation_strategy") == Some("BEST_FIT");
    let schema = scene.settings.schema(KIND.resource_type);
    if !best_fit(before) && !best_fit(after) {
        return Ok(());
    }
    let changed = infrastructure(schema)
        .find(|name| before.attributes.get(*name) != after.attributes.get(*name));
    changed.map_or(Ok(()), |name| {
        let message = format!("`{name}` cannot be updated with the strategy BEST_FIT");
        Err(Refusal::invalid("ClientException", message))
    })
}

/// The managed attributes whose change replaces instances.
fn infrastructure(schema: &'static Schema) -> impl Iterator<Item = &'static str> {
    let names = schema.managed().map(|(attribute, _)| attribute.name);
    names.filter(|name| !SCALING.contains(name) && *name != "tags")
}

/// What the environment cannot do without and lacks: its instance profile or the role in it.
fn missing_role(cloud: &Cloud, environment: &Record) -> Option<String> {
    let profile = environment.text("instance_profile")?;
    let Some(found) = cloud.find("iam.instance_profile", None, profile) else {
        return Some(format!("the instance profile `{profile}` does not exist"));
    };
    let role = found.text_or_empty("role");
    let exists = cloud.find("iam.role", None, role).is_some();
    (!exists).then(|| format!("the instance profile `{profile}` has no role `{role}`"))
}

/// How many jobs run here, those of queues that were pointed elsewhere since among them. A job that
/// was ended, or whose queue is gone, runs no more.
fn running(cloud: &Cloud, environment: &Record) -> usize {
    let jobs = environment.hidden_list("jobs");
    if jobs.is_empty() {
        return 0;
    }
    let region = &environment.key.region;
    let queues = cloud.records().filter(|record| {
        record.key.resource_type == job_queue::KIND.resource_type && record.key.region == *region
    });
    let queues: Vec<&Record> = queues.collect();
    let lives = |job: &&Value| queues.iter().any(|queue| queue.hidden_list("jobs").contains(job));
    jobs.iter().filter(lives).count()
}

/// The status, and how many processors the jobs ask for that run or wait.
fn view(cloud: &Cloud, environment: &Record, attributes: &mut Attributes) {
    if environment.pending.is_none() && missing_role(cloud, environment).is_some() {
        attributes.insert("status".into(), "INVALID".into());
    }
    let number = |name| environment.attributes.get(name).and_then(Value::as_integer).unwrap_or(0);
    let queues = cloud.referrers(environment);
    let jobs: usize = queues.map(|queue| queue.hidden_list("jobs").len()).sum();
    let jobs = i64::try_from(jobs.max(running(cloud, environment))).unwrap_or(i64::MAX);
    let desired = jobs.max(number("min_vcpus")).min(number("max_vcpus"));
    attributes.insert("desired_vcpus".into(), Value::Integer(desired));
}

/// Whether queues may send jobs here.
pub(crate) fn is_valid(cloud: &Cloud, environment: &Record) -> bool {
    let attributes = scene::view(cloud, environment);
    attributes.get("status").and_then(Value::as_text) == Some("VALID")
}

fn create(
    session: &mut Session<'_>,
    kind: &'static Kind,
    request: &CreateRequest<'_>,
) -> Result<Key, ProviderError> {
    let key = standard::create(session, kind, request)?;
    refuse_invalid(session, &key)?;
    Ok(key)
}

/// An environment that became invalid helps nobody: its reason is the error.
fn refuse_invalid(session: &Session<'_>, key: &Key) -> Result<(), ProviderError> {
    let environment = session.record(key).filter(|record| record.pending.is_none());
    let reason = environment.and_then(|record| missing_role(session.cloud(), record));
    reason.map_or(Ok(()), |reason| {
        let message = format!("the compute environment `{}` became INVALID: {reason}", key.id);
        Err(session.refused(POLL, &Refusal::conflict("INVALID", message)))
    })
}

fn update(
    session: &mut Session<'_>,
    record: &Record,
    request: &UpdateRequest<'_>,
) -> Result<(), ProviderError> {
    let schema = session.settings().schema(KIND.resource_type);
    let mut wanted = request.after.clone();
    schema.normalise(&mut wanted);
    let differs = |name: &&str| record.attributes.get(*name) != wanted.get(*name);
    let replaces = infrastructure(schema).any(|name| differs(&name));
    if replaces || SCALING.iter().any(differs) {
        let work =
            if replaces { Work::ComputeEnvironment } else { Work::ComputeEnvironmentScaling };
        batch::reconfigure(session, &record.key, UPDATE, (&wanted, work))?;
        refuse_invalid(session, &record.key)?;
    }
    standard::update_tags(session, &record.key, &wanted)
}

fn delete(
    session: &mut Session<'_>,
    record: &Record,
    request: &DeleteRequest<'_>,
) -> Result<(), ProviderError> {
    batch::disable(session, record, UPDATE, Work::ComputeEnvironmentScaling)?;
    let running = running(session.cloud(), record);
    if running > 0 {
        let message = format!(
            "`{}` is disabled, and jobs still run in it: {running}; it can be deleted once they end",
            record.key.id
        );
        return Err(session.refused(POLL, &Refusal::new(ErrorKind::Busy, "JobsRunning", message)));
    }
    standard::delete(session, record, request)
}
