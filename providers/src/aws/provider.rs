//! The two ports of the engine, for AWS.

use std::collections::BTreeSet;
use std::time::Duration;

use nfplan_engine::address::Address;
use nfplan_engine::address::Place;
use nfplan_engine::address::RemoteId;
use nfplan_engine::address::ResourceType;
use nfplan_engine::address::UnitId;
use nfplan_engine::observed::Live;
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
use nfplan_engine::provider::Target;
use nfplan_engine::provider::UpdateRequest;
use nfplan_engine::provider::Wanted;
use nfplan_engine::schema::Schemas;
use nfplan_engine::value::Attributes;
use nfplan_engine::value::Value;
use tokio::time::Instant;

use crate::aws::Aws;
use crate::aws::batch;
use crate::aws::error;
use crate::aws::error::Leaving;
use crate::aws::kinds;
use crate::aws::lookup;
use crate::aws::permissions;
use crate::aws::reading;
use crate::aws::reading::Reading;
use crate::aws::secretsmanager::current_version;
use crate::aws::session::Progress;
use crate::aws::session::Session;
use crate::aws::survey;
use crate::delivered::AccessKey;

impl Reader for Aws {
    fn schemas(&self) -> &Schemas {
        &self.0.schemas
    }

    async fn look_up(&self, place: &Place, look_up: &LookUp) -> Result<Value, ProviderError> {
        lookup::look_up(&Session::new(&self.0, place).await?, look_up).await
    }

    async fn read(
        &self,
        place: &Place,
        depth: Depth,
        wanted: &[Wanted<'_>],
    ) -> Result<Vec<Sighting>, ProviderError> {
        let session = Session::new(&self.0, place).await?;
        Ok(reading::read(&Reading::new(&session, depth, wanted)).await)
    }

    async fn survey(
        &self,
        place: &Place,
        types: &BTreeSet<&ResourceType>,
    ) -> Result<Survey, ProviderError> {
        survey::survey(&Session::new(&self.0, place).await?, types).await
    }

    async fn jobs(&self, place: &Place, queues: &[RemoteId]) -> Result<Vec<Jobs>, ProviderError> {
        batch::jobs(&Session::new(&self.0, place).await?, queues).await
    }

    async fn queues(&self, place: &Place) -> Result<Vec<QueueSeen>, ProviderError> {
        batch::job_queue::all(&Session::new(&self.0, place).await?).await
    }

    async fn may(&self, place: &Place, questions: &[Question]) -> Result<Clearance, ProviderError> {
        permissions::may(&Session::new(&self.0, place).await?, questions).await
    }
}

impl Aws {
    /// The key that a secret gives out.
    pub(crate) async fn delivered_key(
        &self,
        place: &Place,
        secret_arn: &str,
    ) -> Result<Option<AccessKey>, ProviderError> {
        current_version::given_out(&Session::new(&self.0, place).await?, secret_arn).await
    }
}

impl Provider for Aws {
    async fn create(&self, request: CreateRequest<'_>) -> Result<Done, ProviderError> {
        let session = Session::new(&self.0, request.unit.place()).await?;
        let id = kinds::create(&session, &request).await?;
        let object = Object { unit: request.unit, address: request.address, id: &id };
        settled(&session, &object, request.inputs).await.leaving(&id)
    }

    async fn update(&self, request: UpdateRequest<'_>) -> Result<Done, ProviderError> {
        let session = Session::new(&self.0, request.unit.place()).await?;
        let id = request.remote_id;
        let object = Object { unit: request.unit, address: request.address, id };
        // What was sent before a refusal stays changed.
        kinds::update(&session, &request).await.leaving(id)?;
        settled(&session, &object, request.after).await.leaving(id)
    }

    async fn delete(&self, request: DeleteRequest<'_>) -> Result<(), ProviderError> {
        let session = Session::new(&self.0, request.unit.place()).await?;
        error::optional(kinds::delete(&session, &request).await).leaving(request.remote_id)?;
        Ok(())
    }

    fn deadline(&self) -> Duration {
        self.0.timing.call
    }

    fn horizon(&self) -> Duration {
        self.0.timing.horizon
    }
}

/// An object that a call made or changed.
struct Object<'a> {
    unit: &'a UnitId,
    address: &'a Address,
    id: &'a RemoteId,
}

/// The object once AWS works on it no more, or as it is when that takes too long.
async fn settled(
    session: &Session<'_>,
    object: &Object<'_>,
    inputs: &Attributes,
) -> Result<Done, ProviderError> {
    let began = Instant::now();
    // What was made just now may not be there yet for those who look.
    let lag = session.inner.timing.horizon * 3;
    let looked = session.wait(async || match look(session, object, inputs).await? {
        Some(live) if live.settling.is_some() => Ok(Progress::Working(Some(live))),
        Some(live) => Ok(Progress::Over(live)),
        None if began.elapsed() < lag => Ok(Progress::Working(None)),
        None => Err(vanished(object)),
    });
    let live = match looked.await? {
        Progress::Over(live) | Progress::Working(Some(live)) => live,
        Progress::Working(None) => return Err(vanished(object)),
    };
    refuse_invalid(object, &live)?;
    Ok(Done { live })
}

async fn look(
    session: &Session<'_>,
    object: &Object<'_>,
    inputs: &Attributes,
) -> Result<Option<Live>, ProviderError> {
    let target = Target::Id(object.id.clone(), inputs.clone());
    let wanted = [Wanted { unit: object.unit, address: object.address, target }];
    let mut sightings = reading::read(&Reading::own(session, &wanted)).await;
    match sightings.pop() {
        Some(Sighting::Present(live)) => Ok(Some(live)),
        Some(Sighting::Unreadable { reason }) => {
            Err(error::own(ErrorKind::Unavailable, "nfplan:read", "Unreadable", reason))
        }
        Some(Sighting::Missing) | None => Ok(None),
    }
}

fn vanished(object: &Object<'_>) -> ProviderError {
    let message = format!("`{}` is gone right after it was made or changed", object.id);
    let mut error = error::own(ErrorKind::NotFound, "nfplan:read", "Vanished", message);
    error.left = Left::Unknown;
    error
}

/// An object that Batch calls invalid helps nobody: its reason is the error.
fn refuse_invalid(object: &Object<'_>, live: &Live) -> Result<(), ProviderError> {
    let status = live.attributes.get("status").and_then(Value::as_text).unwrap_or_default();
    if !status.starts_with("INVALID") {
        return Ok(());
    }
    let message = format!("`{}` became {status}", object.id);
    let mut error = error::own(ErrorKind::Conflict, "nfplan:wait", "INVALID", message);
    error.left = Left::Object(object.id.clone());
    Err(error)
}
