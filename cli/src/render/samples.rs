//! Small hand-made plans for tests.

use std::collections::BTreeMap;
use std::collections::BTreeSet;

use nfplan_engine::address::UnitId;
use nfplan_engine::change::Action;
use nfplan_engine::change::AttributeChange;
use nfplan_engine::change::Change;
use nfplan_engine::desired::Source;
use nfplan_engine::digest::Digest;
use nfplan_engine::expr::Expr;
use nfplan_engine::findings::Finding;
use nfplan_engine::plan::UnitPlan;
use nfplan_engine::risk::Risk;
use nfplan_engine::step::Operation;
use nfplan_engine::step::Stage;
use nfplan_engine::step::Step;
use nfplan_engine::step::StepId;
use nfplan_engine::step::Undo;
use nfplan_engine::value::Value;

/// The place of all samples.
pub(crate) const PLACE: &str = "111122223333.us-east-1";

/// A value from JSON.
pub(crate) fn value(json: &str) -> Value {
    serde_json::from_str(json).unwrap()
}

/// A user name with everything that a unit id does not take escaped.
pub(crate) fn escaped(user: &str) -> String {
    user.replace('@', "-40").replace('.', "-2e")
}

/// A workspace that changes like this.
pub(crate) fn workspace(user: &str, changes: Vec<Change>) -> UnitPlan {
    let unit: UnitId = format!("workspace/{PLACE}/{}", escaped(user)).parse().unwrap();
    let mut plan = UnitPlan {
        unit,
        digest: Digest::of_bytes(&[]),
        state: Digest::of_bytes(&[]),
        source: Source {
            environment: "data.example.org".into(),
            blueprint: 1,
            user: Some(user.into()),
            protect: false,
            revoked: false,
        },
        wanted: true,
        pins: BTreeMap::new(),
        externals: BTreeMap::new(),
        steps: Vec::new(),
        changes,
        unreadable: BTreeMap::new(),
        notes: BTreeMap::new(),
        findings: Vec::new(),
    };
    plan.digest = plan.decision_digest();
    plan
}

/// A change without attributes.
pub(crate) fn change(action: Action, address: &str) -> Change {
    Change {
        address: address.parse().unwrap(),
        action,
        attributes: Vec::new(),
        reasons: Vec::new(),
        origin: None,
    }
}

/// An update of one attribute between two values in JSON.
pub(crate) fn update(address: &str, name: &str, before: &str, after: &str) -> Change {
    let mut change = change(Action::Update, address);
    change.attributes.push(attribute(name, Some(before), Some(after)));
    change
}

/// An attribute that changes between two values in JSON.
pub(crate) fn attribute(name: &str, before: Option<&str>, after: Option<&str>) -> AttributeChange {
    AttributeChange {
        name: name.into(),
        before: before.map(value),
        after: after.map(|json| Expr::Value(value(json))),
        applied: None,
        because: None,
        origin: None,
    }
}

/// A step that creates something of this name.
pub(crate) fn create_step(id: u32, address: &str, name: &str, undo: Undo) -> Step {
    Step {
        id: StepId(id),
        address: address.parse().unwrap(),
        stage: Stage::Build,
        operation: Operation::Create {
            generation: 1,
            inputs: BTreeMap::from([("name".into(), name.into())]),
        },
        undo,
        needs: BTreeSet::new(),
        dependencies: BTreeSet::new(),
    }
}

/// Text without its styles.
pub(crate) fn unstyled(text: &str) -> String {
    anstream::adapter::strip_str(text).to_string()
}

/// A finding about the document of a policy.
pub(crate) fn finding(risk: Risk, message: &str, origin: Option<&str>) -> Finding {
    Finding {
        risk,
        address: "iam.policy/jobs".parse().unwrap(),
        attribute: Some("document".into()),
        message: message.into(),
        witness: None,
        origin: origin.map(str::to_owned),
    }
}
