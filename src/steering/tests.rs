//! Decisions over small tables, each table written out as the document that it is read from.

use super::*;
use crate::country::Country;
use crate::latency::{Estimate, Location};
use crate::passive::{BreakerLimits, FinishedTry, Seen, TryOutcome};
use crate::routes::Table;
use crate::time::Timestamp;
use serde_json::{Value, json};
use stable_hash::StableHash;

mod failback;
mod law;
mod order;
mod witness;

const HOST: &str = "api.example.com";

fn country(code: &str) -> Country {
    Country::parse(code).unwrap()
}

fn location(latitude: f64, longitude: f64) -> Location {
    Location::new(latitude, longitude).unwrap()
}

/// Three regions, all up: Ireland, Virginia, São Paulo. `api` is served by all of them.
fn three() -> Value {
    let region =
        |id: &str, code: &str, at: [f64; 2]| json!({"id": id, "country": code, "location": at});
    let candidate = |id: &str, ms: u64| {
        json!({
            "id": id, "health": "up", "usable": 2, "all": 2, "latency_ms": ms,
            "origins": [format!("https://{id}.example.net")],
        })
    };
    json!({
        "version": crate::routes::VERSION,
        "generation": 1,
        "as_of": "2026-11-22T12:00:00Z",
        "config": "0",
        "law": "0",
        "regions": [
            region("eu-west", "IE", [53.35, -6.26]),
            region("us-east", "US", [39.04, -77.49]),
            region("sa-east", "BR", [-23.55, -46.63]),
        ],
        "services": {"api": {
            "hosts": [HOST],
            "try_timeout_ms": 1000,
            "timeout_ms": 5000,
            "steering": {"policy": "latency"},
            "regions": [
                candidate("eu-west", 20), candidate("us-east", 80), candidate("sa-east", 180),
            ],
        }},
        "rules": [],
    })
}

fn lgpd() -> Value {
    json!({
        "id": "lgpd", "mode": "strict", "when": {"countries": ["BR"]}, "permits": ["sa-east"],
    })
}

/// `three` with some values replaced, each at its JSON pointer.
fn with(changes: &[(&str, Value)]) -> Table {
    let mut routes = three();
    for (pointer, value) in changes {
        let (parent, key) = pointer.rsplit_once('/').unwrap();
        let parent = routes.pointer_mut(parent).unwrap_or_else(|| panic!("no {parent}"));
        match parent {
            Value::Array(items) => items[key.parse::<usize>().unwrap()] = value.clone(),
            parent => parent[key] = value.clone(),
        }
    }
    Table::parse(&routes.to_string()).unwrap_or_else(|bad| panic!("{bad}"))
}

fn steering(steering: Value) -> (&'static str, Value) {
    ("/services/api/steering", steering)
}

fn health(index: usize, health: &str) -> (String, Value) {
    (format!("/services/api/regions/{index}/health"), json!(health))
}

fn with_health(health_of: [&str; 3], more: &[(&str, Value)]) -> Table {
    let changes: Vec<_> = health_of.iter().enumerate().map(|(i, word)| health(i, word)).collect();
    let mut all: Vec<(&str, Value)> =
        changes.iter().map(|(pointer, value)| (pointer.as_str(), value.clone())).collect();
    all.extend_from_slice(more);
    with(&all)
}

fn from(code: &str) -> RequestFacts<'static> {
    RequestFacts { country: Some(country(code)), ..RequestFacts::new(HOST) }
}

fn nowhere() -> RequestFacts<'static> {
    RequestFacts::new(HOST)
}

fn berlin() -> RequestFacts<'static> {
    RequestFacts { location: Some(location(52.5, 13.4)), ..from("DE") }
}

fn chicago() -> RequestFacts<'static> {
    RequestFacts { location: Some(location(41.9, -87.6)), ..from("US") }
}

/// The regions of a decision without evidence, in order.
fn regions(table: &Table, request: &RequestFacts<'_>) -> Vec<String> {
    order(&decide(table, request, &Evidence::default()))
}

fn order(decision: &Decision<'_>) -> Vec<String> {
    decision.regions.iter().map(|region| region.entry.id.to_string()).collect()
}

fn refusal(table: &Table, request: &RequestFacts<'_>) -> Option<Refusal> {
    let decision = decide(table, request, &Evidence::default());
    assert_eq!(decision.refusal.is_some(), decision.regions.is_empty());
    decision.refusal
}

/// How often each region comes first over many clients.
fn shares(table: &Table, request: &RequestFacts<'_>) -> Vec<(String, u32)> {
    let mut counts: Vec<(String, u32)> = Vec::new();
    for number in 0..10_000 {
        let client = Some(StableHash::of_number("test", number));
        let request = RequestFacts { client, seed: number, ..*request };
        let decision = decide(table, &request, &Evidence::default());
        let first = decision.regions.first().map_or("none", |region| region.entry.id.as_str());
        match counts.iter_mut().find(|(id, _)| id == first) {
            Some((_, count)) => *count += 1,
            None => counts.push((first.to_owned(), 1)),
        }
    }
    counts.sort();
    counts
}

/// Asserts shares in percent, two points off at most.
fn assert_shares(counts: &[(String, u32)], expected: &[(&str, u32)]) {
    assert_eq!(counts.len(), expected.len(), "{counts:?}");
    for ((id, count), (expected_id, percent)) in counts.iter().zip(expected) {
        assert_eq!(id, expected_id);
        assert!(count.abs_diff(percent * 100) <= 200, "{counts:?}, expected {expected:?}");
    }
}

fn now() -> Timestamp {
    Timestamp::from_millis(1_000_000)
}

fn seen(ms: u64) -> Seen {
    let mut seen = Seen::default();
    seen.latency = (0..16).fold(None, |before, _| Some(Estimate::with(before, ms, now())));
    seen
}
