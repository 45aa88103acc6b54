//! What stands on a page, before it is HTML: plain texts and their places.

use serde::Serialize;

use super::drawing::Drawing;
use super::lines::Row;

/// A page.
#[derive(Debug, Default, Serialize)]
pub(super) struct Document {
    /// `plan` or `drift`.
    pub(super) kind: &'static str,
    /// The environment.
    pub(super) environment: String,
    /// What it comes to, in a sentence.
    pub(super) verdict: String,
    /// How good that is.
    pub(super) tone: Tone,
    /// The same in numbers.
    pub(super) counts: Vec<Count>,
    /// What was looked at, and what to know before all else.
    pub(super) notes: Vec<Row>,
    /// What has to be judged, or what differs.
    pub(super) findings: Findings,
    /// What happens, or what is, by class.
    pub(super) groups: Vec<Group>,
    /// In which order it happens.
    pub(super) drawings: Vec<Drawing>,
    /// How many drawings are left out.
    pub(super) undrawn: usize,
    /// What was checked, and what to do next.
    pub(super) checks: Vec<Row>,
    /// Commands that come next.
    pub(super) next: Vec<String>,
    /// How much of everything is on the page.
    pub(super) proof: String,
    /// The digest of what it is about.
    pub(super) digest: String,
}

/// How good something is; never told by colour alone.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Tone {
    /// Nothing to do.
    #[default]
    Calm,
    /// Something is made.
    Good,
    /// Something changes, or is not known.
    Watch,
    /// Something is taken away, or wrong.
    Bad,
}

/// A number with its word.
#[derive(Debug, Serialize)]
pub(super) struct Count {
    /// Its sign; may be empty.
    pub(super) sign: &'static str,
    /// How many.
    pub(super) number: u64,
    /// Of what.
    pub(super) word: String,
    /// How good that is.
    pub(super) tone: Tone,
}

/// A table of findings.
#[derive(Debug, Default, Serialize)]
pub(super) struct Findings {
    /// What stands above it.
    pub(super) title: String,
    /// What its columns are.
    pub(super) columns: [&'static str; 5],
    /// The worst first.
    pub(super) rows: Vec<Finding>,
    /// How many are left out.
    pub(super) left_out: usize,
}

/// A row of the table.
#[derive(Debug, Serialize)]
pub(super) struct Finding {
    /// Of what kind it is.
    pub(super) kind: String,
    /// How bad that is.
    pub(super) tone: Tone,
    /// The resource and the attribute.
    pub(super) what: String,
    /// The class that it belongs to; empty if that is not shown.
    pub(super) class: String,
    /// Whose it is, all of them.
    pub(super) who: Vec<String>,
    /// What it comes to.
    pub(super) message: String,
    /// The spec line.
    pub(super) origin: Option<Source>,
}

/// A spec line.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(super) struct Source {
    /// As people read it.
    pub(super) text: String,
    /// Where it can be looked at.
    pub(super) href: Option<String>,
}

/// Classes that belong together.
#[derive(Debug, Default, Serialize)]
pub(super) struct Group {
    /// What they have in common; may be empty.
    pub(super) title: String,
    /// What that means.
    pub(super) meaning: String,
    /// How bad it is.
    pub(super) tone: Tone,
    /// The classes.
    pub(super) classes: Vec<Class>,
}

/// Units of which the same is told.
#[derive(Debug, Serialize)]
pub(super) struct Class {
    /// Names it on the page.
    pub(super) id: String,
    /// Who they are, in a few words.
    pub(super) title: String,
    /// Where they are.
    pub(super) places: String,
    /// How many of what happens to each.
    pub(super) counts: Vec<Count>,
    /// All of them, if there are several.
    pub(super) members: Vec<String>,
    /// The spec line that asks for them.
    pub(super) origin: Option<Source>,
    /// Whether it is unfolded at first.
    pub(super) open: bool,
    /// What happens to each.
    pub(super) items: Vec<Item>,
}

/// One resource, or a remark.
#[derive(Debug, Serialize)]
pub(super) struct Item {
    /// The resource.
    pub(super) head: Row,
    /// What there is to know of it.
    pub(super) body: Vec<Row>,
    /// Whether that is unfolded at first.
    pub(super) open: bool,
}

impl Document {
    /// About how many bytes its texts take.
    pub(super) fn size(&self) -> usize {
        let classes = self.groups.iter().flat_map(|group| &group.classes).map(Class::size);
        let rows = self.findings.rows.iter().map(Finding::size);
        classes.chain(rows).sum()
    }

    /// The same with no more than so many findings and so many classes.
    pub(super) fn cut(mut self, most: usize) -> Self {
        let rows = self.findings.rows.len();
        self.findings.rows.truncate(most);
        self.findings.left_out += rows - self.findings.rows.len();
        let mut room = most;
        let all: usize = self.groups.iter().map(|group| group.classes.len()).sum();
        for group in &mut self.groups {
            group.classes.truncate(room);
            room -= group.classes.len();
            // Names of many members are the last thing that can be large.
            group.classes.iter_mut().for_each(|class| class.members.truncate(most));
        }
        self.findings.rows.iter_mut().for_each(|row| row.who.truncate(most.max(1)));
        self.undrawn += self.drawings.len();
        self.drawings.clear();
        let shown: usize = self.groups.iter().map(|group| group.classes.len()).sum();
        if shown < all {
            let kind = self.kind;
            self.proof = format!(
                "{shown} of {all} classes are shown, without contents; `nfplan {kind}` shows all."
            );
        }
        self
    }
}

impl Class {
    fn size(&self) -> usize {
        let rows = self.items.iter().flat_map(|item| [&item.head].into_iter().chain(&item.body));
        let members: usize = self.members.iter().map(|member| member.len() + 2).sum();
        rows.map(Row::size).sum::<usize>() + members + 500
    }
}

impl Finding {
    fn size(&self) -> usize {
        let names: usize = self.who.iter().map(|name| name.len() + 2).sum();
        self.what.len() + self.message.len() + names + 200
    }
}
