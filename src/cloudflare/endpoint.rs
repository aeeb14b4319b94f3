//! Where an origin of a pool is: its address and its port.
//!
//! A pool has a port for each of its origins, and 0 stands for the port of the visitor's protocol.
//! Several servers may share a host or an address and differ in their ports alone, so an address
//! without its port does not tell them apart.

use super::name::normal;
use crate::config::Origin;
use std::net::IpAddr;

/// The ports that a pool writes as 0: that of HTTP and that of HTTPS.
const PORTS: (u16, u16) = (80, 443);

/// Where an origin of the config is. A pool may have it by its host or by one of its addresses.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Endpoint {
    /// Its host.
    pub host: String,
    /// Its port; 0 is that of the scheme of its URL.
    pub port: u16,
    /// What 0 stands for.
    scheme_port: u16,
    /// Its addresses.
    ips: Vec<IpAddr>,
}

impl Endpoint {
    /// Where an origin is.
    #[must_use]
    pub fn of(origin: &Origin) -> Self {
        let scheme_port = if origin.url.is_https() { PORTS.1 } else { PORTS.0 };
        let port = origin.url.port().filter(|port| *port != scheme_port).unwrap_or(0);
        let ips = origin.ipv4.map(IpAddr::from).into_iter().chain(origin.ipv6.map(IpAddr::from));
        Self { host: origin.url.host().to_owned(), port, scheme_port, ips: ips.collect() }
    }

    /// What tells it apart from all others: its host, and its port where that is not the scheme's.
    #[must_use]
    pub fn key(&self) -> String {
        written(&self.host, self.port)
    }

    /// The port that is connected to.
    #[must_use]
    pub fn real_port(&self) -> u16 {
        if self.port == 0 { self.scheme_port } else { self.port }
    }

    /// Whether this is its host or one of its addresses, in any spelling.
    #[must_use]
    pub fn has_address(&self, address: &str) -> bool {
        normal(address) == self.host
            || address.parse::<IpAddr>().is_ok_and(|address| self.ips.contains(&address))
    }

    /// Whether a pool that has this address and port sends visitors to it.
    #[must_use]
    pub fn is_at(&self, address: &str, port: u16) -> bool {
        let is_port = if port == 0 { self.port == 0 } else { port == self.real_port() };
        is_port && self.has_address(address)
    }
}

/// An address with its port, as people write it; without the port where that is 0.
#[must_use]
pub(super) fn written(address: &str, port: u16) -> String {
    match port {
        0 => address.to_owned(),
        _ if address.contains(':') => format!("[{address}]:{port}"),
        _ => format!("{address}:{port}"),
    }
}

/// The address and port of what [`written`] wrote.
#[must_use]
pub(super) fn split(text: &str) -> (&str, u16) {
    let ported =
        text.rsplit_once(':').filter(|(host, _)| !host.contains(':') || host.ends_with(']'));
    match ported.map(|(host, port)| (host, port.parse())) {
        Some((host, Ok(port))) => (host.trim_start_matches('[').trim_end_matches(']'), port),
        _ => (text, 0),
    }
}

#[cfg(test)]
impl Endpoint {
    /// The endpoint that is written as `host` or `host:port`, behind HTTPS.
    pub(super) fn at(text: &str) -> Self {
        let (host, port) = text.split_once(':').unwrap_or((text, "0"));
        let port = port.parse().unwrap();
        Self { host: host.to_owned(), port, scheme_port: PORTS.1, ips: Vec::new() }
    }

    /// The same with an address.
    pub(super) fn with_ip(mut self, ip: &str) -> Self {
        self.ips.push(ip.parse().unwrap());
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::OriginUrl;
    use crate::ids::OriginId;

    fn endpoint(url: &str) -> Endpoint {
        Endpoint::of(&Origin {
            id: OriginId::parse("eu-a").unwrap(),
            url: OriginUrl::parse(url).unwrap(),
            ipv4: Some("192.0.2.1".parse().unwrap()),
            ipv6: Some("2001:db8::1".parse().unwrap()),
            host_header: None,
            addresses: Vec::new(),
        })
    }

    #[test]
    fn the_port_of_the_scheme_is_the_same_written_or_not() {
        for (url, key, real_port) in [
            ("https://eu1.example.net", "eu1.example.net", 443),
            ("https://eu1.example.net:443", "eu1.example.net", 443),
            ("http://eu1.example.net:80", "eu1.example.net", 80),
            ("http://eu1.example.net:443", "eu1.example.net:443", 443),
            ("https://eu1.example.net:8443", "eu1.example.net:8443", 8443),
        ] {
            let endpoint = endpoint(url);
            assert_eq!((&*endpoint.key(), endpoint.real_port()), (key, real_port), "{url}");
        }
    }

    #[test]
    fn a_port_of_zero_is_that_of_the_scheme_and_no_other() {
        let (plain, odd) =
            (endpoint("https://eu1.example.net"), endpoint("https://eu1.example.net:8443"));
        for (address, port, is_plain, is_odd) in [
            ("EU1.example.net.", 0, true, false),
            ("eu1.example.net", 443, true, false),
            ("eu1.example.net", 8443, false, true),
            ("eu1.example.net", 8442, false, false),
            ("192.0.2.1", 0, true, false),
            ("192.0.2.1", 8443, false, true),
            ("2001:DB8:0:0::1", 0, true, false),
            ("192.0.2.2", 0, false, false),
            ("eu2.example.net", 0, false, false),
        ] {
            assert_eq!(plain.is_at(address, port), is_plain, "{address} {port}");
            assert_eq!(odd.is_at(address, port), is_odd, "{address} {port}");
        }
    }

    #[test]
    fn an_address_is_written_so_that_its_port_can_be_told_from_it() {
        for (address, port, text) in [
            ("eu1.example.net", 0, "eu1.example.net"),
            ("eu1.example.net", 8443, "eu1.example.net:8443"),
            ("192.0.2.1", 65535, "192.0.2.1:65535"),
            ("2001:db8::1", 0, "2001:db8::1"),
            ("2001:db8::1", 8443, "[2001:db8::1]:8443"),
        ] {
            assert_eq!(written(address, port), text);
            assert_eq!(split(text), (address, port));
        }
    }
}
