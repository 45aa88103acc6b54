//! What units put out, one value a line.

use nfplan_specs::blueprint::outputs::OUTPUTS;

use super::page::FAINT;
use super::page::Line;
use super::page::Page;
use super::page::STRONG;
use crate::commands::output::UnitOutputs;

/// Lists the outputs of every unit.
pub fn outputs(units: &[UnitOutputs], width: usize) -> String {
    let mut page = Page::new(width);
    // Values are there to be copied.
    page.cut_words(false);
    for unit in units {
        let line = Line::at(0).styled(STRONG, unit.unit.to_string());
        if !unit.applied {
            page.put(&line.styled(FAINT, "  not applied yet: `nfplan apply` makes it"));
            continue;
        }
        page.put(&line);
        let names = unit.outputs.keys().chain(unit.absent.keys());
        let widest = names.map(|name| name.len()).max().unwrap_or_default();
        for name in OUTPUTS.iter().map(|output| output.name) {
            let line = Line::at(2).text(format!("{name:widest$}  "));
            match (unit.outputs.get(name), unit.absent.get(name)) {
                (Some(value), _) => page.put(&line.text(value)),
                (None, Some(why)) => page.put(&line.styled(FAINT, format!("absent: {why}"))),
                (None, None) => {}
            }
        }
    }
    page.finish()
}
