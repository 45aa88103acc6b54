//! One change of a class: its line, its attributes, why, and what cannot be undone.

use nfplan_engine::address::Address;
use nfplan_engine::change::Action;
use nfplan_engine::plan::UnitPlan;
use nfplan_engine::step::Operation;
use nfplan_engine::step::Step;
use nfplan_engine::value::Attributes;
use nfplan_engine::value::Value;

use super::classes::ClassAttribute;
use super::classes::Common;
use super::classes::Member;
use super::compare::Difference;
use super::compare::Leaf;
use super::compare::spread;
use super::leaves::Sheet;
use super::name::style;
use super::name::symbol;
use super::page::FAINT;
use super::page::Line;
use super::page::PLAIN;
use super::page::Page;
use super::page::RED;
use super::page::STRONG;
use super::page::YELLOW;
use super::value::Node;

/// Where changes begin.
const CHANGE: usize = 2;
/// Where their attributes begin.
const ATTRIBUTE: usize = 6;
/// Where notes to attributes begin.
const NOTE: usize = 8;
/// From so many resources on that are updated in the same way, the way is told once.
const ALIKE: usize = 3;

/// How much is told of changes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Extent {
    /// What a reviewer needs, each value in a line.
    Brief,
    /// Everything; what happens alike to several resources once.
    Full,
    /// Everything, of each resource by itself.
    Apart,
}

impl Extent {
    /// Whether nothing is left out or cut.
    fn is_full(self) -> bool {
        self != Self::Brief
    }
}

/// Shows the changes of units that change in the same way.
pub(super) struct ChangePage<'a> {
    /// Where to.
    pub(super) page: &'a mut Page,
    /// The columns of a line.
    pub(super) width: usize,
    /// How much is told.
    pub(super) extent: Extent,
    /// The units.
    pub(super) members: &'a [Member<'a>],
    /// The spec line of the unit itself: not repeated.
    pub(super) origin: Option<String>,
    /// The reason of all changes was said already.
    pub(super) explained: bool,
    /// Whether attributes that follow from the blueprint, are not known yet or do not fit a line are
    /// left out.
    pub(super) brief: bool,
    /// How many attributes were left out.
    pub(super) hidden: u64,
}

impl ChangePage<'_> {
    /// Shows the changes in their order; what happens alike to several resources once, at the first.
    pub(super) fn changes(&mut self, changes: &[Common<'_>]) {
        let mut groups: Vec<Vec<&Common<'_>>> = Vec::new();
        for common in changes {
            match groups.iter_mut().find(|group| self.alike(group[0], common)) {
                Some(group) => group.push(common),
                None => groups.push(vec![common]),
            }
        }
        for group in groups {
            if group.len() < ALIKE {
                group.into_iter().for_each(|common| self.change(common));
            } else {
                self.together(&group);
            }
        }
    }

    /// Whether two resources are updated in the same way and for the same reasons.
    fn alike(&self, one: &Common<'_>, other: &Common<'_>) -> bool {
        let (a, b) = (&one.change, &other.change);
        let same = self.extent != Extent::Apart
            && a.action == Action::Update
            && (b.action, &b.attributes, &b.reasons) == (a.action, &a.attributes, &a.reasons)
            && a.caveats == b.caveats;
        let mut sources = one.of.iter().zip(&other.of);
        same && sources.all(|(a, b)| {
            let mut attributes = a.attributes.iter().zip(&b.attributes);
            a.origin == b.origin && attributes.all(|(a, b)| a.origin == b.origin)
        })
    }

    /// Shows what happens to several resources alike.
    fn together(&mut self, group: &[&Common<'_>]) {
        let addresses: Vec<String> =
            group.iter().map(|common| common.change.address.to_string()).collect();
        let line = Line::at(CHANGE)
            .styled(style(Action::Update), symbol(Action::Update))
            .styled(STRONG, format!(" {} resources", group.len()))
            .text(format!(": {}", addresses.join(", ")));
        self.page.put(&self.with_origin_of(line, group[0]));
        self.details(group[0]);
    }

    /// Shows one change.
    fn change(&mut self, common: &Common<'_>) {
        let (action, address) = (common.change.action, &common.change.address);
        let mut line = Line::at(CHANGE)
            .styled(style(action), symbol(action))
            .text(" ")
            .styled(STRONG, address.to_string());
        if let Some(name) = shared_name(self.members, address) {
            line = line.text(format!("  {name}"));
        }
        if action == Action::ReplaceInSlot {
            line = line.styled(RED, "  (the old one is deleted first)");
        }
        self.page.put(&self.with_origin_of(line, common));
        self.details(common);
    }

    fn with_origin_of(&self, line: Line, common: &Common<'_>) -> Line {
        let origin = joint_origin(common.of.iter().map(|change| change.origin.as_deref()));
        with_origin(line, origin.filter(|origin| Some(origin) != self.origin.as_ref()))
    }

    /// The attributes of a change, why it is, and what a rollback does not bring back.
    fn details(&mut self, common: &Common<'_>) {
        for (index, attribute) in common.change.attributes.iter().enumerate() {
            let origins = common.of.iter().map(|change| change.attributes[index].origin.as_deref());
            self.attribute(attribute, joint_origin(origins), common.change.action);
        }
        if !self.explained {
            for reason in &common.change.reasons {
                self.page.put(&Line::at(ATTRIBUTE).styled(PLAIN, format!("because {reason}")));
            }
        }
        for caveat in &common.change.caveats {
            self.page.put(&Line::at(ATTRIBUTE).styled(YELLOW, caveat));
        }
    }

    fn attribute(&mut self, attribute: &ClassAttribute, origin: Option<String>, action: Action) {
        let because = attribute.because.as_deref();
        let sheet = Sheet {
            width: self.width,
            indent: ATTRIBUTE,
            full: self.extent.is_full(),
            created: action == Action::Create,
            name: &attribute.name,
            style: PLAIN,
            because,
        };
        let spread = self.spread(attribute, action);
        let leaves = spread.as_deref().unwrap_or(&attribute.differences);
        let mut places = sheet.lines(leaves);
        let fits =
            || matches!(&*places, [lines] if lines.len() == 1 && lines[0].width() <= self.width);
        if self.brief && (origin.is_none() || because.is_some() || !fits()) {
            self.hidden += 1;
            return;
        }
        let waiting = leaves.chunk_by(|a, b| a.path == b.path).position(|group| {
            group.iter().any(|leaf| leaf.difference.after().is_some_and(Node::is_partly_unknown))
        });
        if let (Some(place), Some(because)) = (waiting, because) {
            places[place][0].append(FAINT, &format!("  ({because})"));
        }
        if let (Some(origin), Some(first)) = (origin, places.first_mut()) {
            first[0].append(FAINT, &format!("  [{origin}]"));
        }
        places.iter().flatten().for_each(|line| self.page.put(line));
        self.drift(attribute);
    }

    /// A new attribute that is made of others, in parts; only in full, where nothing is cut.
    fn spread(&self, attribute: &ClassAttribute, action: Action) -> Option<Vec<Leaf>> {
        match attribute.differences.as_slice() {
            [Leaf { difference: Difference::Set(None, Some(whole)), .. }]
                if whole.is_nested() && (self.extent.is_full() || action != Action::Create) =>
            {
                Some(spread(whole))
            }
            _ => None,
        }
    }

    fn drift(&mut self, attribute: &ClassAttribute) {
        if let [Leaf { difference: Difference::Set(Some(applied), _), path }] =
            attribute.drift.as_slice()
            && path.0.is_empty()
        {
            let applied = applied.shown(usize::MAX);
            let line = Line::at(NOTE).styled(YELLOW, format!("applied {applied}, changed outside"));
            if line.width() <= self.width {
                return self.page.put(&line);
            }
        }
        let sheet = Sheet {
            width: self.width,
            indent: NOTE,
            full: self.extent.is_full(),
            created: false,
            name: &format!("changed outside: {}", attribute.name),
            style: YELLOW,
            because: None,
        };
        sheet.lines(&attribute.drift).iter().flatten().for_each(|line| self.page.put(line));
    }
}

/// What the object is called in all the units, but for their names; none if it differs.
pub(super) fn shared_name(members: &[Member<'_>], address: &Address) -> Option<String> {
    let (first, others) = members.split_first()?;
    if others.is_empty() {
        return object_name(first.plan, address);
    }
    let taken_out = |member: &Member<'_>| {
        let name = object_name(member.plan, address)?;
        Some(member.template.take_out(&name).unwrap_or(name))
    };
    let name = taken_out(first)?;
    // That an object has an id of its own goes without saying.
    let told = !name.starts_with("<id of ") && !name.contains('|');
    let same = |member| taken_out(member).as_ref() == Some(&name);
    (told && others.iter().all(same)).then_some(name)
}

/// The first spec line, and how many others there are.
pub(super) fn joint_origin<'a>(origins: impl Iterator<Item = Option<&'a str>>) -> Option<String> {
    let mut first = None;
    let mut all = std::collections::BTreeSet::new();
    for origin in origins.flatten() {
        first.get_or_insert(origin);
        all.insert(origin);
    }
    match (first?, all.len() - 1) {
        (first, 0) => Some(first.into()),
        (first, others) => Some(format!("{first} +{others}")),
    }
}

/// The line with a spec line at its end.
pub(super) fn with_origin(line: Line, origin: Option<String>) -> Line {
    match origin {
        Some(origin) => line.styled(FAINT, format!("  [{origin}]")),
        None => line,
    }
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
        Operation::Hold { .. } | Operation::Drop { .. } => None,
    }
}
