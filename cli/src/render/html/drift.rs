//! Drift as a page.

use std::collections::BTreeSet;

use anstyle::AnsiColor;
use anstyle::Color;
use anstyle::Style;
use nfplan_engine::drift::Cause;
use nfplan_engine::plan::UnitPlan;

use super::COLUMNS;
use super::Detail;
use super::MOST_BYTES;
use super::document::Class;
use super::document::Count;
use super::document::Document;
use super::document::Finding;
use super::document::Group;
use super::document::Item;
use super::document::Tone;
use super::fitting;
use super::lines::items;
use super::lines::place;
use super::lines::rows;
use super::plan::FEW;
use super::plan::some_of;
use crate::drifting::UnitDrift;
use crate::drifting::remedy::commands;
use crate::render::classes::Class as Alike;
use crate::render::classes::Common;
use crate::render::classes::classes;
use crate::render::drift::accepted;
use crate::render::drift::class_page::ClassPage;
use crate::render::drift::head;
use crate::render::drift::laid_out;
use crate::render::drift::layout::WANTED;
use crate::render::drift::lookalikes;
use crate::render::drift::open_runs;
use crate::render::drift::refusals;
use crate::render::drift::sections;
use crate::render::drift::since;
use crate::render::drift::unseen;
use crate::render::drift::verdict;
use crate::render::drift::words;
use crate::render::name::counted;
use crate::render::name::listed_places;
use crate::render::name::title;
use crate::render::name::who;
use crate::render::page::Line;
use crate::render::page::Page;
use crate::render::reports::OfDrift;
use crate::render::reports::Text;
use crate::render::text::sentence;
use crate::render::text::visible;

/// Classes of as few objects as these, and objects of as few lines, stand open.
const OPEN_ITEMS: usize = 12;
const OPEN_LINES: usize = 12;

/// Drift as a page.
pub(in crate::render) fn drift(report: &OfDrift<'_>) -> Text {
    fitting(MOST_BYTES, |detail| document(report, detail))
}

fn document(report: &OfDrift<'_>, detail: Detail) -> Document {
    let coverage = report.fleet.coverage();
    let mut document = Document {
        kind: "drift",
        environment: visible(report.environment),
        verdict: verdict(report.fleet, &coverage),
        tone: match report.document.result() {
            "drift" => Tone::Bad,
            "none" => Tone::Calm,
            _ => Tone::Watch,
        },
        digest: report.document.digest(),
        ..Document::default()
    };
    let mut total = 0;
    for section in sections() {
        let plan = laid_out(report.fleet, section);
        if plan.is_empty() {
            continue;
        }
        let (word, meaning, style) = words(section.0, section.1);
        let group = Group {
            title: sentence(word).trim_end_matches('.').to_owned(),
            meaning: sentence(meaning),
            tone: tone(style),
            classes: Vec::new(),
        };
        let number = plan.units.iter().map(|unit| unit.changes.len() as u64).sum();
        total += number;
        document.counts.push(Count { sign: "", number, word: word.to_owned(), tone: group.tone });
        let (cause, source) = (section.0, report.source);
        let mut shown = Shown { cause, source, detail, group, rows: Vec::new(), number: 0 };
        for class in classes(&plan) {
            shown.class(&class, word);
        }
        document.findings.rows.append(&mut shown.rows);
        document.groups.push(shown.group);
    }
    let found = counted(total, "object");
    document.findings.title = format!("What differs: {found}");
    document.findings.columns = ["cause", "what", "who", "wanted, applied, live", "line"];
    document.notes = rows(&notes(report), None);
    document.checks = rows(&checks(report), None);
    let units: Vec<&UnitDrift> = report.fleet.units.iter().collect();
    document.next = commands(&units, report.fleet.depth);
    let more =
        if detail <= Detail::Contents { "" } else { "; `nfplan drift --json` has all values" };
    document.proof = format!("{total} of {total} objects that differ are shown{more}.");
    document
}

/// How much was read, what is new, and what is under way.
fn notes(report: &OfDrift<'_>) -> Vec<Line> {
    let coverage = report.fleet.coverage();
    Page::lines_of(COLUMNS, |page| {
        head(page, report.fleet, &coverage);
        if let Some(news) = report.news {
            since(page, news);
        }
        open_runs(page, report.fleet);
    })
}

/// What an apply would refuse, what is accepted or left behind, and what was not read.
fn checks(report: &OfDrift<'_>) -> Vec<Line> {
    let coverage = report.fleet.coverage();
    Page::lines_of(COLUMNS, |page| {
        refusals(page, report.fleet);
        accepted(page, report.fleet);
        lookalikes(page, report.fleet);
        unseen(page, &coverage, report.fleet.depth);
    })
}

fn tone(style: Style) -> Tone {
    match style.get_fg_color() {
        Some(Color::Ansi(AnsiColor::Red)) => Tone::Bad,
        Some(Color::Ansi(AnsiColor::Yellow)) => Tone::Watch,
        _ => Tone::Calm,
    }
}

/// What is shown of one cause.
struct Shown<'a> {
    cause: Cause,
    source: Option<&'a str>,
    detail: Detail,
    group: Group,
    rows: Vec<Finding>,
    number: usize,
}

impl Shown<'_> {
    fn class(&mut self, class: &Alike<'_>, word: &str) {
        self.number += 1;
        let id = format!("{}-{}", word.replace([' ', ','], "-"), self.number);
        let members: Vec<&UnitPlan> = class.members.iter().map(|member| member.plan).collect();
        let names: Vec<String> = members.iter().map(|unit| visible(&who(unit))).collect();
        let places: BTreeSet<String> =
            members.iter().map(|unit| unit.unit.place().to_string()).collect();
        let kind = if members[0].unit.user().is_some() { "workspace" } else { "platform" };
        let title = match members.as_slice() {
            [member] => title(member).0,
            _ => format!("{}: {}", counted(names.len() as u64, kind), some_of(&names)),
        };
        for common in &class.changes {
            self.rows.push(self.row(common, &names, &id));
        }
        let items = self.items(class);
        self.group.classes.push(Class {
            id,
            title: visible(&title),
            places: listed_places(&places.into_iter().collect::<Vec<_>>()),
            counts: Vec::new(),
            open: items.len() <= OPEN_ITEMS && self.cause.is_drift(),
            members: if names.len() > FEW { names } else { Vec::new() },
            origin: None,
            items,
        });
    }

    fn items(&self, class: &Alike<'_>) -> Vec<Item> {
        if self.detail > Detail::Contents {
            return Vec::new();
        }
        let lines = Page::lines_of(COLUMNS, |page| {
            ClassPage { page, class, cause: self.cause, width: COLUMNS }.objects();
        });
        items(&lines, self.source, OPEN_LINES)
    }

    /// One object of the table: which attributes differ, and how if that can be said in a line.
    fn row(&self, common: &Common<'_>, names: &[String], class: &str) -> Finding {
        let change = &common.change;
        let told = change.attributes.iter().filter(|one| !one.name.starts_with(WANTED));
        let attributes: Vec<&str> = told.map(|one| one.name.as_str()).collect();
        let origins = change_origins(common);
        Finding {
            kind: self.group.title.clone(),
            tone: self.group.tone,
            what: visible(&format!("{} {}", change.address, attributes.join(", "))),
            class: class.to_owned(),
            who: names.to_vec(),
            message: self.message(common),
            origin: origins.first().map(|origin| place(origin, self.source)),
        }
    }

    /// The values of its attribute, if it is one and they are short.
    fn message(&self, common: &Common<'_>) -> String {
        let lines = Page::lines_of(COLUMNS, |page| {
            let class =
                Alike { id: String::new(), members: Vec::new(), changes: vec![common.clone()] };
            ClassPage { page, class: &class, cause: self.cause, width: COLUMNS }.objects();
        });
        let [_, only] = lines.as_slice() else { return String::new() };
        // The table has columns for the attribute and the spec line.
        let spans = only.spans().iter().map(|(_, text)| text.as_str());
        let text: String = spans.filter(|text| !text.starts_with("  [")).collect();
        let name = common.change.attributes.first().map(|one| format!("{}: ", one.name));
        let name = name.unwrap_or_default();
        text.strip_prefix(&name).map_or(text.clone(), str::to_owned)
    }
}

/// The spec lines of an object and of its attributes.
fn change_origins<'a>(common: &Common<'a>) -> Vec<&'a str> {
    let of = common.of.iter().flat_map(|change| {
        let attributes = change.attributes.iter().filter_map(|one| one.origin.as_deref());
        attributes.chain(change.origin.as_deref())
    });
    of.collect()
}
