//! From settings to resources: what a platform and a workspace consist of.
//!
//! Blueprint 1 fills in the table of `engine/docs/resources.md`. It is pure: equal settings and pins
//! give equal expansions. Objects refer to each other by [`Expr`](nfplan_engine::expr::Expr), never
//! by a guessed id, and the references are also the order of creation; `depends_on` adds only what
//! AWS needs without any value passing.
//!
//! | subject | module |
//! |---|---|
//! | names of types, attributes, addresses and objects | [`names`] |
//! | what others need to know of a unit | [`outputs`] |
//! | who must not reach what | [`access`] |
//! | what lets a client in | [`credentials`] |
//! | how objects are found that something else made | [`leads`] |
//! | the shared bucket, its key and the log group | `platform`, `bucket_policy` |
//! | a workspace as a whole | `workspace` |
//! | VPC, subnets, routes; the proxy instance | `network`, `proxy`, `user_data` |
//! | instance role, launch template, compute environment, queue | `compute` |
//! | what jobs may do | `jobs`, `data_access` |
//! | what the researcher's client may do, and how it gets in | `client`, `client_policy` |

pub mod access;
pub mod credentials;
pub mod leads;
pub mod names;
pub mod outputs;

mod bucket_policy;
mod builder;
mod client;
mod client_policy;
mod compute;
mod data_access;
mod jobs;
mod network;
pub(crate) mod partition;
mod pins;
mod platform;
mod proxy;
pub(crate) mod tags;
#[cfg(test)]
mod tests;
mod user_data;
mod workspace;

pub use platform::platform;
pub use workspace::workspace;

/// Why settings cannot be expanded.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ExpansionError {
    /// A look-up has no pinned answer.
    #[error("`{key}` is not pinned in nfplan.lock: `nfplan plan` looks it up")]
    MissingPin {
        /// The look-up's key.
        key: Box<str>,
    },
    /// A pinned answer is not of the kind that its look-up gives.
    #[error(
        "`{key}` is pinned to {found} in nfplan.lock, but must be {expected}: delete \
         the pin, and `nfplan plan` looks it up again"
    )]
    WrongPin {
        /// The look-up's key.
        key: Box<str>,
        /// What was expected, with its article.
        expected: &'static str,
        /// The pinned value as JSON.
        found: String,
    },
    /// The network's block is too small for its subnets.
    #[error("the network {cidr} has no room for four /20 subnets: give it a block from /16 to /18")]
    SmallNetwork {
        /// The block.
        cidr: ipnet::Ipv4Net,
    },
}
