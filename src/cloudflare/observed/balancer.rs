//! The fields of a load balancer in the form that is compared: pools by name, the API's defaults
//! filled in, weights equal to the default left out.
//!
//! The desired state has the same type; there, an absent field is left as it is. Source: API schema
//! `load-balancing_load-balancer`.

use super::Weight;
use crate::json::fields;
use crate::ordered::Map;
use serde_json::{Map as Object, Value};

/// Lists of pools by the code of a country, region or data center, in failover order.
pub(in crate::cloudflare) type PoolsByLocation = Map<String, Vec<String>>;

/// The fields of a load balancer that we may manage.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash)]
pub struct BalancerFields {
    /// Pools for clients that no other list covers.
    pub default_pools: Option<Vec<String>>,
    /// The pool of last resort, whatever its health.
    pub fallback_pool: Option<String>,
    /// By country.
    pub country_pools: Option<PoolsByLocation>,
    /// By Cloudflare's region.
    pub region_pools: Option<PoolsByLocation>,
    /// By data center, which takes precedence over country.
    pub pop_pools: Option<PoolsByLocation>,
    /// Pools with a policy of their own, first match first.
    pub pool_sets: Option<Vec<PoolSet>>,
    /// The steering policy.
    pub steering_policy: Option<String>,
    /// Weights, for policies that use them.
    pub random_steering: Option<RandomSteering>,
    /// Session affinity.
    pub session_affinity: Option<String>,
    /// How long affinity lasts, in seconds.
    pub session_affinity_ttl: Option<u32>,
    /// Whether Cloudflare proxies the name.
    pub proxied: Option<bool>,
    /// TTL in seconds if it does not.
    pub ttl: Option<u32>,
}

/// Weights of pools.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct RandomSteering {
    /// The weight of pools that are not listed.
    pub default_weight: Weight,
    /// By pool.
    pub pool_weights: Map<String, Weight>,
}

/// Pools for clients in some locations.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct PoolSet {
    /// Its name.
    pub name: String,
    /// Whether it is off.
    pub disabled: bool,
    /// Which clients it applies to.
    pub matches: PoolMatch,
    /// The settings for them.
    pub overrides: Option<SetOverrides>,
    /// A fixed response for them.
    pub fixed_response: Option<Value>,
}

/// Which clients a pool set applies to: all, or those of a topology.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct PoolMatch {
    /// Everybody.
    pub default: Option<bool>,
    /// Some locations. The documentation says both that all fields must match and that any may, so
    /// ours have only one field.
    pub topology: Option<Topology>,
}

/// Places.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Topology {
    /// Countries.
    pub countries: Option<Vec<String>>,
    /// Cloudflare's regions.
    pub regions: Option<Vec<String>>,
    /// Data centers.
    pub pops: Option<Vec<String>>,
}

/// The settings for the clients of a pool set.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct SetOverrides {
    /// Their pools, in failover order.
    pub pools: Option<Vec<String>>,
    /// Their fallback pool.
    pub fallback_pool: Option<String>,
    /// Their steering policy.
    pub steering_policy: Option<String>,
    /// Weights by pool.
    pub pool_weights: Option<Map<String, Weight>>,
}

fields!(BalancerFields {
    default_pools if any,
    fallback_pool if any,
    country_pools if any,
    region_pools if any,
    pop_pools if any,
    pool_sets if any,
    steering_policy if any,
    random_steering if any,
    session_affinity if any,
    session_affinity_ttl if any,
    proxied if any,
    ttl if any,
});
fields!(RandomSteering { default_weight = Weight::ONE, pool_weights = Map::new() });
fields!(PoolSet {
    name = String::new(),
    disabled = false,
    matches as "match",
    overrides if any,
    fixed_response if any,
});
fields!(PoolMatch { default if any, topology if any });
fields!(Topology { countries if any, regions if any, pops if any });
fields!(SetOverrides {
    pools if any,
    fallback_pool if any,
    steering_policy if any,
    pool_weights if any,
});

impl BalancerFields {
    /// Fills in the API's defaults, so that equal meanings compare as equal.
    #[must_use]
    pub fn with_defaults(mut self) -> Self {
        for locations in [&mut self.country_pools, &mut self.region_pools, &mut self.pop_pools] {
            locations.get_or_insert_default().retain(|_, pools| !pools.is_empty());
        }
        self.pool_sets.get_or_insert_default();
        let maps = [&self.country_pools, &self.region_pools, &self.pop_pools];
        let is_geo = maps.into_iter().flatten().any(|locations| !locations.is_empty());
        let unsaid = if is_geo { "geo" } else { "off" };
        said_or(&mut self.steering_policy, unsaid);
        said_or(&mut self.session_affinity, "none");
        self.random_steering
            .get_or_insert(RandomSteering { default_weight: Weight::ONE, pool_weights: Map::new() })
            .leave_out_defaults();
        self.proxied.get_or_insert(false);
        self
    }
}

impl RandomSteering {
    fn leave_out_defaults(&mut self) {
        let default_weight = self.default_weight;
        self.pool_weights.retain(|_, weight| *weight != default_weight);
    }
}

fn said_or(said: &mut Option<String>, otherwise: &str) {
    if said.as_ref().is_none_or(String::is_empty) {
        *said = Some(otherwise.to_owned());
    }
}

/// The same fields with every pool and monitor renamed: ids for names, or names for ids. `None` if
/// one of them has no other name.
pub(in crate::cloudflare) fn renamed(
    key: &str,
    value: &Value,
    name: &dyn Fn(&str) -> Option<String>,
) -> Option<Value> {
    const LISTS: [&str; 3] = ["country_pools", "region_pools", "pop_pools"];
    const NAMES: [&str; 4] = ["pools", "default_pools", "fallback_pool", "monitor"];
    Some(match value {
        Value::Object(object) => {
            let mut other = Object::new();
            for (entry, value) in object {
                if key == "pool_weights" {
                    other.insert(name(entry)?, value.clone());
                } else {
                    let inside = if LISTS.contains(&key) { "pools" } else { entry };
                    other.insert(entry.clone(), renamed(inside, value, name)?);
                }
            }
            Value::Object(other)
        }
        Value::Array(items) => {
            let mut others = Vec::new();
            for item in items {
                others.push(renamed(key, item, name)?);
            }
            Value::Array(others)
        }
        Value::String(text) if NAMES.contains(&key) => Value::String(name(text)?),
        other => other.clone(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::json;
    use serde_json::json;

    fn normal(balancer: &Value) -> BalancerFields {
        json::read::<BalancerFields>(&balancer.to_string()).unwrap().with_defaults()
    }

    #[test]
    fn absent_null_and_default_are_the_same() {
        let bare = normal(&json!({"default_pools": ["p"], "fallback_pool": "p"}));
        let spelt_out = normal(&json!({
            "default_pools": ["p"], "fallback_pool": "p", "country_pools": {}, "region_pools": null,
            "pop_pools": {"LHR": []}, "pool_sets": null, "steering_policy": "",
            "random_steering": {"default_weight": 1, "pool_weights": {"p": 1.0}},
            "session_affinity": "", "proxied": false,
        }));
        assert_eq!(bare, spelt_out);
        assert_eq!(bare.steering_policy.as_deref(), Some("off"));
        let geo = normal(&json!({"country_pools": {"BR": ["p"]}}));
        assert_eq!(geo.steering_policy.as_deref(), Some("geo"));
    }

    #[test]
    fn pools_are_renamed_wherever_they_are_and_nothing_else_is() {
        let balancer = json!({
            "default_pools": ["eu", "us"], "fallback_pool": "eu", "name": "eu",
            "country_pools": {"EU": ["eu"]}, "steering_policy": "us",
            "random_steering": {"default_weight": 1, "pool_weights": {"eu": 0.5}},
            "pool_sets": [{"name": "us", "match": {"topology": {"countries": ["eu"]}},
                "overrides": {"pools": ["us"], "fallback_pool": "us", "pool_weights": {"us": 1}}}],
        });
        let expected = json!({
            "default_pools": ["1-eu", "1-us"], "fallback_pool": "1-eu", "name": "eu",
            "country_pools": {"EU": ["1-eu"]}, "steering_policy": "us",
            "random_steering": {"default_weight": 1, "pool_weights": {"1-eu": 0.5}},
            "pool_sets": [{"name": "us", "match": {"topology": {"countries": ["eu"]}},
                "overrides": {
                    "pools": ["1-us"], "fallback_pool": "1-us", "pool_weights": {"1-us": 1},
                }}],
        });
        let number = |name: &str| Some(format!("1-{name}"));
        assert_eq!(renamed("", &balancer, &number), Some(expected));
        assert_eq!(renamed("", &balancer, &|name| (name == "eu").then(|| name.into())), None);
    }
}
