//! Everything the apply loop waits for, as tasks that own what they need: calls to the cloud, looks
//! at it, and appends. A task ends in something for the loop to record.

use std::collections::BTreeSet;
use std::time::Duration;

use crate::address::Address;
use crate::address::External;
use crate::address::RemoteId;
use crate::apply::RunContext;
use crate::clock::Clock;
use crate::event::Event;
use crate::event::Made;
use crate::event::Settlement;
use crate::identity::unproved;
use crate::inspection::changed;
use crate::inspection::made;
use crate::inspection::mismatches;
use crate::inspection::restored;
use crate::journal::Externals;
use crate::journal::Journal;
use crate::journal::JournalError;
use crate::observed::Live;
use crate::observed::Sighting;
use crate::observer::Observer;
use crate::provider::CreateRequest;
use crate::provider::DeleteRequest;
use crate::provider::Depth;
use crate::provider::Done;
use crate::provider::ErrorKind;
use crate::provider::Left;
use crate::provider::Provider;
use crate::provider::ProviderError;
use crate::provider::Target;
use crate::provider::UpdateRequest;
use crate::provider::Wanted;
use crate::schema::Schema;
use crate::step::StepId;
use crate::value::Attributes;
use crate::value::Value;

/// Something to wait for.
#[derive(Debug)]
pub(crate) enum Work<J> {
    /// Make events durable.
    Append(J, Vec<Event>),
    /// Something with the cloud.
    Task(Task),
}

/// Something to do with the cloud.
#[derive(Debug)]
pub(crate) enum Task {
    /// Send a call.
    Call(Call),
    /// List what is there before a create attempt of a type without identity.
    ListSiblings { step: StepId, address: Address, inputs: Attributes },
    /// Look whether an object that is to be deleted is still as it was planned from, and if an
    /// earlier run left it behind, whether it still is that.
    Verify {
        step: StepId,
        address: Address,
        remote_id: RemoteId,
        before: Attributes,
        deposed: bool,
    },
    /// Find out how a step ended whose call was sent at this time, if it was this process's.
    Settle { step: StepId, address: Address, question: Question, sent: Option<Duration> },
    /// Ask whether the platform's outputs are still the same.
    CheckExternals,
}

/// What a task ended in.
#[derive(Debug)]
pub(crate) enum Finished<J> {
    /// The journal is back; what it made durable, or why it could not.
    Appended(J, Vec<Event>, Result<(), JournalError>),
    /// An outcome.
    Outcome(Event),
    /// The call has more to send than it had time for: it is to be sent again.
    Unfinished(Call),
    /// The objects that were there, or why they could not be listed.
    Siblings(StepId, Result<Vec<RemoteId>, ProviderError>),
    /// An object may be deleted, or why not.
    Verified(StepId, Result<(), ProviderError>),
    /// The outcome cannot be found out.
    Unsettled(StepId, String),
    /// The first platform output that moved, if any did.
    ExternalsChecked(Option<External>),
}

/// A call to the cloud.
#[derive(Debug)]
pub(crate) struct Call {
    pub(crate) step: StepId,
    pub(crate) address: Address,
    pub(crate) token: Box<str>,
    /// The call undoes the step.
    pub(crate) undoing: bool,
    pub(crate) kind: CallKind,
    /// How often it was sent again because its time was over before it was done.
    pub(crate) resent: u32,
}

/// How often a call is sent again: taking a network down has to wait for what others let go of, up
/// to twenty minutes with a provider that takes a minute for a call.
const MOST_TIMES: u32 = 20;

#[derive(Debug)]
pub(crate) enum CallKind {
    Create { incarnation: u64, inputs: Attributes },
    Update { remote_id: RemoteId, before: Attributes, after: Attributes },
    Delete { remote_id: RemoteId, inputs: Attributes },
}

/// What to look for when an outcome is unknown.
#[derive(Debug)]
pub(crate) enum Question {
    /// Whether this attempt made an object.
    Created { incarnation: u64, inputs: Attributes },
    /// Which object of its kind is new.
    CreatedSibling { inputs: Attributes, found: Vec<RemoteId> },
    /// Whether the object is as it was or as it should be.
    Updated { remote_id: RemoteId, before: Attributes, after: Attributes },
    /// Whether the object is gone, or else, in a slot, whether it is as it was.
    Deleted { remote_id: RemoteId, inputs: Attributes, in_slot: bool },
}

/// Waits for it.
pub(crate) async fn carry_out<J, P, C, O, E>(
    context: &RunContext<'_, P, C, O, E>,
    work: Work<J>,
) -> Finished<J>
where
    J: Journal,
    P: Provider,
    C: Clock,
    O: Observer,
    E: Externals,
{
    let task = match work {
        Work::Append(mut journal, events) => {
            let result = journal.append(&events).await;
            return Finished::Appended(journal, events, result);
        }
        Work::Task(task) => task,
    };
    match task {
        Task::Call(call) => send(context, call).await,
        Task::ListSiblings { step, address, inputs } => {
            let found = look(context, &address, Target::Siblings(inputs)).await;
            Finished::Siblings(step, found.and_then(siblings))
        }
        Task::Verify { step, address, remote_id, before, deposed } => {
            let target = Target::Id(remote_id, before);
            Finished::Verified(step, verify(context, &address, target, deposed).await)
        }
        Task::Settle { step, address, question, sent } => {
            match settle(context, &address, &question, sent).await {
                Ok(outcome) => Finished::Outcome(Event::Settled { step, outcome }),
                Err(reason) => Finished::Unsettled(step, reason),
            }
        }
        Task::CheckExternals => Finished::ExternalsChecked(moved(context).await),
    }
}

/// The first platform output that is not what the plan was made with. If they cannot be read, the
/// first of them counts as moved: a commit must not rest on a guess.
async fn moved<P, C, O, E: Externals>(context: &RunContext<'_, P, C, O, E>) -> Option<External> {
    let wanted: BTreeSet<External> = context.opened_with.keys().cloned().collect();
    let now = context.externals.current(&wanted).await.unwrap_or_default();
    wanted.into_iter().find(|external| now.get(external) != context.opened_with.get(external))
}

/// Sends a call. One whose time was over before it had sent all that it has to is sent again.
async fn send<J, P: Provider, C: Clock, O, E>(
    context: &RunContext<'_, P, C, O, E>,
    call: Call,
) -> Finished<J> {
    let sent = context.clock.now();
    match ask(context, &call).await {
        Err(error) if call.goes_on_after(&error) => {
            Finished::Unfinished(Call { resent: call.resent + 1, ..call })
        }
        Err(error) if error.kind == ErrorKind::Unfinished => {
            let error = ProviderError { kind: ErrorKind::Timeout, ..error };
            Finished::Outcome(outcome(context, call, sent, Err(error)).await)
        }
        result => Finished::Outcome(outcome(context, call, sent, result).await),
    }
}

async fn ask<P: Provider, C, O, E>(
    context: &RunContext<'_, P, C, O, E>,
    call: &Call,
) -> Result<Option<Done>, ProviderError> {
    let (unit, address, token) = (&context.plan.unit, &call.address, &*call.token);
    match &call.kind {
        CallKind::Create { incarnation, inputs } => {
            let incarnation = *incarnation;
            let request = CreateRequest { unit, address, incarnation, token, inputs };
            context.provider.create(request).await.map(Some)
        }
        CallKind::Update { remote_id, before, after } => {
            let changed = &changed(before, after);
            let request = UpdateRequest { unit, address, remote_id, token, before, after, changed };
            context.provider.update(request).await.map(Some)
        }
        CallKind::Delete { remote_id, inputs } => {
            let request = DeleteRequest { unit, address, remote_id, inputs };
            context.provider.delete(request).await.map(|()| None)
        }
    }
}

/// What a call came to.
async fn outcome<P: Provider, C: Clock, O, E>(
    context: &RunContext<'_, P, C, O, E>,
    call: Call,
    sent: Duration,
    result: Result<Option<Done>, ProviderError>,
) -> Event {
    let Call { step, address, undoing, kind, .. } = call;
    let schema = context.provider.schemas().find(&address.resource_type);
    let schema = schema.expect("planning refuses types without a schema");
    let question = kind.question();
    let (before, after) = match kind {
        CallKind::Update { before, after, .. } => (before, after),
        CallKind::Create { inputs, .. } | CallKind::Delete { inputs, .. } => {
            (Attributes::new(), inputs)
        }
    };
    let made = result.and_then(|done| match done {
        Some(Done { live }) if undoing => restored(schema, &before, &after, &live).map(Some),
        Some(Done { live }) => made(schema, &after, &live).map(Some),
        None => Ok(None),
    });
    match (made, undoing) {
        (Ok(made), false) => Event::Succeeded { step, made },
        (Ok(made), true) => Event::Undone { step, made },
        (Err(error), false) => Event::Failed { step, error },
        (Err(error), true) => {
            let found = match question {
                Some(question) if error.left != Left::Nothing && error.kind != ErrorKind::Busy => {
                    undone(context, &address, &question, sent).await
                }
                Some(_) | None => None,
            };
            found.map_or(Event::UndoFailed { step, error }, |made| Event::Undone { step, made })
        }
    }
}

/// Whether an undo call that failed had its whole effect all the same, and the object then, if
/// there is one. What the cloud still works on is waited for by sending the call again.
async fn undone<P: Provider, C: Clock, O, E>(
    context: &RunContext<'_, P, C, O, E>,
    address: &Address,
    question: &Question,
    sent: Duration,
) -> Option<Option<Made>> {
    let schema = context.provider.schemas().find(&address.resource_type)?;
    match (question, sight(context, address, question, Some(sent)).await.ok()?) {
        (Question::Deleted { .. }, Sighting::Missing) => Some(None),
        (Question::Updated { before, after, .. }, Sighting::Present(live))
            if live.settling.is_none() =>
        {
            restored(schema, before, after, &live).ok().map(Some)
        }
        _ => None,
    }
}

async fn look<P: Provider, C, O, E>(
    context: &RunContext<'_, P, C, O, E>,
    address: &Address,
    target: Target,
) -> Result<Sighting, ProviderError> {
    let unit = &context.plan.unit;
    let wanted = [Wanted { unit, address, target }];
    let mut sightings = context.provider.read(unit.place(), Depth::Deep, &wanted).await?;
    sightings.pop().ok_or_else(|| unread("the read has no answer".into()))
}

/// Refuses to delete an object that somebody changed meanwhile, or put in the place of one that an
/// earlier run left behind. One that is gone is no obstacle.
async fn verify<P: Provider, C, O, E>(
    context: &RunContext<'_, P, C, O, E>,
    address: &Address,
    target: Target,
    deposed: bool,
) -> Result<(), ProviderError> {
    let schema = context.provider.schemas().find(&address.resource_type);
    let schema = schema.expect("planning refuses types without a schema");
    let Target::Id(remote_id, before) = target.clone() else { return Ok(()) };
    let live = match look(context, address, target).await? {
        Sighting::Missing => return Ok(()),
        Sighting::Unreadable { reason } => return Err(unread(reason)),
        Sighting::Present(live) => live,
    };
    if deposed {
        let recorded = context.state.entries.get(address);
        let recorded = recorded.and_then(|e| e.objects().find(|o| o.remote_id == remote_id));
        if let Some(why) = unproved(schema, (&context.plan.unit, address), recorded, &live) {
            let message = format!("it is not deleted, because it may be somebody else's: {why}");
            return Err(spared("NotProved", message));
        }
        if live.settling.is_some() {
            return Ok(());
        }
    }
    match mismatches(schema, &before, &live).as_slice() {
        [] => Ok(()),
        names => Err(spared(
            "ChangedMeanwhile",
            format!(
                "it is not deleted, because somebody changed it since the plan was made (`{}`): \
                 plan again",
                names.join("`, `")
            ),
        )),
    }
}

fn spared(code: &str, message: String) -> ProviderError {
    ProviderError {
        kind: ErrorKind::Conflict,
        operation: "nfplan:verify".into(),
        code: code.into(),
        message,
        request_id: None,
        left: Left::Nothing,
    }
}

/// The objects of a sibling listing.
fn siblings(sighting: Sighting) -> Result<Vec<RemoteId>, ProviderError> {
    match sighting {
        Sighting::Present(live) => Ok(ids(&live, "ids")),
        Sighting::Missing => Ok(Vec::new()),
        Sighting::Unreadable { reason } => Err(unread(reason)),
    }
}

fn unread(reason: String) -> ProviderError {
    ProviderError {
        kind: ErrorKind::Unavailable,
        operation: "nfplan:read".into(),
        code: "Unreadable".into(),
        message: reason,
        request_id: None,
        left: Left::Nothing,
    }
}

/// Finds out how a step ended.
async fn settle<P: Provider, C: Clock, O, E>(
    context: &RunContext<'_, P, C, O, E>,
    address: &Address,
    question: &Question,
    sent: Option<Duration>,
) -> Result<Settlement, String> {
    let schema = context.provider.schemas().find(&address.resource_type);
    let schema = schema.expect("planning refuses types without a schema");
    match sight(context, address, question, sent).await? {
        Sighting::Unreadable { reason } => Err(reason),
        Sighting::Missing => Ok(match question {
            Question::Deleted { .. } => Settlement::Done(None),
            Question::Created { .. }
            | Question::CreatedSibling { .. }
            | Question::Updated { .. } => Settlement::NotDone,
        }),
        Sighting::Present(live) => Ok(question.judge(schema, &live)),
    }
}

/// Looks after the time within which a call may still take effect. That of another process has
/// passed its deadline, because the lease was waited for. "Not there" is believed only when seen
/// twice.
async fn sight<P: Provider, C: Clock, O, E>(
    context: &RunContext<'_, P, C, O, E>,
    address: &Address,
    question: &Question,
    sent: Option<Duration>,
) -> Result<Sighting, String> {
    let deadline = sent.map_or(Duration::ZERO, |sent| sent + context.provider.deadline());
    context.clock.sleep(deadline.saturating_sub(context.clock.now())).await;
    let look = async || {
        context.clock.sleep(context.provider.horizon()).await;
        let found = look(context, address, question.target()).await;
        found.map_err(|error| error.to_string())
    };
    match look().await? {
        Sighting::Missing => look().await,
        sighting => Ok(sighting),
    }
}

impl Call {
    /// Whether the same call again is what the error asks for. A create that made its object already
    /// could make a second one.
    fn goes_on_after(&self, error: &ProviderError) -> bool {
        let harmless = match self.kind {
            CallKind::Create { .. } => error.left == Left::Nothing,
            CallKind::Update { .. } | CallKind::Delete { .. } => true,
        };
        error.kind == ErrorKind::Unfinished && harmless && self.resent < MOST_TIMES
    }
}

impl CallKind {
    /// What to look for if the call's outcome does not become known.
    fn question(&self) -> Option<Question> {
        match self {
            Self::Create { .. } => None,
            Self::Update { remote_id, before, after } => Some(Question::Updated {
                remote_id: remote_id.clone(),
                before: before.clone(),
                after: after.clone(),
            }),
            Self::Delete { remote_id, inputs } => {
                let (remote_id, inputs) = (remote_id.clone(), inputs.clone());
                Some(Question::Deleted { remote_id, inputs, in_slot: false })
            }
        }
    }
}

impl Question {
    fn target(&self) -> Target {
        match self {
            Self::Created { incarnation, inputs } => {
                Target::Incarnation(*incarnation, inputs.clone())
            }
            Self::CreatedSibling { inputs, .. } => Target::Siblings(inputs.clone()),
            Self::Updated { remote_id, before: known, .. }
            | Self::Deleted { remote_id, inputs: known, .. } => {
                Target::Id(remote_id.clone(), known.clone())
            }
        }
    }

    fn judge(&self, schema: &Schema, live: &Live) -> Settlement {
        match self {
            Self::Created { inputs: after, .. } => match made(schema, after, live) {
                Ok(made) => Settlement::Done(Some(made)),
                Err(_) => Settlement::Partial(live.remote_id.clone()),
            },
            // Only the create call itself could hand the secret over, so a key whose call has no
            // outcome is of no use. One that was used is somebody else's.
            Self::CreatedSibling { found, .. } => ids(live, "unused")
                .into_iter()
                .find(|id| !found.contains(id))
                .map_or(Settlement::NotDone, Settlement::Partial),
            Self::Updated { before, after, .. } => match made(schema, after, live) {
                Ok(made) => Settlement::Done(Some(made)),
                Err(_) if mismatches(schema, before, live).is_empty() => Settlement::NotDone,
                Err(_) => Settlement::Partial(live.remote_id.clone()),
            },
            // Nothing brings back what a delete took from the object already.
            Self::Deleted { inputs, in_slot: true, .. }
                if !mismatches(schema, inputs, live).is_empty() =>
            {
                Settlement::Partial(live.remote_id.clone())
            }
            Self::Deleted { .. } => Settlement::NotDone,
        }
    }
}

pub(crate) fn ids(live: &Live, name: &str) -> Vec<RemoteId> {
    let list = live.attributes.get(name).and_then(Value::as_list).unwrap_or_default();
    list.iter().filter_map(Value::as_text).filter_map(|id| RemoteId::new(id).ok()).collect()
}
