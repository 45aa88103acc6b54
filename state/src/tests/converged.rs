//! Notes that nothing is to be done: of one snapshot, and of no other.

use nfplan_engine::digest::Digest;

use super::kit::holder;
use super::site::Site;
use crate::converged::converged;
use crate::converged::note;
use crate::unit::Base;

fn basis() -> Digest {
    Digest::of_bytes(b"basis")
}

fn noted(site: &Site) -> Option<Digest> {
    let noted = site.clock.run(converged(&site.store, &site.unit)).unwrap()?;
    assert_eq!(Some(noted.state), site.load().base.state_digest());
    Some(noted.basis)
}

fn try_to_note(site: &Site, base: &Base) -> bool {
    site.clock.run(note(&site.store, base, basis())).unwrap()
}

/// A unit whose last run left nothing to do, and the base of the note.
fn converged_site() -> (Site, Base) {
    let site = Site::new();
    let base = site.apply(&[1]).unwrap();
    assert_eq!(noted(&site), None);
    assert!(try_to_note(&site, &base));
    assert_eq!(noted(&site), Some(basis()));
    (site, base)
}

#[test]
fn a_note_changes_nothing_else_of_the_head() {
    let (site, before) = converged_site();
    let (before, mut after) = (before.head.unwrap().head, site.load().base.head.unwrap().head);
    assert_ne!(after.nonce, before.nonce);
    after.nonce = before.nonce;
    after.converged = None;
    assert_eq!(after, before);
}

#[test]
fn a_note_is_gone_while_a_run_is_open_and_after_it() {
    let (site, _) = converged_site();
    site.die_in_run(&[2]);
    assert_eq!(noted(&site), None);
    assert!(!try_to_note(&site, &site.load().base), "what an open run will leave is not known");
    site.recover().unwrap();
    assert_eq!(noted(&site), None);
}

#[test]
fn a_head_that_has_moved_takes_no_note() {
    let (site, base) = converged_site();
    assert!(!try_to_note(&site, &base), "it was noted since");
    let planned_from = site.load().base;
    site.apply(&[2]).unwrap();
    assert!(!try_to_note(&site, &planned_from));
    assert_eq!(noted(&site), None);
}

#[test]
fn a_unit_without_a_state_takes_no_note() {
    let site = Site::new();
    assert!(!try_to_note(&site, &site.load().base));
    let lease = site.acquire(holder("apply"));
    let _first = site.open(&lease).unwrap();
    assert!(!try_to_note(&site, &site.load().base));
}

#[test]
fn one_other_byte_in_the_snapshot_and_the_note_counts_for_nothing() {
    let (site, _) = converged_site();
    let [key] = site.keys("snapshots/").try_into().unwrap();
    let whole = site.body(&key);
    for (index, _) in whole.char_indices().step_by(7) {
        let mut damaged = whole.clone();
        let other = if damaged[index..].starts_with('0') { "1" } else { "0" };
        damaged.replace_range(index..=index, other);
        site.overwrite(&key, &damaged);
        assert_eq!(noted(&site), None, "byte {index}");
    }
    site.delete(&key);
    assert_eq!(noted(&site), None);
}
