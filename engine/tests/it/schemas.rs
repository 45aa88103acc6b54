//! Schemas of the toy cloud: each feature of a schema has a type that uses it.

use nfplan_engine::address::Place;
use nfplan_engine::schema::Attribute;
use nfplan_engine::schema::Escalation;
use nfplan_engine::schema::Identity;
use nfplan_engine::schema::Limit;
use nfplan_engine::schema::OnChange;
use nfplan_engine::schema::Parts;
use nfplan_engine::schema::Removal;
use nfplan_engine::schema::RetireValue;
use nfplan_engine::schema::Schema;
use nfplan_engine::schema::Shape;
use nfplan_engine::schema::Strangers;
use nfplan_engine::schema::Tightening;
use nfplan_engine::schema::UndoCreate;
use nfplan_engine::value::Attributes;
use nfplan_engine::value::Value;

fn as_is(_: &mut Attributes) {}

fn nothing(_: &Place, _: &Attributes) -> Attributes {
    Attributes::new()
}

fn arn(kind: &str, inputs: &Attributes) -> Attributes {
    let name = inputs.get("name").and_then(Value::as_text);
    name.map(|name| ("arn".into(), Value::text(format!("arn:{kind}:{name}")))).into_iter().collect()
}

fn farm_defaults(inputs: &mut Attributes) {
    inputs.entry("state".into()).or_insert_with(|| "on".into());
}

const BASE: Schema = Schema {
    resource_type: "toy.base",
    version: 1,
    title: "base",
    attributes: &[],
    escalations: &[],
    identity: Identity::Tags,
    removal: Removal::Delete,
    undo_create: UndoCreate::Delete,
    normalise: as_is,
    predict: nothing,
};

const IN_SLOT: OnChange = OnChange::InSlot;

static NET: Schema = Schema {
    resource_type: "toy.net",
    attributes: &[
        Attribute::required("cidr", Shape::Text).create_first(),
        Attribute::optional("note", Shape::Text),
        Attribute::computed("id"),
        Attribute::volatile("load", Shape::Text, "changes by itself"),
    ],
    ..BASE
};

static BOX: Schema = Schema {
    resource_type: "toy.box",
    attributes: &[
        Attribute::required("net_id", Shape::Text).create_first(),
        Attribute::required("zone", Shape::Text).on_change(OnChange::Refused("rebuild it")),
        Attribute::optional("gateway", Shape::Text).create_first().attaches(),
        Attribute::optional("members", Shape::Set(&Shape::Text)),
        Attribute::optional("script", Shape::Text).deep(),
        Attribute::computed("id"),
    ],
    ..BASE
};

const DOORS: Strangers = Strangers {
    says: |role, doors| format!("{} let into `{role}`", doors.join(" and ")),
    holds: true,
};

static ROLE: Schema = Schema {
    resource_type: "toy.role",
    attributes: &[
        Attribute::required("name", Shape::Text).on_change(IN_SLOT),
        Attribute::optional("path", Shape::Text).on_change(IN_SLOT),
        Attribute::optional("trust", Shape::Text),
        Attribute::volatile("doors", Shape::Set(&Shape::Text), "somebody else's").tells_of(DOORS),
        Attribute::predictable("arn"),
    ],
    identity: Identity::Attributes(&["name"]),
    predict: |_, inputs| arn("role", inputs),
    ..BASE
};

static TEMPLATE: Schema = Schema {
    resource_type: "toy.template",
    attributes: &[
        Attribute::required("data", Shape::Text),
        Attribute::computed("id"),
        Attribute::changes_on_update("version"),
    ],
    ..BASE
};

static FARM: Schema = Schema {
    resource_type: "toy.farm",
    attributes: &[
        Attribute::required("name", Shape::Text).create_first().suffixed(),
        Attribute::optional("state", Shape::Text),
        Attribute::optional("strategy", Shape::Text),
        Attribute::optional("size", Shape::Text),
        Attribute::optional("box_ids", Shape::Set(&Shape::Text)),
        Attribute::optional("template_version", Shape::Text),
        Attribute::optional("role", Shape::Text),
        Attribute::predictable("arn"),
    ],
    escalations: &[Escalation {
        attribute: "strategy",
        values: &["best"],
        affects: &["strategy", "size", "box_ids", "template_version"],
        on_change: OnChange::CreateFirst,
        reason: "best-fit farms cannot change in place",
    }],
    identity: Identity::Attributes(&["name"]),
    normalise: farm_defaults,
    predict: |_, inputs| arn("farm", inputs),
    ..BASE
};

static QUEUE: Schema = Schema {
    resource_type: "toy.queue",
    attributes: &[
        Attribute::required("name", Shape::Text).on_change(IN_SLOT),
        Attribute::optional("state", Shape::Text),
        Attribute::optional("farms", Shape::List(&Shape::Text)),
        Attribute::optional("drained", Shape::Bool)
            .deep()
            .when_wanted("jobs come and go")
            .retire(RetireValue::Bool(true), "end jobs"),
        Attribute::predictable("arn"),
    ],
    identity: Identity::Attributes(&["name"]),
    predict: |_, inputs| arn("queue", inputs),
    ..BASE
};

static KEY: Schema = Schema {
    resource_type: "toy.key",
    attributes: &[
        Attribute::optional("enabled", Shape::Bool),
        Attribute::optional("note", Shape::Text),
        Attribute::computed("id"),
    ],
    removal: Removal::Retain("it encrypts data"),
    undo_create: UndoCreate::Park { disable: Some("enabled"), reason: "deletion takes a week" },
    ..BASE
};

static SECRET: Schema = Schema {
    resource_type: "toy.secret",
    attributes: &[
        Attribute::required("name", Shape::Text).on_change(IN_SLOT),
        Attribute::optional("note", Shape::Text),
        Attribute::predictable("arn"),
    ],
    identity: Identity::Attributes(&["name"]),
    undo_create: UndoCreate::Park { disable: None, reason: "the name stays taken" },
    predict: |_, inputs| arn("secret", inputs),
    ..BASE
};

static VAULT: Schema = Schema {
    resource_type: "toy.vault",
    attributes: &[
        Attribute::required("place", Shape::Text).create_first(),
        Attribute::optional("enabled", Shape::Bool),
        Attribute::computed("id"),
    ],
    undo_create: UndoCreate::Park { disable: Some("enabled"), reason: "deletion is slow" },
    ..BASE
};

static TOKEN: Schema = Schema {
    resource_type: "toy.token",
    attributes: &[
        Attribute::required("user", Shape::Text).create_first(),
        Attribute::required("status", Shape::Text).deep().tightens(Tightening::ToText("Inactive")),
        Attribute::computed("id"),
    ],
    identity: Identity::Siblings(&["user"]),
    ..BASE
};

static MACHINE: Schema = Schema {
    resource_type: "toy.machine",
    attributes: &[
        Attribute::required("image", Shape::Text).create_first(),
        Attribute::optional("box_ids", Shape::Set(&Shape::Text)),
        Attribute::required("state", Shape::Text).retire(RetireValue::Text("stopped"), "stop"),
        Attribute::computed("id"),
    ],
    ..BASE
};

static GUARD: Schema = Schema {
    resource_type: "toy.guard",
    attributes: &[
        Attribute::required("target", Shape::Text).on_change(IN_SLOT),
        Attribute::required("block", Shape::Bool).tightens(Tightening::ToBool(true)),
        Attribute::optional("note", Shape::Text),
    ],
    identity: Identity::Attributes(&["target"]),
    ..BASE
};

const RULE: Shape = Shape::Object(&[("id", Shape::Text), ("what", Shape::Text)]);

const RULES: Parts = Parts { title: "rule", list: None, entries: &[], id: "id", own: "own" };

/// Others have rules in it, too.
static DOOR: Schema = Schema {
    resource_type: "toy.door",
    attributes: &[
        Attribute::required("name", Shape::Text).on_change(IN_SLOT),
        Attribute::required("rules", Shape::Set(&RULE)).limit(Limit::Items(8)).shared(RULES),
        Attribute::optional("colour", Shape::Text),
    ],
    identity: Identity::Attributes(&["name"]),
    ..BASE
};

/// All of them.
pub(crate) static SCHEMAS: [&Schema; 13] = [
    &NET, &BOX, &ROLE, &TEMPLATE, &FARM, &QUEUE, &KEY, &SECRET, &VAULT, &TOKEN, &MACHINE, &GUARD,
    &DOOR,
];

fn texts(value: &Value, found: &mut Vec<String>) {
    match value {
        Value::Text(text) => found.push(text.to_string()),
        Value::List(items) => items.iter().for_each(|item| texts(item, found)),
        Value::Map(entries) => entries.values().for_each(|item| texts(item, found)),
        Value::Bool(_) | Value::Integer(_) => {}
    }
}

/// References to other objects among managed attributes: `id:…` and `arn:farm:…`.
pub(crate) fn uses(schema: &Schema, attributes: &Attributes) -> Vec<String> {
    let mut found = Vec::new();
    for (attribute, _) in schema.managed() {
        if let Some(value) = attributes.get(attribute.name) {
            texts(value, &mut found);
        }
    }
    found.retain(|text| text.starts_with("id:") || text.starts_with("arn:farm"));
    found
}
