//! What config and health ask for.
//!
//! Only knowledge moves anything: a region that is Unknown is neither a reason to leave nor a place
//! to go. Where no permitted region is Up, the record stays as it is (fail static); where an origin
//! is Unknown, its switch is left alone.

use crate::config::{Config, DnsTarget, Origin, Publish, RecordKind, Service};
use crate::health::Health;
use crate::ids::{RegionId, ServiceId};
use crate::ordered::{map_of, set_of};
use crate::state::State;
use crate::target::Target;
use crate::time::Timestamp;
use serde::Serialize;
use std::collections::{BTreeMap, BTreeSet};

/// Everything that we want to be so.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
pub struct Desired {
    /// Record sets, sorted by name and type.
    pub records: Vec<DesiredRecords>,
    /// Pools, sorted by account and name.
    pub pools: Vec<DesiredPool>,
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
    pub answer: Option<(RegionId, BTreeSet<String>)>,
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
    pub origins: BTreeMap<String, Switch>,
}

/// What an origin's `enabled` should be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Switch {
    /// It is up: enable it, if it was us who disabled it.
    Enable,
    /// It is down: disable it.
    Disable,
    /// Nobody knows: leave it.
    Leave,
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
        DesiredRecords {
            zone: target.zone.clone(),
            name: target.name.clone(),
            kind: target.kind.as_str(),
            service: id.clone(),
            ttl_s: target.ttl_s,
            answer,
        }
    }

    fn switches(&self, service: &Service) -> BTreeMap<String, Switch> {
        let regions = service.regions.iter().filter_map(|id| self.config.regions.get(id));
        map_of(regions.flat_map(|region| &region.origins).map(|origin| {
            let switch = match self.health(service, origin) {
                Health::Up => Switch::Enable,
                Health::Down => Switch::Disable,
                Health::Unknown => Switch::Leave,
            };
            (origin.url.host().to_owned(), switch)
        }))
    }
}

fn contents(kind: RecordKind, origins: &[&Origin]) -> BTreeSet<String> {
    match kind {
        RecordKind::A => set_of(origins.iter().filter_map(|o| o.ipv4).map(|ip| ip.to_string())),
        RecordKind::Aaaa => set_of(origins.iter().filter_map(|o| o.ipv6).map(|ip| ip.to_string())),
        RecordKind::Cname => set_of(origins.iter().take(1).map(|o| o.url.host().to_owned())),
    }
}
