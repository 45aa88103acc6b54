//! The SDK's clients for one account and region.

use aws_config::SdkConfig;
use aws_config::retry::RetryConfig;

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

impl Clients {
    pub(crate) fn new(config: &SdkConfig, caller: String) -> Self {
        let once = config.to_builder().retry_config(RetryConfig::disabled()).build();
        // Servers that stand in for S3 have no host name for each bucket.
        let s3 = aws_sdk_s3::config::Builder::from(config)
            .force_path_style(config.endpoint_url().is_some())
            .build();
        Self {
            caller,
            batch: aws_sdk_batch::Client::new(config),
            ec2: aws_sdk_ec2::Client::new(config),
            ec2_once: aws_sdk_ec2::Client::new(&once),
            iam: aws_sdk_iam::Client::new(config),
            iam_once: aws_sdk_iam::Client::new(&once),
            images: aws_sdk_imagebuilder::Client::new(config),
            kms: aws_sdk_kms::Client::new(config),
            kms_once: aws_sdk_kms::Client::new(&once),
            logs: aws_sdk_cloudwatchlogs::Client::new(config),
            parameters: aws_sdk_ssm::Client::new(config),
            s3: aws_sdk_s3::Client::from_conf(s3),
            secrets: aws_sdk_secretsmanager::Client::new(config),
        }
    }
}
