//! What a resource's object is like before the plan: as read, or else as last applied.

use crate::address::RemoteId;
use crate::observed::Live;
use crate::schema::Kind;
use crate::schema::Schema;
use crate::state::Object;
use crate::state::Status;
use crate::value::Attributes;

/// What a wanted resource's object is like before the plan.
pub(super) struct Basis {
    pub(super) remote_id: RemoteId,
    pub(super) generation: u32,
    /// Managed attributes as they are, as far as read; otherwise as last applied.
    pub(super) before: Attributes,
    pub(super) outputs: Attributes,
    /// Managed attributes as last applied; none for an object that state does not know.
    pub(super) applied: Option<Attributes>,
    pub(super) incarnation: Option<u64>,
    /// AWS was at work on it when the last run closed, and has finished since.
    pub(super) settled: bool,
}

impl Basis {
    pub(super) fn from_state(object: &Object) -> Self {
        Self {
            remote_id: object.remote_id.clone(),
            generation: object.generation,
            before: object.inputs.clone(),
            outputs: object.outputs.clone(),
            applied: Some(object.inputs.clone()),
            incarnation: object.incarnation,
            settled: false,
        }
    }

    pub(super) fn from_live(schema: &Schema, live: &Live, known: Option<&Object>) -> Self {
        let is = |name: &str, managed: bool| {
            schema.attribute(name).is_some_and(|attribute| match attribute.kind {
                Kind::Managed(_) => managed,
                Kind::Computed(_) => !managed,
                Kind::Volatile { .. } => false,
            })
        };
        let (mut before, mut outputs) = (live.attributes.clone(), live.attributes.clone());
        before.retain(|name, _| is(name, true));
        outputs.retain(|name, _| is(name, false));
        if let Some(object) = known {
            let unread = object.inputs.iter().filter(|(name, _)| live.unread.contains(*name));
            before.extend(unread.map(|(name, value)| (name.clone(), value.clone())));
        }
        let owner = live.owner.as_ref().and_then(|owner| owner.incarnation);
        Self {
            remote_id: live.remote_id.clone(),
            generation: known.map_or(1, |object| object.generation),
            before,
            outputs,
            applied: known.map(|object| object.inputs.clone()),
            incarnation: known.and_then(|object| object.incarnation).or(owner),
            settled: live.settling.is_none()
                && known.is_some_and(|object| object.status == Status::Settling),
        }
    }
}
