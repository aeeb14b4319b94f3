//! Makes the probes of a round.

use super::clock::RunClock;
use super::outbound::{NoResponse, OwnRequest, OwnResponse, Pending, send};
use super::runtime::{self, Hands};
use crate::config::Control;
use crate::health::{BODY_BYTES_MAX, ProbeOutcome, ProbeResponse, classify, is_answered};
use crate::http::retry_after_ms;
use crate::proxy::HOPS_MAX;
use crate::tick::{CONTROL_TIMEOUT_MS, ControlResult, Probe, ProbeResult};
use crate::time::{Millis, Timestamp};

/// Makes the probes and classifies their results.
pub(super) async fn all(probes: Vec<Probe>, clock: &RunClock) -> Vec<ProbeResult> {
    let hands = runtime::hands();
    let begin = |probe: Probe| {
        let body_bytes_max = if probe.reads_body() { BODY_BYTES_MAX } else { 0 };
        let resolve = probe.resolve.as_deref();
        (get(&hands, &probe.url, resolve, probe.timeout_ms, body_bytes_max), probe)
    };
    let under_way: Vec<_> = probes.into_iter().map(begin).collect();
    let mut results = Vec::with_capacity(under_way.len());
    for (pending, Probe { target, expect, lag_pointer, .. }) in under_way {
        let (at, outcome) = outcome_of(pending, &expect.headers).await;
        let verdict = classify(&outcome, &expect, lag_pointer.as_deref());
        let pushed_back_ms = outcome.pushed_back_ms();
        results.push(ProbeResult { target, at: clock.shows(at), verdict, pushed_back_ms });
    }
    results
}

/// Asks the controls, which tell whether our own network works.
pub(super) async fn controls(controls: Vec<Control>) -> Vec<ControlResult> {
    let hands = runtime::hands();
    let begin =
        |control: Control| (get(&hands, &control.url, None, CONTROL_TIMEOUT_MS, 0), control.id);
    let under_way: Vec<_> = controls.into_iter().map(begin).collect();
    let mut results = Vec::with_capacity(under_way.len());
    for (pending, id) in under_way {
        let (_, outcome) = outcome_of(pending, &[]).await;
        results.push(ControlResult { id, reached: is_answered(&outcome) });
    }
    results
}

/// Asks a URL, at the address of `resolve` if that is another host. If the override should be
/// ignored, the probe may come to this Worker itself: as one that has come through too many
/// proxies, it is refused there, and no other region answers for its target.
fn get(
    hands: &Hands,
    url: &str,
    resolve: Option<&str>,
    timeout_ms: Millis,
    body_bytes_max: usize,
) -> Pending {
    let hops = HOPS_MAX.to_string();
    let all = [("accept", "*/*"), ("x-pointsman-hops", hops.as_str())];
    let (plain, all) = (&all[..1], &all[..]);
    let headers = if resolve.is_some() { all } else { plain };
    let (method, body) = ("GET", None);
    send(hands, &OwnRequest { method, url, headers, body, timeout_ms, body_bytes_max, resolve })
}

/// When a request ended, and how. Of the headers only the expected ones are read.
async fn outcome_of(
    pending: Pending,
    expected: &[(String, Vec<String>)],
) -> (Timestamp, ProbeOutcome) {
    let (at, response) = pending.end().await;
    let outcome = match response {
        Ok(response) => ProbeOutcome::Answered(ProbeResponse {
            status: response.status(),
            headers: expected.iter().filter_map(|(name, _)| read(&response, name)).collect(),
            retry_after_ms: response
                .header("retry-after")
                .and_then(|text| retry_after_ms(&text, at)),
            latency_ms: response.latency_ms(),
            body: response.body(),
        }),
        Err(NoResponse::TimedOut) => ProbeOutcome::TimedOut,
        Err(NoResponse::NoConnection(words)) => ProbeOutcome::NoConnection(words),
    };
    (at, outcome)
}

fn read(response: &OwnResponse, name: &str) -> Option<(String, String)> {
    Some((name.to_owned(), response.header(name)?))
}
