//! A plan as one comment of a pull request, whatever its size.
//!
//! What does not fit into [`MOST_BYTES`] is left out by a fixed ladder: first the names of members,
//! then the contents of classes down to the attributes, then down to titles, then the classes. The
//! findings of the worst kinds are never left out; if they alone are too many, the comment says so
//! and names the report to read. The last line proves what is shown: so many of so many changes.

use std::fmt::Write as _;

use nfplan_engine::digest::Digest;
use nfplan_engine::findings::Finding;
use nfplan_engine::plan::Plan;
use nfplan_engine::risk::Risk;

use super::block::Block;
use super::block::blocks;
use super::findings::Shared;
use super::findings::ceilings;
use super::findings::shared;
use super::name::counted;
use super::name::counts;
use super::name::listed;
use super::name::who;
use super::origin::Origin;
use super::page::Line;
use super::page::Page;
use super::plan::View;
use super::plan::checks;
use super::undo;

mod escape;

pub use escape::as_uri;
use escape::code;
use escape::fenced;
pub use escape::links;

/// GitHub takes 65,536 of a unit that nobody documents; bytes are the greatest count of all.
pub const MOST_BYTES: usize = 60_000;

/// Classes of as few lines as these stand open.
const OPEN_LINES: usize = 10;

/// The columns of what is shown as text.
pub const COLUMNS: usize = 110;

/// What a comment says besides the plan.
#[derive(Debug, Clone, Default)]
pub struct Frame {
    /// The environment.
    pub environment: String,
    /// Tells this project's comment from those of others in the same pull request.
    pub key: String,
    /// Where a spec line can be looked at, with `{file}` and `{line}`; none if that is not known.
    pub source: Option<String>,
    /// How many units were planned, those without changes included.
    pub units: u64,
    /// How many objects of units without changes could not be read.
    pub unread: u64,
    /// What is new since a plan that was reviewed.
    pub since: Option<Since>,
}

/// How a plan differs from an earlier one.
#[derive(Debug, Clone)]
pub struct Since {
    /// The digest of the earlier one.
    pub digest: Digest,
    /// The differences, as text; empty if there are none.
    pub text: String,
}

impl Since {
    /// What stands above the differences.
    pub fn title(&self) -> String {
        let news = if self.text.is_empty() { "Nothing is new" } else { "New" };
        format!("{news} since the plan sha256:{}", self.digest.short())
    }
}

/// The bytes of what is new at most. Of more, the first lines are shown.
const MOST_NEWS: usize = 10_000;

/// The lines of checks at most.
const MOST_CHECKS: usize = 40;

/// How much is told of each class.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Detail {
    /// Everything, and the names of all members.
    Members,
    /// Everything, and the first names.
    Contents,
    /// Which attributes of what change.
    Paths,
    /// Only who, where, and how many changes.
    Titles,
    /// Nothing.
    None,
}

const LADDER: [Detail; 5] =
    [Detail::Members, Detail::Contents, Detail::Paths, Detail::Titles, Detail::None];

/// The comment, no longer than [`MOST_BYTES`].
pub fn comment(plan: &Plan, frame: &Frame) -> String {
    let view =
        View { width: COLUMNS, full: false, expand: Vec::new(), units: frame.units, unread: 0 };
    let (blocks, findings) = (blocks(plan, &view), shared(plan));
    let comment = Comment { plan, frame, view, blocks, findings };
    let fitting = LADDER.into_iter().find_map(|detail| comment.at(detail));
    fitting.unwrap_or_else(|| comment.too_long())
}

/// What drifted, as the text of an issue, no longer than [`MOST_BYTES`]: the worst stands first in it,
/// so the end is what is left out. Its first line names the project's key.
pub fn drift(environment: &str, key: &str, digest: &str, text: &str) -> String {
    let all = anstream::adapter::strip_str(text).to_string();
    let lines: Vec<&str> = all.trim_matches('\n').lines().collect();
    let mut kept = lines.len();
    loop {
        let mut page = format!("<!-- nfplan drift v=1 key={key} -->\n");
        let _ = writeln!(page, "### nfplan drift · {}\n", code(environment));
        page.push_str(&fenced(&lines[..kept].join("\n")));
        let _ = writeln!(page, "\nDigest `{digest}`.");
        if kept < lines.len() {
            let left = lines.len() - kept;
            let _ =
                writeln!(page, "\n{left} more lines do not fit here: `nfplan drift` shows them.");
        }
        if page.len() <= MOST_BYTES || kept == 0 {
            return page;
        }
        kept /= 2;
    }
}

struct Comment<'a> {
    plan: &'a Plan,
    frame: &'a Frame,
    view: View,
    blocks: Vec<Block<'a>>,
    findings: Vec<Shared<'a>>,
}

impl Comment<'_> {
    /// The comment with so much detail, if it fits.
    fn at(&self, detail: Detail) -> Option<String> {
        let mut text = self.head();
        self.judge(&mut text, self.findings.iter(), 0);
        for block in &self.blocks {
            if text.len() > MOST_BYTES {
                return None;
            }
            self.class(&mut text, block, detail);
        }
        self.checks(&mut text);
        self.foot(&mut text, detail);
        (text.len() <= MOST_BYTES).then_some(text)
    }

    /// No classes, and as many findings as fit, the worst first.
    fn too_long(&self) -> String {
        let mut fitting = self.findings.len();
        loop {
            let mut text = self.head();
            let left_out = self.findings.len() - fitting;
            self.judge(&mut text, self.findings[..fitting].iter(), left_out);
            self.checks(&mut text);
            self.foot(&mut text, Detail::None);
            if text.len() <= MOST_BYTES || fitting == 0 {
                return text;
            }
            fitting /= 2;
        }
    }

    fn head(&self) -> String {
        let (plan, frame) = (self.plan, self.frame);
        let digest = plan.digest;
        let key = &frame.key;
        let mut text = format!("<!-- nfplan v=1 key={key} digest={digest} -->\n");
        let environment = code(&frame.environment);
        let verdict = match (plan.is_empty(), self.findings.len()) {
            (true, _) => "no changes".to_owned(),
            (false, 0) => counts(&plan.summary),
            (false, _) => {
                let count = self.findings.iter().map(|group| group.units.len() as u64).sum();
                format!("{}, {} to judge", counts(&plan.summary), counted(count, "finding"))
            }
        };
        let _ = writeln!(text, "### nfplan · {environment} · {verdict}\n");
        let units = counted(frame.units, "unit");
        if plan.is_empty() && frame.unread > 0 {
            let unread = counted(frame.unread, "object");
            let _ = writeln!(text, "No changes were found, but {unread} could not be read.\n");
        } else if plan.is_empty() {
            let _ = writeln!(text, "{units} as the specs want.\n");
        } else {
            let _ = writeln!(text, "{} of {units} change.\n", plan.units.len());
        }
        for unit in &plan.open_runs {
            let unit = code(&unit.to_string());
            let _ = writeln!(
                text,
                "{unit} has a run that was interrupted: the plan is made against what \
                 `nfplan apply` will leave of it.\n"
            );
        }
        if let Some(since) = &frame.since {
            news(&mut text, since);
        }
        text
    }

    /// The table of what has to be judged.
    fn judge<'f>(
        &self,
        text: &mut String,
        findings: impl Iterator<Item = &'f Shared<'f>>,
        left_out: usize,
    ) {
        let rows: Vec<String> = findings.map(|group| self.row(group)).collect();
        if !rows.is_empty() {
            text.push_str("| to judge | what | who | it comes to | line |\n|-|-|-|-|-|\n");
            text.extend(rows);
            text.push('\n');
        }
        for ceiling in ceilings(self.plan) {
            let _ = writeln!(text, "{}: {}.\n", Risk::Cost, code(&ceiling));
        }
        if left_out > 0 {
            let worst = self.findings.iter().filter(|group| group.finding.risk <= Risk::Widening);
            let _ = writeln!(
                text,
                "**{left_out} more kinds of finding do not fit here: review the whole plan before \
                 it is applied.** {} of all kinds are of the worst.\n",
                worst.count()
            );
        }
    }

    fn row(&self, group: &Shared<'_>) -> String {
        let Finding { risk, address, attribute, origin, .. } = group.finding;
        let attribute = attribute.as_ref().map(|name| format!(" {name}")).unwrap_or_default();
        let names: Vec<String> = group.units.iter().map(|unit| who(unit)).collect();
        let line = origin.as_ref().map_or_else(String::new, |origin| self.line(origin));
        let risk = if *risk <= Risk::Widening { format!("**{risk}**") } else { risk.to_string() };
        format!(
            "| {risk} | {} | {} | {} | {line} |\n",
            code(&format!("{address}{attribute}")),
            code(&listed(&names)),
            code(&group.message),
        )
    }

    /// A spec line, with a way to it where that is known.
    fn line(&self, origin: &str) -> String {
        match (&self.frame.source, Origin::parse(origin)) {
            (Some(source), Some(Origin { file, line, .. })) => {
                let line = line.to_string();
                format!("[{}]({})", code(&format!("{file}:{line}")), links(source, file, &line))
            }
            _ => code(origin),
        }
    }

    fn class(&self, text: &mut String, block: &Block<'_>, detail: Detail) {
        let title = code(&block.title());
        match detail {
            Detail::None => return,
            Detail::Titles => {
                let _ = writeln!(text, "- {title}");
                return;
            }
            Detail::Members | Detail::Contents | Detail::Paths => {}
        }
        let body = if detail == Detail::Paths { block.paths() } else { self.body(block) };
        let open = if body.lines().count() <= OPEN_LINES { " open" } else { "" };
        let _ = writeln!(text, "<details{open}><summary>{title}</summary>\n\n{}", fenced(&body));
        let members = block.members();
        if detail == Detail::Members && members.len() > 1 {
            let _ = writeln!(text, "who: {}\n", code(&members.join(", ")));
        }
        text.push_str("</details>\n\n");
    }

    fn body(&self, block: &Block<'_>) -> String {
        let mut page = Page::new(COLUMNS);
        block.show(&mut page, &self.view);
        let text = anstream::adapter::strip_str(&page.finish()).to_string();
        text.trim_matches('\n').to_owned()
    }

    /// What was checked beside, as the plan in a terminal says it, and how to go back.
    fn checks(&self, text: &mut String) {
        let mut page = Page::new(COLUMNS);
        checks(&mut page, self.plan, &self.view);
        if let Some(undo) = undo::summary(self.plan) {
            page.put(&Line::at(0).text(undo));
        }
        let all = anstream::adapter::strip_str(&page.finish()).to_string();
        let lines: Vec<&str> = all.trim_matches('\n').lines().collect();
        let shown = lines.len().min(MOST_CHECKS);
        if shown > 0 {
            text.push_str(&fenced(&lines[..shown].join("\n")));
        }
        if lines.len() > shown {
            let left = lines.len() - shown;
            let _ = writeln!(text, "\n{left} more lines of checks: `nfplan plan` shows them.");
        }
    }

    fn foot(&self, text: &mut String, detail: Detail) {
        let total: usize = self.blocks.iter().map(Block::changes).sum();
        let shown = if detail == Detail::None { 0 } else { total };
        let classes = self.blocks.len() as u64;
        let plural = if classes == 1 { "" } else { "es" };
        let more = match detail {
            Detail::Members | Detail::Contents => "",
            Detail::Paths => "; values do not fit here, `nfplan plan --full` shows them",
            Detail::Titles | Detail::None => "; contents do not fit here, `nfplan plan` shows them",
        };
        if !self.plan.is_empty() {
            let _ = writeln!(
                text,
                "\n{shown} of {total} changes in {classes} class{plural}{more}.  \n\
                 Digest `sha256:{}`: `nfplan apply --expect-digest {}` applies exactly this, or \
                 refuses.",
                self.plan.digest.short(),
                self.plan.digest,
            );
        }
    }
}

/// What is new since an earlier plan, if it is not too much.
fn news(text: &mut String, since: &Since) {
    let _ = writeln!(text, "**{}**\n", since.title());
    let all = anstream::adapter::strip_str(&since.text).to_string();
    let mut room = MOST_NEWS;
    let fits = |line: &&str| {
        let fits = line.len() < room;
        room = room.saturating_sub(line.len() + 1);
        fits
    };
    let shown: Vec<&str> = all.trim_matches('\n').lines().take_while(fits).collect();
    if !shown.is_empty() {
        text.push_str(&fenced(&shown.join("\n")));
    }
    let left = all.trim_matches('\n').lines().count() - shown.len();
    if left > 0 {
        let _ = writeln!(text, "\n{left} more lines: `nfplan plan --since` shows them.");
    }
    text.push('\n');
}

#[cfg(test)]
mod tests;
