//! What serves the clients of an object at Cloudflare, such as a record, while some regions are
//! down.
//!
//! A service may publish records, pools and load balancers, and have hosts for the proxy or not.
//! Each answers clients of its own, so each is asked who serves them: "nobody loses service" is
//! true only if it is true of all.

use super::clients::country_list;
use super::oracle::Oracle;
use super::text::first_few;
use crate::cloudflare::{BalancerFields, Desired, DesiredBalancer, DesiredRecords, Switch};
use crate::config::{DnsMode, FailoverMode, Publish, Service};
use crate::country::Country;
use crate::ids::{RegionId, ServiceId};
use serde::Serialize;
use std::collections::{BTreeMap, BTreeSet};

/// One object, or the pools of a service taken together, and who serves its clients.
#[derive(Debug)]
pub(super) struct Published {
    pub(super) object: Object,
    /// In failover order.
    pub(super) served_by: Vec<RegionId>,
    /// Why nobody does; `None` if somebody does.
    pub(super) reason: Option<Unserved>,
}

/// An object that clients get to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Object {
    /// Everybody who resolves a DNS record: its name and type.
    Record(String),
    /// Whatever load balancer uses the pools: their names, and whose origins of them.
    Pools(String),
    /// Clients of a load balancer: its name, and from where.
    LoadBalancer(String),
}

/// Why nobody serves the clients of an object.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Unserved {
    /// What serves them is down, and only a person moves it.
    Manual,
    /// No permitted region is up.
    NoneUp,
    /// The last origin stays enabled although it is down.
    LastUsable,
    /// It cannot be published within the residency rules.
    Unlawful,
}

impl Object {
    pub(super) fn text(&self) -> String {
        match self {
            Self::Record(name) => format!("{name} record"),
            Self::Pools(names) => names.clone(),
            Self::LoadBalancer(name) => format!("load balancer {name}"),
        }
    }
}

impl Unserved {
    /// What happens instead, in words.
    pub(super) fn text(self, object: &Object) -> &'static str {
        match (self, object) {
            (Self::Manual, Object::Record(_)) => "until a person moves it (`manual`)",
            (Self::Manual, Object::Pools(_) | Object::LoadBalancer(_)) => {
                "until a person or Cloudflare's own monitor moves it (`manual`)"
            }
            (Self::NoneUp, Object::Record(_)) => "no region is up; the record stays",
            (Self::NoneUp, _) => "no region is up",
            (Self::LastUsable, _) => "the last origin stays enabled",
            (Self::Unlawful, _) => "no list of pools is lawful, so it is not published",
        }
    }
}

/// Everything that a service publishes, in a world in which `down` are down and `desired` is what
/// follows from that. The order and the objects do not depend on `down`.
pub(super) fn published(
    oracle: &Oracle<'_>,
    id: &ServiceId,
    service: &Service,
    desired: &Desired,
    down: &[RegionId],
) -> Vec<Published> {
    let world = World { oracle, service, down };
    let mut all = Vec::new();
    for publish in &service.publish {
        match publish {
            Publish::Dns(target) => {
                let mut records = desired.records.iter();
                let wanted = records.find(|r| r.name == target.name && r.kind == target.kind);
                all.extend(wanted.map(|wanted| world.record(wanted)));
            }
            Publish::LoadBalancer(target) => {
                let mut balancers = desired.balancers.iter();
                let wanted = balancers.find(|b| b.name == target.name && b.service == *id);
                all.extend(wanted.into_iter().flat_map(|wanted| world.balancer(wanted)));
            }
            Publish::Pool(_) => {}
        }
    }
    if !service.publish.iter().any(|publish| matches!(publish, Publish::LoadBalancer(_))) {
        all.extend(world.pools());
    }
    all
}

struct World<'w> {
    oracle: &'w Oracle<'w>,
    service: &'w Service,
    down: &'w [RegionId],
}

impl World<'_> {
    fn is_manual(&self) -> bool {
        self.service.failover.mode != FailoverMode::Automatic
    }

    fn is_down(&self, region: &RegionId) -> bool {
        self.down.contains(region)
    }

    /// Those of some regions that are not down, in failover order, or why nobody serves.
    fn served(&self, object: Object, regions: &[&RegionId], otherwise: Unserved) -> Published {
        let up = |region: &&&RegionId| !self.is_down(region);
        self.left(object, regions.iter().filter(up).map(|id| (*id).clone()).collect(), otherwise)
    }

    /// What a person has chosen: all of it serves until a part of it is down.
    fn chosen(&self, object: Object, regions: &[&RegionId]) -> Published {
        let is_cut = regions.iter().any(|region| self.is_down(region));
        let kept = if is_cut { &[] } else { regions };
        self.left(object, kept.iter().map(|id| (*id).clone()).collect(), Unserved::Manual)
    }

    fn left(&self, object: Object, mut served_by: Vec<RegionId>, otherwise: Unserved) -> Published {
        served_by.sort_by_key(|id| self.service.regions.iter().position(|region| region == id));
        let reason = served_by.is_empty().then_some(otherwise);
        Published { object, served_by, reason }
    }

    /// A person chooses the region of a `manual` record, and nobody here knows which; the first
    /// permitted one stands for it.
    fn record(&self, wanted: &DesiredRecords) -> Published {
        let object = Object::Record(format!("{} {}", wanted.name, wanted.kind));
        let has_content = |id: &&RegionId| wanted.permitted.values().any(|m| m.region == **id);
        let all: Vec<&RegionId> = wanted.regions.iter().filter(has_content).collect();
        if wanted.manual {
            return self.chosen(object, all.get(..1).unwrap_or_default());
        }
        let is_up = |id: &&RegionId| {
            let mut members = wanted.permitted.values();
            members.any(|m| m.region == **id && m.switch == Switch::Enable)
        };
        let answers = match wanted.mode {
            DnsMode::Failover => wanted.answer.iter().map(|(region, _)| region.clone()).collect(),
            DnsMode::Members => all.into_iter().filter(is_up).cloned().collect(),
        };
        self.left(object, answers, Unserved::NoneUp)
    }

    /// Which load balancer uses the pools is not known here, so they are taken together: while one
    /// origin of them is up, a balancer with all of them has somewhere to go. Where a rule or a pin
    /// permits only some of them, those are asked about too.
    fn pools(&self) -> Vec<Published> {
        let pools = || {
            self.service.publish.iter().filter_map(|publish| match publish {
                Publish::Pool(pool) => Some(pool),
                Publish::Dns(_) | Publish::LoadBalancer(_) => None,
            })
        };
        let names: Vec<&str> = pools().map(|pool| pool.name.as_str()).collect();
        let word = match names.len() {
            0 => return Vec::new(),
            1 => "pool",
            _ => "pools",
        };
        let names = format!("{word} {}", first_few(names.iter()));
        let in_a_pool = |id: &&RegionId| pools().any(|pool| pool.regions.contains(id));
        let index = |id: &RegionId| self.oracle.config.regions.keys().position(|key| key == id);
        let (mut all, mut seen) = (Vec::new(), BTreeSet::new());
        for (whose, permitted) in self.oracle.jurisdictions(self.service) {
            let is_permitted = |id: &&RegionId| index(id).is_some_and(|at| permitted.contains(at));
            let regions: Vec<&RegionId> =
                self.service.regions.iter().filter(in_a_pool).filter(is_permitted).collect();
            if !seen.insert(regions.clone()) {
                continue;
            }
            let whose = if whose.is_empty() { whose } else { format!(", origins{whose}") };
            let object = Object::Pools(format!("{names}{whose}"));
            all.push(if self.is_manual() {
                self.chosen(object, &regions)
            } else {
                self.served(object, &regions, Unserved::LastUsable)
            });
        }
        all
    }

    /// One for the clients of each different set of pools.
    fn balancer(&self, wanted: &DesiredBalancer) -> Vec<Published> {
        let Some(fields) = &wanted.fields else {
            let object = Object::LoadBalancer(wanted.name.clone());
            return vec![self.left(object, Vec::new(), Unserved::Unlawful)];
        };
        let everybody: BTreeSet<&String> = fields.default_pools.iter().flatten().collect();
        let mut lists = vec![(everybody.clone(), String::new())];
        for (pools, countries) in by_country(fields) {
            if pools != everybody {
                let countries: Vec<_> = countries.into_iter().map(Some).collect();
                lists.push((pools, format!(" from {}", country_list(&countries))));
            }
        }
        let of_list =
            |(pools, clients): (BTreeSet<&String>, String)| self.of_list(wanted, &pools, &clients);
        lists.into_iter().map(of_list).collect()
    }

    fn of_list(
        &self,
        wanted: &DesiredBalancer,
        pools: &BTreeSet<&String>,
        clients: &str,
    ) -> Published {
        let object = Object::LoadBalancer(format!("{}{clients}", wanted.name));
        let of = |pool: &String| wanted.pools.get(pool).map_or(&[][..], Vec::as_slice);
        let order = |id: &RegionId| self.service.regions.iter().position(|region| region == id);
        let rank = |pool: &&&String| of(pool).iter().filter_map(order).min();
        let first = || pools.iter().min_by_key(rank);
        let regions: BTreeSet<&RegionId> = if self.is_manual() {
            first().into_iter().flat_map(|pool| of(pool)).collect()
        } else {
            pools.iter().flat_map(|pool| of(pool)).collect()
        };
        let regions: Vec<&RegionId> = regions.into_iter().collect();
        if self.is_manual() {
            self.chosen(object, &regions)
        } else {
            self.served(object, &regions, Unserved::NoneUp)
        }
    }
}

/// The pools of each country that has a list of its own, and the countries that share them.
fn by_country(fields: &BalancerFields) -> BTreeMap<BTreeSet<&String>, Vec<Country>> {
    let mut lists: BTreeMap<BTreeSet<&String>, Vec<Country>> = BTreeMap::new();
    for (code, pools) in fields.country_pools.iter().flatten() {
        let countries = lists.entry(pools.iter().collect()).or_default();
        countries.extend(Country::parse(code).ok());
    }
    for set in fields.pool_sets.iter().flatten() {
        let topology = set.matches.topology.as_ref();
        let codes = topology.and_then(|topology| topology.countries.as_ref());
        let pools = set.overrides.as_ref().and_then(|overrides| overrides.pools.as_ref());
        let countries = codes.into_iter().flatten().filter_map(|code| Country::parse(code).ok());
        lists.entry(pools.into_iter().flatten().collect()).or_default().extend(countries);
    }
    lists
}
