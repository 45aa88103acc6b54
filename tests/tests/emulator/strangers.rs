//! A key that somebody else gave a client's user: a destroy names it, and does not wait for its end
//! again and again.

use nfplan_cli::applying::UnitOutcome;
use nfplan_engine::provider::ErrorKind;
use nfplan_engine::report::UnitResult;
use nfplan_tests::spec::FleetSpec;
use serde_json::json;

use crate::faults::assert_good;
use crate::kit::block_on;
use crate::kit::calls;
use crate::kit::set_faults;
use crate::site::Site;

const ALICE: &str = "alice@example.org";
const USER: &str = "data-example-org-nf-alice-40example-2eorg";

#[test]
fn a_key_of_somebody_elses_is_named_once_there_is_no_time_left_to_wait() {
    let site = Site::in_account("700000000009");
    site.write(&FleetSpec::of(ALICE, &[]));
    assert_good(&block_on(site.apply()), "an apply");
    let made = site.somebody("iam", "create_access_key", &json!({ "UserName": USER }));
    let key = made["AccessKey"]["AccessKeyId"].as_str().unwrap();
    set_faults(&json!([]));
    let outcomes = block_on(site.destroy());
    let reports = outcomes.values().filter_map(|outcome| match outcome {
        UnitOutcome::Ran(report) => Some(report),
        UnitOutcome::Refused(_) | UnitOutcome::Failed(_) => None,
    });
    let left = reports.filter(|report| report.result != UnitResult::Applied);
    let left: Vec<_> = left.collect();
    let [report] = left.as_slice() else { panic!("{outcomes:#?}") };
    assert!(matches!(report.result, UnitResult::AppliedWithLeftovers(_)), "{report:#?}");
    let user = report.failures.iter().find(|failure| &*failure.error.operation == "iam:DeleteUser");
    let error = &user.unwrap().error;
    assert_eq!((error.kind, error.code.as_str()), (ErrorKind::Conflict, "DeleteConflict"));
    let command = format!("`aws iam delete-access-key --user-name {USER} --access-key-id {key}`");
    assert!(error.message.contains(&command), "{error}");
    let sent = calls().into_iter().filter(|[_, operation, _]| operation == "DeleteUser").count();
    assert!((2..20).contains(&sent), "{sent}");

    site.somebody("iam", "delete_access_key", &json!({ "UserName": USER, "AccessKeyId": key }));
    assert_good(&block_on(site.destroy()), "the rest");
}
