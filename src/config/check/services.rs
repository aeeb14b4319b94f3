//! Services: their ids resolve, their hosts are valid, and every strict rule leaves them a region.

use super::known::{Known, Publisher};
use super::{Checker, item, under};
use crate::config::diagnostic::Code;
use crate::config::raw::RawService;
use crate::config::service::{Service, Steering};
use crate::config::{HOSTS_MAX, PUBLISH_MAX, SERVICES_MAX};
use crate::ids::{MonitorId, RegionId, ServiceId};
use crate::json::Within;
use crate::ordered::{Map, Set};
use crate::residency::{self, Allow};

/// The hosts that are taken, each with its service.
type Taken = Map<String, ServiceId>;

impl Checker<'_> {
    pub(super) fn services(
        &mut self,
        raw: &Map<ServiceId, RawService>,
        known: &Known<'_>,
    ) -> Map<ServiceId, Service> {
        if self.broken.is_empty() {
            self.not_empty("services", raw.len());
        }
        self.at_most("services", raw.len(), SERVICES_MAX);
        let mut taken = Map::new();
        let mut services = Map::new();
        for (id, service) in raw {
            let path = format!("services.{id}.hosts");
            let hosts = self.hosts(&path, &service.hosts, id, &mut taken);
            services.insert(id.clone(), self.service(id, service, hosts, known));
        }
        services
    }

    fn hosts(
        &mut self,
        path: &str,
        raw: &[String],
        id: &ServiceId,
        taken: &mut Taken,
    ) -> Vec<String> {
        let mut hosts = Vec::new();
        for (index, host) in self.bounded(path, raw, HOSTS_MAX) {
            let path = item(path, index);
            let Some(host) = self.host(&path, host) else { continue };
            if let Some(other) = taken.insert(host.clone(), id.clone()) {
                let problem = format!("`{host}` is already a host of service `{other}`");
                self.report(path, Code::E005, problem, "each host once");
            }
            hosts.push(host);
        }
        hosts
    }

    fn service(
        &mut self,
        id: &ServiceId,
        raw: &RawService,
        hosts: Vec<String>,
        known: &Known<'_>,
    ) -> Service {
        let path = &under("services", id.as_str());
        let at = |key: &str| under(path, key);
        self.known_monitor(&at("monitor"), &raw.monitor, known);
        let regions =
            self.known_regions(&at("regions"), &raw.regions, "a region", known.regions.keys());
        let (try_timeout_ms, timeout_ms) = (raw.try_timeout_ms.get(), raw.timeout_ms.get());
        let is_refused = |key: &str| self.has_mistake(&at(key));
        let is_certain = !is_refused("timeout_ms") && !is_refused("try_timeout_ms");
        if is_certain && timeout_ms < try_timeout_ms {
            let problem =
                format!("{timeout_ms} ms for all tries is less than {try_timeout_ms} ms for one");
            let key =
                if self.is_written(&at("timeout_ms")) { "timeout_ms" } else { "try_timeout_ms" };
            let allowed = "`timeout_ms` at least as long as `try_timeout_ms`";
            self.report(at(key), Code::E014, problem, allowed);
        }
        let steering = self.steering(path, raw, &hosts, &regions);
        // If a region is missing because of its own mistakes, these checks would be wrong.
        if regions.len() == raw.regions.len() && !self.lost.is_from(&at("regions")) {
            self.rules_leave_a_region(id, &hosts, &regions, known);
            self.tenants_find_a_region(id, &steering, &regions, known);
        }
        self.at_most(&at("publish"), raw.publish.len(), PUBLISH_MAX);
        let publisher = Publisher { raw, regions: &regions, steering: &steering, known };
        let publish = self.publishing(&at("publish"), &publisher);
        self.peak_is_comparable(&at("peak_rps"), raw, &regions, known);
        let contract = self.contract(&at("contract"), raw);
        self.promotion_fits(path, raw, known);
        Service {
            hosts,
            monitor: raw.monitor.clone(),
            regions,
            steering,
            try_timeout_ms: try_timeout_ms.into(),
            timeout_ms: timeout_ms.into(),
            proxy: raw.proxy.clone(),
            failover: self.failover(&at("failover"), &raw.failover),
            peak_rps: raw.peak_rps.map(Within::get),
            publish,
            contract,
            components: self.components(&at("contract.components"), raw, known),
            host_header: self.host_header(&at("host_header"), raw.host_header.as_deref()),
        }
    }

    /// The remaining capacity can be compared with the peak only if every region's capacity is
    /// known.
    fn peak_is_comparable(
        &mut self,
        path: &str,
        raw: &RawService,
        regions: &[RegionId],
        known: &Known<'_>,
    ) {
        let mut found = regions.iter().filter_map(|id| Some((id, known.regions.get(id)?)));
        let unknown = found.find(|(_, region)| region.capacity_rps.is_none());
        if let (Some(_), Some((id, _))) = (&raw.peak_rps, unknown) {
            let problem = format!("region `{id}` has no `capacity_rps`");
            self.report(path, Code::E014, problem, "`capacity_rps` in every region of the service");
        }
    }

    pub(super) fn known_monitor(&mut self, path: &str, id: &MonitorId, known: &Known<'_>) {
        if !known.monitors.contains_key(id) && !known.composites.contains_key(id) {
            let names = known.monitors.keys().chain(known.composites.keys());
            self.unknown(path, "a monitor", id.as_str(), names.map(MonitorId::as_str));
        }
    }

    /// A strict rule that permits none of a service's regions would refuse its clients for ever.
    /// That is a mistake in the config.
    fn rules_leave_a_region(
        &mut self,
        id: &ServiceId,
        hosts: &[String],
        regions: &[RegionId],
        known: &Known<'_>,
    ) {
        let mut told = Set::new();
        for host in hosts {
            for rule in residency::strict_rules_over(known.rules, host) {
                // A rule with a mistake of its own is not judged.
                let is_known = !rule.allow.names_nothing();
                if is_known && !somewhere(&rule.allow, regions, known) && told.insert(&rule.id) {
                    let problem = format!(
                        "strict rule `{}` permits no region of service `{id}` for `{host}`",
                        rule.id
                    );
                    let allowed = "a region that the rule allows".to_owned();
                    let hint = lacking(&rule.allow, regions, known);
                    let path = format!("services.{id}.regions");
                    self.report_with(path, Code::E021, problem, allowed, hint);
                }
            }
        }
    }

    fn tenants_find_a_region(
        &mut self,
        id: &ServiceId,
        steering: &Steering,
        regions: &[RegionId],
        known: &Known<'_>,
    ) {
        if steering.tenancy.is_none() {
            return;
        }
        for (tenant, allow) in known.tenants {
            if !allow.names_nothing() && !somewhere(allow, regions, known) {
                let problem =
                    format!("tenant `{tenant}` is not allowed in any region of service `{id}`");
                let allowed = "a region that the tenant allows".to_owned();
                let hint = lacking(allow, regions, known);
                let path = format!("services.{id}.regions");
                self.report_with(path, Code::E023, problem, allowed, hint);
            }
        }
    }
}

/// What to write if only an attestation is missing. Whether it is true, the operator must know.
fn lacking(allow: &Allow, regions: &[RegionId], known: &Known<'_>) -> Option<String> {
    let mut regions = regions.iter().filter_map(|id| Some((id, known.regions.get(id)?)));
    regions.find_map(|(id, region)| {
        let mut there = allow.members.iter().filter(|member| member.country == region.country);
        there.find_map(|member| Some(how_to_attest(member.requires.as_ref()?, id)))
    })
}

/// How a region attests a word, if that is so.
pub(in crate::config) fn how_to_attest(word: &str, region: &RegionId) -> String {
    format!("if its operator is certified, write `attest = [\"{word}\"]` in `regions.{region}`")
}

fn somewhere(allow: &Allow, regions: &[RegionId], known: &Known<'_>) -> bool {
    let places = regions.iter().filter_map(|id| Some(known.regions.get(id)?.place(id)));
    places.into_iter().any(|place| allow.permits_at_some_time(place))
}
