//! Looking after states: what is damaged is named, what is pruned was not needed, and a process that
//! dies at any write leaves all sound.

use std::collections::BTreeMap;
use std::collections::BTreeSet;
use std::pin::pin;

use nfplan_engine::event::Event;
use nfplan_engine::step::Operation;
use nfplan_engine::step::Stage;
use nfplan_engine::step::Step;
use nfplan_engine::step::StepId;
use nfplan_engine::step::Undo;

use super::edits::forget;
use super::edits::object;
use super::edits::push;
use super::edits::queue;
use super::edits::site_with_queues;
use super::faulty::Fault;
use super::kit::fold;
use super::kit::gone_holder;
use super::kit::holder;
use super::kit::mark;
use super::kit::plan_from;
use super::kit::poll;
use super::kit::trace;
use super::site::CONFIG;
use super::site::Site;
use crate::edit::Change;
use crate::edit::EditError;
use crate::edit::edit;
use crate::prune::PruneError;
use crate::prune::prunable;
use crate::prune::prune;
use crate::run::Run;
use crate::run::RunError;
use crate::unlock::unlock;

/// A unit with a history and a run that is open.
fn busy() -> Site {
    let site = Site::new();
    for number in 1..=4 {
        site.apply(&[number]).unwrap();
    }
    let lease = site.acquire(gone_holder("dead"));
    let base = site.load().base;
    let mut plan = plan_from(&base);
    plan.steps.push(Step {
        id: StepId(0),
        address: trace(5),
        stage: Stage::Build,
        operation: Operation::Create { generation: 1, inputs: BTreeMap::new() },
        undo: Undo::Delete,
        needs: BTreeSet::new(),
        dependencies: BTreeSet::new(),
    });
    plan.digest = plan.decision_digest();
    let mut run = site.clock.run(Run::open(&lease, &base, &plan)).unwrap();
    let opened = Event::Opened { plan: plan.digest, externals: BTreeMap::new() };
    for event in [opened, mark(5)] {
        site.append(&mut run, &[event]).unwrap();
    }
    drop(run);
    drop(lease);
    site
}

fn prune_now(site: &Site, keep: u64) -> Result<Vec<String>, PruneError> {
    let lease = site.acquire(holder("operator"));
    let pruned = site.clock.run(prune(&lease, keep));
    site.release(lease);
    pruned
}

#[test]
fn a_sound_unit_has_no_problem_and_nothing_is_written() {
    let site = busy();
    let before = site.store.inner.usage();
    let verdict = site.verdict();
    let after = site.store.inner.usage();
    assert_eq!((after.puts, after.deletes), (before.puts, before.deletes));
    assert_eq!((verdict.serial, verdict.states), (Some(4), 4));
    assert_eq!(verdict.open_run, site.load().open_run.map(|run| run.id));
    assert_eq!(Site::new().verdict().problems, []);
}

#[test]
fn whatever_document_is_damaged_or_missing_is_named() {
    let site = busy();
    let run = site.load().open_run.unwrap().id.to_string();
    let keys = site.keys("");
    let matters = keys.iter().filter(|key| !key.contains("/runs/") || key.contains(&run));
    for key in matters {
        let whole = site.body(key);
        let (half, _) = whole.split_at(whole.len() / 2);
        for damaged in [half, "", "{}", &whole.replace("alice", "malice")] {
            if damaged == whole {
                continue;
            }
            site.overwrite(key, damaged);
            let problems = site.verdict().problems;
            assert!(problems.iter().any(|problem| problem.key == *key), "{key}: {problems:?}");
            assert!(site.verdict().is_corrupt());
        }
        site.delete(key);
        let verdict = site.verdict();
        // A lease is made anew, the last batch might never have been written, and what is older
        // than everything that is left may have been pruned.
        let may_be_missing = ["lease.json", "0000000002.json", "/0000000001-"];
        let may_be_missing = may_be_missing.iter().any(|part| key.contains(part));
        assert_eq!(verdict.problems.is_empty(), may_be_missing, "{key}: {:?}", verdict.problems);
        site.overwrite(key, &whole);
        site.is_sound();
    }
}

#[test]
fn a_document_of_a_newer_version_is_told_from_damage() {
    let site = busy();
    let key = format!("{}/head.json", site.unit);
    site.overwrite(&key, &site.body(&key).replace("head/1", "head/2"));
    let verdict = site.verdict();
    assert_eq!(verdict.problems.len(), 1);
    assert!(!verdict.is_corrupt(), "{verdict:?}");
}

#[test]
fn contradictions_within_a_state_and_a_journal_are_named() {
    let site = site_with_queues();
    let mut document = site.document();
    let mut twice = document.state.entries[&queue()].clone();
    twice.incarnation = 0;
    twice.deposed[0].incarnation = Some(1);
    twice.deposed[0].generation = 0;
    document.state.entries.insert("batch.job_queue/other".parse().unwrap(), twice);
    site.edit(&push(document)).unwrap();
    let whys: Vec<String> = site.verdict().problems.into_iter().map(|one| one.why).collect();
    let whys = whys.join("\n");
    for expected in ["records `q` at", "never burnt", "the generation 0"] {
        assert!(whys.contains(expected), "{whys}");
    }

    let site = busy();
    let last = site.keys("runs/").into_iter().rfind(|key| key.ends_with("0002.json")).unwrap();
    for (from, to, expected) in [
        (r#""step":0"#, r#""step":7"#, "is about step 7, which its plan does not have"),
        (r#""epoch":5"#, r#""epoch":9"#, "has the epoch 9, and the head 5"),
    ] {
        let whole = site.body(&last);
        assert!(whole.contains(from), "{whole}");
        site.overwrite(&last, &whole.replace(from, to));
        let problems = site.verdict().problems;
        assert!(problems.iter().any(|one| one.why.contains(expected)), "{problems:?}");
        site.overwrite(&last, &whole);
    }
}

#[test]
fn a_prune_keeps_what_is_needed_and_nothing_else() {
    for keep in 0..6 {
        let site = busy();
        let before = site.load();
        let run = before.open_run.clone().unwrap().id.to_string();
        let listed = site.clock.run(prunable(&site.store, &site.unit, keep)).unwrap();
        assert_eq!(prune_now(&site, keep).unwrap(), listed);
        let after = site.load();
        assert_eq!((&after.state, &after.open_run), (&before.state, &before.open_run));
        let kept = keep.clamp(1, 4);
        assert_eq!(site.keys("snapshots/").len() as u64, kept);
        assert!(site.keys("runs/").iter().all(|key| key.contains(&run)));
        let history = site.history();
        assert_eq!((history.versions.len() as u64, history.pruned), (kept, kept < 4));
        site.is_sound();
        site.recover().unwrap();
        site.is_sound();
        assert!(!prune_now(&site, keep).unwrap().is_empty(), "the run that ended goes");
    }
}

#[test]
fn states_that_nobody_points_to_are_pruned() {
    let site = busy();
    let lease = site.acquire(gone_holder("unlucky"));
    let loaded = site.load();
    let (run, open) = site.adopt(&lease, &loaded).unwrap();
    site.store.arm("head.json", Fault::NotDone);
    site.clock.run(run.close(&fold(&loaded, open.events()))).unwrap_err();
    assert_eq!(site.keys("snapshots/").len(), 5);
    site.is_sound();
    prune_now(&site, 9).unwrap();
    assert_eq!(site.keys("snapshots/").len(), 5, "the run may yet end with that state");
    let another = site.acquire(holder("another"));
    let loaded = site.load();
    let (run, _) = site.adopt(&another, &loaded).unwrap();
    site.clock.run(run.close(&fold(&loaded, &[mark(6)]))).unwrap();
    site.release(another);
    assert_eq!(site.keys("snapshots/").len(), 6, "it ended with another one");
    prune_now(&site, 9).unwrap();
    assert_eq!(site.keys("snapshots/").len(), 5);
    site.is_sound();
}

#[test]
fn a_unit_that_is_not_sound_is_not_pruned() {
    let site = busy();
    let third = site.keys("snapshots/").into_iter().find(|key| key.contains("/0000000003-"));
    site.delete(&third.unwrap());
    let before = site.keys("");
    let error = prune_now(&site, 3).unwrap_err();
    assert!(error.to_string().contains("follows a state that is missing"), "{error}");
    assert_eq!(site.keys(""), before);
    // What comes before the gap is of no use: without it, all is sound.
    prune_now(&site, 1).unwrap();
    site.is_sound();
}

#[test]
fn a_slow_writer_cannot_point_the_head_to_what_was_pruned() {
    let site = busy();
    let slow_lease = site.acquire(gone_holder("slow"));
    let loaded = site.load();
    let (slow, open) = site.adopt(&slow_lease, &loaded).unwrap();
    let state = fold(&loaded, open.events());
    site.store.arm("head.json", Fault::Late);
    let mut closing = pin!(slow.close(&state));
    assert!(poll(closing.as_mut()).is_pending(), "the snapshot is written, the head not yet");
    assert_eq!(site.keys("snapshots/").len(), 5);
    prune_now(&site, 1).unwrap();
    let error = site.clock.run(closing).unwrap_err();
    assert!(matches!(error, RunError::Overtaken { .. }), "{error:?}");
    site.is_sound();
    site.recover().unwrap();
    site.is_sound();
}

#[test]
fn a_writer_that_was_overtaken_stays_shut_out_when_its_run_was_pruned() {
    let site = Site::new();
    let slow_lease = site.acquire(gone_holder("slow"));
    let mut slow = site.open(&slow_lease).unwrap();
    site.append(&mut slow, &[mark(1)]).unwrap();
    site.recover().unwrap();
    prune_now(&site, 1).unwrap();
    assert_eq!(site.keys("runs/").len(), 1, "the seal alone");
    assert!(site.append(&mut slow, &[mark(2)]).is_err());
    site.is_sound();
}

#[test]
fn a_slow_writer_cannot_open_a_run_whose_plan_was_pruned() {
    let site = Site::new();
    site.apply(&[1]).unwrap();
    let slow_lease = site.acquire(gone_holder("slow"));
    let base = site.load().base;
    let plan = plan_from(&base);
    site.store.arm("head.json", Fault::Late);
    let mut opening = pin!(Run::open(&slow_lease, &base, &plan));
    assert!(poll(opening.as_mut()).is_pending(), "the plan is written, the head not yet");
    prune_now(&site, 1).unwrap();
    assert_eq!(site.keys("runs/"), [""; 0]);
    let error = site.clock.run(opening).unwrap_err();
    assert!(matches!(error, RunError::Stale { .. }), "{error:?}");
    site.is_sound();
}

#[test]
fn a_prune_whose_lease_ran_out_deletes_nothing_more() {
    let site = busy();
    let lease = site.acquire(holder("operator"));
    site.clock.advance(CONFIG.ttl);
    let before = site.keys("");
    let error = site.clock.run(prune(&lease, 1)).unwrap_err();
    assert!(matches!(error, PruneError::LeaseRanOut { .. }), "{error:?}");
    assert_eq!(site.keys(""), before);
}

/// What somebody does by hand.
#[derive(Debug, Clone, Copy)]
enum Deed {
    Restore,
    Push,
    Forget,
    Prune,
    Unlock,
}

impl Deed {
    async fn run(self, site: &Site, change: Option<&Change>, who: crate::holder::Holder) {
        if matches!(self, Self::Unlock) {
            unlock(&site.store, &site.unit, &who, &site.clock, CONFIG).await.unwrap();
            return;
        }
        let lease = site.acquiring(who).await.unwrap();
        match change {
            Some(change) => {
                let edited = edit(&lease, change).await;
                let done_before = matches!(edited, Err(EditError::NothingThere { .. }));
                assert!(edited.is_ok() || done_before, "{edited:?}");
            }
            None => {
                prune(&lease, 1).await.unwrap();
            }
        }
        lease.release(CONFIG.quiet).await.unwrap();
    }

    fn change(self, site: &Site) -> Option<Change> {
        match self {
            Self::Restore => Some(site.restoring(2)),
            Self::Push => {
                let mut entry = site.document().state.entries[&queue()].clone();
                entry.parked = Some(object("q-parked", 1));
                Some(push(site.with_queue(entry)))
            }
            Self::Forget => Some(forget(None)),
            Self::Prune | Self::Unlock => None,
        }
    }
}

#[test]
fn whoever_dies_at_any_write_leaves_all_sound_and_the_same_can_be_done_again() {
    for deed in [Deed::Restore, Deed::Push, Deed::Forget, Deed::Prune, Deed::Unlock] {
        let mut deaths = 0;
        for boundary in 0.. {
            let site = site_with_queues();
            drop(site.acquire(gone_holder("before")));
            let (before, change) = (site.load(), deed.change(&site));
            site.store.die_at(Some(boundary));
            let ended = site.run_mortal(deed.run(&site, change.as_ref(), gone_holder("mortal")));
            site.store.die_at(None);
            let context = format!("{deed:?} at boundary {boundary}");
            assert_eq!(site.verdict().problems, [], "{context}");
            let now = site.load();
            if ended.is_none() && now.base != before.base && change.is_none() {
                assert_eq!(now.state, before.state, "{context}");
            }
            site.clock.run(deed.run(&site, change.as_ref(), holder("again")));
            assert_eq!(site.verdict().problems, [], "{context}");
            if let Some(change) = &change {
                let next = change.next(&site.load()).unwrap_or_default();
                assert_eq!(next, None, "{context}: it is done");
            }
            site.apply(&[8]).unwrap();
            if ended.is_some() {
                break;
            }
            deaths += 1;
        }
        let writes = if matches!(deed, Deed::Unlock) { 1 } else { 4 };
        assert!(deaths >= 2 * writes, "{deed:?}: {deaths}");
    }
}
