//! Which host an origin is told in `Host`, and how.
//!
//! By default it is told the host of its own URL. A shared ingress, or a certificate for the public
//! name, needs another. A Worker cannot set `Host`: it always is the host of the URL that is
//! fetched. So the URL is fetched with the other host, and `resolve` says whose address to connect
//! to (`resolveOverride`). The TLS handshake asks for the URL's host then, too. Cloudflare does so
//! only if both names are in the zone of the Worker (ADR-0017).

use super::{Config, Monitor, MonitorKind, Origin, ProbeRequest, ProbeScheme, Service, TCP_SCHEME};
use crate::ids::{MonitorId, RegionId};
use std::net::SocketAddr;

/// What to fetch so that an origin is told a host.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Asked {
    /// The URL.
    pub url: String,
    /// The host to connect to, if it is not the URL's.
    pub resolve: Option<String>,
}

impl Origin {
    /// The host that requests of a service tell it; `None` if that is its own.
    #[must_use]
    pub fn told_by<'a>(&'a self, service: &'a Service) -> Option<&'a str> {
        let told = self.host_header.as_deref().or(service.host_header.as_deref());
        told.filter(|host| *host != self.url.host())
    }
}

impl Config {
    /// The host that probes of a target tell the origin; `None` if that is its own. The monitor's
    /// own goes before what clients' requests tell it. Services that share a target tell the same,
    /// or the config is rejected.
    #[must_use]
    fn told_by_probes<'c>(
        &'c self,
        (region, origin): (&RegionId, &'c Origin),
        id: &MonitorId,
    ) -> Option<&'c str> {
        let monitor = self.monitors.get(id)?;
        if let Some(host) = monitor.asking.host_header.as_deref() {
            return (host != origin.url.host()).then_some(host);
        }
        if origin.host_header.is_none() && self.services.values().all(|s| s.host_header.is_none()) {
            return None;
        }
        let mut services = self.services.values().filter(|service| {
            service.regions.contains(region) && self.leaves(&service.monitor).contains(id)
        });
        origin.told_by(services.next()?)
    }

    /// What probes of a monitor fetch of an origin, which stands with its region; of one that only
    /// connects, `tcp://` with host and port.
    #[must_use]
    pub fn asked_by_probes(&self, place: (&RegionId, &Origin), id: &MonitorId) -> Option<Asked> {
        let (_, origin) = place;
        let monitor = self.monitors.get(id)?;
        let own = origin.url.host();
        if monitor.asking.kind == MonitorKind::Tcp {
            let url = format!("{TCP_SCHEME}{own}:{}", monitor.port_at(origin));
            return Some(Asked { url, resolve: None });
        }
        let told = self.told_by_probes(place, id);
        let scheme = monitor.scheme_at(origin);
        let port = monitor.written_port_at(origin);
        let port = port.map(|port| format!(":{port}")).unwrap_or_default();
        let (scheme, host, path) = (scheme.as_str(), told.unwrap_or(own), &monitor.path);
        let url = format!("{scheme}://{host}{port}{path}");
        Some(Asked { url, resolve: told.map(|_| own.to_owned()) })
    }
}

impl Monitor {
    /// How its probes speak to an origin.
    #[must_use]
    pub fn scheme_at(&self, origin: &Origin) -> ProbeScheme {
        self.asking.scheme.unwrap_or(ProbeScheme::of(origin))
    }

    /// The port of an origin that its probes ask, if it is written anywhere. That of the origin's
    /// URL counts only under the scheme of that URL.
    #[must_use]
    pub fn written_port_at(&self, origin: &Origin) -> Option<u16> {
        let is_its_own = self.scheme_at(origin) == ProbeScheme::of(origin);
        let own = origin.url.port().filter(|_| is_its_own);
        self.asking.port.or(own)
    }

    /// The port of an origin that its probes ask.
    #[must_use]
    pub fn port_at(&self, origin: &Origin) -> u16 {
        self.written_port_at(origin).unwrap_or_else(|| self.scheme_at(origin).port())
    }

    /// The most requests that one probe of an origin makes: itself and its redirects, as often as
    /// it is repeated, and a connection to each address.
    #[must_use]
    pub fn requests_max(&self, origin: &Origin) -> usize {
        let ProbeRequest { redirects, retries, .. } = &self.asking.request;
        let hops = usize::from(*redirects).saturating_add(1);
        let times = usize::from(*retries).saturating_add(1);
        hops.saturating_mul(times).saturating_add(origin.addresses.len())
    }

    /// The addresses of an origin that its probes connect to as well.
    #[must_use]
    pub fn addresses_at(&self, origin: &Origin) -> Vec<SocketAddr> {
        let port = self.port_at(origin);
        origin.addresses.iter().map(|ip| SocketAddr::new(*ip, port)).collect()
    }
}

impl ProbeScheme {
    /// That of an origin's URL.
    fn of(origin: &Origin) -> Self {
        if origin.url.is_https() { Self::Https } else { Self::Http }
    }
}
