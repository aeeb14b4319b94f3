//! Identifies a client without a cookie, by the network that it comes from.
//!
//! Canaries and shares must treat a client alike from request to request. Its address does that for
//! the length of a visit, which is enough.
//!
//! An IPv4 address counts in full. Of an IPv6 address only the first 64 bits count: privacy
//! extensions (RFC 8981) change the rest every day, so the full address would put one visitor on
//! both sides of a canary. Fewer bits of an IPv4 address would put whole offices on one side;
//! carrier-grade NAT already does.
//!
//! An address is personal data (`ARCHITECTURE.md`, invariant 9). The key is a salted hash of it,
//! but with only 2^32 addresses to try it is easy to reverse. So the key has no `Serialize` and no
//! `Display`, and must not be stored or shown.

use super::stable_hash::StableHash;
use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// Identifies a client for the length of one decision.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct ClientKey(StableHash);

impl ClientKey {
    /// The key of the client at the address `text`, such as `192.0.2.1` or `2001:db8::1`. With
    /// another `salt` (the service's id) the same client has another key. `None` if the text is not
    /// exactly one address: a list, or an address with a port, a zone or a space.
    #[must_use]
    pub fn of_address(salt: &str, text: &str) -> Option<Self> {
        let network = match text.parse().ok()? {
            IpAddr::V4(address) => of_v4(address),
            IpAddr::V6(address) => address.to_ipv4_mapped().map_or_else(|| of_v6(address), of_v4),
        };
        Some(Self(StableHash::of_number(salt, network)))
    }

    /// The hash to choose with.
    #[must_use]
    pub fn hash(self) -> StableHash {
        self.0
    }
}

impl fmt::Debug for ClientKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[redacted]")
    }
}

/// As if it were the network `0:ffff:<address>::/64`, which lies outside of `2000::/3` and so is
/// nobody's.
fn of_v4(address: Ipv4Addr) -> u64 {
    0x0000_ffff_0000_0000 | u64::from(address.to_bits())
}

fn of_v6(address: Ipv6Addr) -> u64 {
    let [a, b, c, d, ..] = address.segments();
    [a, b, c, d].into_iter().fold(0, |bits, segment| (bits << 16) | u64::from(segment))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(text: &str) -> ClientKey {
        ClientKey::of_address("api", text).unwrap()
    }

    #[test]
    fn an_ipv4_address_counts_whole() {
        assert_eq!(key("192.0.2.1"), key("192.0.2.1"));
        assert_ne!(key("192.0.2.1"), key("192.0.2.2"));
    }

    #[test]
    fn an_ipv6_address_counts_by_its_first_64_bits() {
        assert_eq!(key("2001:db8:1:2::1"), key("2001:DB8:1:2:ffff:ffff:ffff:ffff"));
        assert_ne!(key("2001:db8:1:2::1"), key("2001:db8:1:3::1"));
        assert_eq!(of_v6("2001:db8:1:2::1".parse().unwrap()), 0x2001_0db8_0001_0002);
    }

    #[test]
    fn an_ipv4_address_in_the_clothes_of_ipv6_is_the_same_client() {
        assert_eq!(key("::ffff:192.0.2.1"), key("192.0.2.1"));
        assert_eq!(key("::ffff:c000:201"), key("192.0.2.1"));
        assert_ne!(key("::ffff:192.0.2.1"), key("::ffff:192.0.2.2"));
        assert_ne!(key("::"), key("0.0.0.0"));
    }

    #[test]
    fn under_another_salt_a_client_has_another_key() {
        assert_ne!(ClientKey::of_address("web", "192.0.2.1"), Some(key("192.0.2.1")));
    }

    #[test]
    fn what_is_not_one_address_stands_for_nobody() {
        for odd in [
            "",
            " ",
            "unknown",
            "192.0.2",
            "192.0.2.1:443",
            "192.0.2.1 ",
            " 192.0.2.1",
            "192.0.2.1, 198.51.100.1",
            "192.0.02.1",
            "256.0.0.1",
            "0x7f.1",
            "192.0.2.1/32",
            "[2001:db8::1]",
            "fe80::1%eth0",
            "2001:db8::1::",
            ":::",
            "2001:db8::g",
            "１.2.3.4",
        ] {
            assert_eq!(ClientKey::of_address("api", odd), None, "{odd:?}");
        }
    }

    #[test]
    fn neighbours_are_spread_over_a_canary() {
        let admitted = (0..=255_u8)
            .flat_map(|c| (0..=255_u8).map(move |d| format!("10.1.{c}.{d}")))
            .filter(|text| key(text).hash().admitted(10))
            .count();
        assert!(admitted.abs_diff(6_554) < 400, "{admitted}");
    }

    #[test]
    fn it_is_not_printed() {
        assert_eq!(format!("{:?}", key("192.0.2.1")), "[redacted]");
    }
}
