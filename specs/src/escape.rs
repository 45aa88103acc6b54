//! User names as parts of AWS names, by Hatchery's rule, so that what Hatchery made can be adopted.
//!
//! The rule walks the name by code point: `a-z` and `0-9` stay, everything else becomes a hyphen
//! and its lower-case hexadecimal value, padded with a space to two digits. It is injective for
//! printable ASCII only: `中` and `N2d` both give `-4e2d`, and a control character gives a space,
//! which no AWS name may hold. As the escaped name is a tenant's boundary in bucket and IAM, nfplan
//! refuses every other character.

use std::fmt::Write as _;

use nfplan_engine::address::EscapedUser;

/// Why a user name cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, thiserror::Error)]
pub enum UserError {
    /// There is nothing to escape.
    #[error("a user name must not be empty")]
    Empty,
    /// A character outside printable ASCII.
    #[error(
        "user name {user:?} has the character {character:?}: only printable ASCII has an escaped \
         form that no other user name shares"
    )]
    Character {
        /// The user name.
        user: String,
        /// The first character that is refused.
        character: char,
    },
}

/// The escaped form of a user name, if it has one that is legal and nobody else's.
pub fn escape_user(user: &str) -> Result<EscapedUser, UserError> {
    if user.is_empty() {
        return Err(UserError::Empty);
    }
    if let Some(character) = user.chars().find(|character| !matches!(character, ' '..='~')) {
        return Err(UserError::Character { user: user.into(), character });
    }
    let escaped = hatchery_escape(user);
    Ok(EscapedUser::new(&escaped).expect("escaped printable ASCII is a-z, 0-9 and hyphens"))
}

/// Hatchery's rule as it is, for any text.
pub fn hatchery_escape(text: &str) -> String {
    text.chars().fold(String::with_capacity(text.len()), |mut escaped, character| {
        match character {
            'a'..='z' | '0'..='9' => escaped.push(character),
            other => write!(escaped, "-{:>2x}", u32::from(other)).expect("a String takes all text"),
        }
        escaped
    })
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use proptest::prelude::*;
    use proptest::test_runner::RngSeed;

    use super::*;

    #[test]
    fn names_are_escaped_as_hatchery_does() {
        let cases = [
            ("alice", "alice"),
            ("alice@uchicago.edu", "alice-40uchicago-2eedu"),
            ("a-b_c+d", "a-2db-5fc-2bd"),
            ("Alice B", "-41lice-20-42"),
            ("é", "-e9"),
            ("中", "-4e2d"),
            ("N2d", "-4e2d"),
            ("\t", "- 9"),
            ("\u{fffd}", "-fffd"),
            ("user1@example.org", "user1-40example-2eorg"),
        ];
        for (user, escaped) in cases {
            assert_eq!(hatchery_escape(user), escaped, "{user:?}");
        }
    }

    #[test]
    fn names_whose_escaped_form_is_illegal_or_shared_are_refused() {
        assert_eq!(escape_user(""), Err(UserError::Empty));
        for (user, character) in [("é", 'é'), ("a中", '中'), ("a\tb", '\t'), ("a\u{7f}", '\u{7f}')]
        {
            let refused = UserError::Character { user: user.into(), character };
            assert_eq!(escape_user(user), Err(refused));
        }
    }

    fn cases() -> ProptestConfig {
        let rng_seed = RngSeed::Fixed(7);
        ProptestConfig { rng_seed, failure_persistence: None, ..ProptestConfig::default() }
    }

    proptest! {
        #![proptest_config(cases())]

        #[test]
        fn no_two_accepted_names_share_an_escaped_form(
            users in prop::collection::btree_set("[ -~]{1,4}", 2..40),
        ) {
            let escaped: BTreeSet<_> = users.iter().map(|user| escape_user(user)).collect();
            prop_assert_eq!(escaped.len(), users.len());
            prop_assert!(escaped.iter().all(Result::is_ok));
        }
    }
}
