//! What whoever makes the requests may do: everything, but for the actions that an account denies.

use nfplan_engine::provider::Clearance;
use nfplan_engine::provider::Denial;
use nfplan_engine::provider::ProviderError;
use nfplan_engine::provider::Question;
use nfplan_engine::provider::Verdict;

use crate::sim::session::Session;
use crate::types::common::partition;

/// Answers with the one request that AWS takes for it where everything is allowed.
pub(crate) fn may(
    session: &mut Session<'_>,
    questions: &[Question],
) -> Result<Clearance, ProviderError> {
    session.look("iam:SimulatePrincipalPolicy")?;
    let place = session.place;
    let verdict = |action: &str| {
        if session.settings().denies(&place.account, action) {
            Verdict::Denied(Denial::NotAllowed)
        } else {
            Verdict::Allowed
        }
    };
    let each = |question: &Question| {
        question.actions.iter().map(|action| verdict(action)).collect::<Vec<Verdict>>()
    };
    let verdicts = questions.iter().map(each).collect();
    let principal = format!("arn:{}:iam::{}:user/nfplan", partition(&place.region), place.account);
    Ok(Clearance { principal, verdicts })
}
