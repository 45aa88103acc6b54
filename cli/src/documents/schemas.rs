//! The published schemas of documents, for whoever reads them by program.
//!
//! They allow keys that they do not name: a later nfplan may add some. What is there keeps its meaning
//! as long as the number in `format` stays. The tests refuse such keys, so that the schemas keep up.

/// Of `nfplan.plan/1`.
pub const PLAN: &str = include_str!("../schemas/plan.json");

/// Of `nfplan.drift/1`.
pub const DRIFT: &str = include_str!("../schemas/drift.json");

/// Of `nfplan.apply/1`.
pub const APPLY: &str = include_str!("../schemas/apply.json");

/// Of `nfplan.validate/1`.
pub const VALIDATE: &str = include_str!("../schemas/validate.json");

/// Of `nfplan.update/1`.
pub const UPDATE: &str = include_str!("../schemas/update.json");

/// Of `nfplan.error/1`.
pub const ERROR: &str = include_str!("../schemas/error.json");
