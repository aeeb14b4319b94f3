//! Steering: its settings fit together, and name regions of the service.

use super::{Checker, ENTRIES_MAX, item, under};
use crate::config::diagnostic::Code;
use crate::config::raw::{RawGeo, RawService, RawTenantSource, RawWrites};
use crate::config::service::{Affinity, Geo, Policy, Primary, Steering, Tenancy};
use crate::ids::RegionId;
use crate::json::{Key, Within};
use crate::ordered::Map;
use crate::residency::TenantSource;

impl Checker<'_> {
    pub(super) fn steering(
        &mut self,
        path: &str,
        raw: &RawService,
        hosts: &[String],
        regions: &[RegionId],
    ) -> Steering {
        let at = |key: &str| under(path, key);
        self.settings_belong_together(path, raw);
        if let Some(primary) = &raw.primary {
            self.is_its_own(&at("primary"), primary, regions);
        }
        let weights = self.shares(&at("weights"), &raw.weights, regions);
        if !weights.is_empty() && regions.iter().all(|id| weights.get(id) == Some(&0)) {
            let problem = "every region has weight 0";
            self.report(at("weights"), Code::E014, problem, "at least one weight above 0");
        }
        let canary = self.shares(&at("canary"), &raw.canary, regions);
        if !canary.is_empty() && regions.iter().all(|id| canary.get(id).is_some_and(|p| *p < 100)) {
            let problem = "every region is a canary, so no region takes the other clients";
            self.report(
                at("canary"),
                Code::E014,
                problem,
                "at least one region that is not a canary",
            );
        }
        let primary = raw.primary.clone().or_else(|| regions.first().cloned());
        let primary = primary.filter(|_| raw.writes == RawWrites::Primary);
        let tenant = raw.tenant.as_ref();
        Steering {
            policy: raw.steering,
            band_ms: raw.band_ms.get().into(),
            min_gain_ms: raw.min_gain_ms.get().into(),
            geo: self.geo(&at("geo"), &raw.geo, regions),
            weights,
            affinity: raw.affinity.clone(),
            canary,
            shed: self.shares(&at("shed"), &raw.shed, regions),
            spill: raw.spill,
            primary: primary.map(|region| Primary {
                region,
                max_lag_s: raw.max_lag_s.get(),
                read_your_writes_s: raw.read_your_writes_s.get(),
            }),
            tenancy: tenant.and_then(|tenant| self.tenancy(&at("tenant"), tenant, hosts)),
            second_witness: self.second_witness(&at("second_witness"), raw),
        }
    }

    /// Reports settings that have no effect without another one, since the author relies on them.
    fn settings_belong_together(&mut self, path: &str, raw: &RawService) {
        let policy = raw.steering;
        let by_latency = policy == Policy::Latency;
        let by_weight = matches!(policy, Policy::Weighted | Policy::LeastOutstanding)
            || (by_latency && raw.band_ms.get() > 0);
        let primary = raw.writes == RawWrites::Primary;
        let latency = "only with `steering = \"latency\"`";
        let writes = "only with `writes = \"primary\"`";
        let needs = [
            ("band_ms", by_latency, latency),
            ("min_gain_ms", by_latency, latency),
            (
                "weights",
                by_weight,
                "only with `steering` by `weighted` or `least_outstanding`, or by `latency` with \
                 `band_ms`",
            ),
            ("geo", policy == Policy::Geo, "only with `steering = \"geo\"`"),
            (
                "spill",
                !raw.spill || matches!(policy, Policy::Ordered | Policy::Geo),
                "only with `steering` by `ordered` or `geo`, which have an order to spill along",
            ),
            ("primary", primary, writes),
            ("max_lag_s", primary, writes),
            ("read_your_writes_s", primary, writes),
            (
                "proxy.affinity_ttl_s",
                raw.affinity == Affinity::Cookie,
                "only with `affinity = \"cookie\"`",
            ),
            (
                "proxy.stale_for_s",
                !raw.proxy.stale_paths.is_empty(),
                "only with `stale_paths`, which says which responses are public",
            ),
            (
                "affinity",
                raw.affinity != Affinity::Tenant || raw.tenant.is_some(),
                "only with `tenant`, which says where a request names its tenant",
            ),
        ];
        for (key, fits, allowed) in needs {
            let path = under(path, key);
            if !fits && self.is_written(&path) {
                let problem = format!("`{key}` has no effect here");
                self.report(path, Code::E014, problem, allowed);
            }
        }
    }

    fn geo(&mut self, path: &str, raw: &RawGeo, regions: &[RegionId]) -> Geo {
        self.geo_map(&under(path, "pops"), &raw.pops, regions);
        self.geo_map(&under(path, "countries"), &raw.countries, regions);
        self.geo_map(&under(path, "regions"), &raw.regions, regions);
        let is_empty = raw.pops.is_empty() && raw.countries.is_empty() && raw.regions.is_empty();
        if is_empty && self.broken.is_empty() && self.steers_by_geo(path) {
            let problem = "`steering = \"geo\"` needs a map, and this one is empty";
            self.report(path, Code::E004, problem, "`pops`, `countries` or `regions`");
        }
        Geo {
            pops: Map::of(raw.pops.iter().map(|(pop, list)| (pop.0.clone(), list.clone()))),
            countries: raw.countries.clone(),
            regions: raw.regions.clone(),
        }
    }

    fn steers_by_geo(&self, path: &str) -> bool {
        let service = path.strip_suffix(".geo").unwrap_or(path);
        let pointer = format!("/{}/steering", service.replace('.', "/"));
        self.document.pointer(&pointer).and_then(serde_json::Value::as_str)
            == Some(Policy::Geo.as_str())
    }

    fn geo_map<K: Key>(&mut self, path: &str, raw: &Map<K, Vec<RegionId>>, regions: &[RegionId]) {
        for (key, ids) in raw {
            let path = format!("{path}.{}", key.key());
            self.not_empty(&path, ids.len());
            for (index, id) in self.bounded(&path, ids, ENTRIES_MAX) {
                let path = item(&path, index);
                if ids.iter().take(index).any(|other| other == id) {
                    self.twice(path, id.as_str());
                } else {
                    self.is_its_own(&path, id, regions);
                }
            }
        }
    }

    fn shares(
        &mut self,
        path: &str,
        raw: &Map<RegionId, Within<0, 100>>,
        regions: &[RegionId],
    ) -> Map<RegionId, u32> {
        for id in raw.keys() {
            self.is_its_own(&format!("{path}.{id}"), id, regions);
        }
        Map::of(raw.iter().map(|(id, share)| (id.clone(), share.get())))
    }

    fn is_its_own(&mut self, path: &str, id: &RegionId, regions: &[RegionId]) {
        if !regions.contains(id) {
            let known = regions.iter().map(RegionId::as_str);
            self.unknown(path, "a region of this service", id.as_str(), known);
        }
    }

    fn tenancy(&mut self, path: &str, raw: &RawTenantSource, hosts: &[String]) -> Option<Tenancy> {
        let label = |within: Within<1, 10>| u8::try_from(within.get()).unwrap_or(u8::MAX);
        let sources: Vec<TenantSource> = [
            raw.header.as_ref().map(|name| TenantSource::Header(name.0.to_ascii_lowercase())),
            raw.cookie.as_ref().map(|name| TenantSource::Cookie(name.0.clone())),
            raw.host_label.map(|n| TenantSource::HostLabel(label(n))),
            raw.path_segment.map(|n| TenantSource::PathSegment(label(n))),
        ]
        .into_iter()
        .flatten()
        .collect();
        if sources.len() != 1 {
            let problem =
                format!("a tenant has exactly one source, and this has {}", sources.len());
            let allowed = "one of `header`, `cookie`, `host_label` and `path_segment`";
            self.report(path, Code::E014, problem, allowed);
        }
        if let Some(TenantSource::HostLabel(label)) = sources.first() {
            for host in hosts.iter().filter(|host| host.split('.').count() < usize::from(*label)) {
                let problem = format!("`{host}` has no label {label}");
                let allowed = "a label that every host of the service has";
                self.report(under(path, "host_label"), Code::E014, problem, allowed);
            }
        }
        let source = sources.into_iter().next()?;
        Some(Tenancy { source, required: raw.required, kv: raw.kv })
    }
}
