//! What an error of the SDK means to the engine.

use std::error::Error;

use aws_credential_types::provider::error::CredentialsError;
use aws_sdk_ec2::config::http::HttpResponse;
use aws_sdk_ec2::error::ProvideErrorMetadata;
use aws_sdk_ec2::error::SdkError;
use aws_sdk_ec2::operation::RequestId;
use nfplan_engine::address::RemoteId;
use nfplan_engine::provider::CreateRequest;
use nfplan_engine::provider::ErrorKind;
use nfplan_engine::provider::Left;
use nfplan_engine::provider::ProviderError;

use crate::aws::tags;
use crate::aws::tags::Tags;

/// The engine's form of an error. `unknown` is what a request without a definite answer may have
/// left behind: nothing, if it only looks.
pub(crate) fn of<E>(
    operation: &'static str,
    error: &SdkError<E, HttpResponse>,
    unknown: Left,
) -> ProviderError
where
    E: Error + ProvideErrorMetadata + 'static,
{
    let request_id = error.request_id().map(str::to_owned);
    let new = |kind, code: &str, message: String, left| ProviderError {
        kind,
        operation: operation.into(),
        code: code.into(),
        message,
        request_id: request_id.clone(),
        left,
    };
    match error {
        SdkError::ServiceError(context) => {
            let status = context.raw().status().as_u16();
            let (code, message) = (context.err().code(), context.err().message());
            let code = code.unwrap_or("Unknown");
            let message = message.map_or_else(|| format!("HTTP status {status}"), str::to_owned);
            let kind = kind(code, status);
            let left = if kind == ErrorKind::Unavailable { unknown } else { Left::Nothing };
            new(kind, code, message, left)
        }
        SdkError::TimeoutError(_) => {
            let message = "no answer came in time".into();
            new(ErrorKind::Timeout, "RequestTimeout", message, unknown)
        }
        // Nothing was sent: a value that cannot be in a request, or no credentials.
        SdkError::ConstructionFailure(_) => {
            new(ErrorKind::Invalid, "ConstructionFailure", chain(error), Left::Nothing)
        }
        _ if has_no_credentials(error) => {
            let message = "there are no credentials for AWS here: name a profile of its \
                configuration with --profile, or set what AWS's own tools take";
            new(ErrorKind::Denied, "NoCredentials", message.into(), Left::Nothing)
        }
        _ => new(ErrorKind::Unavailable, "NoAnswer", chain(error), unknown),
    }
}

/// Whether nothing was sent because there was nobody to send it as.
fn has_no_credentials(error: &(dyn Error + 'static)) -> bool {
    let mut cause = error.source();
    while let Some(error) = cause {
        if let Some(CredentialsError::CredentialsNotLoaded(_)) = error.downcast_ref() {
            return true;
        }
        cause = error.source();
    }
    false
}

/// An error with its causes, which say more than it does.
fn chain(error: &(dyn Error + 'static)) -> String {
    let causes = std::iter::successors(error.source(), |cause: &&dyn Error| (**cause).source());
    let mut words: Vec<String> = causes.map(ToString::to_string).collect();
    words.dedup();
    if words.is_empty() { error.to_string() } else { words.join(": ") }
}

/// The kind of an error, from its code alone; the HTTP status decides where a code is not known.
fn kind(code: &str, status: u16) -> ErrorKind {
    let any = |parts: &[&str]| parts.iter().any(|part| code.contains(part));
    if any(&["Throttl", "TooManyRequests", "RequestLimitExceeded", "SlowDown"]) {
        ErrorKind::Throttled
    } else if is_denied(code) {
        ErrorKind::Denied
    } else if any(&["NotFound", "NoSuch"]) {
        ErrorKind::NotFound
    } else if any(&["AlreadyExists", "ResourceExists", "Duplicate", "BucketAlreadyOwnedByYou"]) {
        ErrorKind::Exists
    } else if any(&["LimitExceeded", "QuotaExceeded", "TooManyBuckets"]) {
        ErrorKind::Quota
    } else if is_conflict(code) {
        ErrorKind::Conflict
    } else if status >= 500 || any(&["InternalError", "InternalFailure", "ServiceUnavailable"]) {
        ErrorKind::Unavailable
    } else if status == 429 {
        ErrorKind::Throttled
    } else if matches!(status, 401 | 403) {
        ErrorKind::Denied
    } else {
        ErrorKind::Invalid
    }
}

fn is_denied(code: &str) -> bool {
    matches!(
        code,
        "AccessDenied"
            | "AccessDeniedException"
            | "AuthFailure"
            | "ExpiredToken"
            | "ExpiredTokenException"
            | "InvalidAccessKeyId"
            | "InvalidClientTokenId"
            | "OptInRequired"
            | "SignatureDoesNotMatch"
            | "UnauthorizedOperation"
            | "UnrecognizedClientException"
    )
}

fn is_conflict(code: &str) -> bool {
    matches!(
        code,
        "ConcurrentModification"
            | "ConcurrentModificationException"
            | "ConflictException"
            | "DeleteConflict"
            | "DependencyViolation"
            | "EntityTemporarilyUnmodifiable"
            | "IncorrectInstanceState"
            | "IncorrectState"
            | "InvalidRequestException"
            | "KMSInvalidStateException"
            | "OperationAborted"
            | "Resource.AlreadyAssociated"
            | "ResourceInUseException"
            | "UnmodifiableEntity"
    )
}

/// Adds to errors what earlier requests of the same call have made.
pub(crate) trait Leaving {
    /// What failed now has left this object behind, which is there since an earlier request.
    fn leaving(self, id: &RemoteId) -> Self;
}

impl<T> Leaving for Result<T, ProviderError> {
    fn leaving(self, id: &RemoteId) -> Self {
        self.map_err(|error| match error.left {
            Left::Nothing => ProviderError { left: Left::Object(id.clone()), ..error },
            Left::Object(_) | Left::Unknown => error,
        })
    }
}

/// An error that nfplan itself finds.
pub(crate) fn own(
    kind: ErrorKind,
    operation: &str,
    code: &str,
    message: impl Into<String>,
) -> ProviderError {
    ProviderError {
        kind,
        operation: operation.into(),
        code: code.into(),
        message: message.into(),
        request_id: None,
        left: Left::Nothing,
    }
}

/// An answer that does not say what it must: what came of the request is not known.
pub(crate) fn unknown(operation: &str, message: &str) -> ProviderError {
    ProviderError {
        left: Left::Unknown,
        ..own(ErrorKind::Internal, operation, "NoAnswer", message)
    }
}

/// What was to be changed is not there.
pub(crate) fn missing(operation: &str, what: &str) -> ProviderError {
    own(ErrorKind::NotFound, operation, "NotFound", format!("{what} does not exist"))
}

/// Passes if an object that "exists already" was made by this very attempt: its request was sent
/// twice. Otherwise the error says whose it is.
pub(crate) fn unless_of_attempt(
    request: &CreateRequest<'_>,
    tags: &Tags,
    what: &str,
    error: ProviderError,
) -> Result<(), ProviderError> {
    let owner = tags::owner(tags);
    let whose = match &owner {
        Some(owner)
            if owner.unit == *request.unit
                && owner.address == *request.address
                && owner.incarnation == Some(request.incarnation) =>
        {
            return Ok(());
        }
        Some(owner) => format!("belongs to `{}:{}`", owner.unit, owner.address),
        None => "has no ownership tags of nfplan".into(),
    };
    let message = format!("the {what} already exists and {whose}");
    Err(ProviderError { kind: ErrorKind::Exists, message, ..error })
}

/// Takes "there is none" for an answer.
pub(crate) fn optional<T>(result: Result<T, ProviderError>) -> Result<Option<T>, ProviderError> {
    match result {
        Ok(value) => Ok(Some(value)),
        Err(error) if error.kind == ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_say_what_kind_of_failure_it_is() {
        for (code, status, expected) in [
            ("RequestLimitExceeded", 503, ErrorKind::Throttled),
            ("TooManyRequestsException", 429, ErrorKind::Throttled),
            ("Throttling", 400, ErrorKind::Throttled),
            ("UnauthorizedOperation", 403, ErrorKind::Denied),
            ("InvalidVpcID.NotFound", 400, ErrorKind::NotFound),
            ("NoSuchEntity", 404, ErrorKind::NotFound),
            ("ServerSideEncryptionConfigurationNotFoundError", 404, ErrorKind::NotFound),
            ("EntityAlreadyExists", 409, ErrorKind::Exists),
            ("InvalidGroup.Duplicate", 400, ErrorKind::Exists),
            ("RouteAlreadyExists", 400, ErrorKind::Exists),
            ("VpcLimitExceeded", 400, ErrorKind::Quota),
            ("LimitExceeded", 409, ErrorKind::Quota),
            ("DependencyViolation", 400, ErrorKind::Conflict),
            ("DeleteConflict", 409, ErrorKind::Conflict),
            ("ServiceUnavailable", 503, ErrorKind::Unavailable),
            ("InternalFailure", 500, ErrorKind::Unavailable),
            ("MalformedPolicyDocument", 400, ErrorKind::Invalid),
            ("SomethingNew", 502, ErrorKind::Unavailable),
        ] {
            assert_eq!(kind(code, status), expected, "{code}");
        }
    }
}
