//! What speaks HTTP, against servers that stand in for AWS: `tests/emulator/with` starts them.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod buckets;
mod conformance;
mod counts;
mod faults;
mod kit;
mod permissions;
mod preflight;
mod site;
mod strangers;
