//! Makes probes.

use super::clock::RunClock;
use super::outbound::{Ask, NoAnswer, ask};
use crate::health::{Answer, BODY_BYTES_MAX, Outcome, classify};
use crate::tick::{PROBES_AT_ONCE, Probe, ProbeResult};
use futures::stream::{self, StreamExt};

/// Makes the probes and judges them.
pub(super) async fn all(probes: Vec<Probe>, clock: &RunClock) -> Vec<ProbeResult> {
    stream::iter(probes)
        .map(|probe| one(probe, clock))
        .buffer_unordered(PROBES_AT_ONCE)
        .collect()
        .await
}

async fn one(probe: Probe, clock: &RunClock) -> ProbeResult {
    let body_bytes_max = probe.expect.body_contains.as_ref().map_or(0, |_| BODY_BYTES_MAX);
    let asked = ask(&Ask {
        method: "GET",
        url: &probe.url,
        headers: &[("accept", "*/*")],
        body: None,
        timeout_ms: probe.timeout_ms,
        body_bytes_max,
    })
    .await;
    let outcome = match asked {
        Ok(answer) => Outcome::Answered(Answer {
            status: answer.status,
            body: answer.body,
            latency_ms: answer.latency_ms,
        }),
        Err(NoAnswer::TimedOut) => Outcome::TimedOut,
        Err(NoAnswer::NoConnection) => Outcome::NoConnection,
    };
    let verdict = classify(&outcome, &probe.expect);
    ProbeResult { target: probe.target, at: clock.now(), verdict }
}
