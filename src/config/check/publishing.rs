//! Published objects: they can be built from what the origins say, and cannot lead out of a
//! jurisdiction.
//!
//! A DNS answer is the same for every client, so it must suit the strictest rule that covers the
//! name: a record may name only regions that **all** strict rules over its name permit, and all
//! pins of the service's tenants. Where that leaves none, publishing is refused here.

use super::services::Known;
use super::{Checker, item, under};
use crate::config::diagnostic::Code;
use crate::config::publish::{DnsMode, DnsTarget, PoolTarget, Publish, RecordKind};
use crate::config::raw::{RawDns, RawPool, RawService};
use crate::config::{Region, Steering};
use crate::ids::RegionId;
use crate::residency::{Allow, strict_rules_over};

/// A service whose objects are looked at.
pub(super) struct Publisher<'a> {
    pub(super) raw: &'a RawService,
    pub(super) regions: &'a [RegionId],
    pub(super) steering: &'a Steering,
    pub(super) known: &'a Known<'a>,
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
                _ => {
                    let allowed = "exactly one of `dns`, `pool` and `load_balancer`";
                    self.report(path, Code::E014, "it is none of these, or several", allowed);
                    None
                }
            });
        }
        publish
    }

    pub(super) fn name_in_zone(
        &mut self,
        path: &str,
        name: &str,
        zone: &str,
    ) -> Option<(String, String)> {
        let zone = self.dns_name(&under(path, "zone"), zone)?;
        let name = self.dns_name(&under(path, "name"), name)?;
        if name != zone && !name.ends_with(&format!(".{zone}")) {
            let problem = format!("`{name}` is not in the zone `{zone}`");
            self.report(under(path, "name"), Code::E009, problem, "a name inside the zone");
        }
        Some((name, zone))
    }

    fn dns(&mut self, path: &str, raw: &RawDns, service: &Publisher<'_>) -> Option<DnsTarget> {
        let (name, zone) = self.name_in_zone(path, &raw.name, &raw.zone)?;
        let permitted = self.permitted_to_everybody(path, &name, service);
        self.origins_can_be_recorded(path, raw.kind, &permitted);
        let mut needs = |key: &str, problem: &str, allowed: &str| {
            self.report(under(path, key), Code::E014, problem, allowed);
        };
        if raw.mode == DnsMode::Members && raw.kind == RecordKind::Cname {
            needs("mode", "a CNAME stands alone, so there is no set of them", "`A` or `AAAA`");
        }
        let at_risk = raw.ttl_at_risk_s.map(|ttl| ttl.0);
        if at_risk.is_some_and(|at_risk| raw.ttl_s.0 == 1 || at_risk >= raw.ttl_s.0) {
            let allowed = "less than `ttl_s`, which must not be automatic";
            needs("ttl_at_risk_s", "it is no shorter than `ttl_s`", allowed);
        }
        if at_risk.is_some() && raw.proxied == Some(true) {
            let problem = "the time to live of a proxied record is automatic";
            needs("ttl_at_risk_s", problem, "records that are not proxied");
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

    /// The strict rules over a name, and the pins of the service's tenants, that bind whatever
    /// answers everybody alike. `None` where one of them itself has a mistake, so that nothing
    /// certain can be said.
    pub(super) fn bonds<'k>(
        &self,
        name: &str,
        service: &Publisher<'k>,
    ) -> Option<(Vec<&'k Allow>, String)> {
        let Publisher { steering, known, .. } = service;
        let rules = strict_rules_over(known.rules, name);
        let mut allows: Vec<&Allow> = rules.iter().map(|rule| &rule.allow).collect();
        if steering.tenancy.is_some() {
            allows.extend(known.tenants.values());
        }
        let pinned = allows.len() - rules.len();
        let is_known = |allow: &&Allow| allow.everywhere || !allow.members.is_empty();
        if self.lost.is_from("residency") || !allows.iter().all(is_known) {
            return None;
        }
        let ids = rules.iter().map(|rule| rule.id.as_str()).take(super::NAMES_SHOWN_MAX);
        let ids = ids.collect::<Vec<_>>().join("`, `");
        let bound = match (ids.is_empty(), pinned) {
            (true, _) => format!("{pinned} pinned tenants"),
            (false, 0) => format!("`{ids}`"),
            (false, _) => format!("`{ids}` and {pinned} pinned tenants"),
        };
        Some((allows, bound))
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
            .filter_map(|id| known.regions.get(id))
            .filter(|region| all_permit(&allows, region))
            .collect();
        if permitted.is_empty() && !regions.is_empty() && self.broken.is_empty() {
            let problem = format!(
                "`{name}` answers everybody alike, and no region is permitted by all of {bound}"
            );
            let allowed = "regions that all of them permit, or a host of the service instead, \
                           which is answered for each client";
            self.report(path, Code::E020, problem, allowed);
        }
        self.tenants_are_known(path, (name, "answers"), service);
        permitted
    }

    /// Whether no tenant may be pinned by KV, of which nobody knows where. Otherwise nothing may
    /// answer all tenants alike, which is reported.
    pub(super) fn tenants_are_known(
        &mut self,
        path: &str,
        (name, does): (&str, &str),
        service: &Publisher<'_>,
    ) -> bool {
        let in_kv = service.steering.tenancy.as_ref().is_some_and(|tenancy| tenancy.kv);
        if in_kv {
            let problem = format!("`{name}` {does} all tenants alike, and KV may pin any of them");
            let allowed = "a host of the service instead, which is answered for each tenant";
            self.report(path, Code::E020, problem, allowed);
        }
        !in_kv
    }

    fn origins_can_be_recorded(&mut self, path: &str, kind: RecordKind, permitted: &[&Region]) {
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
            let problem = "a pool serves tenants alike, and KV may pin them anywhere";
            let allowed = "no pool for a service whose tenants are in KV";
            self.report(path, Code::E020, problem, allowed);
        }
        let regions = match &raw.regions {
            Some(names) => {
                let (path, known) = (under(path, "regions"), service.regions.iter());
                self.known_regions(&path, names, "region of the service", known)
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
            let problem = format!("`{}` is no account id", raw.account);
            let allowed = "32 hex digits in lower case";
            self.report(under(path, "account"), Code::E009, problem, allowed);
        }
        // Source: API schema `load-balancing_name`.
        let plain = |b: u8| b.is_ascii_alphanumeric() || b == b'_' || b == b'-';
        let name_fits = !raw.name.is_empty() && raw.name.bytes().all(plain);
        if !name_fits {
            let problem = format!("`{}` is no name of a pool", raw.name);
            let allowed = "letters, digits, `-` and `_`";
            self.report(under(path, "name"), Code::E009, problem, allowed);
        }
        account_fits && name_fits
    }

    fn monitor_of_pool(&mut self, path: &str, raw: &RawPool, service: &Publisher<'_>) {
        let path = under(path, "monitor");
        if raw.monitor && !raw.manage {
            let problem = "a monitor is attached to pools that are managed";
            self.report(path, Code::E014, problem, "`manage = true`, or no `monitor`");
        } else if raw.monitor && service.known.composites.contains_key(&service.raw.monitor) {
            let problem = format!("`{}` is made of others", service.raw.monitor);
            let allowed = "a monitor that probes: Cloudflare's have no parts";
            self.report(path, Code::E014, problem, allowed);
        }
    }
}

/// Whether a region is permitted by all of them, now or later.
pub(super) fn all_permit(allows: &[&Allow], region: &Region) -> bool {
    allows.iter().all(|allow| allow.permits_at_some_time(region.country, &region.attest))
}
