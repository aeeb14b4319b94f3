//! When the next round is due, and what it probes.
//!
//! A settled target is probed every `interval`. One whose next probe could change its health is
//! rechecked after a second, so that a failure is confirmed in seconds. One that has been Down for
//! a while is probed less often, because each probe costs a timeout and recovery is not urgent. One
//! that asks for fewer requests (429) is left alone for as long as it says. One
//! that is only slow is not rechecked at once, because its peers must be probed too before it is
//! compared with them again.
//!
//! A run ends before the next one starts, or when it has used up its probes.

pub use crate::config::{PROBES_AT_ONCE, RECHECK_MS, RUN_MS};

use super::{Done, Probe, RoundReply, witness};
use crate::config::{Config, Control, Monitor};
use crate::health::Health;
use crate::ordered::Set;
use crate::state::{Controls, Run, State, TargetState};
use crate::target::Target;
use crate::time::{MINUTE, Millis, SECOND, Timestamp};

/// Targets due within this time of each other are probed in one round.
pub const COALESCE_MS: Millis = 500;
/// How long a target must be Down before it is probed less often.
pub const DOWN_FOR_LONG_MS: Millis = 5 * MINUTE;
/// Longest wait for a control.
pub const CONTROL_TIMEOUT_MS: Millis = 2 * SECOND;

/// Decides the next round of the current run. If the run's time or probes do not suffice for
/// everything that is due, the most overdue targets come first.
#[must_use]
pub fn next_round(state: &mut State, config: &Config, now: Timestamp) -> RoundReply {
    let due = due_times(state, config);
    let Some((first, _)) = due.iter().next() else {
        return RoundReply::Done(Done::NothingToProbe);
    };
    let first = now.max(*first);
    let together = first.plus(COALESCE_MS);
    let mut targets: Vec<&Target> = due
        .iter()
        .filter(|(at, target)| *at <= together && !asks_to_wait(state, target, first))
        .map(|(_, target)| *target)
        .collect();
    witness::join(&mut targets, state, config, first);
    let mut probes: Vec<Probe> =
        targets.into_iter().filter_map(|target| probe(config, target)).collect();
    let Some(run) = state.run.as_mut() else {
        return RoundReply::Done(Done::Superseded);
    };
    let left = config.probes_per_run.saturating_sub(run.probes);
    let left = usize::try_from(left).unwrap_or(usize::MAX);
    let controls = controls(config, run, left);
    let left_ms = RUN_MS.saturating_sub(first.since(run.began));
    probes.truncate(fitting(&probes, left_ms.saturating_sub(time_for(&controls))));
    if probes.is_empty() {
        return RoundReply::Done(Done::TimeSpent);
    }
    probes.truncate(left.saturating_sub(controls.len()));
    if probes.is_empty() {
        return RoundReply::Done(Done::ProbesSpent);
    }
    let made = probes.len().saturating_add(controls.len());
    run.probes = run.probes.saturating_add(u32::try_from(made).unwrap_or(u32::MAX));
    RoundReply::Probe { wait_ms: first.since(now), probes, controls }
}

/// Whether a target has asked not to be probed as early as at `now`.
fn asks_to_wait(state: &State, target: &Target, now: Timestamp) -> bool {
    let not_before = state.targets.get(target).and_then(|known| known.not_before);
    not_before.is_some_and(|not_before| now < not_before)
}

/// The controls to probe; none if they would leave no probes for targets.
fn controls(config: &Config, run: &Run, left: usize) -> Vec<Control> {
    if run.controls == Controls::Idle || config.controls.len() >= left {
        return Vec::new();
    }
    config.controls.clone()
}

/// How long controls can hold up the targets: those that hang keep a connection for so long.
fn time_for(controls: &[Control]) -> Millis {
    let waves = controls.len().div_ceil(PROBES_AT_ONCE);
    CONTROL_TIMEOUT_MS.saturating_mul(u64::try_from(waves).unwrap_or(u64::MAX))
}

/// How many of `probes` end within `left_ms` even if each takes its whole timeout.
pub(super) fn fitting(probes: &[Probe], left_ms: Millis) -> usize {
    let longest = probes.iter().map(|probe| probe.timeout_ms).max().unwrap_or(0).max(1);
    let waves = usize::try_from(left_ms.checked_div(longest).unwrap_or(0)).unwrap_or(usize::MAX);
    waves.saturating_mul(PROBES_AT_ONCE)
}

fn due_times<'s>(state: &'s State, config: &Config) -> Set<(Timestamp, &'s Target)> {
    let doubted_pause_ms = |at| witness::doubted_pause_ms(state.doubted_since, at);
    let due = |known: &TargetState, monitor: &Monitor| match known.probed_at {
        None => Timestamp::default(),
        Some(at) => at.plus(pause_ms(known, monitor, at, doubted_pause_ms(at))),
    };
    state
        .targets
        .iter()
        .filter_map(|(target, known)| {
            let monitor = config.monitors.get(&target.monitor)?;
            Some((due(known, monitor), target))
        })
        .collect()
}

/// How long to wait after the probe at `at`, or after one that is in doubt.
pub(super) fn pause_ms(
    known: &TargetState,
    monitor: &Monitor,
    at: Timestamp,
    doubted_pause_ms: Millis,
) -> Millis {
    let memory = &known.memory;
    let down_for = memory.since.map_or(0, |since| at.since(since));
    let down_for_long = memory.health == Health::Down && down_for > DOWN_FOR_LONG_MS;
    let pause_ms = match known.note.as_deref() {
        Some(super::BLIND) => doubted_pause_ms.min(monitor.interval_ms),
        // An inconclusive probe would be inconclusive again a second later, and use up the run.
        Some(_) => monitor.interval_ms,
        None if memory.is_unsettled() && !known.too_slow => RECHECK_MS,
        None if down_for_long => monitor.down_interval_ms,
        None => monitor.interval_ms,
    };
    pause_ms.max(known.not_before.map_or(0, |until| until.since(at)))
}

fn probe(config: &Config, target: &Target) -> Option<Probe> {
    let (_, origin) = config.origin(&target.origin)?;
    let monitor = config.monitors.get(&target.monitor)?;
    let told = config.told_by_probes(target);
    let base = told.map_or_else(|| origin.url.to_string(), |host| origin.url.with_host(host));
    Some(Probe {
        target: target.clone(),
        url: base + &monitor.path,
        resolve: told.map(|_| origin.url.host().to_owned()),
        timeout_ms: monitor.timeout_ms,
        expect: monitor.expect.clone(),
        lag_pointer: monitor.lag_pointer.clone(),
    })
}
