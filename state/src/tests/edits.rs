//! States made by hand: restored, pushed, forgotten.

use std::collections::BTreeMap;
use std::collections::BTreeSet;

use nfplan_engine::address::Address;
use nfplan_engine::state::Edit;
use nfplan_engine::state::Entry;
use nfplan_engine::state::Object;
use nfplan_engine::state::State;
use nfplan_engine::state::Status;

use super::kit::holder;
use super::kit::trace;
use super::site::Site;
use crate::document::DocumentError;
use crate::document::StateDocument;
use crate::edit::Change;
use crate::edit::EditError;
use crate::edit::Edited;
use crate::edit::edit;
use crate::format::Lineage;
use crate::history::History;
use crate::history::history;
use crate::verify::Verdict;
use crate::verify::verify;

pub(crate) fn object(id: &str, generation: u32) -> Object {
    Object {
        remote_id: id.parse().unwrap(),
        generation,
        incarnation: None,
        schema: 1,
        inputs: BTreeMap::new(),
        outputs: BTreeMap::new(),
        dependencies: BTreeSet::new(),
        status: Status::Ready,
        held_until: None,
    }
}

pub(crate) fn queue() -> Address {
    "batch.job_queue/main".parse().unwrap()
}

impl Site {
    pub(crate) fn edit(&self, change: &Change) -> Result<Option<Edited>, EditError> {
        let lease = self.acquire(holder("operator"));
        let edited = self.clock.run(edit(&lease, change));
        self.release(lease);
        edited
    }

    pub(crate) fn history(&self) -> History {
        let head = self.load().base.head.unwrap().head;
        self.clock.run(history(&self.store, &head)).unwrap()
    }

    pub(crate) fn verdict(&self) -> Verdict {
        self.clock.run(verify(&self.store, &self.unit)).unwrap()
    }

    #[track_caller]
    pub(crate) fn is_sound(&self) {
        let verdict = self.verdict();
        assert_eq!(verdict.problems, []);
    }

    pub(crate) fn document(&self) -> StateDocument {
        StateDocument::of(&self.load()).unwrap()
    }

    /// The document with something else under the queue's address.
    pub(crate) fn with_queue(&self, entry: Entry) -> StateDocument {
        let mut document = self.document();
        document.state.entries.insert(queue(), entry);
        document
    }

    /// The change that brings a serial back.
    pub(crate) fn restoring(&self, serial: u64) -> Change {
        let versions = self.history().versions;
        let version = versions.into_iter().find(|version| version.serial == serial).unwrap();
        Change::Restore(Box::new(version))
    }

    pub(crate) fn serial(&self) -> u64 {
        self.load().base.head.unwrap().head.serial
    }
}

pub(crate) fn push(document: StateDocument) -> Change {
    Change::Push(Box::new(document))
}

pub(crate) fn forget(object: Option<&str>) -> Change {
    let object = object.map(|id| id.parse().unwrap());
    Change::Forget { address: queue(), object, reason: "by order of the test".into() }
}

/// A site with a queue at serial 2, and another one at serial 3.
pub(crate) fn site_with_queues() -> Site {
    let site = Site::new();
    site.apply(&[1]).unwrap();
    let first = Entry { incarnation: 4, current: Some(object("q", 1)), ..Entry::default() };
    site.edit(&push(site.with_queue(first))).unwrap().unwrap();
    let second = Entry {
        incarnation: 7,
        current: Some(object("q-g2", 2)),
        deposed: vec![object("q", 1)],
        ..Entry::default()
    };
    site.edit(&push(site.with_queue(second))).unwrap().unwrap();
    site
}

#[test]
fn an_earlier_state_comes_back_as_a_new_one_with_the_highest_counters() {
    let site = site_with_queues();
    let before = site.load();
    let keys = site.keys("snapshots/");
    let bodies: Vec<String> = keys.iter().map(|key| site.body(key)).collect();
    let edited = site.edit(&site.restoring(2)).unwrap().unwrap();
    assert_eq!((edited.before, edited.serial), (Some(3), 4));
    let id = |id: &str| (queue(), id.parse().unwrap());
    assert_eq!((edited.dropped, edited.deposed), (vec![], vec![id("q-g2")]));

    let now = site.load();
    let state = now.state.unwrap();
    let entry = &state.entries[&queue()];
    assert_eq!(entry.current, Some(object("q", 1)));
    assert_eq!(entry.deposed, [object("q-g2", 2)], "what was made since awaits its deletion");
    assert_eq!((entry.incarnation, entry.generation()), (7, 2));
    assert_eq!(state.predecessor, before.base.state_digest());
    assert_eq!(state.edit, Some(Edit::Restored { serial: 2 }));
    let (old, new) = (before.base.head.unwrap().head, now.base.head.unwrap().head);
    assert!(new.epoch > old.epoch && new.lineage == old.lineage);
    for (key, body) in keys.iter().zip(bodies) {
        assert_eq!(site.body(key), body, "nothing is overwritten");
    }
    site.is_sound();
    let back = site.edit(&site.restoring(3)).unwrap().unwrap();
    assert_eq!(back.state.entries[&queue()].current, Some(object("q-g2", 2)), "and back again");
}

#[test]
fn what_is_that_state_already_is_not_written_again() {
    let site = site_with_queues();
    let keys = site.keys("snapshots/");
    assert_eq!(site.edit(&site.restoring(3)).unwrap(), None);
    assert_eq!(site.edit(&push(site.document())).unwrap(), None);
    assert_eq!((site.keys("snapshots/"), site.serial()), (keys, 3));
}

#[test]
fn a_run_that_closes_leaves_no_trace_of_the_edit_before() {
    let site = site_with_queues();
    assert!(site.load().state.unwrap().edit.is_some());
    site.edit(&forget(Some("q"))).unwrap().unwrap();
    let history = site.history();
    let serials: Vec<u64> = history.versions.iter().map(|version| version.serial).collect();
    assert_eq!((serials, history.pruned), (vec![4, 3, 2, 1], false));
    let reason = match &history.versions[0].state.edit {
        Some(Edit::Forgotten { reason, .. }) => reason.to_string(),
        other => panic!("{other:?}"),
    };
    assert_eq!(reason, "by order of the test");
}

#[test]
fn forgetting_drops_objects_and_keeps_counters() {
    let site = site_with_queues();
    let edited = site.edit(&forget(Some("q"))).unwrap().unwrap();
    let entry = &edited.state.entries[&queue()];
    assert_eq!((entry.current.is_some(), entry.deposed.len()), (true, 0));
    let edited = site.edit(&forget(None)).unwrap().unwrap();
    let entry = &edited.state.entries[&queue()];
    assert!(entry.is_vacant());
    assert_eq!((entry.incarnation, entry.generation()), (7, 2));
    assert!(matches!(site.edit(&forget(None)), Err(EditError::NothingThere { .. })));
    site.is_sound();
}

#[test]
fn a_document_that_would_lose_something_is_refused_and_nothing_is_written() {
    let site = site_with_queues();
    let good = site.document();
    let with = |entry: Entry| site.with_queue(entry);
    let less = Entry { incarnation: 6, current: Some(object("q-g2", 2)), ..Entry::default() };
    let lower = Entry { incarnation: 7, current: Some(object("q", 1)), ..Entry::default() };
    let mut missing = good.clone();
    missing.state.entries.remove(&trace(1));
    let other = StateDocument { lineage: Lineage::begin(), ..good };
    let more = Entry { incarnation: 9, current: Some(object("q-g2", 2)), ..Entry::default() };
    let older = StateDocument { serial: 2, ..with(more) };
    let before = site.store.inner.usage().puts;
    let loaded = site.load();
    for (document, why) in [
        (with(less), "the incarnation of"),
        (with(lower), "the generation of"),
        (missing, "the incarnation of"),
        (other, "belongs to the lineage"),
        (older, "has moved on"),
    ] {
        let error = push(document.clone()).next(&loaded).unwrap_err();
        assert!(error.to_string().contains(why), "{error}");
    }
    assert_eq!(site.store.inner.usage().puts, before);
}

#[test]
fn nothing_is_changed_under_an_open_run() {
    let site = site_with_queues();
    let changes = [site.restoring(2), push(site.document()), forget(None)];
    site.die_in_run(&[9]);
    let before = site.keys("");
    for change in changes {
        let error = site.edit(&change).unwrap_err();
        assert!(matches!(error, EditError::Open { .. }), "{error:?}");
    }
    assert_eq!(site.keys(""), before);
    assert!(site.load().open_run.is_some());
}

#[test]
fn a_lost_state_is_brought_back_from_a_document() {
    let lost = site_with_queues().document();
    let site = Site::new();
    let edited = site.edit(&push(lost.clone())).unwrap().unwrap();
    assert_eq!((edited.before, edited.serial), (None, lost.serial + 1));
    let head = site.load().base.head.unwrap().head;
    assert_eq!(head.lineage, lost.lineage);
    site.is_sound();
    site.apply(&[5]).unwrap();
    assert_eq!(site.history().versions.len(), 2);
}

#[test]
fn without_a_head_the_youngest_state_that_is_kept_comes_back_and_no_older_one() {
    let site = site_with_queues();
    let newest = site.document();
    let older = StateDocument { serial: 2, ..newest.clone() };
    site.delete(&format!("{}/head.json", site.unit));
    let problems = site.verdict().problems;
    assert!(problems[0].why.contains("is missing, although there are states"), "{problems:?}");
    assert!(matches!(site.edit(&push(older)), Err(EditError::Older { known: 3, .. })));
    site.edit(&push(newest)).unwrap().unwrap();
    assert_eq!(site.serial(), 4);
    site.is_sound();
}

#[test]
fn a_store_that_lost_its_last_states_goes_on_after_the_document() {
    let site = site_with_queues();
    let document = StateDocument {
        serial: 9,
        ..site.with_queue(Entry {
            incarnation: 8,
            current: Some(object("q-g2", 2)),
            ..Entry::default()
        })
    };
    let edited = site.edit(&push(document)).unwrap().unwrap();
    assert_eq!((edited.before, edited.serial), (Some(3), 10));
    assert_eq!(site.history().versions.len(), 4);
    site.is_sound();
}

#[test]
fn a_document_can_be_laid_out_in_any_way_and_comes_back_the_same() {
    let site = site_with_queues();
    let document = site.document();
    let text = document.to_text();
    assert!(text.lines().count() > 10);
    assert_eq!(StateDocument::parse(text.as_bytes()).unwrap(), document);
    let stored = site.keys("snapshots/").pop().unwrap();
    let snapshot = StateDocument::parse(site.body(&stored).as_bytes()).unwrap();
    assert_eq!(snapshot, document, "a snapshot is a document");
}

#[test]
fn a_document_with_anything_unknown_is_refused_by_name() {
    let text = site_with_queues().document().to_text();
    let parse = |from: &str, to: &str| {
        assert!(text.contains(from), "{text}");
        StateDocument::parse(text.replacen(from, to, 1).as_bytes()).unwrap_err()
    };
    let unknown = parse(r#""remote_id""#, r#""colour": "red", "remote_id""#);
    let DocumentError::Unknown(path) = unknown else { panic!("{unknown}") };
    assert!(path.starts_with("state.entries.batch.job_queue/main."), "{path}");
    assert!(path.ends_with(".colour"), "{path}");
    assert!(matches!(parse("snapshot/1", "snapshot/2"), DocumentError::Newer(_)));
    assert!(matches!(parse("snapshot/1", "head/1"), DocumentError::Malformed(_)));
    assert!(matches!(parse("lineage", "linage"), DocumentError::Malformed(_)));
}

#[test]
fn an_edit_of_an_empty_unit_is_refused() {
    let site = Site::new();
    let state = State::empty(site.unit.clone(), super::kit::source());
    let version = crate::history::Version { serial: 1, digest: state.digest(), state };
    let refused = [Change::Restore(Box::new(version)), forget(None)];
    for change in refused {
        assert!(matches!(site.edit(&change), Err(EditError::NoState { .. })));
    }
    assert_eq!(site.keys("").len(), 1, "the lease alone");
}
