//! What a plan leaves of an account's quotas.

use std::collections::BTreeMap;

use nfplan_engine::address::Place;
use nfplan_engine::headroom::Headroom;
use nfplan_engine::plan::Plan;
use nfplan_engine::provider::Limit;

use super::page::Line;
use super::page::PLAIN;
use super::page::RED;
use super::page::YELLOW;

/// Room for so many more is worth a line, whatever the quota.
const FEW: u64 = 5;

/// One line for each quota that is close to its limit, or for all that the plan touches; for each place
/// whose units go in waves; and for each place whose quotas could not be read.
pub(super) fn lines(plan: &Plan, all: bool) -> Vec<Line> {
    let worth_it = |quota: &&Headroom| all || quota.room() <= FEW.max(quota.limit / 10);
    let quotas = plan.quotas.iter().filter(worth_it).map(line);
    let unreadable = plan.quotas_unreadable.iter().map(|(place, reason)| {
        let text = format!("quotas of {place} could not be read: {reason}");
        Line::at(0).styled(YELLOW, text)
    });
    quotas.chain(waves(plan)).chain(unreadable).collect()
}

/// How many units of each place wait for others, and for how many waves of them.
fn waves(plan: &Plan) -> Vec<Line> {
    let mut places: BTreeMap<&Place, BTreeMap<u32, u64>> = BTreeMap::new();
    for (unit, wave) in &plan.waves {
        *places.entry(unit.place()).or_default().entry(*wave).or_default() += 1;
    }
    let line = |(place, waves): (&Place, BTreeMap<u32, u64>)| {
        let last = waves.keys().next_back().copied().unwrap_or(1);
        let waiting: Vec<String> = waves.values().map(u64::to_string).collect();
        let units = if waves.values().sum::<u64>() == 1 { "unit waits" } else { "units wait" };
        Line::at(0).text(format!(
            "{place} in {last} waves: {} {units} until others have given back what they replace",
            waiting.join(" + ")
        ))
    };
    places.into_iter().map(line).collect()
}

fn line(quota: &Headroom) -> Line {
    let Headroom { place, title, used, peak, after, limit, .. } = quota;
    let meanwhile = if peak > after { format!(" ({peak} meanwhile)") } else { String::new() };
    let text = format!("quota of {place}: {used} → {after}{meanwhile} of {limit} {title}, ");
    let (style, room) = match (quota.excess(), quota.limit_is) {
        (0, _) => (PLAIN, format!("room for {} more", quota.room())),
        (excess, Limit::Fixed | Limit::Told) => (RED, format!("{excess} too many")),
        (excess, Limit::Assumed) => {
            let unless = "unless AWS gave this account more than a new one";
            (YELLOW, format!("{excess} too many {unless}"))
        }
    };
    Line::at(0).text(text).styled(style, room)
}

#[cfg(test)]
mod tests {
    use nfplan_engine::plan::Refresh;

    use super::super::page::Page;
    use super::super::samples::unstyled;
    use super::*;

    fn shown(quotas: Vec<Headroom>, all: bool) -> Vec<String> {
        let plan = Plan { quotas, ..Plan::new(Vec::new(), Refresh::Bulk) };
        let shown = |line: &Line| {
            let mut page = Page::new(160);
            page.put(line);
            unstyled(&page.finish()).trim_end().to_owned()
        };
        lines(&plan, all).iter().map(shown).collect()
    }

    fn quota((used, peak, after): (u64, u64, u64), limit: u64) -> Headroom {
        Headroom {
            place: "111122223333.us-east-1".parse().unwrap(),
            resource_type: "batch.job_queue".into(),
            title: "job queues".into(),
            used,
            peak,
            after,
            limit,
            limit_is: Limit::Fixed,
        }
    }

    #[test]
    fn a_line_says_what_is_now_then_and_meanwhile() {
        let table = [
            (quota((48, 49, 49), 50), "48 → 49 of 50 job queues, room for 1 more"),
            (quota((48, 50, 48), 50), "48 → 48 (50 meanwhile) of 50 job queues, room for 0 more"),
            (quota((50, 52, 52), 50), "50 → 52 of 50 job queues, 2 too many"),
            (
                Headroom { limit_is: Limit::Assumed, ..quota((5, 6, 6), 5) },
                "5 → 6 of 5 job queues, 1 too many unless AWS gave this account more than a new one",
            ),
        ];
        for (quota, expected) in table {
            let expected = format!("quota of 111122223333.us-east-1: {expected}");
            assert_eq!(shown(vec![quota], false), [expected]);
        }
    }

    #[test]
    fn quotas_with_plenty_of_room_are_shown_only_where_all_is() {
        let close = |used: u64, limit: u64| {
            let shown_when_calm = shown(vec![quota((0, used, used), limit)], false).len();
            assert_eq!(shown(vec![quota((0, used, used), limit)], true).len(), 1);
            shown_when_calm == 1
        };
        assert!(close(45, 50) && !close(44, 50));
        assert!(close(900, 1_000) && !close(899, 1_000));
        assert!(close(0, 5) && !close(0, 6));
    }

    #[test]
    fn waves_are_told_by_place_with_how_many_wait() {
        let unit = |place: &str, user: usize| -> nfplan_engine::address::UnitId {
            format!("workspace/{place}.us-east-1/u{user}").parse().unwrap()
        };
        let waves = [
            (unit("111122223333", 1), 2),
            (unit("111122223333", 2), 2),
            (unit("111122223333", 3), 3),
            (unit("444455556666", 1), 2),
        ];
        let plan = Plan { waves: waves.into(), ..Plan::new(Vec::new(), Refresh::Bulk) };
        let mut page = Page::new(160);
        lines(&plan, false).iter().for_each(|line| page.put(line));
        let expected = "111122223333.us-east-1 in 3 waves: 2 + 1 units wait until others have given \
                        back what they replace\n444455556666.us-east-1 in 2 waves: 1 unit waits until \
                        others have given back what they replace";
        assert_eq!(unstyled(&page.finish()).trim_end(), expected);
    }

    #[test]
    fn quotas_that_could_not_be_read_are_named_with_the_reason() {
        let place = "111122223333.us-east-1".parse().unwrap();
        let plan = Plan {
            quotas_unreadable: [(place, "denied".into())].into(),
            ..Plan::new(Vec::new(), Refresh::Bulk)
        };
        assert_eq!(lines(&plan, false).len(), 1);
    }
}
