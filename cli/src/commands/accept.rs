//! `nfplan accept`: writes down that drift is known, who answers for it and until when. Looks at the
//! cloud and writes `accepted.yaml`, nothing else.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::fs;
use std::io::ErrorKind;
use std::path::Path;

use jiff::Span;
use jiff::civil::Date;
use nfplan_engine::address::UnitId;
use nfplan_engine::drift::Cause;
use nfplan_engine::drift::Finding;
use nfplan_engine::provider::Depth;
use nfplan_engine::value::Value;
use nfplan_specs::agreement::ACCEPTED_FILE;
use nfplan_specs::agreement::Acceptance;
use nfplan_specs::agreement::MOST_DAYS;
use nfplan_specs::agreement::Place;
use nfplan_specs::agreement::latest;
use nfplan_specs::agreement::with_entries;
use serde::Serialize;

use super::Context;
use crate::args::drift::AcceptArguments;
use crate::args::drift::Expiry;
use crate::drifting::FleetDrift;
use crate::drifting::UnitDrift;
use crate::drifting::look;
use crate::drifting::since::Subject;
use crate::drifting::today;
use crate::error::CliError;
use crate::exit::Exit;
use crate::files;
use crate::project::Project;
use crate::selection::Selected;
use crate::selection::Universe;

/// `nfplan.accept/1`: what was written down.
#[derive(Debug, Serialize)]
struct AcceptDocument<'a> {
    format: &'static str,
    file: &'static str,
    entries: Vec<EntryDocument<'a>>,
}

#[derive(Debug, Serialize)]
struct EntryDocument<'a> {
    drift: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    live: Option<&'a Value>,
    since: Date,
    expires: Date,
}

/// What is to be accepted, as it was asked for.
struct Asked<'a> {
    text: &'a str,
    units: BTreeSet<UnitId>,
    /// `ADDRESS#ATTRIBUTE` or `ADDRESS`.
    what: &'a str,
}

/// Looks whether it is so, and writes it down.
pub async fn accept(context: &Context, arguments: &AcceptArguments) -> Result<Exit, CliError> {
    let (since, expires) = days(arguments.expires, today())?;
    let mut project = Project::open(&context.settings).await?;
    project.warn(context);
    let universe = Universe::survey(Some(&project.fleet), &project.store).await?;
    let asked: Vec<Asked<'_>> = arguments
        .drift
        .iter()
        .map(|text| parse(text, &universe))
        .collect::<Result<_, CliError>>()?;
    let units = asked.iter().flat_map(|asked| asked.units.clone()).collect();
    let found = look(&mut project, &universe, &Selected::Units(units), Depth::Deep).await?;
    let mut entries = Vec::new();
    for asked in &asked {
        for (subject, live) in matches(asked, &found)? {
            let (drift, live) = (subject.into(), live.cloned());
            let (reason, owner) = (&*arguments.reason, &*arguments.owner);
            let (reason, owner) = (reason.into(), owner.into());
            let place = Place { file: ACCEPTED_FILE, line: 0, column: 0 };
            entries.push(Acceptance { drift, live, reason, owner, since, expires, place });
        }
    }
    entries.sort_by(|one, other| one.drift.cmp(&other.drift));
    entries.dedup();
    write(&context.settings.root.join(ACCEPTED_FILE), &entries)?;
    show(context, &entries)?;
    Ok(Exit::Fine)
}

/// The first and the last day.
fn days(expiry: Expiry, today: Date) -> Result<(Date, Date), CliError> {
    let expires = match expiry {
        Expiry::On(day) => day,
        Expiry::Days(days) => today.saturating_add(Span::new().days(days - 1)),
    };
    let latest = latest(today);
    if expires < today || expires > latest {
        let message = format!("--expires {expires} is not within {MOST_DAYS} days from today on");
        let hint =
            format!("write {latest} or an earlier day; what is to stay belongs in the specs");
        return Err(CliError::new(Exit::Usage, message).hint(hint));
    }
    Ok((today, expires))
}

/// Takes `UNIT:ADDRESS#ATTRIBUTE` apart; the unit may be called as `--select` calls it.
fn parse<'a>(text: &'a str, universe: &Universe) -> Result<Asked<'a>, CliError> {
    let Some((unit, what)) = text.rsplit_once(':').filter(|(_, what)| what.contains('/')) else {
        let message = format!("`{text}` names no drift");
        return Err(CliError::new(Exit::Usage, message).hint(
            "write UNIT:ADDRESS#ATTRIBUTE, as alice:batch.compute_environment/main#max_vcpus",
        ));
    };
    let units = universe.named(&[unit.to_owned()])?;
    Ok(Asked { text, units, what })
}

/// What is found of what was asked for.
fn matches<'f>(
    asked: &Asked<'_>,
    found: &'f FleetDrift,
) -> Result<Vec<(String, Option<&'f Value>)>, CliError> {
    let units = || found.units.iter().filter(|unit| asked.units.contains(&unit.state.unit));
    let named = |unit: &UnitDrift, finding: &Finding| {
        let Subject { address, attribute, .. } = Subject::of(unit, finding);
        let attribute = attribute.map(|name| format!("#{name}")).unwrap_or_default();
        format!("{address}{attribute}")
    };
    let mut matches = Vec::new();
    for unit in units() {
        for finding in &unit.drift.findings {
            if !finding.cause.is_drift() || named(unit, finding) != asked.what {
                continue;
            }
            if finding.cause == Cause::OpenRun {
                let message = format!("`{}` is not finished: a run is open", asked.text);
                return Err(CliError::refused(message).hint("`nfplan apply` ends the run"));
            }
            matches.push((Subject::of(unit, finding).to_string(), finding.live.as_ref()));
        }
    }
    if !matches.is_empty() {
        return Ok(matches);
    }
    if units().any(|unit| unit.drift.coverage.unreadable > 0) {
        let message =
            format!("not everything could be read: whether `{}` drifted is unknown", asked.text);
        return Err(
            CliError::new(Exit::Unreadable, message).hint("`nfplan drift` says what and why")
        );
    }
    let there = units().flat_map(|unit| {
        let drifted = unit.drift.findings.iter().filter(|finding| finding.cause.is_drift());
        drifted.map(move |finding| Subject::of(unit, finding).to_string())
    });
    let there: Vec<String> = there.collect();
    let there: Vec<&str> = there.iter().map(String::as_str).collect();
    Err(CliError::refused(format!("`{}` has not drifted", asked.text)).did_you_mean(&there))
}

fn write(path: &Path, entries: &[Acceptance]) -> Result<(), CliError> {
    let before = match fs::read_to_string(path) {
        Ok(text) => Some(text),
        Err(error) if error.kind() == ErrorKind::NotFound => None,
        Err(error) => return Err(CliError::file("read", path, &error)),
    };
    let text = with_entries(before.as_deref(), entries)
        .map_err(|error| CliError::refused(error.to_string()))?;
    files::replace(path, text.as_bytes()).map_err(|error| CliError::file("write", path, &error))
}

fn show(context: &Context, entries: &[Acceptance]) -> Result<(), CliError> {
    if context.settings.general.json {
        let entries = entries.iter().map(|entry| EntryDocument {
            drift: &entry.drift,
            live: entry.live.as_ref(),
            since: entry.since,
            expires: entry.expires,
        });
        let (format, entries) = ("nfplan.accept/1", entries.collect());
        return context.print_json(&AcceptDocument { format, file: ACCEPTED_FILE, entries });
    }
    let mut text = String::new();
    for entry in entries {
        let _ = writeln!(text, "{ACCEPTED_FILE}: {} until {}", entry.drift, entry.expires);
    }
    text.push_str(
        "next: commit it; from then on `nfplan drift` is silent about it until that day\n",
    );
    context.print(&text)
}
