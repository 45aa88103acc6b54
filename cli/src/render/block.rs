//! Units that are shown together: who they are, what happens to each of them.

use std::collections::BTreeSet;

use nfplan_engine::address::UnitId;
use nfplan_engine::change::Action;
use nfplan_engine::plan::Plan;
use nfplan_engine::plan::UnitPlan;

use super::change::ChangePage;
use super::change::Extent;
use super::change::joint_origin;
use super::change::with_origin;
use super::classes::Class;
use super::classes::ClassChange;
use super::classes::classes;
use super::classes::units;
use super::name::counted;
use super::name::counts;
use super::name::listed;
use super::name::listed_places;
use super::name::short;
use super::name::symbol;
use super::name::title;
use super::name::who;
use super::page::FAINT;
use super::page::Line;
use super::page::Page;
use super::page::STRONG;
use super::plan::View;
use super::text::visible;

/// Changes that are shown together.
pub(super) struct Block<'a> {
    class: Class<'a>,
    /// Whether it was asked for in full.
    full: bool,
}

/// The plan in the order in which it is shown. Every change is in exactly one block.
pub(super) fn blocks<'a>(plan: &'a Plan, view: &View) -> Vec<Block<'a>> {
    let apart = |unit: &UnitPlan| view.full || names(unit).iter().any(|n| view.expand.contains(n));
    let mut blocks: Vec<Block<'a>> = units(plan)
        .filter(|member| apart(member.plan))
        .map(|member| Block { class: member.by_itself(), full: true })
        .collect();
    for class in if view.full { Vec::new() } else { classes(plan) } {
        let together: Vec<usize> =
            (0..class.members.len()).filter(|place| !apart(class.members[*place].plan)).collect();
        if view.expand.contains(&class.id) {
            let each = together.iter().filter_map(|place| class.of_members(&[*place]));
            blocks.extend(each.map(|class| Block { class, full: true }));
        } else {
            let rest = class.of_members(&together);
            blocks.extend(rest.map(|class| Block { class, full: false }));
        }
    }
    blocks.sort_by(|a, b| a.class.order().cmp(&b.class.order()));
    blocks
}

/// All that a unit may be called on the command line.
pub(super) fn names(unit: &UnitPlan) -> [String; 3] {
    [unit.unit.to_string(), short(&unit.unit), who(unit)]
}

impl Block<'_> {
    /// Who it is about and how many changes each has, in one line.
    pub(super) fn title(&self) -> String {
        let summary = self.class.changes.iter().map(|common| common.change.action).collect();
        let summary = counts(&summary);
        if let [member] = self.class.members.as_slice() {
            let (name, place) = title(member.plan);
            return format!("{name}{place}: {summary}");
        }
        let members = self.members();
        let kind =
            if self.class.members[0].plan.unit.user().is_some() { "workspace" } else { "platform" };
        format!("{}, each: {summary}", counted(members.len() as u64, kind))
    }

    /// Whom it is about, all of them.
    pub(super) fn members(&self) -> Vec<String> {
        self.class.members.iter().map(|member| called(member.plan)).collect()
    }

    /// The units, each with its changes, which are equal.
    pub(super) fn class(&self) -> &Class<'_> {
        &self.class
    }

    /// How many changes it stands for.
    pub(super) fn changes(&self) -> usize {
        self.class.changes.len() * self.class.members.len()
    }

    /// Which attributes of what change, a line for each resource.
    pub(super) fn paths(&self) -> String {
        let line = |change: &ClassChange| {
            let names: Vec<&str> = change.attributes.iter().map(|one| one.name.as_str()).collect();
            let (symbol, address) = (symbol(change.action), &change.address);
            visible(format!("{symbol} {address}  {}", names.join(", ")).trim_end())
        };
        let lines: Vec<String> =
            self.class.changes.iter().map(|common| line(&common.change)).collect();
        lines.join("\n")
    }

    /// Shows it.
    pub(super) fn show(&self, page: &mut Page, view: &View) {
        page.gap();
        page.cut_words(!self.full);
        self.heading(page, self.origin());
        let extent = if self.full { Extent::Apart } else { Extent::Brief };
        self.contents(page, view.width, extent);
    }

    /// The spec line that asks for the units.
    pub(super) fn origin(&self) -> Option<String> {
        let members = self.class.members.iter();
        joint_origin(
            members.map(|member| {
                member.plan.changes.iter().find_map(|change| change.origin.as_deref())
            }),
        )
    }

    /// Shows what happens to them, without who they are.
    pub(super) fn contents(&self, page: &mut Page, width: usize, extent: Extent) {
        let changes = &self.class.changes;
        if changes.is_empty() {
            let text = "what the state records of the spec is renewed";
            return page.put(&Line::at(2).text(text));
        }
        let reason = self.common_reason();
        if let Some(reason) = &reason {
            page.put(&Line::at(2).text(format!("because {reason}")));
        }
        let created = changes.iter().all(|common| common.change.action == Action::Create);
        let mut shown = ChangePage {
            page,
            width,
            extent,
            members: &self.class.members,
            origin: self.origin(),
            explained: reason.is_some(),
            brief: created && extent == Extent::Brief,
            hidden: 0,
        };
        shown.changes(changes);
        if shown.hidden > 0 {
            let hidden = counted(shown.hidden, "attribute");
            let note = format!("({hidden} not shown: --full shows them)");
            page.put(&Line::at(2).styled(FAINT, note));
        }
    }

    fn heading(&self, page: &mut Page, origin: Option<String>) {
        let members: Vec<&UnitPlan> = self.class.members.iter().map(|member| member.plan).collect();
        let summary = self.class.changes.iter().map(|common| common.change.action).collect();
        let summary = counts(&summary);
        if let [member] = members.as_slice() {
            let (name, place) = title(member);
            let line = Line::at(0).styled(STRONG, name).text(format!("{place}: {summary}"));
            let line = match member.changes.len() - self.class.changes.len() {
                0 => line,
                shared => line.styled(FAINT, format!(", besides {shared} that others share")),
            };
            return page.put(&with_origin(line, origin));
        }
        let kind = if members[0].unit.user().is_some() { "workspace" } else { "platform" };
        let count = counted(members.len() as u64, kind);
        let names: Vec<String> = members.iter().map(|unit| called(unit)).collect();
        page.put(&Line::at(0).styled(STRONG, count).text(format!(": {}", listed(&names))));
        let places: BTreeSet<String> =
            members.iter().map(|unit| unit.unit.place().to_string()).collect();
        let places = listed_places(&places.into_iter().collect::<Vec<_>>());
        let line = Line::at(2).text(format!("in {places}, each: {summary}"));
        let line = line.styled(FAINT, format!("  (class {}: --expand shows each)", self.class.id));
        page.put(&line);
    }

    /// The one reason of all changes, if they have just that: said once instead of at each.
    fn common_reason(&self) -> Option<String> {
        let mut changes = self.class.changes.iter().map(|common| &common.change);
        let first = changes.next()?;
        let [reason] = first.reasons.as_slice() else { return None };
        let several = self.class.changes.len() * self.class.members.len() > 1;
        (several && changes.all(|change| change.reasons == first.reasons)).then(|| reason.clone())
    }
}

fn called(unit: &UnitPlan) -> String {
    match unit.unit {
        UnitId::Platform(ref place) => place.to_string(),
        UnitId::Workspace(..) => who(unit),
    }
}
