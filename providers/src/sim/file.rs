//! The credentials file on the runner's disk, as the simulated cloud's calls reach it.

use nfplan_engine::address::RemoteId;
use nfplan_engine::provider::ProviderError;
use nfplan_engine::value::Attributes;
use nfplan_engine::value::Value;

use crate::files;
use crate::sim::scene::Refusal;
use crate::sim::session::Session;
use crate::sink;
use crate::sink::SinkError;

/// The type.
pub(crate) const CREDENTIALS: &str = "file.credentials";

/// What a failure of the disk means for a provider call.
pub(crate) fn refusal(error: &SinkError) -> Refusal {
    let (kind, code, message) = files::meaning(error);
    Refusal::new(kind, code, message)
}

/// Promotes the key that waits beside the file.
pub(crate) fn promote(session: &mut Session<'_>, inputs: &Attributes) -> Result<(), ProviderError> {
    let (path, key) = (session.core.disk.join(text(inputs, "path")), text(inputs, "access_key_id"));
    session.is_about(RemoteId::new(text(inputs, "path")).ok());
    session.disk("file:Promote", || sink::promote(&path, key))
}

/// Removes the file.
pub(crate) fn remove(session: &mut Session<'_>, id: &RemoteId) -> Result<(), ProviderError> {
    let path = session.core.disk.join(id.as_str());
    session.disk("file:Remove", || sink::remove(&path))
}

fn text<'a>(inputs: &'a Attributes, name: &str) -> &'a str {
    inputs.get(name).and_then(Value::as_text).unwrap_or_default()
}
