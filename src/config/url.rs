//! The URL of an origin: `https://host[:port]`, nothing more.
//!
//! A path prefix, a query or credentials would change every forwarded request in a surprising way.
//! An IP address, however it is spelled, is refused because a Worker cannot fetch it (error 1003):
//! every origin needs a host name.

use super::host::{NumericHost, numeric};
use std::fmt;
use std::net::{Ipv4Addr, Ipv6Addr};

/// The name of the machine itself.
const LOCALHOST: &str = "localhost";
/// What names of the machine itself end in. Source: RFC 6761 §6.3.
const UNDER_LOCALHOST: &str = ".localhost";

/// The URL of an origin, ready to be put before a path.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OriginUrl {
    base: String,
    host: String,
}

/// Why a text is not the URL of an origin.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum BadUrl {
    /// Neither `https://` nor `http://`.
    #[error("it does not start with `https://` or `http://`")]
    Scheme,
    /// Something follows the host and port.
    #[error("it has something after the host and port")]
    Extra,
    /// The host is not a DNS name.
    #[error("its host is not a DNS name")]
    Host,
    /// The host is an address, which `fetch` refuses.
    #[error("its host is an IP address, which a Worker cannot fetch (error 1003)")]
    Address,
    /// The host is an address in a spelling that does not look like one.
    #[error("its host is the IP address {0}, which a Worker cannot fetch (error 1003)")]
    Spelled(Ipv4Addr),
    /// The host is an address of the machine itself, or a name below `localhost`.
    #[error("its host is the machine itself; for a local run, write `localhost`")]
    Loopback,
    /// The host ends in a number, and is no address.
    #[error("its host ends in a number, so it is read as an IP address, and it is none")]
    Number,
    /// The host ends with a dot.
    #[error("its host ends with a dot; write it without")]
    FinalDot,
    /// The port is not 1 to 65535.
    #[error("its port is not between 1 and 65535")]
    Port,
}

impl OriginUrl {
    /// Reads `scheme://host[:port][/]`. Errors: [`BadUrl`].
    pub fn parse(text: &str) -> Result<Self, BadUrl> {
        let (scheme, rest) = text.split_once("://").ok_or(BadUrl::Scheme)?;
        if scheme != "https" && scheme != "http" {
            return Err(BadUrl::Scheme);
        }
        let authority = rest.strip_suffix('/').unwrap_or(rest);
        if authority.contains(['/', '?', '#', '@', '\\']) {
            return Err(BadUrl::Extra);
        }
        if let Some(rest) = authority.strip_prefix('[') {
            let ip = rest.split(']').next().and_then(|ip| ip.parse::<Ipv6Addr>().ok());
            let is_local = ip.is_some_and(|ip| ip.to_canonical().is_loopback());
            return Err(if is_local { BadUrl::Loopback } else { BadUrl::Address });
        }
        let (host, port) = match authority.split_once(':') {
            Some((host, port)) => (host, Some(port)),
            None => (authority, None),
        };
        if port.is_some_and(|p| !p.parse::<u16>().is_ok_and(|n| n > 0 && n.to_string() == p)) {
            return Err(BadUrl::Port);
        }
        let host = host.to_ascii_lowercase();
        is_a_name(&host)?;
        let port = port.map(|p| format!(":{p}")).unwrap_or_default();
        Ok(Self { base: format!("{scheme}://{host}{port}"), host })
    }

    /// The same of a whole URL, whatever follows its host and port. Errors: [`BadUrl`].
    pub fn of(url: &str) -> Result<Self, BadUrl> {
        let (scheme, rest) = url.split_once("://").ok_or(BadUrl::Scheme)?;
        let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
        Self::parse(&[scheme, "://", authority].concat())
    }

    /// The host, in lower case.
    #[must_use]
    pub fn host(&self) -> &str {
        &self.host
    }

    /// Scheme, host and port, without a trailing slash: append a path.
    #[must_use]
    pub fn base(&self) -> &str {
        &self.base
    }

    /// Scheme, another host and the port, to put before a path.
    #[must_use]
    pub fn with_host(&self, host: &str) -> String {
        let scheme = if self.is_https() { "https" } else { "http" };
        let port = self.port().map(|port| format!(":{port}")).unwrap_or_default();
        format!("{scheme}://{host}{port}")
    }

    /// Whether it uses TLS.
    #[must_use]
    pub fn is_https(&self) -> bool {
        self.base.starts_with("https:")
    }

    /// Whether it is on the machine itself, by the one name that the runtime also takes for that.
    /// Source: RFC 6761 §6.3.
    #[must_use]
    pub fn is_local(&self) -> bool {
        self.host == LOCALHOST
    }

    /// The port, if one is written.
    #[must_use]
    pub fn port(&self) -> Option<u16> {
        self.base.rsplit_once(':').and_then(|(_, port)| port.parse().ok())
    }
}

/// Whether a host is a name, and not the machine itself in another spelling. Errors: what it is.
fn is_a_name(host: &str) -> Result<(), BadUrl> {
    match numeric(host) {
        Some(NumericHost::Address(ip)) if ip.is_loopback() => return Err(BadUrl::Loopback),
        Some(NumericHost::Address(ip)) => return Err(BadUrl::Spelled(ip)),
        Some(NumericHost::Invalid) => return Err(BadUrl::Number),
        None => {}
    }
    if host.strip_suffix('.').unwrap_or(host).ends_with(UNDER_LOCALHOST) {
        return Err(BadUrl::Loopback);
    }
    if host.strip_suffix('.').is_some_and(is_dns_name) {
        return Err(BadUrl::FinalDot);
    }
    if is_dns_name(host) { Ok(()) } else { Err(BadUrl::Host) }
}

impl fmt::Display for OriginUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.base)
    }
}

/// Whether `name` is a DNS name in lower case: labels of 1 to 63 letters, digits, `-` and `_`, 253
/// bytes in all. Source: RFC 1035 §2.3.4; the underscore is for service labels.
pub(super) fn is_dns_name(name: &str) -> bool {
    let plain = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-' || b == b'_';
    let label = |l: &str| {
        (1..=63).contains(&l.len())
            && l.bytes().all(plain)
            && !l.starts_with('-')
            && !l.ends_with('-')
    };
    name.len() <= 253 && name.split('.').all(label)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scheme_host_and_port_are_kept() {
        for (text, base, host) in [
            ("https://eu1.example.com", "https://eu1.example.com", "eu1.example.com"),
            ("https://EU1.Example.com/", "https://eu1.example.com", "eu1.example.com"),
            ("http://eu1.example.com:8080", "http://eu1.example.com:8080", "eu1.example.com"),
        ] {
            let url = OriginUrl::parse(text).unwrap();
            assert_eq!((url.base(), url.host()), (base, host));
        }
    }

    #[test]
    fn another_host_takes_the_place_of_its_own_and_nothing_else_changes() {
        for (text, with_host) in [
            ("https://eu1.example.com", "https://api.example.com"),
            ("http://eu1.example.com:8080", "http://api.example.com:8080"),
            ("http://http", "http://api.example.com"),
        ] {
            assert_eq!(OriginUrl::parse(text).unwrap().with_host("api.example.com"), with_host);
        }
    }

    #[test]
    fn everything_else_is_refused_with_its_reason() {
        for (text, why) in [
            ("eu1.example.com", BadUrl::Scheme),
            ("ftp://eu1.example.com", BadUrl::Scheme),
            ("https://eu1.example.com/api", BadUrl::Extra),
            ("https://eu1.example.com?x", BadUrl::Extra),
            ("https://user@eu1.example.com", BadUrl::Extra),
            ("https://203.0.113.7", BadUrl::Spelled(Ipv4Addr::new(203, 0, 113, 7))),
            ("https://0xcb007107", BadUrl::Spelled(Ipv4Addr::new(203, 0, 113, 7))),
            ("https://0", BadUrl::Spelled(Ipv4Addr::UNSPECIFIED)),
            ("https://169.254.169.254", BadUrl::Spelled(Ipv4Addr::new(169, 254, 169, 254))),
            ("https://[2001:db8::1]", BadUrl::Address),
            ("https://[::]", BadUrl::Address),
            ("https://[::1]:8443", BadUrl::Loopback),
            ("https://[::ffff:127.0.0.1]", BadUrl::Loopback),
            ("https://[::ffff:7f00:1]", BadUrl::Loopback),
            ("https://0x7f000001", BadUrl::Loopback),
            ("https://0X7F000001", BadUrl::Loopback),
            ("https://2130706433", BadUrl::Loopback),
            ("https://127.1:9001", BadUrl::Loopback),
            ("https://0177.0.0.1", BadUrl::Loopback),
            ("https://127.0.0.1.", BadUrl::Loopback),
            ("https://eu.localhost", BadUrl::Loopback),
            ("https://eu.localhost.", BadUrl::Loopback),
            ("https://localhost.", BadUrl::FinalDot),
            ("https://eu1.example.com.", BadUrl::FinalDot),
            ("https://eu1.example.1", BadUrl::Number),
            ("https://127.0.0.256", BadUrl::Number),
            ("https://%31%32%37.1", BadUrl::Number),
            ("https://loc%61lhost", BadUrl::Host),
            ("https://eu1.example.com:0", BadUrl::Port),
            ("https://eu1.example.com:65536", BadUrl::Port),
            ("https://eu1.example.com:+80", BadUrl::Port),
            ("https://", BadUrl::Host),
            ("https://eu_1..com", BadUrl::Host),
            ("https://-eu.com", BadUrl::Host),
            ("https://é.com", BadUrl::Host),
        ] {
            assert_eq!(OriginUrl::parse(text), Err(why), "{text}");
        }
    }
}
