//! What a reviewer has to judge, before all else: the worst first, and what many share once.

use std::collections::BTreeMap;

use nfplan_engine::expr::Expr;
use nfplan_engine::findings::Finding;
use nfplan_engine::plan::Plan;
use nfplan_engine::plan::UnitPlan;
use nfplan_engine::risk::Risk;
use nfplan_engine::value::Value;

use super::name::counted;
use super::name::listed;
use super::name::who;
use super::page::FAINT;
use super::page::Line;
use super::page::Page;
use super::page::RED;
use super::page::STRONG;
use super::page::YELLOW;

/// How many findings are shown beside the worst kinds, which are never left out.
const MOST: usize = 12;

/// What stands for a researcher in what several have in common.
const USER: &str = "<user>";

/// A finding that one unit has, or several, each in its own words.
pub struct Shared<'p> {
    /// Of the first of them.
    pub finding: &'p Finding,
    /// What it comes to, with `<user>` for the researcher if there are several, and `<account>` and
    /// `<region>` if they are in several.
    pub message: String,
    /// Whose it is.
    pub units: Vec<&'p UnitPlan>,
}

/// The findings of a plan, those that differ in the researcher and the place only put together.
pub fn shared(plan: &Plan) -> Vec<Shared<'_>> {
    type Key<'p> = (Risk, String, Option<&'p str>, String);
    let mut groups: BTreeMap<Key<'_>, Vec<(&UnitPlan, &Finding)>> = BTreeMap::new();
    for unit in &plan.units {
        for finding in &unit.findings {
            let message = placeless(unit, &nameless(unit, &finding.message));
            let attribute = finding.attribute.as_deref();
            let key = (finding.risk, finding.address.to_string(), attribute, message);
            groups.entry(key).or_default().push((unit, finding));
        }
    }
    let groups = groups.into_iter().map(|((.., placeless), members)| {
        let (first, finding) = members[0];
        let one_place = members.iter().all(|(unit, _)| unit.unit.place() == first.unit.place());
        let message = match members.len() {
            1 => finding.message.clone(),
            _ if one_place => nameless(first, &finding.message),
            _ => placeless,
        };
        let units = members.into_iter().map(|(unit, _)| unit).collect();
        Shared { finding, message, units }
    });
    groups.collect()
}

/// What raised ceilings come to in all, where several units have one: an attribute at a time.
pub fn ceilings(plan: &Plan) -> Vec<String> {
    let mut sums: BTreeMap<&str, (i64, i64, u64)> = BTreeMap::new();
    for unit in &plan.units {
        let costs = unit.findings.iter().filter(|finding| finding.risk == Risk::Cost);
        for finding in costs {
            let Some(name) = finding.attribute.as_deref() else { continue };
            let change = unit.changes.iter().find(|change| change.address == finding.address);
            let mut attributes = change.into_iter().flat_map(|change| &change.attributes);
            let Some(attribute) = attributes.find(|attribute| &*attribute.name == name) else {
                continue;
            };
            let before = attribute.before.as_ref().and_then(Value::as_integer);
            let after = attribute.after.as_ref().and_then(Expr::known);
            if let (Some(before), Some(after)) = (before, after.and_then(|v| v.as_integer())) {
                let (from, to, units) = sums.entry(name).or_default();
                (*from, *to, *units) = (*from + before, *to + after, *units + 1);
            }
        }
    }
    let several = sums.into_iter().filter(|(_, (_, _, units))| *units > 1);
    several
        .map(|(name, (from, to, units))| format!("{name} of {units} together: {from} → {to}"))
        .collect()
}

/// A text without the name of a unit's researcher.
fn nameless(unit: &UnitPlan, text: &str) -> String {
    let names = [Some(who(unit)), unit.unit.user().map(ToString::to_string)];
    let names = names.into_iter().flatten().filter(|name| !name.is_empty());
    names.fold(text.to_owned(), |text, name| text.replace(&name, USER))
}

/// A text without the account and region of a unit.
fn placeless(unit: &UnitPlan, text: &str) -> String {
    let place = unit.unit.place();
    text.replace(place.account.as_str(), "<account>").replace(place.region.as_str(), "<region>")
}

/// Shows what has to be judged, if there is anything.
pub(super) fn show(page: &mut Page, plan: &Plan, all: bool) {
    let groups = shared(plan);
    if groups.is_empty() {
        return;
    }
    page.gap();
    let count: u64 = groups.iter().map(|group| group.units.len() as u64).sum();
    let title = format!("To judge: {}", counted(count, "finding"));
    page.put(&Line::at(0).styled(STRONG, title));
    let mut left = MOST;
    let mut hidden = 0;
    for group in &groups {
        if !all && group.finding.risk > Risk::Widening {
            if left == 0 {
                hidden += group.units.len() as u64;
                continue;
            }
            left -= 1;
        }
        page.put(&line(group));
    }
    for ceiling in ceilings(plan) {
        let line = Line::at(2).styled(YELLOW, format!("{}:", Risk::Cost));
        page.put(&line.text(format!(" {ceiling}")));
    }
    if hidden > 0 {
        let note = format!("({} not shown: --full shows them)", counted(hidden, "finding"));
        page.put(&Line::at(2).styled(FAINT, note));
    }
}

fn line(group: &Shared<'_>) -> Line {
    let Shared { finding, message, units } = group;
    let style = if finding.risk <= Risk::Widening { RED } else { YELLOW };
    let names: Vec<String> = units.iter().map(|unit| who(unit)).collect();
    let attribute = finding.attribute.as_ref().map(|name| format!(" {name}")).unwrap_or_default();
    let line = Line::at(2).styled(style, format!("{}:", finding.risk)).text(format!(
        " {}{attribute} of {}: {message}",
        finding.address,
        listed(&names)
    ));
    match (&finding.origin, units.as_slice()) {
        (Some(origin), [_]) => line.styled(FAINT, format!("  [{origin}]")),
        _ => line,
    }
}

#[cfg(test)]
mod tests {
    use nfplan_engine::plan::Refresh;

    use super::super::samples;
    use super::super::samples::unstyled;
    use super::super::samples::workspace;
    use super::*;

    fn finding(risk: Risk, message: &str) -> Finding {
        samples::finding(risk, message, Some("nfplan.yaml:3:5"))
    }

    fn shown(plan: &Plan, all: bool) -> Vec<String> {
        let mut page = Page::new(200);
        show(&mut page, plan, all);
        unstyled(&page.finish()).lines().map(|line| line.trim().to_owned()).collect()
    }

    #[test]
    fn what_differs_in_the_researcher_only_is_one_line_and_the_worst_comes_first() {
        let with = |user: &str| {
            let message = format!("comes to allow s3:DeleteObject on arn:aws:s3:::b/{user}/x");
            let widening = finding(Risk::Widening, &message);
            let cost = finding(Risk::Cost, &format!("{} → 128: lets more run at once", user.len()));
            UnitPlan { findings: vec![widening, cost], ..workspace(user, Vec::new()) }
        };
        let plan = Plan::new(vec![with("alice"), with("bob")], Refresh::Bulk);
        let widened = "iam.policy/jobs document of alice, bob: comes to allow s3:DeleteObject \
                       on arn:aws:s3:::b/<user>/x";
        assert_eq!(
            shown(&plan, false),
            [
                "",
                "To judge: 4 findings",
                &format!("permission widening: {widened}"),
                "cost ceiling: iam.policy/jobs document of bob: 3 → 128: lets more run at once  [nfplan.yaml:3:5]",
                "cost ceiling: iam.policy/jobs document of alice: 5 → 128: lets more run at once  [nfplan.yaml:3:5]",
            ]
        );
    }

    #[test]
    fn the_worst_kinds_are_never_left_out() {
        let many = |risk, count: usize| (0..count).map(move |n| finding(risk, &format!("is {n}")));
        let findings = many(Risk::Widening, 40).chain(many(Risk::Cost, 40)).collect();
        let plan =
            Plan::new(vec![UnitPlan { findings, ..workspace("alice", Vec::new()) }], Refresh::Bulk);
        let lines = shown(&plan, false);
        assert_eq!(lines.iter().filter(|line| line.starts_with("permission")).count(), 40);
        assert_eq!(lines.iter().filter(|line| line.starts_with("cost")).count(), MOST);
        assert_eq!(lines.last().unwrap(), "(28 findings not shown: --full shows them)");
        assert_eq!(shown(&plan, true).len(), 82);
    }
}
