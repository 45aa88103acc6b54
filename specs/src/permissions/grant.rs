//! One row of the table.

use nfplan_engine::policy::Statement;

use super::Kind;
use super::target::Target;

/// An action, and the calls of nfplan that AWS checks it for.
#[derive(Debug, Clone, Copy)]
pub(super) struct Action {
    /// As policies name it.
    pub(super) name: &'static str,
    /// As the provider names its calls.
    pub(super) calls: &'static [&'static str],
}

/// Actions that are allowed together: on the same things, under the same conditions.
#[derive(Debug, Clone, Copy)]
pub(super) struct Grant {
    /// The statement's name.
    pub(super) sid: &'static str,
    /// From which kind on it is needed.
    pub(super) kind: Kind,
    /// What is allowed.
    pub(super) actions: &'static [Action],
    /// On what, and when; none where these specs need no such statement.
    pub(super) narrow: fn(&Target<'_>, Statement) -> Option<Statement>,
}

impl Grant {
    /// The row as a statement.
    pub(super) fn statement(&self, target: &Target<'_>) -> Option<Statement> {
        let actions: Vec<&'static str> = self.actions.iter().map(|action| action.name).collect();
        (self.narrow)(target, Statement::allow(self.sid, &actions))
    }
}

/// Actions with the calls that they are checked for; without any, the call of the same name.
macro_rules! actions {
    (@calls $name:literal) => { &[$name] };
    (@calls $name:literal $($call:literal)+) => { &[$($call),+] };
    ($($name:literal $(for $($call:literal)+)?),+ $(,)?) => {
        &[$($crate::permissions::grant::Action {
            name: $name,
            calls: $crate::permissions::grant::actions!(@calls $name $($($call)+)?),
        }),+]
    };
}
pub(super) use actions;
