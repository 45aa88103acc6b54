//! Which plan a merged pull request had, by a status on the commit that was planned.
//!
//! A comment can be edited by everybody who may write to the repository. A status cannot be edited by
//! anybody, the forge says who set it, and the token of a fork may set none; so the digest is taken
//! from the latest status that is nfplan's own.

use serde_json::Value as Json;
use serde_json::json;

use super::github::Pull;
use super::github::Status;
use super::marker::Key;

/// What stands before a digest, for people.
const COMMAND: &str = "nfplan apply --expect-digest ";
const ALGORITHM: &str = "sha256:";
const DIGITS: usize = 64;

/// The digest of the plan that a comment shows: its first line says so.
pub fn digest_of_comment(text: &str) -> Option<&str> {
    let words = text.lines().next()?.split(' ');
    words.filter_map(|word| word.strip_prefix("digest=")).find(|text| is_digest(text))
}

/// The status that says which plan was made of a commit.
pub fn status(key: &Key, digest: &str, comment: Option<&str>) -> Json {
    json!({
        "state": "success",
        "context": context(key),
        "description": format!("{COMMAND}{digest}"),
        "target_url": comment,
    })
}

/// The digest that the latest of these statuses names, if nfplan set one for the project. The latest
/// comes first.
pub fn digest_of_statuses<'a>(statuses: &'a [Status], author: &str, key: &Key) -> Option<&'a str> {
    let context = context(key);
    let is_own = |status: &&Status| {
        let creator = status.creator.as_ref().map(|creator| creator.login.as_str());
        status.context == context
            && creator.is_some_and(|creator| creator.eq_ignore_ascii_case(author))
    };
    let latest = statuses.iter().find(is_own)?;
    latest.description.as_deref()?.strip_prefix(COMMAND).filter(|text| is_digest(text))
}

/// The pull request that a commit merged.
pub fn merged_by<'a>(pulls: &'a [Pull], commit: &str) -> Option<&'a Pull> {
    pulls
        .iter()
        .find(|pull| pull.merged_at.is_some() && pull.merge_commit_sha.as_deref() == Some(commit))
}

fn context(key: &Key) -> String {
    format!("nfplan/{key}")
}

fn is_digest(text: &str) -> bool {
    let digits = text.strip_prefix(ALGORITHM);
    digits.is_some_and(|digits| {
        digits.len() == DIGITS && digits.bytes().all(|byte| byte.is_ascii_hexdigit())
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::forge::github::Account;

    fn digest(digit: char) -> String {
        format!("{ALGORITHM}{}", digit.to_string().repeat(DIGITS))
    }

    fn set(creator: &str, key: &str, digest: &str) -> Status {
        let json = status(&key.parse().unwrap(), digest, None);
        Status {
            creator: Some(Account { login: creator.to_owned() }),
            context: json["context"].as_str().unwrap().to_owned(),
            description: json["description"].as_str().map(ToOwned::to_owned),
        }
    }

    #[test]
    fn the_latest_own_status_of_the_project_counts() {
        let key: Key = "a".parse().unwrap();
        let of =
            |statuses: &[Status]| digest_of_statuses(statuses, "bot", &key).map(ToOwned::to_owned);
        let (one, two) = (digest('1'), digest('2'));
        let strange = || [set("mallory", "a", &two), set("bot", "b", &two)];
        assert_eq!(of(&strange()), None);
        let all: Vec<Status> =
            strange().into_iter().chain([set("bot", "a", &one), set("bot", "a", &two)]).collect();
        assert_eq!(of(&all), Some(one.clone()));
        // What is no digest is not passed on, and no older one taken instead.
        assert_eq!(of(&[set("bot", "a", "sha256:12 --auto-approve"), set("bot", "a", &one)]), None);
    }

    #[test]
    fn a_description_has_room_on_the_forge() {
        let json = status(&"a".parse().unwrap(), &digest('1'), None);
        assert!(json["description"].as_str().unwrap().len() <= 140);
    }

    #[test]
    fn a_comment_names_its_digest_in_its_first_line_only() {
        let one = digest('1');
        let comment = format!("<!-- nfplan v=1 key=a digest={one} -->\ndigest={}", digest('2'));
        assert_eq!(digest_of_comment(&comment), Some(one.as_str()));
        assert_eq!(digest_of_comment(&format!("### x\ndigest={one}")), None);
    }
}
