//! `nfplan explain`: what a code means, or where a resource's attributes come from.

use nfplan_engine::address::Address;
use nfplan_engine::address::UnitId;
use nfplan_engine::plan::Refresh;
use nfplan_engine::provider::Reader;
use nfplan_engine::schema::Schemas;
use nfplan_specs::code;
use nfplan_specs::explanation::Explanation as CodeExplanation;
use nfplan_specs::explanation::find;
use nfplan_specs::likeness::nearest;
use serde::Serialize;

use super::Context;
use crate::args::views::ExplainArguments;
use crate::error::CliError;
use crate::exit::Exit;
use crate::explaining::AttributeExplanation;
use crate::explaining::Explanation;
use crate::explaining::addresses;
use crate::explaining::explain as explain_resource;
use crate::planning::Looked;
use crate::planning::Purpose;
use crate::planning::Request;
use crate::planning::preview_fleet;
use crate::project::Project;
use crate::render;
use crate::selection::Selected;
use crate::selection::Universe;

/// How many units are proposed to choose from.
const MOST_CHOICES: usize = 10;
/// `nfplan.explain/1` of a code.
#[derive(Serialize)]
struct CodeDocument<'a> {
    format: &'static str,
    kind: &'static str,
    code: &'a CodeExplanation,
}

/// `nfplan.explain/1` of a resource.
#[derive(Serialize)]
struct ResourceDocument<'a> {
    format: &'static str,
    kind: &'static str,
    resource: &'a Explanation,
    /// Other units of which the same holds.
    holds_for: Vec<&'a UnitId>,
}

const FORMAT: &str = "nfplan.explain/1";

/// What is to be explained.
struct Target<'a> {
    /// The unit, as selectors name it.
    unit: Option<&'a str>,
    address: Address,
    attribute: Option<&'a str>,
}

/// Explains.
pub async fn explain(context: &Context, arguments: &ExplainArguments) -> Result<Exit, CliError> {
    if let Some(code) = code_of(&arguments.what) {
        let explanation = find(&code).ok_or_else(|| unknown_code(&code))?;
        return show_code(context, &explanation);
    }
    let target = target(&arguments.what)?;
    let mut project = Project::open(&context.settings).await?;
    let units = look(context, arguments, &target, &mut project).await?;
    let schemas = project.cloud.schemas();
    let mut found = explanations(&units, &target, schemas, &project)?;
    if let Some(name) = target.attribute {
        for (_, explanation) in &mut found {
            let all = std::mem::take(&mut explanation.attributes);
            explanation.attributes = only(name, all, &target.address, schemas)?;
        }
    }
    show_resource(context, arguments, &target, &found)
}

/// The code that a text is, in capitals.
fn code_of(text: &str) -> Option<String> {
    let (letter, digits) = text.split_at_checked(1)?;
    let is_code = letter.chars().all(|letter| letter.is_ascii_alphabetic())
        && digits.len() == 4
        && digits.bytes().all(|digit| digit.is_ascii_digit());
    is_code.then(|| text.to_ascii_uppercase())
}

fn unknown_code(name: &str) -> CliError {
    let error = CliError::new(Exit::Usage, format!("there is no code {name}"));
    propose(error, name, code::ALL.iter().map(|(code, _)| *code))
}

fn show_code(context: &Context, explanation: &CodeExplanation) -> Result<Exit, CliError> {
    if context.settings.general.json {
        let document = CodeDocument { format: FORMAT, kind: "code", code: explanation };
        context.print_json(&document)?;
    } else {
        context.print(&render::explain::code(explanation, context.terminal.width))?;
    }
    Ok(Exit::Fine)
}

/// Reads `[UNIT:]ADDRESS[#ATTRIBUTE]`.
fn target(what: &str) -> Result<Target<'_>, CliError> {
    let (whole, attribute) = match what.split_once('#') {
        Some((whole, attribute)) => (whole, Some(attribute)),
        None => (what, None),
    };
    let (unit, address) = match whole.rsplit_once(':') {
        Some((unit, address)) => (Some(unit), address),
        None => (None, whole),
    };
    let address = address.parse().map_err(|_| {
        let message = format!("`{what}` is neither a code nor the address of a resource");
        let error = CliError::new(Exit::Usage, message);
        propose(error, what, code::ALL.iter().map(|(code, _)| *code))
            .hint(
                "write an address as `nfplan state list` shows it: batch.compute_environment/main",
            )
            .hint("codes stand in messages: error[E0305]")
    })?;
    Ok(Target { unit, address, attribute })
}

/// Looks at the units that may be meant, without writing anything.
async fn look(
    context: &Context,
    arguments: &ExplainArguments,
    target: &Target<'_>,
    project: &mut Project,
) -> Result<Vec<Looked>, CliError> {
    project.warn(context);
    let universe = Universe::survey(Some(&project.fleet), &project.store).await?;
    let selection = &arguments.selection;
    let selected = match target.unit {
        None => universe.select(selection)?,
        Some(unit) if selection.select.is_empty() => {
            let units = universe.named(&[unit.to_owned()]);
            Selected::Units(units.map_err(|error| CliError { exit: Exit::Usage, ..error })?)
        }
        Some(_) => {
            let message = "the unit is given twice: before the address and with --select";
            return Err(CliError::new(Exit::Usage, message));
        }
    };
    let refresh = Refresh::from(arguments.refresh);
    let request = Request { refresh, ..Request::new(selected.clone(), Purpose::Apply) };
    let planned = preview_fleet(project, &universe, &request).await?;
    for unit in &planned.open {
        context.terminal.note(&format!(
            "note: {unit} has a run that was interrupted; what follows is what `nfplan apply` \
             will leave of it, unread\n"
        ));
    }
    let mut units = planned.looked.unwrap_or_default();
    if let Selected::Units(_) = selected {
        units.retain(|unit| selected.names(unit.desired.unit()));
    }
    Ok(units)
}

/// The explanations of all units that have the resource.
fn explanations<'u>(
    units: &'u [Looked],
    target: &Target<'_>,
    schemas: &Schemas,
    project: &Project,
) -> Result<Vec<(&'u Looked, Explanation)>, CliError> {
    let found: Vec<(&Looked, Explanation)> = units
        .iter()
        .filter_map(|unit| {
            Some((unit, explain_resource(unit, &target.address, schemas, &project.root)?))
        })
        .collect();
    if !found.is_empty() {
        return Ok(found);
    }
    let message = format!("no unit that was looked at has anything at `{}`", target.address);
    let known: Vec<String> = addresses(units).keys().map(ToString::to_string).collect();
    let error = CliError::new(Exit::Usage, message);
    Err(propose(error, &target.address.to_string(), known.iter().map(String::as_str))
        .hint("`nfplan graph --all` draws all resources"))
}

/// The attribute of this name.
fn only(
    name: &str,
    mut attributes: Vec<AttributeExplanation>,
    address: &Address,
    schemas: &Schemas,
) -> Result<Vec<AttributeExplanation>, CliError> {
    let schema = schemas.find(&address.resource_type);
    let known: Vec<&str> =
        schema.into_iter().flat_map(|schema| schema.attributes).map(|a| a.name).collect();
    if !known.contains(&name) {
        let message = format!("`{}` has no attribute `{name}`", address.resource_type);
        let error = CliError::new(Exit::Usage, message);
        let all = format!("its attributes are {}", known.join(", "));
        return Err(propose(error, name, known.into_iter()).hint(all));
    }
    attributes.retain(|attribute| attribute.name == name);
    if attributes.is_empty() {
        let message = format!("`{address}` does not have `{name}` set: neither wanted nor applied");
        return Err(CliError::new(Exit::Usage, message));
    }
    Ok(attributes)
}

fn show_resource(
    context: &Context,
    arguments: &ExplainArguments,
    target: &Target<'_>,
    found: &[(&Looked, Explanation)],
) -> Result<Exit, CliError> {
    let [(_, first), others @ ..] = found else { return Ok(Exit::Fine) };
    let groups = render::explain::groups(found);
    if groups.len() > 1 {
        return Err(differs(&target.address, &groups));
    }
    if context.settings.general.json {
        let holds_for = others.iter().map(|(_, other)| &other.unit).collect();
        let kind = "resource";
        context.print_json(&ResourceDocument {
            format: FORMAT,
            kind,
            resource: first,
            holds_for,
        })?;
    } else {
        let view = render::explain::View {
            width: context.terminal.width,
            full: arguments.full || target.attribute.is_some(),
            holds_for: others.iter().map(|(_, other)| render::name::short(&other.unit)).collect(),
        };
        context.print(&render::explain::resource(first, &view))?;
    }
    Ok(Exit::Fine)
}

/// What to do where units differ: one unit for each way in which they do.
fn differs(address: &Address, groups: &[Vec<&Explanation>]) -> CliError {
    let units: usize = groups.iter().map(Vec::len).sum();
    let message = format!("{units} units have `{address}`, and it differs between them");
    let choice = |group: &Vec<&Explanation>| {
        let name = group.first().map_or_else(String::new, |one| render::name::short(&one.unit));
        match group.len() {
            1 => name,
            count => format!("{name} ({count} alike)"),
        }
    };
    let choices: Vec<String> = groups.iter().take(MOST_CHOICES).map(choice).collect();
    let more = if groups.len() > MOST_CHOICES { ", …" } else { "" };
    CliError::new(Exit::Usage, message)
        .hint(format!("choose one with --select: {}{more}", choices.join(", ")))
}

/// Proposes the nearest name, if one is near.
fn propose<'n>(error: CliError, name: &str, known: impl Iterator<Item = &'n str>) -> CliError {
    match nearest(name, known) {
        Some(known) => error.hint(format!("did you mean `{known}`?")),
        None => error,
    }
}
