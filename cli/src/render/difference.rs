//! How two plans differ, as people read it: equal differences of many units once.

use std::collections::BTreeMap;

use anstyle::Style;
use nfplan_engine::value::Value;

use super::compare::Difference;
use super::compare::Leaf;
use super::compare::compare;
use super::name::counted;
use super::name::counts;
use super::name::style;
use super::name::symbol;
use super::name::title;
use super::name::who;
use super::name::word;
use super::page::FAINT;
use super::page::Line;
use super::page::PLAIN;
use super::page::Page;
use super::page::STRONG;
use super::page::YELLOW;
use super::template::Template;
use super::value::Node;
use crate::comparison::AttributeDifference;
use crate::comparison::Ground;
use crate::comparison::ResourceDifference;
use crate::comparison::Setting;
use crate::comparison::UnitDifference;

/// How many units with equal differences are named.
const MOST_MEMBERS: usize = 20;
/// The fewest columns to which a value is cut.
const LEAST_VALUE: usize = 24;

/// How differences are shown.
#[derive(Debug, Clone, Copy)]
pub struct View {
    /// The columns of a line.
    pub width: usize,
    /// Every unit by itself, every attribute, nothing cut.
    pub full: bool,
    /// What holds for the first plan, to follow a value: "in the first".
    pub first: &'static str,
    /// The same for the second plan.
    pub second: &'static str,
}

/// A line before it is laid out.
type Draft = (usize, Vec<(Style, String)>);

/// Shows the units that differ.
pub fn differences(units: &[UnitDifference<'_>], view: View) -> String {
    let mut page = Page::new(view.width);
    page.cut_words(!view.full);
    for group in groups(units, view) {
        let [first, others @ ..] = group.as_slice() else { continue };
        let templates: Vec<Template> = group.iter().map(|unit| Template::of(unit.plan())).collect();
        let shared = Template::shared(&templates);
        let text = |text: &str| match others {
            [] => Some(text.to_owned()),
            _ => Some(shared.put_back(&templates[0].take_out(text)?)),
        };
        head(&mut page, &group);
        for (indent, spans) in drafts(first, view, &text).unwrap_or_default() {
            let line = spans
                .iter()
                .fold(Line::at(indent), |line, (style, text)| line.styled(*style, text));
            page.put(&line);
        }
    }
    page.finish()
}

/// The units by what differs; those of which a text could be taken for a name stand alone.
fn groups<'u, 'a>(units: &'u [UnitDifference<'a>], view: View) -> Vec<Vec<&'u UnitDifference<'a>>> {
    let mut groups: Vec<Vec<&UnitDifference<'_>>> = Vec::new();
    let mut known: BTreeMap<Vec<String>, usize> = BTreeMap::new();
    for unit in units {
        let template = Template::of(unit.plan());
        // Texts are compared uncut: what is cut away depends on the length of names.
        let uncut = View { width: usize::MAX, ..view };
        let drafts = drafts(unit, uncut, &|text| template.take_out(text));
        let key = drafts.filter(|_| !view.full).map(|drafts| {
            let kind = unit.unit().user().map_or("platform", |_| "workspace");
            let texts = drafts.into_iter().flat_map(|(_, spans)| spans);
            std::iter::once(kind.to_owned()).chain(texts.map(|(_, text)| text)).collect()
        });
        match key {
            None => groups.push(vec![unit]),
            Some(key) => {
                let index = *known.entry(key).or_insert(groups.len());
                match groups.get_mut(index) {
                    Some(group) => group.push(unit),
                    None => groups.push(vec![unit]),
                }
            }
        }
    }
    groups
}

fn head(page: &mut Page, group: &[&UnitDifference<'_>]) {
    let [first, others @ ..] = group else { return };
    if others.is_empty() {
        let (kind, place) = title(first.plan());
        page.put(&Line::at(0).styled(STRONG, kind).styled(FAINT, place));
        return;
    }
    let kind = if first.unit().user().is_some() { "workspace" } else { "platform" };
    let count = counted(group.len() as u64, kind);
    page.put(&Line::at(0).styled(STRONG, count).text(" differ in the same way"));
    let names: Vec<String> = group.iter().take(MOST_MEMBERS).map(|unit| who(unit.plan())).collect();
    let more = match group.len().saturating_sub(MOST_MEMBERS) {
        0 => String::new(),
        more => format!(" and {more} more (--full shows each)"),
    };
    page.put(&Line::at(2).styled(FAINT, format!("{}{more}", names.join(", "))));
}

/// What differs of one unit, with every text changed by `text`; none if it gives none for any.
fn drafts(
    unit: &UnitDifference<'_>,
    view: View,
    text: &impl Fn(&str) -> Option<String>,
) -> Option<Vec<Draft>> {
    let mut drafts = Vec::new();
    let alone = match (unit.first, unit.second) {
        (Some(plan), None) => Some((plan, view.first)),
        (None, Some(plan)) => Some((plan, view.second)),
        _ => None,
    };
    if let Some((plan, side)) = alone {
        let summary = format!("only {side}: {}", counts(&plan.summary()));
        drafts.push((2, vec![(YELLOW, summary)]));
        if !view.full {
            return Some(drafts);
        }
    }
    for resource in &unit.resources {
        drafts.push((2, resource_head(resource, view, alone.is_some())));
        // What only one plan does to a resource is shown by that plan.
        if view.full || (resource.first.is_some() && resource.second.is_some()) {
            for attribute in &resource.attributes {
                let lines = attribute_lines(attribute, view, text)?;
                drafts.extend(lines.into_iter().map(|line| (6, vec![(PLAIN, line)])));
            }
        }
    }
    for ground in &unit.grounds {
        drafts.push((2, vec![(YELLOW, told(ground, view, text)?)]));
    }
    Some(drafts)
}

fn resource_head(
    resource: &ResourceDifference<'_>,
    view: View,
    alone: bool,
) -> Vec<(Style, String)> {
    let address = resource.address.to_string();
    let sides = [(resource.first, view.first), (resource.second, view.second)];
    let action = resource.second.or(resource.first);
    let sign = action.map(|action| (style(action), format!("{} ", symbol(action))));
    let note = match (resource.first, resource.second) {
        (Some(first), Some(second)) if first != second => {
            format!("  {} {}, {} {}", word(first), view.first, word(second), view.second)
        }
        (Some(_), Some(_)) => String::new(),
        _ if alone => String::new(),
        _ => {
            let only = sides.iter().find_map(|(action, side)| action.map(|action| (action, side)));
            only.map_or_else(String::new, |(action, side)| {
                format!("  {} only {side}", word(action))
            })
        }
    };
    sign.into_iter().chain([(STRONG, address), (PLAIN, note)]).collect()
}

/// One line for each place in the attribute that differs.
fn attribute_lines(
    attribute: &AttributeDifference<'_>,
    view: View,
    text: &impl Fn(&str) -> Option<String>,
) -> Option<Vec<String>> {
    let shown = Shown::new(view);
    let name = attribute.name;
    match (&attribute.first, &attribute.second) {
        (Some(first), Some(second)) => {
            let [old_before, old_after] = nodes(first, text)?;
            let [new_before, new_after] = nodes(second, text)?;
            let mut lines = Vec::new();
            if old_before != new_before {
                let (old, new) =
                    (shown.value(old_before.as_ref()), shown.value(new_before.as_ref()));
                lines.push(format!("{name} as it is: {old} {}, {new} {}", view.first, view.second));
            }
            if old_after != new_after {
                let leaves = compare(old_after.as_ref(), new_after.as_ref());
                lines.extend(leaves.iter().map(|leaf| shown.between(name, leaf)));
            }
            Some(lines)
        }
        (Some(setting), None) => Some(shown.alone(name, view.first, &nodes(setting, text)?)),
        (None, Some(setting)) => Some(shown.alone(name, view.second, &nodes(setting, text)?)),
        (None, None) => Some(Vec::new()),
    }
}

/// A setting's values before and after, with every text changed; none if one cannot be.
fn nodes(
    setting: &Setting<'_>,
    text: &impl Fn(&str) -> Option<String>,
) -> Option<[Option<Node>; 2]> {
    let before = match setting.before {
        Some(value) => Some(Node::from(value).map_texts(text)?),
        None => None,
    };
    let after = match setting.after {
        Some(expr) => Some(Node::from(expr).map_texts(text)?),
        None => None,
    };
    Some([before, after])
}

/// Puts values into lines.
struct Shown {
    view: View,
    /// The columns to which a value is cut.
    most: usize,
}

impl Shown {
    fn new(view: View) -> Self {
        let most = if view.full { usize::MAX } else { LEAST_VALUE.max(view.width / 3) };
        Self { view, most }
    }

    fn value(&self, node: Option<&Node>) -> String {
        node.map_or("(not set)".into(), |node| node.shown(self.most))
    }

    /// What the plans make of one place.
    fn between(&self, name: &str, leaf: &Leaf) -> String {
        let Leaf { path, difference } = leaf;
        let View { first, second, .. } = self.view;
        match difference {
            Difference::Set(old, new) => {
                let (old, new) = (self.value(old.as_ref()), self.value(new.as_ref()));
                format!("{name}{path}: {old} {first}, {new} {second}")
            }
            Difference::Added(item) => {
                format!("{name}{path}: {} only {second}", item.shown(self.most))
            }
            Difference::Removed(item) => {
                format!("{name}{path}: {} only {first}", item.shown(self.most))
            }
            Difference::Rewritten(..) => {
                format!("{name}{path}: means the same {first} and {second}, in other words")
            }
        }
    }

    /// What only one plan does to an attribute.
    fn alone(&self, name: &str, side: &str, [before, after]: &[Option<Node>; 2]) -> Vec<String> {
        let line = |Leaf { path, difference }: &Leaf| match difference {
            Difference::Set(old, new) => {
                let (old, new) = (self.value(old.as_ref()), self.value(new.as_ref()));
                format!("{name}{path}: {old} → {new}, only {side}")
            }
            Difference::Added(item) => {
                format!("{name}{path} + {}, only {side}", item.shown(self.most))
            }
            Difference::Removed(item) => {
                format!("{name}{path} - {}, only {side}", item.shown(self.most))
            }
            Difference::Rewritten(..) => {
                format!("{name}{path}: written in another way that means the same, only {side}")
            }
        };
        compare(before.as_ref(), after.as_ref()).iter().map(line).collect()
    }
}

fn told(ground: &Ground, view: View, text: &impl Fn(&str) -> Option<String>) -> Option<String> {
    let View { first: one, second: other, .. } = view;
    let value = |value: &Option<Value>| match value {
        Some(value) => Node::from(value).map_texts(text).map(|node| node.shown(usize::MAX)),
        None => Some("none".to_owned()),
    };
    Some(match ground {
        Ground::State => "the state that it was planned from moved".into(),
        Ground::Source { what, first, second } => {
            format!("its {what}: {} {one}, {} {other}", text(first)?, text(second)?)
        }
        Ground::Pin { key, first, second } => {
            let (first, second) = (value(first)?, value(second)?);
            format!("pinned in nfplan.lock: {}: {first} {one}, {second} {other}", text(key)?)
        }
        Ground::External { output, first, second } => {
            let (first, second) = (value(first)?, value(second)?);
            format!("the platform's {}: {first} {one}, {second} {other}", text(output)?)
        }
        Ground::Steps { address, attributes } if attributes.is_empty() => {
            format!("the steps of {address} differ, though they come to the same")
        }
        Ground::Steps { address, attributes } => {
            let names: Vec<&str> = attributes.iter().map(AsRef::as_ref).collect();
            format!("the steps of {address} start from or keep another {}", names.join(", "))
        }
        Ground::Order => "the order of the steps differs".into(),
    })
}
