//! What the tests want of the toy cloud: a few knobs that expand to a whole unit.

use std::collections::BTreeMap;
use std::collections::BTreeSet;

use nfplan_engine::address::External;
use nfplan_engine::address::UnitId;
use nfplan_engine::desired::Desired;
use nfplan_engine::desired::Expansion;
use nfplan_engine::desired::Lifecycle;
use nfplan_engine::desired::Origin;
use nfplan_engine::desired::Resource;
use nfplan_engine::desired::Source;
use nfplan_engine::expr::Expr;
use nfplan_engine::schema::Schemas;
use proptest::prelude::Strategy;
use proptest::prelude::any;

use crate::schemas::SCHEMAS;

/// The knobs. All are small numbers; each means another spec value.
#[expect(clippy::struct_excessive_bools, reason = "they are independent knobs")]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Wish {
    pub(crate) everything: bool,
    pub(crate) cidr: u8,
    pub(crate) note: u8,
    pub(crate) boxes: u8,
    pub(crate) gateway: u8,
    pub(crate) script: u8,
    pub(crate) path: u8,
    pub(crate) trust: u8,
    pub(crate) data: u8,
    pub(crate) best: bool,
    pub(crate) size: u8,
    /// 0: none, 1: on, 2: off and drained, 3: the same and withdrawn.
    pub(crate) queue: u8,
    pub(crate) key: bool,
    pub(crate) key_note: u8,
    pub(crate) secret: bool,
    /// 0: none, else the place.
    pub(crate) vault: u8,
    /// 0: none, 1: active, 2: inactive, 3: inactive and withdrawn.
    pub(crate) token: u8,
    /// 0: none, 1: running, 2: stopped, 3: running on another image.
    pub(crate) machine: u8,
    /// 0: none, 1: open, 2: blocking.
    pub(crate) guard: u8,
}

pub(crate) const FULL: Wish = Wish {
    everything: true,
    cidr: 0,
    note: 0,
    boxes: 2,
    gateway: 1,
    script: 0,
    path: 0,
    trust: 0,
    data: 0,
    best: false,
    size: 0,
    queue: 1,
    key: true,
    key_note: 0,
    secret: true,
    vault: 1,
    token: 1,
    machine: 1,
    guard: 1,
};

pub(crate) const NOTHING: Wish = Wish { everything: false, ..FULL };

/// Everything changes that can change without giving anything up first.
pub(crate) const CHANGED: Wish = Wish {
    cidr: 1,
    note: 1,
    boxes: 1,
    script: 1,
    trust: 1,
    data: 1,
    size: 1,
    key_note: 1,
    vault: 2,
    machine: 2,
    guard: 2,
    ..FULL
};

pub(crate) const SUSPENDED: Wish = Wish { queue: 3, token: 3, machine: 2, ..FULL };

/// Any wish, nothing included now and then.
pub(crate) fn wishes() -> impl Strategy<Value = Wish> {
    any::<[u8; 20]>().prop_map(|b| Wish {
        everything: b[0] % 10 != 0,
        cidr: b[1] % 2,
        note: b[2] % 3,
        boxes: b[3] % 3,
        gateway: b[4] % 3,
        script: b[5] % 2,
        path: u8::from(b[6] % 5 == 0),
        trust: b[7] % 2,
        data: b[8] % 3,
        best: b[9] % 3 == 0,
        size: b[10] % 3,
        queue: b[11] % 4,
        key: b[12] % 4 != 0,
        key_note: b[13] % 2,
        secret: b[14] % 4 != 0,
        vault: b[15] % 3,
        token: b[16] % 4,
        machine: b[17] % 4,
        guard: b[18] % 3,
    })
}

/// The unit all tests are about.
pub(crate) fn unit() -> UnitId {
    "workspace/111122223333.us-east-1/alice".parse().unwrap()
}

pub(crate) fn source() -> Source {
    Source {
        environment: "toy.example.org".into(),
        blueprint: 1,
        user: Some("alice".into()),
        protect: false,
        revoked: false,
    }
}

pub(crate) fn external() -> External {
    "platform/111122223333.us-east-1:toy.key/work#id".parse().unwrap()
}

fn refer(reference: &str) -> Expr {
    Expr::Reference(reference.parse().unwrap())
}

pub(crate) fn resource<const N: usize>(address: &str, inputs: [(&str, Expr); N]) -> Resource {
    Resource {
        address: address.parse().unwrap(),
        inputs: inputs.into_iter().map(|(name, expr)| (name.into(), expr)).collect(),
        depends_on: BTreeSet::new(),
        lifecycle: Lifecycle::default(),
        origins: BTreeMap::new(),
        origin: Origin { file: 0, line: 1, column: 1 },
    }
}

fn numbered(word: &str, number: u8) -> Expr {
    format!("{word}-{number}").into()
}

fn text(word: &str) -> Expr {
    word.into()
}

pub(crate) fn expansion(resources: Vec<Resource>) -> Expansion {
    let (files, pins) = (vec!["alice.yaml".into()], BTreeMap::new());
    Expansion { unit: unit(), source: source(), files, resources, pins }
}

pub(crate) fn build(resources: Vec<Resource>) -> Desired {
    Desired::build(expansion(resources), &Schemas::new(SCHEMAS.iter().copied())).unwrap()
}

impl Wish {
    pub(crate) fn desired(&self) -> Desired {
        if self.everything { build(self.resources()) } else { Desired::nothing(unit(), source()) }
    }

    pub(crate) fn resources(&self) -> Vec<Resource> {
        let mut list = self.network();
        list.extend(self.batch());
        list.extend(self.others());
        list
    }

    fn box_ids(&self) -> Expr {
        Expr::List((0..self.boxes).map(|i| refer(&format!("toy.box/b{i}#id"))).collect())
    }

    fn network(&self) -> Vec<Resource> {
        let mut net = resource("toy.net/main", [("cidr", numbered("cidr", self.cidr))]);
        if self.note > 0 {
            net.inputs.insert("note".into(), numbered("note", self.note));
        }
        let mut list = vec![net];
        for i in 0..self.boxes {
            let mut item = resource(
                &format!("toy.box/b{i}"),
                [
                    ("net_id", refer("toy.net/main#id")),
                    ("zone", "a".into()),
                    ("script", numbered("script", self.script)),
                    ("members", Expr::list([text("z"), text("a")])),
                ],
            );
            if self.gateway > 0 {
                item.inputs.insert("gateway".into(), numbered("gateway", self.gateway));
            }
            list.push(item);
        }
        list
    }

    fn batch(&self) -> Vec<Resource> {
        let mut list = vec![
            resource(
                "toy.role/work",
                [
                    ("name", "alice-role".into()),
                    ("path", format!("/{}/", self.path).into()),
                    ("trust", numbered("trust", self.trust)),
                ],
            ),
            resource("toy.template/main", [("data", numbered("data", self.data))]),
            resource(
                "toy.farm/main",
                [
                    ("name", "alice-farm".into()),
                    ("strategy", if self.best { "best".into() } else { "good".into() }),
                    ("size", numbered("size", self.size)),
                    ("box_ids", self.box_ids()),
                    ("template_version", refer("toy.template/main#version")),
                    ("role", refer("toy.role/work#arn")),
                ],
            ),
        ];
        if self.queue > 0 {
            let mut queue = resource(
                "toy.queue/main",
                [
                    ("name", "alice-queue".into()),
                    ("state", if self.queue == 1 { "on".into() } else { "off".into() }),
                    ("farms", Expr::list([refer("toy.farm/main#arn")])),
                ],
            );
            if self.queue > 1 {
                queue.inputs.insert("drained".into(), true.into());
            }
            queue.lifecycle.withdraw = self.queue == 3;
            list.push(queue);
        }
        list
    }

    fn others(&self) -> Vec<Resource> {
        let mut list = Vec::new();
        if self.key {
            let note = numbered("note", self.key_note);
            list.push(resource("toy.key/work", [("enabled", true.into()), ("note", note)]));
        }
        if self.secret {
            list.push(resource("toy.secret/main", [("name", "alice-secret".into())]));
        }
        if self.vault > 0 {
            let place = numbered("place", self.vault);
            list.push(resource("toy.vault/main", [("place", place), ("enabled", true.into())]));
        }
        if self.token > 0 {
            let status = if self.token == 1 { "Active" } else { "Inactive" };
            let inputs = [("user", text("alice")), ("status", status.into())];
            let mut token = resource("toy.token/main", inputs);
            token.depends_on.insert("toy.role/work".parse().unwrap());
            token.lifecycle.withdraw = self.token == 3;
            list.push(token);
        }
        if self.machine > 0 {
            let state = if self.machine == 2 { "stopped" } else { "running" };
            let image = numbered("image", u8::from(self.machine == 3));
            let inputs = [("image", image), ("box_ids", self.box_ids()), ("state", state.into())];
            list.push(resource("toy.machine/main", inputs));
        }
        if self.guard > 0 {
            let note = Expr::Join(vec!["for ".into(), Expr::External(external())]);
            let block = (self.guard == 2).into();
            let inputs = [("target", text("t")), ("block", block), ("note", note)];
            list.push(resource("toy.guard/main", inputs));
        }
        list
    }
}
