//! Stores and clouds that take their time, on whatever clock.

use std::cell::Cell;
use std::collections::BTreeSet;
use std::time::Duration;

use nfplan_engine::address::Place;
use nfplan_engine::address::RemoteId;
use nfplan_engine::address::ResourceType;
use nfplan_engine::clock::Clock;
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
use nfplan_engine::store::Put;
use nfplan_engine::store::Store;
use nfplan_engine::store::StoreError;
use nfplan_engine::store::Stored;
use nfplan_engine::store::Tag;
use nfplan_engine::value::Value;
use nfplan_providers::gate::Gate;

/// For about how long AWS works on a new object before others can rely on it: as long as Hatchery waits
/// at most (`nextflow.go`).
pub fn settling_time(resource_type: &ResourceType) -> Duration {
    Duration::from_secs(match resource_type.as_str() {
        "ec2.instance" => 60,
        "batch.compute_environment" => 30,
        "batch.job_queue" => 10,
        _ => 0,
    })
}

/// Does what the other does, each call after a delay.
#[derive(Debug)]
pub struct Slow<'a, T, C> {
    inner: &'a T,
    clock: &'a C,
    delay: Duration,
    gate: Option<Gate>,
    throttled: Option<(Place, u32)>,
    settling: bool,
    sent: Cell<u32>,
}

impl<'a, T, C: Clock> Slow<'a, T, C> {
    /// What each call takes.
    pub fn new(inner: &'a T, clock: &'a C, delay: Duration) -> Self {
        Self {
            inner,
            clock,
            delay,
            gate: None,
            throttled: None,
            settling: false,
            sent: Cell::new(0),
        }
    }

    /// The same behind a gate: as the provider of AWS sends its requests.
    pub fn behind(self, gate: Gate) -> Self {
        Self { gate: Some(gate), ..self }
    }

    /// The same with one place whose calls take so many times as long.
    pub fn throttling(self, place: Place, times: u32) -> Self {
        Self { throttled: Some((place, times)), ..self }
    }

    /// The same with new objects that settle; meanwhile other calls go through the gate.
    pub fn settling(self) -> Self {
        Self { settling: true, ..self }
    }

    /// How many calls were sent.
    pub fn sent(&self) -> u32 {
        self.sent.get()
    }

    async fn after_delay<R>(&self, call: impl Future<Output = R>) -> R {
        self.sent.set(self.sent.get() + 1);
        self.clock.sleep(self.delay).await;
        call.await
    }

    async fn in_place<R>(&self, place: &Place, call: impl Future<Output = R>) -> R {
        let _pass = match &self.gate {
            Some(gate) => Some(gate.enter(place).await),
            None => None,
        };
        let throttled = self.throttled.iter().find(|(throttled, _)| throttled == place);
        let times = throttled.map_or(1, |(_, times)| *times);
        self.clock.sleep(self.delay * (times - 1)).await;
        self.after_delay(call).await
    }
}

impl<T: Store, C: Clock> Store for Slow<'_, T, C> {
    async fn get(&self, key: &str) -> Result<Option<Stored>, StoreError> {
        self.after_delay(self.inner.get(key)).await
    }

    async fn put_if_absent(&self, key: &str, body: &[u8]) -> Result<Put, StoreError> {
        self.after_delay(self.inner.put_if_absent(key, body)).await
    }

    async fn put_if_match(&self, key: &str, tag: &Tag, body: &[u8]) -> Result<Put, StoreError> {
        self.after_delay(self.inner.put_if_match(key, tag, body)).await
    }

    async fn list(&self, folder: &str) -> Result<Vec<String>, StoreError> {
        self.after_delay(self.inner.list(folder)).await
    }

    async fn delete(&self, key: &str) -> Result<(), StoreError> {
        self.after_delay(self.inner.delete(key)).await
    }
}

impl<T: Reader, C: Clock> Reader for Slow<'_, T, C> {
    fn schemas(&self) -> &Schemas {
        self.inner.schemas()
    }

    async fn look_up(&self, place: &Place, look_up: &LookUp) -> Result<Value, ProviderError> {
        self.in_place(place, self.inner.look_up(place, look_up)).await
    }

    async fn read(
        &self,
        place: &Place,
        depth: Depth,
        wanted: &[Wanted<'_>],
    ) -> Result<Vec<Sighting>, ProviderError> {
        self.in_place(place, self.inner.read(place, depth, wanted)).await
    }

    async fn survey(
        &self,
        place: &Place,
        types: &BTreeSet<&ResourceType>,
    ) -> Result<Survey, ProviderError> {
        self.in_place(place, self.inner.survey(place, types)).await
    }

    async fn jobs(&self, place: &Place, queues: &[RemoteId]) -> Result<Vec<Jobs>, ProviderError> {
        self.in_place(place, self.inner.jobs(place, queues)).await
    }

    async fn queues(&self, place: &Place) -> Result<Vec<QueueSeen>, ProviderError> {
        self.in_place(place, self.inner.queues(place)).await
    }

    async fn may(&self, place: &Place, questions: &[Question]) -> Result<Clearance, ProviderError> {
        self.in_place(place, self.inner.may(place, questions)).await
    }
}

impl<T: Provider, C: Clock> Provider for Slow<'_, T, C> {
    async fn create(&self, request: CreateRequest<'_>) -> Result<Done, ProviderError> {
        let made = self.in_place(request.unit.place(), self.inner.create(request)).await;
        let wait = settling_time(&request.address.resource_type);
        self.clock.sleep(wait * u32::from(self.settling)).await;
        made
    }

    async fn update(&self, request: UpdateRequest<'_>) -> Result<Done, ProviderError> {
        self.in_place(request.unit.place(), self.inner.update(request)).await
    }

    async fn delete(&self, request: DeleteRequest<'_>) -> Result<(), ProviderError> {
        self.in_place(request.unit.place(), self.inner.delete(request)).await
    }

    fn horizon(&self) -> Duration {
        self.inner.horizon()
    }

    fn deadline(&self) -> Duration {
        self.inner.deadline()
    }
}
