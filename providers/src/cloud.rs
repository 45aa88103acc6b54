//! The cloud of a fleet: each account on the simulated AWS or on the real one.

use std::collections::BTreeSet;
use std::path::Path;
use std::time::Duration;

#[cfg(feature = "aws")]
use nfplan_engine::address::AccountId;
use nfplan_engine::address::Place;
use nfplan_engine::address::RemoteId;
use nfplan_engine::address::ResourceType;
use nfplan_engine::observed::Sighting;
use nfplan_engine::provider::Clearance;
use nfplan_engine::provider::CreateRequest;
use nfplan_engine::provider::DeleteRequest;
use nfplan_engine::provider::Depth;
use nfplan_engine::provider::Done;
use nfplan_engine::provider::Jobs;
use nfplan_engine::provider::LookUp;
use nfplan_engine::provider::Provider;
use nfplan_engine::provider::ProviderError;
use nfplan_engine::provider::Question;
use nfplan_engine::provider::QueueSeen;
use nfplan_engine::provider::Reader;
use nfplan_engine::provider::Survey;
use nfplan_engine::provider::UpdateRequest;
use nfplan_engine::provider::Wanted;
use nfplan_engine::schema::Schemas;
use nfplan_engine::value::Value;

#[cfg(feature = "aws")]
use crate::aws::Aws;
use crate::calls::CallCounts;
use crate::sim::Sim;

/// Both clouds, as one provider.
#[derive(Debug, Clone)]
pub struct Cloud {
    sim: Sim,
    #[cfg(feature = "aws")]
    aws: Option<(Aws, BTreeSet<AccountId>)>,
}

impl Cloud {
    /// All accounts are on the simulated cloud.
    pub fn simulated(sim: Sim) -> Self {
        Self {
            sim,
            #[cfg(feature = "aws")]
            aws: None,
        }
    }

    /// These accounts are on AWS, all others on the simulated cloud.
    #[cfg(feature = "aws")]
    pub fn with_aws(self, aws: Aws, accounts: BTreeSet<AccountId>) -> Self {
        let aws = (!accounts.is_empty()).then_some((aws, accounts));
        Self { aws, ..self }
    }

    /// The simulated cloud.
    pub(crate) fn sim(&self) -> &Sim {
        &self.sim
    }

    /// AWS, if a place is there.
    #[cfg(feature = "aws")]
    pub(crate) fn aws_for(&self, place: &Place) -> Option<&Aws> {
        let (aws, accounts) = self.aws.as_ref()?;
        accounts.contains(&place.account).then_some(aws)
    }

    /// Lets relative paths of credentials files begin at this folder, not where the process was
    /// started.
    pub fn deliver_files_in(&self, folder: &Path) {
        self.sim.deliver_files_in(folder);
        #[cfg(feature = "aws")]
        if let Some((aws, _)) = &self.aws {
            aws.deliver_files_in(folder);
        }
    }

    /// How many requests there were.
    pub fn call_counts(&self) -> CallCounts {
        let mut counts = CallCounts::default();
        for call in self.sim.call_log() {
            if call.mutating {
                counts.changed(call.operation);
            } else {
                counts.looked(call.operation);
            }
        }
        #[cfg(feature = "aws")]
        if let Some((aws, _)) = &self.aws {
            counts.add(&aws.call_counts());
        }
        counts
    }
}

/// What `$call` comes to with the cloud that a place is in as `$cloud`.
macro_rules! in_cloud {
    ($self:expr, $place:expr, $cloud:ident => $call:expr) => {{
        #[cfg(feature = "aws")]
        if let Some($cloud) = $self.aws_for($place) {
            // The futures of the SDK are too large to be carried around.
            return Box::pin($call).await;
        }
        let $cloud = &$self.sim;
        $call.await
    }};
}

impl Reader for Cloud {
    fn schemas(&self) -> &Schemas {
        self.sim.schemas()
    }

    async fn look_up(&self, place: &Place, look_up: &LookUp) -> Result<Value, ProviderError> {
        in_cloud!(self, place, cloud => cloud.look_up(place, look_up))
    }

    async fn read(
        &self,
        place: &Place,
        depth: Depth,
        wanted: &[Wanted<'_>],
    ) -> Result<Vec<Sighting>, ProviderError> {
        in_cloud!(self, place, cloud => cloud.read(place, depth, wanted))
    }

    async fn survey(
        &self,
        place: &Place,
        types: &BTreeSet<&ResourceType>,
    ) -> Result<Survey, ProviderError> {
        in_cloud!(self, place, cloud => cloud.survey(place, types))
    }

    async fn jobs(&self, place: &Place, queues: &[RemoteId]) -> Result<Vec<Jobs>, ProviderError> {
        in_cloud!(self, place, cloud => cloud.jobs(place, queues))
    }

    async fn queues(&self, place: &Place) -> Result<Vec<QueueSeen>, ProviderError> {
        in_cloud!(self, place, cloud => cloud.queues(place))
    }

    async fn may(&self, place: &Place, questions: &[Question]) -> Result<Clearance, ProviderError> {
        in_cloud!(self, place, cloud => cloud.may(place, questions))
    }
}

impl Provider for Cloud {
    async fn create(&self, request: CreateRequest<'_>) -> Result<Done, ProviderError> {
        in_cloud!(self, request.unit.place(), cloud => cloud.create(request))
    }

    async fn update(&self, request: UpdateRequest<'_>) -> Result<Done, ProviderError> {
        in_cloud!(self, request.unit.place(), cloud => cloud.update(request))
    }

    async fn delete(&self, request: DeleteRequest<'_>) -> Result<(), ProviderError> {
        in_cloud!(self, request.unit.place(), cloud => cloud.delete(request))
    }

    /// The longer one: leases are the same for all units.
    fn deadline(&self) -> Duration {
        #[cfg(feature = "aws")]
        if let Some((aws, _)) = &self.aws {
            return aws.deadline().max(self.sim.deadline());
        }
        self.sim.deadline()
    }

    fn horizon(&self) -> Duration {
        #[cfg(feature = "aws")]
        if let Some((aws, _)) = &self.aws {
            return aws.horizon().max(self.sim.horizon());
        }
        self.sim.horizon()
    }
}
