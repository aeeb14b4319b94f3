//! When the next round is due, and what it probes.
//!
//! A settled target is probed every `interval`. One whose next probe could change its health is
//! rechecked after a second, so that a failure is confirmed in seconds. One that has been Down for
//! a while is probed less often, because each probe costs a timeout and recovery is not urgent.
//! What was given up here may go on at the origin, and use up what it has. So one that times out is
//! rechecked by no more areas than have to agree, and one that is Down for that is asked ever more
//! slowly, up to a minute apart and by one area at a time: of three areas, with a timeout of 5 s,
//! an origin gets nine probes at most in the first minute of its silence. One that asks for fewer
//! requests (429) is left alone for as long as it says. One that is only slow is not rechecked at
//! once, because its peers must be probed too before it is compared with them again.
//!
//! **Nothing holds a recheck up.** A round lasts as long as its slowest probe, and the next one
//! cannot begin before it ends. So no round begins while a recheck is a second away or less: what
//! is due waits and goes with it. Rechecks come first in a round, and all of them go at once.
//! Targets that are known to be down, which mostly hang, get rounds of their own.
//!
//! A run ends before the next one starts, or when it has used up its probes. Some are kept for
//! rechecks (`config::Pace`). `config::Detection` says how long a detection takes at most; it holds
//! because of what is decided here.

pub use crate::config::{COALESCE_MS, CONTROL_TIMEOUT_MS, PROBES_AT_ONCE, RECHECK_MS, RUN_MS};

use super::areas::the_one;
use super::making::Making;
use super::{BLIND, Done, Probe, RoundReply, witness};
use crate::config::{
    Config, Control, Monitor, Pace, connections, spread_ms, time_for_areas_ms, time_for_controls_ms,
};
use crate::geo::Area;
use crate::health::{FailureKind, Health, Hysteresis};
use crate::ids::OriginId;
use crate::ordered::Set;
use crate::recovery::{Plan, Recovery, Step};
use crate::state::{Controls, Run, State, TargetState};
use crate::target::Target;
use crate::time::{MINUTE, Millis, SECOND, Timestamp};
use std::cmp::Reverse;
use std::collections::BinaryHeap;

/// How long a target must be Down before it is probed less often.
pub const DOWN_FOR_LONG_MS: Millis = 5 * MINUTE;
/// How long targets that are known to be down are kept out of the rounds of others.
pub const DOWN_PATIENCE_MS: Millis = 30 * SECOND;

/// How rarely at most a target is probed that is Down because it only times out; more rarely only
/// where its interval says so.
pub(super) const GIVEN_UP_PAUSE_MS_MAX: Millis = MINUTE;

/// The pause between two probes of a standby while a plan waits to promote it: the gate needs its
/// position after the fence, and twice.
const AWAITED_PAUSE_MS: Millis = 5 * SECOND;

/// Why a target is probed next. The first comes first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Rank {
    /// Its next probe could change its health.
    Recheck,
    /// Its interval is over.
    Settled,
    /// The same, and it is Down.
    Down,
}

/// A target that waits for its next probe. Sorts by rank, then by instant.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Waiting<'s> {
    rank: Rank,
    /// When it is due.
    at: Timestamp,
    /// The instant before which it must not be probed.
    not_before: Timestamp,
    timeout_ms: Millis,
    target: &'s Target,
}

/// Decides the next round of the current run. If the run's time or probes do not suffice for
/// everything that is due, rechecks come first, and then the most overdue targets.
#[must_use]
pub fn next_round(state: &mut State, config: &Config, now: Timestamp) -> RoundReply {
    let pace = pace(state, config);
    let mut waiting = waiting(state, config, &pace);
    if waiting.is_empty() {
        return RoundReply::Done(Done::NothingToProbe);
    }
    let Some(run) = state.run.as_ref() else {
        return RoundReply::Done(Done::Superseded);
    };
    let left = config.probes_per_run.saturating_sub(run.probes);
    let left = usize::try_from(left).unwrap_or(usize::MAX);
    let controls = controls(config, run, left);
    let kept = kept(&waiting, &pace, now);
    // The controls are among what is kept. Else they could keep settled targets out of every run.
    let may_go = |it: &Waiting<'_>, before: usize| {
        let spared = match it.rank {
            Rank::Recheck => controls.len(),
            Rank::Settled | Rank::Down => kept.max(controls.len()),
        };
        left > before.saturating_add(spared)
    };
    let end_ms = RUN_MS
        .saturating_sub(time_for_controls_ms(controls.len()))
        .saturating_sub(time_for_areas_ms(config.areas.len()));
    let left_ms = |at: Timestamp| end_ms.saturating_sub(at.since(run.began));
    waiting.retain(|it| it.timeout_ms <= left_ms(now.max(it.at)));
    let in_time = !waiting.is_empty();
    waiting.retain(|it| may_go(it, 0));
    let Some(first) = beginning(&waiting, now) else {
        let spent = if in_time { Done::ProbesSpent } else { Done::TimeSpent };
        return RoundReply::Done(spent);
    };
    let due = with_witnesses(together(waiting, first), state, config, first);
    let connections = connections(config.areas.len(), due.len());
    let due = fitting(due, connections, left_ms(first), |it| it.timeout_ms);
    let making = Making::of(config, due.iter().map(|it| it.target));
    let probes: Vec<Probe> = due
        .iter()
        .enumerate()
        .filter(|(before, it)| may_go(it, *before))
        .filter_map(|(_, it)| {
            let known = state.targets.get(it.target)?;
            let areas = who_asks(config, known, it.target, first);
            Some(Probe { areas, ..making.probe(it.target)? })
        })
        .collect();
    if probes.is_empty() {
        return RoundReply::Done(Done::TimeSpent);
    }
    let made = probes.len().saturating_add(controls.len());
    if let Some(run) = state.run.as_mut() {
        run.probes = run.probes.saturating_add(u32::try_from(made).unwrap_or(u32::MAX));
    }
    let areas = config.areas.clone();
    RoundReply::Probe { wait_ms: first.since(now), probes, controls, check: None, areas }
}

/// Whether the run has a probe for something that decides nobody's health: no recheck is due, and
/// beside what is kept for rechecks enough is left to probe every target once more.
#[must_use]
pub fn has_spare(state: &State, config: &Config, now: Timestamp) -> bool {
    let pace = pace(state, config);
    let waiting = waiting(state, config, &pace);
    let made = state.run.as_ref().map_or(config.probes_per_run, |run| run.probes);
    let left = usize::try_from(config.probes_per_run.saturating_sub(made)).unwrap_or(usize::MAX);
    let is_decided = waiting.iter().all(|it| it.rank != Rank::Recheck);
    is_decided && left > kept(&waiting, &pace, now).saturating_add(waiting.len())
}

/// How many probes of the run are kept for rechecks. One that has asked to be left alone for longer
/// is not being confirmed.
fn kept(waiting: &[Waiting<'_>], pace: &Pace, now: Timestamp) -> usize {
    let soon = now.plus(RECHECK_MS);
    let rechecks = waiting.iter().filter(|it| it.rank == Rank::Recheck && it.at <= soon).count();
    let kept = pace.kept(u64::try_from(rechecks).unwrap_or(u64::MAX));
    usize::try_from(kept).unwrap_or(usize::MAX)
}

/// When the next round begins: as soon as anything is due, or with the last of the rechecks that
/// are due within a second of that. `None` if nothing waits.
fn beginning(waiting: &[Waiting<'_>], now: Timestamp) -> Option<Timestamp> {
    let first = now.max(waiting.iter().map(|it| it.at).min()?);
    let soon = first.plus(RECHECK_MS);
    let rechecks = waiting.iter().filter(|it| it.rank == Rank::Recheck && it.at <= soon);
    Some(rechecks.map(|it| it.at).fold(first, Timestamp::max))
}

/// Those that go into the round which begins at `first`, in order.
fn together(mut waiting: Vec<Waiting<'_>>, first: Timestamp) -> Vec<Waiting<'_>> {
    let soon = first.plus(COALESCE_MS);
    waiting.retain(|it| it.at <= soon && it.not_before <= first);
    waiting.sort_unstable();
    let down = waiting.iter().position(|it| it.rank == Rank::Down).unwrap_or(waiting.len());
    let mut round = waiting;
    let known_down = round.split_off(down);
    let is_shared = !round.is_empty();
    let goes = |it: &Waiting<'_>| !is_shared || first.since(it.at) > DOWN_PATIENCE_MS;
    round.extend(known_down.into_iter().filter(goes).take(PROBES_AT_ONCE));
    round
}

/// The round with its witnesses, which are begun together with the first target. A recheck without
/// one is no evidence, so where there are no controls the first may use up what is kept for
/// rechecks.
fn with_witnesses<'s>(
    mut round: Vec<Waiting<'s>>,
    state: &'s State,
    config: &Config,
    first: Timestamp,
) -> Vec<Waiting<'s>> {
    let targets: Vec<&Target> = round.iter().map(|it| it.target).collect();
    let witnesses = witness::of(&targets, state, config, first);
    let waiting = witnesses.into_iter().enumerate().filter_map(|(nth, target)| {
        let timeout_ms = config.monitors.get(&target.monitor)?.timeout_ms;
        let is_needed = nth == 0 && config.controls.is_empty();
        let rank = if is_needed { Rank::Recheck } else { Rank::Settled };
        Some(Waiting { rank, at: first, not_before: first, timeout_ms, target })
    });
    let behind_first = round.len().min(1);
    round.splice(behind_first..behind_first, waiting);
    round
}

/// The controls to probe; none if they would leave no probes for targets.
fn controls(config: &Config, run: &Run, left: usize) -> Vec<Control> {
    if run.controls == Controls::Idle || config.controls.len() >= left {
        return Vec::new();
    }
    config.controls.clone()
}

/// Those of `probes` that end within `left_ms` over so many connections, even if each takes its
/// whole timeout.
pub(super) fn fitting<T>(
    probes: Vec<T>,
    connections: usize,
    left_ms: Millis,
    timeout_ms: impl Fn(&T) -> Millis,
) -> Vec<T> {
    let mut busy_ms: BinaryHeap<Reverse<Millis>> =
        std::iter::repeat_n(Reverse(0), connections).collect();
    let fits = |probe: &T| {
        let Some(mut connection) = busy_ms.peek_mut() else { return false };
        let ends_ms = connection.0.saturating_add(timeout_ms(probe));
        let fits = ends_ms <= left_ms;
        if fits {
            connection.0 = ends_ms;
        }
        fits
    };
    probes.into_iter().filter(fits).collect()
}

fn pace(state: &State, config: &Config) -> Pace {
    let monitors = state.targets.keys().filter_map(|it| config.monitors.get(&it.monitor));
    Pace::of(config, monitors)
}

fn waiting<'s>(state: &'s State, config: &Config, pace: &Pace) -> Vec<Waiting<'s>> {
    let doubted_pause_ms = |at| witness::doubted_pause_ms(state.doubted_since, at);
    let awaited = awaited(state, config);
    let waits = |(target, known): (&'s Target, &'s TargetState)| {
        let monitor = config.monitors.get(&target.monitor)?;
        let rank = rank(known, monitor);
        let shortest_ms = if rank == Rank::Recheck { 0 } else { pace.shortest_interval_ms };
        let after = |at: Timestamp| {
            let pause_ms = pause_ms(known, monitor, at, doubted_pause_ms(at)).max(shortest_ms);
            let is_awaited = awaited.contains(&target.origin);
            at.plus(if is_awaited { pause_ms.min(AWAITED_PAUSE_MS) } else { pause_ms })
        };
        Some(Waiting {
            rank,
            at: known.probed_at.map_or_else(Timestamp::default, after),
            not_before: known.not_before.unwrap_or_default(),
            timeout_ms: monitor.timeout_ms,
            target,
        })
    };
    state.targets.iter().filter_map(waits).collect()
}

/// The origins of standbys that a plan is about to promote.
fn awaited<'c>(state: &State, config: &'c Config) -> Set<&'c OriginId> {
    let plans = state.recoveries.values().filter_map(Recovery::under_way);
    let waits = |plan: &&Plan| {
        let step = plan.current().map(|run| &run.step);
        matches!(step, Some(Step::Fence {} | Step::Gate {}))
    };
    let regions = plans.filter(waits).filter_map(|plan| config.regions.get(&plan.to));
    regions.flat_map(|region| &region.origins).map(|origin| &origin.id).collect()
}

fn rank(known: &TargetState, monitor: &Monitor) -> Rank {
    match (known.note.as_deref(), known.memory.health) {
        (None, _) if known.is_unsettled(spread_ms(monitor)) && !known.too_slow => Rank::Recheck,
        (Some(BLIND), Health::Up | Health::Unknown) => Rank::Recheck,
        (_, Health::Down) => Rank::Down,
        // An inconclusive probe would be inconclusive again a second later, and use up the run.
        _ => Rank::Settled,
    }
}

/// The areas that ask a target; all of them if there are none. What was given up may go on at the
/// origin, so what times out is asked by as many as have to agree, and once it is Down by one.
fn who_asks(config: &Config, known: &TargetState, target: &Target, at: Timestamp) -> Vec<Area> {
    if is_given_up(known) {
        return the_one(config, at).into_iter().collect();
    }
    let monitor = config.monitors.get(&target.monitor);
    let is_confirmed = known.note.is_none() && is_silent(&known.memory);
    let needed = monitor.filter(|_| is_confirmed).map(|it| it.quorum.needs(config.areas.len()));
    let sights = known.sights.iter().filter(|(_, sight)| is_silent(&sight.memory));
    let silent: Vec<Area> = sights.map(|(area, _)| *area).collect();
    match needed {
        Some(needed) if needed <= silent.len() => silent.into_iter().take(needed).collect(),
        _ => Vec::new(),
    }
}

/// Whether a target is Down because it only times out.
fn is_given_up(known: &TargetState) -> bool {
    let memory = &known.memory;
    memory.health == Health::Down && !memory.is_unsettled() && is_silent(memory)
}

/// Whether nothing was answered in time when it last failed.
fn is_silent(memory: &Hysteresis) -> bool {
    let is_silence =
        |kind| matches!(kind, FailureKind::HttpTimeout | FailureKind::ResponseBodyTimeout);
    memory.reason.is_some_and(|reason| is_silence(reason.kind))
}

/// How long to wait after the probe at `at`, or after one that is in doubt.
pub(super) fn pause_ms(
    known: &TargetState,
    monitor: &Monitor,
    at: Timestamp,
    doubted_pause_ms: Millis,
) -> Millis {
    let down_for = known.memory.since.map_or(0, |since| at.since(since));
    let pause_ms = match (known.note.as_deref(), rank(known, monitor)) {
        (Some(BLIND), _) => doubted_pause_ms.min(monitor.interval_ms),
        (_, Rank::Recheck) => RECHECK_MS,
        (None, Rank::Down) if down_for > DOWN_FOR_LONG_MS => monitor.down_interval_ms,
        (_, Rank::Down | Rank::Settled) => monitor.interval_ms,
    };
    // Silent for as long again as it has been.
    let given_up_ms = down_for.min(GIVEN_UP_PAUSE_MS_MAX);
    let pause_ms = if is_given_up(known) { pause_ms.max(given_up_ms) } else { pause_ms };
    pause_ms.max(known.not_before.map_or(0, |until| until.since(at)))
}
