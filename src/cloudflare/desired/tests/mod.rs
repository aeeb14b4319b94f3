//! What a config and beliefs about health ask for.

mod balancers;
mod pools;
mod records;
mod returning;
mod weights;

use super::*;
use crate::config::{Config, OverrideTo};
use crate::state::State;
use crate::testing::{ACCOUNT, order, set_origin};
use crate::time::Timestamp;
use crate::view::View;
use serde_json::{Value, json};

/// Four regions, two of them in the EEA; `web` publishes a pool for each and a balancer over them.
fn config() -> Value {
    let region = |country: &str, id: &str, n: u8| {
        let origin = |k: u8| {
            json!({"id": format!("{id}-{k}"), "url": format!("https://{id}{k}.example.net"),
                   "ipv4": format!("192.0.2.{}", n + k)})
        };
        json!({"country": country, "origins": [origin(1), origin(2)]})
    };
    let pools = ["de", "ie", "us", "br"].map(|id| pool(id, &[id]));
    let balancer = json!({"zone": "example.com", "name": "www.example.com"});
    let publish = pools.into_iter().chain([json!({"load_balancer": balancer})]);
    json!({
        "version": 1,
        "regions": {
            "de": region("DE", "de", 10),
            "ie": region("IE", "ie", 20),
            "us": region("US", "us", 30),
            "br": region("BR", "br", 40),
        },
        "monitors": {"m": {"path": "/health", "interval_s": 15, "timeout_ms": 1500}},
        "services": {"web": {
            "monitor": "m",
            "regions": ["de", "ie", "us", "br"],
            "steering": "ordered",
            "publish": publish.collect::<Vec<_>>(),
        }},
    })
}

fn pool(name: &str, regions: &[&str]) -> Value {
    json!({"pool": {"account": ACCOUNT, "name": name, "regions": regions}})
}

/// Clients in the EEA stay there; everybody else is free.
fn with_gdpr(mut config: Value) -> Value {
    let when = json!({"country": "@eea"});
    config["residency"] = json!([{"id": "gdpr", "when": when, "allow": "@eea", "mode": "strict"}]);
    config
}

/// What is wanted where an operator has said something of each of these origins, and nothing is
/// known of any other.
fn wanted(config: &Value, said: &[(&str, OverrideTo)]) -> Desired {
    wanted_at(config, said, Timestamp::from_millis(1_785_585_600_000))
}

fn wanted_at(config: &Value, said: &[(&str, OverrideTo)], now: Timestamp) -> Desired {
    let config = Config::parse(&config.to_string()).unwrap_or_else(|found| panic!("{found:?}"));
    let mut state = State::default();
    for (origin, set) in said {
        state.orders.push(order(1, set_origin(origin, *set), Some(now.plus(1_000))));
    }
    desired(&View::new(&config, &state, now))
}

/// What is said of both origins of these regions.
fn of(regions: &'static [&'static str], set: OverrideTo) -> Vec<(&'static str, OverrideTo)> {
    const ORIGINS: [&str; 8] = ["de-1", "de-2", "ie-1", "ie-2", "us-1", "us-2", "br-1", "br-2"];
    let fit = |id: &&&str| regions.iter().any(|region| id.starts_with(region));
    ORIGINS.iter().filter(fit).map(|id| (*id, set)).collect()
}

fn names(list: Option<&Vec<String>>) -> Vec<&str> {
    list.into_iter().flatten().map(String::as_str).collect()
}
