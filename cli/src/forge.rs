//! Where people review: pull requests and issues of GitHub.
//!
//! [`marker`] is the hidden first line by which a text is found again, [`sticky`] decides, without
//! asking anybody, what becomes of what was posted, and [`board`] carries that out and looks again.
//! [`target`] says which repository and pull request it is about, [`report`] what a report of drift
//! asks for, and [`review`] which plan a merged pull request had. [`github`] is the interface of the
//! forge, over [`client`], and [`error`] what can go wrong with it.
//!
//! Nothing that somebody else wrote is ever changed: a comment or an issue is nfplan's own if its
//! first line says so and its author is who the token belongs to.

pub mod board;
pub mod client;
pub mod error;
pub mod github;
pub mod marker;
pub mod report;
pub mod review;
pub mod sticky;
pub mod target;
