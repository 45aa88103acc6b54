//! The crates form a star around the engine, and the engine stays free of what only its ports know.

use std::collections::BTreeMap;
use std::collections::BTreeSet;

use cargo_metadata::Metadata;
use cargo_metadata::MetadataCommand;
use cargo_metadata::Package;
use cargo_metadata::PackageId;

/// Which of the project's own crates each may depend on, by whatever kind of dependency.
const ALLOWED: [(&str, &[&str]); 6] = [
    ("nfplan-engine", &[]),
    ("nfplan-specs", &["nfplan-engine"]),
    ("nfplan-state", &["nfplan-engine"]),
    ("nfplan-providers", &["nfplan-engine"]),
    ("nfplan-cli", &["nfplan-engine", "nfplan-providers", "nfplan-specs", "nfplan-state"]),
    (
        "nfplan-tests",
        &["nfplan-cli", "nfplan-engine", "nfplan-providers", "nfplan-specs", "nfplan-state"],
    ),
];

/// What may not come near the engine, directly or through others: clouds, YAML, command lines,
/// runtimes with clocks, files.
const FOREIGN: [&str; 9] = [
    "aws-",
    "serde-saphyr",
    "serde_yaml",
    "clap",
    "tokio",
    "tempfile",
    "anstream",
    "console",
    "uuid",
];

#[expect(clippy::unwrap_used, reason = "a helper of tests only")]
fn metadata() -> Metadata {
    MetadataCommand::new()
        .manifest_path(concat!(env!("CARGO_MANIFEST_DIR"), "/../Cargo.toml"))
        .features(cargo_metadata::CargoOpt::AllFeatures)
        .other_options(["--offline".to_owned(), "--locked".to_owned()])
        .exec()
        .unwrap()
}

#[test]
fn crates_depend_on_each_other_only_as_the_star_allows() {
    let metadata = metadata();
    let members: BTreeMap<&str, &Package> = metadata
        .workspace_packages()
        .into_iter()
        .map(|package| (package.name.as_str(), package))
        .collect();
    assert_eq!(
        members.keys().copied().collect::<BTreeSet<_>>(),
        ALLOWED.iter().map(|(name, _)| *name).collect::<BTreeSet<_>>()
    );
    for (name, allowed) in ALLOWED {
        let own = members[name].dependencies.iter().map(|dependency| dependency.name.as_str());
        let own: BTreeSet<&str> =
            own.filter(|dependency| members.contains_key(dependency)).collect();
        let extra: Vec<_> = own.difference(&allowed.iter().copied().collect()).copied().collect();
        assert!(extra.is_empty(), "{name} may not depend on {extra:?}");
    }
}

#[test]
fn the_engine_reaches_no_cloud_file_format_command_line_or_runtime() {
    let metadata = metadata();
    let engine = metadata.packages.iter().find(|package| package.name.as_str() == "nfplan-engine");
    let resolve = metadata.resolve.as_ref().unwrap();
    let normal = |id: &PackageId| {
        let node = resolve.nodes.iter().find(|node| node.id == *id).unwrap();
        let needed = node.deps.iter().filter(|dependency| {
            dependency
                .dep_kinds
                .iter()
                .any(|kind| kind.kind != cargo_metadata::DependencyKind::Development)
        });
        needed.map(|dependency| dependency.pkg.clone()).collect::<Vec<_>>()
    };
    let mut seen = BTreeSet::new();
    let mut open = vec![engine.unwrap().id.clone()];
    while let Some(id) = open.pop() {
        if seen.insert(id.clone()) {
            open.extend(normal(&id));
        }
    }
    for id in seen {
        let name = metadata[&id].name.as_str();
        assert!(
            !FOREIGN.iter().any(|foreign| name.starts_with(foreign)),
            "the engine reaches {name}"
        );
    }
}
