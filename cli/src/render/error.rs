//! Errors and refusals: what, why, and last of all what to do.

use std::error::Error;

use nfplan_engine::address::UnitId;
use nfplan_engine::refusal::Refusal;

use super::name::listed;
use super::page::GREEN;
use super::page::Line;
use super::page::Page;
use super::page::RED;
use super::page::STRONG;

/// Shows an error with its causes. Each help is a command or an edit.
pub fn error(error: &dyn Error, helps: &[String], width: usize) -> String {
    let mut page = Page::new(width);
    let message = error.to_string();
    page.put(&Line::at(0).styled(RED, "error:").text(" ").styled(STRONG, &message));
    let mut above = message;
    let mut next = error.source();
    while let Some(cause) = next {
        let text = cause.to_string();
        // A transparent error and one that quotes its cause have said it already.
        if !above.contains(&text) {
            page.put(&Line::at(2).text(format!("because {text}")));
            above = text;
        }
        next = cause.source();
    }
    put_helps(&mut page, helps);
    page.finish()
}

/// Shows all that stands in the way of a unit's plan, once for all units that have the same in their
/// way.
pub fn refusals(units: &[&UnitId], refusals: &[Refusal], helps: &[String], width: usize) -> String {
    let units: Vec<String> = units.iter().map(ToString::to_string).collect();
    let units = listed(&units);
    let mut page = Page::new(width);
    let line = Line::at(0).styled(RED, "error:").text(" ");
    page.put(&line.styled(STRONG, format!("{units} cannot be planned")));
    for refusal in refusals {
        page.put(&Line::at(2).text(refusal.to_string()));
    }
    put_helps(&mut page, helps);
    page.finish()
}

fn put_helps(page: &mut Page, helps: &[String]) {
    for help in helps {
        page.put(&Line::at(0).styled(GREEN, "help:").text(" ").text(help));
    }
}

#[cfg(test)]
mod tests {
    use nfplan_engine::refusal::RefusalKind;

    use super::*;

    #[derive(Debug, thiserror::Error)]
    #[error("cannot load the state of alice")]
    struct Outer(#[source] Inner);

    #[derive(Debug, thiserror::Error)]
    #[error(transparent)]
    struct Inner(#[from] Innermost);

    #[derive(Debug, thiserror::Error)]
    #[error("head.json is no JSON\x1b[2J")]
    struct Innermost;

    #[test]
    fn an_error_ends_with_its_causes_and_then_with_help() {
        let text = error(&Outer(Inner(Innermost)), &["nfplan state verify".into()], 80);
        assert_eq!(
            anstream::adapter::strip_str(&text).to_string(),
            "error: cannot load the state of alice\n  \
             because head.json is no JSON\\u{1b}[2J\n\
             help: nfplan state verify\n"
        );
    }

    #[test]
    fn refusals_are_told_all_at_once() {
        let unit = "workspace/111122223333.us-east-1/alice".parse().unwrap();
        let list = [
            Refusal::of_unit(RefusalKind::EnvironmentChanged, "was built elsewhere".into()),
            Refusal::of_address(
                &"s3.bucket/work".parse().unwrap(),
                Some("nfplan.yaml:3:1".into()),
                RefusalKind::Foreign,
                "exists already".into(),
            ),
        ];
        assert_eq!(
            anstream::adapter::strip_str(&refusals(&[&unit], &list, &[], 80)).to_string(),
            "error: workspace/111122223333.us-east-1/alice cannot be planned\n  \
             the unit was built elsewhere\n  \
             `s3.bucket/work` exists already (nfplan.yaml:3:1)\n"
        );
    }
}
