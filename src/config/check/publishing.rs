//! What is published at Cloudflare: the objects are well named, and no answer can lead out of a
//! jurisdiction.
//!
//! A DNS answer is the same for every client, so it must suit the strictest rule that covers the
//! name: a record may name only regions that **all** such rules permit. Where that leaves none,
//! publishing is refused here.

use super::Checker;
use super::services::Known;
use crate::config::diagnostic::Code;
use crate::config::raw::{RawDns, RawPool, RawPublish, RawRecordKind};
use crate::config::{DnsTarget, PoolTarget, Publish, RecordKind};
use crate::ids::RegionId;
use crate::residency;

impl Checker {
    pub(super) fn publishing(
        &mut self,
        path: &str,
        raw: &[RawPublish],
        regions: &[RegionId],
        known: &Known<'_>,
    ) -> Vec<Publish> {
        let mut publish = Vec::new();
        for (index, target) in raw.iter().enumerate() {
            let path = format!("{path}[{index}]");
            publish.extend(match target {
                RawPublish::Dns(dns) => {
                    self.dns(&format!("{path}.dns"), dns, regions, known).map(Publish::Dns)
                }
                RawPublish::Pool(pool) => {
                    self.pool(&format!("{path}.pool"), pool).map(Publish::Pool)
                }
            });
        }
        publish
    }

    fn dns(
        &mut self,
        path: &str,
        raw: &RawDns,
        regions: &[RegionId],
        known: &Known<'_>,
    ) -> Option<DnsTarget> {
        let zone = self.dns_name(&format!("{path}.zone"), &raw.zone)?;
        let name = self.dns_name(&format!("{path}.name"), &raw.name)?;
        if name != zone && !name.ends_with(&format!(".{zone}")) {
            let problem = format!("`{name}` is not in the zone `{zone}`");
            self.report(format!("{path}.name"), Code::E009, problem, "a name inside the zone");
        }
        // Source: developers.cloudflare.com/dns/manage-dns-records/reference/ttl.
        if raw.ttl_s != 1 {
            self.in_range(&format!("{path}.ttl_s"), raw.ttl_s, 60..=86_400);
        }
        let kind = match raw.kind {
            RawRecordKind::A => RecordKind::A,
            RawRecordKind::Aaaa => RecordKind::Aaaa,
            RawRecordKind::Cname => RecordKind::Cname,
        };
        let permitted = self.permitted_to_everybody(path, &name, regions, known);
        self.origins_can_be_recorded(path, kind, &permitted, known);
        Some(DnsTarget { zone, name, kind, ttl_s: raw.ttl_s, permitted })
    }

    fn permitted_to_everybody(
        &mut self,
        path: &str,
        name: &str,
        regions: &[RegionId],
        known: &Known<'_>,
    ) -> Vec<RegionId> {
        let rules = residency::rules_over_name(known.rules, name);
        let permitted: Vec<_> = regions
            .iter()
            .filter(|id| {
                let country = known.regions.get(id).map(|region| region.country);
                country.is_some_and(|country| residency::permits(&rules, country))
            })
            .cloned()
            .collect();
        if permitted.is_empty() && !regions.is_empty() && self.broken.is_empty() {
            let ids = rules.iter().map(|r| format!("`{}`", r.id)).collect::<Vec<_>>().join(", ");
            let problem = format!("no region suits every client of `{name}` under {ids} together");
            let allowed = "a name whose rules have a region in common, or a proxied host";
            self.report(path, Code::E020, problem, allowed);
        }
        permitted
    }

    fn origins_can_be_recorded(
        &mut self,
        path: &str,
        kind: RecordKind,
        permitted: &[RegionId],
        known: &Known<'_>,
    ) {
        let origins = permitted
            .iter()
            .filter_map(|id| known.regions.get(id))
            .flat_map(|region| &region.origins);
        for origin in origins {
            let missing = match kind {
                RecordKind::A if origin.ipv4.is_none() => "ipv4",
                RecordKind::Aaaa if origin.ipv6.is_none() => "ipv6",
                _ => continue,
            };
            let problem = format!("origin `{}` has no `{missing}`", origin.id);
            let allowed = format!("`{missing}` on every origin that the record may name");
            self.report(path, Code::E010, problem, allowed);
        }
    }

    fn pool(&mut self, path: &str, raw: &RawPool) -> Option<PoolTarget> {
        let hex = |b: u8| b.is_ascii_digit() || (b'a'..=b'f').contains(&b);
        let account_fits = raw.account.len() == 32 && raw.account.bytes().all(hex);
        if !account_fits {
            let (problem, allowed) = (format!("`{}`", raw.account), "an account id: 32 hex digits");
            self.report(format!("{path}.account"), Code::E009, problem, allowed);
        }
        // Source: API schema `load-balancing_name`.
        let plain = |b: u8| b.is_ascii_alphanumeric() || b == b'_' || b == b'-';
        let name_fits = !raw.name.is_empty() && raw.name.bytes().all(plain);
        if !name_fits {
            let (problem, allowed) = (format!("`{}`", raw.name), "letters, digits, `-` and `_`");
            self.report(format!("{path}.name"), Code::E009, problem, allowed);
        }
        (account_fits && name_fits)
            .then(|| PoolTarget { account: raw.account.clone(), name: raw.name.clone() })
    }
}
