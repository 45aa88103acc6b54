//! Whether whoever made a plan could apply it, and take it back.

use nfplan_engine::plan::Plan;
use nfplan_engine::preflight::Lack;
use nfplan_engine::preflight::Permissions;
use nfplan_engine::preflight::Unanswered;

use super::name::listed;
use super::page::Line;
use super::page::RED;
use super::page::YELLOW;
use crate::preflight::listed as refused;

/// Lines for each place of which IAM does not say a plain yes.
pub(super) fn lines(plan: &Plan) -> Vec<Line> {
    plan.permissions.iter().flat_map(of_place).collect()
}

fn of_place(permissions: &Permissions) -> Vec<Line> {
    let Permissions { place, principal, denied, unanswered, .. } = permissions;
    let principal = principal.as_deref().unwrap_or("whoever made this plan");
    let begin = format!("permissions in {place}: ");
    if permissions.denies_all() {
        // Pipelines that only plan are given no more than that.
        let text =
            format!("{begin}IAM says {principal} may do nothing of this; somebody else has to");
        return vec![Line::at(0).styled(YELLOW, text)];
    }
    let (forward, backward): (Vec<&Lack>, Vec<&Lack>) =
        denied.iter().partition(|lack| !lack.forward.is_empty());
    let mut lines = Vec::new();
    if !forward.is_empty() {
        let text = format!("IAM says {principal} may not do {}", refused(&forward));
        lines.push(Line::at(0).text(begin.clone()).styled(RED, text));
    }
    if !backward.is_empty() {
        let text = format!(
            "could be made, but not undone: IAM says {principal} may not do {}",
            refused(&backward)
        );
        lines.push(Line::at(0).text(begin.clone()).styled(RED, text));
    }
    lines.extend(unanswered.iter().map(|open| {
        let text = format!("{begin}{}", unknown(open, principal));
        Line::at(0).styled(YELLOW, text)
    }));
    lines
}

fn unknown(open: &Unanswered, principal: &str) -> String {
    let Unanswered { actions, reason } = open;
    if actions.is_empty() {
        return format!("not checked: {reason}");
    }
    let actions: Vec<String> = actions.iter().map(ToString::to_string).collect();
    format!("IAM does not say whether {principal} may do {}: {reason}", listed(&actions))
}

#[cfg(test)]
mod tests {
    use nfplan_engine::plan::Refresh;
    use nfplan_engine::provider::Denial;

    use super::super::page::Page;
    use super::super::samples::unstyled;
    use super::*;

    fn shown(permissions: Permissions) -> Vec<String> {
        let plan = Plan { permissions: vec![permissions], ..Plan::new(Vec::new(), Refresh::Bulk) };
        let shown = |line: &Line| {
            let mut page = Page::new(400);
            page.put(line);
            unstyled(&page.finish()).trim_end().to_owned()
        };
        lines(&plan).iter().map(shown).collect()
    }

    fn permissions() -> Permissions {
        Permissions {
            place: "111122223333.us-east-1".parse().unwrap(),
            principal: Some("arn:aws:iam::111122223333:role/nfplan".into()),
            asked: 9,
            denied: Vec::new(),
            unanswered: Vec::new(),
        }
    }

    fn lack(action: &str, is_forward: bool) -> Lack {
        let units = |some: bool| {
            let unit = "workspace/111122223333.us-east-1/alice".parse().unwrap();
            some.then_some(unit).into_iter().collect()
        };
        Lack {
            action: action.into(),
            denial: Denial::NotAllowed,
            forward: units(is_forward),
            backward: units(true),
        }
    }

    #[test]
    fn what_may_not_be_done_and_what_may_not_be_undone_are_told_apart() {
        let denied = vec![lack("batch:DeleteJobQueue", false), lack("iam:CreateRole", true)];
        let begin = "permissions in 111122223333.us-east-1: ";
        let who = "IAM says arn:aws:iam::111122223333:role/nfplan may not do";
        let expected = [
            format!("{begin}{who} iam:CreateRole (no policy allows it)"),
            format!(
                "{begin}could be made, but not undone: {who} batch:DeleteJobQueue (no policy allows \
                 it)"
            ),
        ];
        assert_eq!(shown(Permissions { denied, ..permissions() }), expected);
    }

    #[test]
    fn whoever_may_only_look_is_told_so_in_one_line() {
        let denied = vec![lack("iam:CreateRole", true), lack("iam:DeleteRole", false)];
        let lines = shown(Permissions { asked: 2, denied, ..permissions() });
        assert_eq!(lines.len(), 1);
        assert!(lines[0].contains("may do nothing of this"), "{lines:?}");
    }

    #[test]
    fn what_iam_does_not_say_is_never_passed_over() {
        let open = |actions: &[&str]| Unanswered {
            actions: actions.iter().map(|action| (*action).into()).collect(),
            reason: "it hangs on aws:SourceIp".into(),
        };
        let unanswered = vec![open(&["iam:CreateRole"]), open(&[])];
        let lines = shown(Permissions { unanswered, ..permissions() });
        assert!(lines[0].ends_with("may do iam:CreateRole: it hangs on aws:SourceIp"), "{lines:?}");
        assert!(lines[1].ends_with(": not checked: it hangs on aws:SourceIp"), "{lines:?}");
    }
}
