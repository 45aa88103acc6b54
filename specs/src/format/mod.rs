//! The format of `nfplan.yaml` and `workspaces/*.yaml`, section by section, and what its fields come
//! to when layers are merged.

pub(crate) mod agreement;
pub(crate) mod merge;
pub(crate) mod overlay;
pub(crate) mod project;
pub(crate) mod researcher;
pub(crate) mod shape;

mod compute;
mod credentials;
mod limits;
mod network;
mod tags;
