//! Makes probes.

use super::clock::RunClock;
use super::outbound::{Ask, NoAnswer, ask};
use super::six_at_once::six_at_once;
use crate::config::Control;
use crate::health::{Answer, BODY_BYTES_MAX, Outcome, classify, is_answered};
use crate::tick::{CONTROL_TIMEOUT_MS, ControlResult, Probe, ProbeResult};
use crate::time::Millis;

/// Makes the probes and judges them.
pub(super) async fn all(probes: Vec<Probe>, clock: &RunClock) -> Vec<ProbeResult> {
    six_at_once(probes, async |probe| one(probe, clock).await).await
}

/// Asks the controls.
pub(super) async fn controls(controls: Vec<Control>) -> Vec<ControlResult> {
    six_at_once(controls, async |control: Control| {
        let outcome = meet(&control.url, CONTROL_TIMEOUT_MS, 0, &[]).await;
        ControlResult { id: control.id, reached: is_answered(&outcome) }
    })
    .await
}

async fn one(probe: Probe, clock: &RunClock) -> ProbeResult {
    let body_bytes_max = if probe.reads_body() { BODY_BYTES_MAX } else { 0 };
    let headers: Vec<&str> = probe.expect.headers.iter().map(|(name, _)| name.as_str()).collect();
    let outcome = meet(&probe.url, probe.timeout_ms, body_bytes_max, &headers).await;
    let verdict = classify(&outcome, &probe.expect, probe.lag_pointer.as_deref());
    ProbeResult { target: probe.target, at: clock.now(), verdict }
}

async fn meet(url: &str, timeout_ms: Millis, body_bytes_max: usize, headers: &[&str]) -> Outcome {
    let asked = ask(&Ask {
        method: "GET",
        url,
        headers: &[("accept", "*/*")],
        body: None,
        timeout_ms,
        body_bytes_max,
        answer_headers: headers,
    })
    .await;
    match asked {
        Ok(answer) => Outcome::Answered(Answer {
            status: answer.status,
            body: answer.body,
            headers: answer.headers,
            latency_ms: answer.latency_ms,
        }),
        Err(NoAnswer::TimedOut) => Outcome::TimedOut,
        Err(NoAnswer::NoConnection(words)) => Outcome::NoConnection(words),
    }
}
