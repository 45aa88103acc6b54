//! Which file carries out a type's calls.

use nfplan_engine::address::RemoteId;
use nfplan_engine::observed::Sighting;
use nfplan_engine::provider::CreateRequest;
use nfplan_engine::provider::DeleteRequest;
use nfplan_engine::provider::ErrorKind;
use nfplan_engine::provider::ProviderError;
use nfplan_engine::provider::UpdateRequest;
use nfplan_engine::provider::Wanted;

use crate::aws::batch;
use crate::aws::ec2;
use crate::aws::error;
use crate::aws::file;
use crate::aws::iam;
use crate::aws::kms;
use crate::aws::logs;
use crate::aws::reading::Reading;
use crate::aws::s3;
use crate::aws::secretsmanager;
use crate::aws::selection::unreadable;
use crate::aws::session::Session;

/// The table: what `$call` comes to with the type's file as `$calls`.
macro_rules! of_type {
    ($resource_type:expr, $calls:ident => $call:expr) => {
        of_type!(@ $resource_type, $calls => $call;
            "batch.compute_environment" => batch::compute_environment,
            "batch.job_queue" => batch::job_queue,
            "ec2.instance" => ec2::instance,
            "ec2.internet_gateway" => ec2::internet_gateway,
            "ec2.launch_template" => ec2::launch_template,
            "ec2.route" => ec2::route,
            "ec2.route_table" => ec2::route_table,
            "ec2.route_table_association" => ec2::route_table_association,
            "ec2.security_group" => ec2::security_group,
            "ec2.subnet" => ec2::subnet,
            "ec2.vpc" => ec2::vpc,
            "ec2.vpc_endpoint" => ec2::vpc_endpoint,
            "file.credentials" => file::credentials,
            "iam.access_key" => iam::access_key,
            "iam.instance_profile" => iam::instance_profile,
            "iam.policy" => iam::policy,
            "iam.role" => iam::role,
            "iam.user" => iam::user,
            "kms.alias" => kms::alias,
            "kms.key" => kms::key,
            "logs.log_group" => logs::log_group,
            "s3.bucket" => s3::bucket,
            "s3.bucket_encryption" => s3::bucket_encryption,
            "s3.bucket_lifecycle" => s3::bucket_lifecycle,
            "s3.bucket_policy" => s3::bucket_policy,
            "s3.public_access_block" => s3::public_access_block,
            "secretsmanager.current_version" => secretsmanager::current_version,
            "secretsmanager.secret" => secretsmanager::secret
        )
    };
    (@ $resource_type:expr, $calls:ident => $call:expr;
        $($name:literal => $service:ident :: $module:ident),*) => {
        match $resource_type {
            $($name => {
                use $service::$module as $calls;
                Ok($call.await)
            })*
            other => Err(unknown(other)),
        }
    };
}

fn unknown(resource_type: &str) -> ProviderError {
    let message = format!("there are no calls for the type `{resource_type}`");
    error::own(ErrorKind::Internal, "nfplan:find", "UnknownType", message)
}

/// Reads objects of one type.
pub(crate) async fn read(
    reading: &Reading<'_>,
    resource_type: &str,
    wanted: &[&Wanted<'_>],
) -> Vec<Sighting> {
    let read = of_type!(resource_type, calls => calls::read(reading, wanted));
    read.unwrap_or_else(|error| wanted.iter().map(|_| unreadable(&error)).collect())
}

/// Creates an object.
pub(crate) async fn create(
    session: &Session<'_>,
    request: &CreateRequest<'_>,
) -> Result<RemoteId, ProviderError> {
    of_type!(request.address.resource_type.as_str(), calls => calls::create(session, request))?
}

/// Changes an object.
pub(crate) async fn update(
    session: &Session<'_>,
    request: &UpdateRequest<'_>,
) -> Result<(), ProviderError> {
    of_type!(request.address.resource_type.as_str(), calls => calls::update(session, request))?
}

/// Deletes an object and waits until it is gone.
pub(crate) async fn delete(
    session: &Session<'_>,
    request: &DeleteRequest<'_>,
) -> Result<(), ProviderError> {
    of_type!(request.address.resource_type.as_str(), calls => calls::delete(session, request))?
}
