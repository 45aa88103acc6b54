//! What `nfplan update` prints.

use std::fmt::Write as _;

use nfplan_engine::value::Value;

use crate::documents::update::PinChange;
use crate::documents::update::UpdateDocument;
use crate::render::counted;
use crate::render::prose::prose;

/// The pins that changed, place by place.
pub fn update(document: &UpdateDocument, width: usize) -> String {
    let changed: Vec<&PinChange> = document.pins.iter().filter(|pin| pin.differs()).collect();
    let same = counted((document.pins.len() - changed.len()) as u64, "pin");
    if changed.is_empty() {
        return prose(&format!("nfplan.lock is up to date: {same} looked up again.\n"), width);
    }
    let mut text = String::new();
    let mut place = None;
    for pin in &changed {
        if place != Some(&pin.place) {
            let _ = writeln!(text, "{}", pin.place);
            place = Some(&pin.place);
        }
        text.push_str(&prose(&format!("  {}\n", line(pin)), width));
    }
    let count = counted(changed.len() as u64, "pin");
    let summary = format!(
        "\nnfplan.lock: {count} changed, {same} as before. `nfplan plan` shows what follows from it; \
         commit the file for review.\n"
    );
    text + &prose(&summary, width)
}

fn line(pin: &PinChange) -> String {
    match (&pin.before, &pin.after) {
        (Some(before), Some(after)) => format!("{}: {} → {}", pin.key, words(before), words(after)),
        (None, Some(after)) => format!("{}: {} (new)", pin.key, words(after)),
        (Some(_), None) => format!("{}: dropped, because no spec needs it any more", pin.key),
        (None, None) => pin.key.clone(),
    }
}

/// Ids without quotes, because they are looked for and copied.
fn words(value: &Value) -> String {
    match value {
        Value::Text(text) => text.to_string(),
        Value::List(items) => items.iter().map(words).collect::<Vec<_>>().join(", "),
        other => other.to_string(),
    }
}
