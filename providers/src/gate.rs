//! How many requests are under way at once: so many over all, fewer for one account and region.
//!
//! Whoever finds no room waits. Room that comes free goes to the places that wait in turn, so that
//! one with hundreds of requests keeps none waiting that has three; within a place it goes in the
//! order in which requests came. A place never has more than its share: one that is throttled, and
//! whose requests therefore take long, leaves the rest to the others.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::collections::VecDeque;
use std::future::poll_fn;
use std::rc::Rc;
use std::task::Poll;
use std::task::Waker;

use nfplan_engine::address::Place;

/// Lets requests through. A clone is another handle to the same gate.
#[derive(Debug, Clone)]
pub struct Gate(Rc<RefCell<Room>>);

/// What a place has of the gate, at most: a part of this size. Rates of a single account and region
/// (`aws::pace`) bind before that.
const SHARE: usize = 4;

#[derive(Debug)]
struct Room {
    /// How many requests may be under way over all.
    most: usize,
    places: BTreeMap<Place, Here>,
    /// Who was let through last after waiting.
    last: Option<Place>,
}

/// The requests of one place.
#[derive(Debug, Default)]
struct Here {
    under_way: usize,
    waiting: VecDeque<Rc<RefCell<Ticket>>>,
}

#[derive(Debug, Default)]
struct Ticket {
    admitted: bool,
    waker: Option<Waker>,
}

/// The right to have one request under way, given back when it is dropped.
#[derive(Debug)]
pub struct Pass<'g> {
    gate: &'g Gate,
    place: &'g Place,
}

/// A request in front of the gate. If it is dropped, it leaves the queue.
struct Waiting<'g> {
    gate: &'g Gate,
    place: &'g Place,
    ticket: Rc<RefCell<Ticket>>,
}

impl Gate {
    /// How many requests are under way at once if nobody says otherwise.
    pub const DEFAULT: usize = 64;

    /// A gate for this many requests at once, at least one.
    pub fn new(most: usize) -> Self {
        let most = most.max(1);
        Self(Rc::new(RefCell::new(Room { most, places: BTreeMap::new(), last: None })))
    }

    /// Waits until there is room for a request to a place.
    pub async fn enter<'g>(&'g self, place: &'g Place) -> Pass<'g> {
        let ticket = Rc::new(RefCell::new(Ticket::default()));
        let waiting = Waiting { gate: self, place, ticket };
        let queued = waiting.ticket.clone();
        self.0.borrow_mut().places.entry(place.clone()).or_default().waiting.push_back(queued);
        self.0.borrow_mut().admit();
        poll_fn(|context| {
            let mut ticket = waiting.ticket.borrow_mut();
            if ticket.admitted {
                return Poll::Ready(());
            }
            ticket.waker = Some(context.waker().clone());
            Poll::Pending
        })
        .await;
        // From here the pass stands for the room that it has.
        waiting.ticket.borrow_mut().admitted = false;
        Pass { gate: self, place }
    }
}

impl Room {
    /// What one place has at most.
    fn share(&self) -> usize {
        self.most.div_ceil(SHARE)
    }

    /// Gives what room there is to those who wait.
    fn admit(&mut self) {
        while self.places.values().map(|here| here.under_way).sum::<usize>() < self.most {
            let Some(place) = self.next() else { return };
            let here = self.places.entry(place.clone()).or_default();
            let Some(ticket) = here.waiting.pop_front() else { return };
            here.under_way += 1;
            self.last = Some(place);
            let mut ticket = ticket.borrow_mut();
            ticket.admitted = true;
            ticket.waker.take().into_iter().for_each(Waker::wake);
        }
    }

    /// The place whose turn it is: the next one after the last that waits and has less than its share.
    fn next(&self) -> Option<Place> {
        let share = self.share();
        let waits =
            |(_, here): &(&Place, &Here)| !here.waiting.is_empty() && here.under_way < share;
        let after =
            |(place, _): &(&Place, &Here)| self.last.as_ref().is_none_or(|last| *place > last);
        let mut later = self.places.iter().filter(waits).filter(after);
        let next = later.next().or_else(|| self.places.iter().find(waits));
        next.map(|(place, _)| place.clone())
    }

    fn leave(&mut self, place: &Place) {
        if let Some(here) = self.places.get_mut(place) {
            here.under_way -= 1;
        }
        self.admit();
    }
}

impl Drop for Pass<'_> {
    fn drop(&mut self) {
        self.gate.0.borrow_mut().leave(self.place);
    }
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        let mut room = self.gate.0.borrow_mut();
        if self.ticket.borrow().admitted {
            room.leave(self.place);
        } else if let Some(here) = room.places.get_mut(self.place) {
            here.waiting.retain(|ticket| !Rc::ptr_eq(ticket, &self.ticket));
        }
    }
}

#[cfg(test)]
mod tests;
