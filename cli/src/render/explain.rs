//! Explanations: of a code, and of a resource with its attributes.

use std::collections::BTreeMap;

use nfplan_engine::expr::Expr;
use nfplan_engine::value::Value;
use nfplan_specs::explanation::Example;
use nfplan_specs::explanation::Explanation as CodeExplanation;

use super::name::counted;
use super::name::meaning;
use super::name::short;
use super::name::style;
use super::name::symbol;
use super::page::FAINT;
use super::page::GREEN;
use super::page::Line;
use super::page::Page;
use super::page::RED;
use super::page::STRONG;
use super::page::YELLOW;
use super::template::Template;
use super::text::cut;
use super::text::width as columns;
use super::value::Node;
use crate::explaining::AttributeExplanation;
use crate::explaining::Explanation;
use crate::explaining::Held;
use crate::explaining::Link;
use crate::explaining::SpecLine;
use crate::planning::Looked;

/// How many other units of which the same holds are named.
const MOST_MEMBERS: usize = 10;
/// The fewest columns to which a text is cut.
const LEAST: usize = 24;

/// How a resource is shown.
#[derive(Debug, Clone)]
pub struct View {
    /// The columns of a line.
    pub width: usize,
    /// Every attribute with its whole chain, nothing cut.
    pub full: bool,
    /// Other units of which the same holds.
    pub holds_for: Vec<String>,
}

/// Shows what a code means.
pub fn code(explanation: &CodeExplanation, width: usize) -> String {
    let mut page = Page::new(width);
    let line = Line::at(0).styled(STRONG, explanation.code).text(": ");
    page.put(&line.styled(STRONG, explanation.title));
    for text in &explanation.meaning {
        page.gap();
        prose(&mut page, 0, text, width);
    }
    page.gap();
    page.put(&Line::at(0).styled(RED, "wrong"));
    explanation.wrong.iter().for_each(|example| put_example(&mut page, example));
    page.put(&Line::at(0).styled(GREEN, "right"));
    explanation.right.iter().for_each(|example| put_example(&mut page, example));
    page.put(&Line::at(0).styled(STRONG, "why"));
    explanation.why.iter().for_each(|text| prose(&mut page, 2, text, width));
    page.finish()
}

/// A paragraph: its lines all begin at the same column.
fn prose(page: &mut Page, indent: usize, text: &str, width: usize) {
    let mut line = String::new();
    for word in text.split(' ') {
        if !line.is_empty() && indent + columns(&line) + 1 + columns(word) > width {
            page.put(&Line::at(indent).text(std::mem::take(&mut line)));
        }
        if !line.is_empty() {
            line.push(' ');
        }
        line.push_str(word);
    }
    page.put(&Line::at(indent).text(line));
}

fn put_example(page: &mut Page, example: &Example) {
    page.put(&Line::at(2).styled(FAINT, format!("# {}", example.file)));
    for line in example.text.lines() {
        let indent = line.len() - line.trim_start_matches(' ').len();
        page.put(&Line::at(2 + indent).text(&line[indent..]));
    }
    if example.last_line_times > 1 {
        let times = example.last_line_times;
        page.put(&Line::at(2).styled(FAINT, format!("# … the last line {times} times")));
    }
    page.gap();
}

/// Explanations by what they say, those together that are equal but for the units' own names and
/// what the cloud made up. In the order of their first units.
pub fn groups<'f>(found: &'f [(&Looked, Explanation)]) -> Vec<Vec<&'f Explanation>> {
    let mut groups: Vec<Vec<&Explanation>> = Vec::new();
    let mut known: BTreeMap<Vec<String>, usize> = BTreeMap::new();
    for (looked, explanation) in found {
        let new = groups.len();
        let index = key(looked, explanation).map_or(new, |key| *known.entry(key).or_insert(new));
        match groups.get_mut(index) {
            Some(group) => group.push(explanation),
            None => groups.push(vec![explanation]),
        }
    }
    groups
}

/// What has to be equal; none if a text of the unit could be taken for another's name.
fn key(looked: &Looked, explanation: &Explanation) -> Option<Vec<String>> {
    let plan = &looked.planned.as_ref().ok()?.plan;
    let template = Template::of(plan);
    let mut texts = vec![format!("{:?}", explanation.plan.action)];
    texts.extend(explanation.plan.reasons.iter().chain(&explanation.plan.note).cloned());
    texts.extend(explanation.needs.iter().cloned());
    texts.extend(explanation.needed_by.iter().map(ToString::to_string));
    for attribute in &explanation.attributes {
        let AttributeExplanation { name, wanted, applied, live, written, .. } = attribute;
        let wanted = wanted.as_ref().and_then(Expr::known);
        let moved = live.is_some() && live != applied;
        let unlike = wanted.is_some() && wanted != *applied;
        texts.push(format!("{name} {} {moved} {unlike}", attribute.changes));
        if let Some(written) = written {
            texts.push(Node::from(written).shown(usize::MAX));
        }
        if moved {
            texts.extend(live.as_ref().map(|live| Node::from(live).shown(usize::MAX)));
        }
        texts.extend(attribute.effects.iter().cloned());
    }
    texts.iter().map(|text| template.take_out(text)).collect()
}

/// Shows a resource: what happens to it, its attributes, what it needs and what needs it.
pub fn resource(explanation: &Explanation, view: &View) -> String {
    let mut page = Page::new(view.width);
    page.cut_words(!view.full);
    let Explanation { unit, address, title, object, spec, .. } = explanation;
    page.put(&Line::at(0).styled(STRONG, format!("{unit}:{address}")));
    let line = Line::at(2).text(*title);
    page.put(&match object {
        Some(object) => line.text(format!("  {object}")).styled(YELLOW, held(explanation.held)),
        None => line.styled(FAINT, "  not made yet"),
    });
    match spec {
        Some(spec) => put_line(&mut page, 2, "asked for by ", spec, view),
        None => page.put(&Line::at(2).text("nothing asks for it any more")),
    }
    holds_for(&mut page, &view.holds_for);
    outlook(&mut page, explanation);
    let (changed, others): (Vec<_>, Vec<_>) =
        explanation.attributes.iter().partition(|attribute| view.full || is_news(attribute));
    if !explanation.attributes.is_empty() {
        page.gap();
    }
    changed.into_iter().for_each(|attribute| whole(&mut page, attribute, view));
    others.iter().for_each(|attribute| brief(&mut page, attribute, view));
    dependencies(&mut page, explanation);
    if !others.is_empty() {
        let what = format!("{}:{address}", short(unit));
        let more = format!("`nfplan explain {what}#ATTRIBUTE` tells all of one, --full of all");
        page.gap();
        page.put(&Line::at(0).styled(FAINT, more));
    }
    page.finish()
}

/// Whether an attribute changes, or was changed by somebody else.
fn is_news(attribute: &AttributeExplanation) -> bool {
    let AttributeExplanation { wanted, applied, live, read, changes, .. } = attribute;
    *changes || (*read && wanted.is_some() && live != applied)
}

fn held(held: Held) -> &'static str {
    match held {
        Held::Current => "",
        Held::Parked => "  parked: to be used again",
        Held::Deposed => "  deposed: awaits deletion",
    }
}

fn holds_for(page: &mut Page, others: &[String]) {
    if others.is_empty() {
        return;
    }
    let more = match others.len().saturating_sub(MOST_MEMBERS) {
        0 => String::new(),
        more => format!(" and {more} more"),
    };
    let names = others.iter().take(MOST_MEMBERS).cloned().collect::<Vec<_>>().join(", ");
    let count = counted(others.len() as u64, "more unit");
    page.put(&Line::at(2).styled(FAINT, format!("the same holds for {count}: {names}{more}")));
}

fn outlook(page: &mut Page, explanation: &Explanation) {
    let plan = &explanation.plan;
    let line = Line::at(2);
    page.put(&match (plan.action, plan.refusals.as_slice()) {
        (_, [_, ..]) => line.styled(RED, "the unit cannot be planned:"),
        (Some(action), []) => {
            line.styled(style(action), symbol(action)).text(format!(" {}", meaning(action)))
        }
        (None, []) if plan.note.is_some() => line.text("the plan leaves it as it is"),
        (None, []) if plan.unreadable.is_some() => line.text("the plan believes the state"),
        (None, []) => line.text("the plan leaves it as it is: it is as the specs want it"),
    });
    for reason in plan.reasons.iter().chain(&plan.refusals) {
        page.put(&Line::at(4).text(reason));
    }
    for note in plan.note.iter().chain(&plan.unreadable) {
        page.put(&Line::at(4).styled(YELLOW, note));
    }
}

/// One attribute with its whole chain.
fn whole(page: &mut Page, attribute: &AttributeExplanation, view: &View) {
    let AttributeExplanation { name, wanted, applied, live, read, .. } = attribute;
    let sign = if attribute.changes { "  changes" } else { "" };
    page.put(&Line::at(2).styled(STRONG, *name).styled(YELLOW, sign));
    for link in &attribute.from {
        put_link(page, link, view);
    }
    let row =
        |title: &str, text: String| Line::at(4).styled(FAINT, format!("{title:8}")).text(text);
    let shown = |node: Option<Node>| node.map_or("(not set)".into(), |node| node.shown(most(view)));
    let wish = wanted.as_ref().map(Node::from);
    let like = |value: &Option<Value>| {
        let node = value.as_ref().map(Node::from);
        if node.is_some() && node == wish { "the same".into() } else { shown(node) }
    };
    if wanted.is_some() || attribute.changes {
        page.put(&row("wanted", shown(wish.clone())));
    }
    if applied.is_some() || attribute.changes {
        page.put(&row("applied", like(applied)));
    }
    page.put(&row("live", if *read { like(live) } else { "not read".into() }));
    for rule in &attribute.rules {
        page.put(&Line::at(4).styled(FAINT, format!("{:8}", "rule")).text(rule));
    }
    for effect in &attribute.effects {
        page.put(&Line::at(4).styled(FAINT, format!("{:8}", "now")).styled(YELLOW, effect));
    }
}

fn put_link(page: &mut Page, link: &Link, view: &View) {
    match link {
        Link::Spec(spec) => put_line(page, 4, "from    ", spec, view),
        Link::Default(spec) => put_line(page, 4, "from    nfplan's default for ", spec, view),
        Link::Pin { .. } | Link::Output { .. } | Link::Blueprint | Link::Cloud | Link::State => {
            page.put(&Line::at(4).styled(FAINT, "from    ").text(in_words(link)));
        }
    }
}

fn in_words(link: &Link) -> String {
    match link {
        Link::Spec(spec) => spec.place.clone(),
        Link::Default(_) => "nfplan's default".into(),
        Link::Pin { key } => format!("nfplan.lock, pinned as {key}"),
        Link::Output { of } => format!("the output {of}"),
        Link::Blueprint => "the blueprint: no spec line decides it".into(),
        Link::Cloud => "the cloud".into(),
        Link::State => "an earlier apply: nothing wants it any more".into(),
    }
}

/// Where a value comes from, in as few words as tell it.
fn in_short(link: &Link) -> &str {
    match link {
        Link::Spec(spec) => &spec.place,
        Link::Default(_) => "default",
        Link::Pin { .. } => "nfplan.lock",
        Link::Output { of } => of,
        Link::Blueprint => "blueprint",
        Link::Cloud => "cloud",
        Link::State => "an earlier apply",
    }
}

/// A spec line with its text below it.
fn put_line(page: &mut Page, indent: usize, before: &str, spec: &SpecLine, view: &View) {
    page.put(&Line::at(indent).styled(FAINT, before).text(&spec.place));
    if !spec.text.is_empty() {
        let room = view.width.saturating_sub(indent + 10).max(LEAST);
        let text = if view.full { spec.text.clone() } else { around(&spec.text, spec.at, room) };
        page.put(&Line::at(indent + 8).text(text));
    }
}

/// No more than `room` characters of a line, from shortly before `at`.
fn around(text: &str, at: usize, room: usize) -> String {
    let length = text.chars().count();
    if length <= room {
        return text.into();
    }
    let start = at.saturating_sub(room / 4).min(length - room);
    let part: String = text.chars().skip(start).take(room).collect();
    let (before, after) =
        (if start > 0 { "…" } else { "" }, if start + room < length { "…" } else { "" });
    format!("{before}{part}{after}")
}

/// One attribute in one line.
fn brief(page: &mut Page, attribute: &AttributeExplanation, view: &View) {
    let AttributeExplanation { name, wanted, applied, live, .. } = attribute;
    let node = wanted.as_ref().map(Node::from);
    let node = node.or_else(|| live.as_ref().or(applied.as_ref()).map(Node::from));
    let value =
        node.map_or("(not set)".into(), |node| cut(&node.shown(most(view)), most(view) * 2));
    let from: Vec<&str> = attribute.from.iter().map(in_short).collect();
    let from = from.join(", ");
    let line = Line::at(2).text(format!("{name}: {value}"));
    page.put(&line.styled(FAINT, format!("  ← {from}")));
}

fn dependencies(page: &mut Page, explanation: &Explanation) {
    let users: Vec<String> = explanation.needed_by.iter().map(ToString::to_string).collect();
    for (title, list) in [("needs", &explanation.needs), ("needed by", &users)] {
        if !list.is_empty() {
            page.gap();
            page.put(&Line::at(0).styled(STRONG, title).text(format!(" {}", list.join(", "))));
        }
    }
}

/// The columns to which a value is cut.
fn most(view: &View) -> usize {
    if view.full { usize::MAX } else { LEAST.max(view.width / 4) }
}
