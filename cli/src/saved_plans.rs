//! Plans that are kept to be reviewed and applied later: in files, and in the state store under
//! their digests.

use std::path::Path;

use nfplan_engine::plan::FORMAT;
use nfplan_engine::plan::Plan;
use nfplan_engine::plan::UnitPlan;
use nfplan_engine::store::Store;

use crate::error::CliError;
use crate::exit::Exit;
use crate::files;
use crate::reporting::as_json;

/// The folder of the store that plans are kept in.
const FOLDER: &str = "plans/";

/// Of a digest, as many digits tell plans apart as people are shown.
const LEAST_DIGITS: usize = 12;

/// Writes a plan into a file.
pub fn save(path: &Path, plan: &Plan) -> Result<(), CliError> {
    let text = as_json(plan)?;
    files::replace(path, text.as_bytes()).map_err(|error| CliError::file("write", path, &error))
}

/// Reads a plan from a file.
pub fn load(path: &Path) -> Result<Plan, CliError> {
    let text = std::fs::read(path).map_err(|error| CliError::file("read", path, &error))?;
    parse(&text).map_err(|why| {
        let message = format!("{} is no saved plan: {why}", path.display());
        CliError::new(Exit::InvalidSpecs, message).hint("`nfplan plan --out FILE` makes one")
    })
}

/// Keeps a plan in the state store, where it is written once: what is there under its digest
/// already is the same plan.
pub async fn keep(store: &impl Store, plan: &Plan) -> Result<(), CliError> {
    store.put_if_absent(&key_of(plan), as_json(plan)?.as_bytes()).await?;
    Ok(())
}

fn key_of(plan: &Plan) -> String {
    format!("{FOLDER}{}.json", plan.digest.hex())
}

/// The plan that is kept under a digest, of which the first digits suffice; none if there is none.
pub async fn kept(store: &impl Store, digest: &str) -> Result<Option<Plan>, CliError> {
    let digits = digest.strip_prefix("sha256:").unwrap_or(digest);
    if digits.len() < LEAST_DIGITS || !digits.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        let message = format!("`{digest}` is no digest of a plan");
        return Err(CliError::new(Exit::Usage, message)
            .hint("the last line of a plan says its own, as sha256:0123456789ab"));
    }
    let start = format!("{FOLDER}{}", digits.to_ascii_lowercase());
    let keys = store.list(FOLDER).await?;
    let Some(key) = keys.into_iter().find(|key| key.starts_with(&start)) else { return Ok(None) };
    let Some(stored) = store.get(&key).await? else { return Ok(None) };
    let plan = parse(&stored.body).and_then(|plan| {
        // Who may write to the store must not choose another plan than the one that was reviewed.
        let fits = key == key_of(&plan);
        fits.then_some(plan).ok_or_else(|| "it is another plan than its name says".to_owned())
    });
    plan.map(Some).map_err(|why| {
        CliError::new(Exit::Error, format!("`{key}` of the state store is no saved plan: {why}"))
            .hint("nothing was changed; `nfplan plan --save` keeps a plan afresh")
    })
}

fn parse(text: &[u8]) -> Result<Plan, String> {
    let plan: Plan = serde_json::from_slice(text).map_err(|error| error.to_string())?;
    if &*plan.format != FORMAT {
        return Err(format!("its format is {}, and this nfplan reads {FORMAT}", plan.format));
    }
    let fits = |unit: &UnitPlan| unit.digest == unit.decision_digest();
    let digest = Plan::new(plan.units.clone(), plan.refresh).digest;
    if digest != plan.digest || !plan.units.iter().all(fits) {
        return Err("it was changed after it was saved".into());
    }
    Ok(plan)
}
