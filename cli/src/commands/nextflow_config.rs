//! `nfplan nextflow-config`: what Nextflow needs to know of an applied workspace.

use nfplan_specs::blueprint::outputs::OUTPUTS;
use nfplan_specs::fleet::Fleet;
use nfplan_state::unit::load;
use serde::Serialize;

use super::Context;
use crate::args::researchers::NextflowConfigArguments;
use crate::error::CliError;
use crate::exit::Exit;
use crate::project::open_kept;
use crate::render;
use crate::selection::Universe;

/// `nfplan.nextflow-config/1`, and what the configuration says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct NextflowConfig {
    format: &'static str,
    /// The researcher as the spec writes it.
    pub user: String,
    /// `process.queue`.
    pub queue: String,
    /// `aws.region`.
    pub region: String,
    /// `workDir`.
    pub work_dir: String,
    /// `aws.batch.jobRole`.
    pub jobs_role_arn: String,
    /// `aws.batch.logsGroup`.
    pub log_group: String,
    /// `aws.client.storageKmsKeyId`.
    pub kms_key_arn: String,
    /// `aws.batch.cliPath`; none if container images have the AWS CLI.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cli_path: Option<String>,
}

/// Prints the configuration. Needs no cloud.
pub async fn nextflow_config(
    context: &Context,
    arguments: &NextflowConfigArguments,
) -> Result<Exit, CliError> {
    let (fleet, store) = open_kept(context).await?;
    let universe = Universe::survey(fleet.as_ref(), &store).await?;
    let unit = universe.researcher(&arguments.user)?;
    let platform = load(&store, &unit.platform()).await?.state;
    let Some(state) = load(&store, &unit).await?.state else {
        let error = CliError::refused(format!("{unit} is not applied yet"));
        return Err(error.hint("`nfplan apply` makes it"));
    };
    let value = |name: &str| {
        let output = OUTPUTS.iter().find(|output| output.name == name);
        let output = output.expect("BUG: the configuration names an output that there is not");
        output.value(&state, platform.as_ref()).ok_or_else(|| {
            let error = CliError::refused(format!("{unit} has no {name}: {}", output.absent));
            error.hint("`nfplan plan` shows what is missing")
        })
    };
    let config = NextflowConfig {
        format: "nfplan.nextflow-config/1",
        user: state.source.user.as_deref().unwrap_or_default().to_owned(),
        queue: value("queue")?,
        region: value("region")?,
        work_dir: value("work_dir")?,
        jobs_role_arn: value("jobs_role_arn")?,
        log_group: value("log_group")?,
        kms_key_arn: value("kms_key_arn")?,
        cli_path: fleet.as_ref().and_then(|fleet| cli_path(fleet, &unit)),
    };
    if context.settings.general.json {
        context.print_json(&config)?;
    } else {
        context.print(&render::nextflow::config(&config))?;
    }
    Ok(Exit::Fine)
}

/// Where the specs say that the machine image has the AWS CLI.
fn cli_path(fleet: &Fleet, unit: &nfplan_engine::address::UnitId) -> Option<String> {
    let settings = fleet.workspace(fleet.find(unit)?);
    settings.compute.cli_path.map(|at| at.value.into())
}
