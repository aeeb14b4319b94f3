//! Names and addresses that exist in some networks, and not on the Internet.

use super::{AdviceCode, Adviser};
use crate::config::Promote;
use crate::config::host::{host_of, private_ending};
use std::net::{Ipv4Addr, Ipv6Addr};

impl Adviser<'_> {
    pub(super) fn reach(&mut self) {
        let config = self.config;
        for (id, region) in &config.regions {
            for (index, origin) in region.origins.iter().enumerate() {
                let path = |key: &str| format!("regions.{id}.origins[{index}].{key}");
                self.name(&path("url"), origin.url.host());
                if let Some(ip) = origin.ipv4.filter(|ip| is_private_v4(*ip)) {
                    self.private(&path("ipv4"), &ip.to_string());
                }
                if let Some(ip) = origin.ipv6.filter(Ipv6Addr::is_unique_local) {
                    self.private(&path("ipv6"), &ip.to_string());
                }
            }
        }
        for (index, control) in config.controls.iter().enumerate() {
            self.name_of_url(&format!("observer.controls[{index}]"), &control.url);
        }
        for (id, service) in &config.services {
            for (key, hook) in service.failover.promote.iter().flat_map(Promote::hooks) {
                let path = format!("services.{id}.failover.{key}.url");
                self.name_of_url(&path, &hook.url_for("to"));
            }
        }
    }

    fn name_of_url(&mut self, path: &str, url: &str) {
        self.name(path, &host_of(url).unwrap_or_default());
    }

    fn name(&mut self, path: &str, host: &str) {
        if let Some(ending) = private_ending(host) {
            let problem = format!("public DNS has no names that end in `{ending}`");
            let why = "a Worker asks public DNS, so it cannot reach this host";
            let hint = "give the origin a public name, for instance by a tunnel";
            self.advise_with(path, AdviceCode::W130, problem, why, Some(hint));
        }
    }

    fn private(&mut self, path: &str, ip: &str) {
        let problem = format!("`{ip}` is an address of a private network");
        let why = "clients on the Internet that are led there reach nothing, or another machine";
        let hint = "write the public address of the origin";
        self.advise_with(path, AdviceCode::W130, problem, why, Some(hint));
    }
}

/// Private networks, and those behind a provider's address translation. Source: RFC 1918 §3,
/// RFC 6598 §7.
fn is_private_v4(ip: Ipv4Addr) -> bool {
    ip.is_private() || matches!(ip.octets(), [100, 64..=127, ..])
}
