//! What somebody else hung on users: passwords for the console, and MFA devices.
//!
//! Looking for a password takes a request for each user. The virtual devices of all users are in one
//! listing of the account; those of other kinds are asked for where there is a password, without which
//! they are of little use, and where a user could not be deleted.

use std::collections::BTreeMap;

use aws_sdk_iam::types::AccessKeyMetadata;
use aws_sdk_iam::types::AssignmentStatusType;
use nfplan_engine::observed::Live;
use nfplan_engine::provider::ErrorKind;
use nfplan_engine::provider::ProviderError;
use nfplan_engine::value::Value;

use crate::aws::error;
use crate::aws::iam::access_key;
use crate::aws::reading::Reading;
use crate::aws::session::Session;
use crate::types::iam::user::Hanging;

/// Serial numbers of MFA devices, by the user.
pub(crate) type Devices = BTreeMap<String, Vec<String>>;

/// A user with what hangs on it, if the read asks for that.
pub(super) async fn seen(reading: &Reading<'_>, mut live: Live) -> Result<Live, ProviderError> {
    if !reading.asks_for_strangers() {
        return Ok(live);
    }
    let user = live.remote_id.as_str();
    let since = login_profile(reading.session, user).await?;
    let devices = match since {
        Some(_) => devices(reading.session, user).await?,
        None => virtual_devices(reading).await?.get(user).cloned().unwrap_or_default(),
    };
    if let Some(since) = since {
        live.attributes.insert("login_profile".into(), since.into());
    }
    if !devices.is_empty() {
        let devices = devices.iter().map(String::as_str);
        live.attributes.insert("mfa_devices".into(), Value::list(devices));
    }
    Ok(live)
}

/// Since when a user has a password for the console.
async fn login_profile(session: &Session<'_>, user: &str) -> Result<Option<String>, ProviderError> {
    let call = session.clients.iam.get_login_profile().user_name(user).send();
    let found = error::optional(session.look("iam:GetLoginProfile", call).await)?;
    Ok(found.and_then(|found| found.login_profile).map(|profile| profile.create_date.to_string()))
}

/// The MFA devices of a user, of all kinds.
async fn devices(session: &Session<'_>, user: &str) -> Result<Vec<String>, ProviderError> {
    let devices = session.pages("iam:ListMFADevices", async |marker| {
        let page = session.clients.iam.list_mfa_devices().user_name(user);
        let page = page.set_marker(marker).send().await?;
        let marker = page.marker.filter(|_| page.is_truncated);
        Ok((page.mfa_devices, marker))
    });
    let devices = error::optional(devices.await)?.unwrap_or_default();
    Ok(devices.into_iter().map(|device| device.serial_number).collect())
}

async fn virtual_devices<'r>(reading: &'r Reading<'_>) -> Result<&'r Devices, ProviderError> {
    let listed = reading.devices.get_or_init(|| list(reading.session)).await;
    listed.as_ref().map_err(Clone::clone)
}

async fn list(session: &Session<'_>) -> Result<Devices, ProviderError> {
    let listed = session.pages("iam:ListVirtualMFADevices", async |marker| {
        let page = session.clients.iam.list_virtual_mfa_devices();
        let page = page.assignment_status(AssignmentStatusType::Assigned).max_items(1_000);
        let page = page.set_marker(marker).send().await?;
        let marker = page.marker.filter(|_| page.is_truncated);
        Ok((page.virtual_mfa_devices, marker))
    });
    let mut devices = Devices::new();
    for device in listed.await? {
        if let Some(user) = device.user {
            devices.entry(user.user_name).or_default().push(device.serial_number);
        }
    }
    Ok(devices)
}

/// IAM refused to delete a user because of something that hangs on it: if somebody else hung it there,
/// the error that says so. Keys that nfplan deleted just now may show for a while, so that keys count
/// only once there is no more time to wait for that.
pub(super) async fn refusal(
    session: &Session<'_>,
    user: &str,
    conflict: &ProviderError,
) -> Result<Option<ProviderError>, ProviderError> {
    let mut hanging = Hanging {
        login_profile: login_profile(session, user).await?.is_some(),
        devices: devices(session, user).await?,
        keys: Vec::new(),
    };
    if conflict.kind == ErrorKind::Unfinished {
        let keys = access_key::list(session, user).await?.unwrap_or_default();
        let ids = keys.iter().filter_map(AccessKeyMetadata::access_key_id);
        hanging.keys = ids.map(str::to_owned).collect();
    }
    Ok(hanging.refusal(user).map(|message| ProviderError {
        kind: ErrorKind::Conflict,
        message,
        ..conflict.clone()
    }))
}
