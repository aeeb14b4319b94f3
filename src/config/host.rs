//! Which machine a host names, as the runtime's URL parser reads it.
//!
//! To that parser `0x7f000001`, `2130706433`, `127.1` and `0177.0.0.1` are spellings of 127.0.0.1,
//! and none of them looks like an address. Source: the URL Standard (WHATWG), §3.5, "ends in a
//! number checker" and "IPv4 parser". A whole URL parser would be 70 KB of wasm, most of it tables
//! for names that are not ASCII, which are refused here anyway. A property holds this one to the
//! crate `url`.

use std::net::{IpAddr, Ipv4Addr};

/// Endings of names that public DNS does not have. Source: RFC 6761 §6.4, RFC 6762 §3, RFC 7686
/// §2, RFC 8375 §4, and ICANN's reservation of `internal` (2024-07-29).
const PRIVATE_ENDINGS: [&str; 5] = [".home.arpa", ".internal", ".invalid", ".local", ".onion"];

/// The ending that makes a host a name of a private network, if it has one.
pub(super) fn private_ending(host: &str) -> Option<&'static str> {
    PRIVATE_ENDINGS.into_iter().find(|ending| host.ends_with(ending))
}

/// What a host that a URL parser does not take for a name is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum NumericHost {
    /// An IPv4 address.
    Address(Ipv4Addr),
    /// It ends in a number, so it must be an address, and it is none.
    Invalid,
}

/// Reads a host that ends in a number; `None` if it does not, so that it may be a name. `host` is
/// in lower case.
pub(super) fn numeric(host: &str) -> Option<NumericHost> {
    let host = host.strip_suffix('.').unwrap_or(host);
    let last = host.rsplit('.').next().unwrap_or_default();
    let is_digits = !last.is_empty() && last.bytes().all(|b| b.is_ascii_digit());
    if !is_digits && number(last).is_none() {
        return None;
    }
    Some(address(host).map_or(NumericHost::Invalid, NumericHost::Address))
}

/// Up to four numbers, each of one byte, and the last of all bytes that remain.
fn address(host: &str) -> Option<Ipv4Addr> {
    let numbers = host.split('.').map(number).collect::<Option<Vec<u64>>>()?;
    let (last, bytes) = numbers.split_last()?;
    let remaining = 4_usize.checked_sub(bytes.len()).filter(|remaining| *remaining > 0)?;
    if bytes.iter().any(|byte| *byte > 255) || *last >= 1 << (8 * remaining) {
        return None;
    }
    let places = bytes.iter().zip([24, 16, 8]);
    let first: u64 = places.map(|(byte, place)| byte << place).sum();
    u32::try_from(first + last).ok().map(Ipv4Addr::from)
}

/// A number in base 16 after `0x`, in base 8 after `0`, and in base 10 otherwise. One that is too
/// large for any address is some number that is.
fn number(text: &str) -> Option<u64> {
    let hex = text.strip_prefix("0x");
    let octal = text.strip_prefix('0').filter(|rest| !rest.is_empty());
    let (digits, radix) = match (hex, octal) {
        (Some(""), _) => return Some(0),
        (Some(hex), _) => (hex, 16),
        (None, Some(octal)) => (octal, 8),
        (None, None) => (text, 10),
    };
    let is_number = !digits.is_empty() && digits.chars().all(|digit| digit.is_digit(radix));
    is_number.then(|| u64::from_str_radix(digits, radix).unwrap_or(1 << 33))
}

/// Why nobody on the Internet can reach an address; `None` if somebody may. An IPv4 address inside
/// of an IPv6 one (`::ffff:192.0.2.1`) is never on the wire.
pub(super) fn unreachable(ip: IpAddr) -> Option<&'static str> {
    let is_link_local = match ip {
        IpAddr::V4(ip) => ip.is_link_local(),
        IpAddr::V6(ip) => ip.is_unicast_link_local(),
    };
    let of_its_kind = match ip {
        IpAddr::V4(ip) => match ip.octets() {
            [0, ..] => Some("no machine's own"),
            [240..=255, ..] => Some("reserved"),
            _ => None,
        },
        IpAddr::V6(ip) => {
            let mapped = "an IPv4 address in another form, which belongs into `ipv4`";
            ip.to_ipv4_mapped().map(|_| mapped)
        }
    };
    match ip {
        _ if ip.is_unspecified() => Some("no machine's own"),
        _ if ip.is_loopback() => Some("that of the machine itself (loopback)"),
        _ if is_link_local => Some("good on one link only (link-local)"),
        _ if ip.is_multicast() => Some("that of a group (multicast)"),
        _ => of_its_kind,
    }
}

/// The host of a URL, in lower case. `None` if the text has no scheme.
pub(super) fn host_of(url: &str) -> Option<String> {
    let host = url.split("://").nth(1)?.split(['/', ':', '?', '#']).next()?;
    Some(host.to_ascii_lowercase())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use url::Host;

    const LOCALHOST: NumericHost = NumericHost::Address(Ipv4Addr::LOCALHOST);

    #[test]
    fn one_address_has_many_spellings() {
        for host in [
            "127.0.0.1",
            "0x7f000001",
            "2130706433",
            "127.1",
            "127.0.1",
            "0177.0.0.1",
            "0x7f.0.0.0x1",
            "017700000001",
            "127.0.0.1.",
            "0x7f.1",
        ] {
            assert_eq!(numeric(host), Some(LOCALHOST), "{host}");
        }
        assert_eq!(numeric("0"), Some(NumericHost::Address(Ipv4Addr::UNSPECIFIED)));
        assert_eq!(numeric("0x"), Some(NumericHost::Address(Ipv4Addr::UNSPECIFIED)));
        assert_eq!(numeric("4294967295"), Some(NumericHost::Address(Ipv4Addr::BROADCAST)));
    }

    #[test]
    fn what_ends_in_a_number_and_is_no_address_is_no_name_either() {
        for host in [
            "4294967296",
            "1.2.3.256",
            "256.0.0.1",
            "1.2.3.4.5",
            "a.1",
            "08",
            "1.0x100000000",
            "eu1.example.1",
            "18446744073709551616",
        ] {
            assert_eq!(numeric(host), Some(NumericHost::Invalid), "{host}");
        }
        for host in ["eu1.example.com", "1.com", "0x7g", "127.0.0.one", "", "a"] {
            assert_eq!(numeric(host), None, "{host}");
        }
    }

    #[test]
    fn an_address_is_reachable_or_it_is_said_why_not() {
        for (ip, reachable) in [
            ("0.0.0.0", false),
            ("0.1.2.3", false),
            ("127.9.9.9", false),
            ("169.254.0.1", false),
            ("224.0.0.1", false),
            ("239.255.255.255", false),
            ("240.0.0.1", false),
            ("255.255.255.255", false),
            ("223.255.255.255", true),
            ("10.0.0.1", true),
            ("1.0.0.0", true),
            ("192.0.2.1", true),
        ] {
            assert_eq!(unreachable(ip.parse().unwrap()).is_none(), reachable, "{ip}");
        }
        for (ip, reachable) in [
            ("::", false),
            ("::1", false),
            ("fe80::1", false),
            ("ff02::1", false),
            ("::ffff:127.0.0.1", false),
            ("::ffff:7f00:1", false),
            ("2001:db8::1", true),
            ("fd00::1", true),
        ] {
            assert_eq!(unreachable(ip.parse().unwrap()).is_none(), reachable, "{ip}");
        }
    }

    fn part() -> impl Strategy<Value = String> {
        prop_oneof![
            (0_u64..300).prop_map(|n| n.to_string()),
            any::<u32>().prop_map(|n| n.to_string()),
            (0_u64..1 << 34).prop_map(|n| format!("0x{n:x}")),
            (0_u64..1 << 34).prop_map(|n| format!("0{n:o}")),
            "[0-9a-fx]{1,4}",
            Just("0x".to_owned()),
            Just("a".to_owned()),
        ]
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(4_096))]

        #[test]
        fn a_host_is_read_as_the_url_crate_reads_it(
            parts in prop::collection::vec(part(), 1..6),
            dot in any::<bool>(),
        ) {
            let host = parts.join(".") + if dot { "." } else { "" };
            let theirs = match Host::parse(&host) {
                Ok(Host::Domain(_)) => None,
                Ok(Host::Ipv4(ip)) => Some(NumericHost::Address(ip)),
                Ok(Host::Ipv6(_)) | Err(_) => Some(NumericHost::Invalid),
            };
            prop_assert_eq!(numeric(&host), theirs, "{}", host);
        }
    }
}
