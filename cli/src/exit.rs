//! Exit codes: an interface that pipelines rely on.

/// How a command ended. The numbers never change their meaning.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Exit {
    /// 0: fine; for `plan` also with changes, unless asked otherwise.
    Fine,
    /// 1: an error.
    Error,
    /// 2: changes are planned, or the answer is no, and the caller asked to be told; or something
    /// drifted.
    Changes,
    /// 3: changes are planned that `--auto-approve` does not cover, and the caller asked to be told.
    Findings,
    /// 4: something could not be read.
    Unreadable,
    /// 5: failed, and everything is as it was before.
    RolledBack,
    /// 6: failed, and something is left half-done.
    Stuck,
    /// 7: refused: the plan is out of date, a guard, an approval.
    Refused,
    /// 8: another process holds a lease.
    Leased,
    /// 9: applied, and something still awaits deletion.
    Leftovers,
    /// 64: the command line makes no sense.
    Usage,
    /// 65: the specs are invalid, or a pin is missing.
    InvalidSpecs,
    /// 77: a permission is missing.
    Denied,
    /// 130: interrupted by SIGINT.
    Interrupted,
    /// 143: interrupted by SIGTERM.
    Terminated,
}

impl Exit {
    /// All, in the order of their codes.
    pub const ALL: [Self; 15] = [
        Self::Fine,
        Self::Error,
        Self::Changes,
        Self::Findings,
        Self::Unreadable,
        Self::RolledBack,
        Self::Stuck,
        Self::Refused,
        Self::Leased,
        Self::Leftovers,
        Self::Usage,
        Self::InvalidSpecs,
        Self::Denied,
        Self::Interrupted,
        Self::Terminated,
    ];

    /// What it says, in a few words.
    pub fn meaning(self) -> &'static str {
        match self {
            Self::Fine => "fine",
            Self::Error => "an error",
            Self::Changes => "drift; or changes, with --detailed-exitcode; or no, with --check",
            Self::Findings => "changes that need --allow, with --detailed-exitcode",
            Self::Unreadable => "something could not be read",
            Self::RolledBack => "failed, and rolled back clean",
            Self::Stuck => "stuck: something is left, and named",
            Self::Refused => "refused: a guard, an approval, or nothing matches",
            Self::Leased => "another process is at work on the unit",
            Self::Leftovers => "applied, and something still awaits deletion",
            Self::Usage => "the command line makes no sense",
            Self::InvalidSpecs => "the specs are invalid, or a pin is missing",
            Self::Denied => "a permission is missing",
            Self::Interrupted => "interrupted; the next apply goes on from there",
            Self::Terminated => "terminated; the next apply goes on from there",
        }
    }

    /// The process's exit code.
    pub fn code(self) -> u8 {
        match self {
            Self::Fine => 0,
            Self::Error => 1,
            Self::Changes => 2,
            Self::Findings => 3,
            Self::Unreadable => 4,
            Self::RolledBack => 5,
            Self::Stuck => 6,
            Self::Refused => 7,
            Self::Leased => 8,
            Self::Leftovers => 9,
            Self::Usage => 64,
            Self::InvalidSpecs => 65,
            Self::Denied => 77,
            Self::Interrupted => 130,
            Self::Terminated => 143,
        }
    }

    /// Where it stands when several hold; greater is worse.
    fn rank(self) -> u8 {
        match self {
            Self::Fine => 0,
            Self::Changes => 1,
            Self::Findings => 2,
            Self::Leftovers => 3,
            Self::Unreadable => 4,
            Self::Denied => 5,
            Self::Refused => 6,
            Self::Leased => 7,
            Self::RolledBack => 8,
            Self::Error => 9,
            Self::Stuck => 10,
            Self::Interrupted => 11,
            Self::Terminated => 12,
            Self::Usage | Self::InvalidSpecs => 13,
        }
    }

    /// The worse of two.
    #[must_use]
    pub fn worse(self, other: Self) -> Self {
        if other.rank() > self.rank() { other } else { self }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_are_listed_by_code() {
        assert!(Exit::ALL.windows(2).all(|pair| pair[0].code() < pair[1].code()));
    }

    #[test]
    fn the_worst_wins_in_the_documented_order() {
        let order = [
            Exit::Interrupted,
            Exit::Stuck,
            Exit::Error,
            Exit::RolledBack,
            Exit::Leased,
            Exit::Refused,
            Exit::Denied,
            Exit::Unreadable,
            Exit::Leftovers,
            Exit::Findings,
            Exit::Changes,
            Exit::Fine,
        ];
        for pair in order.windows(2) {
            assert_eq!(pair[1].worse(pair[0]), pair[0]);
            assert_eq!(pair[0].worse(pair[1]), pair[0]);
        }
    }
}
