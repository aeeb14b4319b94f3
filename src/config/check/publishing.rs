//! Published objects: they can be built from what the origins say, and cannot lead out of a
//! jurisdiction.
//!
//! A DNS answer is the same for every client, so it must suit the strictest rule that covers the
//! name: a record may name only regions that **all** strict rules over its name permit, and all
//! pins of the service's tenants. Where that leaves none, publishing is refused here.

use super::Checker;
use super::services::Known;
use crate::config::diagnostic::Code;
use crate::config::publish::{DnsTarget, LoadBalancerTarget, PoolTarget, Publish, RecordKind};
use crate::config::raw::{RawDns, RawPool, RawPublish, RawRecordKind};
use crate::config::{Region, Steering};
use crate::ids::RegionId;
use crate::residency::{Allow, strict_rules_over};

impl Checker<'_> {
    pub(super) fn publishing(
        &mut self,
        path: &str,
        raw: &[RawPublish],
        regions: &[RegionId],
        steering: &Steering,
        known: &Known<'_>,
    ) -> Vec<Publish> {
        let mut publish = Vec::new();
        for (index, target) in raw.iter().enumerate() {
            let path = format!("{path}[{index}]");
            publish.extend(match (&target.dns, &target.pool, &target.load_balancer) {
                (Some(dns), None, None) => self
                    .dns(&format!("{path}.dns"), dns, regions, steering, known)
                    .map(Publish::Dns),
                (None, Some(pool), None) => {
                    self.pool(&format!("{path}.pool"), pool, steering).map(Publish::Pool)
                }
                (None, None, Some(balancer)) => {
                    let path = format!("{path}.load_balancer");
                    self.name_in_zone(&path, &balancer.name, &balancer.zone).map(|(name, zone)| {
                        Publish::LoadBalancer(LoadBalancerTarget { zone, name })
                    })
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

    fn name_in_zone(&mut self, path: &str, name: &str, zone: &str) -> Option<(String, String)> {
        let zone = self.dns_name(&format!("{path}.zone"), zone)?;
        let name = self.dns_name(&format!("{path}.name"), name)?;
        if name != zone && !name.ends_with(&format!(".{zone}")) {
            let problem = format!("`{name}` is not in the zone `{zone}`");
            self.report(format!("{path}.name"), Code::E009, problem, "a name inside the zone");
        }
        Some((name, zone))
    }

    fn dns(
        &mut self,
        path: &str,
        raw: &RawDns,
        regions: &[RegionId],
        steering: &Steering,
        known: &Known<'_>,
    ) -> Option<DnsTarget> {
        let (name, zone) = self.name_in_zone(path, &raw.name, &raw.zone)?;
        let kind = match raw.kind {
            RawRecordKind::A => RecordKind::A,
            RawRecordKind::Aaaa => RecordKind::Aaaa,
            RawRecordKind::Cname => RecordKind::Cname,
        };
        let permitted = self.permitted_to_everybody(path, &name, regions, steering, known);
        self.origins_can_be_recorded(path, kind, &permitted);
        Some(DnsTarget { zone, name, kind, ttl_s: raw.ttl_s.0 })
    }

    fn permitted_to_everybody<'k>(
        &mut self,
        path: &str,
        name: &str,
        regions: &[RegionId],
        steering: &Steering,
        known: &Known<'k>,
    ) -> Vec<&'k Region> {
        let rules = strict_rules_over(known.rules, name);
        let pins = steering.tenancy.iter().flat_map(|_| known.tenants.values());
        let allows: Vec<_> = rules.iter().map(|rule| &rule.allow).chain(pins).collect();
        // Nothing certain can be said of what itself has a mistake.
        let is_known = |allow: &&Allow| allow.everywhere || !allow.members.is_empty();
        if self.lost.is_from("residency") || !allows.iter().all(is_known) {
            return Vec::new();
        }
        let permitted: Vec<_> = regions
            .iter()
            .filter_map(|id| known.regions.get(id))
            .filter(|region| {
                let (country, attest) = (region.country, &region.attest);
                allows.iter().all(|allow| allow.permits_at_some_time(country, attest))
            })
            .collect();
        if permitted.is_empty() && !regions.is_empty() && self.broken.is_empty() {
            let rules = rules.iter().map(|rule| rule.id.as_str()).take(super::NAMES_SHOWN_MAX);
            let pinned = steering.tenancy.iter().flat_map(|_| known.tenants.keys()).count();
            let ids = rules.collect::<Vec<_>>().join("`, `");
            let bound = match (ids.is_empty(), pinned) {
                (true, _) => format!("{pinned} pinned tenants"),
                (false, 0) => format!("`{ids}`"),
                (false, _) => format!("`{ids}` and {pinned} pinned tenants"),
            };
            let problem = format!(
                "`{name}` answers everybody alike, and no region is permitted by all of {bound}"
            );
            let allowed = "regions that all of them permit, or a host of the service instead, \
                           which is answered for each client";
            self.report(path, Code::E020, problem, allowed);
        }
        if steering.tenancy.as_ref().is_some_and(|tenancy| tenancy.kv) {
            let problem = format!("`{name}` answers all tenants alike, and KV may pin any of them");
            let allowed = "a host of the service instead, which is answered for each tenant";
            self.report(path, Code::E020, problem, allowed);
        }
        permitted
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
            self.report(format!("{path}.type"), Code::E010, problem, &allowed);
        }
    }

    fn pool(&mut self, path: &str, raw: &RawPool, steering: &Steering) -> Option<PoolTarget> {
        if steering.tenancy.as_ref().is_some_and(|tenancy| tenancy.kv) {
            let problem = "a pool serves tenants alike, and KV may pin them anywhere";
            let allowed = "no pool for a service whose tenants are in KV";
            self.report(path, Code::E020, problem, allowed);
        }
        let hex = |b: u8| b.is_ascii_digit() || (b'a'..=b'f').contains(&b);
        let account_fits = raw.account.len() == 32 && raw.account.bytes().all(hex);
        if !account_fits {
            let problem = format!("`{}` is no account id", raw.account);
            let allowed = "32 hex digits in lower case";
            self.report(format!("{path}.account"), Code::E009, problem, allowed);
        }
        // Source: API schema `load-balancing_name`.
        let plain = |b: u8| b.is_ascii_alphanumeric() || b == b'_' || b == b'-';
        let name_fits = !raw.name.is_empty() && raw.name.bytes().all(plain);
        if !name_fits {
            let problem = format!("`{}` is no name of a pool", raw.name);
            let allowed = "letters, digits, `-` and `_`";
            self.report(format!("{path}.name"), Code::E009, problem, allowed);
        }
        (account_fits && name_fits)
            .then(|| PoolTarget { account: raw.account.clone(), name: raw.name.clone() })
    }
}
