//! The account as it is when a scenario begins: what a deployment that has run for a while has
//! there.

use super::super::scenario;
use crate::cloudflare::model::Account;
use crate::cloudflare::{
    Desired, DesiredBalancer, DesiredPool, DesiredRecords, MARKER, PoolMember, desired,
};
use crate::config::{Config, Publish};
use crate::health::Health;
use crate::ordered::{Map, Set};
use crate::time::Timestamp;
use crate::view::View;
use serde_json::{Value, json};

/// An account in which everything that is published is there, and every region is up. Errors: pools
/// of two accounts, which one simulated account cannot tell apart.
pub(super) fn account(config: &Config, now: Timestamp) -> Result<Account, String> {
    let state = scenario::state(config, now, |_| Health::Up);
    let wanted = desired(&View::new(config, &state, now));
    let accounts = Set::of(wanted.pools.iter().map(|pool| pool.account.as_str()));
    if accounts.len() > 1 {
        return Err("it publishes pools in two accounts, and only one is simulated".to_owned());
    }
    let Desired { records, pools, balancers, .. } = &wanted;
    let zones = records.iter().map(|it| &it.zone).chain(balancers.iter().map(|it| &it.zone));
    let balancers = balancers.iter().filter(|it| !it.manage);
    Ok(Account {
        zones: Map::of(zones.map(|zone| (format!("zone-{zone}"), zone.clone()))),
        records: records.iter().flat_map(rows).collect(),
        pools: pools.iter().filter(|it| !it.manage).map(|it| pool_row(it, config)).collect(),
        balancers: balancers.filter_map(balancer_row).collect(),
        ..Account::default()
    })
}

fn rows(wanted: &DesiredRecords) -> Vec<Value> {
    let DesiredRecords { name, kind, service, ttl_s, proxied, .. } = wanted;
    // A person moves some: they begin at the first region.
    let answer = wanted.answer.as_ref().or(wanted.refuge.as_ref());
    let contents = answer.into_iter().flat_map(|(_, contents)| contents.iter());
    let row = |content: &String| {
        json!({
            "id": format!("id-{name}{content}"), "name": name, "type": kind.as_str(),
            "content": content, "ttl": ttl_s, "proxied": proxied.unwrap_or(false),
            "comment": format!("{MARKER}{service}"), "tags": [],
        })
    };
    contents.map(row).collect()
}

fn pool_id(name: &str) -> String {
    format!("id-{name}")
}

/// A pool that stands beside others of its service has one region: the first has the first, …
fn pool_row(pool: &DesiredPool, config: &Config) -> Value {
    let service = config.services.get(&pool.service);
    let publish = service.map(|service| service.publish.as_slice()).unwrap_or_default();
    let names = publish.iter().filter_map(|publish| match publish {
        Publish::Pool(pool) => Some(&pool.name),
        Publish::Dns(_) | Publish::LoadBalancer(_) => None,
    });
    let nth = names.into_iter().position(|name| *name == pool.name);
    let own = nth.and_then(|nth| service?.regions.get(nth)).filter(|_| !pool.is_whole);
    let has = |member: &&PoolMember| own.is_none_or(|own| member.region == *own);
    let origin = |member: &PoolMember| {
        json!({
            "name": member.id.as_str(), "address": member.endpoint.host,
            "port": member.endpoint.port, "enabled": true, "weight": 1,
        })
    };
    json!({
        "id": pool_id(&pool.name), "name": pool.name, "enabled": true, "minimum_origins": 1,
        "description": format!("{MARKER}{}", pool.service),
        "origins": pool.origins.values().filter(has).map(origin).collect::<Vec<_>>(),
    })
}

/// One without a lawful list is not there, and the Controller says why.
fn balancer_row(balancer: &DesiredBalancer) -> Option<Value> {
    let fields = balancer.fields.as_ref()?;
    let ids = |names: &Vec<String>| names.iter().map(|name| pool_id(name)).collect::<Vec<_>>();
    Some(json!({
        "id": format!("id-{}", balancer.name), "name": balancer.name, "enabled": true,
        "description": format!("{MARKER}{}", balancer.service),
        "default_pools": fields.default_pools.as_ref().map(ids),
        "fallback_pool": fields.fallback_pool.as_deref().map(pool_id),
    }))
}
