//! The hidden first line of a text, by which it is found again: `<!-- nfplan v=1 key=… -->`.

use std::fmt;
use std::str::FromStr;

const START: &str = "<!-- nfplan ";
const END: &str = " -->";
const VERSION: &str = "v=1";
const KEY: &str = "key=";
const MOST_CHARACTERS: usize = 64;

/// Tells a project's text from those of others in the same place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Key(String);

/// What a text is, and of which project.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Marker {
    /// `drift`, or empty for a plan.
    kind: String,
    key: Key,
}

impl FromStr for Key {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let fits = |byte: u8| byte.is_ascii_alphanumeric() || b"._-".contains(&byte);
        if (1..=MOST_CHARACTERS).contains(&text.len()) && text.bytes().all(fits) {
            Ok(Self(text.to_owned()))
        } else {
            Err("a key has 1 to 64 letters, digits, dots, hyphens and underscores")
        }
    }
}

impl fmt::Display for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl Marker {
    /// The project's key.
    pub fn key(&self) -> &Key {
        &self.key
    }

    /// The marker of a text, if its first line is one.
    pub fn of(text: &str) -> Option<Self> {
        let line = text.lines().next()?;
        let words: Vec<&str> =
            line.strip_prefix(START)?.strip_suffix(END)?.split_whitespace().collect();
        let kind = words.first().filter(|word| !word.contains('=')).copied().unwrap_or_default();
        if !words.contains(&VERSION) {
            return None;
        }
        let key = words.iter().find_map(|word| word.strip_prefix(KEY))?;
        Some(Self { kind: kind.to_owned(), key: key.parse().ok()? })
    }
}

impl fmt::Display for Marker {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let gap = if self.kind.is_empty() { "" } else { " " };
        write!(f, "{START}{}{gap}{VERSION} {KEY}{}{END}", self.kind, self.key)
    }
}

/// A text with its marker, under another key if one is given; none if nothing says which key.
pub fn marked(text: &str, key: Option<&Key>) -> Option<(Marker, String)> {
    match (Marker::of(text), key) {
        (Some(marker), None) => Some((marker, text.to_owned())),
        (Some(marker), Some(key)) => {
            let (old, new) = (format!("{KEY}{}", marker.key), format!("{KEY}{key}"));
            let (line, rest) = text.split_once('\n').unwrap_or((text, ""));
            // What else the line says, as the digest of the plan, stays.
            let words: Vec<&str> =
                line.split(' ').map(|word| if word == old { &new } else { word }).collect();
            let text = format!("{}\n{rest}", words.join(" "));
            Some((Marker { kind: marker.kind, key: key.clone() }, text))
        }
        (None, Some(key)) => {
            let marker = Marker { kind: String::new(), key: key.clone() };
            let text = format!("{marker}\n{text}");
            Some((marker, text))
        }
        (None, None) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn only_a_whole_first_line_is_a_marker() {
        let of = |text: &str| Marker::of(text).map(|marker| (marker.kind, marker.key.0));
        let plan = |key: &str| Some((String::new(), key.to_owned()));
        assert_eq!(of("<!-- nfplan v=1 key=3b digest=sha256:00 -->\n### x"), plan("3b"));
        assert_eq!(of("<!-- nfplan v=1 key=3b -->\r\n### x"), plan("3b"));
        assert_eq!(
            of("<!-- nfplan drift v=1 key=3b -->"),
            Some(("drift".to_owned(), "3b".to_owned()))
        );
        for text in [
            "",
            "\n<!-- nfplan v=1 key=3b -->",
            " <!-- nfplan v=1 key=3b -->",
            "> <!-- nfplan v=1 key=3b -->",
            "<!-- nfplan v=2 key=3b -->",
            "<!-- nfplan v=1 key= -->",
            "<!-- nfplan v=1 key=3/b -->",
            "<!-- nfplan v=1 -->",
            "<!-- nfplan v=1 key=3b --> and more",
        ] {
            assert_eq!(of(text), None, "{text}");
        }
    }

    proptest! {
        #[test]
        fn what_is_marked_is_found_again_and_says_the_same(
            text in any::<String>(),
            key in "[A-Za-z0-9._-]{1,64}",
            other in "[A-Za-z0-9._-]{1,64}",
        ) {
            let (key, other): (Key, Key) = (key.parse().unwrap(), other.parse().unwrap());
            let (marker, first) = marked(&text, Some(&key)).unwrap();
            prop_assert_eq!(Marker::of(&first), Some(marker.clone()));
            prop_assert_eq!(marker.key(), &key);
            prop_assert!(first.ends_with(&text) || Marker::of(&text).is_some());
            prop_assert_eq!(marked(&first, None), Some((marker, first.clone())));
            let (moved, second) = marked(&first, Some(&other)).unwrap();
            prop_assert_eq!(Marker::of(&second), Some(moved));
            prop_assert_eq!(
                second.split_once('\n').map(|(_, rest)| rest),
                first.split_once('\n').map(|(_, rest)| rest)
            );
        }
    }
}
