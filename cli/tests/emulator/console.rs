//! A password for the console, and MFA devices, that somebody gave a client's user.

use std::fs;
use std::time::Duration;
use std::time::Instant;

use serde_json::json;

use crate::aws::get;
use crate::aws::project;
use crate::aws::somebody;
use crate::run;
use crate::server;

const USER: &str = "aws-console-example-org-nf-alice-40example-2eorg";
const TOKEN: &str = "GAHT12345678";

#[test]
fn a_password_and_devices_are_told_and_wait_for_whoever_gave_them() {
    let _server = server();
    let project = project("aws-console");
    fs::remove_file(project.path("workspaces/bob.yaml")).unwrap();
    run(&project, &["apply", "--auto-approve", "-q"]).exits(0);
    let user = json!({ "UserName": USER });
    let enable = |serial: &str| {
        let codes = json!({ "UserName": USER, "SerialNumber": serial, "AuthenticationCode1": "123456",
            "AuthenticationCode2": "654321" });
        somebody("iam", "enable_mfa_device", &codes);
    };
    let made = json!({ "VirtualMFADeviceName": "alices-phone" });
    let made = somebody("iam", "create_virtual_mfa_device", &made);
    let phone = made["VirtualMFADevice"]["SerialNumber"].as_str().unwrap();
    enable(phone);
    run(&project, &["drift"]).exits(2).shows("MFA device").shows(phone);
    enable(TOKEN);
    somebody(
        "iam",
        "create_login_profile",
        &json!({ "UserName": USER, "Password": "S3cret-or-so" }),
    );

    let told = format!("nfplan did not make the login profile of `{USER}`, of 20");
    run(&project, &["drift"]).exits(2).shows(&told).shows(phone).shows(TOKEN);
    let plan = run(&project, &["plan", "--refresh", "deep"]).exits(0);
    plan.shows("No changes.").says(&told).says(phone).says(TOKEN);

    let destroy = ["destroy", "--auto-approve", "-q"];
    let began = Instant::now();
    let left = run(&project, &destroy).exits(9);
    assert!(began.elapsed() < Duration::from_secs(40), "{:?}", began.elapsed());
    let command = format!("aws iam delete-login-profile --user-name {USER}");
    left.shows("because of its login profile and the MFA device").shows(&command);
    somebody("iam", "delete_login_profile", &user);
    let device = |serial: &str| json!({ "UserName": USER, "SerialNumber": serial });
    somebody("iam", "deactivate_mfa_device", &device(phone));
    run(&project, &destroy).exits(9).shows(TOKEN);
    somebody("iam", "deactivate_mfa_device", &device(TOKEN));
    run(&project, &destroy).exits(0);
    let users = somebody("iam", "list_users", &json!({})).to_string();
    assert!(!users.contains(USER), "{users}");
    assert_eq!(get("_invalid", None), json!([]), "requests that the services would refuse");
}
