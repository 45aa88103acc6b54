//! Ids as AWS makes them, but always the same ones: a counter of the account, hashed.

use nfplan_engine::address::AccountId;
use nfplan_engine::digest::Digest;
use secrecy::SecretString;

/// Makes the ids of one object.
#[derive(Debug)]
pub(crate) struct Mint {
    hex: String,
}

impl Mint {
    pub(crate) fn new(account: &AccountId, counter: u64) -> Self {
        Self { hex: Digest::of_bytes(format!("{account}/{counter}").as_bytes()).hex() }
    }

    /// `vpc-0123456789abcdef0`.
    pub(crate) fn resource(&self, prefix: &str) -> String {
        format!("{prefix}-0{}", &self.hex[..16])
    }

    /// `AROA…`: a prefix and upper-case letters and digits, 20 or 21 characters in all.
    pub(crate) fn unique(&self, prefix: &str, length: usize) -> String {
        let alphabet = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
        let digits = self.hex.bytes().zip(self.hex.bytes().skip(1));
        let letters = digits
            .map(|(a, b)| alphabet[(usize::from(a) * 7 + usize::from(b)) % alphabet.len()] as char);
        prefix.chars().chain(letters.take(length)).collect()
    }

    /// `01234567-89ab-cdef-0123-456789abcdef`.
    pub(crate) fn uuid(&self) -> String {
        let hex = &self.hex;
        [&hex[..8], &hex[8..12], &hex[12..16], &hex[16..20], &hex[20..32]].join("-")
    }

    /// The random end of a secret's ARN.
    pub(crate) fn suffix(&self) -> &str {
        &self.hex[..6]
    }
}

/// The secret access key of a key id. It follows from the id, so that no file need keep it.
pub(crate) fn secret_access_key(key_id: &str) -> SecretString {
    let digest = Digest::of_bytes(format!("simulated secret access key of {key_id}").as_bytes());
    let (one, other) = (&digest.hex()[..18], &digest.hex()[18..34]);
    // AWS's have letters, digits, `/` and `+`. These have what is hardest to quote as well, so that a
    // leak in any disguise is noticed.
    SecretString::from(format!("{one}/+=\"\\'{other}"))
}
