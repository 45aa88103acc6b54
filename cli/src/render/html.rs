//! A plan or drift as one page of HTML, for whoever has to see all of it.
//!
//! The file is whole by itself: nothing is fetched, and its policy forbids what is not in it. It reads
//! without its script, which only filters and unfolds. Every text goes through the template, which
//! escapes it; characters that would not be seen are written out before.
//!
//! What does not fit into [`MOST_BYTES`] is left out by a ladder like that of comments: first the
//! attributes that follow from others, then the values, then the contents of classes, then classes
//! and findings, the least severe first. The last line proves what is shown.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use nfplan_engine::digest::Digest;
use serde::Serialize;

use super::filled::filled;
use crate::error::CliError;

mod document;
mod drawing;
mod drift;
mod lines;
mod plan;

use document::Document;
pub(super) use drift::drift;
pub(super) use plan::plan;

/// So much any browser opens at once, and any forge takes as an artifact.
const MOST_BYTES: usize = 4_000_000;

/// The columns for which values are laid out; the page itself breaks lines where they are too long.
const COLUMNS: usize = 96;

const TEMPLATE: &str = include_str!("html/report.html");
const STYLE: &str = include_str!("html/report.css");
const SCRIPT: &str = include_str!("html/report.js");

/// How much is told of each class.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Detail {
    /// Everything.
    Full,
    /// What a reviewer sees in a terminal.
    Contents,
    /// Which attributes of what change.
    Paths,
    /// Only who and how many changes.
    Titles,
}

const LADDER: [Detail; 4] = [Detail::Full, Detail::Contents, Detail::Paths, Detail::Titles];

/// What the template is given.
#[derive(Serialize)]
struct Page<'a> {
    document: Document,
    style: &'static str,
    script: &'static str,
    policy: &'a str,
    version: &'static str,
}

/// The first page of the ladder that fits; the least one, cut to so many classes and findings, if none
/// does.
fn fitting(most_bytes: usize, make: impl Fn(Detail) -> Document) -> Result<String, CliError> {
    for detail in LADDER {
        let document = make(detail);
        // A page is larger than its text: what is too large already is not laid out.
        if document.size() < most_bytes {
            let page = page(document)?;
            if page.len() <= most_bytes {
                return Ok(page);
            }
        }
    }
    let mut most = 4_096;
    loop {
        let page = page(make(Detail::Titles).cut(most))?;
        if page.len() <= most_bytes || most == 0 {
            return Ok(page);
        }
        most /= 2;
    }
}

fn page(document: Document) -> Result<String, CliError> {
    let policy = format!(
        "default-src 'none'; style-src {}; script-src {}; base-uri 'none'; form-action 'none'",
        source(STYLE),
        source(SCRIPT)
    );
    let version = env!("CARGO_PKG_VERSION");
    let page = Page { document, style: STYLE, script: SCRIPT, policy: &policy, version };
    filled("report.html", TEMPLATE, page)
}

/// What stands for a text in a policy: nothing else of its kind is let in.
fn source(text: &str) -> String {
    let hex = Digest::of_bytes(text.as_bytes()).hex();
    let bytes = hex.as_bytes().chunks(2).filter_map(|pair| {
        std::str::from_utf8(pair).ok().and_then(|pair| u8::from_str_radix(pair, 16).ok())
    });
    format!("'sha256-{}'", STANDARD.encode(bytes.collect::<Vec<u8>>()))
}

#[cfg(test)]
mod tests;
