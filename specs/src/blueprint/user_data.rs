//! The scripts that instances run when they first boot.

use std::collections::BTreeSet;

use ipnet::Ipv4Net;

use crate::syntax::covers;

/// The compute instances' settings of the ECS agent, as the MIME document that Batch wants so that
/// it can add its own part.
pub(super) const COMPUTE: &str = include_str!("compute_user_data.mime");

const PROXY: &str = include_str!("proxy_user_data.sh");

/// Fills in the proxy's script.
///
/// With an allow-list, the domains of the region's AWS endpoints are let through as well: without
/// ECS, ECR and the log service no instance ever joins its cluster.
///
/// # Panics
/// If a domain has characters that no domain has: the script is shell, and specs are checked.
pub(super) fn proxy(cidr: Ipv4Net, allow_domains: &[Box<str>], region_domain: &str) -> String {
    let mut domains: BTreeSet<String> =
        allow_domains.iter().map(|domain| domain.to_ascii_lowercase()).collect();
    if !domains.is_empty() {
        domains.insert(format!(".{region_domain}"));
    }
    for domain in &domains {
        assert!(is_plain(domain), "BUG: `{domain}` was taken for a domain");
    }
    let list: Vec<&str> = domains
        .iter()
        .filter(|domain| !domains.iter().any(|other| covers(other, domain)))
        .map(String::as_str)
        .collect();
    PROXY.replace("@NETWORK@", &cidr.to_string()).replace("@ALLOW_DOMAINS@", &list.join("\n"))
}

fn is_plain(domain: &str) -> bool {
    !domain.is_empty()
        && domain
            .bytes()
            .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b"-.".contains(&b))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn script(domains: &[&str]) -> String {
        let domains: Vec<Box<str>> = domains.iter().map(|&domain| domain.into()).collect();
        proxy("10.0.0.0/16".parse().unwrap(), &domains, "us-east-1.amazonaws.com")
    }

    fn list_of(script: &str) -> Vec<&str> {
        let lines = script.lines().skip_while(|line| !line.ends_with("<<'DOMAINS'")).skip(1);
        lines.take_while(|line| *line != "DOMAINS").filter(|line| !line.is_empty()).collect()
    }

    #[test]
    fn an_allow_list_holds_each_domain_once_and_the_regions_endpoints() {
        let script = script(&[".quay.io", "cdn.quay.io", "quay.io", "Example.org"]);
        assert_eq!(list_of(&script), [".quay.io", ".us-east-1.amazonaws.com", "example.org"]);
        assert!(!script.contains('@'), "a placeholder is left: {script}");
        assert!(script.contains("network=10.0.0.0/16\n"));
    }

    #[test]
    fn without_an_allow_list_nothing_is_listed() {
        assert!(list_of(&script(&[])).is_empty());
    }

    #[test]
    fn text_that_would_leave_the_list_is_never_put_into_the_script() {
        for domain in
            ["DOMAINS\nreboot", "a.org; reboot", "$(reboot)", "`reboot`", "a b", "é.org", ""]
        {
            let outcome = std::panic::catch_unwind(|| script(&[domain]));
            assert!(outcome.is_err(), "{domain:?}");
        }
    }

    #[test]
    fn the_compute_document_closes_every_part_it_opens() {
        let boundary = COMPUTE
            .lines()
            .find_map(|line| line.split_once("boundary=\"")?.1.strip_suffix('"'))
            .unwrap();
        assert!(COMPUTE.contains(&format!("\n--{boundary}\n")));
        assert!(COMPUTE.trim_end().ends_with(&format!("--{boundary}--")));
    }
}
