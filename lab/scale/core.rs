//! How long the core takes for more and more targets, on this machine: what grows faster than they
//! do shows in the ratios. So many targets may be many origins, or few under several monitors which
//! a composite joins: the shape matters as much as the size.

use crate::config::{Deployment, text};
use anyhow::{Context as _, Result, bail, ensure};
use pointsman::controller::Controller;
use pointsman::geo::Area;
use pointsman::health::{FailureKind, FailureReason, Health, Verdict};
use pointsman::tick::{AreaReport, Probe, ProbeResult, RoundReply, RoundRequest};
use pointsman::time::Timestamp;
use serde_json::{Value, json};
use std::time::Instant;

pub const PASS: Verdict = Verdict::Pass { latency_ms: 20, lag_s: None };
/// With an area, all that is due goes into one round.
pub const AREA: &str = "weur";
/// Each is measured so often; the fastest counts.
const TIMES: usize = 5;
/// Most runs in which nothing passes any more; all is down before.
const RUNS_DOWN_MAX: u64 = 6;

/// Microseconds of each step, by targets.
pub fn measure(targets: &[usize], origins_max: usize) -> Result<Value> {
    let mut rows = Vec::new();
    for targets in targets {
        let origins = (*targets).min(origins_max);
        let monitors = targets / origins;
        let mut best = [u128::MAX; 5];
        for _ in 0..TIMES {
            for (best, taken) in best.iter_mut().zip(once(origins, monitors)?) {
                *best = taken.min(*best);
            }
        }
        let [config, first, taken_in, documents, down] = best;
        rows.push(json!({
            "targets": targets, "origins": origins, "monitors": monitors,
            "config_us": config, "round_us": first,
            "results_us": taken_in, "documents_us": documents, "down_us": down,
        }));
    }
    Ok(rows.into())
}

pub fn at(ms: u64) -> Timestamp {
    Timestamp::from_millis(ms)
}

/// Microseconds to take the config, to decide the first round, to take its results in and decide
/// what follows, to make all documents, and of the longest round while everything goes down.
fn once(origins: usize, monitors: usize) -> Result<[u128; 5]> {
    let text = text(&Deployment { origins, monitors, areas: &[AREA], probes: 10_000 }).to_string();
    let mut controller = Controller::default();
    let (config, _) = timed(|| controller.offer_config(&text, at(0)));
    let passing = run(&mut controller, 1, &PASS)?;
    let (documents, due) = timed(|| controller.due_documents(at(115_000)));
    ensure!(due.routes.is_some(), "there is no table");
    let down = all_down(&mut controller)?;
    Ok([config, passing.first, passing.others, documents, down])
}

/// Lets everything fail until it is down. Microseconds of the longest round.
fn all_down(controller: &mut Controller) -> Result<u128> {
    let reason = FailureReason::of(FailureKind::ResponseCodeMismatch);
    let mut longest = 0;
    for minute in 2..2 + RUNS_DOWN_MAX {
        longest = longest.max(run(controller, minute, &Verdict::Fail { reason })?.longest);
        let view = controller.view(at(minute * 60_000 + 55_000)).context("no config")?;
        let mut regions = view.services().flat_map(|service| service.regions);
        if regions.all(|it| it.origins.iter().all(|origin| origin.health == Health::Down)) {
            return Ok(longest);
        }
    }
    bail!("something is not down")
}

/// Microseconds of one run.
struct Taken {
    /// Of its first round.
    first: u128,
    /// Of all others.
    others: u128,
    /// Of the longest of all others.
    longest: u128,
}

/// The run of a minute. Whatever is probed has this verdict.
fn run(controller: &mut Controller, minute: u64, verdict: &Verdict) -> Result<Taken> {
    let start = at(minute * 60_000);
    let mut request = RoundRequest::first(start, start);
    let (first, mut reply) = timed(|| controller.round(&request).reply);
    let (mut made, mut others, mut longest) = (0, 0, 0);
    while let RoundReply::Probe { wait_ms, probes, .. } = reply {
        made += probes.len();
        request.now = request.now.plus(wait_ms + 10);
        request.round += 1;
        request.areas = vec![report(&probes, request.now, verdict)?];
        let taken;
        (taken, reply) = timed(|| controller.round(&request).reply);
        others += taken;
        longest = longest.max(taken);
    }
    ensure!(made > 0, "nothing was probed");
    Ok(Taken { first, others, longest })
}

/// What the area found by these probes.
pub fn report(probes: &[Probe], at: Timestamp, verdict: &Verdict) -> Result<AreaReport> {
    let area = Area::ALL.iter().find(|area| area.as_str() == AREA).context("no area")?;
    let result = |probe: &Probe| ProbeResult {
        target: probe.target.clone(),
        at,
        verdict: verdict.clone(),
        pushed_back_ms: None,
        took_ms: 10,
        fields: Vec::new(),
    };
    let results = probes.iter().map(result).collect();
    Ok(AreaReport { area: *area, colo: None, results, controls: Vec::new() })
}

/// Microseconds that something takes, with what it gives.
#[expect(clippy::disallowed_methods, reason = "measuring is what this program is for")]
pub fn timed<T>(work: impl FnOnce() -> T) -> (u128, T) {
    let start = Instant::now();
    let made = work();
    (start.elapsed().as_micros(), made)
}
