//! Reads balancers and monitors from rows of the API's replies.

use crate::cloudflare::observed::{
    Balancer, BalancerFields, LbMonitor, MonitorFields, Pool, renamed,
};
use crate::cloudflare::reply::{ApiFailure, malformed};
use crate::json::{self, Shape, fields};
use serde_json::Value;

struct BalancerHead {
    id: String,
    name: String,
    description: Option<String>,
    enabled: bool,
    rules: Vec<Value>,
}

struct MonitorHead {
    id: String,
    description: Option<String>,
}

fields!(BalancerHead { id, name, description, enabled = true, rules = Vec::new() });
fields!(MonitorHead { id, description });

/// Reads a monitor from a row.
pub(super) fn monitor(row: &Value) -> Result<LbMonitor, ApiFailure> {
    let MonitorHead { id, description } = json::from_value(row).map_err(malformed)?;
    let fields: MonitorFields = json::from_value(row).map_err(malformed)?;
    Ok(LbMonitor { id, description, fields })
}

/// Reads a balancer from a row, with pool names instead of ids.
pub(super) fn balancer(row: &Value, pools: &[Pool]) -> Result<Balancer, ApiFailure> {
    let name_of = |id: &str| {
        let found = pools.iter().find(|pool| pool.id == id);
        Some(found.map_or_else(|| format!("({id})"), |pool| pool.name.clone()))
    };
    let head: BalancerHead = json::from_value(row).map_err(malformed)?;
    let row = renamed("", row, &name_of).unwrap_or_default();
    let fields: BalancerFields = json::from_value(&row).map_err(malformed)?;
    let BalancerHead { id, name, description, enabled, rules } = head;
    let overriding = rules.iter().filter(|rule| overrides_pools(rule));
    let overriding = overriding.map(|rule| text(rule, "name").to_owned()).collect();
    Ok(Balancer { id, name, description, enabled, overriding, fields })
}

/// Whether an enabled rule of a balancer overrides its pools.
fn overrides_pools(rule: &Value) -> bool {
    const POOLS: [&str; 5] =
        ["default_pools", "fallback_pool", "region_pools", "country_pools", "pop_pools"];
    let is_set = |value: Option<&Value>| value.is_some_and(|v| !v.is_null() && v != "");
    let overrides = rule.get("overrides").unwrap_or(&Value::Null);
    rule.get("disabled") != Some(&Value::Bool(true))
        && POOLS.iter().any(|pools| is_set(overrides.get(pools)))
}

/// The text under a key; empty if there is none.
pub(super) fn text<'r>(row: &'r Value, key: &str) -> &'r str {
    row.get(key).and_then(Value::as_str).unwrap_or_default()
}

/// The fields of an object's row in the form that a plan uses.
pub(super) fn shown(kind: &str, row: &Value, pools: &[Pool]) -> Result<Value, ApiFailure> {
    Ok(match kind {
        "load_balancers" => balancer(row, pools)?.fields.with_defaults().write(),
        "monitors" => monitor(row)?.fields.write(),
        _ => row.clone(),
    })
}
