//! A password for the console, and an MFA device, that somebody gave a client's user: told wherever
//! everything is read, and never taken away.

use nfplan_engine::value::Value;

use crate::kit::Project;
use crate::kit::place;

const DEVICE: &str = "arn:aws:iam::111122223333:mfa/alices-phone";
const PASSWORD: &str = "nfplan did not make the login profile of `data-example-org-nf-alice`";
const PHONE: &str = "nfplan did not give `data-example-org-nf-alice` the MFA device";

/// A project of alice's, to whose user somebody gave a password and a device.
fn project() -> Project {
    let project = Project::applied(&["alice"]);
    let user = project.object("iam.user", "alice");
    project.tamper(&user, "login_profile", "2026-11-01T00:00:00Z".into());
    project.tamper(&user, "mfa_devices", Value::list([DEVICE]));
    project
}

/// Somebody takes the password or the device away again.
fn take(project: &Project, attribute: &str) {
    let user = project.object("iam.user", "alice").remote_id;
    let user = ("iam.user", user.as_str());
    project.somebody().set_attribute(&place(), user, attribute, None).unwrap();
}

#[test]
fn they_are_told_by_drift_and_by_plans_that_read_everything() {
    let project = project();
    let drift = project.run(&["drift"]).exits(2).shows("not made by nfplan");
    let drift = drift.shows(PASSWORD).shows("2026-11-01T00:00:00Z").shows(PHONE).shows(DEVICE);
    drift.shows("aws iam delete-login-profile --user-name data-example-org-nf-alice");
    let deep = project.run(&["plan", "--refresh", "deep"]).exits(0);
    deep.says(PASSWORD).says(PHONE).shows("No changes.");
    // What lists many objects at once does not show them.
    assert!(!project.run(&["plan"]).exits(0).stderr.contains("login profile"));
    project.run(&["drift", "--refresh", "bulk"]).exits(0);

    project.apply(&["--refresh", "deep"]).exits(0);
    let user = project.object("iam.user", "alice");
    assert!(
        ["login_profile", "mfa_devices"].iter().all(|name| user.attributes.contains_key(*name))
    );
    take(&project, "login_profile");
    let drift = project.run(&["drift"]).exits(2).shows(PHONE);
    assert!(!drift.stdout.contains("login profile"), "{drift}");
    take(&project, "mfa_devices");
    project.run(&["drift"]).exits(0);
}

#[test]
fn a_destroy_tells_them_waits_for_their_end_and_goes_on_then() {
    let project = project();
    let destroy = ["destroy", "--select", "alice", "--auto-approve"];
    let answer = project.run(&destroy).exits(9).says(PASSWORD).says(PHONE);
    let why = "`data-example-org-nf-alice` cannot be deleted because of its login profile and the MFA \
        device `arn:aws:iam::111122223333:mfa/alices-phone`, which nfplan did not make";
    answer.shows(why).shows("deactivate-mfa-device --user-name data-example-org-nf-alice");
    // Nobody gets in with anything but the password, and may do nothing.
    let user = project.object("iam.user", "alice");
    assert_eq!(user.attributes["policy_arns"].as_list().unwrap().len(), 0);
    assert!(project.objects_of("iam.access_key", "").is_empty());

    take(&project, "login_profile");
    let again = project.run(&destroy).exits(9);
    assert!(!again.to_string().contains("login profile"), "{again}");
    take(&project, "mfa_devices");
    project.run(&destroy).exits(0);
    assert!(project.objects_of("iam.user", "alice").is_empty());
}

#[test]
fn a_user_who_cannot_be_deleted_is_not_replaced() {
    let project = project();
    let replace = ["apply", "--replace", "iam.user/client", "--auto-approve", "--allow"];
    let replace = [&replace[..], &["in-slot-replacement"]].concat();
    let before = project.existing();
    let refused = project.run(&replace).exits(7);
    refused.says("cannot be replaced in its slot").says(PASSWORD).says(PHONE);
    assert_eq!(project.existing(), before);
    take(&project, "login_profile");
    let refused = project.run(&replace).exits(7).says(PHONE);
    assert!(!refused.stderr.contains(PASSWORD), "{refused}");
    assert_eq!(project.existing(), before);
    take(&project, "mfa_devices");
    let asks = project.run(&["apply", "--replace", "iam.user/client", "--no-input"]).exits(7);
    assert!(!asks.stderr.contains("cannot be replaced"), "{asks}");
}

#[test]
fn a_revocation_tells_of_the_password_and_leaves_nothing_that_it_is_good_for() {
    let project = project();
    project.run(&["revoke", "alice", "--auto-approve"]).exits(0).says(PASSWORD);
    let user = project.object("iam.user", "alice");
    assert_eq!(user.attributes["policy_arns"].as_list().unwrap().len(), 0);
    assert!(user.attributes.contains_key("login_profile"));
}
