//! How AWS is spoken to: credentials, region and endpoint as the AWS SDK finds them.
//!
//! The SDK reads its own variables and files (`AWS_PROFILE`, `AWS_REGION`, `AWS_ENDPOINT_URL`,
//! `~/.aws`), as every tool for AWS does; nfplan's flags come before them.

use aws_config::BehaviorVersion;
use aws_config::SdkConfig;

use crate::args::General;

/// The configuration that these flags and the environment come to.
pub async fn config(general: &General) -> SdkConfig {
    let mut loader = aws_config::defaults(BehaviorVersion::v2026_01_12());
    if let Some(profile) = &general.profile {
        loader = loader.profile_name(profile);
    }
    if let Some(url) = &general.endpoint_url {
        loader = loader.endpoint_url(url);
    }
    loader.load().await
}
