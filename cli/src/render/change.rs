//! One change of a class: its line, its attributes, why, and what cannot be undone.

use std::collections::BTreeSet;

use nfplan_engine::address::Address;
use nfplan_engine::change::Action;
use nfplan_engine::change::AttributeChange;
use nfplan_engine::change::Change;
use nfplan_engine::plan::UnitPlan;
use nfplan_engine::step::Operation;
use nfplan_engine::step::Step;
use nfplan_engine::value::Attributes;
use nfplan_engine::value::Value;

use super::classes::ClassAttribute;
use super::classes::ClassChange;
use super::compare::Difference;
use super::compare::Leaf;
use super::compare::spread;
use super::name::style;
use super::name::symbol;
use super::page::FAINT;
use super::page::Line;
use super::page::PLAIN;
use super::page::Page;
use super::page::RED;
use super::page::STRONG;
use super::page::YELLOW;
use super::template::Template;
use super::text::cut_pair;
use super::value::Node;
use super::value::quoted;

/// Where changes begin.
const CHANGE: usize = 2;
/// Where their attributes begin.
const ATTRIBUTE: usize = 6;
/// Where notes to attributes begin.
const NOTE: usize = 8;
/// The fewest columns to which a value is cut.
const LEAST_VALUE: usize = 24;
/// How many different reasons of a class are told.
const MOST_REASONS: usize = 3;

/// Shows the changes of units that change in the same way.
pub(super) struct ChangePage<'a> {
    /// Where to.
    pub(super) page: &'a mut Page,
    /// The columns of a line.
    pub(super) width: usize,
    /// Whether nothing is left out or cut.
    pub(super) full: bool,
    /// The units.
    pub(super) members: &'a [&'a UnitPlan],
    /// The spec line of the unit itself: not repeated.
    pub(super) origin: Option<String>,
    /// The reason of all changes, said already.
    pub(super) common: Option<String>,
    /// Whether attributes that follow from the blueprint, are not known yet or do not fit a line are
    /// left out.
    pub(super) brief: bool,
    /// How many attributes were left out.
    pub(super) hidden: u64,
}

impl ChangePage<'_> {
    /// Shows one change.
    pub(super) fn change(&mut self, change: &ClassChange) {
        let action = change.action;
        let mut line = Line::at(CHANGE)
            .styled(style(action), symbol(action))
            .text(" ")
            .styled(STRONG, change.address.to_string());
        if let Some(name) = self.shared(|unit| object_name(unit, &change.address)) {
            line = line.text(format!("  {name}"));
        }
        if action == Action::ReplaceInSlot {
            line = line.styled(RED, "  (the old one is deleted first)");
        }
        let origin = self.origin_of(|unit| find(unit, &change.address)?.origin.clone());
        let origin = origin.filter(|origin| Some(origin) != self.origin.as_ref());
        self.page.put(&with_origin(line, origin));
        for attribute in &change.attributes {
            self.attribute(change, attribute);
        }
        self.reasons(&change.address);
        for caveat in &change.caveats {
            self.page.put(&Line::at(ATTRIBUTE).styled(YELLOW, caveat));
        }
    }

    fn attribute(&mut self, change: &ClassChange, attribute: &ClassAttribute) {
        let of = |unit: &UnitPlan| find_attribute(unit, &change.address, &attribute.name).cloned();
        let origin = self.origin_of(|unit| of(unit)?.origin);
        let because = self.members.first().and_then(|unit| self.taken_out(unit, of(unit)?.because));
        let mut lines = self.leaf_lines(attribute, because.as_deref(), change.action);
        let fits = || lines.iter().all(|line| line.width() <= self.width);
        if self.brief && (origin.is_none() || because.is_some() || !fits()) {
            self.hidden += 1;
            return;
        }
        if let Some(last) = lines.pop() {
            lines.push(with_origin(last, origin));
        }
        lines.iter().for_each(|line| self.page.put(line));
        self.drift(&attribute.drift);
    }

    /// One line for each place in the attribute that differs.
    fn leaf_lines(
        &self,
        attribute: &ClassAttribute,
        because: Option<&str>,
        action: Action,
    ) -> Vec<Line> {
        let spread = self.spread(attribute, action);
        let leaves = spread.as_deref().unwrap_or(&attribute.differences);
        let waits =
            matches!(leaves, [Leaf { difference: Difference::Set(_, Some(Node::Unknown(_))), .. }]);
        // The reason why the whole value is unknown stands in its place.
        let (unknown, note) = if waits { (because, None) } else { (None, because) };
        let mut lines: Vec<Line> = leaves
            .chunk_by(joins)
            .map(|group| {
                let place = format!("{}{}", attribute.name, group[0].path);
                self.leaf(Line::at(ATTRIBUTE).text(place), group, unknown, action)
            })
            .collect();
        if let Some(note) = note
            && let Some(last) = lines.pop()
        {
            lines.push(last.styled(FAINT, format!("  ({note})")));
        }
        lines
    }

    /// A new attribute that is made of others, in parts; only in full, where nothing is cut.
    fn spread(&self, attribute: &ClassAttribute, action: Action) -> Option<Vec<Leaf>> {
        match attribute.differences.as_slice() {
            [Leaf { difference: Difference::Set(None, Some(whole)), .. }]
                if whole.is_nested() && (self.full || action != Action::Create) =>
            {
                Some(spread(whole))
            }
            _ => None,
        }
    }

    fn leaf(&self, line: Line, group: &[Leaf], unknown: Option<&str>, action: Action) -> Line {
        let value = |node: &Node| match (node, unknown) {
            (Node::Unknown(_), Some(reason)) => format!("({reason})"),
            _ => self.single(node),
        };
        let items = |sign: &str| {
            let items = group.iter().filter_map(|leaf| match &leaf.difference {
                Difference::Added(item) | Difference::Removed(item) => Some(self.single(item)),
                Difference::Set(..) => None,
            });
            format!(" {sign} {}", items.collect::<Vec<_>>().join(", "))
        };
        let (old, new) = match &group[0].difference {
            Difference::Set(None, Some(after)) if action == Action::Create => {
                return line.text(format!(": {}", value(after)));
            }
            Difference::Added(_) => return line.text(items("+")),
            Difference::Removed(_) => return line.text(items("-")),
            Difference::Set(Some(Node::Text(before)), Some(Node::Text(after))) => {
                self.pair(before, after)
            }
            Difference::Set(before, after) => {
                let one = |node: &Option<Node>| node.as_ref().map_or("(not set)".into(), value);
                (one(before), one(after))
            }
        };
        line.text(": ").text(old).styled(STRONG, " → ").text(new)
    }

    fn drift(&mut self, drift: &[Leaf]) {
        for group in drift.chunk_by(joins) {
            let line = Line::at(NOTE);
            let line = match &group[0].difference {
                Difference::Set(Some(applied), _) if group[0].path.is_empty() => {
                    let applied = self.single(applied);
                    line.styled(YELLOW, format!("applied {applied}, changed outside"))
                }
                _ => {
                    let start =
                        format!("changed outside: {}", group[0].path.trim_start_matches('.'));
                    self.leaf(line.styled(YELLOW, start), group, None, Action::Update)
                }
            };
            self.page.put(&line);
        }
    }

    fn reasons(&mut self, address: &Address) {
        if self.common.is_some() {
            return;
        }
        let mut reasons: Vec<String> = Vec::new();
        for unit in self.members {
            for reason in find(unit, address).map(|change| &change.reasons).into_iter().flatten() {
                let reason = self.taken_out(unit, Some(reason.clone())).unwrap_or_default();
                if !reasons.contains(&reason) {
                    reasons.push(reason);
                }
            }
        }
        let most = if self.members.len() == 1 { usize::MAX } else { MOST_REASONS };
        for reason in reasons.iter().take(most) {
            self.page.put(&Line::at(ATTRIBUTE).styled(PLAIN, format!("because {reason}")));
        }
        if reasons.len() > most {
            let more = format!("and for {} more reasons: --expand", reasons.len() - most);
            self.page.put(&Line::at(ATTRIBUTE).styled(FAINT, more));
        }
    }

    /// A value on its own.
    fn single(&self, node: &Node) -> String {
        node.shown(if self.full {
            usize::MAX
        } else {
            self.width.saturating_sub(12).max(LEAST_VALUE)
        })
    }

    /// Two texts beside each other, cut so that the difference stays in sight.
    fn pair(&self, before: &str, after: &str) -> (String, String) {
        if self.full {
            return (quoted(before), quoted(after));
        }
        let most = (self.width.saturating_sub(24) / 2).max(LEAST_VALUE);
        let (before, after) = cut_pair(before, after, most);
        (quoted(&before), quoted(&after))
    }

    /// What all the units have in common but for their names; none if they do not.
    fn shared(&self, text: impl Fn(&UnitPlan) -> Option<String>) -> Option<String> {
        let mut texts: BTreeSet<Option<String>> =
            self.members.iter().map(|unit| self.taken_out(unit, text(unit))).collect();
        texts.pop_first().filter(|_| texts.is_empty()).flatten()
    }

    /// A unit's text as it stands for all of them.
    fn taken_out(&self, unit: &UnitPlan, text: Option<String>) -> Option<String> {
        let text = text?;
        if self.members.len() == 1 {
            return Some(text);
        }
        Some(Template::of(unit).take_out(&text).unwrap_or(text))
    }

    /// The spec line, and how many others say the same for other units.
    fn origin_of(&self, origin: impl Fn(&UnitPlan) -> Option<String>) -> Option<String> {
        joint_origin(self.members, origin)
    }
}

/// The spec line of the first unit, and how many others there are.
pub(super) fn joint_origin(
    members: &[&UnitPlan],
    origin: impl Fn(&UnitPlan) -> Option<String>,
) -> Option<String> {
    let first = members.iter().find_map(|unit| origin(unit))?;
    let all: BTreeSet<String> = members.iter().filter_map(|unit| origin(unit)).collect();
    match all.len() - 1 {
        0 => Some(first),
        others => Some(format!("{first} +{others}")),
    }
}

/// The line with a spec line at its end.
pub(super) fn with_origin(line: Line, origin: Option<String>) -> Line {
    match origin {
        Some(origin) => line.styled(FAINT, format!("  [{origin}]")),
        None => line,
    }
}

/// Whether two leaves go on one line: both add to, or take from, the same place.
fn joins(a: &Leaf, b: &Leaf) -> bool {
    let same_kind = matches!(
        (&a.difference, &b.difference),
        (Difference::Added(_), Difference::Added(_))
            | (Difference::Removed(_), Difference::Removed(_))
    );
    a.path == b.path && same_kind
}

fn find<'a>(unit: &'a UnitPlan, address: &Address) -> Option<&'a Change> {
    unit.changes.iter().find(|change| change.address == *address)
}

fn find_attribute<'a>(
    unit: &'a UnitPlan,
    address: &Address,
    name: &str,
) -> Option<&'a AttributeChange> {
    find(unit, address)?.attributes.iter().find(|attribute| &*attribute.name == name)
}

/// What the object is called in the cloud: its name, or else its id.
fn object_name(unit: &UnitPlan, address: &Address) -> Option<String> {
    let mut steps = unit.steps.iter().filter(|step| step.address == *address);
    steps.find_map(|step| name_of(step).or_else(|| step.remote_id().map(ToString::to_string)))
}

fn name_of(step: &Step) -> Option<String> {
    let text = |value: Option<&Value>| value.and_then(Value::as_text).map(str::to_owned);
    let known = |attributes: &Attributes| text(attributes.get("name"));
    match &step.operation {
        Operation::Create { inputs, .. } => text(inputs.get("name")?.known().as_ref()),
        Operation::Adopt { before, .. }
        | Operation::Update { before, .. }
        | Operation::Delete { before, .. } => known(before),
        Operation::Drop { .. } => None,
    }
}
