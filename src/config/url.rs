//! The URL of an origin: `https://host[:port]`, nothing more.
//!
//! A path prefix, a query or credentials would change every forwarded request in a surprising way.
//! A bare IP address is refused because a Worker cannot fetch it (error 1003): every origin needs a
//! host name.

use std::fmt;
use std::net::IpAddr;

/// The name of the machine itself.
const LOCALHOST: &str = "localhost";

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
        if authority.starts_with('[') {
            return Err(BadUrl::Address);
        }
        let (host, port) = match authority.split_once(':') {
            Some((host, port)) => (host, Some(port)),
            None => (authority, None),
        };
        if port.is_some_and(|p| !p.parse::<u16>().is_ok_and(|n| n > 0 && n.to_string() == p)) {
            return Err(BadUrl::Port);
        }
        let host = host.to_ascii_lowercase();
        if host.parse::<IpAddr>().is_ok() {
            return Err(BadUrl::Address);
        }
        if !is_dns_name(&host) {
            return Err(BadUrl::Host);
        }
        let port = port.map(|p| format!(":{p}")).unwrap_or_default();
        Ok(Self { base: format!("{scheme}://{host}{port}"), host })
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
            ("https://203.0.113.7", BadUrl::Address),
            ("https://[2001:db8::1]", BadUrl::Address),
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
