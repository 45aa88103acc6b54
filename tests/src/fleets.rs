//! Random fleets and random edits of them, for property tests.

use proptest::collection::vec;
use proptest::option;
use proptest::prelude::Just;
use proptest::prelude::Strategy;
use proptest::sample::select;
use proptest::test_runner::Config;
use proptest::test_runner::RngSeed;
use serde_json::Value as Json;
use serde_json::json;

use crate::spec::ACCOUNTS;
use crate::spec::BOUNDARY;
use crate::spec::FleetSpec;
use crate::spec::Researcher;
use crate::spec::put_surroundings;

/// Who may be in a random fleet.
const USERS: [&str; 4] = ["alice@uchicago.edu", "bob", "carol.x@example.org", "dan-2"];

/// A step in the life of a fleet.
#[derive(Debug, Clone)]
pub enum Edit {
    /// Sets or takes away a field of a researcher, if there is one of that number.
    Field(usize, &'static str, Option<Json>),
    /// Adds a researcher in place of any of the same name.
    Add(&'static str, Researcher),
    /// Removes a researcher, if there is one of that number.
    Remove(usize),
    /// Changes something of all platforms.
    ExpireDays(u32),
}

impl Edit {
    /// The fleet after it.
    pub fn apply(&self, mut fleet: FleetSpec) -> FleetSpec {
        let user = |fleet: &FleetSpec, number: usize| {
            let count = fleet.researchers.len().max(1);
            fleet.researchers.keys().nth(number % count).cloned()
        };
        match self {
            Self::Field(number, field, value) => {
                let Some(user) = user(&fleet, *number) else { return fleet };
                let account = &fleet.researchers[&user].account;
                let fits = value.as_ref().is_none_or(|value| fits(account, field, value));
                if fits { fleet.edited(&user, field, value.clone()) } else { fleet }
            }
            Self::Add(name, researcher) => {
                fleet.researchers.entry((*name).into()).or_insert_with(|| researcher.clone());
                fleet
            }
            Self::Remove(number) => {
                if let Some(user) = user(&fleet, *number) {
                    fleet.researchers.remove(&user);
                }
                fleet
            }
            Self::ExpireDays(days) => FleetSpec { expire_days: *days, ..fleet },
        }
    }
}

/// How many researchers share an account in a large fleet.
pub const CROWD: usize = 40;

/// A fleet of this many researchers, `user0` and on, so many to an account.
pub fn crowd(researchers: usize, to_an_account: usize) -> FleetSpec {
    let account = |number: usize| format!("account-{number}");
    let accounts = (0..researchers.div_ceil(to_an_account)).map(|number| {
        let place = format!("{:012}.us-east-1", 555_500_000_000 + number as u64);
        (account(number), place.parse().unwrap())
    });
    let specs = FleetSpec { accounts: accounts.collect(), ..FleetSpec::default() };
    (0..researchers).fold(specs, |specs, number| {
        specs.with(&format!("user{number}"), &account(number / to_an_account), &[])
    })
}

/// Fleets of one to four researchers in two accounts.
pub fn fleets() -> impl Strategy<Value = FleetSpec> {
    vec(researchers(), 1..=4).prop_map(|researchers| {
        let named = USERS.into_iter().map(str::to_owned).zip(researchers);
        FleetSpec { researchers: named.collect(), ..FleetSpec::default() }
    })
}

/// Lists of up to this many edits.
pub fn edits(most: usize) -> impl Strategy<Value = Vec<Edit>> {
    let edit = proptest::prop_oneof![
        6 => (0_usize..4, fields()).prop_map(|(number, (field, value))| {
            Edit::Field(number, field, value)
        }),
        1 => (select(&USERS[..]), researchers())
            .prop_map(|(name, researcher)| Edit::Add(name, researcher)),
        1 => (0_usize..4).prop_map(Edit::Remove),
        1 => (1_u32..400).prop_map(Edit::ExpireDays),
    ];
    vec(edit, 1..=most)
}

/// A researcher with some fields set.
fn researchers() -> impl Strategy<Value = Researcher> {
    (select(vec!["main", "main", "lab"]), vec(fields(), 0..6)).prop_map(|(account, fields)| {
        let fields = fields.into_iter().filter_map(|(field, value)| Some((field, value?)));
        let fields = fields.filter(|(field, value)| fits(account, field, value));
        Researcher { account: account.into(), fields: fields.collect() }
    })
}

/// Networks and policies that somebody else keeps belong to one account.
fn fits(account: &str, field: &str, value: &Json) -> bool {
    account == "main" || (field != "permissions_boundary" && value["mode"] != "existing")
}

/// A field and a value that fits whatever the others are.
fn fields() -> impl Strategy<Value = (&'static str, Option<Json>)> {
    choices().prop_flat_map(|(field, values)| (Just(field), option::weighted(0.8, select(values))))
}

fn choices() -> impl Strategy<Value = (&'static str, Vec<Json>)> {
    select(choice_table())
}

/// Every field with values for it.
pub fn choice_table() -> Vec<(&'static str, Vec<Json>)> {
    let place = ACCOUNTS[1].1.parse().unwrap();
    let network = put_surroundings(&nfplan_providers::sim::Sim::in_memory().other_client(), &place);
    let pipeline = "arn:aws:imagebuilder:us-east-1:111122223333:image-pipeline/jobs";
    vec![
        ("status", vec![json!("active"), json!("suspended"), json!("suspended")]),
        ("suspend", vec![json!({"release": true}), json!({"release": false})]),
        (
            "compute",
            vec![
                json!({"max_vcpus": 128, "min_vcpus": 4}),
                json!({"type": "ec2"}),
                json!({"type": "ec2", "strategy": "best_fit"}),
                json!({"strategy": "spot_capacity_optimized", "bid_percentage": 70}),
                json!({"strategy": "best_fit", "max_vcpus": 8}),
                json!({"ami": {"id": "ami-0123456789abcdef0"}}),
                json!({"ami": {"pipeline": pipeline}, "instance_types": ["optimal", "c5"]}),
            ],
        ),
        ("images", vec![json!([]), json!(["quay.io/x/{{username}}:*", "docker.io/library/*"])]),
        ("read_buckets", vec![json!([]), json!(["one-bucket", "another-bucket"])]),
        (
            "network",
            vec![
                network,
                json!({"mode": "proxy", "cidr": "10.0.0.0/16", "allow_domains": []}),
                json!({"allow_domains": [".quay.io", "example.org"]}),
            ],
        ),
        (
            "credentials",
            vec![
                json!({"deliver": "file"}),
                json!({"kind": "role", "assumable_by": ["arn:aws:iam::111122223333:role/hub"]}),
            ],
        ),
        ("tags", vec![json!({"cost-center": "42"}), json!({"cost-center": "7", "pi": "x"})]),
        ("permissions_boundary", vec![json!(BOUNDARY)]),
        ("labels", vec![json!({"team": "a"})]),
    ]
}

/// Property tests that try the same cases on every machine.
pub fn cases(count: u32) -> Config {
    Config {
        cases: count,
        rng_seed: RngSeed::Fixed(20_240_611),
        failure_persistence: None,
        max_shrink_iters: 20,
        ..Config::default()
    }
}
