//! `drift` finds whatever somebody did, says why it differs, and finds nothing else.

use std::collections::BTreeMap;
use std::collections::BTreeSet;

use nfplan_cli::drifting::FleetDrift;
use nfplan_cli::drifting::document::DriftDocument;
use nfplan_cli::drifting::document::Scope;
use nfplan_cli::exit::Exit;
use nfplan_cli::render;
use nfplan_engine::address::Address;
use nfplan_engine::address::UnitId;
use nfplan_engine::drift::Cause;
use nfplan_engine::plan::Refresh;
use nfplan_engine::provider::Depth;
use nfplan_engine::provider::ErrorKind;
use nfplan_engine::schema::Kind;
use nfplan_engine::schema::OnChange;
use nfplan_engine::state::Object;
use nfplan_engine::value::Attributes;
use nfplan_engine::value::Value;
use nfplan_providers::registry::schemas;
use nfplan_providers::sim::CallCount;
use nfplan_providers::sim::Fault;
use nfplan_providers::sim::FaultMode;
use nfplan_providers::sim::FaultPoint;
use nfplan_providers::sim::OtherClient;
use nfplan_tests::fleets::cases;
use nfplan_tests::fleets::fleets;
use nfplan_tests::site::Site;
use nfplan_tests::spec::FleetSpec;
use proptest::collection::vec;
use proptest::prelude::any;
use proptest::proptest;
use proptest::sample::Index;
use serde_json::Value as Json;
use serde_json::json;

use crate::drift::is_elsewhere;
use crate::drift::other;

pub(crate) const ALICE: &str = "alice@uchicago.edu";
const ENVIRONMENT: &str = "batch.compute_environment/main";
const QUEUE: &str = "batch.job_queue/main";
const ROLE: &str = "iam.role/jobs";

/// What drift is to say of one attribute or object: cause, attribute, wanted, applied, live.
pub(crate) type Told = (Cause, Option<String>, Option<Value>, Option<Value>, Option<Value>);

/// Everything that drift says, by unit and address.
pub(crate) fn told(found: &FleetDrift) -> BTreeSet<(String, Told)> {
    let units = found.units.iter().flat_map(|unit| {
        let findings = unit.drift.findings.iter();
        findings.map(|finding| (format!("{}:{}", unit.state.unit, finding.address), finding))
    });
    units
        .map(|(name, finding)| {
            let wanted = finding.wanted.as_ref().and_then(nfplan_engine::expr::Expr::known);
            let (applied, live) = (finding.applied.clone(), finding.live.clone());
            (name, (finding.cause, finding.attribute.map(str::to_owned), wanted, applied, live))
        })
        .collect()
}

/// The causes of everything that differs.
pub(crate) fn causes(found: &FleetDrift) -> BTreeSet<Cause> {
    found.findings().map(|finding| finding.cause).collect()
}

pub(crate) fn text(found: &FleetDrift) -> String {
    anstream::adapter::strip_str(&render::drift::drift(found, None, 100)).to_string()
}

pub(crate) fn document(found: &FleetDrift) -> Json {
    let scope = Scope { environment: "data.example.org", selected: false };
    serde_json::to_value(DriftDocument::new(found, scope, None)).unwrap()
}

/// Nothing differs, everything was read, and that is said.
#[track_caller]
fn assert_none(site: &Site) {
    let found = site.drift(Depth::Deep);
    assert!(told(&found).is_empty(), "{:#?}", told(&found));
    assert!(found.coverage().is_complete() && found.coverage().objects > 0);
    assert_eq!(found.exit(), Exit::Fine);
    assert!(text(&found).contains("No drift: "), "{}", text(&found));
    assert_eq!(document(&found)["result"], "none");
}

/// One object of a site.
pub(crate) struct Found {
    unit: UnitId,
    pub(crate) address: Address,
    object: Object,
}

impl Found {
    fn target(&self) -> (&str, &str) {
        (self.address.resource_type.as_str(), self.object.remote_id.as_str())
    }

    /// All its attributes in the cloud.
    fn live(&self, site: &Site) -> Attributes {
        let all = site.cloud.objects(self.unit.place()).unwrap().into_iter();
        let mut same = all.filter(|o| (o.resource_type, o.remote_id.as_str()) == self.target());
        same.next().unwrap().attributes
    }

    pub(crate) fn set(&self, site: &Site, name: &str, value: Option<Value>) {
        let client = site.cloud.other_client();
        client.set_attribute(self.unit.place(), self.target(), name, value).unwrap();
    }

    pub(crate) fn delete(&self, site: &Site) {
        let (kind, id) = self.target();
        site.cloud.other_client().delete_object(self.unit.place(), kind, id).unwrap();
    }

    pub(crate) fn name(&self) -> String {
        format!("{}:{}", self.unit, self.address)
    }
}

/// Every object of a site that is in the cloud.
pub(crate) fn objects(site: &Site) -> Vec<Found> {
    let mut all = Vec::new();
    for unit in site.units() {
        for (address, entry) in site.state(&unit).into_iter().flat_map(|state| state.entries) {
            let Some(object) = entry.current else { continue };
            if address.resource_type.as_str() != "file.credentials" {
                all.push(Found { unit: unit.clone(), address, object });
            }
        }
    }
    all
}

/// An object of alice.
fn of_alice(site: &Site, address: &str) -> Found {
    let mut all = objects(site).into_iter();
    all.find(|found| found.unit.user().is_some() && found.address.to_string() == address).unwrap()
}

/// Everything that somebody changed of one object: its attributes before.
struct Tampered {
    found: Found,
    name: &'static str,
    before: Option<Value>,
    in_place: bool,
}

/// Changes one attribute of one object; `None` if nobody can, or it has another effect.
fn tamper(site: &Site, found: Found, which: Index, remove: bool) -> Option<(Tampered, Told)> {
    let schema = schemas().find(&found.address.resource_type).unwrap();
    let managed: Vec<_> = schema.managed().collect();
    let (attribute, managed) = managed[which.index(managed.len())];
    let name = attribute.name;
    let before = found.object.inputs.get(name).cloned();
    let when_wanted = managed.when_wanted.is_some() && before.is_none();
    if is_elsewhere(schema.resource_type, name) || when_wanted {
        return None;
    }
    let after = if remove && !managed.required && before.is_some() {
        None
    } else {
        Some(other(attribute.shape, before.as_ref()))
    };
    found.set(site, name, after);
    let mut live = found.live(site);
    schema.normalise(&mut live);
    let after = live.remove(name);
    if after == before {
        return None;
    }
    let told = (Cause::ChangedOutside, Some(name.into()), before.clone(), before.clone(), after);
    let in_place = managed.on_change == OnChange::InPlace;
    Some((Tampered { found, name, before, in_place }, told))
}

proptest! {
    #![proptest_config(cases(24))]
    #[test]
    fn every_tampering_is_found_with_its_values_and_nothing_else_and_an_apply_mends_it(
        fleet in fleets(),
        choices in vec((any::<Index>(), any::<Index>(), any::<bool>()), 1..6),
    ) {
        let site = Site::new(&fleet);
        site.apply_fully();
        assert_none(&site);
        let mut expected = BTreeSet::new();
        let mut tampered: BTreeMap<String, Tampered> = BTreeMap::new();
        for (object, attribute, remove) in choices {
            let mut all = objects(&site);
            all.retain(|found| !tampered.contains_key(&found.name()));
            let found = all.swap_remove(object.index(all.len()));
            let Some((done, told)) = tamper(&site, found, attribute, remove) else { continue };
            expected.insert((done.found.name(), told));
            tampered.insert(done.found.name(), done);
        }
        site.cloud.clear_call_log();
        let found = site.drift(Depth::Deep);
        assert_eq!(told(&found), expected);
        assert!(found.coverage().is_complete());
        assert_eq!(found.exit(), if expected.is_empty() { Exit::Fine } else { Exit::Changes });
        assert_eq!(site.cloud.call_count().writes, 0);
        for (name, (_, attribute, ..)) in &expected {
            let address = name.rsplit_once(':').unwrap().1;
            let shown = text(&found);
            assert!(shown.contains(address) && shown.contains(attribute.as_ref().unwrap()), "{shown}");
        }

        for done in tampered.values().filter(|done| !done.in_place) {
            done.found.set(&site, done.name, done.before.clone());
        }
        site.carry_out(site.plan(Refresh::Deep));
        assert_none(&site);
    }
}

/// A site with alice, applied.
pub(crate) fn applied() -> Site {
    let site = Site::new(&FleetSpec::of(ALICE, &[]));
    site.apply_fully();
    site
}

/// Alice with so many vCPUs.
fn with_vcpus(most: u32) -> FleetSpec {
    FleetSpec::of(ALICE, &[("compute", json!({ "max_vcpus": most }))])
}

/// Deletes an object and puts another one with the same attributes in its place.
fn make_again(site: &Site, found: &Found) {
    let mut attributes = found.live(site);
    attributes.remove("id");
    found.delete(site);
    let client: OtherClient = site.cloud.other_client();
    client.put_object(found.unit.place(), found.target().0, attributes).unwrap();
}

fn deny(site: &Site, operation: &str) {
    let at = FaultPoint::Operation { name: operation.into() };
    let (mode, kind) = (FaultMode::BeforeEffect, ErrorKind::Denied);
    site.cloud.inject(Fault { at, mode, kind, times: u32::MAX });
}

/// What brings one cause about.
type Deed = fn() -> Site;

/// Each cause with what brings it about and nothing else.
const DEEDS: &[(Cause, &str, Deed)] = &[
    (Cause::OpenRun, "open_run", || {
        let site = Site::new(&FleetSpec::of(ALICE, &[]));
        site.apply_until(20);
        site
    }),
    (Cause::DeletedOutside, "deleted_outside", || {
        let site = applied();
        of_alice(&site, QUEUE).delete(&site);
        site
    }),
    (Cause::RemadeOutside, "remade_outside", || {
        let site = applied();
        make_again(&site, &of_alice(&site, QUEUE));
        site
    }),
    (Cause::RemadeOutside, "remade_outside", || {
        let site = applied();
        make_again(&site, &of_alice(&site, ROLE));
        site
    }),
    (Cause::KnownTool, "known_tool", || {
        let site = applied();
        let shared =
            "arn:aws:iam::111122223333:instance-profile/data-example-org-nf-ecsInstanceRole";
        of_alice(&site, ENVIRONMENT).set(&site, "instance_profile", Some(shared.into()));
        site
    }),
    (Cause::ChangedOutside, "changed_outside", || {
        let site = applied();
        of_alice(&site, ENVIRONMENT).set(&site, "max_vcpus", Some(99_u32.into()));
        site
    }),
    (Cause::Unmanaged, "unmanaged", || {
        let site = applied();
        let mut queue = of_alice(&site, QUEUE).live(&site);
        queue.insert("tags".into(), Attributes::new().into());
        let place = site.units()[0].place().clone();
        let site = Site::new(&FleetSpec::of(ALICE, &[]));
        site.cloud.other_client().put_object(&place, "batch.job_queue", queue).unwrap();
        site
    }),
    (Cause::Unreadable, "unreadable", || {
        let site = applied();
        deny(&site, "batch:DescribeJobQueues");
        site
    }),
    (Cause::ChangedAsWanted, "changed_as_wanted", || {
        let site = applied();
        of_alice(&site, ENVIRONMENT).set(&site, "max_vcpus", Some(99_u32.into()));
        site.write(&with_vcpus(99));
        site
    }),
    (Cause::UnappliedSpec, "unapplied_spec", || {
        let site = applied();
        site.write(&with_vcpus(99));
        site
    }),
];

#[test]
fn each_cause_alone_has_a_code_and_a_sentence_of_its_own() {
    for (cause, code, deed) in DEEDS {
        let site = deed();
        let found = site.drift(Depth::Deep);
        // Where nothing or only a part is applied, the rest is wanted.
        let mut all = causes(&found);
        if matches!(cause, Cause::OpenRun | Cause::Unmanaged) {
            all.remove(&Cause::UnappliedSpec);
        }
        assert_eq!(all, BTreeSet::from([*cause]), "{code}: {:#?}", told(&found));
        assert!(document(&found)["summary"][code].as_u64().unwrap() > 0, "{code}");
        let exit = match cause {
            Cause::Unreadable => Exit::Unreadable,
            cause if cause.is_drift() => Exit::Changes,
            _ => Exit::Fine,
        };
        assert_eq!(found.exit(), exit, "{code}");
        let shown = text(&found);
        let complete = exit == Exit::Fine;
        assert_eq!(shown.contains("No drift"), complete, "{code}: {shown}");
    }
    let tried: BTreeSet<Cause> = DEEDS.iter().map(|(cause, ..)| *cause).collect();
    assert_eq!(tried, Cause::ALL.into());
}

#[test]
fn a_denied_read_is_never_called_clean_and_names_the_permission() {
    let mut operations = BTreeSet::new();
    let site = applied();
    site.cloud.clear_call_log();
    site.drift(Depth::Deep);
    operations.extend(site.cloud.call_log().iter().map(|call| call.operation));
    assert!(operations.len() > 10, "{operations:?}");
    for operation in operations {
        deny(&site, operation);
        let found = site.drift(Depth::Deep);
        site.cloud.clear_faults();
        assert_eq!(found.exit(), Exit::Unreadable, "{operation}");
        assert_eq!(causes(&found), BTreeSet::from([Cause::Unreadable]), "{operation}");
        let coverage = found.coverage();
        assert!(coverage.unreadable > 0 && !coverage.is_complete(), "{operation}");
        assert_eq!(coverage.read + coverage.unreadable, coverage.objects, "{operation}");
        let shown = text(&found).to_lowercase();
        assert!(!shown.contains("in sync") && !shown.contains("no drift"), "{shown}");
        let permission = format!("not authorized to perform: {}", operation.to_lowercase());
        let words: Vec<&str> = shown.split_whitespace().collect();
        assert!(words.join(" ").contains(&permission), "{permission}: {shown}");
        assert_eq!(document(&found)["result"], "incomplete");
    }
    of_alice(&site, ENVIRONMENT).set(&site, "max_vcpus", Some(99_u32.into()));
    deny(&site, "batch:DescribeJobQueues");
    let found = site.drift(Depth::Deep);
    assert_eq!(found.exit(), Exit::Unreadable, "what could not be read is worse than drift");
    assert_eq!(document(&found)["result"], "drift");
}

#[test]
fn what_a_bulk_read_does_not_tell_is_named() {
    let site = applied();
    let found = site.drift(Depth::Bulk);
    assert_eq!(found.exit(), Exit::Fine);
    assert_eq!(document(&found)["result"], "incomplete");
    let shown = text(&found);
    assert!(!shown.contains("No drift"), "{shown}");
    let unasked: BTreeSet<(String, String)> = document(&found)["coverage"]["not_requested"]
        .as_array()
        .unwrap()
        .iter()
        .map(|part| {
            let word = |key: &str| part[key].as_str().unwrap_or_default().to_owned();
            (word("resource_type"), word("attribute"))
        })
        .collect();
    let present: BTreeSet<String> =
        objects(&site).iter().map(|found| found.address.resource_type.to_string()).collect();
    let mut expected = BTreeSet::from([("iam.access_key".to_owned(), String::new())]);
    for schema in schemas().iter().filter(|schema| present.contains(schema.resource_type)) {
        let deep = schema.managed().filter(|(attribute, managed)| {
            attribute.deep
                && managed.when_wanted.is_none()
                && schema.resource_type != "iam.access_key"
        });
        expected.extend(deep.map(|(a, _)| (schema.resource_type.to_owned(), a.name.to_owned())));
    }
    assert_eq!(unasked, expected);
}

#[test]
fn what_the_cloud_moves_by_itself_is_no_drift() {
    let site = applied();
    for found in objects(&site) {
        let schema = schemas().find(&found.address.resource_type).unwrap();
        let volatile = schema
            .attributes
            .iter()
            .filter(|a| matches!(a.kind, Kind::Volatile { strangers: None, .. }));
        for attribute in volatile {
            let before = found.live(&site).get(attribute.name).cloned();
            found.set(&site, attribute.name, Some(other(attribute.shape, before.as_ref())));
        }
    }
    let queue = of_alice(&site, QUEUE);
    site.cloud.other_client().run_job(queue.unit.place(), queue.target().1).unwrap();
    assert_none(&site);
}

#[test]
fn jobs_on_the_queue_of_a_suspended_workspace_are_drift() {
    let site = Site::new(&FleetSpec::of(ALICE, &[("status", json!("suspended"))]));
    site.apply_fully();
    assert_none(&site);
    let queue = of_alice(&site, QUEUE);
    site.cloud.other_client().run_job(queue.unit.place(), queue.target().1).unwrap();
    let found = site.drift(Depth::Deep);
    let drained = (Some("drained".to_owned()), Some(Value::Bool(true)));
    let told = told(&found);
    let (_, (cause, attribute, wanted, ..)) = told.first().unwrap();
    assert_eq!((told.len(), *cause), (1, Cause::ChangedOutside));
    assert_eq!((attribute.clone(), wanted.clone()), drained);
}

#[test]
fn looking_sends_no_request_that_changes_anything() {
    for (_, _, deed) in DEEDS {
        let site = deed();
        site.cloud.clear_call_log();
        let before: Vec<_> = objects(&site).iter().map(Found::name).collect();
        for depth in [Depth::Bulk, Depth::Deep] {
            site.drift(depth);
        }
        let CallCount { reads, writes } = site.cloud.call_count();
        assert!(reads > 0 && writes == 0);
        assert_eq!(objects(&site).iter().map(Found::name).collect::<Vec<_>>(), before);
    }
}
