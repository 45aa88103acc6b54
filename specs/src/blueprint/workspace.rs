//! One researcher's workspace as a whole.

use std::collections::BTreeMap;

use nfplan_engine::address::External;
use nfplan_engine::desired::Expansion;
use nfplan_engine::desired::Source;
use nfplan_engine::expr::Expr;
use nfplan_engine::value::Value;

use super::ExpansionError;
use super::builder::Builder;
use super::client;
use super::compute;
use super::jobs;
use super::names::KnownAddress;
use super::names::WorkspaceNames;
use super::network;
use super::partition::Partition;
use super::pins::Pins;
use super::tags::Tags;
use crate::settings::Status;
use crate::settings::WorkspaceSettings;

/// Expands a workspace. `pins` holds the answers of look-ups by
/// [`key`](nfplan_engine::provider::LookUp::key); those used become part of the expansion.
pub fn workspace(
    settings: &WorkspaceSettings,
    pins: &BTreeMap<Box<str>, Value>,
) -> Result<Expansion, ExpansionError> {
    let mut pins = Pins::new(pins);
    let environment = &settings.environment;
    let workspace = Workspace::new(settings);
    let tags =
        Tags { unit: &settings.unit, environment: &environment.name, own: Some(&settings.tags) };
    let mut builder = Builder::new(tags, settings.origin);
    let network = network::add(&workspace, &mut pins, &mut builder)?;
    jobs::add(&workspace, &network, &mut builder);
    compute::add(&workspace, &network, &mut pins, &mut builder)?;
    client::add(&workspace, &mut builder);
    Ok(Expansion {
        unit: settings.unit.clone(),
        source: Source {
            environment: environment.name.clone(),
            blueprint: environment.blueprint,
            user: Some(settings.user.clone()),
            protect: settings.protect.value,
            // A suspended workspace locks its client out by itself, and resuming it lets it in.
            revoked: settings.revoked && !workspace.suspended(),
        },
        files: settings.files.clone(),
        resources: builder.finish(),
        pins: pins.into_used(),
    })
}

/// What every part of a workspace's blueprint draws on.
#[derive(Debug)]
pub(super) struct Workspace<'a> {
    pub(super) settings: &'a WorkspaceSettings,
    pub(super) names: WorkspaceNames<'a>,
    pub(super) partition: Partition<'a>,
}

impl<'a> Workspace<'a> {
    fn new(settings: &'a WorkspaceSettings) -> Self {
        Self {
            settings,
            names: WorkspaceNames::new(settings.environment.host(), &settings.escaped),
            partition: Partition::of(settings.unit.place()),
        }
    }

    /// An output of the platform of the workspace's place.
    pub(super) fn platform(&self, address: KnownAddress, output: &str) -> Expr {
        Expr::External(External {
            unit: self.settings.unit.platform(),
            reference: address.reference(output),
        })
    }

    pub(super) fn suspended(&self) -> bool {
        match self.settings.status.value {
            Status::Active => false,
            Status::Suspended => true,
        }
    }

    /// Whether the client is to have no access.
    pub(super) fn locked_out(&self) -> bool {
        self.suspended() || self.settings.revoked
    }

    /// Whether queue and compute environment exist.
    pub(super) fn has_queue(&self) -> bool {
        !(self.suspended() && self.settings.release.value)
    }
}
