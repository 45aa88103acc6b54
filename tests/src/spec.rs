//! Spec files, built as values and written in several layouts that mean the same.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use nfplan_engine::address::Place;
use nfplan_engine::value::Attributes;
use nfplan_engine::value::Value;
use nfplan_providers::sim::OtherClient;
use serde_json::Value as Json;
use serde_json::json;

/// The accounts of every project, by the names that specs call them.
pub const ACCOUNTS: [(&str, &str); 2] =
    [("lab", "444455556666.us-west-2"), ("main", "111122223333.us-east-1")];

/// The specs of a project.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FleetSpec {
    /// The environment's name.
    pub environment: String,
    /// After how many days the data of every platform expires.
    pub expire_days: u32,
    /// Names and places of the accounts.
    pub accounts: BTreeMap<String, Place>,
    /// The researchers by user name.
    pub researchers: BTreeMap<String, Researcher>,
}

/// A researcher's entry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Researcher {
    /// What specs call the account.
    pub account: String,
    /// Every other field that is set.
    pub fields: BTreeMap<&'static str, Json>,
}

/// How spec files are laid out. All layouts mean the same.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Layout {
    /// One file for each researcher, keys in order.
    FileEach,
    /// One file for each researcher, named after him.
    FileNamed,
    /// One file for each researcher, named the other way round, keys in reverse order.
    FileEachReversed,
    /// All researchers in one file.
    OneFile,
}

impl Default for FleetSpec {
    fn default() -> Self {
        let accounts = ACCOUNTS.map(|(name, place)| (name.to_owned(), place.parse().unwrap()));
        Self {
            environment: "data.example.org".into(),
            expire_days: 30,
            accounts: accounts.into(),
            researchers: BTreeMap::new(),
        }
    }
}

impl FleetSpec {
    /// A fleet with one researcher in the account `main`.
    pub fn of(user: &str, fields: &[(&'static str, Json)]) -> Self {
        Self::default().with(user, "main", fields)
    }

    /// With another researcher.
    pub fn with(mut self, user: &str, account: &str, fields: &[(&'static str, Json)]) -> Self {
        let fields = fields.iter().cloned().collect();
        let researcher = Researcher { account: account.into(), fields };
        self.researchers.insert(user.into(), researcher);
        self
    }

    /// With a field of a researcher set to another value, or left out.
    pub fn edited(mut self, user: &str, field: &'static str, value: Option<Json>) -> Self {
        let researcher = self.researchers.get_mut(user).unwrap();
        match value {
            Some(value) => researcher.fields.insert(field, value),
            None => researcher.fields.remove(field),
        };
        self
    }

    /// Writes the files into a project's folder in place of those that are there.
    pub fn write(&self, root: &Path, layout: Layout) {
        let folder = root.join("workspaces");
        let _ = fs::remove_dir_all(&folder);
        fs::create_dir_all(&folder).unwrap();
        fs::write(root.join("nfplan.yaml"), self.project(layout)).unwrap();
        let mut files: BTreeMap<String, String> = BTreeMap::new();
        for (number, (user, researcher)) in self.researchers.iter().enumerate() {
            let name = match layout {
                Layout::FileEach => format!("a{number:05}.yaml"),
                Layout::FileNamed => format!("{user}.yaml"),
                Layout::FileEachReversed => format!("b{:05}.yml", 99_999 - number),
                Layout::OneFile => "all.yaml".into(),
            };
            files.entry(name).or_default().push_str(&researcher.render(user, layout));
        }
        for (name, text) in files {
            fs::write(folder.join(name), text).unwrap();
        }
    }

    fn project(&self, layout: Layout) -> String {
        let mut accounts = String::new();
        for (name, place) in &self.accounts {
            let (id, region, days) = (&place.account, &place.region, self.expire_days);
            writeln!(
                accounts,
                "  {name}: {{ id: \"{id}\", region: {region}, provider: sim, data: {{ expire_days: \
                 {days} }} }}"
            )
            .unwrap();
        }
        let sections = [
            "nfplan: 1\n".to_owned(),
            "blueprint: 1\n".to_owned(),
            format!("environment: {}\n", self.environment),
            format!("accounts:\n{accounts}"),
            format!("profiles:\n  standard: {}\n", profile()),
        ];
        match layout {
            Layout::FileEach | Layout::FileNamed | Layout::OneFile => sections.concat(),
            Layout::FileEachReversed => sections.into_iter().rev().collect(),
        }
    }
}

/// The profile that all researchers have.
fn profile() -> Json {
    json!({
        "compute": { "type": "spot", "instance_types": ["optimal"], "max_vcpus": 64 },
        "images": ["quay.io/biocontainers/*"],
        "read_buckets": ["ngi-igenomes"],
        "network": {
            "mode": "proxy", "cidr": "192.168.0.0/16", "allow_domains": [".quay.io"]
        },
        "credentials": { "kind": "access_key", "deliver": "secrets_manager" },
    })
}

impl Researcher {
    fn render(&self, user: &str, layout: Layout) -> String {
        let mut lines =
            vec![format!("  account: {}\n", self.account), "  profile: standard\n".to_owned()];
        lines.extend(self.fields.iter().map(|(name, value)| format!("  {name}: {value}\n")));
        if layout == Layout::FileEachReversed {
            lines.reverse();
        }
        format!("{user}:\n{}", lines.concat())
    }
}

/// The permissions boundary that somebody else keeps in the account `main`.
pub const BOUNDARY: &str = "arn:aws:iam::111122223333:policy/boundary";

/// Makes what somebody else keeps: a permissions boundary, the role of a hub, and a network, which comes back as
/// `network` in a spec. Made first of all in its place, so that the ids are always the same.
pub fn put_surroundings(client: &OtherClient, place: &Place) -> Json {
    let put = |resource_type, attributes: &[(&str, Value)]| {
        let attributes: Attributes =
            attributes.iter().map(|(name, value)| ((*name).into(), value.clone())).collect();
        client.put_object(place, resource_type, attributes).unwrap().to_string()
    };
    let vpc = put("ec2.vpc", &[("cidr", "10.9.0.0/16".into())]);
    let subnets = ["10.9.0.0/20", "10.9.16.0/20"]
        .map(|cidr| put("ec2.subnet", &[("vpc_id", Value::text(&vpc)), ("cidr", cidr.into())]));
    let group = [("vpc_id", Value::text(&vpc)), ("name", "shared".into())];
    let group = put("ec2.security_group", &group);
    put("iam.policy", &[("name", "boundary".into()), ("path", "/".into())]);
    put("iam.role", &[("name", "hub".into()), ("path", "/".into())]);
    json!({ "mode": "existing", "vpc": vpc, "subnets": subnets, "security_groups": [group] })
}
