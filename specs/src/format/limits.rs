//! Names in AWS that specs would make too long.

use nfplan_engine::address::AccountId;
use nfplan_engine::address::EscapedUser;

use crate::blueprint::names::PlatformNames;
use crate::blueprint::names::WorkspaceNames;

/// What a name of the second and later generations has more: `-g2` to `-g99`.
const GENERATION: usize = 4;

/// A name beyond its limit.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct TooLong {
    name: String,
    what: &'static str,
    most: usize,
}

impl TooLong {
    /// By how many characters.
    pub(super) fn excess(&self) -> usize {
        self.name.len().saturating_sub(self.most)
    }

    /// For messages.
    pub(super) fn message(&self) -> String {
        let Self { name, what, most } = self;
        format!("{what} would be called `{name}`: {} characters, more than {most}", name.len())
    }
}

/// The platform's worst name, if one is too long.
pub(super) fn platform(host: &str, account: &AccountId) -> Option<TooLong> {
    let names = PlatformNames::new(host.into(), account);
    worst([
        TooLong { name: names.bucket(), what: "the bucket", most: 63 },
        TooLong { name: names.alias(), what: "the key's alias", most: 256 },
        TooLong { name: names.log_group(), what: "the log group", most: 512 },
    ])
}

/// The workspace's worst name, if one is too long.
pub(super) fn workspace(host: &str, user: &EscapedUser) -> Option<TooLong> {
    let names = WorkspaceNames::new(host.into(), user);
    let suffixed = |most: usize| most - GENERATION;
    worst([
        TooLong { name: names.instance_role(), what: "the instance role", most: 64 },
        TooLong { name: names.jobs(), what: "the jobs' role", most: 64 },
        TooLong { name: names.client(), what: "the client's user", most: 64 },
        TooLong { name: names.job_queue(), what: "the job queue", most: 128 },
        TooLong {
            name: names.compute_environment(),
            what: "the compute environment",
            most: suffixed(128),
        },
        TooLong {
            name: names.proxy_security_group(),
            what: "the proxy's security group",
            most: suffixed(255),
        },
        TooLong { name: names.iam_path(), what: "the IAM path", most: 512 },
        TooLong { name: names.secret(), what: "the secret", most: 512 },
    ])
}

fn worst<const N: usize>(names: [TooLong; N]) -> Option<TooLong> {
    names.into_iter().filter(|name| name.excess() > 0).max_by_key(TooLong::excess)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_tightest_name_decides_and_its_limit_is_inclusive() {
        let host = "data-example-org";
        let longest = EscapedUser::new(&"a".repeat(28)).unwrap();
        assert_eq!(workspace(host, &longest), None);
        let longer = EscapedUser::new(&"a".repeat(29)).unwrap();
        let found = workspace(host, &longer).unwrap();
        assert_eq!((found.what, found.excess()), ("the instance role", 1));
    }

    #[test]
    fn the_environment_must_leave_room_for_the_buckets_name() {
        let account = AccountId::new("111122223333").unwrap();
        assert_eq!(platform(&"a".repeat(47), &account), None);
        assert_eq!(platform(&"a".repeat(48), &account).unwrap().excess(), 1);
    }
}
