//! What a round found, and how much of it is evidence.
//!
//! First the observer itself is checked: a failure without a sign of life counts only with a
//! witness (`health::doubt`). Then all latencies of the round are recorded before any is judged, so
//! that no target is compared with its peers' latencies of an earlier round.

use super::areas::{self, Agreed};
use super::peers::Peers;
use super::slowness::{self, Slowness};
use super::testimony::{Eyes, Testimony, needs_witness};
use super::{BLIND, Changed, ProbeResult, RoundRequest};
use crate::config::{Config, Monitor};
use crate::health::{
    Damping, FailureKind, FailureReason, Health, Passed, Seen, Thresholds, Verdict, is_unreached,
};
use crate::state::{Controls, Reported, Run, State, TargetState};
use crate::time::{Millis, Timestamp};
use std::borrow::Cow;

/// Folds the evidence of a round into the state.
pub(super) fn weigh(state: &mut State, config: &Config, request: &RoundRequest) -> Vec<Changed> {
    let Agreed { evidence, doubted, has_reached_anything, is_raised } = if request.areas.is_empty()
    {
        from_the_run(state, config, request)
    } else {
        areas::agree(state, config, request)
    };
    if has_reached_anything {
        state.doubted_since = None;
    } else if doubted.iter().any(|result| is_recheck(state, result)) {
        state.doubted_since.get_or_insert(request.now);
    }
    doubt(state, &doubted);
    for result in &evidence {
        hear(state, config, result);
    }
    let targets = evidence.iter().map(|result| &result.target);
    let mut slowness = Slowness::of(state, config, targets, request.now);
    let peers = Peers::of(state, config, request.now);
    let judged =
        |result: &Cow<'_, ProbeResult>| judge(state, config, (&mut slowness, &peers), result);
    let changed = evidence.iter().filter_map(judged).collect();
    let mut controls = request.areas.iter().map(|report| &report.controls);
    let has_asked = !request.controls.is_empty() || controls.any(|asked| !asked.is_empty());
    ask_controls_next(state, config, is_raised, has_asked);
    changed
}

/// What the run itself found: the only vantage point, while there are no areas.
fn from_the_run<'r>(state: &State, config: &Config, request: &'r RoundRequest) -> Agreed<'r> {
    let RoundRequest { results, controls, .. } = request;
    let testimony = Testimony::of(state, Eyes::All, results, controls);
    let (evidence, doubted): (Vec<_>, Vec<_>) =
        results.iter().partition(|result| testimony.supports(state, config, result));
    Agreed {
        evidence: evidence.into_iter().map(Cow::Borrowed).collect(),
        doubted,
        has_reached_anything: testimony.has_reached_anything(),
        is_raised: results.iter().any(|result| Eyes::All.is_news(state, result)),
    }
}

/// Whether a probe was made because the last one did not settle its target. Such a round has asked
/// for witnesses, so if it reaches nothing, the observer is in doubt. One before has not.
fn is_recheck(state: &State, result: &ProbeResult) -> bool {
    state
        .targets
        .get(&result.target)
        .is_some_and(|known| known.memory.is_unsettled() || known.note.as_deref() == Some(BLIND))
}

/// Controls are asked when their answer matters, and as long as any target is in doubt, also across
/// rounds that only probe other targets.
fn ask_controls_next(state: &mut State, config: &Config, is_raised: bool, asked: bool) {
    let is_doubted = state.targets.values().any(|known| known.note.as_deref() == Some(BLIND));
    let Some(run) = state.run.as_mut() else { return };
    run.controls = match ((is_raised || is_doubted) && !config.controls.is_empty(), asked) {
        (false, _) => Controls::Idle,
        (true, false) => Controls::Due,
        (true, true) => Controls::Asked,
    };
}

/// Records that probes were made, without judging them: health stays and ages.
fn doubt(state: &mut State, results: &[&ProbeResult]) {
    for result in results {
        if let Some(known) = state.targets.get_mut(&result.target) {
            known.probed_at = Some(result.at);
            known.note = Some(BLIND.to_owned());
        }
    }
}

/// Records what a probe measured, before it is judged.
fn hear(state: &mut State, config: &Config, result: &ProbeResult) {
    let Some(known) = state.targets.get_mut(&result.target) else { return };
    let Some(monitor) = config.monitors.get(&result.target.monitor) else { return };
    let at = result.at;
    known.not_before = result.pushed_back_ms.map(|ms| at.plus(patience_ms(ms, monitor)));
    known.probed_at = Some(result.asked_at());
    known.note = None;
    if !is_unreached(&result.verdict) {
        known.reached_at = Some(at);
        // A target that answers without its lag may be any distance behind.
        known.lag = None;
    }
    for (pointer, value) in &result.fields {
        let seen = Seen::after(known.fields.get(pointer), value.clone(), at);
        let seen = seen.taking(result.took_ms);
        known.fields.insert(pointer.clone(), seen);
    }
    match &result.verdict {
        Verdict::Inconclusive { note } => known.note = Some(note.clone()),
        Verdict::Fail { .. } => {}
        Verdict::Pass { latency_ms, lag_s } => {
            known.lag = lag_s.map(|value_s| Reported { value_s, at });
            known.passed = Some(Passed { asked: result.began(), at });
            let run = state.run.as_ref().map_or(at, Run::own_instant);
            slowness::measure(known, monitor, *latency_ms, at, run);
        }
    }
}

/// How long an origin is left alone that asks for it. Where it does not say for how long, as long
/// as if all were well. Never for longer than health lasts without a probe.
fn patience_ms(asked_ms: Millis, monitor: &Monitor) -> Millis {
    let asked_ms = if asked_ms == 0 { monitor.interval_ms } else { asked_ms };
    asked_ms.min(monitor.longest_interval_ms())
}

fn judge(
    state: &mut State,
    config: &Config,
    (slowness, peers): (&mut Slowness, &Peers<'_>),
    result: &ProbeResult,
) -> Option<Changed> {
    let ProbeResult { target, at, verdict, .. } = result;
    let monitor = config.monitors.get(&target.monitor)?;
    let known = state.targets.get_mut(target)?;
    let mut verdict = peers.judge(target, known, verdict);
    let latency_ms = match &verdict {
        Verdict::Inconclusive { .. } => return None,
        Verdict::Fail { .. } => None,
        Verdict::Pass { latency_ms, .. } => Some(*latency_ms),
    };
    if slowness.judge(target, known, latency_ms, *at) {
        verdict = Verdict::Fail { reason: FailureReason::of(FailureKind::ResponseTooSlow) };
    }
    if known.is_stale(Some(monitor), *at) {
        known.memory.grow_stale();
    }
    known.judged_at = Some(*at);
    let mut thresholds = thresholds(known, monitor, *at);
    if needs_witness(config, &verdict) {
        thresholds.fall = monitor.unreached_fall();
    }
    let transition = known.memory.observe(&verdict, thresholds, *at)?;
    if (transition.from, transition.to) == (Health::Up, Health::Down) {
        let flapped = |half_life_ms| Damping::flapped(known.damping, half_life_ms, *at);
        known.damping = monitor.damping_half_life_ms.map(flapped);
    }
    Some(Changed { target: target.clone(), transition })
}

/// The thresholds for a probe made at `at`. The time for which an origin asks to be left alone does
/// not age its failures: one that asks for a minute each time would never be Down. Nor does the
/// time until a slow one is probed again: it is not rechecked, because its peers must be probed
/// too.
fn thresholds(known: &TargetState, monitor: &Monitor, at: Timestamp) -> Thresholds {
    let mut thresholds = Thresholds::from(monitor);
    let asked_ms = known.not_before.map_or(0, |until| until.since(at));
    let asked_ms = if known.too_slow { asked_ms.max(monitor.interval_ms) } else { asked_ms };
    let all_ms = asked_ms.saturating_mul(u64::from(thresholds.fall));
    thresholds.window_ms = thresholds.window_ms.saturating_add(all_ms);
    thresholds
}
