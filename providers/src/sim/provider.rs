//! The two ports of the engine, for the simulated cloud. Every call is over when it is first polled.

use std::collections::BTreeSet;
use std::time::Duration;

use nfplan_engine::address::Address;
use nfplan_engine::address::Place;
use nfplan_engine::address::RemoteId;
use nfplan_engine::address::ResourceType;
use nfplan_engine::address::UnitId;
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

use crate::delivered::AccessKey;
use crate::files;
use crate::sim::Sim;
use crate::sim::batch;
use crate::sim::faults::Step;
use crate::sim::faults::StepAction;
use crate::sim::file;
use crate::sim::iam::access_key;
use crate::sim::kind;
use crate::sim::kind::Kind;
use crate::sim::lookup;
use crate::sim::permissions;
use crate::sim::read;
use crate::sim::record::Key;
use crate::sim::scene::Attempt;
use crate::sim::scene::Refusal;
use crate::sim::secrets;
use crate::sim::session::Session;
use crate::sim::session::internal;
use crate::sim::survey;

impl Reader for Sim {
    fn schemas(&self) -> &Schemas {
        &self.0.schemas
    }

    async fn look_up(&self, place: &Place, look_up: &LookUp) -> Result<Value, ProviderError> {
        self.looking(place, |session| lookup::look_up(session, look_up))
    }

    async fn read(
        &self,
        place: &Place,
        depth: Depth,
        wanted: &[Wanted<'_>],
    ) -> Result<Vec<Sighting>, ProviderError> {
        self.looking(place, |session| Ok(read::read(session, depth, wanted)))
    }

    async fn survey(
        &self,
        place: &Place,
        types: &BTreeSet<&ResourceType>,
    ) -> Result<Survey, ProviderError> {
        self.looking(place, |session| survey::survey(session, types))
    }

    async fn jobs(&self, place: &Place, queues: &[RemoteId]) -> Result<Vec<Jobs>, ProviderError> {
        self.looking(place, |session| batch::jobs(session, queues))
    }

    async fn queues(&self, place: &Place) -> Result<Vec<QueueSeen>, ProviderError> {
        self.looking(place, batch::job_queue::all)
    }

    async fn may(&self, place: &Place, questions: &[Question]) -> Result<Clearance, ProviderError> {
        self.looking(place, |session| permissions::may(session, questions))
    }
}

impl Sim {
    /// The key that a secret gives out.
    pub(crate) fn delivered_key(
        &self,
        place: &Place,
        secret: &str,
    ) -> Result<Option<AccessKey>, ProviderError> {
        self.looking(place, |session| secrets::given_out(session, secret))
    }
}

impl Provider for Sim {
    async fn create(&self, request: CreateRequest<'_>) -> Result<Done, ProviderError> {
        let attempt = Attempt {
            unit: request.unit,
            address: request.address,
            incarnation: request.incarnation,
            token: request.token,
        };
        let step = step(request.unit, request.address, StepAction::Create);
        self.changing(step, Some(attempt), None, |session| {
            let Some(kind) = known(session, request.address)? else {
                return promoted_file(session, request.unit, request.address, request.inputs);
            };
            let key = (kind.calls.create)(session, kind, &request)?;
            Ok(done(session, &key, (request.unit, request.address)))
        })
    }

    async fn update(&self, request: UpdateRequest<'_>) -> Result<Done, ProviderError> {
        let step = step(request.unit, request.address, StepAction::Update);
        self.changing(step, None, Some(request.remote_id), |session| {
            let Some(kind) = known(session, request.address)? else {
                return promoted_file(session, request.unit, request.address, request.after);
            };
            let found = session.find(kind, request.remote_id).cloned();
            let record = found.ok_or_else(|| vanished(session, kind, request.remote_id))?;
            let after = with_changes(&record.attributes, &request);
            (kind.calls.update)(session, &record, &UpdateRequest { after: &after, ..request })?;
            Ok(done(session, &record.key, (request.unit, request.address)))
        })
    }

    async fn delete(&self, request: DeleteRequest<'_>) -> Result<(), ProviderError> {
        let step = step(request.unit, request.address, StepAction::Delete);
        self.changing(step, None, Some(request.remote_id), |session| {
            let Some(kind) = known(session, request.address)? else {
                return file::remove(session, request.remote_id);
            };
            match session.find(kind, request.remote_id).cloned() {
                Some(record) => (kind.calls.delete)(session, &record, &request),
                // The secret of a key that is gone may still wait to be delivered.
                None if kind.resource_type == access_key::KIND.resource_type => {
                    access_key::discard(session, request.remote_id, request.inputs)
                }
                None => Ok(()),
            }
        })
    }

    /// Calls die with the process.
    fn deadline(&self) -> Duration {
        Duration::ZERO
    }

    fn horizon(&self) -> Duration {
        Duration::ZERO
    }
}

/// An object's attributes as they are, with what an update is to change.
fn with_changes(live: &Attributes, request: &UpdateRequest<'_>) -> Attributes {
    let mut after = live.clone();
    for name in request.changed {
        match request.after.get(name) {
            Some(value) => after.insert(name.clone(), value.clone()),
            None => after.remove(name),
        };
    }
    after
}

impl Sim {
    fn looking<T>(
        &self,
        place: &Place,
        look: impl FnOnce(&mut Session<'_>) -> Result<T, ProviderError>,
    ) -> Result<T, ProviderError> {
        let mut core = self.core();
        let session = Session::reading(&mut core, place);
        look(&mut session.map_err(|error| internal("sim:Read", &error, Left::Nothing))?)
    }

    /// One call under the account's lock; what it changed is durable when it returns.
    fn changing<T>(
        &self,
        step: Step<'_>,
        attempt: Option<Attempt<'_>>,
        object: Option<&RemoteId>,
        change: impl FnOnce(&mut Session<'_>) -> Result<T, ProviderError>,
    ) -> Result<T, ProviderError> {
        let mut core = self.core();
        let result = Session::changing(&mut core, step, attempt, object)
            .map_err(|error| internal("sim:Lock", &error, Left::Nothing))
            .and_then(|mut session| change(&mut session));
        let released = core.release(&step.unit.place().account);
        released.map_err(|error| internal("sim:Release", &error, Left::Unknown))?;
        result
    }
}

fn step<'a>(unit: &'a UnitId, address: &'a Address, action: StepAction) -> Step<'a> {
    Step { unit, address, action }
}

/// The type of an address; none for what is kept on the runner's own disk.
fn known(session: &Session<'_>, address: &Address) -> Result<Option<&'static Kind>, ProviderError> {
    let resource_type = address.resource_type.as_str();
    if resource_type == file::CREDENTIALS {
        return Ok(None);
    }
    kind::find(resource_type).map(Some).ok_or_else(|| {
        let message = format!("the simulated cloud has no type `{resource_type}`");
        session.refused("sim:FindType", &Refusal::new(ErrorKind::Internal, "UnknownType", message))
    })
}

fn vanished(session: &Session<'_>, kind: &Kind, id: &RemoteId) -> ProviderError {
    let title = session.settings().schema(kind.resource_type).title;
    let message = format!("the {title} `{id}` does not exist in {}", session.place);
    let refusal = Refusal::new(ErrorKind::NotFound, kind.codes.missing, message);
    session.refused(kind.update_operation(), &refusal)
}

/// The object as it is now.
fn done(session: &Session<'_>, key: &Key, (unit, address): (&UnitId, &Address)) -> Done {
    let record = session.record(key).expect("what a call made or changed exists");
    let schema = session.settings().schema(key.resource_type);
    let id = RemoteId::new(&key.id).expect("objects have ids");
    let wanted = Wanted { unit, address, target: Target::Id(id, Attributes::new()) };
    Done { live: read::live(session.cloud(), (schema, record), Depth::Deep, &wanted) }
}

fn promoted_file(
    session: &mut Session<'_>,
    unit: &UnitId,
    address: &Address,
    inputs: &Attributes,
) -> Result<Done, ProviderError> {
    file::promote(session, inputs)?;
    let wanted = Wanted { unit, address, target: Target::Identity(inputs.clone()) };
    match files::read(&session.core.disk, &wanted) {
        Sighting::Present(live) => Ok(Done { live }),
        Sighting::Missing | Sighting::Unreadable { .. } => {
            let message = "the credentials file is gone right after it was written";
            let refusal = Refusal::new(ErrorKind::Conflict, "FileError", message);
            Err(session.refused("file:Promote", &refusal))
        }
    }
}
