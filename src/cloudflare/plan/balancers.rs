//! Load balancers: their lists of pools, and whether the pools contain what the config says.

use super::action::{Action, Change, Effect, Parent, Urgency, WithheldReason};
use super::fields::{differences, names};
use super::members::members;
use super::{FieldChange, Planner};
use crate::cloudflare::desired::{Desired, DesiredBalancer, DesiredPool};
use crate::cloudflare::marker::{self, Owner};
use crate::cloudflare::name::normal;
use crate::cloudflare::observed::{
    Balancer, BalancerFields, Pool, PoolOrigin, PoolSet, PoolsByLocation,
};
use crate::ids::RegionId;
use crate::json::Shape;
use crate::ordered::{Map, Set};
use serde_json::Value;

impl Planner<'_> {
    pub(super) fn balancer(&mut self, wanted: &DesiredBalancer) {
        let observed = self.observed;
        let lists = (observed.balancers.get(&wanted.zone), observed.pools.get(&wanted.account));
        let (Some(balancers), Some(pools)) = lists else { return };
        let what = || format!("load balancer {}", wanted.name);
        let found = balancers.iter().find(|balancer| normal(&balancer.name) == wanted.name);
        let fields = match self.publishable(wanted, found, pools) {
            Ok(fields) => fields,
            Err((why, because)) => return self.withhold(what(), why, because),
        };
        if let Some(balancer) = found.filter(|b| wanted.is_guarded && !b.overriding.is_empty()) {
            let because = format!(
                "its rules `{}` choose pools of their own, which Pointsman does not check against \
                 the residency rules",
                balancer.overriding.join("`, `")
            );
            self.withhold(what(), WithheldReason::Unlawful, because);
        }
        let seen = found.map_or(Value::Null, |b| as_seen(&b.fields, fields).write());
        let mut changes = differences(&with_defaults(fields).write(), &seen);
        if let (Some(_), true) = (found, changes.is_empty()) {
            return;
        }
        if found.is_none() {
            changes.extend(created(wanted, fields));
        }
        let action = action(wanted, found, changes);
        if wanted.manual && found.is_some() && action.urgency != Urgency::Law {
            let because = "the failover mode of its service is `manual`".to_owned();
            return self.withhold(what(), WithheldReason::Manual, because);
        }
        self.hasten_pools(wanted, action.urgency);
        self.plan.actions.push(action);
    }

    /// Makes new pools and monitors as urgent as the balancer that refers to them, so that they
    /// come first.
    fn hasten_pools(&mut self, wanted: &DesiredBalancer, urgency: Urgency) {
        let is_new = |action: &Action| match &action.change {
            Change::Fields { kind, account, name, id: None, .. } => {
                let is_needed = *kind == "monitors" || wanted.pools.contains_key(name);
                *account == wanted.account && *kind != "load_balancers" && is_needed
            }
            _ => false,
        };
        for action in self.plan.actions.iter_mut().filter(|action| is_new(action)) {
            action.urgency = action.urgency.min(urgency);
        }
    }

    /// The fields to publish. Errors: why nothing may be published.
    fn publishable<'w>(
        &self,
        wanted: &'w DesiredBalancer,
        found: Option<&Balancer>,
        pools: &[Pool],
    ) -> Result<&'w BalancerFields, (WithheldReason, String)> {
        let missing = |name: &&String| !pools.iter().any(|pool| pool.name == **name);
        let created = |name: &&String| {
            self.plan.actions.iter().any(|action| match &action.change {
                Change::Fields { kind: "pools", id: None, name: new, .. } => new == *name,
                _ => false,
            })
        };
        if let Some(fault) = found.and_then(|balancer| foreign(wanted, balancer)) {
            return Err((WithheldReason::Foreign, fault));
        }
        let Some(fields) = &wanted.fields else {
            let because = "no pool lies entirely in regions that every rule permits, so there is \
                           no lawful fallback pool";
            return Err((WithheldReason::Unlawful, because.to_owned()));
        };
        if found.is_none() && !wanted.manage {
            let because =
                "the zone has no load balancer of this name; create it, or set `manage = true`"
                    .to_owned();
            return Err((WithheldReason::Missing, because));
        }
        if let Some(name) = wanted.pools.keys().find(|name| missing(name) && !created(name)) {
            return Err((WithheldReason::Missing, format!("its pool `{name}` does not exist")));
        }
        // A balancer that breaks a rule now is fixed all the same: leaving it would be worse.
        let leads_out = found.is_some_and(|balancer| is_unlawful(fields, &balancer.fields));
        for pool in pools.iter().filter(|_| wanted.is_guarded && !leads_out) {
            if let Some(address) = stranger(self.desired, wanted, pool) {
                let because = format!(
                    "pool `{}` contains `{address}`, which is not an origin of the pool's \
                     regions, so its jurisdiction is unknown",
                    pool.name
                );
                return Err((WithheldReason::Unlawful, because));
            }
        }
        Ok(fields)
    }
}

fn foreign(wanted: &DesiredBalancer, balancer: &Balancer) -> Option<String> {
    match marker::owner(balancer.description.as_deref(), &wanted.service) {
        Owner::Other(other) => Some(format!("it is marked for `{other}`")),
        Owner::Ours | Owner::Unmarked => None,
    }
}

/// An enabled origin of one of the balancer's pools that is in none of the pool's regions.
fn stranger(desired: &Desired, wanted: &DesiredBalancer, pool: &Pool) -> Option<String> {
    let regions: &[RegionId] = wanted.pools.get(&pool.name)?;
    let is_it = |p: &&DesiredPool| p.account == wanted.account && p.name == pool.name;
    let known = desired.pools.iter().find(is_it)?;
    let is_strange = |origin: &PoolOrigin| {
        let members = members(known, pool, origin);
        members.is_empty() || members.iter().any(|(_, one)| !regions.contains(&one.region))
    };
    let mut enabled = pool.origins.iter().filter(|origin| origin.enabled);
    enabled.find(|origin| is_strange(origin)).map(PoolOrigin::written)
}

/// The observed fields in the form that is compared. A missing policy depends on the lists by
/// location, so the desired lists decide.
fn as_seen(seen: &BalancerFields, wanted: &BalancerFields) -> BalancerFields {
    let mut seen = seen.clone();
    if seen.steering_policy.as_ref().is_none_or(String::is_empty) {
        let unsaid = BalancerFields { steering_policy: None, ..wanted.clone() };
        seen.steering_policy = unsaid.with_defaults().steering_policy;
    }
    seen.with_defaults()
}

/// The desired fields in the form that is compared. What they leave open stays open.
fn with_defaults(fields: &BalancerFields) -> BalancerFields {
    let full = fields.clone().with_defaults();
    BalancerFields {
        session_affinity: fields.session_affinity.as_ref().and(full.session_affinity),
        proxied: fields.proxied.and(full.proxied),
        random_steering: fields.random_steering.as_ref().and(full.random_steering),
        ..full
    }
}

/// Fields that only a new balancer gets.
fn created(wanted: &DesiredBalancer, fields: &BalancerFields) -> Vec<FieldChange> {
    let field =
        |name: &str, to: Value| FieldChange { name: name.to_owned(), from: Value::Null, to };
    let mut created = vec![
        field("name", wanted.name.as_str().into()),
        field("description", marker::of(&wanted.service).into()),
    ];
    if fields.proxied.is_none() && fields.ttl.is_none() {
        created.push(field("proxied", true.into()));
    }
    created
}

fn action(wanted: &DesiredBalancer, found: Option<&Balancer>, changes: Vec<FieldChange>) -> Action {
    let seen = found.map(|balancer| &balancer.fields);
    let urgency = match seen {
        None => Urgency::Upkeep,
        Some(seen) => urgency(wanted, seen, &changes),
    };
    let (mut away, mut serving) = (Set::new(), Set::new());
    for (pool, regions) in &wanted.pools {
        if !wanted.down.contains(pool.as_str()) {
            serving.extend(regions.iter().cloned());
        } else if urgency == Urgency::Failover {
            away.extend(regions.iter().cloned());
        }
    }
    let moves = matches!(urgency, Urgency::Failover | Urgency::Restore);
    Action {
        urgency,
        service: Some(wanted.service.clone()),
        reason: match found {
            Some(_) => format!("set {}", names(&changes)),
            None => "create it".to_owned(),
        },
        change: Change::Fields {
            kind: "load_balancers",
            parent: Parent::Zone(wanted.zone.clone()),
            account: wanted.account.clone(),
            id: found.map(|balancer| balancer.id.clone()),
            name: wanted.name.clone(),
            fields: changes,
        },
        effect: Effect { away, serving: moves.then_some(serving) },
    }
}

/// Lists with forbidden pools are the most urgent, then those whose first pool is down. Restoring
/// an order is never urgent, because the list is usable meanwhile.
fn urgency(wanted: &DesiredBalancer, seen: &BalancerFields, changes: &[FieldChange]) -> Urgency {
    let Some(fields) = &wanted.fields else { return Urgency::Law };
    let leads_down =
        |pools: &Vec<String>| pools.first().is_some_and(|pool| wanted.down.contains(pool.as_str()));
    let leads = |change: &FieldChange| change.name.contains("pool");
    if wanted.is_guarded && is_unlawful(fields, seen) {
        Urgency::Law
    } else if !changes.iter().any(leads) {
        Urgency::Upkeep
    } else if lists(seen).into_iter().any(leads_down) {
        Urgency::Failover
    } else {
        Urgency::Restore
    }
}

/// Every list of pools of a balancer.
pub(super) fn lists(fields: &BalancerFields) -> Vec<&Vec<String>> {
    let mut lists: Vec<&Vec<String>> = fields.default_pools.iter().collect();
    for locations in [&fields.country_pools, &fields.region_pools, &fields.pop_pools] {
        lists.extend(locations.iter().flat_map(Map::values));
    }
    for set in fields.pool_sets.iter().flatten() {
        lists.extend(set.overrides.iter().filter_map(|overrides| overrides.pools.as_ref()));
    }
    lists
}

/// Whether any list contains a pool that the desired list for the same clients does not. A location
/// without a list of its own uses the default pools.
fn is_unlawful(wanted: &BalancerFields, seen: &BalancerFields) -> bool {
    let default = wanted.default_pools.as_deref().unwrap_or_default();
    let outside =
        |pools: &[String], permitted: &[String]| pools.iter().any(|p| !permitted.contains(p));
    let by_place = |seen: &Option<PoolsByLocation>, wanted: &Option<PoolsByLocation>| {
        seen.iter().flatten().any(|(code, pools)| {
            let permitted = wanted.as_ref().and_then(|wanted| wanted.get(code));
            outside(pools, permitted.map_or(default, Vec::as_slice))
        })
    };
    let of_set = |seen: &PoolSet| {
        let Some(overrides) = seen.overrides.as_ref().filter(|_| !seen.disabled) else {
            return false;
        };
        let lists = [overrides.pools.as_deref(), Some(overrides.fallback_pool.as_slice())];
        // Health moves countries between sets, so each country is compared with its desired set.
        let countries = countries_of(seen);
        let for_all = countries.is_empty().then_some(default);
        let for_each = countries.iter().map(|country| {
            let mut sets = wanted.pool_sets.iter().flatten();
            let its = sets.find(|set| countries_of(set).contains(country));
            its.and_then(|set| set.overrides.as_ref()?.pools.as_deref()).unwrap_or(default)
        });
        let mut permitted = for_each.chain(for_all);
        permitted.any(|permitted| lists.iter().flatten().any(|list| outside(list, permitted)))
    };
    outside(seen.default_pools.as_deref().unwrap_or_default(), default)
        || outside(seen.fallback_pool.as_slice(), default)
        || by_place(&seen.country_pools, &wanted.country_pools)
        || by_place(&seen.region_pools, &wanted.region_pools)
        || by_place(&seen.pop_pools, &wanted.pop_pools)
        || seen.pool_sets.iter().flatten().any(of_set)
}

fn countries_of(set: &PoolSet) -> &[String] {
    let topology = set.matches.topology.as_ref();
    topology.and_then(|topology| topology.countries.as_deref()).unwrap_or_default()
}
