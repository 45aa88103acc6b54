use std::collections::BTreeSet;

use super::*;
use crate::address::RemoteId;
use crate::expr::Expr;
use crate::step::DeleteCause;
use crate::step::Stage;
use crate::step::StepId;

fn step(operation: Operation, undo: Undo) -> Step {
    Step {
        id: StepId(0),
        address: "toy.queue/main".parse().unwrap(),
        stage: Stage::Build,
        operation,
        undo,
        needs: BTreeSet::new(),
        dependencies: BTreeSet::new(),
    }
}

fn id() -> RemoteId {
    RemoteId::new("q-1").unwrap()
}

fn inputs(size: i64) -> Inputs {
    Inputs::from([("size".into(), Expr::Value(Value::Integer(size)))])
}

fn create() -> Operation {
    Operation::Create { generation: 1, inputs: inputs(2) }
}

fn update() -> Operation {
    Operation::Update {
        remote_id: id(),
        before: Attributes::from([("size".into(), Value::Integer(1))]),
        after: inputs(2),
        changed: BTreeSet::from(["size".into()]),
    }
}

fn delete() -> Operation {
    Operation::Delete {
        remote_id: id(),
        before: Attributes::from([("size".into(), Value::Integer(1))]),
        cause: DeleteCause::Unwanted,
    }
}

fn size(side: Side<'_>) -> Option<i64> {
    match side.see("size") {
        Seen::Value(value) => value.as_integer(),
        Seen::Absent | Seen::ToBeMade => None,
    }
}

/// A deed in a word, with the size before and after.
fn told(step: &Step) -> Vec<(Direction, &'static str, Option<i64>, Option<i64>)> {
    let tell = |(direction, deed): (Direction, Deed<'_>)| match deed {
        Deed::Create { inputs } => (direction, "create", None, size(inputs)),
        Deed::Update { before, after, .. } => (direction, "update", size(before), size(after)),
        Deed::Disable { .. } => (direction, "disable", None, None),
        Deed::Delete { before } => (direction, "delete", size(before), None),
    };
    deeds(step).into_iter().map(tell).collect()
}

#[test]
fn each_step_goes_forward_and_back_as_its_undo_says() {
    use Direction::Backward;
    use Direction::Forward;
    let park = Undo::Park { disable: Some("enabled".into()) };
    let made = (Forward, "create", None, Some(2));
    let changed = (Forward, "update", Some(1), Some(2));
    let gone = (Forward, "delete", Some(1), None);
    let table = [
        (create(), Undo::Delete, vec![made, (Backward, "delete", Some(2), None)]),
        (create(), park, vec![made, (Backward, "disable", None, None)]),
        (create(), Undo::Park { disable: None }, vec![made]),
        (update(), Undo::Restore, vec![changed, (Backward, "update", Some(2), Some(1))]),
        (update(), Undo::Keep, vec![changed]),
        (delete(), Undo::NotNeeded, vec![gone]),
        (delete(), Undo::Irreversible { reason: "in slot".into() }, vec![gone]),
    ];
    for (operation, undo, expected) in table {
        assert_eq!(told(&step(operation, undo.clone())), expected, "{undo:?}");
    }
    let held = Operation::Hold { remote_id: id(), until: jiff::Timestamp::UNIX_EPOCH };
    assert_eq!(told(&step(held, Undo::Release)), []);
}

#[test]
fn what_hangs_on_something_is_told_apart_from_what_is_not_there() {
    let reference = crate::address::Reference {
        address: "toy.key/main".parse().unwrap(),
        output: "arn".into(),
    };
    let inputs = Inputs::from([("key".into(), Expr::Reference(reference))]);
    let side = Side::Planned(&inputs);
    assert_eq!((side.see("key"), side.see("size")), (Seen::ToBeMade, Seen::Absent));
    assert_eq!(side.known(), Attributes::new());
}
