//! What state knows: lists of objects, and one object in full.

use nfplan_engine::address::Address;
use nfplan_engine::state::Entry;
use nfplan_engine::state::Object;
use nfplan_engine::state::State;
use nfplan_engine::state::Status;
use nfplan_engine::value::Attributes;

use super::page::FAINT;
use super::page::Line;
use super::page::Page;
use super::page::STRONG;
use super::page::YELLOW;
use super::value::Node;

/// Lists the objects of every unit, one a line: address, object id, generation, and what is not
/// ordinary about it.
pub fn list(states: &[State], width: usize) -> String {
    let mut page = Page::new(width);
    // Whoever cuts the list up with other programs needs the ids whole.
    page.cut_words(false);
    for state in states {
        page.put(&Line::at(0).styled(STRONG, state.unit.to_string()));
        let mut none = true;
        for (address, object, mark) in objects(state) {
            none = false;
            page.put(&object_line(address, object, mark));
        }
        if none {
            page.put(&Line::at(2).styled(FAINT, "no objects"));
        }
    }
    page.finish()
}

/// Shows all that state knows under one address; none if it knows no object there.
pub fn show(state: &State, address: &Address, width: usize) -> Option<String> {
    let entry = state.entries.get(address).filter(|entry| !entry.is_vacant())?;
    let mut page = Page::new(width);
    page.cut_words(false);
    page.put(&Line::at(0).styled(STRONG, format!("{}:{address}", state.unit)));
    for (object, mark) in of_entry(entry) {
        page.put(&object_line(address, object, mark));
        if let Some(incarnation) = object.incarnation {
            page.put(&Line::at(4).text(format!("incarnation: {incarnation}")));
        }
        attributes(&mut page, "inputs", &object.inputs);
        attributes(&mut page, "outputs", &object.outputs);
        if !object.dependencies.is_empty() {
            page.put(&Line::at(4).text("needs:"));
            for need in &object.dependencies {
                page.put(&Line::at(6).text(need.to_string()));
            }
        }
    }
    Some(page.finish())
}

/// What is not ordinary about an object's place in the state.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Mark {
    Current,
    Deposed,
    Parked,
}

fn objects(state: &State) -> impl Iterator<Item = (&Address, &Object, Mark)> {
    let entries = state.entries.iter();
    entries.flat_map(|(address, entry)| {
        of_entry(entry).map(move |(object, mark)| (address, object, mark))
    })
}

fn of_entry(entry: &Entry) -> impl Iterator<Item = (&Object, Mark)> {
    let current = entry.current.iter().map(|object| (object, Mark::Current));
    let deposed = entry.deposed.iter().map(|object| (object, Mark::Deposed));
    let parked = entry.parked.iter().map(|object| (object, Mark::Parked));
    current.chain(deposed).chain(parked)
}

fn object_line(address: &Address, object: &Object, mark: Mark) -> Line {
    let line = Line::at(2).text(format!("{address}  {}", object.remote_id));
    let line = line.styled(FAINT, format!("  generation {}", object.generation));
    let line = match mark {
        Mark::Current => line,
        Mark::Deposed => line.styled(YELLOW, "  deposed: awaits deletion"),
        Mark::Parked => line.styled(YELLOW, "  parked: to be used again"),
    };
    match object.status {
        Status::Ready => line,
        Status::Settling => line.styled(YELLOW, "  settling: AWS was still at work"),
    }
}

fn attributes(page: &mut Page, title: &str, attributes: &Attributes) {
    if attributes.is_empty() {
        return;
    }
    page.put(&Line::at(4).text(format!("{title}:")));
    for (name, value) in attributes {
        let value = Node::from(value).shown(usize::MAX);
        page.put(&Line::at(6).text(format!("{name}: {value}")));
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;
    use std::collections::BTreeSet;

    use super::super::samples::unstyled;
    use super::super::samples::workspace;
    use super::*;

    fn object(id: &str, generation: u32) -> Object {
        Object {
            remote_id: id.parse().unwrap(),
            generation,
            incarnation: Some(3),
            schema: 1,
            inputs: BTreeMap::from([("name".into(), "nf\x1b[31m".into())]),
            outputs: BTreeMap::from([("arn".into(), "arn:q".into())]),
            dependencies: BTreeSet::from(["ec2.vpc/main".parse().unwrap()]),
            status: Status::Ready,
            held_until: None,
        }
    }

    fn state() -> State {
        let plan = workspace("alice", Vec::new());
        let mut state = State::empty(plan.unit, plan.source);
        let queue = Entry {
            incarnation: 3,
            current: Some(object("q-2", 2)),
            deposed: vec![Object { status: Status::Settling, ..object("q-1", 1) }],
            ..Entry::default()
        };
        let key = Entry { parked: Some(object("k-1", 1)), ..Entry::default() };
        state.entries.insert("batch.job_queue/main".parse().unwrap(), queue);
        state.entries.insert("kms.key/work".parse().unwrap(), key);
        state.entries.insert("ec2.vpc/main".parse().unwrap(), Entry::default());
        state
    }

    #[test]
    fn a_list_has_every_object_with_its_marks() {
        let empty = State { entries: BTreeMap::new(), ..state() };
        assert_eq!(
            unstyled(&list(&[state(), empty], 120)),
            "\
workspace/111122223333.us-east-1/alice
  batch.job_queue/main  q-2  generation 2
  batch.job_queue/main  q-1  generation 1  deposed: awaits deletion  settling: AWS was still at work
  kms.key/work  k-1  generation 1  parked: to be used again
workspace/111122223333.us-east-1/alice
  no objects
"
        );
    }

    #[test]
    fn one_object_is_shown_with_inputs_outputs_and_needs() {
        let text = show(&state(), &"kms.key/work".parse().unwrap(), 120).unwrap();
        assert_eq!(
            unstyled(&text),
            "\
workspace/111122223333.us-east-1/alice:kms.key/work
  kms.key/work  k-1  generation 1  parked: to be used again
    incarnation: 3
    inputs:
      name: \"nf\\u{1b}[31m\"
    outputs:
      arn: \"arn:q\"
    needs:
      ec2.vpc/main
"
        );
        assert_eq!(show(&state(), &"ec2.vpc/main".parse().unwrap(), 120), None);
    }
}
