//! The ports of the toy cloud: where calls begin, crash and fail.

use std::collections::BTreeSet;
use std::time::Duration;

use nfplan_engine::address::Place;
use nfplan_engine::address::RemoteId;
use nfplan_engine::address::ResourceType;
use nfplan_engine::observed::Sighting;
use nfplan_engine::provider::Clearance;
use nfplan_engine::provider::CreateRequest;
use nfplan_engine::provider::DeleteRequest;
use nfplan_engine::provider::Depth;
use nfplan_engine::provider::Done;
use nfplan_engine::provider::ErrorKind;
use nfplan_engine::provider::Jobs;
use nfplan_engine::provider::Left;
use nfplan_engine::provider::LookUp;
use nfplan_engine::provider::Provider;
use nfplan_engine::provider::ProviderError;
use nfplan_engine::provider::Question;
use nfplan_engine::provider::QueueSeen;
use nfplan_engine::provider::Reader;
use nfplan_engine::provider::Survey;
use nfplan_engine::provider::UpdateRequest;
use nfplan_engine::provider::Verdict;
use nfplan_engine::provider::Wanted;
use nfplan_engine::schema::Schemas;
use nfplan_engine::value::Value;

use super::Toy;
use super::error;
use crate::mishaps::Fault;

impl Reader for Toy {
    fn schemas(&self) -> &Schemas {
        &self.schemas
    }

    async fn look_up(&self, _: &Place, look_up: &LookUp) -> Result<Value, ProviderError> {
        Ok(look_up.key().into())
    }

    async fn read(
        &self,
        _: &Place,
        depth: Depth,
        wanted: &[Wanted<'_>],
    ) -> Result<Vec<Sighting>, ProviderError> {
        self.turns().await;
        let look =
            |wanted| self.moods.unreadable(wanted).unwrap_or_else(|| self.find(wanted, depth));
        Ok(wanted.iter().map(look).collect())
    }

    async fn survey(
        &self,
        _: &Place,
        _: &BTreeSet<&ResourceType>,
    ) -> Result<Survey, ProviderError> {
        Ok(Survey::default())
    }

    async fn jobs(&self, _: &Place, queues: &[RemoteId]) -> Result<Vec<Jobs>, ProviderError> {
        Ok(vec![Jobs::default(); queues.len()])
    }

    async fn queues(&self, _: &Place) -> Result<Vec<QueueSeen>, ProviderError> {
        Ok(Vec::new())
    }

    async fn may(&self, _: &Place, questions: &[Question]) -> Result<Clearance, ProviderError> {
        let all = |question: &Question| vec![Verdict::Allowed; question.actions.len()];
        let verdicts = questions.iter().map(all).collect();
        Ok(Clearance { principal: "toy".into(), verdicts })
    }
}

impl Provider for Toy {
    async fn create(&self, request: CreateRequest<'_>) -> Result<Done, ProviderError> {
        self.crash.boundary().await;
        self.turns().await;
        let fault = self.begin("create", request.address)?;
        self.check_uses(self.schema(request.address), request.inputs)?;
        let key = self.insert(&request)?;
        if self.in_two.get() {
            self.crash.boundary().await;
            let mut things = self.things.borrow_mut();
            things.get_mut(&key).unwrap().attributes.extend(request.inputs.clone());
        }
        let thing = self.things.borrow()[&key].clone();
        self.crash.boundary().await;
        self.turns().await;
        match fault {
            Some(Fault::HalfWay) => {
                Err(error(ErrorKind::Timeout, "half".into(), Left::Object(key.1)))
            }
            Some(_) => Err(error(ErrorKind::Unavailable, "lost".into(), Left::Unknown)),
            None => Ok(Done { live: self.live(&key.0, &key.1, &thing, Depth::Deep) }),
        }
    }

    async fn update(&self, request: UpdateRequest<'_>) -> Result<Done, ProviderError> {
        self.crash.boundary().await;
        self.turns().await;
        let fault = self.begin("update", request.address)?;
        self.check_uses(self.schema(request.address), request.after)?;
        let live = self.change(&request, fault == Some(Fault::HalfWay))?;
        self.crash.boundary().await;
        self.turns().await;
        match fault {
            Some(Fault::HalfWay) => {
                Err(error(ErrorKind::Timeout, "half".into(), Left::Object(live.remote_id)))
            }
            Some(_) => Err(error(ErrorKind::Unavailable, "lost".into(), Left::Unknown)),
            None => Ok(Done { live }),
        }
    }

    async fn delete(&self, request: DeleteRequest<'_>) -> Result<(), ProviderError> {
        self.crash.boundary().await;
        self.turns().await;
        let fault = self.begin("delete", request.address)?;
        if fault == Some(Fault::HalfWay) {
            let left = Left::Object(request.remote_id.clone());
            return Err(error(ErrorKind::Timeout, "half".into(), left));
        }
        self.moods.refuse_busy(&request)?;
        self.remove(&request)?;
        self.crash.boundary().await;
        self.turns().await;
        match fault {
            Some(_) => Err(error(ErrorKind::Unavailable, "lost".into(), Left::Unknown)),
            None => Ok(()),
        }
    }

    fn deadline(&self) -> Duration {
        Duration::ZERO
    }

    fn horizon(&self) -> Duration {
        Duration::from_mins(1)
    }
}
