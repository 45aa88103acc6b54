//! The access key of the client's user.
//!
//! AWS tells its secret once. *Create* makes the key and stages the secret where it is delivered, a
//! secret or a file, so that it never passes on; another type promotes it as the very last build
//! step. A rotation makes the second of the two keys that a user may have before the first one
//! goes, so that running pipelines keep theirs. Keys have neither names nor tags: after a lost
//! answer the new one among the user's keys is ours. Deactivating a key is kept by a rollback.

use nfplan_engine::risk::Risk;
use nfplan_engine::schema::Attribute;
use nfplan_engine::schema::Identity;
use nfplan_engine::schema::Removal;
use nfplan_engine::schema::Schema;
use nfplan_engine::schema::Shape;
use nfplan_engine::schema::Strangers;
use nfplan_engine::schema::Tightening;
use nfplan_engine::schema::UndoCreate;

use crate::types::common::TEXT_SET;
use crate::types::common::as_given;
use crate::types::common::create_first;
use crate::types::common::nothing_predicted;
use crate::types::common::quoted;
use crate::types::risks::becomes;

const OTHERS: Strangers = Strangers {
    says: |_, others| {
        let others = quoted(others);
        format!(
            "nfplan did not make {others}, which works beside its own access key: whoever has the \
             secret gets in as well; delete it in AWS, unless you know whose it is"
        )
    },
    holds: false,
};

/// The schema.
pub static SCHEMA: Schema = Schema {
    resource_type: "iam.access_key",
    version: 1,
    title: "access key",
    attributes: &[
        create_first("user"),
        Attribute::optional("secret_id", Shape::Text).create_first(),
        Attribute::optional("file", Shape::Text).create_first(),
        Attribute::required("status", Shape::Text)
            .deep()
            .tightens(Tightening::ToText("Inactive"))
            .risks(
                Risk::Credentials,
                |before, after| becomes("Active", before, after),
                "lets the client in with a key",
            ),
        Attribute::volatile("others", TEXT_SET, "they are keys that the user has beside this one")
            .deep()
            .tells_of(OTHERS),
        Attribute::computed("id"),
    ],
    escalations: &[],
    identity: Identity::Siblings(&["user"]),
    removal: Removal::Delete,
    undo_create: UndoCreate::Delete,
    normalise: as_given,
    predict: nothing_predicted,
};
