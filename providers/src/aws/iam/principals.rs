//! Everything that IAM has in an account, in one listing.

use aws_sdk_iam::types::EntityType;
use aws_sdk_iam::types::ManagedPolicyDetail;
use aws_sdk_iam::types::RoleDetail;
use aws_sdk_iam::types::UserDetail;
use nfplan_engine::provider::ProviderError;

use crate::aws::reading::Reading;
use crate::aws::session::Session;

/// The types that the listing shows.
const LISTED: [&str; 3] = ["iam.policy", "iam.role", "iam.user"];

/// From so many objects on, the listing takes fewer requests: it reads the whole account, in pages
/// of up to a thousand, and each object by itself takes two.
const LIST_FROM: usize = 10;

/// What the listing shows: not the longest session of a role, nor the tags of policies.
pub(crate) struct Principals {
    pub(super) policies: Vec<ManagedPolicyDetail>,
    pub(super) roles: Vec<RoleDetail>,
    pub(super) users: Vec<UserDetail>,
}

impl Principals {
    /// The listing, if the read is worth it.
    pub(super) async fn of<'r>(
        reading: &'r Reading<'_>,
    ) -> Option<Result<&'r Self, ProviderError>> {
        if reading.of_types(&LISTED).count() < LIST_FROM {
            return None;
        }
        Some(Self::all(reading).await)
    }

    /// The listing, whatever it costs: IAM finds nothing by its tags.
    pub(super) async fn all<'r>(reading: &'r Reading<'_>) -> Result<&'r Self, ProviderError> {
        let listed = reading.principals.get_or_init(|| list(reading.session)).await;
        listed.as_ref().map_err(Clone::clone)
    }
}

async fn list(session: &Session<'_>) -> Result<Principals, ProviderError> {
    let filter = [EntityType::Role, EntityType::User, EntityType::LocalManagedPolicy];
    let pages = session.pages("iam:GetAccountAuthorizationDetails", async |marker| {
        let page = session.clients.iam.get_account_authorization_details();
        let page = page.set_filter(Some(filter.to_vec())).max_items(1_000).set_marker(marker);
        let mut page = page.send().await?;
        let marker = page.marker.take().filter(|_| page.is_truncated);
        Ok((vec![page], marker))
    });
    let mut all = Principals { policies: Vec::new(), roles: Vec::new(), users: Vec::new() };
    for page in pages.await? {
        all.policies.extend(page.policies.unwrap_or_default());
        all.roles.extend(page.role_detail_list.unwrap_or_default());
        all.users.extend(page.user_detail_list.unwrap_or_default());
    }
    Ok(all)
}
