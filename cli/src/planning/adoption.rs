//! Looking for objects that something else made under the names that the specs come to.

use std::collections::BTreeMap;

use nfplan_engine::address::Address;
use nfplan_engine::address::External;
use nfplan_engine::adoption::Search;
use nfplan_engine::provider::Depth;
use nfplan_engine::provider::Reader;
use nfplan_engine::provider::Wanted;
use nfplan_engine::value::Value;
use nfplan_specs::blueprint::leads::leads;

use super::Draft;
use super::PlacePlanner;
use crate::error::CliError;

impl PlacePlanner<'_> {
    /// Follows every lead, with one read for all units in each round, until nothing new is found.
    pub(super) async fn search(
        &self,
        drafts: &mut [Draft],
        externals: &BTreeMap<External, Value>,
    ) -> Result<(), CliError> {
        let (schemas, leads) = (self.project.cloud.schemas(), leads());
        let searches = drafts
            .iter()
            .map(|draft| Search::new(&draft.desired, draft.known(), externals, schemas, &leads));
        let mut searches: Vec<Search<'_>> = searches.collect();
        loop {
            let lists: Vec<Vec<Wanted<'_>>> = searches.iter_mut().map(Search::questions).collect();
            let lengths: Vec<usize> = lists.iter().map(Vec::len).collect();
            let all: Vec<Wanted<'_>> = lists.into_iter().flatten().collect();
            if all.is_empty() {
                break;
            }
            let sightings = self.project.cloud.read(self.place, Depth::Deep, &all).await?;
            let addresses: Vec<Address> = all.iter().map(|wanted| wanted.address.clone()).collect();
            let mut found = addresses.iter().zip(sightings);
            for (search, length) in searches.iter_mut().zip(lengths) {
                for (address, sighting) in found.by_ref().take(length) {
                    search.learn(address, sighting);
                }
            }
        }
        let found: Vec<_> = searches.into_iter().map(Search::found).collect();
        for (draft, found) in drafts.iter_mut().zip(found) {
            draft.observed = found;
        }
        Ok(())
    }
}
