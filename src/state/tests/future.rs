//! What lies in the future although it has happened.

use super::document::{T, full};
use super::*;
use crate::json;
use crate::time::{MINUTE, SECOND, SKEW_MS_MAX};
use serde_json::Value;

/// What is to come, and so may lie in the future.
const TO_COME: [&str; 10] = [
    "deadline",
    "until",
    "next_at",
    "upkeep_after",
    "blocked_until",
    "from",
    "not_before",
    "retry_at",
    "routes_until",
    "pages_until",
];

fn instant() -> Timestamp {
    Timestamp::try_from(T.to_owned()).unwrap()
}

/// The state with everything in it, all of it at one instant, as it is taken so much earlier.
fn seen(earlier_ms: Millis) -> State {
    let mut state = State::parse(&full().to_string()).unwrap();
    state.forget_the_future(instant().minus(earlier_ms));
    state
}

/// The keys under which an instant later than `now` stands.
fn later(value: &Value, key: &str, now: Timestamp, found: &mut Vec<String>) {
    match value {
        Value::Object(fields) => {
            fields.iter().for_each(|(key, value)| later(value, key, now, found));
        }
        Value::Array(items) => items.iter().for_each(|item| later(item, key, now, found)),
        Value::String(text) => {
            let at = Timestamp::try_from(text.clone()).ok();
            found.extend(at.filter(|at| *at > now).map(|_| key.to_owned()));
        }
        _ => {}
    }
}

#[test]
fn what_is_not_ahead_of_the_clock_beyond_the_skew_stays_as_it_is() {
    let full = State::parse(&full().to_string()).unwrap();
    let mut long_after = full.clone();
    long_after.forget_the_future(instant().plus(60 * MINUTE));
    assert_eq!(long_after, full);
    for earlier_ms in [0, 1, SKEW_MS_MAX] {
        assert_eq!(seen(earlier_ms), full, "{earlier_ms}");
    }
    assert_ne!(seen(SKEW_MS_MAX + 1), full);
}

#[test]
fn nothing_that_has_happened_is_left_in_the_future() {
    for earlier_ms in [SKEW_MS_MAX + 1, 10 * MINUTE, 24 * 60 * MINUTE] {
        let now = instant().minus(earlier_ms);
        let mut state = seen(earlier_ms);
        // Some seconds ahead a run may have been scheduled.
        state.run = None;
        let mut found = Vec::new();
        later(&serde_json::from_str(&json::write(&state)).unwrap(), "", now, &mut found);
        found.sort();
        found.dedup();
        let is_to_come = |key: &String| TO_COME.contains(&key.as_str());
        assert!(found.iter().all(is_to_come), "{earlier_ms}: {found:?}");
        let again = state.clone();
        state.forget_the_future(now);
        assert_eq!(state, again);
    }
}

#[test]
fn what_was_last_done_is_done_again_and_what_is_believed_stays() {
    let state = seen(10 * MINUTE);
    let now = instant().minus(10 * MINUTE);
    let known = state.targets.get(&target("eu-1")).unwrap();
    assert_eq!((known.probed_at, known.reached_at, known.not_before), (None, None, None));
    assert_eq!((known.latency, known.lag), (None, None), "of unknown age is stale");
    assert_eq!((known.memory.health, known.memory.since), (Health::Up, Some(now)));
    assert_eq!(known.judged_at, Some(now));
    assert_eq!((state.routes_written_at, state.actuation.compared_at), (None, None));
    assert_eq!(state.doubted_since, Some(now));
    assert_eq!(state.actuation.calls.within(MINUTE, now), 9);
    assert_eq!(state.actuation.calls.within(MINUTE, now.plus(3 * MINUTE)), 0);
    let claim = &state.actuation.claims[0];
    assert_eq!((claim.begun, claim.until), (now, now.plus(crate::hold::CALL_LASTS_MS)));
    assert_eq!(state.history.len(), 1, "it goes on");
}

#[test]
fn what_is_to_come_may_lie_so_far_ahead_and_no_further() {
    for (earlier_ms, stays) in
        [(15 * MINUTE - 1, true), (15 * MINUTE, true), (15 * MINUTE + 1, false)]
    {
        let actuation = seen(earlier_ms).actuation;
        let to_come = [actuation.blocked_until, actuation.upkeep_after, actuation.retry_at];
        assert_eq!(to_come, [Some(instant()).filter(|_| stays); 3], "{earlier_ms}");
    }
    for (earlier_ms, stays) in [(2 * MINUTE - 1, true), (2 * MINUTE, true), (2 * MINUTE + 1, false)]
    {
        assert_eq!(seen(earlier_ms).run.is_some(), stays, "a run scheduled in {earlier_ms} ms");
    }
}

#[test]
fn an_outage_that_lies_ahead_as_a_whole_is_no_outage() {
    let mut document = full();
    document["history"][0]["until"] = T.into();
    let mut state = State::parse(&document.to_string()).unwrap();
    let before = state.clone();
    state.forget_the_future(instant().minus(5 * SECOND));
    assert_eq!(state.history, before.history);
    state.forget_the_future(instant().minus(MINUTE));
    assert_eq!(state.history, []);
}
