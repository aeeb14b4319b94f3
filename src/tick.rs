//! One cron run as a conversation: results in, the next probes out.
//!
//! A run is a series of rounds. The cron run asks the Controller for a round, waits as told, probes
//! what it is told, and brings the results with its next question, until it is told that it is
//! done. So the run itself decides nothing, and the Controller never waits for an origin.
//!
//! Cadence: a settled target is probed every `interval`; one whose next probe could change its
//! health is rechecked after a second, so that a failure is confirmed in seconds and not in
//! intervals. A run ends before the next one begins, or when it has spent its probes.
//!
//! Cron comes late, twice, or overlaps. A run is known by the instant that it was scheduled for:
//! the same or an older one is told that it is superseded, and a round that was already taken in is
//! not taken in again.

#![cfg_attr(not(test), deny(clippy::arithmetic_side_effects, clippy::as_conversions))]

use crate::config::{Config, Expect};
use crate::health::{Hysteresis, Thresholds, Transition, Verdict, is_blind, is_unreached};
use crate::latency::Estimate;
use crate::ordered::Set;
use crate::state::{Run, State, TargetState};
use crate::target::Target;
use crate::time::{Millis, SECOND, Timestamp};
use serde::{Deserialize, Serialize};

/// How long a run goes on: until shortly before the next one begins.
pub const RUN_MS: Millis = 55 * SECOND;
/// How soon an unsettled target is probed again.
pub const RECHECK_MS: Millis = SECOND;
/// Targets that are due within this time of each other are probed in one round.
pub const COALESCE_MS: Millis = 500;

/// Probes that are under way at once. The runtime opens six connections a run; a seventh would wait
/// for one of them while its own clock is already running, and look slow.
pub const PROBES_AT_ONCE: usize = 6;

/// How long it clears the observer that somebody was reached, beside two timeouts.
pub const WITNESS_MS: Millis = 5 * SECOND;

/// What is said of a target whose last probe was made by an observer in doubt.
pub const BLIND: &str = "every region failed at once: the observer may be cut off";

/// What a cron run says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RoundRequest {
    /// The instant that the run was scheduled for.
    pub run: Timestamp,
    /// 0 to begin, then the number of rounds that were made.
    pub round: u32,
    /// The run's clock.
    pub now: Timestamp,
    /// What the last round found; empty to begin.
    pub results: Vec<ProbeResult>,
}

/// What a cron run is told.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RoundReply {
    /// Make another round.
    Probe {
        /// Wait this long first.
        wait_ms: Millis,
        /// Then make these probes.
        probes: Vec<Probe>,
    },
    /// The run is over.
    Done(Done),
}

/// Why a run is over.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Done {
    /// The next round would reach into the next run.
    TimeSpent,
    /// The next round would take more probes than a run may make.
    ProbesSpent,
    /// A later run has begun, or this one was begun twice.
    Superseded,
    /// There is no config, so there is nothing to probe.
    NothingToProbe,
}

/// One probe to make.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Probe {
    /// Whose health it is about.
    pub target: Target,
    /// What to fetch.
    pub url: String,
    /// Longest wait for the answer and its body.
    pub timeout_ms: Millis,
    /// Which answer counts.
    pub expect: Expect,
}

/// One probe that was made.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProbeResult {
    /// Whose health it is about.
    pub target: Target,
    /// When it was over.
    pub at: Timestamp,
    /// What it says.
    pub verdict: Verdict,
}

/// A target whose health changed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Changed {
    /// The target.
    pub target: Target,
    /// How.
    pub transition: Transition,
}

/// Takes a round in: checks that it belongs, then folds its results into the state. Errors: the
/// reason why the run is over, where it is; nothing was changed then.
pub fn take_in(
    state: &mut State,
    config: &Config,
    request: &RoundRequest,
) -> Result<Vec<Changed>, Done> {
    if request.round == 0 {
        if state.run.as_ref().is_some_and(|run| run.scheduled >= request.run) {
            return Err(Done::Superseded);
        }
        state.run = Some(Run { scheduled: request.run, began: request.now, round: 0, probes: 0 });
        return Ok(Vec::new());
    }
    let run = state.run.as_mut().filter(|run| {
        run.scheduled == request.run && run.round.checked_add(1) == Some(request.round)
    });
    run.ok_or(Done::Superseded)?.round = request.round;
    if is_blind_round(state, config, request) {
        doubt(state, &request.results, request.now);
        return Ok(Vec::new());
    }
    if !request.results.is_empty() {
        state.doubted_since = None;
    }
    Ok(request.results.iter().filter_map(|result| fold(state, config, result)).collect())
}

fn is_blind_round(state: &State, config: &Config, request: &RoundRequest) -> bool {
    let asked = Set::of(request.results.iter().map(|result| &result.target));
    let timeouts = asked.iter().filter_map(|target| config.monitors.get(&target.monitor));
    let longest = timeouts.map(|monitor| monitor.timeout_ms).max().unwrap_or(0);
    // Rechecks that time out come late, and the witness is as old as they took.
    let patience = WITNESS_MS.saturating_add(longest.saturating_mul(2));
    let witness = state.targets.iter().any(|(target, known)| {
        let just_reached = |at| request.now.since(at) <= patience;
        !asked.contains(&target) && known.reached_at.is_some_and(just_reached)
    });
    let round: Vec<_> = request
        .results
        .iter()
        .filter_map(|result| {
            let (region, _) = config.origin(&result.target.origin)?;
            Some((region, &result.verdict))
        })
        .collect();
    !witness && is_blind(&round)
}

/// Notes that probes were made and says nothing by them: what is believed stays, and grows old.
fn doubt(state: &mut State, results: &[ProbeResult], now: Timestamp) {
    state.doubted_since.get_or_insert(now);
    for result in results {
        if let Some(known) = state.targets.get_mut(&result.target) {
            known.probed_at = Some(result.at);
            known.note = Some(BLIND.to_owned());
        }
    }
}

fn fold(state: &mut State, config: &Config, result: &ProbeResult) -> Option<Changed> {
    let monitor = config.monitors.get(&result.target.monitor)?;
    let known = state.targets.get_mut(&result.target)?;
    known.probed_at = Some(result.at);
    known.note = None;
    if let Verdict::Inconclusive { note } = &result.verdict {
        known.note = Some(note.clone());
        return None;
    }
    if known.is_stale(monitor.interval_ms, result.at) {
        // One new probe does not bring an old belief back to life.
        known.memory = Hysteresis::default();
    }
    known.judged_at = Some(result.at);
    if !is_unreached(&result.verdict) {
        known.reached_at = Some(result.at);
    }
    if let Verdict::Pass { latency_ms } = &result.verdict {
        known.latency = Some(Estimate::with(known.latency, *latency_ms, result.at));
    }
    let thresholds = Thresholds::from(monitor);
    let transition = known.memory.observe(&result.verdict, thresholds, result.at)?;
    Some(Changed { target: result.target.clone(), transition })
}

/// Decides the next round of the run that is under way. Where not all that is due can be probed, be
/// it for the run's time or its probes, the most overdue come first.
#[must_use]
pub fn next_round(state: &mut State, config: &Config, now: Timestamp) -> RoundReply {
    let mut due = due_times(state, config);
    due.sort_unstable();
    let Some((first, _)) = due.first() else {
        return RoundReply::Done(Done::NothingToProbe);
    };
    let first = now.max(*first);
    let together = first.plus(COALESCE_MS);
    let mut probes: Vec<Probe> = due
        .iter()
        .filter(|(at, _)| *at <= together)
        .filter_map(|(_, target)| probe(config, target))
        .collect();
    let Some(run) = state.run.as_mut() else {
        return RoundReply::Done(Done::Superseded);
    };
    probes.truncate(fitting(&probes, RUN_MS.saturating_sub(first.since(run.began))));
    if probes.is_empty() {
        return RoundReply::Done(Done::TimeSpent);
    }
    let left = config.probes_per_run.saturating_sub(run.probes);
    probes.truncate(usize::try_from(left).unwrap_or(usize::MAX));
    if probes.is_empty() {
        return RoundReply::Done(Done::ProbesSpent);
    }
    let made = u32::try_from(probes.len()).unwrap_or(u32::MAX);
    run.probes = run.probes.saturating_add(made);
    RoundReply::Probe { wait_ms: first.since(now), probes }
}

/// How many of `probes` are over after `left_ms` even if each of them takes its whole timeout.
fn fitting(probes: &[Probe], left_ms: Millis) -> usize {
    let longest = probes.iter().map(|probe| probe.timeout_ms).max().unwrap_or(0).max(1);
    let waves = usize::try_from(left_ms.checked_div(longest).unwrap_or(0)).unwrap_or(usize::MAX);
    waves.saturating_mul(PROBES_AT_ONCE)
}

fn due_times<'s>(state: &'s State, config: &Config) -> Vec<(Timestamp, &'s Target)> {
    let due = |known: &TargetState, interval_ms| match known.probed_at {
        None => Timestamp::default(),
        // A probe that said nothing would say nothing again a second later, and spend the run.
        Some(at) if known.memory.is_unsettled() && known.note.is_none() => at.plus(RECHECK_MS),
        Some(at) => at.plus(interval_ms),
    };
    state
        .targets
        .iter()
        .filter_map(|(target, known)| {
            let monitor = config.monitors.get(&target.monitor)?;
            Some((due(known, monitor.interval_ms), target))
        })
        .collect()
}

fn probe(config: &Config, target: &Target) -> Option<Probe> {
    let (_, origin) = config.origin(&target.origin)?;
    let monitor = config.monitors.get(&target.monitor)?;
    Some(Probe {
        target: target.clone(),
        url: format!("{}{}", origin.url, monitor.path),
        timeout_ms: monitor.timeout_ms,
        expect: monitor.expect.clone(),
    })
}

#[cfg(test)]
mod tests;
