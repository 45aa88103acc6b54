//! What a cloud in a cloud passes on to it as it is.

/// The methods of a [`Reader`](nfplan_engine::provider::Reader) that asks the cloud in this field.
macro_rules! reads_of {
    ($cloud:ident) => {
        fn schemas(&self) -> &nfplan_engine::schema::Schemas {
            self.$cloud.schemas()
        }

        async fn look_up(
            &self,
            place: &nfplan_engine::address::Place,
            look_up: &nfplan_engine::provider::LookUp,
        ) -> Result<nfplan_engine::value::Value, nfplan_engine::provider::ProviderError> {
            self.$cloud.look_up(place, look_up).await
        }

        async fn read(
            &self,
            place: &nfplan_engine::address::Place,
            depth: nfplan_engine::provider::Depth,
            wanted: &[nfplan_engine::provider::Wanted<'_>],
        ) -> Result<Vec<nfplan_engine::observed::Sighting>, nfplan_engine::provider::ProviderError>
        {
            self.$cloud.read(place, depth, wanted).await
        }

        async fn survey(
            &self,
            place: &nfplan_engine::address::Place,
            types: &std::collections::BTreeSet<&nfplan_engine::address::ResourceType>,
        ) -> Result<nfplan_engine::provider::Survey, nfplan_engine::provider::ProviderError> {
            self.$cloud.survey(place, types).await
        }

        async fn jobs(
            &self,
            place: &nfplan_engine::address::Place,
            queues: &[nfplan_engine::address::RemoteId],
        ) -> Result<Vec<nfplan_engine::provider::Jobs>, nfplan_engine::provider::ProviderError> {
            self.$cloud.jobs(place, queues).await
        }

        async fn queues(
            &self,
            place: &nfplan_engine::address::Place,
        ) -> Result<Vec<nfplan_engine::provider::QueueSeen>, nfplan_engine::provider::ProviderError>
        {
            self.$cloud.queues(place).await
        }

        async fn may(
            &self,
            place: &nfplan_engine::address::Place,
            questions: &[nfplan_engine::provider::Question],
        ) -> Result<nfplan_engine::provider::Clearance, nfplan_engine::provider::ProviderError> {
            self.$cloud.may(place, questions).await
        }
    };
}

pub(crate) use reads_of;
