//! The cloud as the engine sees it: resource types as data, and the calls that carry them out.
//!
//! A tour in the order in which a value meets the modules:
//!
//! 1. [`types`] has one file for each resource type, `types/<service>/<type>.rs`, with its schema:
//!    attributes, limits, what a change of each one means, how an object is found, and the two pure
//!    functions *normalise* and *predict*. Beside them, [`types::quotas`] lists the AWS quotas that
//!    a plan checks.
//! 2. [`registry`] gathers the schemas. `Desired::build` checks blueprints against it and planning
//!    walks over it; a type that has no line there does not exist.
//! 3. [`sim`] carries out calls on an embedded simulated cloud, strict as AWS, for first steps and
//!    for tests.
//! 4. `aws` (a feature) carries out the same calls on AWS itself, and [`cloud`] is both in one, for a
//!    fleet of which each account is on one of them.
//! 5. [`sink`] puts the secret of an access key into a file, so that it never leaves this crate in
//!    any other way but one: [`delivered`] tells a key again that was delivered, to whoever may read
//!    where it is.
//!
//! [`gate`] says how many requests are under way at once, and shares them out between accounts.
//! [`requests`] tells beforehand what a call will send, for those who ask whether that is allowed.
//!
//! A new resource type is a file under `types`, a line in the registry and the calls for it.

#[cfg(feature = "aws")]
pub mod aws;
pub mod calls;
pub mod cloud;
pub mod delivered;
mod files;
pub mod gate;
pub mod registry;
pub mod requests;
pub mod sim;
pub mod sink;
pub mod types;
