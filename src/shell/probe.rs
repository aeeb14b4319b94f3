//! Makes the probes of a round.

use super::clock::RunClock;
use super::outbound::{Ended, NoResponse, OwnRequest, OwnResponse, Pending, send};
use super::runtime::{self, Hands};
use crate::config::Control;
use crate::health::{BODY_BYTES_MAX, ProbeOutcome, ProbeResponse, classify, is_answered};
use crate::http::retry_after_ms;
use crate::proxy::HOPS_MAX;
use crate::tick::{CONTROL_TIMEOUT_MS, ControlResult, Probe, ProbeResult};
use crate::time::Millis;

/// Makes the probes of a round, classifies their results, and asks its controls. These are begun
/// first: a control that answers is a witness only for probes that are begun together with it or
/// later.
pub(super) async fn round(
    probes: Vec<Probe>,
    controls: Vec<Control>,
    clock: &RunClock,
) -> (Vec<ProbeResult>, Vec<ControlResult>) {
    let hands = runtime::hands();
    let asked: Vec<_> = controls.into_iter().map(|control| ask(&hands, control)).collect();
    let begun: Vec<_> = probes.into_iter().map(|probe| begin(&hands, probe)).collect();
    let mut results = Vec::with_capacity(begun.len());
    for (pending, Probe { target, expect, lag_pointer, .. }) in begun {
        let (ended, outcome) = outcome_of(pending, &expect.headers).await;
        let verdict = classify(&outcome, &expect, lag_pointer.as_deref());
        let pushed_back_ms = outcome.pushed_back_ms();
        let (at, took_ms) = (clock.shows(ended.at), ended.took_ms);
        results.push(ProbeResult { target, at, verdict, pushed_back_ms, took_ms });
    }
    let mut answers = Vec::with_capacity(asked.len());
    for (pending, id) in asked {
        let (_, outcome) = outcome_of(pending, &[]).await;
        answers.push(ControlResult { id, reached: is_answered(&outcome) });
    }
    (results, answers)
}

fn begin(hands: &Hands, probe: Probe) -> (Pending, Probe) {
    let body_bytes_max = if probe.reads_body() { BODY_BYTES_MAX } else { 0 };
    let resolve = probe.resolve.as_deref();
    (get(hands, &probe.url, resolve, probe.timeout_ms, body_bytes_max), probe)
}

fn ask(hands: &Hands, control: Control) -> (Pending, String) {
    (get(hands, &control.url, None, CONTROL_TIMEOUT_MS, 0), control.id)
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
async fn outcome_of(pending: Pending, expected: &[(String, Vec<String>)]) -> (Ended, ProbeOutcome) {
    let (ended, response) = pending.end().await;
    let outcome = match response {
        Ok(response) => ProbeOutcome::Answered(ProbeResponse {
            status: response.status(),
            headers: expected.iter().filter_map(|(name, _)| read(&response, name)).collect(),
            retry_after_ms: response
                .header("retry-after")
                .and_then(|text| retry_after_ms(&text, ended.at)),
            latency_ms: response.latency_ms(),
            body: response.body(),
        }),
        Err(NoResponse::TimedOut) => ProbeOutcome::TimedOut,
        Err(NoResponse::NoConnection(words)) => ProbeOutcome::NoConnection(words),
    };
    (ended, outcome)
}

fn read(response: &OwnResponse, name: &str) -> Option<(String, String)> {
    Some((name.to_owned(), response.header(name)?))
}
