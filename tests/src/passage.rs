//! Ways from one fleet to another: together they have every kind of plan and every kind of step.

use std::fs;

use jiff::Timestamp;
use nfplan_cli::applying::Outcomes;
use nfplan_cli::planning::FleetPlan;
use nfplan_cli::planning::Purpose;
use nfplan_engine::address::Address;
use nfplan_engine::address::RemoteId;
use nfplan_engine::address::UnitId;
use nfplan_engine::plan::Refresh;
use nfplan_engine::value::Value;
use nfplan_providers::sim::Sim;
use serde_json::Value as Json;
use serde_json::json;

use crate::picture::Picture;
use crate::site::Site;
use crate::site::assert_applied;
use crate::spec::BOUNDARY;
use crate::spec::FleetSpec;

/// The researcher whose workspace is changed.
pub const ALICE: &str = "alice@uchicago.edu";

/// From which fleet to which one.
#[derive(Debug, Clone)]
pub struct Passage {
    /// What it is called.
    pub name: &'static str,
    before: FleetSpec,
    after: After,
}

#[derive(Debug, Clone)]
enum After {
    /// The specs change.
    Specs(FleetSpec),
    /// The specs stay, and these resources are replaced.
    Replaced(&'static [&'static str]),
    /// The specs stay, and what somebody else changed is changed back.
    Mended,
    /// The specs stay, and this is asked for after what was asked for before.
    Asked(&'static [Purpose], Purpose),
    /// Something else made it all, under the same names, and it is taken over.
    Adopted,
    /// Everything is destroyed.
    Nothing,
}

/// The names of all passages.
pub const PASSAGES: [&str; 20] = [
    "create",
    "update",
    "mend",
    "replace",
    "new network",
    "new key",
    "rotate",
    "end rotation",
    "revoke",
    "reinstate",
    "adopt",
    "in slot",
    "blue green",
    "suspend",
    "release",
    "resume",
    "resume released",
    "destroy",
    "platform",
    "everything",
];

impl Passage {
    /// The passage of this name.
    pub fn named(name: &str) -> Self {
        let name = PASSAGES.into_iter().find(|known| *known == name).expect("a passage's name");
        let (before, after) = match name {
            "create" => (zoe(), After::Specs(zoe().with(ALICE, "main", &[]))),
            "update" => (alice(&[]), After::Specs(alice(&updated()))),
            "mend" => (alice(&[]), After::Mended),
            "replace" => (alice(&[]), After::Specs(alice(&replaced()))),
            "new network" => {
                let network = vec![("network", json!({"cidr": "10.0.0.0/16"}))];
                (alice(&[]), After::Specs(alice(&network)))
            }
            "new key" => (alice(&[]), After::Replaced(&["iam.access_key/client"])),
            "rotate" => (alice(&[]), After::Asked(&[], ROTATE)),
            "end rotation" => (alice(&[]), After::Asked(&[ROTATE], Purpose::EndRotation)),
            "revoke" => (alice(&[]), After::Asked(&[ROTATE], Purpose::Revoke)),
            "reinstate" => (alice(&[]), After::Asked(&[Purpose::Revoke], Purpose::Reinstate)),
            "adopt" => (alice(&[]), After::Adopted),
            "in slot" => (alice(&[]), After::Replaced(&["iam.instance_profile/instance"])),
            "blue green" => (alice(&best_fit(60)), After::Specs(alice(&best_fit(70)))),
            "suspend" => (alice(&[]), After::Specs(alice(&suspended(false)))),
            "release" => (alice(&[]), After::Specs(alice(&suspended(true)))),
            "resume" => (alice(&suspended(false)), After::Specs(alice(&[]))),
            "resume released" => (alice(&suspended(true)), After::Specs(alice(&[]))),
            "destroy" => (alice(&[]), After::Nothing),
            "platform" => {
                let before = alice(&[]);
                (before.clone(), After::Specs(FleetSpec { expire_days: 60, ..before }))
            }
            _ => (FleetSpec::default(), After::Specs(alice(&[]))),
        };
        Self { name, before, after }
    }

    /// A project in which everything is as before, and the specs are those to come.
    pub fn start(&self) -> Site {
        let site = Site::new(&self.before);
        site.apply_fully();
        match &self.after {
            After::Specs(specs) => site.write(specs),
            After::Mended => meddle(&site),
            After::Adopted => disown(&site),
            After::Asked(before, _) => {
                for purpose in *before {
                    assert_applied(&site.carry_out(site.plan_for(*purpose)));
                }
            }
            After::Replaced(_) | After::Nothing => {}
        }
        site.cloud.clear_call_log();
        site
    }

    /// The plan of the way.
    pub fn plan(&self, site: &Site) -> FleetPlan {
        match &self.after {
            After::Specs(_) | After::Mended => site.plan(Refresh::Deep),
            After::Replaced(addresses) => {
                let parse = |text: &&str| -> Address { text.parse().unwrap() };
                site.plan_replacing(addresses.iter().map(parse).collect())
            }
            After::Asked(_, purpose) => site.plan_for(*purpose),
            After::Adopted => site.plan_for(Purpose::Adopt),
            After::Nothing => site.plan_destroy(),
        }
    }

    /// What a second command does about a first one that failed: it ends open runs and goes the
    /// way again, or what is left of it.
    pub fn go_again(&self, site: &Site) -> Outcomes {
        let mut outcomes = site.recover();
        outcomes.extend(site.carry_out(self.plan_the_rest(site)));
        outcomes
    }

    /// The plan of what is left of the way. What was to be replaced is as good as replaced.
    pub fn plan_the_rest(&self, site: &Site) -> FleetPlan {
        match &self.after {
            After::Nothing => site.plan_destroy(),
            // A second rotation would be another one.
            After::Asked(_, Purpose::Rotate { .. }) if holds(site) => site.plan(Refresh::Deep),
            After::Asked(_, purpose) => site.plan_for(*purpose),
            After::Adopted => site.plan_for(Purpose::Adopt),
            After::Specs(_) | After::Mended | After::Replaced(_) => site.plan(Refresh::Deep),
        }
    }

    /// What the cloud looks like at the end, if nothing goes wrong.
    pub fn goal(&self, start: &Site) -> Picture {
        let site = start.fork();
        assert_applied(&site.carry_out(self.plan(&site)));
        Picture::of(&site)
    }
}

/// A rotation after which the old key stays for long.
const ROTATE: Purpose = Purpose::Rotate { hold_until: Some(Timestamp::MAX) };

/// Whether some workspace holds on to a key.
fn holds(site: &Site) -> bool {
    let states = site.units().into_iter().filter_map(|unit| site.state(&unit));
    states
        .flat_map(|state| state.entries.into_values())
        .flat_map(|entry| entry.deposed)
        .any(|object| object.held_until.is_some())
}

/// Makes everything look as if something else had made it: without states, and with the tags that
/// Hatchery gives, of which there are at most two.
pub fn disown(site: &Site) {
    let place = site.units()[0].place().clone();
    let client = site.cloud.other_client();
    for object in site.cloud.objects(&place).unwrap() {
        let Some(Value::Map(tags)) = object.attributes.get("tags") else { continue };
        let mut tags = tags.clone();
        // Hatchery tags no security group.
        let kept = |key: &str| {
            ["Name", "Environment"].contains(&key) && object.resource_type != "ec2.security_group"
        };
        tags.retain(|key, _| kept(key));
        let target = (object.resource_type, object.remote_id.as_str());
        client.set_attribute(&place, target, "tags", Some(Value::Map(tags))).unwrap();
    }
    fs::remove_dir_all(site.root().join(".nfplan/state")).unwrap();
}

/// Changes by hand what has no field in a spec.
fn meddle(site: &Site) {
    for unit in site.units() {
        for (address, entry) in site.state(&unit).unwrap().entries {
            if let Some(object) = entry.current {
                meddle_with(&site.cloud, &unit, &address, &object.remote_id);
            }
        }
    }
}

/// Changes an object by hand; whether there is something to change.
pub fn meddle_with(cloud: &Sim, unit: &UnitId, address: &Address, id: &RemoteId) -> bool {
    let (client, resource_type) = (cloud.other_client(), address.resource_type.as_str());
    let mut changed = false;
    for (_, name, value) in MEDDLING.iter().filter(|(of, ..)| *of == resource_type) {
        let value = serde_json::from_str(value).unwrap();
        let target = (resource_type, id.as_str());
        client.set_attribute(unit.place(), target, name, Some(value)).unwrap();
        changed = true;
    }
    changed
}

/// Attributes of types, and values that nobody wants, as JSON.
const MEDDLING: [(&str, &str, &str); 17] = [
    ("batch.job_queue", "priority", "7"),
    ("ec2.instance", "metadata_tokens", "\"optional\""),
    ("ec2.instance", "source_dest_check", "true"),
    ("ec2.security_group", "egress", "[]"),
    ("ec2.subnet", "map_public_ip", "true"),
    ("ec2.vpc", "dns_hostnames", "false"),
    ("iam.access_key", "status", "\"Inactive\""),
    ("iam.role", "max_session_seconds", "7200"),
    ("iam.user", "policy_arns", "[]"),
    ("kms.key", "description", "\"mine\""),
    ("kms.key", "rotation", "false"),
    ("logs.log_group", "retention_days", "1"),
    ("s3.bucket", "object_ownership", "\"ObjectWriter\""),
    ("s3.bucket_encryption", "bucket_key", "false"),
    ("s3.public_access_block", "block_public_acls", "false"),
    ("s3.public_access_block", "block_public_policy", "false"),
    ("secretsmanager.secret", "description", "\"mine\""),
];

type Fields = Vec<(&'static str, Json)>;

fn alice(fields: &[(&'static str, Json)]) -> FleetSpec {
    FleetSpec::of(ALICE, fields)
}

/// Somebody for whom there is a platform already, and hardly anything else.
fn zoe() -> FleetSpec {
    let network = Site::new(&FleetSpec::default()).network("main");
    FleetSpec::of("zoe", &[("network", network)])
}

/// Whatever changes in place.
fn updated() -> Fields {
    vec![
        ("compute", json!({"max_vcpus": 128, "min_vcpus": 2, "bid_percentage": 70})),
        ("images", json!(["docker.io/library/*"])),
        ("read_buckets", json!(["another-bucket"])),
        ("network", json!({"allow_domains": ["example.org"]})),
        ("permissions_boundary", json!(BOUNDARY)),
        ("tags", json!({"cost-center": "42"})),
        ("labels", json!({"team": "a"})),
    ]
}

/// What cannot change in place, but for the network.
fn replaced() -> Fields {
    vec![
        ("compute", json!({"type": "ec2", "strategy": "best_fit"})),
        ("credentials", json!({"deliver": "file"})),
    ]
}

/// A strategy with which every change of the machines takes another compute environment.
fn best_fit(bid_percentage: u32) -> Fields {
    vec![("compute", json!({"strategy": "best_fit", "bid_percentage": bid_percentage}))]
}

fn suspended(release: bool) -> Fields {
    vec![("status", json!("suspended")), ("suspend", json!({"release": release}))]
}
