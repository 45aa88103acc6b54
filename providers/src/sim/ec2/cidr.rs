//! IPv4 address ranges.

use std::net::Ipv4Addr;

/// A range of addresses.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Range {
    first: u32,
    last: u32,
    /// The length of the prefix.
    pub(crate) prefix: u32,
}

impl Range {
    /// Parses `192.168.0.0/16`.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let (address, prefix) = text.split_once('/')?;
        let prefix: u32 = prefix.parse().ok().filter(|prefix| *prefix <= 32)?;
        let first = address.parse::<Ipv4Addr>().ok()?.to_bits();
        let host = u32::MAX.checked_shr(prefix).unwrap_or(0);
        Some(Self { first: first & !host, last: first | host, prefix })
    }

    pub(crate) fn contains(self, other: Self) -> bool {
        self.first <= other.first && other.last <= self.last
    }

    pub(crate) fn overlaps(self, other: Self) -> bool {
        self.first <= other.last && other.first <= self.last
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_know_what_they_contain_and_overlap() {
        let range = |text| Range::parse(text).unwrap();
        assert!(range("192.168.0.0/16").contains(range("192.168.48.0/20")));
        assert!(!range("192.168.0.0/16").contains(range("192.169.0.0/20")));
        assert!(range("10.0.0.0/20").overlaps(range("10.0.15.0/24")));
        assert!(!range("10.0.0.0/20").overlaps(range("10.0.16.0/20")));
        assert!(range("0.0.0.0/0").contains(range("255.255.255.255/32")));
        assert_eq!(Range::parse("10.0.0.0/33"), None);
    }
}
