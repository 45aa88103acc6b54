//! An opened project: specs, state store, cloud and pins, with everything that can be refused
//! before anything is read from the cloud already refused.

use std::collections::BTreeMap;
use std::collections::BTreeSet;
#[cfg(feature = "aws")]
use std::num::NonZeroUsize;
use std::path::PathBuf;

use nfplan_engine::address::Place;
use nfplan_engine::address::UnitId;
use nfplan_engine::desired::Desired;
use nfplan_engine::desired::Source;
use nfplan_engine::provider::LookUp;
use nfplan_engine::provider::Reader;
use nfplan_engine::value::Value;
#[cfg(feature = "aws")]
use nfplan_providers::aws::Aws;
#[cfg(feature = "aws")]
use nfplan_providers::aws::Role;
#[cfg(feature = "aws")]
use nfplan_providers::aws::Timing;
use nfplan_providers::cloud::Cloud;
#[cfg(feature = "aws")]
use nfplan_providers::gate::Gate;
use nfplan_providers::sim::Sim;
use nfplan_specs::blueprint;
use nfplan_specs::fleet::Fleet;
use nfplan_specs::fleet::WorkspaceSpec;
use nfplan_specs::lock::Lock;
use nfplan_specs::look_up::look_ups;
use nfplan_specs::project::Access;
use nfplan_specs::project::StateBucket;
use nfplan_specs::project::StateLocation;
use nfplan_specs::settings::WorkspaceSettings;
use nfplan_state::location::Bucket;
use nfplan_state::location::Location;
use nfplan_state::stores::AnyStore;
use nfplan_state::stores::FolderStore;
#[cfg(feature = "aws")]
use nfplan_state::stores::S3Store;

use crate::args::Selection;
use crate::commands::Context;
use crate::error::CliError;
use crate::exit::Exit;
use crate::render::counted;
use crate::selection::Universe;
use crate::settings::Settings;

/// The file with what researchers share.
pub const PROJECT_FILE: &str = "nfplan.yaml";

/// The folder in the project that nfplan keeps its own things in.
const OWN_FOLDER: &str = ".nfplan";

/// An opened project.
#[derive(Debug)]
pub struct Project {
    /// The specs.
    pub fleet: Fleet,
    /// Where states are.
    pub store: AnyStore,
    /// The cloud.
    pub cloud: Cloud,
    /// Pinned look-ups.
    pub lock: Lock,
    /// The project's folder.
    pub root: PathBuf,
}

impl Project {
    /// Opens the project of these settings.
    pub async fn open(settings: &Settings) -> Result<Self, CliError> {
        Self::of(Fleet::load(&settings.root)?, settings).await
    }

    /// The same for what is about selected units only: where these are named researchers with files
    /// of their own, nobody else's file is read.
    pub async fn open_for(selection: &Selection, settings: &Settings) -> Result<Self, CliError> {
        if let Some(users) = Universe::enough(selection)
            && let Some(fleet) = Fleet::load_only(&settings.root, users)?
        {
            return Self::of(fleet, settings).await;
        }
        Self::open(settings).await
    }

    async fn of(fleet: Fleet, settings: &Settings) -> Result<Self, CliError> {
        check_accounts(&fleet, settings)?;
        let store = open_store(Some(&fleet), settings).await?;
        let cloud = open_cloud(&fleet, settings).await?;
        let lock = Lock::load(&settings.root)
            .map_err(|error| CliError::new(Exit::InvalidSpecs, error.to_string()))?;
        Ok(Self { fleet, store, cloud, lock, root: settings.root.clone() })
    }

    /// What is wanted of a platform.
    pub fn platform(&self, place: &Place) -> Result<Desired, CliError> {
        let settings = self.fleet.platform(place);
        self.desired(blueprint::platform(&settings), &settings.files)
    }

    /// What is wanted of a workspace, whose client may have been shut out by command.
    pub fn workspace(
        &self,
        spec: &WorkspaceSpec,
        pins: &BTreeMap<Box<str>, Value>,
        revoked: bool,
    ) -> Result<Desired, CliError> {
        let settings = WorkspaceSettings { revoked, ..self.fleet.workspace(spec) };
        let expansion = blueprint::workspace(&settings, pins)
            .map_err(|error| CliError::new(Exit::InvalidSpecs, error.to_string()))?;
        self.desired(expansion, &settings.files)
    }

    fn desired(
        &self,
        expansion: nfplan_engine::desired::Expansion,
        files: &[Box<str>],
    ) -> Result<Desired, CliError> {
        Desired::build(expansion, self.cloud.schemas())
            .map_err(|problems| CliError::invalid(self.fleet.diagnose(problems, files)))
    }

    /// The look-ups that a workspace needs.
    pub fn look_ups(&self, spec: &WorkspaceSpec) -> Vec<LookUp> {
        look_ups(&self.fleet.workspace(spec))
    }

    /// The source of a unit that no spec asks for any more and that was never applied.
    pub fn source(&self) -> Source {
        let environment = self.fleet.environment();
        Source {
            environment: environment.name.clone(),
            blueprint: environment.blueprint,
            user: None,
            protect: false,
            revoked: false,
        }
    }

    /// Finds a workspace's spec by its unit.
    pub fn spec(&self, unit: &UnitId) -> Option<&WorkspaceSpec> {
        self.fleet.find(unit)
    }

    /// Shows warnings of the specs.
    pub fn warn(&self, context: &Context) {
        context.show_warnings(self.fleet.warnings());
    }

    /// Says what was read, if that is asked for.
    pub fn tell_more(&self, context: &Context) {
        context.more(|| what_was_read(Some(&self.fleet), &context.settings));
    }
}

/// Which specs were read and where states are.
pub fn what_was_read(fleet: Option<&Fleet>, settings: &Settings) -> String {
    let specs = fleet.map(|fleet| {
        let workspaces: Vec<&WorkspaceSpec> = fleet.workspaces().collect();
        let files: BTreeSet<&str> = workspaces.iter().map(|spec| fleet.source_of(spec)).collect();
        let (workspaces, files) = (workspaces.len() as u64, files.len() as u64);
        let (workspaces, files) = (counted(workspaces, "workspace"), counted(files, "file"));
        format!("specs: {}, {workspaces} in {files}\n", settings.root.display())
    });
    format!("{}states: {}\n", specs.unwrap_or_default(), state_location(fleet, settings))
}

/// Where states are: where the runner says, or else where the specs say.
fn state_location(fleet: Option<&Fleet>, settings: &Settings) -> String {
    match (&settings.general.state, fleet) {
        (Some(text), _) => text.clone(),
        (None, Some(fleet)) => fleet.state_location().to_string(),
        (None, None) => StateLocation::default().to_string(),
    }
}

/// Opens the store of states.
pub async fn open_store(fleet: Option<&Fleet>, settings: &Settings) -> Result<AnyStore, CliError> {
    match location(fleet, settings)? {
        Location::Folder(path) => Ok(AnyStore::Folder(FolderStore::new(path))),
        Location::Bucket(bucket) => open_bucket(bucket, settings).await,
    }
}

/// Opens the store of states for commands that need no specs: without valid ones it must be said
/// where states are.
pub async fn open_kept(context: &Context) -> Result<(Option<Fleet>, AnyStore), CliError> {
    let settings = &context.settings;
    let fleet = match (Fleet::load(&settings.root), &settings.general.state) {
        (Ok(fleet), _) => Some(fleet),
        (Err(_), Some(_)) => None,
        (Err(error), None) => return Err(error.into()),
    };
    let store = open_store(fleet.as_ref(), settings).await?;
    context.more(|| what_was_read(fleet.as_ref(), settings));
    Ok((fleet, store))
}

/// The cloud that the accounts of the specs are in.
async fn open_cloud(fleet: &Fleet, settings: &Settings) -> Result<Cloud, CliError> {
    let sim = Sim::in_folder(&settings.root.join(OWN_FOLDER).join("sim"))
        .map_err(|error| CliError::new(Exit::Error, error.to_string()))?;
    let cloud = on_aws(Cloud::simulated(sim), fleet, settings).await?;
    cloud.deliver_files_in(&settings.root);
    Ok(cloud)
}

#[cfg(feature = "aws")]
async fn on_aws(cloud: Cloud, fleet: &Fleet, settings: &Settings) -> Result<Cloud, CliError> {
    let (mut accounts, mut roles) = (BTreeSet::new(), BTreeMap::new());
    for place in fleet.places() {
        let account = fleet.account(place).expect("places come from accounts");
        match &account.access {
            Access::Sim => continue,
            Access::Aws => {}
            Access::AwsRole { role, external_id } => {
                let (arn, external_id) = (role.to_string(), external_id.clone().map(String::from));
                roles.insert(place.account.clone(), Role { arn, external_id });
            }
        }
        accounts.insert(place.account.clone());
    }
    if accounts.is_empty() {
        return Ok(cloud);
    }
    let config = crate::aws::config(&settings.general).await?;
    let gate = Gate::new(settings.general.parallelism.map_or(Gate::DEFAULT, NonZeroUsize::get));
    Ok(cloud.with_aws(Aws::new(config, roles, Timing::default(), gate), accounts))
}

#[cfg(not(feature = "aws"))]
#[expect(clippy::unused_async, reason = "it is asked for in the same way with AWS")]
async fn on_aws(cloud: Cloud, _: &Fleet, _: &Settings) -> Result<Cloud, CliError> {
    Ok(cloud)
}

#[cfg(feature = "aws")]
async fn open_bucket(bucket: Bucket, settings: &Settings) -> Result<AnyStore, CliError> {
    Ok(AnyStore::S3(S3Store::new(bucket, &crate::aws::config(&settings.general).await?)))
}

#[cfg(not(feature = "aws"))]
#[expect(clippy::unused_async, reason = "it is asked for in the same way with S3")]
async fn open_bucket(bucket: Bucket, _: &Settings) -> Result<AnyStore, CliError> {
    let message = format!("`state: s3://{}` needs a build of nfplan with AWS", bucket.name);
    Err(CliError::new(Exit::InvalidSpecs, message)
        .hint("build it without --no-default-features, or give the path of a folder"))
}

/// Where states are: where the runner says, or else where the specs say.
pub fn location(fleet: Option<&Fleet>, settings: &Settings) -> Result<Location, CliError> {
    if let (None, Some(StateLocation::Bucket(bucket))) =
        (&settings.general.state, fleet.map(Fleet::state_location))
    {
        let StateBucket { name, prefix, region, owner, kms_key } = bucket.clone();
        return Ok(Location::Bucket(Bucket { name, prefix, region, owner, kms_key }));
    }
    Location::parse(&state_location(fleet, settings), &settings.root)
        .map_err(|error| CliError::new(Exit::InvalidSpecs, error.to_string()))
}

/// Refuses accounts that this build or this runner may not work in.
fn check_accounts(fleet: &Fleet, settings: &Settings) -> Result<(), CliError> {
    let allowed = &settings.general.allowed_accounts;
    for place in fleet.places() {
        let account = fleet.account(place).expect("places come from accounts");
        if !allowed.is_empty() && !allowed.iter().any(|id| id == place.account.as_str()) {
            let message = format!(
                "the account `{}` ({}) is not among the accounts that this runner may work in",
                account.name, place.account
            );
            return Err(CliError::refused(message)
                .hint("NFPLAN_ALLOWED_ACCOUNTS or --allowed-accounts lists them"));
        }
        if account.access != Access::Sim && !cfg!(feature = "aws") {
            let message = format!(
                "the account `{}` is on AWS, and this nfplan is built with the simulated cloud only",
                account.name
            );
            return Err(CliError::new(Exit::InvalidSpecs, message)
                .hint("build it without --no-default-features")
                .hint("`provider: sim` in nfplan.yaml puts the account on the simulated cloud"));
        }
    }
    Ok(())
}
