//! What is to be known beside what a plan does.

use super::Planner;
use crate::address::Address;
use crate::desired::Resource;
use crate::identity::strangers;
use crate::observed::Live;
use crate::observed::Sighting;
use crate::refusal::RefusalKind;
use crate::schema::Schema;

impl Planner<'_> {
    /// Says what is to be known of an address, beside whatever else is.
    pub(super) fn tell(&mut self, address: &Address, note: String) {
        let notes = self.notes.entry(address.clone()).or_default();
        *notes = if notes.is_empty() { note } else { format!("{notes}; {note}") };
    }

    /// Says what was found on an object, or beside it, that is none of nfplan's.
    pub(super) fn tell_strangers(&mut self, address: &Address, schema: &Schema, live: &Live) {
        let entry = self.input.state.entries.get(address);
        for stranger in strangers(schema, entry, live) {
            self.tell(address, stranger.says);
        }
    }

    /// An object that the cloud will not delete cannot give its slot to another.
    pub(super) fn check_held(&mut self, resource: &Resource, schema: &Schema) {
        let address = &resource.address;
        let entry = self.input.state.entries.get(address);
        let Some(Sighting::Present(live)) = self.input.observed.get(address) else { return };
        for stranger in strangers(schema, entry, live).into_iter().filter(|found| found.holds) {
            let message = format!("cannot be replaced in its slot: {}", stranger.says);
            self.refuse(resource, RefusalKind::Unchangeable, message);
        }
    }
}
