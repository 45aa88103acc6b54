//! Units that drifted in the same way, and how.

use std::collections::BTreeSet;

use anstyle::Style;
use nfplan_engine::drift::Cause;
use nfplan_engine::plan::UnitPlan;

use super::super::change::joint_origin;
use super::super::change::shared_name;
use super::super::change::with_origin;
use super::super::classes::Class;
use super::super::classes::ClassAttribute;
use super::super::classes::Common;
use super::super::compare::Difference;
use super::super::leaves::Sheet;
use super::super::name::counted;
use super::super::name::listed;
use super::super::name::listed_places;
use super::super::name::title;
use super::super::name::who;
use super::super::page::FAINT;
use super::super::page::Line;
use super::super::page::PLAIN;
use super::super::page::Page;
use super::super::page::STRONG;
use super::super::page::YELLOW;
use super::super::value::Node;
use super::OBJECT;
use super::layout::WANTED;

/// Where their attributes begin.
const ATTRIBUTE: usize = 6;
/// From so many objects on of which the same holds, it is told once.
const ALIKE: usize = 3;
/// So many of them are named.
const MOST_ALIKE: usize = 8;

/// So many lines three values may take; what differs between longer ones is told instead.
const MOST_LINES: usize = 2;

/// Units that drifted in the same way.
pub(in crate::render) struct ClassPage<'a, 'c> {
    pub(in crate::render) page: &'a mut Page,
    pub(in crate::render) class: &'c Class<'c>,
    pub(in crate::render) cause: Cause,
    pub(in crate::render) width: usize,
}

impl ClassPage<'_, '_> {
    pub(in crate::render) fn heading(&mut self) {
        let members: Vec<&UnitPlan> = self.class.members.iter().map(|member| member.plan).collect();
        if let [member] = members.as_slice() {
            let (name, place) = title(member);
            return self.page.put(&Line::at(0).styled(STRONG, name).text(place));
        }
        let kind = if members[0].unit.user().is_some() { "workspace" } else { "platform" };
        let names: Vec<String> = members.iter().map(|unit| who(unit)).collect();
        let count = counted(members.len() as u64, kind);
        self.page.put(&Line::at(0).styled(STRONG, count).text(format!(": {}", listed(&names))));
        let places: BTreeSet<String> =
            members.iter().map(|unit| unit.unit.place().to_string()).collect();
        let places = listed_places(&places.into_iter().collect::<Vec<_>>());
        self.page.put(&Line::at(OBJECT).styled(FAINT, format!("in {places}, each:")));
    }

    /// The objects in order; those of which the same holds once.
    pub(in crate::render) fn objects(&mut self) {
        let mut groups: Vec<Vec<&Common<'_>>> = Vec::new();
        for common in &self.class.changes {
            let same = |other: &Common<'_>| {
                let (a, b) = (&common.change, &other.change);
                (&a.attributes, &a.reasons) == (&b.attributes, &b.reasons)
            };
            match groups.iter_mut().find(|group| same(group[0])) {
                Some(group) => group.push(common),
                None => groups.push(vec![common]),
            }
        }
        for group in groups {
            if group.len() < ALIKE {
                group.into_iter().for_each(|common| self.object(common));
            } else {
                self.together(&group);
            }
        }
    }

    /// Tells drift from what has only to be known, readable without colour.
    fn sign(&self) -> &'static str {
        match self.cause {
            Cause::Unreadable => "?",
            cause if cause.is_drift() => "!",
            _ => "*",
        }
    }

    fn together(&mut self, group: &[&Common<'_>]) {
        let addresses = group.iter().map(|common| common.change.address.to_string());
        let addresses: Vec<String> = addresses.take(MOST_ALIKE).collect();
        let more = match group.len().saturating_sub(MOST_ALIKE) {
            0 => String::new(),
            more => format!(" and {more} more (--json lists them)"),
        };
        let line = Line::at(OBJECT).text(self.sign());
        let line = line.styled(STRONG, format!(" {} objects", group.len()));
        self.page.put(&line.text(format!(": {}{more}", addresses.join(", "))));
        self.details(group[0]);
    }

    fn object(&mut self, common: &Common<'_>) {
        let address = &common.change.address;
        let line = Line::at(OBJECT).text(self.sign()).styled(STRONG, format!(" {address}"));
        let line = match shared_name(&self.class.members, address) {
            Some(name) => line.text(format!("  {name}")),
            None => line,
        };
        let origin = joint_origin(common.of.iter().map(|change| change.origin.as_deref()));
        self.page.put(&with_origin(line, origin));
        self.details(common);
    }

    fn details(&mut self, common: &Common<'_>) {
        let attributes = &common.change.attributes;
        for (index, attribute) in attributes.iter().enumerate() {
            let origins = common.of.iter().map(|change| change.attributes[index].origin.as_deref());
            let wanted = attributes.get(index + 1).filter(|next| next.name.starts_with(WANTED));
            if !attribute.name.starts_with(WANTED) {
                self.attribute(attribute, wanted, joint_origin(origins));
            }
        }
        for reason in &common.change.reasons {
            self.page.put(&Line::at(ATTRIBUTE).styled(YELLOW, reason));
        }
    }

    /// The three values on one line if they fit, or else what differs between them.
    fn attribute(
        &mut self,
        attribute: &ClassAttribute,
        wanted: Option<&ClassAttribute>,
        origin: Option<String>,
    ) {
        if let Some(values) = three_values(self.cause, attribute, wanted) {
            let line = Line::at(ATTRIBUTE).text(format!("{}: {values}", attribute.name));
            if line.width() <= MOST_LINES * self.width {
                return self.page.put(&with_origin(line, origin));
            }
        }
        self.sheet(attribute, PLAIN, origin);
        if let Some(wanted) = wanted {
            self.sheet(wanted, YELLOW, None);
        }
    }

    fn sheet(&mut self, attribute: &ClassAttribute, style: Style, origin: Option<String>) {
        let sheet = Sheet {
            width: self.width,
            indent: ATTRIBUTE,
            full: false,
            created: false,
            name: &attribute.name,
            style,
            because: None,
        };
        let mut places = sheet.lines(&attribute.differences);
        if let (Some(origin), Some(first)) = (origin, places.first_mut()) {
            first[0].append(FAINT, &format!("  [{origin}]"));
        }
        places.iter().flatten().for_each(|line| self.page.put(line));
    }
}

/// `wanted 64, applied 64, live 99`, where the values are not made of others.
fn three_values(
    cause: Cause,
    attribute: &ClassAttribute,
    wanted: Option<&ClassAttribute>,
) -> Option<String> {
    let plain = |node: &Option<Node>| match node {
        None => Some("(not set)".to_owned()),
        Some(node) if node.is_nested() => None,
        Some(node) if node.as_text().is_some_and(|text| text.contains('\n')) => None,
        Some(node) => Some(node.shown(usize::MAX)),
    };
    let whole = |attribute: &ClassAttribute| match attribute.differences.as_slice() {
        [leaf] if leaf.path.0.is_empty() => match &leaf.difference {
            Difference::Set(before, after) => Some((plain(before)?, plain(after)?)),
            Difference::Added(_) | Difference::Removed(_) | Difference::Rewritten(..) => None,
        },
        _ => None,
    };
    let (applied, other) = whole(attribute)?;
    let (wanted, live) = match wanted {
        // Laid out from what was applied, which is live, to what is wanted.
        None if cause == Cause::UnappliedSpec => (other, applied.clone()),
        None => (applied.clone(), other),
        Some(wanted) => (whole(wanted)?.1, other),
    };
    Some(format!("wanted {wanted}, applied {applied}, live {live}"))
}
