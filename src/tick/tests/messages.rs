//! The messages between a run and the Controller: their form stays, because during a deployment
//! the two are of different builds.

use super::*;
use crate::json;
use serde_json::{Value, json};

const T: &str = "2026-01-31T12:00:00.000Z";

fn reads_back<M: json::Shape>(message: &Value) {
    let read: M = json::read(&message.to_string()).unwrap();
    assert_eq!(json::write(&read), message.to_string());
}

#[test]
fn a_request_tells_what_was_found() {
    let result = |verdict: Value| {
        json!({
            "target": "eu-1/api", "at": T, "verdict": verdict, "took_ms": 20,
            "fields": [["/lag_s", {"number": 0.5}], ["/position", {"null": {}}]],
        })
    };
    reads_back::<RoundRequest>(&json!({
        "run": T,
        "round": 1,
        "stands_in": true,
        "now": T,
        "results": [
            result(json!({"pass": {"latency_ms": 20}})),
            result(json!({"pass": {"latency_ms": 20, "lag_s": 3}})),
            result(json!({"fail": {"reason": "dns_unknown_host"}})),
            result(json!({"inconclusive": {"note": "limit"}})),
        ],
        "controls": [{"id": "one", "reached": true}],
        "aside": {
            "excerpts": [["eu-1/api", "no disk"]],
            "answer": {
                "incident": "i", "name": "www.example.com", "at": T,
                "verdict": {"fail": {"reason": "http_timeout"}},
            },
        },
        "areas": [{
            "area": "weur",
            "colo": "FRA",
            "results": [result(json!({"pass": {"latency_ms": 20}}))],
            "controls": [{"id": "one", "reached": false}],
        }],
    }));
}

#[test]
fn a_reply_tells_what_to_probe_or_why_not() {
    reads_back::<RoundReply>(&json!({"probe": {
        "wait_ms": 1000,
        "probes": [{
            "target": "eu-1/api",
            "url": "https://eu.example.com/health",
            "timeout_ms": 2000,
            "expect": {
                "status": ["200-299"],
                "body_contains": null,
                "json": [
                    ["/a", {"equals": null}],
                    ["/b", {"equals": 0.5}],
                    ["/c", {"bounds": {"min": -1, "max": null}}],
                ],
                "headers": [["x-ready", ["yes", "so"]]],
            },
            "lag_pointer": "/replication_lag_s",
            "excerpt": true,
            "fields": ["/lag_s", "/position"],
            "areas": ["sam"],
            "request": {
                "method": "HEAD",
                "headers": [["accept", {"text": "a/b"}], ["authorization", {"secret": "HEALTH"}]],
                "redirects": 2,
                "retries": 1,
            },
            "addresses": ["192.0.2.1:443", "[2001:db8::1]:443"],
        }],
        "areas": ["weur", "sam"],
        "controls": [{"id": "one", "url": "https://example.net/"}],
        "check": {
            "incident": "i", "name": "www.example.com", "path": "/health", "timeout_ms": 2000,
            "expect": {"status": ["200"], "body_contains": null, "json": [], "headers": []},
        },
    }}));
    for why in ["time_spent", "probes_spent", "superseded", "nothing_to_probe"] {
        reads_back::<RoundReply>(&json!({ "done": why }));
    }
}

#[test]
fn what_was_not_known_before_may_be_absent() {
    let request = json!({"run": T, "round": 0, "now": T, "results": []}).to_string();
    assert_eq!(json::read::<RoundRequest>(&request).unwrap().controls, []);
    let verdict = json!({"pass": {"latency_ms": 20}});
    let result = json!({"target": "eu-1/api", "at": T, "verdict": verdict}).to_string();
    assert_eq!(json::read::<ProbeResult>(&result).unwrap().took_ms, 0);
    let reply = json!({"probe": {"wait_ms": 0, "probes": []}}).to_string();
    assert!(json::read::<RoundReply>(&reply).is_ok());
}

#[test]
fn a_message_that_does_not_read_says_where() {
    let told = |text: &str| json::read::<RoundReply>(text).unwrap_err().to_string();
    assert_eq!(told(r#"{"done": "soon"}"#), "done: the string `soon` is not allowed here");
    assert_eq!(told(r#"{"later": {}}"#), ".: the key `later` is not allowed here");
    assert_eq!(told(r#"{"done": "superseded", "probe": {}}"#), ".: a table is not allowed here");
    assert_eq!(
        told(r#"{"probe": {"wait_ms": -1, "probes": []}}"#),
        "probe.wait_ms: -1 is too small"
    );
}
