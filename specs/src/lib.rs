//! From spec files to what is wanted: YAML in, checked settings out, settings expanded to resources.
//!
//! The straight line is [`fleet::Fleet::load`] (files → syntax tree → decoded specs, all problems of
//! all files at once) → [`settings`] of one unit → `blueprint` (settings → resources). Beside it
//! stand the answers of the cloud that specs depend on, pinned in [`lock`].
//!
//! | layer | modules |
//! |---|---|
//! | words | [`settings`], [`project`], [`escape`], [`likeness`], [`span`], [`diagnostic`], [`code`] |
//! | text | [`render`], [`annotation`], `tree`, `parse` |
//! | format | `syntax` (forms of texts), `format::shape` (what may stand where), `decode`, `format` |
//! | about the format | [`json_schema`] for editors, [`reference`](mod@reference) for people, [`explanation`] of codes |
//! | who applies | [`permissions`] that whoever runs nfplan needs |
//! | whole | [`fleet`], [`agreement`], [`edit`], [`outline`], [`look_up`], [`lock`] |

pub mod agreement;
pub mod annotation;
pub mod blueprint;
pub mod code;
pub mod diagnostic;
pub mod edit;
pub mod escape;
pub mod explanation;
pub mod fleet;
pub mod hatchery;
pub mod json_schema;
pub mod likeness;
pub mod lock;
pub mod look_up;
pub mod outline;
pub mod permissions;
pub mod project;
pub mod reference;
pub mod render;
pub mod settings;
pub mod span;

mod decode;
mod format;
mod parse;
mod syntax;
mod tree;
