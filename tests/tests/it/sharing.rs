//! What others add to the data bucket's policy and lifecycle is kept, told, judged and counted.

use nfplan_cli::exit::Exit;
use nfplan_cli::planning::FleetPlan;
use nfplan_cli::planning::Purpose;
use nfplan_engine::access::decision::StatementRef;
use nfplan_engine::access::isolation::Isolation;
use nfplan_engine::access::isolation::Kind;
use nfplan_engine::access::isolation::check;
use nfplan_engine::address::Address;
use nfplan_engine::address::Place;
use nfplan_engine::address::RemoteId;
use nfplan_engine::address::UnitId;
use nfplan_engine::change::Action;
use nfplan_engine::drift::Cause;
use nfplan_engine::expr::Expr;
use nfplan_engine::plan::Refresh;
use nfplan_engine::provider::DeleteRequest;
use nfplan_engine::provider::Depth;
use nfplan_engine::provider::Provider;
use nfplan_engine::refusal::RefusalKind;
use nfplan_engine::value::Attributes;
use nfplan_engine::value::Value;
use nfplan_providers::registry::schemas;
use nfplan_tests::passage::disown;
use nfplan_tests::site::Site;
use nfplan_tests::site::assert_applied;
use nfplan_tests::site::block_on;
use nfplan_tests::spec::FleetSpec;
use serde_json::Value as Json;
use serde_json::json;

use crate::drift_report::text;

const BUCKET: &str = "data-example-org-nf-111122223333";
const POLICY: &str = "s3.bucket_policy";
const LIFECYCLE: &str = "s3.bucket_lifecycle";

fn place() -> Place {
    "111122223333.us-east-1".parse().unwrap()
}

fn value(json: &Json) -> Value {
    serde_json::from_value(json.clone()).unwrap()
}

/// One that lets the auditors of another account read.
fn statement() -> Json {
    json!({
        "Sid": "Audit", "Effect": "Allow", "Principal": {"AWS": ["arn:aws:iam::999900001111:root"]},
        "Action": ["s3:GetObject"], "Resource": [format!("arn:aws:s3:::{BUCKET}/*")],
    })
}

/// One with fields that nfplan never sets.
fn rule() -> Json {
    json!({
        "id": "archive", "prefix": "shared/", "tags": {"keep": "yes"}, "expire_days": 900,
        "transitions": [{"days": 60, "storage_class": "GLACIER"}],
    })
}

/// The bucket's policy or lifecycle as it is in the cloud.
fn live(site: &Site, resource_type: &str) -> Value {
    let mut objects = site.cloud.objects(&place()).unwrap().into_iter();
    let is = |id: &RemoteId| id.as_str() == BUCKET;
    let object = objects.find(|o| o.resource_type == resource_type && is(&o.remote_id)).unwrap();
    let name = if resource_type == POLICY { "policy" } else { "rules" };
    object.attributes[name].clone()
}

fn parts(whole: &Value) -> Vec<Value> {
    let list = whole.as_map().map_or(whole, |document| &document["Statement"]);
    list.as_list().unwrap().to_vec()
}

/// Puts a policy or lifecycle by hand, in the form in which the cloud keeps it.
fn put(site: &Site, resource_type: &str, list: Vec<Value>) {
    let whole = match resource_type {
        POLICY => {
            let version = ("Version".into(), Value::text("2012-10-17"));
            Value::Map([version, ("Statement".into(), Value::List(list))].into())
        }
        _ => Value::List(list),
    };
    let name = if resource_type == POLICY { "policy" } else { "rules" };
    let mut attributes = Attributes::from([(name.into(), whole)]);
    schemas().find(&resource_type.parse().unwrap()).unwrap().normalise(&mut attributes);
    let (client, value) = (site.cloud.other_client(), attributes.remove(name));
    client.set_attribute(&place(), (resource_type, BUCKET), name, value).unwrap();
}

/// Adds a part by hand.
fn add(site: &Site, resource_type: &str, part: &Json) {
    let mut list = parts(&live(site, resource_type));
    list.push(value(part));
    put(site, resource_type, list);
}

fn has(site: &Site, resource_type: &str, part: &Json) -> bool {
    parts(&live(site, resource_type)).contains(&value(part))
}

/// Another client adds a statement and a rule.
fn meddle(site: &Site) {
    add(site, POLICY, &statement());
    add(site, LIFECYCLE, &rule());
}

#[track_caller]
fn assert_kept(site: &Site) {
    assert!(has(site, POLICY, &statement()), "{}", live(site, POLICY));
    assert!(has(site, LIFECYCLE, &rule()), "{}", live(site, LIFECYCLE));
}

#[track_caller]
fn assert_settled(site: &Site) {
    let planned = site.plan(Refresh::Deep);
    assert!(planned.units.is_empty() && planned.refused.is_empty(), "{:#?}", planned.units);
    assert_eq!(site.drift(Depth::Deep).exit(), Exit::Fine);
}

fn applied() -> Site {
    let site = Site::new(&FleetSpec::of("alice", &[]).with("bob", "main", &[]));
    site.apply_fully();
    site
}

fn changes(planned: &FleetPlan) -> Vec<(String, Action, Vec<String>)> {
    assert!(planned.refused.is_empty(), "{:#?}", planned.refused);
    let changes = planned.units.iter().flat_map(|unit| &unit.plan.changes).cloned();
    changes.map(|change| (change.address.to_string(), change.action, change.reasons)).collect()
}

#[test]
fn what_another_client_adds_is_drift_until_an_apply_takes_note_of_it_and_changes_nothing() {
    let site = applied();
    let before = live(&site, POLICY);
    meddle(&site);
    let found = site.drift(Depth::Deep);
    assert_eq!(found.exit(), Exit::Changes);
    for finding in found.findings() {
        assert_eq!(finding.cause, Cause::ChangedOutside, "{finding:#?}");
        assert_eq!(finding.wanted, finding.live.clone().map(Expr::Value));
    }
    let of_policy = found.findings().find(|finding| finding.attribute == Some("policy")).unwrap();
    assert_eq!(of_policy.applied, Some(before));
    assert_eq!(of_policy.live, Some(live(&site, POLICY)));
    let told = text(&found);
    for words in [
        "changed outside: ",
        "statement `Audit` is not nfplan's: it is kept",
        "rule `archive` is not nfplan's: it is kept",
        "apply changes nothing in the cloud: it takes note of what is there",
        "next: nfplan apply --refresh deep --select platform:111122223333",
    ] {
        assert!(told.contains(words), "{words}\n{told}");
    }

    let expected = |words: &str| vec![format!("{words} is not nfplan's: it is kept")];
    for refresh in [Refresh::Bulk, Refresh::Deep] {
        let expected = [
            (format!("{LIFECYCLE}/work"), Action::Adopt, expected("rule `archive`")),
            (format!("{POLICY}/work"), Action::Adopt, expected("statement `Audit`")),
        ];
        assert_eq!(changes(&site.plan(refresh)), expected);
    }
    site.cloud.clear_call_log();
    site.apply_fully();
    assert!(site.cloud.call_log().iter().all(|call| !call.mutating));
    assert_kept(&site);
    assert_settled(&site);

    // What others take away again is told, and not made again.
    let mut own = parts(&live(&site, POLICY));
    own.retain(|part| *part != value(&statement()));
    put(&site, POLICY, own);
    assert!(
        text(&site.drift(Depth::Deep)).contains("statement `Audit` was not nfplan's and is gone")
    );
    site.apply_fully();
    assert!(!has(&site, POLICY, &statement()));
    assert_settled(&site);
}

#[test]
fn what_is_nfplans_is_mended_and_changed_beside_what_others_have() {
    let site = applied();
    meddle(&site);
    let mut own = parts(&live(&site, POLICY));
    own.retain(|part| !part.to_string().contains("NfplanDenyPlainHttp"));
    own.push(value(&json!({"Sid": "NfplanOld", "Effect": "Deny", "Principal": "*",
        "Action": ["s3:*"], "Resource": [format!("arn:aws:s3:::{BUCKET}/*")]})));
    put(&site, POLICY, own);
    let specs = FleetSpec::of("alice", &[]).with("bob", "main", &[]);
    site.write(&FleetSpec { expire_days: 60, ..specs });

    let planned = site.plan(Refresh::Bulk);
    let actions: Vec<Action> = changes(&planned).into_iter().map(|(_, action, _)| action).collect();
    assert_eq!(actions, [Action::Update, Action::Update]);
    site.apply_fully();

    assert_kept(&site);
    let policy = live(&site, POLICY).to_string();
    assert!(policy.contains("NfplanDenyPlainHttp") && !policy.contains("NfplanOld"), "{policy}");
    assert!(live(&site, LIFECYCLE).to_string().contains(r#""expire_days":60"#));
    assert_settled(&site);
}

#[test]
fn an_account_that_is_taken_over_keeps_what_others_have_to_the_end() {
    let site = applied();
    meddle(&site);
    // As Hatchery left it: with nothing of nfplan's.
    put(&site, POLICY, vec![value(&statement())]);
    put(&site, LIFECYCLE, vec![value(&rule())]);
    disown(&site);
    let planned = site.plan(Refresh::Deep);
    let refusals: Vec<_> = planned.refused.values().flatten().collect();
    let policy: Address = format!("{POLICY}/work").parse().unwrap();
    assert!(
        refusals
            .iter()
            .any(|r| r.kind == RefusalKind::Foreign && r.address.as_ref() == Some(&policy))
    );

    let planned = site.plan_for(Purpose::Adopt);
    let adopted = changes(&planned);
    let (_, action, reasons) = adopted.iter().find(|(at, ..)| *at == policy.to_string()).unwrap();
    assert_eq!(*action, Action::Adopt);
    assert_eq!(reasons[1], "statement `Audit` is not nfplan's: it is kept");
    assert_applied(&site.carry_out(planned));
    assert_kept(&site);
    let repairs = changes(&site.plan(Refresh::Deep));
    assert!(
        repairs
            .iter()
            .any(|(at, action, _)| *at == policy.to_string() && *action == Action::Update)
    );
    site.apply_fully();
    assert_kept(&site);
    assert_settled(&site);

    let suspended = ("status", json!("suspended"));
    site.write(&FleetSpec::of("alice", &[suspended]).with("bob", "main", &[]));
    site.apply_fully();
    site.write(&FleetSpec::of("alice", &[]).with("bob", "main", &[]));
    site.apply_fully();
    assert_kept(&site);
    assert_applied(&site.destroy());
    // The bucket stays with all that was said of it, nfplan's statements included.
    assert_kept(&site);
    assert!(live(&site, POLICY).to_string().contains("NfplanDenyPlainHttp"));
}

#[test]
fn a_bucket_of_nfplans_whose_policy_no_state_knows_keeps_what_others_put_into_it() {
    let site = applied();
    assert_applied(&site.destroy());
    put(&site, POLICY, vec![value(&statement())]);
    put(&site, LIFECYCLE, vec![value(&rule())]);
    let planned = site.plan(Refresh::Bulk);
    let made = changes(&planned);
    let (_, action, reasons) = made.iter().find(|(at, ..)| at.starts_with(POLICY)).unwrap();
    assert_eq!(*action, Action::Update);
    assert_eq!(reasons[1], "statement `Audit` is not nfplan's: it is kept");
    site.apply_fully();
    assert_kept(&site);
    assert!(live(&site, POLICY).to_string().contains("NfplanDenyPlainHttp"));
    assert_settled(&site);
}

#[test]
fn what_others_put_while_nfplan_was_at_it_outlives_the_undoing_of_a_create() {
    let site = applied();
    meddle(&site);
    let unit = UnitId::Platform(place());
    for (resource_type, part) in [(POLICY, statement()), (LIFECYCLE, rule())] {
        let address: Address = format!("{resource_type}/work").parse().unwrap();
        let remote_id = RemoteId::new(BUCKET).unwrap();
        let delete = || {
            let inputs = &Attributes::new();
            let request =
                DeleteRequest { unit: &unit, address: &address, remote_id: &remote_id, inputs };
            block_on(site.cloud.delete(request)).unwrap();
        };
        delete();
        assert_eq!(parts(&live(&site, resource_type)), [value(&part)]);
        put(&site, resource_type, Vec::new());
        delete();
        let objects = site.cloud.objects(&place()).unwrap();
        assert!(objects.iter().all(|object| object.resource_type != resource_type));
    }
}

#[test]
fn what_does_not_fit_beside_what_others_have_is_refused_with_how_much_is_theirs() {
    let site = applied();
    let mut long = statement();
    let prefixes = (0..360).map(|n| format!("arn:aws:s3:::{BUCKET}/{n:03}/*"));
    long["Resource"] = prefixes.collect();
    // nfplan's own are gone, and do not fit any more.
    put(&site, POLICY, vec![value(&long)]);
    let theirs = value(&long).to_string().chars().count() + 1;
    let planned = site.plan(Refresh::Deep);
    let [refusal] = planned.refused[&UnitId::Platform(place())].as_slice() else {
        panic!("{:#?}", planned.refused)
    };
    assert_eq!(refusal.kind, RefusalKind::TooLarge);
    let words = format!("AWS takes at most 20480: {theirs} of them are not nfplan's");
    assert!(refusal.message.contains(&words), "{}", refusal.message);
}

/// The verdict on the account once the plan is applied.
fn verdict(site: &Site) -> Isolation {
    site.plan(Refresh::Bulk).access.verdicts[&place()].clone()
}

fn is_foreign(by: &StatementRef, sid: &str) -> bool {
    by.statement == sid && by.object.ends_with(&format!(":{POLICY}/work"))
}

#[test]
fn a_statement_of_others_that_lets_a_researcher_read_is_a_leak_before_and_after_it_is_noted() {
    let site = applied();
    assert!(verdict(&site).is_proved());
    let mut open = statement();
    let alice = "arn:aws:iam::111122223333:user/data-example-org-nf-alice";
    open["Principal"] = json!({"AWS": [alice]});
    add(&site, POLICY, &open);

    let planned = site.plan(Refresh::Bulk);
    let [leak] = planned.access.verdicts[&place()].leaks.as_slice() else { panic!("no leak") };
    assert!(leak.from.to_string().ends_with("/alice") && leak.kind == Kind::Read, "{leak}");
    assert!(is_foreign(&leak.by, "Audit"), "{leak}");
    assert_eq!(planned.refused.keys().collect::<Vec<_>>(), [&leak.from]);
    // Where only the state is asked, as `can` does, it counts from when it was taken note of.
    assert!(check(&site.access_around("bob")).is_proved());
    let platform = planned.units.into_iter().filter(|unit| unit.plan.unit.user().is_none());
    let noting = FleetPlan { units: platform.collect(), ..FleetPlan::default() };
    assert_applied(&site.carry_out(noting));
    assert_eq!(check(&site.access_around("bob")).leaks, verdict(&site).leaks);
    assert_eq!(verdict(&site).leaks.len(), 1);
}

#[test]
fn a_statement_of_others_that_nobody_understands_is_never_fine() {
    for fields in [
        json!({"Principal": "*", "Condition": {"NumericLessThan": {"s3:TlsVersion": ["1.2"]}}}),
        json!({"Principal": "*", "Condition": {"DateGreaterThan": {"aws:CurrentTime": ["2027"]}}}),
        json!({"NotPrincipal": {"AWS": ["arn:aws:iam::999900001111:root"]}}),
        json!({"Principal": "*", "Resource": [format!("arn:aws:s3:::{BUCKET}/${{aws:username}}/*")]}),
    ] {
        let site = applied();
        let mut strange = statement();
        strange.as_object_mut().unwrap().remove("Principal");
        strange.as_object_mut().unwrap().extend(fields.as_object().unwrap().clone());
        add(&site, POLICY, &strange);
        let found = verdict(&site);
        assert!(found.leaks.is_empty() && !found.is_proved(), "{fields}: {found:#?}");
        let of_policy = found.unknown.iter().filter(|doubt| doubt.because.contains(POLICY));
        assert!(of_policy.count() > 0, "{fields}: {found:#?}");
    }
}

#[test]
fn a_platform_that_cannot_be_planned_is_judged_as_it_is() {
    let site = applied();
    let mut open = statement();
    open["Principal"] = json!("*");
    add(&site, POLICY, &open);
    // Only a rebuild changes a bucket's name, so the platform is refused.
    site.cloud
        .other_client()
        .set_attribute(&place(), ("s3.bucket_encryption", BUCKET), "bucket", Some("another".into()))
        .unwrap();
    let planned = site.plan(Refresh::Deep);
    assert!(planned.refused.contains_key(&UnitId::Platform(place())), "{:#?}", planned.refused);
    let found = &planned.access.verdicts[&place()];
    assert!(found.leaks.iter().any(|leak| is_foreign(&leak.by, "Audit")), "{found:#?}");
}
