//! The credentials file in which a key is delivered.

#![expect(clippy::unused_async, reason = "calls are asked for in the same way everywhere")]

use std::path::PathBuf;

use nfplan_engine::address::RemoteId;
use nfplan_engine::observed::Sighting;
use nfplan_engine::provider::CreateRequest;
use nfplan_engine::provider::DeleteRequest;
use nfplan_engine::provider::ErrorKind;
use nfplan_engine::provider::Left;
use nfplan_engine::provider::ProviderError;
use nfplan_engine::provider::UpdateRequest;
use nfplan_engine::provider::Wanted;
use nfplan_engine::value::Attributes;
use secrecy::SecretString;

use crate::aws::error;
use crate::aws::inputs::owned_text;
use crate::aws::reading::Reading;
use crate::aws::session::Session;
use crate::aws::session::remote_id;
use crate::files;
use crate::sink;
use crate::sink::SinkError;

/// Finds files.
pub(crate) async fn read(reading: &Reading<'_>, wanted: &[&Wanted<'_>]) -> Vec<Sighting> {
    let disk = reading.session.inner.disk.borrow();
    wanted.iter().map(|wanted| files::read(&disk, wanted)).collect()
}

/// Promotes the key that waits beside the file.
pub(crate) async fn create(
    session: &Session<'_>,
    request: &CreateRequest<'_>,
) -> Result<RemoteId, ProviderError> {
    promote(session, request.inputs)?;
    remote_id("file:Promote", owned_text(request.inputs, "path").as_deref())
}

/// Promotes another key.
pub(crate) async fn update(
    session: &Session<'_>,
    request: &UpdateRequest<'_>,
) -> Result<(), ProviderError> {
    promote(session, request.after)
}

/// Removes the file.
pub(crate) async fn delete(
    session: &Session<'_>,
    request: &DeleteRequest<'_>,
) -> Result<(), ProviderError> {
    let path = path(session, request.remote_id.as_str());
    done("file:Remove", sink::remove(&path))
}

fn promote(session: &Session<'_>, inputs: &Attributes) -> Result<(), ProviderError> {
    let text = |name| owned_text(inputs, name).unwrap_or_default();
    done("file:Promote", sink::promote(&path(session, &text("path")), &text("access_key_id")))
}

/// Puts a key beside the file, where it waits to be promoted.
pub(crate) fn stage(
    session: &Session<'_>,
    file: &str,
    key_id: &str,
    secret: &SecretString,
) -> Result<(), ProviderError> {
    done("file:Stage", sink::stage(&path(session, file), key_id, secret))
}

/// Removes a key that waits beside the file, if it is this one.
pub(crate) fn discard(
    session: &Session<'_>,
    file: &str,
    key_id: &str,
) -> Result<(), ProviderError> {
    done("file:Discard", files::discard(&path(session, file), key_id))
}

fn path(session: &Session<'_>, file: &str) -> PathBuf {
    session.inner.disk.borrow().join(file)
}

fn done(operation: &'static str, result: Result<(), SinkError>) -> Result<(), ProviderError> {
    result.map_err(|error| {
        let (kind, code, message) = files::meaning(&error);
        let left = if kind == ErrorKind::Unavailable { Left::Unknown } else { Left::Nothing };
        ProviderError { left, ..error::own(kind, operation, code, message) }
    })
}
