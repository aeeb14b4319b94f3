//! Services: their ids resolve, their hosts are names, and every rule leaves them somewhere to go.

use super::Checker;
use crate::config::diagnostic::Code;
use crate::config::raw::RawService;
use crate::config::{Monitor, Region, Service};
use crate::ids::{MonitorId, RegionId, ServiceId};
use crate::ordered::{Map, Set};
use crate::residency::{self, Rule};

/// What a service may refer to.
pub(super) struct Known<'a> {
    pub(super) regions: &'a Map<RegionId, Region>,
    pub(super) monitors: &'a Map<MonitorId, Monitor>,
    pub(super) rules: &'a [Rule],
}

impl Checker {
    pub(super) fn services(
        &mut self,
        raw: &Map<String, RawService>,
        regions: &Map<RegionId, Region>,
        monitors: &Map<MonitorId, Monitor>,
        rules: &[Rule],
    ) -> Map<ServiceId, Service> {
        self.not_empty("services", raw.len());
        let known = Known { regions, monitors, rules };
        let mut hosts = Set::new();
        let mut services = Map::new();
        for (name, service) in raw {
            let path = format!("services.{name}");
            let id = self.id(&path, ServiceId::parse(name));
            let built = self.service(&path, service, &known, &mut hosts);
            services.extend(id.zip(built));
        }
        services
    }

    fn service(
        &mut self,
        path: &str,
        raw: &RawService,
        known: &Known<'_>,
        taken: &mut Set<String>,
    ) -> Option<Service> {
        let at = |key: &str| format!("{path}.{key}");
        let hosts = self.hosts(&at("hosts"), &raw.hosts);
        for host in &hosts {
            if !taken.insert(host.clone()) {
                let problem = format!("`{host}` is served twice");
                self.report(at("hosts"), Code::E005, problem, "one service for each host");
            }
        }
        let monitor = self.known_monitor(&at("monitor"), &raw.monitor, known.monitors);
        let regions = self.known_regions(&at("regions"), &raw.regions, known.regions);
        self.in_range(&at("try_timeout_ms"), raw.try_timeout_ms, 100..=60_000);
        self.in_range(&at("timeout_ms"), raw.timeout_ms, raw.try_timeout_ms..=300_000);
        // With a region missing for its own mistakes nothing certain can be said.
        if regions.len() == raw.regions.len() {
            self.rules_leave_a_region(path, &hosts, &regions, known);
        }
        let publish = self.publishing(&at("publish"), &raw.publish, &regions, known);
        Some(Service {
            hosts,
            monitor: monitor?,
            regions,
            try_timeout_ms: u64::from(raw.try_timeout_ms),
            timeout_ms: u64::from(raw.timeout_ms),
            publish,
        })
    }

    fn known_monitor(
        &mut self,
        path: &str,
        name: &str,
        monitors: &Map<MonitorId, Monitor>,
    ) -> Option<MonitorId> {
        let id = self.id(path, MonitorId::parse(name))?;
        if monitors.contains_key(&id) {
            return Some(id);
        }
        self.unknown(path, name, monitors.keys());
        None
    }

    fn known_regions(
        &mut self,
        path: &str,
        names: &[String],
        regions: &Map<RegionId, Region>,
    ) -> Vec<RegionId> {
        self.not_empty(path, names.len());
        let mut found: Vec<RegionId> = Vec::new();
        for (index, name) in names.iter().enumerate() {
            let path = format!("{path}[{index}]");
            match self.id(&path, RegionId::parse(name)) {
                Some(id) if !regions.contains_key(&id) => self.unknown(&path, name, regions.keys()),
                Some(id) if found.contains(&id) => {
                    let problem = format!("`{id}` is named twice");
                    self.report(path, Code::E005, problem, "each region once");
                }
                id => found.extend(id),
            }
        }
        found
    }

    fn unknown<T: ToString>(&mut self, path: &str, name: &str, known: impl Iterator<Item = T>) {
        if self.broken.contains(name) {
            return;
        }
        let known = known.map(|id| id.to_string()).collect::<Vec<_>>().join(", ");
        self.report(path, Code::E006, format!("`{name}` names nothing"), known);
    }

    /// A rule that permits none of a service's regions would refuse its clients for ever; that is a
    /// mistake here, not an answer to give at run time.
    fn rules_leave_a_region(
        &mut self,
        path: &str,
        hosts: &[String],
        regions: &[RegionId],
        known: &Known<'_>,
    ) {
        for host in hosts {
            for rule in residency::rules_over_name(known.rules, host) {
                let somewhere = regions
                    .iter()
                    .filter_map(|id| known.regions.get(id))
                    .any(|region| residency::permits(&[rule], region.country));
                if !somewhere {
                    let problem =
                        format!("rule `{}` permits none of its regions for `{host}`", rule.id);
                    let allowed = "a region in a country that the rule allows";
                    self.report(format!("{path}.regions"), Code::E021, problem, allowed);
                }
            }
        }
    }
}
