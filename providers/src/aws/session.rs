//! One provider call: requests to one place, within its time.

use std::rc::Rc;
use std::time::Duration;

use aws_sdk_ec2::config::http::HttpResponse;
use aws_sdk_ec2::error::ProvideErrorMetadata;
use aws_sdk_ec2::error::SdkError;
use nfplan_engine::address::Place;
use nfplan_engine::address::RemoteId;
use nfplan_engine::provider::ErrorKind;
use nfplan_engine::provider::Left;
use nfplan_engine::provider::ProviderError;
use nfplan_engine::schema::Schema;
use tokio::time::Instant;

use crate::aws::Inner;
use crate::aws::clients::Clients;
use crate::aws::error;

/// How long to wait before something is looked at or tried for the second time. It grows.
const FIRST_PAUSE: Duration = Duration::from_millis(250);
const LONGEST_PAUSE: Duration = Duration::from_secs(10);

/// One provider call.
pub(crate) struct Session<'a> {
    pub(crate) place: &'a Place,
    pub(crate) clients: Rc<Clients>,
    pub(crate) inner: &'a Inner,
    began: Instant,
}

/// What AWS's own work on an object has come to.
pub(crate) enum Progress<T, W> {
    /// It is over.
    Over(T),
    /// It goes on.
    Working(W),
}

impl<'a> Session<'a> {
    pub(crate) async fn new(inner: &'a Inner, place: &'a Place) -> Result<Self, ProviderError> {
        let clients = inner.access.clients(place, &inner.calls).await?;
        Ok(Self { place, clients, inner, began: Instant::now() })
    }

    /// The schema of a type that this provider has.
    pub(crate) fn schema(&self, resource_type: &str) -> &'static Schema {
        let known = resource_type.parse().ok().and_then(|name| self.inner.schemas.find(&name));
        known.expect("a type with calls has a schema")
    }

    /// Sends a request that changes nothing.
    pub(crate) fn look<'s, T: 's, E>(
        &'s self,
        operation: &'static str,
        request: impl Future<Output = Result<T, SdkError<E, HttpResponse>>> + 's,
    ) -> impl Future<Output = Result<T, ProviderError>> + 's
    where
        E: std::error::Error + ProvideErrorMetadata + 'static,
    {
        // The SDK's futures are too large to be carried around.
        let request = Box::pin(request);
        async move {
            self.inner.pace.look(self.place, operation).await;
            let _pass = self.inner.gate.enter(self.place).await;
            self.inner.calls.looks(operation);
            request.await.map_err(|error| error::of(operation, &error, Left::Nothing))
        }
    }

    /// Asks for page after page: each request is given the token of the answer before.
    pub(crate) async fn pages<T, E>(
        &self,
        operation: &'static str,
        page: impl AsyncFn(
            Option<String>,
        ) -> Result<(Vec<T>, Option<String>), SdkError<E, HttpResponse>>,
    ) -> Result<Vec<T>, ProviderError>
    where
        E: std::error::Error + ProvideErrorMetadata + 'static,
    {
        let (mut items, mut token) = (Vec::new(), None);
        loop {
            let (more, next) = self.look(operation, page(token)).await?;
            items.extend(more);
            token = next.filter(|next| !next.is_empty());
            if token.is_none() {
                return Ok(items);
            }
        }
    }

    /// Sends a request that may change something, and that the SDK may repeat.
    pub(crate) fn change<'s, T: 's, E>(
        &'s self,
        operation: &'static str,
        request: impl Future<Output = Result<T, SdkError<E, HttpResponse>>> + 's,
    ) -> impl Future<Output = Result<T, ProviderError>> + 's
    where
        E: std::error::Error + ProvideErrorMetadata + 'static,
    {
        let request = Box::pin(request);
        async move {
            if !self.inner.pace.change(self.place, operation, self.time_left()).await {
                return Err(out_of_time(operation));
            }
            let entering = self.inner.gate.enter(self.place);
            let Ok(_pass) = tokio::time::timeout(self.time_left(), entering).await else {
                return Err(out_of_time(operation));
            };
            self.inner.calls.changes(operation);
            request.await.map_err(|error| error::of(operation, &error, Left::Unknown))
        }
    }

    /// Sends a request that would have a second effect if it were repeated: only a definite refusal
    /// for sending too much lets it be sent again.
    pub(crate) async fn change_once<T, E>(
        &self,
        operation: &'static str,
        request: impl AsyncFn() -> Result<T, SdkError<E, HttpResponse>>,
    ) -> Result<T, ProviderError>
    where
        E: std::error::Error + ProvideErrorMetadata + 'static,
    {
        let throttled = |error: &ProviderError| error.kind == ErrorKind::Throttled;
        self.insisting(throttled, async || self.change(operation, request()).await).await
    }

    /// Tries again while the error is one that time heals, as long as there is time for it.
    pub(crate) async fn insisting<T>(
        &self,
        heals: impl Fn(&ProviderError) -> bool,
        attempt: impl AsyncFn() -> Result<T, ProviderError>,
    ) -> Result<T, ProviderError> {
        let mut pause = FIRST_PAUSE;
        loop {
            match attempt().await {
                Err(error) if heals(&error) && self.time_left() > pause => {
                    tokio::time::sleep(pause).await;
                    pause = (pause * 2).min(LONGEST_PAUSE);
                }
                // It was refused because of something that passes: the next call goes on.
                Err(error) if heals(&error) && is_passing(&error) => {
                    return Err(ProviderError { kind: ErrorKind::Unfinished, ..error });
                }
                result => return result,
            }
        }
    }

    /// Looks until AWS's work is over, or has taken too long: then how it stands is the answer.
    pub(crate) async fn wait<T, W>(
        &self,
        look: impl AsyncFn() -> Result<Progress<T, W>, ProviderError>,
    ) -> Result<Progress<T, W>, ProviderError> {
        let (mut pause, began) = (FIRST_PAUSE, Instant::now());
        loop {
            match look().await? {
                Progress::Working(_) if began.elapsed() < self.inner.timing.patience => {
                    tokio::time::sleep(pause).await;
                    pause = (pause * 3 / 2).min(LONGEST_PAUSE);
                }
                progress => return Ok(progress),
            }
        }
    }

    /// Looks until an object that is being deleted is gone.
    pub(crate) async fn wait_gone(
        &self,
        operation: &'static str,
        status: impl AsyncFn() -> Result<Option<String>, ProviderError>,
    ) -> Result<(), ProviderError> {
        let looked =
            self.wait(async || Ok(status().await?.map_or(Progress::Over(()), Progress::Working)));
        match looked.await? {
            Progress::Over(()) => Ok(()),
            Progress::Working(words) => Err(unfinished(operation, &words)),
        }
    }

    /// How long changes may still be sent.
    fn time_left(&self) -> Duration {
        let timing = &self.inner.timing;
        timing.call.saturating_sub(timing.request).saturating_sub(self.began.elapsed())
    }
}

/// A request that would be sent now might not be over by the call's deadline.
fn out_of_time(operation: &'static str) -> ProviderError {
    let message = "there was no time left to send this in the same call";
    error::own(ErrorKind::Unfinished, operation, "OutOfTime", message)
}

/// Whether something only stands in the way for now.
fn is_passing(error: &ProviderError) -> bool {
    matches!(error.kind, ErrorKind::Conflict | ErrorKind::Throttled)
}

/// AWS is still at it when it was waited for long enough.
pub(crate) fn unfinished(operation: &'static str, words: &str) -> ProviderError {
    let message = format!("AWS is still at it: {words}");
    error::own(ErrorKind::Timeout, operation, "StillInProgress", message)
}

/// A remote id that AWS gave.
pub(crate) fn remote_id(
    operation: &'static str,
    id: Option<&str>,
) -> Result<RemoteId, ProviderError> {
    let id = id.and_then(|id| RemoteId::new(id).ok());
    id.ok_or_else(|| error::unknown(operation, "the answer names no object"))
}
