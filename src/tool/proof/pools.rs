//! Pools: a balancer with no origin left in a jurisdiction sends traffic outside it, so the last
//! one must stay enabled.
//!
//! The origins of a pool are in the account, not in the config. Here the regions of a service are
//! dealt out to its pools in turn. Two kinds of accounts are checked: all origins enabled, and only
//! those of one region enabled.

use super::{FailureScenario, Prover};
use crate::cloudflare::{
    Change, Circumstances, Desired, Endpoint, Observed, Pool, PoolOrigin, Weight,
};
use crate::config::{FailoverMode, PoolTarget, Publish, Service};
use crate::ids::{RegionId, ServiceId};
use crate::ordered::{Map, Set};
use crate::residency::RegionSet;
use std::collections::BTreeSet;

/// Enabled origins, by host and port.
type Enabled = BTreeSet<String>;

pub(super) fn check(
    prover: &mut Prover<'_>,
    id: &ServiceId,
    service: &Service,
    world: &FailureScenario<'_>,
    desired: &Desired,
) {
    let pools: Vec<&PoolTarget> = service
        .publish
        .iter()
        .filter_map(|publish| match publish {
            Publish::Pool(pool) => Some(pool),
            Publish::Dns(_) | Publish::LoadBalancer(_) => None,
        })
        .collect();
    if pools.is_empty() {
        return;
    }
    let jurisdictions = prover.jurisdictions(id, service);
    let up = (0..world.config.regions.len()).filter(|region| world.is_up(*region)).collect();
    let up = addresses(world, &up);
    for only in [None].into_iter().chain(service.regions.iter().map(Some)) {
        prover.proof.pool_cases += 1;
        let observed = account(world, service, &pools, only);
        let before = enabled(observed.pools.values().flatten());
        let quiet = Circumstances::default();
        let plan = (prover.subject.plan)(desired, &observed, &Set::new(), &quiet);
        let after = carried_out(&observed, &plan);
        if service.failover.mode == FailoverMode::Manual && after != before {
            let what = "origins are switched although only a person moves them".to_owned();
            prover.violation("pools", id, what, example(only), world.down());
        }
        for (whose, regions) in jurisdictions.iter() {
            let inside = addresses(world, regions);
            if let Some(what) = fault(whose, &inside, &up, &before, &after) {
                prover.violation("pools", id, what, example(only), world.down());
            }
        }
    }
}

fn example(only: Option<&RegionId>) -> String {
    match only {
        Some(region) => format!("only origins in {region} are enabled"),
        None => "all origins are enabled".to_owned(),
    }
}

fn fault(
    whose: &str,
    inside: &Enabled,
    up: &Enabled,
    before: &Enabled,
    after: &Enabled,
) -> Option<String> {
    let has_one = |enabled: &Enabled| inside.intersection(enabled).next().is_some();
    let has_one_up = |enabled: &Enabled| inside.intersection(enabled).any(|one| up.contains(one));
    if has_one(before) && !has_one(after) {
        return Some(format!("the last origin{whose} is disabled"));
    }
    (has_one_up(before) && !has_one_up(after))
        .then(|| format!("the last origin{whose} that is up is disabled"))
}

/// An account with each region's origins in one of the pools.
fn account(
    world: &FailureScenario<'_>,
    service: &Service,
    pools: &[&PoolTarget],
    only: Option<&RegionId>,
) -> Observed {
    let mut accounts: Map<String, Vec<Pool>> = Map::new();
    for (number, target) in pools.iter().enumerate() {
        // Pools with configured regions have those; the others are dealt all regions in turn.
        let dealt = || service.regions.iter().skip(number).step_by(pools.len());
        let says = target.regions.len() < service.regions.len();
        let regions = dealt().filter(|_| !says).chain(target.regions.iter().filter(|_| says));
        let origins = regions.flat_map(|id| {
            let origins = world.config.regions.get(id).into_iter().flat_map(|r| &r.origins);
            origins.map(move |origin| PoolOrigin {
                address: origin.url.host().to_owned(),
                port: Endpoint::of(origin).port,
                enabled: only.is_none_or(|only| only == id),
                weight: Weight::ONE,
                header: None,
                disabled_at: None,
            })
        });
        let pool = Pool {
            id: format!("pool-{number}"),
            name: target.name.clone(),
            description: None,
            enabled: true,
            monitor: None,
            origins: origins.collect(),
            disabled_at: None,
        };
        accounts.insert_if_absent(target.account.clone(), Vec::new());
        accounts.get_mut(&target.account).into_iter().for_each(|pools| pools.push(pool.clone()));
    }
    Observed { pools: accounts, ..Observed::default() }
}

/// The enabled origins after a plan.
fn carried_out(observed: &Observed, plan: &crate::cloudflare::Plan) -> Enabled {
    let mut pools: Vec<Pool> = observed.pools.values().flatten().cloned().collect();
    for action in &plan.actions {
        match &action.change {
            Change::Origins { id, edits, .. } => {
                let pool = pools.iter_mut().filter(|pool| pool.id == *id);
                for origin in pool.flat_map(|pool| &mut pool.origins) {
                    let edit = edits.get(&origin.written());
                    origin.enabled = edit.and_then(|edit| edit.enabled).unwrap_or(origin.enabled);
                }
            }
            Change::Fields { kind: "pools", id: Some(id), fields, .. } => {
                let to = fields.iter().find(|field| field.name == "enabled");
                let to = to.and_then(|field| field.to.as_bool());
                let pool = pools.iter_mut().filter(|pool| pool.id == *id);
                pool.for_each(|pool| pool.enabled = to.unwrap_or(pool.enabled));
            }
            Change::Records { .. } | Change::Fields { .. } => {}
        }
    }
    enabled(&pools)
}

fn enabled<'p>(pools: impl IntoIterator<Item = &'p Pool>) -> Enabled {
    let pools = pools.into_iter().filter(|pool| pool.enabled);
    let origins = pools.flat_map(|pool| &pool.origins);
    origins.filter(|origin| origin.enabled).map(PoolOrigin::written).collect()
}

fn addresses(world: &FailureScenario<'_>, regions: &RegionSet) -> Enabled {
    let all = world.config.regions.values().enumerate();
    let inside = all.filter(|(index, _)| regions.contains(*index));
    let origins = inside.flat_map(|(_, region)| &region.origins);
    origins.map(|origin| Endpoint::of(origin).key()).collect()
}
