//! Load balancers: every list of pools is lawful for every client that it may serve.
//!
//! A balancer chooses by data center, then by country, then by region, and falls back to one pool.
//! Data center and region do not reveal the client's country. So their lists, the default list and
//! the fallback must be lawful for every country and for clients of unknown country. The regions of
//! a pool are taken from the config; whether its origins are in them is checked against the account
//! by the plan.

use super::{FailureScenario, Prover};
use crate::cloudflare::{BalancerFields, Desired, DesiredBalancer, PoolSet};
use crate::config::{LoadBalancerTarget, Publish, Service};
use crate::country::Country;
use crate::ids::ServiceId;
use crate::residency::RegionSet;

pub(super) fn check(
    prover: &mut Prover<'_>,
    id: &ServiceId,
    service: &Service,
    world: &FailureScenario<'_>,
    desired: &Desired,
) {
    for publish in &service.publish {
        let Publish::LoadBalancer(target) = publish else { continue };
        prover.proof.balancer_cases += 1;
        let mut wanted = desired.balancers.iter().filter(|b| b.name == target.name);
        let what = match (wanted.next(), wanted.next()) {
            (Some(wanted), None) => fault(prover, service, world, target, wanted),
            _ => Some("it is not desired, or more than once".to_owned()),
        };
        if let Some(what) = what {
            let example = format!("load balancer {}", target.name);
            prover.violation("balancers", id, what, example, world.down());
        }
    }
}

fn fault(
    prover: &mut Prover<'_>,
    service: &Service,
    world: &FailureScenario<'_>,
    target: &LoadBalancerTarget,
    wanted: &DesiredBalancer,
) -> Option<String> {
    // Then nothing is published, and the plan says so.
    let fields = wanted.fields.as_ref()?;
    let everywhere = lists_for_everybody(fields);
    let permitted = prover.permitted_by_country(service, &target.name);
    let countries = Country::all().map(Some).chain([None]);
    for (country, permitted) in countries.zip(permitted.iter()) {
        let own = country.map(|country| lists_for(fields, country)).unwrap_or_default();
        for (list, pools) in everywhere.iter().cloned().chain(own) {
            let outside = |pool: &&String| !is_inside(world, service, pool, permitted);
            if let Some(pool) = pools.iter().find(outside) {
                let client = country.map_or("unknown".to_owned(), |country| country.to_string());
                return Some(format!("{list} leads a client from {client} to pool {pool}"));
            }
        }
    }
    None
}

/// The lists that any client may get.
fn lists_for_everybody(fields: &BalancerFields) -> Vec<(String, Vec<String>)> {
    let mut lists = vec![
        ("default_pools".to_owned(), fields.default_pools.clone().unwrap_or_default()),
        ("fallback_pool".to_owned(), fields.fallback_pool.iter().cloned().collect()),
    ];
    for (name, lists_by_code) in
        [("region_pools", &fields.region_pools), ("pop_pools", &fields.pop_pools)]
    {
        let lists_by_code = lists_by_code.iter().flatten();
        lists.extend(lists_by_code.map(|(code, pools)| (format!("{name} {code}"), pools.clone())));
    }
    let sets = fields.pool_sets.iter().flatten();
    let open = sets.filter(|set| {
        set.matches.topology.as_ref().and_then(|topology| topology.countries.as_ref()).is_none()
    });
    lists.extend(open.flat_map(lists_of_set));
    lists
}

/// The lists that only clients of one country get.
fn lists_for(fields: &BalancerFields, country: Country) -> Vec<(String, Vec<String>)> {
    let code = country.to_string();
    let by_country = fields.country_pools.as_ref().and_then(|pools| pools.get(&code)).cloned();
    let named = |set: &&PoolSet| {
        let topology = set.matches.topology.as_ref();
        let countries = topology.and_then(|topology| topology.countries.as_ref());
        countries.is_some_and(|countries| countries.contains(&code))
    };
    let sets = fields.pool_sets.iter().flatten().filter(named).flat_map(lists_of_set);
    by_country.map(|pools| ("country_pools".to_owned(), pools)).into_iter().chain(sets).collect()
}

fn lists_of_set(set: &PoolSet) -> Vec<(String, Vec<String>)> {
    let overrides = set.overrides.iter();
    let lists = overrides.flat_map(|set| {
        [set.pools.clone().unwrap_or_default(), set.fallback_pool.iter().cloned().collect()]
    });
    lists.map(|pools| (format!("pool set {}", set.name), pools)).collect()
}

fn is_inside(
    world: &FailureScenario<'_>,
    service: &Service,
    pool: &str,
    permitted: &RegionSet,
) -> bool {
    let pools = service.publish.iter().filter_map(|publish| match publish {
        Publish::Pool(target) if target.name == pool => Some(target),
        Publish::Pool(_) | Publish::Dns(_) | Publish::LoadBalancer(_) => None,
    });
    let mut regions = pools.flat_map(|target| &target.regions).peekable();
    let index = |id| world.config.regions.keys().position(|known| known == id);
    regions.peek().is_some()
        && regions.all(|id| index(id).is_some_and(|index| permitted.contains(index)))
}
