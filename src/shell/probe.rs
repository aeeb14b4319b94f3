//! Makes probes.

use super::clock::RunClock;
use super::outbound::{self, Ask, Asked, NoAnswer, ask};
use super::outside::{self, Hands};
use crate::config::Control;
use crate::health::{BODY_BYTES_MAX, ProbeOutcome, ProbeResponse, classify, is_answered};
use crate::tick::{CONTROL_TIMEOUT_MS, ControlResult, Probe, ProbeResult};
use crate::time::{Millis, Timestamp};

/// Makes the probes and judges them.
pub(super) async fn all(probes: Vec<Probe>, clock: &RunClock) -> Vec<ProbeResult> {
    let hands = outside::hands();
    let begin = |probe: Probe| {
        let body_bytes_max = if probe.reads_body() { BODY_BYTES_MAX } else { 0 };
        (get(&hands, &probe.url, probe.timeout_ms, body_bytes_max), probe)
    };
    let under_way: Vec<_> = probes.into_iter().map(begin).collect();
    let mut results = Vec::with_capacity(under_way.len());
    for (asked, Probe { target, expect, lag_pointer, .. }) in under_way {
        let (at, outcome) = meet(asked, &expect.headers).await;
        let verdict = classify(&outcome, &expect, lag_pointer.as_deref());
        results.push(ProbeResult { target, at: clock.shows(at), verdict });
    }
    results
}

/// Asks the controls.
pub(super) async fn controls(controls: Vec<Control>) -> Vec<ControlResult> {
    let hands = outside::hands();
    let begin = |control: Control| (get(&hands, &control.url, CONTROL_TIMEOUT_MS, 0), control.id);
    let under_way: Vec<_> = controls.into_iter().map(begin).collect();
    let mut results = Vec::with_capacity(under_way.len());
    for (asked, id) in under_way {
        let (_, outcome) = meet(asked, &[]).await;
        results.push(ControlResult { id, reached: is_answered(&outcome) });
    }
    results
}

fn get(hands: &Hands, url: &str, timeout_ms: Millis, body_bytes_max: usize) -> Asked {
    let headers = &[("accept", "*/*")];
    ask(hands, &Ask { method: "GET", url, headers, body: None, timeout_ms, body_bytes_max })
}

/// What a request met, and when. Of the headers those are read that are expected.
async fn meet(asked: Asked, expected: &[(String, Vec<String>)]) -> (Timestamp, ProbeOutcome) {
    let (at, answer) = asked.end().await;
    let outcome = match answer {
        Ok(answer) => ProbeOutcome::Answered(ProbeResponse {
            status: answer.status(),
            headers: expected.iter().filter_map(|(name, _)| read(&answer, name)).collect(),
            latency_ms: answer.latency_ms(),
            body: answer.body(),
        }),
        Err(NoAnswer::TimedOut) => ProbeOutcome::TimedOut,
        Err(NoAnswer::NoConnection(words)) => ProbeOutcome::NoConnection(words),
    };
    (at, outcome)
}

fn read(answer: &outbound::Answer, name: &str) -> Option<(String, String)> {
    Some((name.to_owned(), answer.header(name)?))
}
