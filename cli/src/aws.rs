//! How AWS is spoken to: credentials, region and endpoint as the AWS SDK finds them.
//!
//! The SDK reads its own variables and files (`AWS_PROFILE`, `AWS_REGION`, `AWS_ENDPOINT_URL`,
//! `~/.aws`), as every tool for AWS does; nfplan's flags come before them.

use aws_config::BehaviorVersion;
use aws_config::SdkConfig;

use crate::args::General;
use crate::error::CliError;
use crate::exit::Exit;

/// The configuration that these flags and the environment come to.
///
/// # Errors
/// The endpoint holds a user or a password: it would stand in messages, which do not repeat it here.
pub async fn config(general: &General) -> Result<SdkConfig, CliError> {
    let mut loader = aws_config::defaults(BehaviorVersion::v2026_01_12());
    if let Some(profile) = &general.profile {
        loader = loader.profile_name(profile);
    }
    if let Some(url) = &general.endpoint_url {
        loader = loader.endpoint_url(url);
    }
    let config = loader.load().await;
    if config.endpoint_url().is_some_and(holds_a_user) {
        let message = "the endpoint of AWS holds a user or a password before its host";
        return Err(CliError::new(Exit::Usage, message).hint(
            "give --endpoint-url or AWS_ENDPOINT_URL without it, and credentials in a profile",
        ));
    }
    Ok(config)
}

fn holds_a_user(url: &str) -> bool {
    let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
    rest.split(['/', '?', '#']).next().is_some_and(|authority| authority.contains('@'))
}
