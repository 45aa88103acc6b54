//! The user whose access key the researcher's client holds.
//!
//! Deleting it asks for its keys and attachments to be gone first, also those that somebody added: a
//! password for the console and the devices that are asked for beside it are taken away by nobody but
//! who gave them.

use nfplan_engine::address::Place;
use nfplan_engine::risk::Risk;
use nfplan_engine::schema::Attribute;
use nfplan_engine::schema::Identity;
use nfplan_engine::schema::Limit;
use nfplan_engine::schema::Removal;
use nfplan_engine::schema::Schema;
use nfplan_engine::schema::Shape;
use nfplan_engine::schema::Strangers;
use nfplan_engine::schema::UndoCreate;
use nfplan_engine::value::Attributes;

use crate::types::common::TAGS;
use crate::types::common::TEXT_SET;
use crate::types::common::as_given;
use crate::types::common::in_slot;
use crate::types::common::predict_iam_arn;
use crate::types::common::quoted;
use crate::types::risks::grown;
use crate::types::risks::taken_away;

const LOGIN_PROFILE: Strangers = Strangers {
    says: |user, since| {
        let since = since.join(", ");
        let hanging = Hanging { login_profile: true, ..Hanging::default() };
        format!(
            "nfplan did not make the login profile of `{user}`, of {since}: whoever has its password \
             gets in at the console, with all that the user may do; unless you know whose it is, take \
             it away: {}",
            hanging.commands(user)
        )
    },
    holds: true,
};

const MFA_DEVICES: Strangers = Strangers {
    says: |user, devices| {
        let named = quoted(devices);
        let devices = devices.iter().map(|device| (*device).to_owned()).collect();
        let hanging = Hanging { devices, ..Hanging::default() };
        format!(
            "nfplan did not give `{user}` the MFA device {named}, and AWS deletes no user who has one; \
             unless you know whose it is, take it away: {}",
            hanging.commands(user)
        )
    },
    holds: true,
};

/// What somebody else hung on a user, who cannot be deleted as long as it is there.
#[derive(Debug, Default)]
pub(crate) struct Hanging {
    pub(crate) login_profile: bool,
    /// MFA devices.
    pub(crate) devices: Vec<String>,
    /// Access keys.
    pub(crate) keys: Vec<String>,
}

impl Hanging {
    /// Why the user cannot be deleted, and what to do; none if nothing is in the way.
    pub(crate) fn refusal(&self, user: &str) -> Option<String> {
        let login_profile = self.login_profile.then(|| "its login profile".to_owned());
        let named = |title: &str, ids: &[String]| {
            let ids: Vec<&str> = ids.iter().map(String::as_str).collect();
            (!ids.is_empty()).then(|| format!("{title} {}", quoted(&ids)))
        };
        let devices = named("the MFA device", &self.devices);
        let keys = named("the access key", &self.keys);
        let all: Vec<String> = login_profile.into_iter().chain(devices).chain(keys).collect();
        (!all.is_empty()).then(|| {
            format!(
                "`{user}` cannot be deleted because of {}, which nfplan did not make and leaves to \
                 whoever did: unless somebody needs it, {}, and apply again",
                all.join(" and "),
                self.commands(user)
            )
        })
    }

    /// The commands that take it away.
    fn commands(&self, user: &str) -> String {
        let command = |words: &str, option: &str| {
            let option = if option.is_empty() { String::new() } else { format!(" {option}") };
            format!("`aws iam {words} --user-name {user}{option}`")
        };
        let login_profile = self.login_profile.then(|| command("delete-login-profile", ""));
        let devices = self
            .devices
            .iter()
            .map(|device| command("deactivate-mfa-device", &format!("--serial-number {device}")));
        let keys = self
            .keys
            .iter()
            .map(|key| command("delete-access-key", &format!("--access-key-id {key}")));
        let all: Vec<String> = login_profile.into_iter().chain(devices).chain(keys).collect();
        all.join(" and ")
    }
}

/// The schema.
pub static SCHEMA: Schema = Schema {
    resource_type: "iam.user",
    version: 1,
    title: "user",
    attributes: &[
        in_slot("name").limit(Limit::Characters(64)),
        in_slot("path").limit(Limit::Characters(512)),
        Attribute::required("policy_arns", TEXT_SET).limit(Limit::Items(10)).risks(
            Risk::Widening,
            grown,
            "gets what one more policy allows",
        ),
        Attribute::optional("permissions_boundary", Shape::Text).risks(
            Risk::GuardRail,
            taken_away,
            "no longer bounds what policies may allow",
        ),
        TAGS,
        Attribute::volatile("login_profile", Shape::Text, "it is a password that somebody set")
            .deep()
            .tells_of(LOGIN_PROFILE),
        Attribute::volatile("mfa_devices", TEXT_SET, "they are devices that somebody registered")
            .deep()
            .tells_of(MFA_DEVICES),
        Attribute::predictable("arn"),
    ],
    escalations: &[],
    identity: Identity::Attributes(&["name"]),
    removal: Removal::Delete,
    undo_create: UndoCreate::Delete,
    normalise: as_given,
    predict,
};

fn predict(place: &Place, inputs: &Attributes) -> Attributes {
    predict_iam_arn(place, inputs, "user")
}
