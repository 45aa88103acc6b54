//! Which answers of the cloud a workspace depends on.

use nfplan_engine::provider::LookUp;

use crate::settings::Ami;
use crate::settings::Network;
use crate::settings::WorkspaceSettings;

/// The look-ups that must be pinned before a workspace can be expanded; sorted, none twice.
pub fn look_ups(settings: &WorkspaceSettings) -> Vec<LookUp> {
    let mut wanted = Vec::new();
    match &settings.network.value {
        Network::Proxy { .. } => {
            // The proxy runs on this image whatever the compute instances run on.
            wanted.push(LookUp::EcsImage);
            wanted.push(LookUp::Zones(settings.compute.instance_types.value.clone()));
        }
        Network::Existing { .. } => {}
    }
    match &settings.compute.ami.value {
        Ami::EcsOptimized => wanted.push(LookUp::EcsImage),
        Ami::Pipeline(arn) => wanted.push(LookUp::PipelineImage(arn.clone())),
        Ami::Id(_) => {}
    }
    wanted.sort();
    wanted.dedup();
    wanted
}
