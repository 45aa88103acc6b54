//! x
pub mod address;
pub mod clock;
pub mod dag;
pub mod desired;
pub mod digest;
pub mod expr;
pub mod observed;
pub mod policy;
pub mod provider;
pub mod schema;
pub mod state;
pub mod store;
pub mod value;
