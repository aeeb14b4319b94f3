//! The fields of a load balancer, and the pools that it uses.
use serde_json::{Value, json};

use super::envelope::{Failure, Row};
use super::fields::{Absent, Field, Kind};
use super::plan::Plan;
use super::table::{flag, text};

const IDS: Kind = Kind::List(&Kind::Text);
const ID_MAP: Kind = Kind::Map(&IDS);
const WEIGHTS: Kind = Kind::Map(&Kind::Number(0.0, 1.0));
const STEERING: Kind = Kind::OneOf(&[
    "",
    "off",
    "geo",
    "random",
    "dynamic_latency",
    "proximity",
    "least_outstanding_requests",
    "least_connections",
]);
const AFFINITY: Kind = Kind::OneOf(&["", "none", "cookie", "ip_cookie", "header"]);

pub(crate) const LOAD_BALANCER: &[Field] = &[
    Field::read_only("id"),
    Field::read_only("created_on"),
    Field::read_only("modified_on"),
    Field::read_only("zone_name"),
    Field::new("name", Kind::Text, Absent::Required),
    Field::new("default_pools", IDS, Absent::Required),
    Field::new("fallback_pool", Kind::Text, Absent::Required),
    Field::new("description", Kind::Text, Absent::Text("")),
    Field::new("enabled", Kind::Bool, Absent::Bool(true)),
    Field::new("proxied", Kind::Bool, Absent::Bool(false)),
    Field::new("ttl", Kind::Int(1, 86400), Absent::Omitted),
    Field::new("steering_policy", STEERING, Absent::Text("")),
    Field::new("region_pools", ID_MAP, Absent::EmptyMap),
    Field::new("country_pools", ID_MAP, Absent::EmptyMap),
    Field::new("pop_pools", ID_MAP, Absent::EmptyMap),
    Field::new("random_steering", Kind::Object(RANDOM_STEERING), Absent::Defaults),
    Field::new("adaptive_routing", Kind::Object(ADAPTIVE_ROUTING), Absent::Defaults),
    Field::new("session_affinity", AFFINITY, Absent::Text("none")),
    Field::new("session_affinity_ttl", Kind::Int(30, 604_800), Absent::Omitted),
    Field::new("session_affinity_attributes", Kind::Object(ATTRIBUTES), Absent::Defaults),
    Field::new("location_strategy", Kind::Object(LOCATION), Absent::Defaults),
    Field::new("rules", Kind::List(&Kind::Object(RULE)), Absent::EmptyList),
    Field::nullable("pool_sets", Kind::List(&Kind::Object(POOL_SET)), Absent::Omitted),
    Field::new("networks", IDS, Absent::Omitted),
];

const RANDOM_STEERING: &[Field] = &[
    Field::new("default_weight", Kind::Number(0.0, 1.0), Absent::Int(1)),
    Field::new("pool_weights", WEIGHTS, Absent::Omitted),
];

const ADAPTIVE_ROUTING: &[Field] =
    &[Field::new("failover_across_pools", Kind::Bool, Absent::Bool(false))];

const ATTRIBUTES: &[Field] = &[
    Field::new("samesite", Kind::OneOf(&["Auto", "Lax", "None", "Strict"]), Absent::Text("Auto")),
    Field::new("secure", Kind::OneOf(&["Auto", "Always", "Never"]), Absent::Text("Auto")),
    Field::new("drain_duration", Kind::Int(0, 86400), Absent::Int(0)),
    Field::new(
        "zero_downtime_failover",
        Kind::OneOf(&["none", "temporary", "sticky"]),
        Absent::Text("none"),
    ),
    Field::new("headers", Kind::List(&Kind::Text), Absent::Omitted),
    Field::new("require_all_headers", Kind::Bool, Absent::Bool(false)),
];

const LOCATION: &[Field] = &[
    Field::new("mode", Kind::OneOf(&["pop", "resolver_ip"]), Absent::Text("pop")),
    Field::new(
        "prefer_ecs",
        Kind::OneOf(&["always", "never", "proximity", "geo"]),
        Absent::Text("proximity"),
    ),
];

const RULE: &[Field] = &[
    Field::new("name", Kind::Text, Absent::Text("")),
    Field::new("condition", Kind::Text, Absent::Text("")),
    Field::new("disabled", Kind::Bool, Absent::Bool(false)),
    Field::new("priority", Kind::Int(0, i64::MAX), Absent::Int(0)),
    Field::new("terminates", Kind::Bool, Absent::Bool(false)),
    Field::new("fixed_response", Kind::Object(FIXED_RESPONSE), Absent::Omitted),
    Field::new("overrides", Kind::Object(OVERRIDES), Absent::EmptyMap),
];

const FIXED_RESPONSE: &[Field] = &[
    Field::new("status_code", Kind::Int(200, 599), Absent::Omitted),
    Field::new("message_body", Kind::Text, Absent::Omitted),
    Field::new("content_type", Kind::Text, Absent::Omitted),
    Field::new("location", Kind::Text, Absent::Omitted),
];

const OVERRIDES: &[Field] = &[
    Field::new("default_pools", IDS, Absent::Omitted),
    Field::new("fallback_pool", Kind::Text, Absent::Omitted),
    Field::new("region_pools", ID_MAP, Absent::Omitted),
    Field::new("country_pools", ID_MAP, Absent::Omitted),
    Field::new("pop_pools", ID_MAP, Absent::Omitted),
    Field::new("steering_policy", STEERING, Absent::Omitted),
    Field::new("random_steering", Kind::Object(RANDOM_STEERING), Absent::Omitted),
    Field::new("adaptive_routing", Kind::Object(ADAPTIVE_ROUTING), Absent::Omitted),
    Field::new("session_affinity", AFFINITY, Absent::Omitted),
    Field::new("session_affinity_ttl", Kind::Int(30, 604_800), Absent::Omitted),
    Field::new("session_affinity_attributes", Kind::Object(ATTRIBUTES), Absent::Omitted),
    Field::new("location_strategy", Kind::Object(LOCATION), Absent::Omitted),
    Field::new("ttl", Kind::Int(1, 86400), Absent::Omitted),
    Field::new("pools", IDS, Absent::Omitted),
    Field::new("pool_weights", WEIGHTS, Absent::Omitted),
    Field::new("pool_default_weight", Kind::Number(0.0, 1.0), Absent::Omitted),
];

const POOL_SET: &[Field] = &[
    Field::new("name", Kind::Text, Absent::Text("")),
    Field::new("disabled", Kind::Bool, Absent::Bool(false)),
    Field::new("match", Kind::Any, Absent::Required),
    Field::new("fixed_response", Kind::Object(FIXED_RESPONSE), Absent::Omitted),
    Field::new("overrides", Kind::Object(OVERRIDES), Absent::Omitted),
];

/// Every pool that a load balancer uses, with a JSON pointer to the use.
pub(crate) fn pools_used(row: &Row) -> Vec<(String, String)> {
    let mut found = Vec::new();
    pools_of("", row, &mut found);
    for list in ["rules", "pool_sets"] {
        let entries = row.get(list).and_then(Value::as_array);
        for (i, entry) in entries.into_iter().flatten().enumerate() {
            if let Some(overrides) = entry.get("overrides").and_then(Value::as_object) {
                pools_of(&format!("/{list}/{i}/overrides"), overrides, &mut found);
            }
        }
    }
    found
}

fn pools_of(at: &str, object: &Row, found: &mut Vec<(String, String)>) {
    let mut note = |pointer: String, id: &Value| {
        found.extend(id.as_str().map(|id| (pointer, id.to_owned())));
    };
    for list in ["default_pools", "pools"] {
        for (i, id) in object.get(list).and_then(Value::as_array).into_iter().flatten().enumerate()
        {
            note(format!("{at}/{list}/{i}"), id);
        }
    }
    if let Some(id) = object.get("fallback_pool") {
        note(format!("{at}/fallback_pool"), id);
    }
    for map in ["region_pools", "country_pools", "pop_pools"] {
        for (code, ids) in object.get(map).and_then(Value::as_object).into_iter().flatten() {
            for (i, id) in ids.as_array().into_iter().flatten().enumerate() {
                note(format!("{at}/{map}/{code}/{i}"), id);
            }
        }
    }
}

/// Fills in defaults that depend on other fields, and checks rules that span several.
pub(crate) fn finish(row: &mut Row, plan: Plan) -> Result<(), Failure> {
    if row.get("default_pools").and_then(Value::as_array).is_none_or(Vec::is_empty) {
        return Err(Failure::invalid("/default_pools", "default_pools must not be empty"));
    }
    let pops = row.get("pop_pools").and_then(Value::as_object);
    if plan != Plan::Enterprise && pops.is_some_and(|pops| !pops.is_empty()) {
        return Err(Failure::invalid("/pop_pools", "pop_pools needs an Enterprise plan"));
    }
    if flag(row, "proxied") {
        row.remove("ttl");
    } else {
        row.entry("ttl").or_insert(json!(30));
    }
    check_affinity(row)
}

fn check_affinity(row: &Row) -> Result<(), Failure> {
    let affinity = text(row, "session_affinity");
    let range = if affinity == "header" { 30..=3600 } else { 1800..=604_800 };
    let ttl = row.get("session_affinity_ttl").and_then(Value::as_i64);
    if ttl.is_some_and(|ttl| !range.contains(&ttl)) {
        let (min, max) = range.into_inner();
        let message = format!("session_affinity_ttl must be from {min} to {max} for {affinity}");
        return Err(Failure::invalid("/session_affinity_ttl", message));
    }
    let failover = row
        .get("session_affinity_attributes")
        .and_then(|attributes| attributes.get("zero_downtime_failover"));
    if affinity == "header" && failover.and_then(Value::as_str) == Some("sticky") {
        let pointer = "/session_affinity_attributes/zero_downtime_failover";
        return Err(Failure::invalid(pointer, "sticky does not go with header affinity"));
    }
    Ok(())
}
