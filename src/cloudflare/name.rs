//! Names in the form that is compared. DNS ignores case and the final dot, and a name outside ASCII
//! equals its Punycode (RFC 3492, RFC 5890). Letters outside ASCII are expected in lower case, as
//! the API shows them. An IPv6 address has many forms, of which one is written (RFC 5952).

use std::net::Ipv6Addr;

/// The prefix of a Punycode label.
const ACE: &str = "xn--";

/// A name or record content in the form that is compared and written.
pub(super) fn normal(name: &str) -> String {
    let name = name.trim_end_matches('.');
    if name.contains(':')
        && let Ok(address) = name.parse::<Ipv6Addr>()
    {
        return address.to_string();
    }
    if name.is_ascii() {
        return name.to_ascii_lowercase();
    }
    name.split(['.', '\u{3002}']).map(label).collect::<Vec<_>>().join(".")
}

/// The wildcards that may answer a name of the zone which has no record, the nearest first.
pub(super) fn wildcards(name: &str, zone: &str) -> Vec<String> {
    let mut wildcards = Vec::new();
    let mut rest = name;
    while rest != zone
        && let Some((_, parent)) = rest.split_once('.')
    {
        wildcards.push(format!("*.{parent}"));
        rest = parent;
    }
    wildcards
}

fn label(label: &str) -> String {
    let lower = label.to_ascii_lowercase();
    if lower.is_ascii() {
        return lower;
    }
    // What cannot be encoded is not a name and equals none.
    punycode::encode(&lower).map_or_else(|()| lower, |encoded| format!("{ACE}{encoded}"))
}

#[cfg(test)]
mod tests {
    use super::{normal, wildcards};

    #[test]
    fn names_that_dns_takes_for_one_are_one() {
        for (written, name) in [
            ("EU1.Example.com.", "eu1.example.com"),
            ("bücher.example", "xn--bcher-kva.example"),
            ("BüCHER.example.", "xn--bcher-kva.example"),
            ("xn--bcher-kva.example", "xn--bcher-kva.example"),
            ("例え.テスト", "xn--r8jz45g.xn--zckzah"),
            ("192.0.2.1", "192.0.2.1"),
            ("2001:DB8::1", "2001:db8::1"),
            ("2001:db8:0:0:0:0:0:1", "2001:db8::1"),
            ("::ffff:192.0.2.1", "::ffff:192.0.2.1"),
        ] {
            assert_eq!(normal(written), name, "{written}");
        }
    }

    #[test]
    fn a_name_is_under_the_wildcards_of_what_lies_above_it_in_its_zone() {
        let over = |name| wildcards(name, "example.com");
        assert_eq!(over("example.com"), [""; 0]);
        assert_eq!(over("a.example.com"), ["*.example.com"]);
        assert_eq!(over("a.b.example.com"), ["*.b.example.com", "*.example.com"]);
    }
}
