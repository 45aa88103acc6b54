//! Who is let through when.

use futures_util::FutureExt;

use super::*;

fn place(number: u32) -> Place {
    format!("{number:012}.us-east-1").parse().unwrap()
}

type Entering<'g> = std::pin::Pin<Box<dyn Future<Output = Pass<'g>> + 'g>>;

/// Lets whoever can go through, and says from where they come, in order of arrival.
fn through<'g>(
    waiting: &mut Vec<(u32, Entering<'g>)>,
    passes: &mut Vec<(u32, Pass<'g>)>,
) -> Vec<u32> {
    let mut admitted = Vec::new();
    waiting.retain_mut(|(number, entering)| match entering.as_mut().now_or_never() {
        Some(pass) => {
            passes.push((*number, pass));
            admitted.push(*number);
            false
        }
        None => true,
    });
    admitted
}

/// Requests from these places, in this order.
fn requests<'g>(gate: &'g Gate, places: &'g [Place], from: &[u32]) -> Vec<(u32, Entering<'g>)> {
    let entering = from.iter().map(|number| {
        let entering: Entering<'g> = Box::pin(gate.enter(&places[*number as usize]));
        (*number, entering)
    });
    entering.collect()
}

#[test]
fn a_place_has_its_share_and_all_together_what_there_is() {
    let (gate, places) = (Gate::new(8), [0, 1, 2, 3, 4].map(place));
    let from: Vec<u32> = (0..5).flat_map(|number| [number; 5]).collect();
    let (mut waiting, mut passes) = (requests(&gate, &places, &from), Vec::new());
    assert_eq!(through(&mut waiting, &mut passes), [0, 0, 1, 1, 2, 2, 3, 3]);
    assert!(through(&mut waiting, &mut passes).is_empty());
}

#[test]
fn room_goes_round_and_a_crowd_keeps_nobody_waiting() {
    let (gate, places) = (Gate::new(4), [0, 1, 2].map(place));
    // Place 0 asks for far more than there is before anybody else comes.
    let from: Vec<u32> = [0; 20].into_iter().chain([1, 1, 2]).collect();
    let (mut waiting, mut passes) = (requests(&gate, &places, &from), Vec::new());
    assert_eq!(through(&mut waiting, &mut passes), [0, 1, 2], "each has one: a share of four");
    let mut order = Vec::new();
    while !passes.is_empty() {
        passes.remove(0);
        order.extend(through(&mut waiting, &mut passes));
    }
    assert_eq!(order.iter().position(|number| *number == 1), Some(1), "{order:?}");
    assert_eq!(order.iter().filter(|number| **number == 0).count(), 19);
}

#[test]
fn within_a_place_first_come_is_first_served() {
    let (gate, here) = (Gate::new(1), place(0));
    let first = gate.enter(&here).now_or_never().unwrap();
    let mut second = Box::pin(gate.enter(&here));
    assert!(second.as_mut().now_or_never().is_none());
    let mut third = Box::pin(gate.enter(&here));
    assert!(third.as_mut().now_or_never().is_none());
    drop(first);
    assert!(third.as_mut().now_or_never().is_none());
    assert!(second.as_mut().now_or_never().is_some());
    assert!(third.as_mut().now_or_never().is_some(), "the second one's pass was dropped");
}

#[test]
fn who_gives_up_waiting_keeps_no_room() {
    let (gate, here) = (Gate::new(1), place(0));
    let first = gate.enter(&here).now_or_never().unwrap();
    let mut gone = Box::pin(gate.enter(&here));
    assert!(gone.as_mut().now_or_never().is_none());
    let mut admitted = Box::pin(gate.enter(&here));
    assert!(admitted.as_mut().now_or_never().is_none());
    drop(gone);
    drop(first);
    // It was let through and does not know yet.
    drop(admitted);
    assert!(gate.enter(&here).now_or_never().is_some());
}

#[test]
fn a_gate_of_none_lets_one_through() {
    let (gate, here) = (Gate::new(0), place(0));
    let pass = gate.enter(&here).now_or_never();
    assert!(pass.is_some());
    assert!(gate.enter(&here).now_or_never().is_none());
}
