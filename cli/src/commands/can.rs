//! `nfplan can`: whether a researcher may do something, and by which statement.

use std::collections::BTreeMap;
use std::collections::BTreeSet;

use nfplan_engine::access::decision::Decision;
use nfplan_engine::access::decision::Request as AccessRequest;
use nfplan_engine::access::decision::ResourcePolicy;
use nfplan_engine::access::decision::StatementRef;
use nfplan_engine::access::decision::decide;
use nfplan_engine::access::isolation::Account;
use nfplan_engine::access::isolation::Actor;
use nfplan_engine::access::isolation::Researcher;
use nfplan_engine::address::UnitId;
use nfplan_engine::plan::Refresh;
use serde::Serialize;

use super::Context;
use crate::args::researchers::CanArguments;
use crate::error::CliError;
use crate::exit::Exit;
use crate::planning::Purpose;
use crate::planning::Request;
use crate::planning::preview_fleet;
use crate::project::Project;
use crate::render;
use crate::selection::Selected;
use crate::selection::Universe;

/// What a plain request does not say: S3 then encrypts as the bucket does.
const UNSAID: [&str; 2] =
    ["s3:x-amz-server-side-encryption", "s3:x-amz-server-side-encryption-aws-kms-key-id"];

/// `nfplan.can/1`.
#[derive(Serialize)]
struct CanDocument<'a> {
    format: &'static str,
    unit: &'a UnitId,
    user: &'a str,
    actor: Actor,
    request: &'a AccessRequest,
    verdict: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    by: Option<&'a StatementRef>,
    #[serde(skip_serializing_if = "<[String]>::is_empty")]
    because: &'a [String],
}

/// Decides one request.
pub async fn can(context: &Context, arguments: &CanArguments) -> Result<Exit, CliError> {
    let mut project = Project::open(&context.settings).await?;
    let universe = Universe::survey(Some(&project.fleet), &project.store).await?;
    let unit = universe.researcher(&arguments.user)?;
    let account = access_around(&mut project, &universe, &unit).await?;
    let actor = Actor::from(arguments.actor);
    let researcher = account.researchers.iter().find(|one| one.unit == unit);
    let Some((researcher, principal)) =
        researcher.and_then(|one| Some((one, one.actors.get(&actor)?)))
    else {
        return Err(CliError::refused(format!("{unit} has nobody who acts as its {actor}")));
    };
    let request = request(arguments, actor, researcher, &unit)?;
    let policies: Vec<&ResourcePolicy> = policies(&account).collect();
    let decision = decide(principal, &policies, &request);
    if context.settings.general.json {
        let (verdict, by, because) = in_words(&decision);
        let user = &researcher.user;
        let (unit, request, format) = (&unit, &request, "nfplan.can/1");
        context.print_json(&CanDocument {
            format,
            unit,
            user,
            actor,
            request,
            verdict,
            by,
            because,
        })?;
    } else {
        let whose = (researcher.user.as_str(), actor);
        let text =
            render::access::decision(&decision, whose, &request, context.terminal.data_width);
        context.print(&text)?;
    }
    let no = arguments.check && !matches!(decision, Decision::Allowed(_));
    Ok(if no { Exit::Changes } else { Exit::Fine })
}

/// Who reaches what in the place of a unit, as the specs want it: the cloud is not asked, nothing is
/// written, and what is not pinned is refused.
pub async fn access_around(
    project: &mut Project,
    universe: &Universe,
    unit: &UnitId,
) -> Result<Account, CliError> {
    let selected = Selected::Units(BTreeSet::from([unit.clone()]));
    let request = Request::new(selected, Purpose::Apply);
    let request = Request { refresh: Refresh::None, locked: true, ..request };
    let planned = preview_fleet(project, universe, &request).await?;
    let mut accounts = planned.access.accounts.unwrap_or_default();
    Ok(accounts.remove(unit.place()).unwrap_or_default())
}

fn policies(account: &Account) -> impl Iterator<Item = &ResourcePolicy> {
    let of_researchers = account.researchers.iter().flat_map(|researcher| &researcher.policies);
    account.policies.iter().chain(of_researchers)
}

fn request(
    arguments: &CanArguments,
    actor: Actor,
    researcher: &Researcher,
    unit: &UnitId,
) -> Result<AccessRequest, CliError> {
    let action = arguments.action.clone();
    if !action
        .split_once(':')
        .is_some_and(|(service, name)| !service.is_empty() && !name.is_empty())
    {
        let error = CliError::new(Exit::Usage, format!("`{action}` is no action"));
        return Err(error.hint("actions are written as in policies: s3:GetObject"));
    }
    let mut context: BTreeMap<String, Option<Vec<String>>> =
        UNSAID.iter().map(|&key| (key.to_owned(), None)).collect();
    context.insert("aws:securetransport".into(), Some(vec!["true".into()]));
    let through = match actor {
        Actor::Client => None,
        Actor::Jobs => researcher.endpoint.clone(),
    };
    context.insert("aws:sourcevpce".into(), through.map(|endpoint| vec![endpoint]));
    let (resource, prefix) = resource(&arguments.resource, &action, unit)?;
    context.extend(prefix.map(|prefix| ("s3:prefix".to_owned(), Some(vec![prefix]))));
    for text in &arguments.with {
        let Some((key, value)) = text.split_once('=') else {
            let message = format!("`--with {text}` is no KEY=VALUE");
            return Err(CliError::new(Exit::Usage, message)
                .hint("as in `--with batch:Image=quay.io/biocontainers/samtools:1`"));
        };
        let value = (!value.is_empty()).then(|| vec![value.to_owned()]);
        context.insert(key.to_lowercase(), value);
    }
    Ok(AccessRequest { action, resource, context })
}

/// The ARN that a resource stands for, and the prefix that a listing asks for.
fn resource(text: &str, action: &str, unit: &UnitId) -> Result<(String, Option<String>), CliError> {
    if let Some(path) = text.strip_prefix("s3://") {
        let (bucket, key) = path.split_once('/').unwrap_or((path, ""));
        let arn = nfplan_specs::blueprint::access::s3_arn(unit.place(), bucket);
        return Ok(if action.to_lowercase().starts_with("s3:list") {
            (arn, Some(key.to_owned()))
        } else if key.is_empty() {
            (arn, None)
        } else {
            (format!("{arn}/{key}"), None)
        });
    }
    if text == "*" || text.starts_with("arn:") {
        return Ok((text.to_owned(), None));
    }
    let error = CliError::new(Exit::Usage, format!("`{text}` is no resource"));
    Err(error.hint("resources are ARNs, or s3://BUCKET/KEY; `nfplan output` lists a workspace's"))
}

/// A decision for programs.
fn in_words(decision: &Decision) -> (&'static str, Option<&StatementRef>, &[String]) {
    match decision {
        Decision::Allowed(by) => ("allowed", Some(by), &[]),
        Decision::Denied(by) => ("denied", Some(by), &[]),
        Decision::NotAllowed => ("denied", None, &[]),
        Decision::Unknown { by, because } => ("unknown", by.as_ref(), because),
    }
}
