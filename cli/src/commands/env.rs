//! `nfplan env`: a researcher's credentials, in the open.

use nfplan_engine::address::UnitId;
use nfplan_engine::state::State;
use nfplan_providers::delivered::AccessKey;
use nfplan_providers::sink;
use nfplan_specs::blueprint::outputs::OUTPUTS;
use nfplan_state::unit::load;
use secrecy::ExposeSecret;
use secrecy::SecretString;

use super::Context;
use crate::args::researchers::EnvArguments;
use crate::args::researchers::EnvFormat;
use crate::error::CliError;
use crate::exit::Exit;
use crate::project::Project;
use crate::render::env;
use crate::selection::Universe;

/// Prints the credentials.
pub async fn env(context: &Context, arguments: &EnvArguments) -> Result<Exit, CliError> {
    let project = Project::open(&context.settings).await?;
    let universe = Universe::survey(Some(&project.fleet), &project.store).await?;
    let unit = universe.researcher(&arguments.user)?;
    let Some(state) = load(&project.store, &unit).await?.state else {
        let error = CliError::refused(format!("{unit} is not applied yet"));
        return Err(error.hint("`nfplan apply` makes it"));
    };
    let key = delivered(&project, &unit, &state).await?;
    let region = unit.place().region.to_string();
    let variables = [
        ("AWS_ACCESS_KEY_ID", SecretString::from(key.id)),
        ("AWS_SECRET_ACCESS_KEY", key.secret),
        // The one is of the SDKs, the other of the command line of AWS.
        ("AWS_REGION", SecretString::from(region.clone())),
        ("AWS_DEFAULT_REGION", SecretString::from(region)),
    ];
    let text = match (arguments.format, context.settings.general.json) {
        (EnvFormat::Sh, false) => env::sh(&variables),
        (EnvFormat::Dotenv, false) => env::dotenv(&variables),
        (EnvFormat::K8sSecret, false) => {
            let user = unit.user().map(ToString::to_string).unwrap_or_default();
            env::k8s_secret(&user, &variables)
        }
        (EnvFormat::Json, false) => env::json(&variables),
        (_, true) => env::document(&variables),
    };
    context.print(text.expose_secret())?;
    Ok(Exit::Fine)
}

/// The key from where it was delivered; the one that the state knows, or none.
async fn delivered(project: &Project, unit: &UnitId, state: &State) -> Result<AccessKey, CliError> {
    let output = |name: &str| {
        let output = OUTPUTS.iter().find(|output| output.name == name);
        output.and_then(|output| output.value(state, None))
    };
    if let Some(role) = output("client_role_arn") {
        let error =
            CliError::refused(format!("{unit} has no access key: its client assumes a role"));
        return Err(error.hint(format!("whoever may assume it does so: {role}")));
    }
    let Some(wanted) = output("access_key_id") else {
        let error = CliError::refused(format!("{unit} has no access key"));
        return Err(
            error.hint("a suspended workspace has none; otherwise `nfplan plan` tells more")
        );
    };
    let (found, at) = match (output("credentials_file"), output("secret_arn")) {
        (Some(file), _) => {
            let found = sink::current(&project.root.join(&file))
                .map_err(|error| CliError::new(Exit::Error, error.to_string()))?;
            (found, file)
        }
        (None, Some(arn)) => (project.cloud.delivered_key(unit.place(), &arn).await?, arn),
        (None, None) => (None, "where it was delivered".to_owned()),
    };
    match found {
        Some(key) if key.id == wanted => Ok(key),
        Some(AccessKey { id, .. }) => {
            let message = format!("{at} holds the key {id}, and the workspace's is {wanted}");
            Err(CliError::refused(message).hint("`nfplan drift` tells more"))
        }
        None => {
            let error = CliError::refused(format!("there is no access key in {at}"));
            Err(error.hint(format!(
                "`nfplan apply --replace iam.access_key/client --select {unit}` makes a new one"
            )))
        }
    }
}
