//! The engine of nfplan: what a plan is, how it is made, and how it is carried out.
//!
//! It knows no cloud, no file and no clock of its own; those stand behind ports that other crates
//! implement. One straight line leads through it:
//!
//! ```text
//! Expansion ─ Desired::build ─► Desired ┐
//! Store ─ (state crate) ─────► State   ─┼─ planner::plan ─► UnitPlan ─ (shown, approved)
//! Reader::read ──────────────► Observed ┘        │
//!                                                ▼
//!       opening::check ─► apply::run ─► events ─► fold::fold ─► State′ ─ (state crate) ─► Store
//! ```
//!
//! Everything but [`opening`] and [`apply`] is pure. A file uses only files of its own layer and of
//! those above it in this table:
//!
//! | layer | modules |
//! |---|---|
//! | words | [`address`], [`value`], [`digest`], [`dag`], [`expr`], [`policy`], [`shape`], [`parts`], [`schema`] |
//! | facts | [`desired`], [`state`], [`observed`] |
//! | ports | [`provider`], [`store`], [`clock`], [`journal`], [`observer`] |
//! | decisions | [`outlook`], [`diff`], `identity`, `inspection`, `update`, [`change`], [`step`], [`plan`], [`refusal`], [`planner`], [`refresh`], [`drift`], [`access`], [`risk`], [`findings`], [`headroom`], [`preflight`] |
//! | run model | [`event`], [`schedule`], [`fold`], [`recover`], [`report`] |
//! | drivers | [`opening`], [`apply`] with `driver` and `call` |
//!
//! Three ideas carry the rest. **The plan contains the step graph**: applying decides nothing.
//! **Intent is durable before the act**, the outcome before anything that depends on it; so a run
//! can be killed anywhere and the next process settles what is open. **Rolling back and recovering
//! are the normal loop** with a [`schedule`] that starts elsewhere.
//!
//! Longer texts are in `engine/docs/`: the table of resources and the record of decisions.

pub mod access;
pub mod address;
pub mod adoption;
pub mod apply;
pub mod approval;
pub mod asked;
mod call;
pub mod change;
pub mod clock;
pub mod dag;
pub mod desired;
pub mod diff;
pub mod digest;
pub mod drift;
mod driver;
pub mod event;
pub mod expr;
pub mod findings;
pub mod fold;
pub mod headroom;
mod identity;
mod inspection;
pub mod journal;
pub mod observed;
pub mod observer;
pub mod opening;
pub mod outlook;
pub mod parts;
pub mod plan;
pub mod planner;
pub mod policy;
pub mod preflight;
pub mod provider;
pub mod recover;
pub mod refresh;
pub mod refusal;
pub mod report;
pub mod risk;
pub mod schedule;
pub mod schema;
pub mod shape;
pub mod state;
pub mod step;
pub mod store;
pub mod strays;
mod update;
pub mod value;
