//! The SDK's clients for one account and region.

use aws_config::SdkConfig;
use aws_config::retry::RetryConfig;
use aws_sdk_iam::config::retry::RetryPartition;
use nfplan_engine::address::Place;

/// One client for each service, and a second one for requests that must not be repeated.
#[derive(Debug)]
pub(crate) struct Clients {
    /// Whose requests theirs are: an ARN.
    pub(crate) caller: String,
    pub(crate) batch: aws_sdk_batch::Client,
    pub(crate) ec2: aws_sdk_ec2::Client,
    pub(crate) ec2_once: aws_sdk_ec2::Client,
    pub(crate) iam: aws_sdk_iam::Client,
    pub(crate) iam_once: aws_sdk_iam::Client,
    pub(crate) images: aws_sdk_imagebuilder::Client,
    pub(crate) kms: aws_sdk_kms::Client,
    pub(crate) kms_once: aws_sdk_kms::Client,
    pub(crate) logs: aws_sdk_cloudwatchlogs::Client,
    pub(crate) parameters: aws_sdk_ssm::Client,
    pub(crate) s3: aws_sdk_s3::Client,
    pub(crate) secrets: aws_sdk_secretsmanager::Client,
}

/// Begins a service's client for a place. Tokens for repeating requests are the place's own: the SDK
/// would have accounts of one region share them, and one that is throttled would use up those of all.
macro_rules! client {
    ($sdk:ident, $config:expr, $place:expr) => {
        $sdk::config::Builder::from($config).retry_partition(RetryPartition::new(format!(
            "{} {}",
            stringify!($sdk),
            $place
        )))
    };
}

impl Clients {
    pub(crate) fn new(config: &SdkConfig, place: &Place, caller: String) -> Self {
        let once = config.to_builder().retry_config(RetryConfig::disabled()).build();
        // Servers that stand in for S3 have no host name for each bucket.
        let s3 = client!(aws_sdk_s3, config, place);
        let s3 = s3.force_path_style(config.endpoint_url().is_some()).build();
        Self {
            caller,
            batch: aws_sdk_batch::Client::from_conf(client!(aws_sdk_batch, config, place).build()),
            ec2: aws_sdk_ec2::Client::from_conf(client!(aws_sdk_ec2, config, place).build()),
            ec2_once: aws_sdk_ec2::Client::from_conf(client!(aws_sdk_ec2, &once, place).build()),
            iam: aws_sdk_iam::Client::from_conf(client!(aws_sdk_iam, config, place).build()),
            iam_once: aws_sdk_iam::Client::from_conf(client!(aws_sdk_iam, &once, place).build()),
            images: aws_sdk_imagebuilder::Client::from_conf(
                client!(aws_sdk_imagebuilder, config, place).build(),
            ),
            kms: aws_sdk_kms::Client::from_conf(client!(aws_sdk_kms, config, place).build()),
            kms_once: aws_sdk_kms::Client::from_conf(client!(aws_sdk_kms, &once, place).build()),
            logs: aws_sdk_cloudwatchlogs::Client::from_conf(
                client!(aws_sdk_cloudwatchlogs, config, place).build(),
            ),
            parameters: aws_sdk_ssm::Client::from_conf(client!(aws_sdk_ssm, config, place).build()),
            s3: aws_sdk_s3::Client::from_conf(s3),
            secrets: aws_sdk_secretsmanager::Client::from_conf(
                client!(aws_sdk_secretsmanager, config, place).build(),
            ),
        }
    }
}

#[cfg(test)]
mod tests {
    use aws_config::BehaviorVersion;

    use super::*;

    #[test]
    fn accounts_of_one_region_share_no_tokens_for_repeating_requests() {
        let config = SdkConfig::builder().behavior_version(BehaviorVersion::latest()).build();
        let clients = ["111122223333.us-east-1", "444455556666.us-east-1"]
            .map(|place| Clients::new(&config, &place.parse().unwrap(), String::new()));
        let [one, other] = clients.each_ref().map(|clients| {
            let iam = clients.iam.config().retry_partition().cloned();
            let ec2 = clients.ec2_once.config().retry_partition().cloned();
            (iam.unwrap(), ec2.unwrap())
        });
        assert_ne!(one.0, other.0);
        assert_ne!(one.1, other.1);
        assert_ne!(one.0, one.1, "services have their own, too");
    }
}
