//! A read of many objects of one place: type by type, side by side, each listing asked for once.

use std::collections::BTreeMap;

use aws_sdk_ec2::types::RouteTable;
use futures_util::StreamExt;
use futures_util::stream;
use nfplan_engine::observed::Live;
use nfplan_engine::observed::Sighting;
use nfplan_engine::provider::Depth;
use nfplan_engine::provider::ProviderError;
use nfplan_engine::provider::Target;
use nfplan_engine::provider::Wanted;
use nfplan_engine::value::Attributes;
use tokio::sync::Mutex;
use tokio::sync::OnceCell;

use crate::aws::iam::Devices;
use crate::aws::iam::Principals;
use crate::aws::kinds;
use crate::aws::secretsmanager::Described;
use crate::aws::selection::unreadable;
use crate::aws::session::Session;
use crate::aws::tags::Tags;

/// How many requests of one type are under way at once.
pub(crate) const SIDE_BY_SIDE: usize = 8;

/// An answer that several types share.
type Shared<T> = OnceCell<Result<T, ProviderError>>;

/// One read.
pub(crate) struct Reading<'a> {
    pub(crate) session: &'a Session<'a>,
    pub(crate) depth: Depth,
    pub(crate) all: &'a [Wanted<'a>],
    /// Route tables come with their routes and associations.
    pub(crate) tables: Shared<Vec<RouteTable>>,
    /// Secrets come with the labels of their versions.
    pub(crate) secrets: Shared<Vec<Described>>,
    /// Everything of IAM in one listing, if it is worth it.
    pub(crate) principals: Shared<Principals>,
    /// The virtual MFA devices of all users.
    pub(crate) devices: Shared<Devices>,
    /// Of objects that a call made or changed just now, only they themselves are asked for.
    own: bool,
    /// The tags of buckets and keys, which also tell whose their parts are.
    tags: Mutex<BTreeMap<String, Result<Option<Tags>, ProviderError>>>,
}

impl<'a> Reading<'a> {
    pub(crate) fn new(session: &'a Session<'a>, depth: Depth, all: &'a [Wanted<'a>]) -> Self {
        Self {
            session,
            depth,
            all,
            tables: OnceCell::new(),
            secrets: OnceCell::new(),
            principals: OnceCell::new(),
            devices: OnceCell::new(),
            own: false,
            tags: Mutex::default(),
        }
    }

    /// Looks at what a call made or changed just now.
    pub(crate) fn own(session: &'a Session<'a>, all: &'a [Wanted<'a>]) -> Self {
        Self { own: true, ..Self::new(session, Depth::Deep, all) }
    }

    /// Whether it matters what somebody else hung on the objects.
    pub(crate) fn asks_for_strangers(&self) -> bool {
        self.is_deep() && !self.own
    }

    pub(crate) fn is_deep(&self) -> bool {
        self.depth == Depth::Deep
    }

    /// The tags of an object that more than one type asks for.
    pub(crate) async fn tags_of(
        &self,
        id: &str,
        ask: impl AsyncFnOnce() -> Result<Option<Tags>, ProviderError>,
    ) -> Result<Option<Tags>, ProviderError> {
        let mut known = self.tags.lock().await;
        if let Some(tags) = known.get(id) {
            return tags.clone();
        }
        let tags = ask().await;
        known.insert(id.to_owned(), tags.clone());
        tags
    }

    /// Everything that is wanted of these types.
    pub(crate) fn of_types(&self, types: &[&str]) -> impl Iterator<Item = &'a Wanted<'a>> {
        self.all.iter().filter(|wanted| types.contains(&wanted.address.resource_type.as_str()))
    }

    /// Looks for each object by itself.
    pub(crate) async fn each<'w>(
        &self,
        wanted: &[&'w Wanted<'w>],
        look: impl AsyncFn(&'w Wanted<'w>) -> Result<Option<Live>, ProviderError>,
    ) -> Vec<Sighting> {
        self.each_of(wanted, async |wanted| match look(wanted).await {
            Ok(Some(live)) => Sighting::Present(live),
            Ok(None) => Sighting::Missing,
            Err(error) => unreadable(&error),
        })
        .await
    }

    /// Makes up the sighting of each object, a few side by side.
    pub(crate) async fn each_of<'w>(
        &self,
        wanted: &[&'w Wanted<'w>],
        look: impl AsyncFn(&'w Wanted<'w>) -> Sighting,
    ) -> Vec<Sighting> {
        let look = &look;
        let looks = stream::iter(wanted).map(|wanted| look(wanted));
        looks.buffered(SIDE_BY_SIDE).collect().await
    }
}

/// Reads objects: one sighting for each, in order.
pub(crate) async fn read(reading: &Reading<'_>) -> Vec<Sighting> {
    let mut groups: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
    for (index, wanted) in reading.all.iter().enumerate() {
        groups.entry(wanted.address.resource_type.as_str()).or_default().push(index);
    }
    let read = stream::iter(groups).map(|(resource_type, indexes)| async move {
        let wanted: Vec<&Wanted<'_>> = indexes.iter().map(|index| &reading.all[*index]).collect();
        let sightings = kinds::read(reading, resource_type, &wanted).await;
        indexes.into_iter().zip(sightings).collect::<Vec<_>>()
    });
    let mut sightings: Vec<(usize, Sighting)> =
        read.buffer_unordered(SIDE_BY_SIDE).flat_map(stream::iter).collect().await;
    sightings.sort_by_key(|(index, _)| *index);
    sightings.into_iter().map(|(_, sighting)| sighting).collect()
}

/// The attributes that a target comes with.
pub(crate) fn inputs<'w>(wanted: &'w Wanted<'_>) -> Option<&'w Attributes> {
    match &wanted.target {
        Target::Id(_, inputs)
        | Target::Identity(inputs)
        | Target::Named(inputs)
        | Target::Incarnation(_, inputs)
        | Target::Siblings(inputs) => Some(inputs),
        Target::Others(_) => None,
    }
}

/// A text among the attributes that a target comes with.
pub(crate) fn input<'w>(wanted: &'w Wanted<'_>, name: &str) -> Option<&'w str> {
    inputs(wanted)?.get(name)?.as_text()
}

/// What AWS calls an object that its name identifies: as state knows it, or as it is to be called.
pub(crate) fn id_or_name<'w>(wanted: &'w Wanted<'_>) -> Option<&'w str> {
    match &wanted.target {
        Target::Id(id, _) => Some(id.as_str()),
        _ => input(wanted, "name"),
    }
}
