//! Applying leads to one place, whatever the way there.

use nfplan_engine::plan::Refresh;
use nfplan_tests::fleets::cases;
use nfplan_tests::fleets::edits;
use nfplan_tests::fleets::fleets;
use nfplan_tests::picture::Picture;
use nfplan_tests::picture::assert_same;
use nfplan_tests::site::Site;
use nfplan_tests::spec::FleetSpec;
use proptest::proptest;

/// Nothing is left to do, and finding that out changes nothing.
fn assert_settled(site: &Site, context: &str) {
    for refresh in [Refresh::Bulk, Refresh::Deep] {
        site.cloud.clear_call_log();
        let planned = site.plan(refresh);
        assert!(planned.refused.is_empty(), "{context}: {:#?}", planned.refused);
        assert!(
            planned.units.is_empty(),
            "{context} {refresh:?}: {:#?}",
            planned.document(refresh)
        );
        assert_eq!(site.cloud.call_count().writes, 0);
    }
}

pub(crate) fn from_scratch(specs: &FleetSpec) -> Picture {
    let site = Site::new(specs);
    site.apply_fully();
    Picture::of(&site)
}

/// Platforms outlive their last workspace; everything else must be as built from scratch.
fn assert_as_from_scratch(site: &Site, specs: &FleetSpec, context: &str) {
    let (mut found, expected) = (Picture::of(site), from_scratch(specs));
    found.0.retain(|unit, _| !unit.starts_with("platform/") || expected.0.contains_key(unit));
    assert_same(&found, &expected, context);
}

proptest! {
    #![proptest_config(cases(10))]

    #[test]
    fn whatever_the_edits_the_cloud_ends_as_built_from_scratch(
        first in fleets(),
        edits in edits(5),
    ) {
        let site = Site::new(&first);
        site.apply_fully();
        assert_settled(&site, "first");
        let mut specs = first;
        for edit in &edits {
            specs = edit.apply(specs);
            site.write(&specs);
            site.apply_fully();
            assert_settled(&site, &format!("{edit:?}"));
        }
        assert_as_from_scratch(&site, &specs, "after all edits");
    }
}
