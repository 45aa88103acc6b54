//! What `nfplan.yaml` says beside profiles.

use std::collections::BTreeSet;

use nfplan_specs::project::Access;
use nfplan_specs::project::Account;
use nfplan_specs::project::ApprovalClass;
use nfplan_specs::project::StateLocation;

use crate::kit;
use crate::kit::PROJECT;

#[test]
fn what_is_not_said_has_its_default() {
    let fleet = kit::sound(kit::folder(&[("nfplan.yaml", PROJECT.as_bytes())]).path());
    assert_eq!(fleet.state_location(), &StateLocation::Folder(".nfplan/state".into()));
    assert_eq!(fleet.max_deletes(), 10);
    assert!(fleet.approvals().is_empty());
    assert!(fleet.warnings().is_empty());
    assert!(fleet.accounts().all(|account| account.access == Access::Aws));
    assert_eq!(fleet.environment().host(), "data-example-org");
}

#[test]
fn what_is_said_is_kept() {
    let project = r#"
nfplan: 1
blueprint: 1
environment: data.example.org
state: s3://example-state/prod
max_deletes: 0
approvals: [destroy, replacement]
accounts:
  away: { id: "000000000001", region: us-west-2, assume_role: "arn:aws:iam::000000000001:role/n", external_id: "1" }
  toy: { id: "000000000002", region: us-east-1, provider: sim, data: { expire_days: 7 } }
profiles:
  best: { compute: { strategy: best_fit } }
"#;
    let fleet = kit::sound(kit::folder(&[("nfplan.yaml", project.as_bytes())]).path());
    assert_eq!(fleet.state_location().to_string(), "s3://example-state/prod");
    assert_eq!(fleet.max_deletes(), 0);
    let approvals = BTreeSet::from([ApprovalClass::Destroy, ApprovalClass::Replacement]);
    assert_eq!(fleet.approvals(), &approvals);
    let accounts: Vec<&Account> = fleet.accounts().collect();
    let role = "arn:aws:iam::000000000001:role/n".into();
    assert_eq!(accounts[0].access, Access::AwsRole { role, external_id: Some("1".into()) });
    assert_eq!((&accounts[1].access, accounts[1].expire_days.value), (&Access::Sim, 7));
    assert_eq!(fleet.account(&accounts[1].place), Some(accounts[1]));
    let warning = "nfplan.yaml:12:32: warning[W0501]: with `best_fit`, most changes of the compute \
                   environment replace it";
    assert_eq!(kit::lines(fleet.warnings()), [warning]);
}
