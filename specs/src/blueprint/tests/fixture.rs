//! Settings to expand, and questions to ask of expansions.

use std::collections::BTreeMap;
use std::collections::BTreeSet;

use nfplan_engine::address::Address;
use nfplan_engine::address::EscapedUser;
use nfplan_engine::address::External;
use nfplan_engine::address::Place;
use nfplan_engine::address::Reference;
use nfplan_engine::address::UnitId;
use nfplan_engine::desired::Expansion;
use nfplan_engine::desired::Origin;
use nfplan_engine::desired::Resource;
use nfplan_engine::expr::Expr;
use nfplan_engine::expr::Lookup;
use nfplan_engine::value::Value;

use crate::blueprint::names::KnownAddress;
use crate::blueprint::workspace;
use crate::settings::Ami;
use crate::settings::At;
use crate::settings::Compute;
use crate::settings::ComputeKind;
use crate::settings::Credentials;
use crate::settings::Delivery;
use crate::settings::Environment;
use crate::settings::Network;
use crate::settings::PlatformSettings;
use crate::settings::Status;
use crate::settings::WorkspaceSettings;

/// A value from line `line`.
pub(super) fn at<T>(line: u32, value: T) -> At<T> {
    At { value, origin: Origin { file: 0, line, column: 1 } }
}

pub(super) fn texts(items: &[&str]) -> Vec<Box<str>> {
    items.iter().map(|&item| item.into()).collect()
}

fn environment() -> Environment {
    Environment { name: "data.example.org".into(), blueprint: 1 }
}

fn place() -> Place {
    "111122223333.us-east-1".parse().unwrap()
}

pub(super) fn platform_settings() -> PlatformSettings {
    PlatformSettings {
        place: place(),
        environment: environment(),
        expire_days: at(5, 30),
        files: texts(&["nfplan.yaml"]),
        origin: at(4, ()).origin,
    }
}

/// Proxy network, access key in Secrets Manager, active.
pub(super) fn settings() -> WorkspaceSettings {
    WorkspaceSettings {
        unit: UnitId::Workspace(place(), EscapedUser::new("alice").unwrap()),
        environment: environment(),
        user: "alice".into(),
        escaped: EscapedUser::new("alice").unwrap(),
        revoked: false,
        status: at(10, Status::Active),
        release: at(11, false),
        compute: Compute {
            kind: at(12, ComputeKind::Spot),
            instance_types: at(13, texts(&["optimal"])),
            min_vcpus: at(14, 4),
            max_vcpus: at(15, 64),
            strategy: at(16, "SPOT_PRICE_CAPACITY_OPTIMIZED".into()),
            bid_percentage: None,
            ami: at(17, Ami::EcsOptimized),
            cli_path: None,
        },
        images: at(18, texts(&["quay.io/biocontainers/*"])),
        read_buckets: at(19, texts(&["ngi-igenomes"])),
        network: at(20, proxy("192.168.0.0/16", &[".quay.io"])),
        credentials: at(21, Credentials::AccessKey(Delivery::SecretsManager)),
        tags: BTreeMap::from([("cost-center".into(), at(22, "42".into()))]),
        labels: BTreeMap::new(),
        permissions_boundary: None,
        protect: at(23, false),
        files: texts(&["nfplan.yaml"]),
        origin: at(9, ()).origin,
    }
}

pub(super) fn proxy(cidr: &str, domains: &[&str]) -> Network {
    Network::Proxy { cidr: cidr.parse().unwrap(), allow_domains: texts(domains) }
}

pub(super) fn existing() -> Network {
    Network::Existing {
        vpc: "vpc-1".into(),
        subnets: texts(&["subnet-1", "subnet-2"]),
        security_groups: texts(&["sg-1"]),
    }
}

pub(super) fn pins() -> BTreeMap<Box<str>, Value> {
    BTreeMap::from([
        ("image:ecs-al2023-x86_64".into(), "ami-ecs".into()),
        ("zones:optimal".into(), Value::list(["use1-az4", "use1-az1", "use1-az2", "use1-az6"])),
        ("image:unused".into(), "ami-unused".into()),
    ])
}

pub(super) fn expand(settings: &WorkspaceSettings) -> Expansion {
    workspace(settings, &pins()).unwrap()
}

/// Every combination of the choices that decide which resources there are, with its description.
pub(super) fn variants() -> Vec<(String, WorkspaceSettings)> {
    let networks = [proxy("192.168.0.0/16", &[".quay.io"]), proxy("10.0.0.0/18", &[]), existing()];
    let ways_in = [
        Credentials::AccessKey(Delivery::SecretsManager),
        Credentials::AccessKey(Delivery::File),
        Credentials::Role(texts(&["arn:aws:iam::111122223333:role/hub"])),
    ];
    let statuses = [(Status::Active, false), (Status::Suspended, false), (Status::Suspended, true)];
    let boundaries = [None, Some("arn:aws:iam::111122223333:policy/boundary")];
    let mut variants = Vec::new();
    for network in &networks {
        for way_in in &ways_in {
            for (status, release) in statuses {
                for boundary in boundaries {
                    let name = format!("{network:?} {way_in:?} {status:?} {release} {boundary:?}");
                    let mut settings = settings();
                    settings.network.value = network.clone();
                    settings.credentials.value = way_in.clone();
                    settings.status.value = status;
                    settings.release.value = release;
                    settings.permissions_boundary = boundary.map(|arn| at(24, arn.into()));
                    variants.push((name, settings));
                }
            }
        }
    }
    variants
}

pub(super) fn suspended() -> WorkspaceSettings {
    WorkspaceSettings { status: at(10, Status::Suspended), ..settings() }
}

pub(super) fn find(expansion: &Expansion, known: KnownAddress) -> Option<&Resource> {
    let address = known.address();
    expansion.resources.iter().find(|resource| resource.address == address)
}

pub(super) fn resource(expansion: &Expansion, known: KnownAddress) -> &Resource {
    find(expansion, known).unwrap_or_else(|| panic!("{} is missing", known.address()))
}

/// The known value of an attribute.
pub(super) fn value(expansion: &Expansion, known: KnownAddress, attribute: &str) -> Value {
    resource(expansion, known).inputs[attribute].known().unwrap()
}

/// Everything that must exist before a resource.
pub(super) fn prerequisites(expansion: &Expansion, known: KnownAddress) -> BTreeSet<Address> {
    let mut found = BTreeSet::new();
    let mut open = vec![known.address()];
    while let Some(address) = open.pop() {
        let resource = expansion.resources.iter().find(|resource| resource.address == address);
        for needed in needs(resource.unwrap()) {
            if found.insert(needed.clone()) {
                open.push(needed);
            }
        }
    }
    found
}

/// What a resource refers to or depends on.
pub(super) fn needs(resource: &Resource) -> BTreeSet<Address> {
    let references = references(resource).into_iter().map(|reference| reference.address);
    references.chain(resource.depends_on.iter().cloned()).collect()
}

pub(super) fn references(resource: &Resource) -> BTreeSet<Reference> {
    resource.inputs.values().flat_map(|expr| expr.dependencies().references).collect()
}

/// A policy with every reference replaced by its own text: `ec2.vpc/main#id`.
pub(super) fn policy(expansion: &Expansion, known: KnownAddress, attribute: &str) -> Value {
    let expr = &resource(expansion, known).inputs[attribute];
    let dependencies = expr.dependencies();
    let references = dependencies.references.into_iter();
    let externals = dependencies.externals.into_iter();
    let names = Names {
        references: references.map(|r| (r.clone(), Value::from(r.to_string()))).collect(),
        externals: externals.map(|e| (e.clone(), Value::from(e.reference.to_string()))).collect(),
    };
    match expr.resolve(&names) {
        Expr::Value(value) => value,
        other => panic!("unresolved: {other:?}"),
    }
}

struct Names {
    references: BTreeMap<Reference, Value>,
    externals: BTreeMap<External, Value>,
}

impl Lookup for Names {
    fn reference(&self, reference: &Reference) -> Option<&Value> {
        self.references.get(reference)
    }
    fn external(&self, external: &External) -> Option<&Value> {
        self.externals.get(external)
    }
}
