//! Load balancers: lists of pools ordered by residency first, then health, then policy.
//!
//! A pool may be in a list only if all of its regions are permitted for every client that the list
//! serves. The lists for everybody are `default_pools`, `fallback_pool`, and the maps by region and
//! data center, because those do not reveal the client's country: they hold only what all rules
//! over the name permit. A country whose clients may go to more regions gets its own list.

use super::weights::{weights, weights_of};
use super::{DesiredBalancer, countries};
use crate::cloudflare::observed::{
    BalancerFields, PoolMatch, PoolSet, RandomSteering, SetOverrides, Topology, Weight,
};
use crate::config::{CountriesBy, LoadBalancerTarget, Policy, PoolTarget, Publish, Service};
use crate::country::Country;
use crate::health::Health;
use crate::ids::RegionId;
use crate::ordered::{Map, Set};
use crate::view::{RegionStanding, ServiceStanding, View};

/// The prefix of the names of our pool sets.
const SET_PREFIX: &str = "pointsman";

/// What is known about one balancer while its lists are built.
struct Lists<'v> {
    view: &'v View<'v>,
    standing: &'v ServiceStanding<'v>,
    target: &'v LoadBalancerTarget,
    /// The regions of each pool.
    pools: Vec<(&'v str, &'v [RegionId])>,
    down: Set<String>,
    /// Pools to whose regions not all clients have returned.
    returning: Set<String>,
}

pub(super) fn balancer(
    view: &View<'_>,
    standing: &ServiceStanding<'_>,
    target: &LoadBalancerTarget,
) -> Option<DesiredBalancer> {
    let pools: Vec<&PoolTarget> = pools(standing.service).collect();
    let account = pools.first()?.account.clone();
    let (mut regions, mut down, mut returning) = (Map::new(), Set::new(), Set::new());
    for pool in &pools {
        regions.insert(pool.name.clone(), pool.regions.clone());
        if is_down(standing, pool) {
            down.insert(pool.name.clone());
        }
        if is_returning(standing, &pool.regions) {
            returning.insert(pool.name.clone());
        }
    }
    let lists = Lists {
        view,
        standing,
        target,
        pools: pools.iter().map(|pool| (pool.name.as_str(), pool.regions.as_slice())).collect(),
        down,
        returning,
    };
    let everybody = view.everybody(standing.service, &target.name);
    let permitted: Vec<RegionId> = everybody.permitted.into_iter().cloned().collect();
    Some(DesiredBalancer {
        zone: target.zone.clone(),
        name: target.name.clone(),
        service: standing.id.clone(),
        account,
        pools: regions,
        down: lists.down.clone(),
        is_guarded: everybody.is_guarded,
        fields: lists.fields(&permitted),
        manage: target.manage,
        // A switch is a person's own move.
        manual: standing.is_manual() && standing.preferred().is_none(),
    })
}

/// Whether all of its clients are divided by the weights of its pools.
pub(super) fn divides(balancer: &DesiredBalancer) -> bool {
    let Some(fields) = &balancer.fields else { return false };
    let has_sets = fields.pool_sets.as_ref().is_some_and(|sets| !sets.is_empty());
    let policy = fields.steering_policy.as_deref();
    matches!(policy, Some("random" | "least_outstanding_requests")) && !has_sets
}

fn pools(service: &Service) -> impl Iterator<Item = &PoolTarget> {
    service.publish.iter().filter_map(|publish| match publish {
        Publish::Pool(pool) => Some(pool),
        Publish::Dns(_) | Publish::LoadBalancer(_) => None,
    })
}

/// Whether no origin of a pool takes new clients.
fn is_down(standing: &ServiceStanding<'_>, pool: &PoolTarget) -> bool {
    let mut origins = standing.regions_of(&pool.regions).flat_map(|region| &region.origins);
    origins.all(|origin| origin.for_new_clients() == Health::Down)
}

/// Whether no region of a pool serves all of its clients, because they return to one by stages.
fn is_returning(standing: &ServiceStanding<'_>, regions: &[RegionId]) -> bool {
    let regions = || standing.regions_of(regions);
    regions().any(RegionStanding::is_returning) && !regions().any(RegionStanding::is_settled)
}

impl<'v> Lists<'v> {
    fn service(&self) -> &'v Service {
        self.standing.service
    }

    fn fields(&self, everybody: &[RegionId]) -> Option<BalancerFields> {
        let default_pools = self.list(everybody, &[]);
        let fallback = default_pools.first().cloned()?;
        let by_country: Vec<(Vec<String>, Vec<Country>)> = self
            .by_country()
            .into_iter()
            .filter(|(pools, _)| *pools != default_pools && !pools.is_empty())
            .collect();
        let geo = &self.service().steering.geo;
        let (mut region_pools, mut pop_pools) = (Map::new(), Map::new());
        for (code, regions) in &geo.regions {
            region_pools.insert(code.as_str().to_owned(), self.list(everybody, regions));
        }
        for (code, regions) in &geo.pops {
            pop_pools.insert(code.clone(), self.list(everybody, regions));
        }
        let mut fields = BalancerFields {
            default_pools: Some(default_pools),
            fallback_pool: Some(fallback),
            region_pools: Some(region_pools),
            pop_pools: Some(pop_pools),
            country_pools: Some(Map::new()),
            pool_sets: Some(Vec::new()),
            steering_policy: Some(self.policy().to_owned()),
            random_steering: self.random_steering(),
            session_affinity: self.target.session_affinity.map(|by| by.as_str().to_owned()),
            session_affinity_ttl: self.target.session_affinity_ttl_s,
            proxied: self.target.proxied,
            ttl: self.target.ttl_s,
        };
        match self.target.countries_by {
            CountriesBy::CountryPools => Self::add_countries(&mut fields, &by_country),
            CountriesBy::PoolSets => fields.pool_sets = Some(self.sets(&by_country)),
        }
        Some(fields)
    }

    /// The pools whose regions are all permitted, in the service's order of regions; those with the
    /// region that an order prefers come first, then those with a region of `first`; those that are
    /// down come last, and before them those to which clients return by stages, if another region
    /// serves all of its clients.
    fn list(&self, permitted: &[RegionId], first: &[RegionId]) -> Vec<String> {
        let preferred = self.standing.preferred();
        let rank = |regions: &[RegionId]| {
            let is_other = preferred.is_some_and(|preferred| !regions.contains(preferred));
            let near = first.iter().position(|region| regions.contains(region));
            let order = self.service().regions.iter().position(|region| regions.contains(region));
            (is_other, near.unwrap_or(first.len()), order)
        };
        let all = |regions: &[RegionId]| regions.iter().all(|region| permitted.contains(region));
        let mut pools: Vec<_> =
            self.pools.iter().copied().filter(|(_, regions)| all(regions)).collect();
        let is_settled = |region: &RegionStanding<'_>| region.is_settled();
        let serves =
            |(_, regions): &(&str, &[RegionId])| self.standing.regions_of(*regions).any(is_settled);
        let may_wait = pools.iter().any(serves);
        pools.sort_by_key(|(name, regions)| {
            let waits = may_wait && self.returning.contains(*name);
            (self.down.contains(*name), waits, rank(regions))
        });
        pools.into_iter().map(|(name, _)| name.to_owned()).collect()
    }

    /// Every list that differs, with its countries.
    fn by_country(&self) -> Vec<(Vec<String>, Vec<Country>)> {
        let mut lists: Vec<(Vec<String>, Vec<Country>)> = Vec::new();
        let classes = countries::classes(self.view, self.service(), &self.target.name);
        for (permitted, countries) in classes {
            for country in countries {
                let geo = self.service().steering.geo.countries.get(&country);
                let list = self.list(&permitted, geo.map_or(&[], Vec::as_slice));
                match lists.iter_mut().find(|(known, _)| *known == list) {
                    Some((_, known)) => known.push(country),
                    None => lists.push((list, vec![country])),
                }
            }
        }
        lists.sort_by(|(a, _), (b, _)| a.cmp(b));
        lists
    }

    /// Only the policy `geo` uses lists by country, so residency requires it.
    fn add_countries(fields: &mut BalancerFields, by_country: &[(Vec<String>, Vec<Country>)]) {
        let mut lists = Map::new();
        for (pools, countries) in by_country {
            for country in countries {
                lists.insert(country.to_string(), pools.clone());
            }
        }
        if !lists.is_empty() {
            fields.steering_policy = Some("geo".to_owned());
        }
        fields.country_pools = Some(lists);
    }

    /// One pool set for each list. A client in none of them gets the lists for everybody.
    fn sets(&self, by_country: &[(Vec<String>, Vec<Country>)]) -> Vec<PoolSet> {
        let set = |(number, (pools, countries)): (usize, &(Vec<String>, Vec<Country>))| {
            let codes = countries.iter().map(ToString::to_string).collect();
            PoolSet {
                name: format!("{SET_PREFIX}-{number}"),
                disabled: false,
                matches: PoolMatch {
                    default: None,
                    topology: Some(Topology { countries: Some(codes), regions: None, pops: None }),
                },
                overrides: Some(SetOverrides {
                    fallback_pool: pools.first().cloned(),
                    pools: Some(pools.clone()),
                    steering_policy: Some(self.policy().to_owned()),
                    pool_weights: None,
                }),
                fixed_response: None,
            }
        };
        by_country.iter().enumerate().map(set).collect()
    }

    fn policy(&self) -> &'static str {
        let steering = &self.service().steering;
        match steering.policy {
            // Only failover order prefers one pool to all others.
            _ if self.standing.preferred().is_some() => "off",
            // Only random steering can give shares.
            Policy::Ordered if self.standing.has_trial_or_drain() => "random",
            Policy::Ordered if self.standing.parts_in_order().is_some() => "random",
            Policy::Ordered => "off",
            Policy::Geo => "geo",
            Policy::Proximity => "proximity",
            Policy::Weighted => "random",
            Policy::Latency => "dynamic_latency",
            Policy::LeastOutstanding => "least_outstanding_requests",
        }
    }

    /// The weights of pools for policies that use them. A pool weighs as much as its heaviest
    /// region.
    fn random_steering(&self) -> Option<RandomSteering> {
        if !matches!(self.policy(), "random" | "least_outstanding_requests") {
            return None;
        }
        let is_in_order = self.service().steering.policy == Policy::Ordered
            && !self.standing.has_trial_or_drain();
        let in_order = self.standing.parts_in_order().filter(|_| is_in_order);
        let weights = match in_order {
            Some(parts) => weights_of(&parts),
            None => weights(self.standing, &self.service().regions),
        };
        let weight = |regions: &[RegionId]| {
            let heaviest = regions.iter().filter_map(|region| weights.get(region)).max();
            heaviest.copied().unwrap_or(Weight::NONE)
        };
        let pools = self.pools.iter().map(|(name, regions)| ((*name).to_owned(), weight(regions)));
        Some(RandomSteering { default_weight: Weight::ONE, pool_weights: Map::of(pools) })
    }
}
