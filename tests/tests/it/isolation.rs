//! Researchers of one account are kept apart, and nfplan notices when they would not be.

use std::collections::BTreeMap;
use std::collections::BTreeSet;

use nfplan_cli::planning::Purpose;
use nfplan_cli::planning::Request;
use nfplan_cli::planning::preview_fleet;
use nfplan_cli::selection::Selected;
use nfplan_cli::selection::Universe;
use nfplan_engine::access::decision::Attached;
use nfplan_engine::access::decision::Decision;
use nfplan_engine::access::decision::ResourcePolicy;
use nfplan_engine::access::decision::decide;
use nfplan_engine::access::document::Document;
use nfplan_engine::access::document::Rule;
use nfplan_engine::access::isolation::Account;
use nfplan_engine::access::isolation::Actor;
use nfplan_engine::access::isolation::Isolation;
use nfplan_engine::access::isolation::Kind;
use nfplan_engine::access::isolation::Shared;
use nfplan_engine::access::isolation::check;
use nfplan_engine::plan::Refresh;
use nfplan_engine::policy::Effect;
use nfplan_engine::refusal::RefusalKind;
use nfplan_tests::site::Site;
use nfplan_tests::site::block_on;
use nfplan_tests::spec::FleetSpec;
use serde_json::Value as Json;
use serde_json::json;

const BUCKET: &str = "data-example-org-nf-111122223333";

fn crowd() -> FleetSpec {
    let role = json!({"kind": "role", "assumable_by": ["arn:aws:iam::111122223333:role/hub"]});
    FleetSpec::of("alice", &[])
        .with("bob", "main", &[])
        .with("carol", "main", &[("credentials", role)])
        .with("dan", "main", &[("status", json!("suspended"))])
        .with("erin", "lab", &[])
}

/// The verdict on the account `main` once the plan is applied.
fn verdict(site: &Site) -> Isolation {
    let planned = site.plan(Refresh::Bulk);
    planned.access.verdicts[&"111122223333.us-east-1".parse().unwrap()].clone()
}

fn shared(verdict: &Isolation) -> BTreeMap<Shared, usize> {
    verdict.exposed.iter().map(|one| (one.shared, one.researchers.len())).collect()
}

#[test]
fn researchers_are_proved_apart_before_the_first_apply_and_after_it() {
    let site = Site::new(&crowd());
    let planned = verdict(&site);
    assert!(planned.is_proved(), "{planned:#?}");
    assert_eq!(planned.researchers, 4);
    // The one who is suspended may do nothing at all.
    let expected = [Shared::JobsSeen, Shared::JobsEnded, Shared::Definitions, Shared::Logs]
        .map(|one| (one, 3));
    assert_eq!(shared(&planned), expected.into());
    site.apply_fully();
    assert_eq!(verdict(&site), planned);
}

/// Lets the first researcher of the account do this.
fn let_alice(account: &mut Account, action: &str, resource: &str) {
    let rule = Rule {
        name: "Planted".into(),
        effect: Effect::Allow,
        principals: None,
        actions: vec![action.to_lowercase()],
        resources: Some(vec![resource.to_owned()]),
        conditions: Vec::new(),
    };
    let document = Document { rules: vec![rule], strange: Vec::new() };
    let policy = Attached { object: "planted".into(), document, origins: BTreeMap::new() };
    let client = account.researchers[0].actors.get_mut(&Actor::Client).unwrap();
    client.policies.push(policy);
}

#[test]
fn a_statement_that_opens_anything_of_another_is_a_leak_with_a_request_that_shows_it() {
    let site = Site::new(&crowd());
    site.apply_fully();
    let sound = site.access_around("alice");
    let mut kinds = BTreeSet::new();
    for (kind, target) in sound.researchers.iter().skip(1).flat_map(|one| one.own.clone()) {
        for action in target.actions {
            if *action == "sts:AssumeRole" {
                // Without the role's consent this opens nothing.
                continue;
            }
            for resource in [target.resource.as_str(), "*"] {
                let mut account = sound.clone();
                let_alice(&mut account, action, resource);
                let found = check(&account);
                let leak = found.leaks.iter().find(|leak| leak.kind == kind);
                let leak = leak.unwrap_or_else(|| panic!("{action} on {resource}: {found:#?}"));
                assert_eq!(leak.by.statement, "Planted");
                let alice = &account.researchers[0].actors[&Actor::Client];
                let owner = account.researchers.iter().find(|one| one.unit == leak.to).unwrap();
                let policies: Vec<&ResourcePolicy> =
                    account.policies.iter().chain(&owner.policies).collect();
                let decision = decide(alice, &policies, &leak.request);
                assert_eq!(decision, Decision::Allowed(leak.by.clone()), "{action} on {resource}");
                kinds.insert(kind);
            }
        }
    }
    assert_eq!(kinds, Kind::ALL.into());
}

#[test]
fn what_may_turn_out_to_be_within_reach_is_no_proof() {
    let site = Site::new(&crowd());
    site.plan(Refresh::Bulk);
    let mut project = site.project();
    let planned = block_on(async {
        let universe = Universe::survey(Some(&project.fleet), &project.store).await.unwrap();
        let (selected, refresh) = (Selected::Everything, Refresh::None);
        let request = Request::new(selected, Purpose::Apply);
        let request = Request { refresh, locked: true, ..request };
        preview_fleet(&mut project, &universe, &request).await.unwrap()
    });
    let place = "111122223333.us-east-1".parse().unwrap();
    let mut account = planned.access.accounts.unwrap().remove(&place).unwrap();
    assert!(check(&account).is_proved());
    // The ARN of a secret ends in letters that nobody knows before it is made.
    let_alice(&mut account, "secretsmanager:GetSecretValue", "arn:aws:secretsmanager:*:secret:*");
    let found = check(&account);
    assert!(!found.is_proved());
    assert!(found.unknown.iter().all(|doubt| doubt.kind == Kind::Secret), "{found:#?}");
    assert!(found.leaks.is_empty());
}

#[test]
fn specs_that_open_the_data_bucket_for_reading_are_refused_with_their_line() {
    let fields: [(&str, Json); 1] = [("read_buckets", json!(["ngi-igenomes", BUCKET]))];
    let site = Site::new(&crowd().with("mallory", "main", &fields));
    let planned = site.plan(Refresh::Bulk);
    assert_eq!(planned.refused.len(), 1);
    let (unit, refusals) = planned.refused.first_key_value().unwrap();
    assert_eq!(unit.user().unwrap().to_string(), "mallory");
    for refusal in refusals {
        assert_eq!(refusal.kind, RefusalKind::Leak);
        let text = refusal.to_string();
        assert!(text.contains("ReadBuckets") && text.contains("a00005.yaml:"), "{text}");
    }
    let kinds: BTreeSet<(Kind, Actor)> =
        verdict(&site).leaks.iter().map(|leak| (leak.kind, leak.actor)).collect();
    let expected = [Kind::Read, Kind::List]
        .into_iter()
        .flat_map(|kind| [(kind, Actor::Client), (kind, Actor::Jobs)]);
    assert_eq!(kinds, expected.collect());
}

#[test]
fn a_role_that_another_researcher_may_assume_is_a_leak() {
    let alice = "arn:aws:iam::111122223333:user/data-example-org-nf-alice";
    for (principal, kinds) in
        [(alice, vec![Kind::Role]), ("arn:aws:iam::111122223333:root", vec![])]
    {
        let role = json!({"kind": "role", "assumable_by": [principal]});
        let site = Site::new(&crowd().edited("carol", "credentials", Some(role)));
        let found: Vec<Kind> = verdict(&site).leaks.iter().map(|leak| leak.kind).collect();
        assert_eq!(found, kinds, "{principal}");
    }
}

#[test]
fn a_name_that_begins_as_anothers_shares_the_names_of_objects_and_nothing_else() {
    let site =
        Site::new(&FleetSpec::of("ann@example.co", &[]).with("ann@example.com", "main", &[]));
    let verdict = verdict(&site);
    assert!(verdict.is_proved(), "{verdict:#?}");
    assert_eq!(shared(&verdict)[&Shared::Names], 2);
}

#[test]
fn a_role_without_an_endpoint_of_its_own_can_be_borrowed() {
    let site = Site::new(&crowd());
    site.write(&crowd().edited("bob", "network", Some(site.network("main"))));
    let found = verdict(&site);
    assert!(found.is_proved(), "{found:#?}");
    let borrowed = found.exposed.iter().find(|one| one.shared == Shared::BorrowedRole).unwrap();
    assert!(borrowed.researchers.iter().all(|unit| unit.to_string().ends_with("/bob")));
}

#[test]
fn a_network_that_is_another_researchers_own_lends_the_owners_role_out() {
    let site = Site::new(&crowd());
    site.apply_fully();
    let bob = site.units().into_iter().find(|unit| unit.to_string().ends_with("/bob")).unwrap();
    let state = site.state(&bob).unwrap();
    let id = |address: &str| {
        let entry = &state.entries[&address.parse().unwrap()];
        entry.current.as_ref().unwrap().outputs["id"].as_text().unwrap().to_owned()
    };
    let network = json!({
        "mode": "existing",
        "vpc": id("ec2.vpc/main"),
        "subnets": [id("ec2.subnet/compute-0")],
        "security_groups": [id("ec2.security_group/compute")],
    });
    site.write(&crowd().with("zoe", "main", &[("network", network)]));
    let found = verdict(&site);
    let borrowed = found.exposed.iter().find(|one| one.shared == Shared::BorrowedRole).unwrap();
    let whose: Vec<&str> =
        borrowed.researchers.iter().map(|unit| unit.user().unwrap().as_str()).collect();
    assert_eq!(whose, ["bob", "zoe"]);
}

#[test]
fn those_who_are_in_no_plan_count_as_their_states_have_them() {
    let site = Site::new(&crowd());
    site.apply_fully();
    let mut account = site.access_around("bob");
    let all = site.access_around("alice").researchers.len();
    assert_eq!(account.researchers.len(), all);
    let_alice(&mut account, "s3:GetObject", "*");
    let found = check(&account);
    assert_eq!(found.leaks.len(), 1);
    assert!(found.leaks[0].from.to_string().ends_with("/alice"));
    assert_eq!(found.leaks[0].others, 2);
}
