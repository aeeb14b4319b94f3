//! What config and health ask for.
//!
//! Only knowledge moves anything: a region that is Unknown is neither a reason to leave nor a place
//! to go. Where no permitted region is Up, the record stays as it is (fail static); where an origin
//! is Unknown, its switch is left alone.

use crate::config::{Config, DnsTarget, Origin, Publish, RecordKind, Region, Service};
use crate::health::Health;
use crate::ids::{RegionId, RuleId, ServiceId};
use crate::ordered::{Map, Set};
use crate::residency::{self, Rule};
use crate::state::State;
use crate::target::Target;
use crate::time::Timestamp;
use serde::Serialize;

/// Everything that we want to be so.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
pub struct Desired {
    /// Record sets, sorted by name and type.
    pub records: Vec<DesiredRecords>,
    /// Pools, sorted by account and name.
    pub pools: Vec<DesiredPool>,
    /// Where the last usable origin must stay enabled.
    pub jurisdictions: Vec<Jurisdiction>,
}

/// One record set.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct DesiredRecords {
    /// The zone's name.
    pub zone: String,
    /// The records' name.
    pub name: String,
    /// The records' type.
    pub kind: &'static str,
    /// The service that they follow.
    pub service: ServiceId,
    /// Time to live, for records that are not proxied.
    pub ttl_s: u32,
    /// The region that they should name, with the contents; `None` where no permitted region is Up.
    pub answer: Option<(RegionId, Set<String>)>,
    /// The first permitted region with its contents, whatever its health: where records go that say
    /// something that is not permitted while nothing permitted is Up.
    pub refuge: Option<(RegionId, Set<String>)>,
    /// Everything that the law lets the records say.
    pub permitted: Set<String>,
}

/// Origins of one service of which one must stay in use: all of them, and for each rule those that
/// it permits. A balancer that runs out of origins in a jurisdiction goes on outside it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Jurisdiction {
    /// The service.
    pub service: ServiceId,
    /// The rule; `None` for the service as a whole.
    pub rule: Option<RuleId>,
    /// Addresses of the origins.
    pub addresses: Set<String>,
}

/// One pool.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct DesiredPool {
    /// The account's id.
    pub account: String,
    /// The pool's name.
    pub name: String,
    /// The service that it follows.
    pub service: ServiceId,
    /// What to do with each of our origins, by address.
    pub origins: Map<String, Switch>,
}

/// What an origin's `enabled` should be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Switch {
    /// It is up: enable it, if it was us who disabled it.
    Enable,
    /// Nobody knows: leave it.
    Leave,
    /// It is down: disable it.
    Disable,
}

/// Derives what we want from what the operator wrote and what is believed now.
#[must_use]
pub fn desired(config: &Config, state: &State, now: Timestamp) -> Desired {
    let view = View { config, state, now };
    let mut desired = Desired::default();
    for (id, service) in &config.services {
        for publish in &service.publish {
            match publish {
                Publish::Dns(target) => desired.records.push(view.records(id, service, target)),
                Publish::Pool(target) => desired.pools.push(DesiredPool {
                    account: target.account.clone(),
                    name: target.name.clone(),
                    service: id.clone(),
                    origins: view.switches(service),
                }),
            }
        }
    }
    desired.jurisdictions = view.jurisdictions();
    desired.records.sort();
    desired.pools.sort();
    desired
}

struct View<'a> {
    config: &'a Config,
    state: &'a State,
    now: Timestamp,
}

impl View<'_> {
    fn health(&self, service: &Service, origin: &Origin) -> Health {
        let target = Target { origin: origin.id.clone(), monitor: service.monitor.clone() };
        self.state.health(self.config, &target, self.now)
    }

    fn origins_up<'s>(&'s self, service: &'s Service, region: &RegionId) -> Vec<&'s Origin> {
        let origins = self.config.regions.get(region).map_or(&[][..], |region| &region.origins);
        origins.iter().filter(|origin| self.health(service, origin) == Health::Up).collect()
    }

    fn records(&self, id: &ServiceId, service: &Service, target: &DnsTarget) -> DesiredRecords {
        let answer = target.permitted.iter().find_map(|region| {
            let contents = contents(target.kind, &self.origins_up(service, region));
            (!contents.is_empty()).then(|| (region.clone(), contents))
        });
        let all = |region: &RegionId| {
            let origins = self.config.regions.get(region).map_or(&[][..], |r| &r.origins);
            Set::of(origins.iter().flat_map(|origin| contents(target.kind, &[origin])))
        };
        let refuge = target.permitted.first().map(|region| {
            let mut contents = all(region);
            if target.kind == RecordKind::Cname {
                contents = Set::of(contents.into_iter().take(1));
            }
            (region.clone(), contents)
        });
        DesiredRecords {
            zone: target.zone.clone(),
            name: target.name.clone(),
            kind: target.kind.as_str(),
            service: id.clone(),
            ttl_s: target.ttl_s,
            answer,
            refuge,
            permitted: Set::of(target.permitted.iter().flat_map(all)),
        }
    }

    /// A pool knows origins by address alone: of several at one address, one that is up keeps it.
    fn switches(&self, service: &Service) -> Map<String, Switch> {
        let mut switches = Map::new();
        for (_, origin) in self.origins(service) {
            let switch = match self.health(service, origin) {
                Health::Up => Switch::Enable,
                Health::Unknown => Switch::Leave,
                Health::Down => Switch::Disable,
            };
            switches.insert_min(origin.url.host().to_owned(), switch);
        }
        switches
    }

    fn origins<'s>(
        &'s self,
        service: &'s Service,
    ) -> impl Iterator<Item = (&'s Region, &'s Origin)> {
        let regions = service.regions.iter().filter_map(|id| self.config.regions.get(id));
        regions.flat_map(|region| region.origins.iter().map(move |origin| (region, origin)))
    }

    fn jurisdictions(&self) -> Vec<Jurisdiction> {
        let mut jurisdictions = Vec::new();
        let pooled =
            |service: &Service| service.publish.iter().any(|p| matches!(p, Publish::Pool(_)));
        for (id, service) in self.config.services.iter().filter(|(_, service)| pooled(service)) {
            let mut add = |rule: Option<&Rule>| {
                let permitted = |region: &Region| {
                    rule.is_none_or(|rule| residency::permits(&[rule], region.country))
                };
                let origins = self.origins(service).filter(|(region, _)| permitted(region));
                jurisdictions.push(Jurisdiction {
                    service: id.clone(),
                    rule: rule.map(|rule| rule.id.clone()),
                    addresses: Set::of(origins.map(|(_, origin)| origin.url.host().to_owned())),
                });
            };
            add(None);
            let rules = self.config.residency.iter();
            let over = |rule: &Rule| rule.when.covers_any_host(&service.hosts);
            rules.filter(|rule| over(rule)).for_each(|rule| add(Some(rule)));
        }
        jurisdictions
    }
}

fn contents(kind: RecordKind, origins: &[&Origin]) -> Set<String> {
    match kind {
        RecordKind::A => Set::of(origins.iter().filter_map(|o| o.ipv4).map(|ip| ip.to_string())),
        RecordKind::Aaaa => Set::of(origins.iter().filter_map(|o| o.ipv6).map(|ip| ip.to_string())),
        RecordKind::Cname => Set::of(origins.iter().take(1).map(|o| o.url.host().to_owned())),
    }
}
