//! Which host an origin is told in `Host`, and how.
//!
//! By default it is told the host of its own URL. A shared ingress, or a certificate for the public
//! name, needs another. A Worker cannot set `Host`: it always is the host of the URL that is
//! fetched. So the URL is fetched with the other host, and `resolve` says whose address to connect
//! to (`resolveOverride`). The TLS handshake asks for the URL's host then, too. Cloudflare does so
//! only if both names are in the zone of the Worker (ADR-0017).

use super::{Config, Origin, Service};
use crate::target::Target;

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
    /// The host that probes of a target tell the origin; `None` if that is its own. Services that
    /// share a target tell the same, or the config is rejected.
    #[must_use]
    pub fn told_by_probes(&self, target: &Target) -> Option<&str> {
        let (region, origin) = self.origin(&target.origin)?;
        if origin.host_header.is_none() && self.services.values().all(|s| s.host_header.is_none()) {
            return None;
        }
        let mut services = self.services.values().filter(|service| {
            service.regions.contains(region)
                && self.leaves(&service.monitor).contains(&target.monitor)
        });
        origin.told_by(services.next()?)
    }
}
