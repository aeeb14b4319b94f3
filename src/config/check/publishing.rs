//! Published objects: they can be built from the origins, and never break a residency rule.
//!
//! A DNS answer is the same for every client. So a record may name only regions that **all** strict
//! rules over its name permit, and all pins of the service's tenants. If that leaves no region, the
//! config is refused.

use super::bonds::all_permit;
use super::known::Publisher;
use super::whole::written;
use super::{Checker, item, under};
use crate::config::Region;
use crate::config::diagnostic::Code;
use crate::config::publish::{DnsMode, DnsTarget, PoolTarget, Publish, RecordKind};
use crate::config::raw::{RawDns, RawPool};
use crate::config::{Monitor, ProbeHeader, ProbeMethod, ProbeRequest};

/// Whether the service publishes an `A` record under a name.
fn has_addresses(service: &Publisher<'_>, name: &str) -> bool {
    let mut records = service.raw.publish.iter().filter_map(|publish| publish.dns.as_ref());
    records.any(|dns| dns.kind == RecordKind::A && written(&dns.name) == name)
}

impl Checker<'_> {
    pub(super) fn publishing(&mut self, path: &str, service: &Publisher<'_>) -> Vec<Publish> {
        let mut publish = Vec::new();
        for (index, target) in service.raw.publish.iter().enumerate() {
            let path = item(path, index);
            publish.extend(match (&target.dns, &target.pool, &target.load_balancer) {
                (Some(dns), None, None) => {
                    self.dns(&under(&path, "dns"), dns, service).map(Publish::Dns)
                }
                (None, Some(pool), None) => {
                    self.pool(&under(&path, "pool"), pool, service).map(Publish::Pool)
                }
                (None, None, Some(balancer)) => {
                    let path = under(&path, "load_balancer");
                    self.balancer(&path, balancer, service).map(Publish::LoadBalancer)
                }
                (dns, pool, balancer) => {
                    let given = [dns.is_some(), pool.is_some(), balancer.is_some()];
                    let count = given.into_iter().filter(|is_given| *is_given).count();
                    let problem = format!(
                        "an entry of `publish` has exactly one object, and this has {count}"
                    );
                    let allowed = "exactly one of `dns`, `pool` and `load_balancer`";
                    self.report(path, Code::E014, problem, allowed);
                    None
                }
            });
        }
        publish
    }

    fn dns(&mut self, path: &str, raw: &RawDns, service: &Publisher<'_>) -> Option<DnsTarget> {
        let (name, zone) = self.name_in_zone(path, &raw.name, &raw.zone)?;
        let permitted = self.permitted_to_everybody(path, &name, service);
        let is_led = raw.kind == RecordKind::Aaaa && has_addresses(service, &name);
        self.origins_can_be_recorded(path, (raw.kind, is_led), &permitted);
        let mut needs = |key: &str, problem: &str, allowed: &str| {
            self.report(under(path, key), Code::E014, problem, allowed);
        };
        if raw.mode == DnsMode::Members && raw.kind == RecordKind::Cname {
            needs("mode", "a name can have only one CNAME", "`failover`, or `type` `A` or `AAAA`");
        }
        let at_risk = raw.ttl_at_risk_s.map(|ttl| ttl.0);
        if at_risk.is_some_and(|at_risk| raw.ttl_s.0 == 1 || at_risk >= raw.ttl_s.0) {
            let allowed = "less than `ttl_s`, which must not be automatic";
            needs("ttl_at_risk_s", "it is not shorter than `ttl_s`", allowed);
        }
        if at_risk.is_some() && raw.proxied == Some(true) {
            let problem = "Cloudflare sets the TTL of a proxied record";
            needs("ttl_at_risk_s", problem, "no `ttl_at_risk_s`, or `proxied = false`");
        }
        Some(DnsTarget {
            zone,
            name,
            kind: raw.kind,
            mode: raw.mode,
            ttl_s: raw.ttl_s.0,
            ttl_at_risk_s: at_risk,
            proxied: raw.proxied,
            manage: raw.manage,
            adopt: raw.adopt,
        })
    }

    fn permitted_to_everybody<'k>(
        &mut self,
        path: &str,
        name: &str,
        service: &Publisher<'k>,
    ) -> Vec<&'k Region> {
        let Publisher { regions, known, .. } = service;
        let Some((allows, bound)) = self.bonds(name, service) else { return Vec::new() };
        let permitted: Vec<_> = regions
            .iter()
            .filter_map(|id| Some((id, known.regions.get(id)?)))
            .filter(|(id, region)| all_permit(&allows, region.place(id)))
            .map(|(_, region)| region)
            .collect();
        if permitted.is_empty() && !regions.is_empty() && self.broken.is_empty() {
            let problem = format!(
                "`{name}` gives every client the same answer, and no region is permitted by all of \
                 {bound}"
            );
            let allowed = "regions that all of them permit, or the name among the service's \
                           `hosts`, where each client gets its own answer";
            self.report(path, Code::E020, problem, allowed);
        }
        self.tenants_are_known(path, (name, "answers"), service);
        permitted
    }

    /// An `AAAA` record beside an `A` record of its name is absent while the region that the name
    /// leads to has no IPv6 address. So it is enough if some origin has one.
    fn origins_can_be_recorded(
        &mut self,
        path: &str,
        (kind, is_led): (RecordKind, bool),
        permitted: &[&Region],
    ) {
        let mut origins = permitted.iter().flat_map(|region| &region.origins);
        if is_led && origins.any(|origin| origin.ipv6.is_some()) {
            return;
        }
        for origin in permitted.iter().flat_map(|region| &region.origins) {
            let missing = match kind {
                RecordKind::A if origin.ipv4.is_none() => "ipv4",
                RecordKind::Aaaa if origin.ipv6.is_none() => "ipv6",
                _ => continue,
            };
            let problem = format!("origin `{}` has no `{missing}`", origin.id);
            let allowed = format!("`{missing}` on every origin that the record may name");
            self.report(under(path, "type"), Code::E010, problem, &allowed);
        }
    }

    fn pool(&mut self, path: &str, raw: &RawPool, service: &Publisher<'_>) -> Option<PoolTarget> {
        if service.steering.tenancy.as_ref().is_some_and(|tenancy| tenancy.kv) {
            let problem = "a pool serves all tenants alike, and KV may pin any of them elsewhere";
            let allowed = "no pool for a service whose tenants are in KV";
            self.report(path, Code::E020, problem, allowed);
        }
        let regions = match &raw.regions {
            Some(names) => {
                let (path, known) = (under(path, "regions"), service.regions.iter());
                self.known_regions(&path, names, "a region of this service", known)
            }
            None => service.regions.to_vec(),
        };
        self.monitor_of_pool(path, raw, service);
        self.pool_names(path, raw).then(|| PoolTarget {
            account: raw.account.clone(),
            name: raw.name.clone(),
            regions,
            switch: raw.switch,
            weights: raw.weights,
            monitor: raw.monitor,
            manage: raw.manage,
        })
    }

    fn pool_names(&mut self, path: &str, raw: &RawPool) -> bool {
        let hex = |b: u8| b.is_ascii_digit() || (b'a'..=b'f').contains(&b);
        let account_fits = raw.account.len() == 32 && raw.account.bytes().all(hex);
        if !account_fits {
            let problem = format!("`{}` is not an account id", raw.account);
            let allowed = "32 lower-case hex digits";
            self.report(under(path, "account"), Code::E009, problem, allowed);
        }
        // Source: API schema `load-balancing_name`.
        let plain = |b: u8| b.is_ascii_alphanumeric() || b == b'_' || b == b'-';
        let name_fits = !raw.name.is_empty() && raw.name.bytes().all(plain);
        if !name_fits {
            let problem = format!("`{}` is not a pool name", raw.name);
            let allowed = "letters, digits, `-` and `_`";
            self.report(under(path, "name"), Code::E009, problem, allowed);
        }
        account_fits && name_fits
    }

    fn monitor_of_pool(&mut self, path: &str, raw: &RawPool, service: &Publisher<'_>) {
        let path = under(path, "monitor");
        if raw.monitor && !raw.manage {
            let problem = "only a pool with `manage = true` can have a monitor";
            self.report(path, Code::E014, problem, "`manage = true`, or no `monitor`");
        } else if raw.monitor && service.known.composites.contains_key(&service.raw.monitor) {
            let problem = format!("`{}` is a composite monitor", service.raw.monitor);
            let allowed = "a monitor that probes: Cloudflare has no composite monitors";
            self.report(path, Code::E014, problem, allowed);
        } else if let Some(monitor) = service.known.monitors.get(&service.raw.monitor)
            && raw.monitor
            && let Some((problem, allowed)) = not_at_cloudflare(monitor)
        {
            self.report(path, Code::E014, problem, allowed);
        }
    }
}

/// What one of Cloudflare's monitors cannot do, and what it can.
fn not_at_cloudflare(monitor: &Monitor) -> Option<(String, &'static str)> {
    let ProbeRequest { method, headers, .. } = &monitor.asking.request;
    let is_secret = |(_, value): &&(String, ProbeHeader)| matches!(value, ProbeHeader::Secret(_));
    if let Some((name, _)) = headers.iter().find(is_secret) {
        let problem = format!(
            "its header `{name}` is a secret, which everybody with access to the account could \
             read in a monitor of Cloudflare's"
        );
        return Some((problem, "a monitor without secret headers"));
    }
    if monitor.asking.host_header.is_some() {
        let problem = "at Cloudflare the `Host` of a pool's origin goes before that of a monitor, \
                       so nobody would be told its `host_header`";
        return Some((problem.to_owned(), "`host_header` of the service or of the origins"));
    }
    (*method == ProbeMethod::Options).then(|| {
        let problem = "a monitor of Cloudflare's sends `GET` or `HEAD`, and not `OPTIONS`";
        (problem.to_owned(), "`GET` or `HEAD`")
    })
}
