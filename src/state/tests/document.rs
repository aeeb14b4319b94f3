//! The document as it lies in storage: what builds before this one wrote is read, and what is
//! written has the same form.

use super::*;
use crate::json;
use crate::state::Controls;
use serde_json::{Value, json};

pub(super) const T: &str = "2026-01-31T12:00:00.000Z";

fn drills() -> Value {
    let drill = json!({
        "number": 7, "id": "2026-01-31t1200-api-full-7", "schedule": "quarterly",
        "service": "api", "kind": "full", "region": "eu-west", "to": "us-east",
        "who": {"name": "on-call", "way": "token"}, "why": "quarterly", "began": T,
        "percent": 100, "watch_ms": 300_000, "stage": "serve", "since": T,
        "reached": [{"milestone": "moved", "at": T}], "epoch": 4,
        "ending": {"outcome": "ABORTED_SAFETY", "why": "us-east is down"},
        "outcome": "PENDING", "why_ended": "w", "ended": null, "findings": ["f"],
        "asserted": [{"component": "db", "words": "w", "is_kept": true}], "loss_bound_s": 3,
        "traffic": {
            "requests": 9, "failures": 2, "unanswered": 1, "last_good": T, "first_good": T,
        },
    });
    json!({
        "given": 7, "drills": [drill],
        "schedules": {"quarterly": {"dealt_with": T, "last": T, "skipped": "s"}},
        "succeeded": {"api": T},
    })
}

fn recovery() -> Value {
    json!({
        "epoch": 4,
        "stage": "failing_over",
        "since": T,
        "primary": "us-east",
        "unconfirmed": ["eu-west"],
        "plan": {
            "epoch": 4,
            "kind": "failover",
            "from": "eu-west",
            "to": "us-east",
            "why": "eu-west is down",
            "who": {"name": "pointsman", "way": "system"},
            "began": T,
            "steps": [
                {
                    "step": {"fence": {}}, "state": "done", "began": T, "ended": T, "tries": 2,
                    "said": "fenced", "with_next": false, "is_asked": false, "failures": 0,
                },
                {
                    "step": {"hook": {"name": "scale-up"}}, "state": "running", "began": T,
                    "ended": null, "tries": 1, "said": null, "with_next": true,
                    "is_asked": false, "failures": 2, "not_before": T, "calling_since": T,
                    "deadline": T,
                },
            ],
            "loss_bound_s": 3,
            "is_loss_accepted": true,
            "is_approved": true,
            "order": 3,
            "paused_since": T,
            "end": null,
            "ended": null,
        },
        "returns": {
            "eu-west": {"percent": 25, "since": T, "regressions": 1, "held": "few samples",
                "good": [], "is_released": false, "usual_ms": null},
        },
        "epoch_in_force": 3,
        "is_held": true,
        "hindrance": "no other region is up",
        "doubtful": "us-east",
        "away": {},
        "standbys": {},
        "manager": {"told": null, "differs_since": null},
    })
}

fn orders() -> Value {
    json!([{
        "id": 3,
        "act": {"drain": {"region": "eu-west", "service": "api"}},
        "who": {"name": "on-call", "way": "token"},
        "reason": "disks",
        "at": T,
        "from": T,
        "until": T,
        "has_begun": true,
        "begins_plan": false,
    }])
}

fn actuation() -> Value {
    let mut actuation = json!({
        "zone_ids": {"example.com": "z1"},
        "zones_seen": {"example.com": T},
        "owned": {"r1": owned()},
        "holds": [{"account": "acc", "pool": "eu", "address": "eu.example.com"}],
        "claims": [{
            "hold": {"account": "acc", "pool": "us", "address": "us.example.com:8443"},
            "begun": T, "until": T, "is_doubtful": true,
        }],
        "slow_monitors": {"acc": T},
        "intents": [{"at": T, "what": "pool eu: disable eu.example.com"}],
        "denied": {"DNS Write": {
            "at": T, "said": "403", "sightings": 3, "last_at": T, "next_at": T, "told_at": null,
        }},
        "moved_at": {"api": T},
        "changes": {"api": [[T, 2]]},
        "zone_changes": {"example.com": [[T, 3]]},
        "moved": {"files.example.com A": ["192.0.2.1"]},
        "calls": [[T, 9]],
        "upkeep_after": T,
        "settled": "00000000000000aa",
        "compared_at": T,
        "attempted": "00000000000000bb",
        "blocked_until": T,
        "attempts": 2,
        "left": {"unread": 1, "undone": 4},
        "retry_at": T,
        "retry_why": "guard_ends",
        "failures": ["zone example.com: no reply"],
        "withheld": ["pool eu: why"],
        "applied": [{"at": T, "what": "answer 192.0.2.1 (eu-west)", "why": "eu-2 is down"}],
    });
    actuation["other_owners"] = json!({"files.example.com A marker_lost r1": other_owner()});
    actuation["take_backs"] = json!({"files.example.com A": T});
    actuation
}

fn alerts() -> Value {
    json!({"open": {"i-1": {
        "since": T, "is_incident": true, "severity": "critical", "kind": "down", "title": "t",
        "causes": [{"kind": "down", "severity": "critical", "service": "api"}],
        "service": "api", "region": "eu-west", "lines": ["l"], "lines_total": 1,
        "called_at": T, "is_acknowledged": true, "over_at": T,
        "told": {"pd": {
            "at": T, "severity": "critical", "lines": 1, "is_acknowledged": true,
        }},
    }}})
}

fn outbox() -> Value {
    json!({
        "made": 3, "dropped": 1,
        "entries": [{
            "id": 3, "receiver": "pd",
            "message": {
                "action": "trigger", "key": "i-1", "is_incident": true, "since": T, "at": T,
                "severity": "critical", "kind": "down", "service": "api",
                "region": "eu-west", "title": "t", "lines": ["l"],
            },
            "tries": 1, "sending_since": T, "may_have_arrived": true,
        }],
        "receivers": {"pd": {
            "delivered_at": T, "delivered": 2, "given_up": 1, "not_before": T, "failures": 1,
            "failing_since": T, "last_failure": "f",
        }},
    })
}

/// A state with everything in it.
pub(super) fn full() -> Value {
    let mut full = json!({
        "version": 1,
        "generation": 7,
        "targets": {"eu-1/api": up(), "us-1/api": down()},
        "run": {"scheduled": T, "began": T, "round": 3, "probes": 12, "controls": "asked"},
        "doubted_since": T,
        "areas": {"weur": {"colo": "FRA", "heard_at": T, "doubted_since": T}},
        "orders": orders(),
        "orders_given": 3,
        "remembered": [{
            "who": {"name": "on-call", "way": "token"},
            "key": "k-1",
            "at": T,
            "asked": "00000000000000ee",
            "acted": {"order": 3, "changes": ["c"], "notes": [], "is_dry": false},
        }],
        "frozen": {"api": {"eu-west": "down"}},
        "recoveries": {},
        "promises": {},
        "drills": {"given": 0, "drills": [], "schedules": {}, "succeeded": {}},
        "refused": refused(),
        "actuation": actuation(),
        "history": [{
            "service": "api", "region": "eu-west", "health": "down", "because": "observed",
            "why": "eu-2: TCP connection failed", "since": T, "until": null,
        }],
        "incidents": [incident()],
        "incidents_opened": 7,
        "substance": "00000000000000cc",
        "written": {"status": "00000000000000dd"},
        "routes_written_at": T,
        "spent": {"routes_until": T, "pages_until": T},
    });
    full["recoveries"] = json!({"api": recovery()});
    full["drills"] = drills();
    full["audit"] = audit();
    full["configs"] = configs();
    (full["alerts"], full["outbox"]) = (alerts(), outbox());
    full["silent_since"] = json!(T);
    full
}

fn refused() -> Value {
    json!({
        "fingerprint": "00000000000000ff",
        "at": T,
        "problems": [
            {"path": "a.b", "code": "E012", "problem": "p", "allowed": "a", "hint": "h"},
            {"path": ".", "code": "E001", "problem": "p", "allowed": "a"},
        ],
        "problems_total": 2,
    })
}

fn configs() -> Value {
    json!({
        "last": 7,
        "revisions": [{
            "number": 7, "fingerprint": "00000000000000ee", "at": T,
            "who": {"name": "on-call", "way": "token"}, "why": "a new region", "bytes": 900,
        }],
        "pushed": {
            "fingerprint": "00000000000000ee", "at": T, "arrived": T,
            "refused": "00000000000000ff",
        },
    })
}

fn other_owner() -> Value {
    json!({
        "fact": "marker_lost", "record": "files.example.com A", "id": "r1", "service": "api",
        "ours": "pointsman:api", "ours_at": T, "theirs": "no comment", "at": T, "times": [T],
        "stopped": true, "set_right_at": T, "over_at": T,
    })
}

fn incident() -> Value {
    let affected = json!({"service": "api", "trouble": "down", "since": T, "until": T});
    let who = json!({"name": "on-call", "way": "token"});
    json!({
        "id": "2026-01-31t1200-eu-west-7",
        "number": 7,
        "region": "eu-west",
        "phases": {
            "seen": T, "confirmed": T, "decided": T, "first_change": T, "last_change": T,
            "verified": T, "up": T, "back": T,
        },
        "trouble": "degraded",
        "worst": "down",
        "affected": [affected],
        "cause": {
            "origin": "eu-1", "monitor": "api", "reason": "response code mismatch (status 503)",
            "code": "response_code_mismatch", "status": 503, "excerpt": "no disk",
        },
        "flaps": 1,
        "changes": 2,
        "withheld": 1,
        "acknowledged": {"who": who, "at": T, "reason": "on it"},
        "is_told": true,
        "returned_at": T,
        "checks": 3,
        "checked_at": T,
        "unverified": "no such name",
        "closed_at": T,
        "events": [{"at": T, "kind": "applied", "text": "t", "why": "w", "who": who}],
        "events_left_out": 4,
    })
}

fn audit() -> Value {
    let zeros = "0".repeat(64);
    json!({
        "head": {"n": 1, "hash": zeros},
        "kept_to": 1,
        "entries": [{
            "n": 1,
            // It is never changed, also where the clock was wrong.
            "at": "2020-01-31T12:00:00.000Z",
            "kind": "ordered",
            "who": {"name": "on-call", "way": "token"},
            "why": "disks",
            "what": "drain eu-west",
            "subject": {"service": "api", "region": "eu-west", "incident": "i1"},
            "config": "00000000000000ee",
            "before": zeros,
            "hash": zeros,
        }],
    })
}

fn owned() -> Value {
    let says = |content: &str, comment: &str| {
        json!({
            "content": content, "ttl_s": 60, "proxied": false, "comment": comment,
            "tags": ["team:edge"],
        })
    };
    json!({
        "zone": "example.com",
        "name": "files.example.com",
        "kind": "A",
        "service": "api",
        "ours": says("192.0.2.1", "pointsman:api kept"),
        "at": T,
        "theirs": {"value": says("192.0.2.2", ""), "at": T},
        "undone": [T],
        "gone": {"at": T, "by_us": true},
    })
}

fn up() -> Value {
    json!({
        "memory": {
            "health": "up",
            "since": T,
            "passes": 2,
            "first_pass": T,
            "failures": [T],
            "reason": "response_too_slow",
        },
        "latency": {"scaled": 320, "samples": 9, "at": T},
        "probed_at": T,
        "judged_at": T,
        "reached_at": T,
        "not_before": T,
        "note": "limit",
        "floor": 2560,
        "shift": {"run": T, "base": 2560, "first_ms": 44, "rebased": T},
        "too_slow": true,
        "lag": {"value_s": 4, "at": T},
        "damping": {"penalty": 1000, "at": T, "suppressed": true},
        "fields": {"/lag_s": {"value": {"number": 0.5}, "at": T, "since": T, "took_ms": 0}},
        "sights": {"weur": {
            "memory": {
                "health": "down", "since": T, "passes": 0, "first_pass": null, "failures": [],
                "reason": "http_timeout",
            },
            "latency": {"scaled": 320, "samples": 9, "at": T},
            "probed_at": T,
            "reached_at": T,
            "note": "limit",
        }},
    })
}

fn down() -> Value {
    json!({
        "memory": {
            "health": "down",
            "since": null,
            "passes": 0,
            "first_pass": null,
            "failures": [],
            "reason": "tcp_connection_failed",
        },
        "latency": null,
        "probed_at": null,
        "judged_at": null,
        "reached_at": null,
        "note": null,
        "floor": null,
        "too_slow": false,
        "lag": null,
        "damping": null,
        "fields": {},
        "sights": {},
    })
}

#[test]
fn a_state_with_everything_in_it_reads_back_as_it_was_written() {
    let state = State::parse(&full().to_string()).unwrap();
    assert_eq!(json::write(&state), full().to_string());
    assert_eq!(State::parse(&json::write(&state)).unwrap(), state);
    assert_eq!(state.run.unwrap().controls, Controls::Asked);
    assert_eq!(state.targets.get(&target("us-1")).unwrap().memory.health, Health::Down);
}

#[test]
fn what_is_absent_is_written_as_null_or_empty_so_that_it_is_seen() {
    let mut actuation = json!({
        "zone_ids": {}, "zones_seen": {}, "owned": {}, "holds": [], "claims": [],
        "slow_monitors": {}, "intents": [], "denied": {}, "moved_at": {},
        "changes": {}, "zone_changes": {}, "moved": {}, "calls": [], "upkeep_after": null,
        "settled": null, "compared_at": null, "attempted": null,
        "blocked_until": null, "attempts": 0, "left": null, "retry_at": null, "retry_why": null,
        "failures": [], "withheld": [], "applied": [],
    });
    actuation["other_owners"] = json!({});
    actuation["take_backs"] = json!({});
    let mut empty = json!({
        "version": 1, "generation": 0, "targets": {}, "run": null, "doubted_since": null,
        "areas": {},
        "orders": [], "orders_given": 0, "remembered": [], "frozen": {},
        "recoveries": {}, "promises": {},
        "drills": {"given": 0, "drills": [], "schedules": {}, "succeeded": {}},
        "refused": null, "substance": null, "written": {},
        "history": [],
        "routes_written_at": null,
        "actuation": actuation,
        "spent": {"routes_until": Timestamp::default(), "pages_until": Timestamp::default()},
    });
    empty["recoveries"] = json!({});
    (empty["incidents"], empty["incidents_opened"]) = (json!([]), json!(0));
    let head = json!({"n": 0, "hash": "0".repeat(64)});
    empty["audit"] = json!({"head": head, "kept_to": 0, "entries": []});
    empty["configs"] = json!({"last": 0, "revisions": []});
    (empty["alerts"], empty["silent_since"]) = (json!({"open": {}}), Value::Null);
    empty["outbox"] = json!({"made": 0, "dropped": 0, "entries": [], "receivers": {}});
    assert_eq!(json::write(&State::default()), empty.to_string());
}

#[test]
fn of_what_is_not_there_only_the_version_and_the_generation_are_missed() {
    let least = r#"{"version": 1, "generation": 0, "of a later build": {"x": []}}"#;
    assert_eq!(State::parse(least).unwrap(), State::default());
    assert!(State::parse(r#"{"version": 1}"#).is_err());
}

#[test]
fn a_state_that_does_not_read_says_where() {
    let mut state = full();
    state["targets"]["eu-1/api"]["memory"]["passes"] = 256.into();
    let told = State::parse(&state.to_string()).unwrap_err().to_string();
    assert!(told.contains("targets.eu-1/api.memory.passes: 256"), "{told}");
    let mut state = full();
    state["targets"]["eu-1"] = up();
    assert!(State::parse(&state.to_string()).is_err(), "a key that is no target");
}
