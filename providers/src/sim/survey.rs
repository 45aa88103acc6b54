//! What is in use of a place's quotas.

use std::collections::BTreeSet;

use nfplan_engine::address::ResourceType;
use nfplan_engine::provider::Limit;
use nfplan_engine::provider::ProviderError;
use nfplan_engine::provider::QuotaUse;
use nfplan_engine::provider::Survey;

use crate::sim::kind;
use crate::sim::session::Session;
use crate::types::quotas;

/// Counts what has a quota among these types, with the requests that AWS takes for it.
pub(crate) fn survey(
    session: &mut Session<'_>,
    types: &BTreeSet<&ResourceType>,
) -> Result<Survey, ProviderError> {
    let wanted = quotas::among(types);
    if wanted.iter().any(|quota| quota.is_told_by_iam()) {
        session.look("iam:GetAccountSummary")?;
    }
    let mut rows = Vec::new();
    for quota in wanted {
        let kind = kind::of(quota.resource_type);
        let used = session.cloud().count_seen(kind.resource_type, kind.scope(session.place));
        if quota.resource_type == "s3.bucket" {
            session.look("s3:ListAllMyBuckets")?;
        }
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
            limit_is: if quota.adjustable { Limit::Told } else { Limit::Fixed },
        });
    }
    Ok(Survey { quotas: rows })
}
