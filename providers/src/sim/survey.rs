//! What is in use of a place's quotas.

use nfplan_engine::provider::ProviderError;
use nfplan_engine::provider::QuotaUse;
use nfplan_engine::provider::Survey;

use crate::sim::kind;
use crate::sim::session::Session;
use crate::types::quotas;

/// The services whose quotas an account can have raised.
const ADJUSTABLE_SERVICES: usize = 4;

/// Counts everything that has a quota.
pub(crate) fn survey(session: &mut Session<'_>) -> Result<Survey, ProviderError> {
    for _ in 0..ADJUSTABLE_SERVICES {
        session.look("servicequotas:ListServiceQuotas")?;
    }
    session.look("iam:GetAccountSummary")?;
    session.look("s3:ListBuckets")?;
    let mut rows = Vec::new();
    for quota in quotas::QUOTAS {
        let kind = kind::of(quota.resource_type);
        let used = session.cloud().count(kind.resource_type, kind.scope(session.place));
        if let Some((operation, page)) = kind.reads.pages.first() {
            (0..used.div_ceil(*page).max(1)).try_for_each(|_| session.look(operation))?;
        }
        let account = &session.place.account;
        let limit = session.settings().quota(account, kind.resource_type);
        rows.push(QuotaUse {
            resource_type: quota.resource_type,
            title: quota.title,
            used,
            limit: limit.unwrap_or(quota.limit),
        });
    }
    Ok(Survey { quotas: rows })
}
