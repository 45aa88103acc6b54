//! Somebody else who works in the same cloud: the console, a pipeline, a colleague's script.
//!
//! What is done here obeys no rule of AWS, stands in no call log and meets no fault, so that any
//! drift can be brought about.

use nfplan_engine::address::Place;
use nfplan_engine::address::RemoteId;
use nfplan_engine::value::Attributes;
use nfplan_engine::value::Value;

use crate::sim::Sim;
use crate::sim::kind;
use crate::sim::kind::Kind;
use crate::sim::log::SimError;
use crate::sim::record::Record;
use crate::sim::s3;
use crate::sim::scene::Scene;

/// How long an unseen object stays unseen: a day.
const UNSEEN: u64 = 86_400_000;

/// Another client of the simulated cloud.
#[derive(Debug, Clone)]
pub struct OtherClient(pub(crate) Sim);

/// Why the other client could not do something.
#[derive(Debug, thiserror::Error)]
pub enum OtherClientError {
    /// There is no such type.
    #[error("the simulated cloud has no resource type `{0}`")]
    UnknownType(String),
    /// There is no such object.
    #[error("there is no {resource_type} `{id}` in {place}")]
    NoSuchObject {
        /// The account and region.
        place: Place,
        /// The type.
        resource_type: String,
        /// The id, name or ARN.
        id: String,
    },
    /// The files of the cloud cannot be used.
    #[error(transparent)]
    Sim(#[from] SimError),
}

impl OtherClient {
    /// Makes an object with these attributes, outputs included where given, and returns its id.
    pub fn put_object(
        &self,
        place: &Place,
        resource_type: &str,
        attributes: Attributes,
    ) -> Result<RemoteId, OtherClientError> {
        self.put(place, resource_type, attributes, 0)
    }

    /// The same just before somebody else asks for it: for long, those who count such objects do not
    /// see it, and it counts all the same.
    pub fn put_unseen(
        &self,
        place: &Place,
        resource_type: &str,
        attributes: Attributes,
    ) -> Result<RemoteId, OtherClientError> {
        self.put(place, resource_type, attributes, UNSEEN)
    }

    fn put(
        &self,
        place: &Place,
        resource_type: &str,
        attributes: Attributes,
        lag: u64,
    ) -> Result<RemoteId, OtherClientError> {
        let kind = find_kind(resource_type)?;
        self.change(place, |scene| {
            let identified = (kind.identify)(&scene.mint(), place, &attributes);
            let schema = scene.settings.schema(kind.resource_type);
            let mut all = (schema.predict)(place, &attributes);
            all.extend(identified.outputs);
            all.extend(attributes);
            let key = kind.key(place, &identified.id);
            let mut record = Record::new(key, all, scene.now);
            record.visible_at = scene.now + lag;
            schema.normalise(&mut record.attributes);
            (kind.rules.complete)(scene, &mut record);
            let id = record.key.id.clone();
            scene.put(record);
            Ok(RemoteId::new(&id).expect("new objects have ids"))
        })
    }

    /// Sets an attribute, tags included, or takes it away.
    pub fn set_attribute(
        &self,
        place: &Place,
        (resource_type, id): (&str, &str),
        name: &str,
        value: Option<Value>,
    ) -> Result<(), OtherClientError> {
        self.edit(place, find_kind(resource_type)?, id, |record| {
            match value {
                Some(value) => record.attributes.insert(name.into(), value),
                None => record.attributes.remove(name),
            };
        })
    }

    /// Deletes an object, whatever else needs it.
    pub fn delete_object(
        &self,
        place: &Place,
        resource_type: &str,
        id: &str,
    ) -> Result<(), OtherClientError> {
        let kind = find_kind(resource_type)?;
        self.change(place, |scene| {
            let key = scene
                .find(kind.resource_type, id)
                .ok_or_else(|| missing(place, kind, id))?
                .key
                .clone();
            scene.remove(key);
            Ok(())
        })
    }

    /// Puts an object into a bucket.
    pub fn put_s3_object(
        &self,
        place: &Place,
        bucket: &str,
        key: &str,
    ) -> Result<(), OtherClientError> {
        self.edit(place, &s3::BUCKET, bucket, |record| push(record, "contents", key))
    }

    /// The keys of all objects in a bucket.
    pub fn s3_objects(&self, place: &Place, bucket: &str) -> Result<Vec<String>, OtherClientError> {
        let record = self.record(place, &s3::BUCKET, bucket)?;
        let keys = s3::contents(&record).iter().filter_map(Value::as_text);
        Ok(keys.map(str::to_owned).collect())
    }

    /// Submits a job that runs until somebody ends it, in the first compute environment that the
    /// queue has now, and returns its id.
    pub fn run_job(&self, place: &Place, queue: &str) -> Result<String, OtherClientError> {
        let job = self.change(place, |scene| Ok(scene.mint().uuid()))?;
        let kind = kind::of("batch.job_queue");
        self.edit(place, kind, queue, |record| push(record, "jobs", &job))?;
        let queue = self.record(place, kind, queue)?;
        let environments = queue.attributes.get("compute_environments").and_then(Value::as_list);
        if let Some(environment) = environments.unwrap_or_default().first().and_then(Value::as_text)
        {
            let kind = kind::of("batch.compute_environment");
            self.edit(place, kind, environment, |record| push(record, "jobs", &job))?;
        }
        Ok(job)
    }

    /// Ends a job, as it ends when its work is done.
    pub fn end_job(&self, place: &Place, queue: &str, job: &str) -> Result<(), OtherClientError> {
        self.edit(place, kind::of("batch.job_queue"), queue, |record| {
            if let Some(Value::List(jobs)) = record.hidden.get_mut("jobs") {
                jobs.retain(|other| other.as_text() != Some(job));
            }
        })
    }

    /// Signs a request with an access key.
    pub fn use_access_key(&self, place: &Place, key_id: &str) -> Result<(), OtherClientError> {
        self.edit(place, kind::of("iam.access_key"), key_id, |record| {
            record.hidden.insert("used".into(), true.into());
        })
    }

    /// Makes an access key and returns its id.
    pub fn create_access_key(
        &self,
        place: &Place,
        user: &str,
    ) -> Result<RemoteId, OtherClientError> {
        let inputs = [("user".into(), Value::text(user)), ("status".into(), "Active".into())];
        self.put_object(place, "iam.access_key", Attributes::from(inputs))
    }

    fn edit(
        &self,
        place: &Place,
        kind: &'static Kind,
        id: &str,
        edit: impl FnOnce(&mut Record),
    ) -> Result<(), OtherClientError> {
        self.change(place, |scene| {
            let found = scene.find(kind.resource_type, id);
            let mut record = found.ok_or_else(|| missing(place, kind, id))?.clone();
            edit(&mut record);
            scene.put(record);
            Ok(())
        })
    }

    fn record(
        &self,
        place: &Place,
        kind: &'static Kind,
        id: &str,
    ) -> Result<Record, OtherClientError> {
        let mut core = self.0.core();
        core.refresh(&place.account)?;
        let scene = core.scene(place);
        let found = scene.find(kind.resource_type, id).cloned();
        found.ok_or_else(|| missing(place, kind, id))
    }

    /// Carries out one change under the account's lock.
    fn change<T>(
        &self,
        place: &Place,
        plan: impl FnOnce(&mut Scene<'_>) -> Result<T, OtherClientError>,
    ) -> Result<T, OtherClientError> {
        let mut core = self.0.core();
        core.lock(&place.account)?;
        let mut scene = core.scene(place);
        let planned = plan(&mut scene).map(|answer| (answer, scene.into_effects()));
        let result = planned.and_then(|(answer, effects)| {
            core.apply(&place.account, effects)?;
            Ok(answer)
        });
        core.release(&place.account)?;
        result
    }
}

fn find_kind(resource_type: &str) -> Result<&'static Kind, OtherClientError> {
    kind::find(resource_type).ok_or_else(|| OtherClientError::UnknownType(resource_type.to_owned()))
}

fn missing(place: &Place, kind: &Kind, id: &str) -> OtherClientError {
    OtherClientError::NoSuchObject {
        place: place.clone(),
        resource_type: kind.resource_type.to_owned(),
        id: id.to_owned(),
    }
}

fn push(record: &mut Record, list: &str, item: &str) {
    let mut items = record.hidden_list(list).to_vec();
    items.push(Value::text(item));
    record.hidden.insert(list.into(), Value::List(items));
}
