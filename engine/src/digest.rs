//! Digests of canonical JSON: equal content gives equal digests on every machine.

use std::fmt;
use std::fmt::Write as _;
use std::hash::Hash;
use std::hash::Hasher;
use std::str::FromStr;

use serde::Deserialize;
use serde::Deserializer;
use serde::Serialize;
use serde::Serializer;
use serde::de::Error as _;
use sha2::Digest as _;
use sha2::Sha256;

use crate::address::NameError;

/// SHA-256 over RFC 8785 JSON. Written `sha256:` and 64 hexadecimal digits.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Digest([u8; 32]);

impl Digest {
    /// The digest of a value's canonical JSON.
    ///
    /// # Panics
    /// If the value has map keys that are no text, or floats: none of this project's types do.
    pub fn of(value: &impl Serialize) -> Self {
        let canonical = serde_json_canonicalizer::to_vec(value)
            .expect("types of this project have canonical JSON");
        Self::of_bytes(&canonical)
    }

    /// The digest of bytes as they are.
    pub fn of_bytes(bytes: &[u8]) -> Self {
        Self(Sha256::digest(bytes).into())
    }

    /// The digest of what a value hashes: cheaper than [`Digest::of`], and no text is made.
    ///
    /// It is the same in every process of one build of nfplan on one kind of machine, and means
    /// nothing elsewhere: what hashing feeds a hasher is no format.
    pub fn of_hash(value: &impl Hash) -> Self {
        let mut hasher = Hashing(Sha256::new());
        value.hash(&mut hasher);
        Self(hasher.0.finalize().into())
    }

    /// The 64 hexadecimal digits, without the prefix.
    pub fn hex(&self) -> String {
        self.0.iter().fold(String::with_capacity(64), |mut text, byte| {
            let _ = write!(text, "{byte:02x}");
            text
        })
    }

    /// The first 12 digits: enough for people to compare.
    pub fn short(&self) -> String {
        self.hex()[..12].to_owned()
    }
}

/// SHA-256 as a hasher of the standard library.
struct Hashing(Sha256);

impl Hasher for Hashing {
    fn write(&mut self, bytes: &[u8]) {
        self.0.update(bytes);
    }

    fn finish(&self) -> u64 {
        let digest: [u8; 32] = self.0.clone().finalize().into();
        let (start, _) = digest.split_first_chunk().expect("32 bytes are more than 8");
        u64::from_be_bytes(*start)
    }
}

impl fmt::Display for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "sha256:{}", self.hex())
    }
}

impl fmt::Debug for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl FromStr for Digest {
    type Err = NameError;
    fn from_str(text: &str) -> Result<Self, NameError> {
        let error = || NameError {
            text: text.into(),
            expected: "a digest: sha256: and 64 hexadecimal digits",
        };
        let hex = text.strip_prefix("sha256:").filter(|hex| hex.len() == 64).ok_or_else(error)?;
        let mut bytes = [0; 32];
        for (byte, pair) in bytes.iter_mut().zip(hex.as_bytes().chunks(2)) {
            let pair = std::str::from_utf8(pair).map_err(|_| error())?;
            *byte = u8::from_str_radix(pair, 16).map_err(|_| error())?;
        }
        Ok(Self(bytes))
    }
}

impl Serialize for Digest {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Digest {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
        text.parse().map_err(D::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_digest_is_the_sha256_of_canonical_json() {
        let value: serde_json::Value = serde_json::from_str(r#"{"b":1,"a":"é"}"#).unwrap();
        let digest = Digest::of(&value);
        assert_eq!(digest, Digest::of_bytes(r#"{"a":"é","b":1}"#.as_bytes()));
        assert_eq!(digest.to_string().parse::<Digest>().unwrap(), digest);
    }

    #[test]
    fn what_hashes_alike_has_the_same_digest_and_nothing_else_has() {
        let digest = |texts: &[&str]| Digest::of_hash(&texts);
        assert_eq!(digest(&["ab", "c"]), digest(&["ab", "c"]));
        assert_ne!(digest(&["ab", "c"]), digest(&["a", "bc"]));
    }
}
