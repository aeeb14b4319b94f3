//! Which targets became slow while their peers did not, as of one round.
//!
//! `health::slow` has the rule and its reasons. Here the peers of each monitor are gathered, once a
//! round and not once for each target.
//!
//! **Cron moves.** A run may be made in another data center than the one before it, and the runtime
//! does not tell a run where it is. Then every latency changes at once: what was near is far, and
//! would look slow beside its own floor. So a target's shift is kept: its first latency in a run,
//! beside what it showed in the runs before. An origin that becomes slow shifts alone, and up. If
//! most shift, or another one becomes much faster at the same time, it is the observer that moved:
//! nobody is judged in that run, and from then on all are compared with what they show in the new
//! place. A target that was slow before the move keeps its excess over the new floor.

use crate::config::{Config, Monitor, SlowerThanPeers};
use crate::health::slow::{Excesses, Floor, PEERS_MIN, Shift, may_fail_one_more};
use crate::ids::MonitorId;
use crate::latency::Estimate;
use crate::ordered::{Map, Set};
use crate::state::{Run, State, TargetState};
use crate::target::Target;
use crate::time::{MINUTE, Millis, Timestamp};

/// The peers of each monitor that had a result in this round.
#[derive(Debug)]
pub(super) struct Slowness(Map<MonitorId, Peers>);

/// The targets of one monitor.
#[derive(Debug)]
struct Peers {
    rule: SlowerThanPeers,
    /// What each takes beyond its floor, of those that were measured in this place.
    excesses: Excesses,
    /// How many targets there are.
    all: usize,
    /// How many are failed for being slow.
    slow: usize,
    /// Whether the observer moved.
    has_moved: bool,
}

/// Takes in what a pass took, in the run of this [`Run::own_instant`].
pub(super) fn measure(
    known: &mut TargetState,
    monitor: &Monitor,
    latency_ms: Millis,
    at: Timestamp,
    run: Timestamp,
) {
    let goes_on = known.latency.is_some_and(|before| before.millis(at).is_some());
    let before = known.floor.filter(|_| goes_on);
    let estimate = Estimate::with(known.latency, latency_ms, at);
    known.floor = estimate.millis(at).map(|ms| Floor::with(before, ms));
    known.latency = Some(estimate);
    let shift = known.shift.filter(|_| goes_on);
    known.shift = match (shift, before.filter(|_| monitor.slower_than_peers.is_some())) {
        (Some(shift), Some(_)) if shift.run == run => Some(shift),
        (shift, Some(base)) => {
            let rebased = shift.and_then(|shift| shift.rebased);
            Some(Shift { run, base, first_ms: latency_ms, rebased })
        }
        (_, None) => None,
    };
}

impl Slowness {
    /// Looks at the monitors of `targets`, whose results were measured before. Where the observer
    /// moved, floors begin anew.
    pub(super) fn of<'t>(
        state: &mut State,
        config: &Config,
        targets: impl Iterator<Item = &'t Target>,
        now: Timestamp,
    ) -> Self {
        let Some(run) = state.run.as_ref().map(Run::own_instant) else {
            return Self(Map::new());
        };
        let judging = |id: &&MonitorId| {
            config.monitors.get(*id).is_some_and(|it| it.slower_than_peers.is_some())
        };
        let monitors: Set<_> = targets.map(|target| &target.monitor).filter(judging).collect();
        let mut of: Map<&MonitorId, Vec<&mut TargetState>> =
            Map::of(monitors.iter().map(|id| (*id, Vec::new())));
        if of.is_empty() {
            return Self(Map::new());
        }
        for (target, known) in state.targets.iter_mut() {
            if let Some(all) = of.get_mut(&target.monitor) {
                all.push(known);
            }
        }
        let peers = of.into_iter().filter_map(|(id, mut all)| {
            let monitor = config.monitors.get(id)?;
            let rule = monitor.slower_than_peers?;
            Some((id.clone(), Peers::of(rule, monitor, &mut all, Moment { run, now })))
        });
        Self(Map::of(peers))
    }

    /// Whether a pass that took `latency_ms` counts as too slow. Notes it of the target.
    pub(super) fn judge(
        &mut self,
        target: &Target,
        known: &mut TargetState,
        latency_ms: Option<Millis>,
        now: Timestamp,
    ) -> bool {
        let Some(peers) = self.0.get_mut(&target.monitor) else {
            known.too_slow = false;
            return false;
        };
        peers.slow = peers.slow.saturating_sub(usize::from(known.too_slow));
        known.too_slow = latency_ms.is_some_and(|ms| peers.stands_out(known, ms, now))
            && may_fail_one_more(peers.slow, peers.all);
        peers.slow = peers.slow.saturating_add(usize::from(known.too_slow));
        known.too_slow
    }
}

/// The run, and the time.
#[derive(Debug, Clone, Copy)]
struct Moment {
    run: Timestamp,
    now: Timestamp,
}

impl Peers {
    fn of(
        rule: SlowerThanPeers,
        monitor: &Monitor,
        all: &mut [&mut TargetState],
        at: Moment,
    ) -> Self {
        // Targets that are probed in each run are compared with those of this run alone. Others are
        // probed in different runs; one interval has all of them.
        let is_now = |run: Timestamp| {
            let is_rare = monitor.interval_ms > MINUTE;
            run == at.run || is_rare && at.run.since(run) <= monitor.interval_ms
        };
        let mut here: Vec<&mut TargetState> = Vec::new();
        let slow = all.iter().filter(|known| known.too_slow).count();
        let count = all.len();
        for known in all.iter_mut() {
            if known.shift.is_some_and(|shift| is_now(shift.run)) {
                here.push(known);
            }
        }
        let shifts: Vec<Shift> = here.iter().filter_map(|known| known.shift).collect();
        let was_rebased = |shift: &Shift| shift.rebased.is_some_and(is_now);
        let has_moved = shifts.iter().any(was_rebased)
            || (shifts.len() > PEERS_MIN && Shift::are_a_move(&shifts, rule));
        if has_moved {
            for known in &mut here {
                if known.shift.is_some_and(|shift| !was_rebased(&shift)) {
                    rebase(known, at);
                }
            }
        }
        let excesses = here.iter().filter_map(|known| excess_ms(known, Millis::MAX, at.now));
        Self { rule, excesses: Excesses::of(excesses.collect()), all: count, slow, has_moved }
    }

    fn stands_out(&self, known: &TargetState, latency_ms: Millis, now: Timestamp) -> bool {
        let own = excess_ms(known, latency_ms, now).zip(excess_ms(known, Millis::MAX, now));
        let Some((own_ms, among_ms)) = own else { return false };
        !self.has_moved && self.excesses.stands_out(self.rule, own_ms, among_ms)
    }
}

/// What a target takes beyond its floor: both its smoothed latency and `last_ms` do.
fn excess_ms(known: &TargetState, last_ms: Millis, now: Timestamp) -> Option<Millis> {
    Some(known.floor?.excess_ms(known.latency?.millis(now)?.min(last_ms)))
}

/// Compares a target from now on with what it shows in the place of this run.
fn rebase(known: &mut TargetState, Moment { run, now }: Moment) {
    let Some(shift) = known.shift.as_mut() else { return };
    let was_ms = known.latency.filter(|_| known.too_slow).and_then(|it| it.millis(now));
    let excess_ms = was_ms.map_or(0, |ms| shift.base.excess_ms(ms));
    shift.rebased = Some(run);
    shift.base = Floor::below(shift.first_ms, excess_ms);
    known.floor = Some(shift.base);
    known.latency = Some(Estimate::with(None, shift.first_ms, now));
}

#[cfg(test)]
mod tests;
