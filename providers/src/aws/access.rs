//! Who nfplan is in each account: the runner's own credentials, or a role that they assume.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::rc::Rc;
use std::time::Duration;

use aws_config::Region;
use aws_config::SdkConfig;
use aws_config::retry::RetryConfig;
use aws_config::sts::AssumeRoleProvider;
use aws_config::timeout::TimeoutConfig;
use aws_credential_types::provider::SharedCredentialsProvider;
use nfplan_engine::address::AccountId;
use nfplan_engine::address::Place;
use nfplan_engine::provider::ErrorKind;
use nfplan_engine::provider::Left;
use nfplan_engine::provider::ProviderError;
use tokio::sync::OnceCell;

use crate::aws::calls::Calls;
use crate::aws::clients::Clients;
use crate::aws::error;

/// The name under which the role's calls stand in the account's own log.
const SESSION: &str = "nfplan";

/// How often the SDK sends a request that may be sent again.
const ATTEMPTS: u32 = 6;

/// A role to be assumed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Role {
    /// Its ARN.
    pub arn: String,
    /// What its trust policy asks callers to name.
    pub external_id: Option<String>,
}

/// The way into every account.
#[derive(Debug)]
pub(crate) struct Access {
    config: SdkConfig,
    roles: BTreeMap<AccountId, Role>,
    places: RefCell<BTreeMap<Place, Rc<OnceCell<Rc<Clients>>>>>,
}

impl Access {
    pub(crate) fn new(
        config: SdkConfig,
        roles: BTreeMap<AccountId, Role>,
        request: Duration,
    ) -> Self {
        let timeouts = TimeoutConfig::builder()
            .connect_timeout(request / 4)
            .operation_attempt_timeout(request / 2)
            .operation_timeout(request)
            .build();
        let config = config
            .into_builder()
            .retry_config(RetryConfig::standard().with_max_attempts(ATTEMPTS))
            .timeout_config(timeouts)
            .build();
        Self { config, roles, places: RefCell::default() }
    }

    /// The clients of a place. The first time, the account that they really reach is compared with
    /// the one that is meant: nothing else is read or written before.
    pub(crate) async fn clients(
        &self,
        place: &Place,
        calls: &Calls,
    ) -> Result<Rc<Clients>, ProviderError> {
        let cell = self.places.borrow_mut().entry(place.clone()).or_default().clone();
        let clients = cell.get_or_try_init(async || {
            let config = self.config(place).await;
            let caller = self.check(place, &config, calls).await?;
            Ok(Rc::new(Clients::new(&config, place, caller)))
        });
        clients.await.cloned()
    }

    /// The role that an account is entered through.
    pub(crate) fn role(&self, account: &AccountId) -> Option<&str> {
        self.roles.get(account).map(|role| role.arn.as_str())
    }

    async fn config(&self, place: &Place) -> SdkConfig {
        let region = Region::new(place.region.to_string());
        let regional = self.config.to_builder().region(region.clone()).build();
        let Some(role) = self.roles.get(&place.account) else { return regional };
        let mut builder = AssumeRoleProvider::builder(role.arn.clone())
            .session_name(SESSION)
            .region(region)
            .configure(&regional);
        if let Some(id) = &role.external_id {
            builder = builder.external_id(id.clone());
        }
        let provider = match self.config.credentials_provider() {
            Some(own) => builder.build_from_provider(own).await,
            None => builder.build().await,
        };
        regional
            .into_builder()
            .credentials_provider(SharedCredentialsProvider::new(provider))
            .build()
    }

    /// Who is reached: an ARN, of the account that is meant.
    async fn check(
        &self,
        place: &Place,
        config: &SdkConfig,
        calls: &Calls,
    ) -> Result<String, ProviderError> {
        const OPERATION: &str = "sts:GetCallerIdentity";
        calls.looks(OPERATION);
        let caller = aws_sdk_sts::Client::new(config).get_caller_identity().send().await;
        let caller = caller.map_err(|error| error::of(OPERATION, &error, Left::Nothing))?;
        let account = caller.account.unwrap_or_default();
        if account == place.account.as_str() {
            return Ok(caller.arn.unwrap_or_default());
        }
        let way = match self.roles.get(&place.account) {
            Some(role) => format!("the role `{}` is", role.arn),
            None => "the credentials of this runner are".into(),
        };
        Err(ProviderError {
            kind: ErrorKind::Denied,
            operation: OPERATION.into(),
            code: "WrongAccount".into(),
            message: format!(
                "{way} of the account {account}, and the specs say {}: nothing was read or changed",
                place.account
            ),
            request_id: None,
            left: Left::Nothing,
        })
    }
}
