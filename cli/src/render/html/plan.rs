//! A plan as a page.

use std::collections::BTreeMap;
use std::collections::BTreeSet;

use nfplan_engine::address::Address;
use nfplan_engine::address::UnitId;
use nfplan_engine::plan::Summary;
use nfplan_engine::risk::Risk;

use super::COLUMNS;
use super::Detail;
use super::MOST_BYTES;
use super::document::Class;
use super::document::Count;
use super::document::Document;
use super::document::Finding;
use super::document::Findings;
use super::document::Group;
use super::document::Item;
use super::document::Tone;
use super::drawing::drawings;
use super::drawing::tone;
use super::fitting;
use super::lines::Row;
use super::lines::items;
use super::lines::place;
use super::lines::rows;
use crate::render::block::Block;
use crate::render::block::blocks;
use crate::render::change::Extent;
use crate::render::findings::Shared;
use crate::render::findings::ceilings;
use crate::render::findings::shared;
use crate::render::name::counted;
use crate::render::name::counts;
use crate::render::name::listed_places;
use crate::render::name::symbol;
use crate::render::name::title;
use crate::render::name::who;
use crate::render::name::word;
use crate::render::page::Line;
use crate::render::page::Page;
use crate::render::plan::View;
use crate::render::plan::checks;
use crate::render::plan::header;
use crate::render::plan::no_changes;
use crate::render::plan::unreadable;
use crate::render::reports::OfPlan;
use crate::render::reports::Text;
use crate::render::text::visible;
use crate::render::undo;

/// Classes of as few resources as these, and resources of as few lines, stand open.
const OPEN_ITEMS: usize = 12;
const OPEN_LINES: usize = 8;

/// So many names stand in the title of a class; all of more can be unfolded in it.
pub(super) const FEW: usize = 4;

/// A plan as a page.
pub(in crate::render) fn plan(report: &OfPlan<'_>) -> Text {
    plan_within(MOST_BYTES, report)
}

/// A plan as a page of so many bytes at most.
pub(super) fn plan_within(most_bytes: usize, report: &OfPlan<'_>) -> Text {
    let OfPlan { plan, frame, .. } = report;
    let view = View {
        width: COLUMNS,
        full: false,
        expand: Vec::new(),
        units: frame.units,
        unread: frame.unread,
    };
    let one = OnePage { report, view: &view, blocks: blocks(plan, &view), findings: shared(plan) };
    fitting(most_bytes, |detail| one.document(detail))
}

struct OnePage<'a> {
    report: &'a OfPlan<'a>,
    view: &'a View,
    blocks: Vec<Block<'a>>,
    findings: Vec<Shared<'a>>,
}

impl OnePage<'_> {
    fn document(&self, detail: Detail) -> Document {
        let OfPlan { plan, frame, .. } = self.report;
        let (drawings, undrawn) = drawings(plan);
        let verdict = if plan.is_empty() {
            text_of(&Page::lines_of(COLUMNS, |page| no_changes(page, plan.refresh, self.view)))
        } else {
            counts(&plan.summary)
        };
        let next =
            (!plan.is_empty()).then(|| format!("nfplan apply --expect-digest {}", plan.digest));
        Document {
            kind: "plan",
            environment: visible(&frame.environment),
            verdict,
            tone: self.tone(),
            counts: in_numbers(&plan.summary),
            notes: self.notes(),
            findings: self.judge(),
            groups: vec![Group {
                title: "Changes".into(),
                classes: self.blocks.iter().map(|block| self.class(block, detail)).collect(),
                ..Group::default()
            }],
            drawings,
            undrawn,
            checks: rows(&self.checks(), self.source()),
            next: next.into_iter().collect(),
            proof: self.proof(detail),
            digest: plan.digest.to_string(),
        }
    }

    fn source(&self) -> Option<&str> {
        self.report.frame.source.as_deref()
    }

    fn tone(&self) -> Tone {
        let plan = self.report.plan;
        let worst = self.findings.iter().map(|group| group.finding.risk).min();
        match worst {
            _ if plan.is_empty() && self.view.unread > 0 => Tone::Watch,
            _ if plan.is_empty() => Tone::Calm,
            Some(risk) if risk <= Risk::Widening => Tone::Bad,
            Some(_) => Tone::Watch,
            None => Tone::Good,
        }
    }

    /// What was looked at, and what stands in the way of an answer.
    fn notes(&self) -> Vec<Row> {
        let (plan, view) = (self.report.plan, self.view);
        let mut lines = Vec::new();
        if !plan.is_empty() {
            lines.extend(Page::lines_of(COLUMNS, |page| header(page, plan, view)));
        }
        for unit in &plan.open_runs {
            let text = "has a run that was interrupted: the plan is made against what `nfplan apply` \
                        will leave of it";
            lines.push(Line::at(0).text(format!("{unit} {text}")));
        }
        if !plan.is_empty() {
            lines.extend(Page::lines_of(COLUMNS, |page| unreadable(page, plan, view)));
        }
        rows(&lines, self.source())
    }

    fn judge(&self) -> Findings {
        let count: u64 = self.findings.iter().map(|group| group.units.len() as u64).sum();
        let places = self.classes_of();
        Findings {
            title: format!("To judge: {}", counted(count, "finding")),
            columns: ["kind", "what", "who", "it comes to", "line"],
            rows: self.findings.iter().map(|group| self.finding(group, &places)).collect(),
            left_out: 0,
        }
    }

    /// The class in which a resource of a unit changes.
    fn classes_of(&self) -> BTreeMap<(&UnitId, &Address), String> {
        let mut found = BTreeMap::new();
        for block in &self.blocks {
            let class = block.class();
            for member in &class.members {
                for common in &class.changes {
                    found.insert((&member.plan.unit, &common.change.address), class.id.clone());
                }
            }
        }
        found
    }

    fn finding(
        &self,
        group: &Shared<'_>,
        places: &BTreeMap<(&UnitId, &Address), String>,
    ) -> Finding {
        let finding = group.finding;
        let attribute = finding.attribute.as_ref().map(|name| format!(" {name}"));
        let class =
            group.units.first().and_then(|unit| places.get(&(&unit.unit, &finding.address)));
        Finding {
            kind: finding.risk.to_string(),
            tone: if finding.risk <= Risk::Widening { Tone::Bad } else { Tone::Watch },
            what: visible(&format!("{}{}", finding.address, attribute.unwrap_or_default())),
            class: class.cloned().unwrap_or_default(),
            who: group.units.iter().map(|unit| visible(&who(unit))).collect(),
            message: visible(&group.message),
            origin: finding.origin.as_deref().map(|origin| place(origin, self.source())),
        }
    }

    fn class(&self, block: &Block<'_>, detail: Detail) -> Class {
        let class = block.class();
        let members: Vec<String> = block.members().iter().map(|name| visible(name)).collect();
        let summary = class.changes.iter().map(|common| common.change.action).collect();
        let places: BTreeSet<String> =
            class.members.iter().map(|member| member.plan.unit.place().to_string()).collect();
        let title = match (class.members.as_slice(), members.as_slice()) {
            ([member], _) => title(member.plan).0,
            ([first, ..], names) => {
                let kind = if first.plan.unit.user().is_some() { "workspace" } else { "platform" };
                format!("{}: {}", counted(names.len() as u64, kind), some_of(names))
            }
            ([], _) => String::new(),
        };
        let items = self.items(block, detail);
        let origin = block.origin().filter(|_| class.members.len() == 1);
        Class {
            id: class.id.clone(),
            title: visible(&title),
            places: listed_places(&places.into_iter().collect::<Vec<_>>()),
            counts: in_numbers(&summary),
            open: items.len() <= OPEN_ITEMS && self.blocks.len() <= OPEN_ITEMS,
            members: if members.len() > FEW { members } else { Vec::new() },
            origin: origin.map(|origin| place(&origin, self.source())),
            items,
        }
    }

    fn items(&self, block: &Block<'_>, detail: Detail) -> Vec<Item> {
        match detail {
            Detail::Full | Detail::Contents => {
                let extent = if detail == Detail::Full { Extent::Full } else { Extent::Brief };
                let lines = Page::lines_of(COLUMNS, |page| block.contents(page, COLUMNS, extent));
                items(&lines, self.source(), OPEN_LINES)
            }
            Detail::Paths => {
                let paths = block.paths();
                let lines: Vec<Line> = paths.lines().map(|path| Line::at(2).text(path)).collect();
                items(&lines, None, 0)
            }
            Detail::Titles => Vec::new(),
        }
    }

    /// What was found out about the plan as a whole.
    fn checks(&self) -> Vec<Line> {
        let (plan, view) = (self.report.plan, View { full: true, ..self.view.clone() });
        let sums = ceilings(plan).into_iter().map(|sum| format!("{}: {sum}", Risk::Cost));
        let texts = undo::summary(plan).into_iter().chain(sums);
        let mut lines: Vec<Line> = texts.map(|text| Line::at(0).text(text)).collect();
        lines.extend(Page::lines_of(COLUMNS, |page| checks(page, plan, &view)));
        lines
    }

    fn proof(&self, detail: Detail) -> String {
        let total: usize = self.blocks.iter().map(Block::changes).sum();
        let classes = self.blocks.len() as u64;
        let plural = if classes == 1 { "" } else { "es" };
        let more = match detail {
            Detail::Full => "",
            Detail::Contents => "; long values are cut here, `nfplan plan --full` shows them",
            Detail::Paths => "; values do not fit here, `nfplan plan --full` shows them",
            Detail::Titles => "; contents do not fit here, `nfplan plan` shows them",
        };
        format!("{total} of {total} changes in {classes} class{plural}{more}.")
    }
}

/// Names with commas; of more than a few, the first.
pub(super) fn some_of(names: &[String]) -> String {
    if names.len() <= FEW {
        return names.join(", ");
    }
    format!("{} and {} more", names[..FEW - 1].join(", "), names.len() - (FEW - 1))
}

/// How many resources each action befalls.
fn in_numbers(summary: &Summary) -> Vec<Count> {
    use nfplan_engine::change::Action;
    let numbers = [
        (summary.create, Action::Create),
        (summary.update, Action::Update),
        (summary.replace, Action::Replace),
        (summary.delete, Action::Delete),
        (summary.adopt, Action::Adopt),
        (summary.retain, Action::Retain),
        (summary.forget, Action::Forget),
    ];
    let numbers = numbers.into_iter().filter(|(count, _)| *count > 0);
    let count = |(number, action)| Count {
        sign: symbol(action),
        number,
        word: word(action).to_owned(),
        tone: tone(action),
    };
    numbers.map(count).collect()
}

/// Lines as one text.
fn text_of(lines: &[Line]) -> String {
    let spans = lines.iter().flat_map(Line::spans);
    spans.map(|(_, text)| text.as_str()).collect()
}
