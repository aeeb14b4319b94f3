//! How long the core takes for more and more targets, on this machine: what grows faster than they
//! do shows in the ratios.

use crate::config::{Deployment, text};
use anyhow::{Context as _, Result, ensure};
use pointsman::controller::Controller;
use pointsman::geo::Area;
use pointsman::health::Verdict;
use pointsman::tick::{AreaReport, Probe, ProbeResult, RoundReply, RoundRequest};
use pointsman::time::Timestamp;
use serde_json::{Value, json};
use std::time::Instant;

const PASS: Verdict = Verdict::Pass { latency_ms: 20, lag_s: None };
/// With an area, all that is due goes into one round.
const AREA: &str = "weur";
/// Each is measured so often; the fastest counts.
const TIMES: usize = 5;

/// Milliseconds of each step, by targets.
pub fn measure(targets: &[usize]) -> Result<Value> {
    let mut rows = Vec::new();
    for targets in targets {
        let mut best = [u128::MAX; 4];
        for _ in 0..TIMES {
            for (best, taken) in best.iter_mut().zip(once(*targets)?) {
                *best = taken.min(*best);
            }
        }
        let [config, first, taken_in, documents] = best;
        rows.push(json!({
            "targets": targets, "config_us": config, "round_us": first,
            "results_us": taken_in, "documents_us": documents,
        }));
    }
    Ok(rows.into())
}

fn at(ms: u64) -> Timestamp {
    Timestamp::from_millis(ms)
}

/// Microseconds to take the config, to decide the first round, to take its results in and decide
/// what follows, and to make all documents.
#[expect(clippy::disallowed_methods, reason = "measuring is what this program is for")]
fn once(targets: usize) -> Result<[u128; 4]> {
    let origins = targets.min(pointsman::config::ORIGINS_MAX);
    let monitors = targets / origins;
    let text = text(&Deployment { origins, monitors, areas: &[AREA], probes: 10_000 }).to_string();
    let mut controller = Controller::default();
    let start = Instant::now();
    controller.offer_config(&text, at(0));
    let config = start.elapsed().as_micros();
    let mut request = RoundRequest::first(at(60_000), at(60_000));
    let start = Instant::now();
    let mut reply = controller.round(&request).reply;
    let first = start.elapsed().as_micros();
    let mut taken_in = 0;
    let mut made = 0;
    while let RoundReply::Probe { wait_ms, probes, .. } = reply {
        made += probes.len();
        request.now = request.now.plus(wait_ms + 10);
        request.round += 1;
        let results = probes.iter().map(|probe| passed(probe, request.now)).collect();
        let area = Area::ALL.iter().find(|area| area.as_str() == AREA).context("no area")?;
        request.areas = vec![AreaReport { area: *area, colo: None, results, controls: Vec::new() }];
        let start = Instant::now();
        reply = controller.round(&request).reply;
        taken_in += start.elapsed().as_micros();
    }
    ensure!(made > 0, "nothing was probed");
    let start = Instant::now();
    let due = controller.due_documents(at(115_000));
    let documents = start.elapsed().as_micros();
    ensure!(due.routes.is_some(), "there is no table");
    Ok([config, first, taken_in, documents])
}

fn passed(probe: &Probe, at: Timestamp) -> ProbeResult {
    ProbeResult {
        target: probe.target.clone(),
        at,
        verdict: PASS,
        pushed_back_ms: None,
        took_ms: 10,
        fields: Vec::new(),
    }
}
