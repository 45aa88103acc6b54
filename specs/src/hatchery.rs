//! A project made from Hatchery's configuration (uc-cdis/hatchery, `hatchery/config.go` and
//! `doc/howto/configuration.md`), so that what Hatchery made can be taken over.
//!
//! What nfplan has no use for is passed over in silence; what it has a use for and cannot take as it
//! is, is told.

mod hand;

use std::collections::BTreeMap;
use std::collections::BTreeSet;
use std::fmt::Write as _;

use serde::Deserialize;

pub use hand::HAND;

use crate::escape::UserError;
use crate::escape::escape_user;

/// What Hatchery's configuration does not say.
#[derive(Debug, Clone, Copy)]
pub struct Commons<'a> {
    /// `GEN3_ENDPOINT`: the host name of the commons.
    pub environment: &'a str,
    /// The account in which Hatchery makes workspaces.
    pub account: &'a str,
    /// User names, not escaped.
    pub users: &'a [String],
    /// Where states are to be; none leaves that to the default.
    pub state: Option<&'a str>,
}

/// The files of a project, and what to look at in them.
#[derive(Debug, PartialEq, Eq)]
pub struct Translation {
    /// Texts by path.
    pub files: BTreeMap<String, String>,
    /// What could not be taken as it is, in sentences.
    pub notes: Vec<String>,
}

/// Why there is nothing to make a project from.
#[derive(Debug, thiserror::Error)]
pub enum TranslationError {
    /// It is no configuration of Hatchery's.
    #[error("it is no configuration of Hatchery's: {0}")]
    Unreadable(#[from] serde_json::Error),
    /// No container has Nextflow.
    #[error("no container in it has `nextflow` with `enabled: true`")]
    NoNextflow,
    /// A user name that no spec can have.
    #[error("`{0}` cannot be a user name: {1}")]
    User(String, UserError),
}

#[derive(Deserialize)]
#[serde(rename_all = "kebab-case")]
struct Configuration {
    #[serde(default)]
    containers: Vec<Container>,
    nextflow_global: Option<Global>,
}

#[derive(Deserialize)]
#[serde(rename_all = "kebab-case")]
struct Global {
    s3_objects_expiration_days: Option<u32>,
}

#[derive(Deserialize)]
struct Container {
    #[serde(default)]
    name: String,
    nextflow: Option<Nextflow>,
}

#[derive(Deserialize)]
#[serde(rename_all = "kebab-case", default)]
struct Nextflow {
    enabled: bool,
    job_image_whitelist: Vec<String>,
    s3_bucket_whitelist: Vec<String>,
    compute_environment_type: String,
    instance_ami: String,
    instance_ami_builder_arn: String,
    instance_type: String,
    instance_min_vcpus: u32,
    instance_max_vcpus: u32,
}

impl Default for Nextflow {
    fn default() -> Self {
        Self {
            enabled: false,
            job_image_whitelist: Vec::new(),
            s3_bucket_whitelist: Vec::new(),
            compute_environment_type: "EC2".into(),
            instance_ami: String::new(),
            instance_ami_builder_arn: String::new(),
            instance_type: "optimal".into(),
            instance_min_vcpus: 0,
            instance_max_vcpus: 0,
        }
    }
}

/// Hatchery's expiry where its configuration says none.
const EXPIRE_DAYS: u32 = 30;

/// Makes a project from a configuration, as JSON.
///
/// # Errors
/// If it is no such configuration, nobody in it may use Nextflow, or a user name is none.
pub fn translate(json: &[u8], commons: Commons<'_>) -> Result<Translation, TranslationError> {
    let configuration: Configuration = serde_json::from_slice(json)?;
    for user in commons.users {
        escape_user(user).map_err(|error| TranslationError::User(user.clone(), error))?;
    }
    let enabled = |container: Container| {
        let nextflow = container.nextflow.filter(|nextflow| nextflow.enabled)?;
        Some((container.name, nextflow))
    };
    let containers: Vec<_> = configuration.containers.into_iter().filter_map(enabled).collect();
    if containers.is_empty() {
        return Err(TranslationError::NoNextflow);
    }
    let mut notes = Vec::new();
    let days = configuration.nextflow_global.and_then(|global| global.s3_objects_expiration_days);
    let mut text = head(commons, days.unwrap_or(EXPIRE_DAYS));
    let mut profiles = BTreeSet::new();
    for (name, nextflow) in &containers {
        let profile = profile_name(name, &profiles);
        text.push_str(&section(&profile, name, nextflow, &mut notes));
        profiles.insert(profile);
    }
    let first = profile_name(&containers[0].0, &BTreeSet::new());
    if containers.len() > 1 {
        notes.push(format!(
            "{} containers have Nextflow, and users of several of them have one workspace all the \
             same: all users are given the profile `{first}`, look at each",
            containers.len()
        ));
    }
    let mut files = BTreeMap::from([("nfplan.yaml".to_owned(), text)]);
    files.extend(commons.users.iter().map(|user| {
        let spec = format!("{}:\n  account: main\n  profile: {first}\n", quoted(user));
        (format!("workspaces/{}.yaml", file_name(user)), spec)
    }));
    Ok(Translation { files, notes })
}

fn head(commons: Commons<'_>, expire_days: u32) -> String {
    let Commons { environment, account, state, .. } = commons;
    let mut text = format!(
        "# Made from Hatchery's configuration.\nnfplan: 1\nblueprint: 1\nenvironment: {}\n",
        quoted(environment)
    );
    if let Some(state) = state {
        let _ = writeln!(text, "state: {state}");
    }
    let _ = write!(
        text,
        "\naccounts:\n  main:\n    id: {}\n    region: us-east-1              # the only one that \
         Hatchery uses\n    data: {{ expire_days: {expire_days} }}\n\nprofiles:\n",
        quoted(account)
    );
    text
}

fn section(profile: &str, name: &str, nextflow: &Nextflow, notes: &mut Vec<String>) -> String {
    let kind = nextflow.compute_environment_type.to_ascii_lowercase();
    if !["ec2", "spot"].contains(&kind.as_str()) {
        notes.push(format!(
            "`{profile}`: `compute-environment-type: {}` is no kind that nfplan makes; Hatchery's \
             Fargate environments never came up. Write `ec2` or `spot`",
            nextflow.compute_environment_type
        ));
    }
    let mut text = format!(
        "  {profile}:                      # {}\n    compute:\n      type: {kind}\n      strategy: \
         best_fit_progressive\n      instance_types: [{}]\n      min_vcpus: {}\n      max_vcpus: {}\n",
        name.replace(['\n', '\r'], " "),
        quoted(&nextflow.instance_type),
        nextflow.instance_min_vcpus,
        nextflow.instance_max_vcpus
    );
    // Hatchery looks at the pipeline first.
    if !nextflow.instance_ami_builder_arn.is_empty() {
        let arn = quoted(&nextflow.instance_ami_builder_arn);
        let _ = writeln!(text, "      ami: {{ pipeline: {arn} }}");
    } else if !nextflow.instance_ami.is_empty() {
        let _ = writeln!(text, "      ami: {{ id: {} }}", quoted(&nextflow.instance_ami));
    }
    let domains = registries(&nextflow.job_image_whitelist);
    let _ = write!(
        text,
        "    images: {}\n    read_buckets: {}\n    network:\n      mode: proxy\n      cidr: \
         192.168.0.0/16\n      allow_domains: {}\n",
        list(&nextflow.job_image_whitelist),
        list(&nextflow.s3_bucket_whitelist),
        list(&domains)
    );
    notes.push(format!(
        "`{profile}`: which hosts jobs may reach is not in Hatchery's configuration; `allow_domains` \
         has the registries of the images only"
    ));
    if nextflow.job_image_whitelist.is_empty() {
        notes.push(format!("`{profile}`: no image is listed, which lets jobs use every image"));
    }
    text
}

/// The hosts that images come from, as the proxy's list has them.
fn registries(images: &[String]) -> Vec<String> {
    let hosts = images.iter().filter_map(|image| image.split('/').next());
    let hosts = hosts.filter(|host| host.contains('.') && !host.contains(['*', '{']));
    let hosts: BTreeSet<String> = hosts.map(|host| format!(".{host}")).collect();
    hosts.into_iter().collect()
}

/// A profile's name: the container's, in small letters, digits and hyphens.
fn profile_name(container: &str, taken: &BTreeSet<String>) -> String {
    let words =
        container.split(|c: char| !c.is_ascii_alphanumeric()).filter(|word| !word.is_empty());
    let words: Vec<String> = words.map(str::to_ascii_lowercase).collect();
    let name = if words.is_empty() { "standard".to_owned() } else { words.join("-") };
    let numbered = (2..).map(|number| format!("{name}-{number}"));
    let free = std::iter::once(name.clone()).chain(numbered).find(|name| !taken.contains(name));
    free.unwrap_or(name)
}

fn file_name(user: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "@._-+".contains(c);
    match escape_user(user) {
        Ok(escaped) if !user.chars().all(plain) || user.starts_with('.') => escaped.to_string(),
        _ => user.to_owned(),
    }
}

fn list(items: &[String]) -> String {
    let items: Vec<String> = items.iter().map(|item| quoted(item)).collect();
    format!("[{}]", items.join(", "))
}

/// A text that YAML takes for a text, whatever is in it.
fn quoted(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}
