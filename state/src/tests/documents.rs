//! Documents: what is read, what is refused, and the bytes of format 1.

use nfplan_engine::address::UnitId;
use nfplan_engine::digest::Digest;
use nfplan_engine::event::Event;
use nfplan_engine::state::State;
use nfplan_engine::store::Put;
use nfplan_engine::store::Store;
use nfplan_engine::store::StoreError;
use nfplan_engine::store::Stored;
use nfplan_engine::store::Tag;

use super::kit::VirtualClock;
use super::kit::fold;
use super::kit::mark;
use super::kit::plan_from;
use super::kit::source;
use super::kit::unit;
use super::site::Site;
use crate::format::BatchDocument;
use crate::format::Document;
use crate::format::Head;
use crate::format::LeaseDocument;
use crate::format::RunDocument;
use crate::format::RunPointer;
use crate::format::SnapshotPointer;
use crate::format::decode_snapshot;
use crate::format::encode_snapshot;
use crate::holder::Holder;
use crate::holder::ProcessIdentity;
use crate::keys::snapshot_name;
use crate::probe::ProbeError;
use crate::probe::probe;
use crate::stores::FolderStore;
use crate::stores::MemoryStore;
use crate::stores::memory::Usage;
use crate::unit::Base;
use crate::unit::Loaded;
use crate::unit::StateError;
use crate::unit::list_units;
use crate::unit::load;

fn why_corrupt(error: StateError) -> (String, String) {
    match error {
        StateError::Corrupt { key, why, .. } => (key, why),
        StateError::Store(_) | StateError::Newer { .. } => panic!("{error}"),
    }
}

#[test]
fn loading_writes_nothing_and_takes_two_reads() {
    let site = Site::new();
    assert_eq!(site.load().base.head, None);
    site.apply(&[1]).unwrap();
    let before = site.store.inner.usage();
    site.load();
    let after = site.store.inner.usage();
    assert_eq!(
        (after.puts, after.deletes, after.lists),
        (before.puts, before.deletes, before.lists)
    );
    assert_eq!(after.gets - before.gets, 2);
}

#[test]
fn loading_makes_no_folder() {
    let parent = tempfile::tempdir().unwrap();
    let store = FolderStore::new(parent.path().join("state"));
    let clock = VirtualClock::default();
    assert_eq!(clock.run(load(&store, &unit())).unwrap().base.head, None);
    assert_eq!(clock.run(list_units(&store)).unwrap(), []);
    assert!(!store.root().exists());
}

#[test]
fn a_journal_with_a_gap_is_corrupt() {
    let site = Site::new();
    site.die_in_run(&[1, 2, 3]);
    let keys = site.keys("runs/");
    let second = keys.iter().find(|key| key.ends_with("0000000002.json")).unwrap();
    site.delete(second);
    let (key, why) = why_corrupt(site.load_error());
    assert!(key.ends_with("events/0000000003.json"), "{key}");
    assert!(why.contains(second.as_str()), "{why}");
}

#[test]
fn a_journal_whose_epochs_fall_is_corrupt() {
    let site = Site::new();
    site.apply(&[1]).unwrap();
    site.die_in_run(&[2, 3]);
    let keys = site.keys("runs/");
    let second = keys.iter().rfind(|key| key.ends_with("0000000002.json")).unwrap();
    let body = site.body(second);
    let older = body.replace(r#""epoch":2"#, r#""epoch":1"#);
    assert_ne!(older, body);
    site.overwrite(second, &older);
    let (key, why) = why_corrupt(site.load_error());
    assert_eq!(&key, second);
    assert!(why.contains("epoch 1 after the epoch 2"), "{why}");
}

#[test]
fn whatever_document_is_damaged_the_unit_is_corrupt_and_the_document_named() {
    let site = Site::new();
    site.apply(&[1]).unwrap();
    site.die_in_run(&[2]);
    let run = site.load().open_run.unwrap().id.to_string();
    let matters = |key: &&String| {
        !key.ends_with("lease.json") && (!key.contains("/runs/") || key.contains(&run))
    };
    let keys: Vec<String> = site.keys("").iter().filter(matters).cloned().collect();
    assert_eq!(keys.len(), 4, "head, snapshot, plan, batch: {keys:?}");
    for key in &keys {
        let whole = site.body(key);
        let halves = whole.split_at(whole.len() / 2);
        let renamed = whole.replace("alice", "malice");
        let added = whole.replacen('{', r#"{"added":1,"#, 1);
        for damaged in [halves.0, halves.1, "", "{}", &renamed, &added] {
            if damaged == whole {
                continue;
            }
            site.overwrite(key, damaged);
            assert_eq!(&why_corrupt(site.load_error()).0, key, "{damaged}");
        }
        site.overwrite(key, &whole);
        site.load();
    }
}

#[test]
fn a_missing_document_is_corrupt_and_not_an_empty_one() {
    let site = Site::new();
    site.apply(&[1]).unwrap();
    site.die_in_run(&[]);
    let run = site.load().open_run.unwrap().id;
    for part in ["snapshots/", &format!("runs/{run}/plan.json")] {
        let key = site.keys(part).remove(0);
        let body = site.body(&key);
        site.delete(&key);
        assert_eq!(why_corrupt(site.load_error()), (key.clone(), "is missing".to_owned()));
        site.overwrite(&key, &body);
    }
}

#[test]
fn a_document_of_a_newer_format_is_refused_with_advice() {
    let site = Site::new();
    site.apply(&[1]).unwrap();
    site.die_in_run(&[2]);
    let run = site.load().open_run.unwrap().id;
    for part in ["head", "snapshots/", &format!("runs/{run}/plan"), &format!("runs/{run}/events")] {
        let key = site.keys(part).remove(0);
        let body = site.body(&key);
        let start = body.find(r#"/1","#).unwrap();
        let newer = format!("{}/2{}", &body[..start], &body[start + 2..]);
        site.overwrite(&key, &newer);
        let error = site.load_error();
        assert!(matches!(&error, StateError::Newer { key: named, .. } if *named == key), "{error}");
        assert!(error.to_string().contains("was written by a newer nfplan"), "{error}");
        site.overwrite(&key, &body);
    }
}

#[test]
fn a_head_in_another_units_folder_is_corrupt() {
    let site = Site::new();
    site.apply(&[1]).unwrap();
    let other = site.unit.to_string().replace("alice", "bob");
    let head = site.body(&format!("{}/head.json", site.unit));
    site.overwrite(&format!("{other}/head.json"), &head);
    let error = site.clock.run(load(&site.store, &other.parse().unwrap())).unwrap_err();
    assert!(why_corrupt(error).1.contains("belongs to workspace"));
}

#[test]
fn only_what_is_a_unit_is_listed_platforms_first() {
    let site = Site::new();
    let units = [
        "platform/111122223333.us-east-1",
        "workspace/111122223333.us-east-1/alice",
        "workspace/111122223333.us-east-1/bob",
        "workspace/111122223333.us-east-1/carol",
    ];
    for unit in &units[..3] {
        site.overwrite(&format!("{unit}/head.json"), "");
        site.overwrite(&format!("{unit}/snapshots/head.json"), "");
    }
    site.overwrite(&format!("{}/lease.json", units[3]), "");
    for key in [
        "head.json",
        "plans/head.json",
        "platform/111122223333.us-east-1/below/head.json",
        "platform/notes/head.json",
        "workspace/head.json",
        "workspace/111122223333.us-east-1/head.json",
        "workspace/111122223333.us-east-1/alice/below/head.json",
        "workspace/111122223333.us-east-1/Dave/head.json",
        "workspace/notes/erin/head.json",
    ] {
        site.overwrite(key, "");
    }
    let listed = site.clock.run(list_units(&site.store)).unwrap();
    assert_eq!(listed, units.map(|unit| unit.parse().unwrap()));
}

#[test]
fn units_of_a_place_are_listed_in_the_order_of_their_keys() {
    let site = Site::new();
    let users = ["alice-40b", "alice", "b"];
    for user in ["b", "alice", "alice-40b"] {
        site.overwrite(&format!("workspace/111122223333.us-east-1/{user}/head.json"), "");
    }
    let listed = site.clock.run(list_units(&site.store)).unwrap();
    assert_eq!(listed.iter().map(|unit| unit.user().unwrap().as_str()).collect::<Vec<_>>(), users);
}

/// Puts the documents of a unit whose only run left an empty state.
async fn put_unit(store: &MemoryStore, unit: &UnitId) {
    let state = State::empty(unit.clone(), source());
    let (body, digest) = encode_snapshot(golden_head().lineage, 1, &state);
    let key = snapshot_name(1, &digest);
    store.put_if_absent(&format!("{unit}/{key}"), &body).await.unwrap();
    let snapshot = Some(SnapshotPointer { key, digest });
    let unit = unit.clone();
    let head = Head { unit, serial: 1, snapshot, open_run: None, ..golden_head() };
    store.put_if_absent(&format!("{}/head.json", head.unit), &head.encode()).await.unwrap();
}

#[test]
fn a_fleet_takes_a_listing_for_each_place_and_two_reads_for_each_unit() {
    const UNITS: u64 = 1_000;
    let (store, clock) = (MemoryStore::new(), VirtualClock::default());
    for number in 0..UNITS {
        let unit = format!("workspace/111122223333.us-east-1/user-{number:04}").parse().unwrap();
        clock.run(put_unit(&store, &unit));
    }
    let empty = store.usage();
    let units = clock.run(list_units(&store)).unwrap();
    let listed = store.usage();
    assert_eq!(units.len() as u64, UNITS);
    // Above the units: the platforms, the workspaces, and the one place.
    assert_eq!(listed, Usage { lists: empty.lists + 3, ..empty });
    for unit in &units {
        let loaded = clock.run(load(&store, unit)).unwrap();
        assert_eq!(loaded.state.as_ref().map(|state| &state.unit), Some(unit));
    }
    assert_eq!(store.usage(), Usage { gets: listed.gets + 2 * UNITS, ..listed });
}

/// A store that ignores every condition, and may refuse to delete.
struct Careless {
    inner: MemoryStore,
    deletes: bool,
}

impl Store for Careless {
    async fn get(&self, key: &str) -> Result<Option<Stored>, StoreError> {
        self.inner.get(key).await
    }

    async fn put_if_absent(&self, key: &str, body: &[u8]) -> Result<Put, StoreError> {
        self.inner.delete(key).await?;
        self.inner.put_if_absent(key, body).await
    }

    async fn put_if_match(&self, key: &str, _: &Tag, body: &[u8]) -> Result<Put, StoreError> {
        self.put_if_absent(key, body).await
    }

    async fn list(&self, folder: &str) -> Result<Vec<String>, StoreError> {
        self.inner.list(folder).await
    }

    async fn delete(&self, key: &str) -> Result<(), StoreError> {
        if self.deletes {
            return self.inner.delete(key).await;
        }
        let (key, message) = (key.to_owned(), "no".to_owned());
        Err(StoreError { operation: "delete", key, message, denied: true })
    }
}

#[test]
fn a_store_that_ignores_conditions_is_found_out_and_left_clean() {
    let clock = VirtualClock::default();
    let store = Careless { inner: MemoryStore::new(), deletes: true };
    let error = clock.run(probe(&store)).unwrap_err();
    assert!(matches!(error, ProbeError::Unconditional { .. }), "{error:?}");
    assert_eq!(clock.run(store.list("")).unwrap(), [""; 0]);
}

#[test]
fn a_store_that_ignores_conditions_is_found_out_where_nothing_may_be_deleted() {
    let store = Careless { inner: MemoryStore::new(), deletes: false };
    let error = VirtualClock::default().run(probe(&store)).unwrap_err();
    assert!(matches!(error, ProbeError::Unconditional { .. }), "{error:?}");
}

const UUID: &str = "018f0000-0000-7000-8000-000000000001";

fn never_applied() -> Loaded {
    Loaded { base: Base { unit: unit(), head: None }, state: None, open_run: None }
}

/// Reads the golden file, and writes what was read: both have to agree with `expected`.
fn check_golden<T: Document + PartialEq + std::fmt::Debug>(golden: &str, expected: &T) {
    let golden = golden.trim_end();
    assert_eq!(String::from_utf8(expected.encode()).unwrap(), golden);
    assert_eq!(&T::decode(golden.as_bytes()).unwrap(), expected);
}

fn golden_head() -> Head {
    let digest = Digest::of_bytes(b"state");
    Head {
        unit: unit(),
        lineage: UUID.parse().unwrap(),
        serial: 12,
        epoch: 34,
        snapshot: Some(SnapshotPointer { key: snapshot_name(12, &digest), digest }),
        open_run: Some(RunPointer { id: UUID.parse().unwrap(), plan: Digest::of_bytes(b"plan") }),
        converged: None,
        nonce: UUID.parse().unwrap(),
    }
}

#[test]
fn heads_have_format_1() {
    check_golden(include_str!("../../tests/golden/head-1.json"), &golden_head());
    let first = Head { snapshot: None, open_run: None, serial: 0, ..golden_head() };
    check_golden(include_str!("../../tests/golden/head-1-first.json"), &first);
    let converged = Some(Digest::of_bytes(b"basis"));
    let converged = Head { open_run: None, converged, ..golden_head() };
    check_golden(include_str!("../../tests/golden/head-1-converged.json"), &converged);
}

#[test]
fn leases_have_format_1() {
    let process = ProcessIdentity {
        boot: "7f5c0f4e-0000-4000-8000-000000000001".into(),
        pid_namespace: "pid:[4026531836]".into(),
        started: 123_456,
    };
    let holder = Holder {
        who: "alice".into(),
        host: "runner-1".into(),
        pid: 4711,
        process: Some(process),
        since: 1_795_000_000,
    };
    let held = LeaseDocument {
        unit: unit(),
        epoch: 34,
        holder: Some(holder),
        ttl_ms: 30_000,
        quiet_ms: 0,
        nonce: UUID.parse().unwrap(),
    };
    check_golden(include_str!("../../tests/golden/lease-1.json"), &held);
    let free = LeaseDocument { holder: None, quiet_ms: 75_000, ..held };
    check_golden(include_str!("../../tests/golden/lease-1-free.json"), &free);
}

#[test]
fn runs_have_format_1() {
    let plan = plan_from(&never_applied().base);
    let document = RunDocument { run: UUID.parse().unwrap(), plan };
    check_golden(include_str!("../../tests/golden/run-1.json"), &document);
}

#[test]
fn batches_have_format_1() {
    let document = BatchDocument {
        run: UUID.parse().unwrap(),
        number: 2,
        epoch: 34,
        events: vec![mark(7), Event::Sealed],
        nonce: UUID.parse().unwrap(),
    };
    check_golden(include_str!("../../tests/golden/events-1.json"), &document);
}

#[test]
fn snapshots_have_format_1() {
    let golden = include_str!("../../tests/golden/snapshot-1.json").trim_end();
    let state = fold(&never_applied(), &[mark(7)]);
    let lineage = UUID.parse().unwrap();
    let (bytes, digest) = encode_snapshot(lineage, 12, &state);
    assert_eq!(String::from_utf8(bytes).unwrap(), golden);
    assert_eq!(digest, state.digest(), "what is checked on reading is what plans speak of");
    assert_eq!(decode_snapshot(golden.as_bytes(), lineage, 12, &digest), Ok(state));
}
