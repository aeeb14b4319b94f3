//! Whom a round asks besides, so that a failure finds its witness.
//!
//! A target whose last probe did not reach it is rechecked, and the recheck counts only with a
//! witness ([`super::testimony`]). The others may not be due for a minute. So its round also probes
//! one target of each other region, the most recently reached ones first. They would be probed soon
//! anyhow: their next probe is put off by as much.

use super::BLIND;
use crate::config::{Config, PROBES_AT_ONCE, RECHECK_MS, spread_ms};
use crate::health::{Health, Hysteresis, Verdict, is_unreached};
use crate::ids::RegionId;
use crate::ordered::Set;
use crate::state::{Controls, State, TargetState};
use crate::target::Target;
use crate::time::{Millis, Timestamp};
use std::cmp::Reverse;

/// The witnesses to ask in the round at `at` besides its `targets`, the best one first.
pub(super) fn of<'s>(
    targets: &[&'s Target],
    state: &'s State,
    config: &Config,
    at: Timestamp,
) -> Vec<&'s Target> {
    let suspects: Vec<_> =
        targets.iter().filter(|target| is_suspect(state, config, target)).collect();
    if suspects.is_empty() {
        return Vec::new();
    }
    let wanted = wanted(state, config, &suspects, targets.len());
    let places = config.places();
    let region = |target: &Target| places.get(&target.origin).map(|(region, _)| *region);
    let is_witness = |target: &&&Target| !is_suspect(state, config, target) && is_up(state, target);
    let vouched: Set<&RegionId> =
        Set::of(targets.iter().filter(is_witness).filter_map(|target| region(target)));
    let suspected: Set<&RegionId> = Set::of(suspects.iter().filter_map(|target| region(target)));
    let asked = Set::of(targets.iter().copied());
    let mut others: Vec<_> = state
        .targets
        .iter()
        .filter(|(target, known)| !asked.contains(target) && is_free(known, at))
        .filter_map(|(target, known)| Some((region(target)?, target, known)))
        .filter(|(region, ..)| !vouched.contains(region))
        .collect();
    others.sort_by_key(|(region, _, known)| {
        let was_lost = known.reached_at < known.probed_at;
        (is_gone(known), suspected.contains(region), was_lost, Reverse(known.reached_at))
    });
    let mut regions = Set::new();
    let one_each = others.into_iter().filter(|(region, ..)| regions.insert(*region));
    let may_answer =
        |(nth, (.., known)): &(usize, (_, _, &TargetState))| *nth == 0 || !is_gone(known);
    let asked = one_each.enumerate().take_while(may_answer).take(wanted);
    asked.map(|(_, (_, target, _))| target).collect()
}

/// How many witnesses to ask: as many as connections are left in the round, but at least one. Only
/// one where controls are asked and have not failed yet.
fn wanted(state: &State, config: &Config, suspects: &[&&Target], targets: usize) -> usize {
    let asks = state.run.as_ref().is_some_and(|run| run.controls != Controls::Idle);
    let controls = if asks { config.controls.len() } else { 0 };
    let is_doubted = suspects.iter().any(|target| {
        state.targets.get(target).is_some_and(|known| known.note.as_deref() == Some(BLIND))
    });
    if controls > 0 && !is_doubted {
        return 1;
    }
    let busy = targets.saturating_add(controls).checked_rem(PROBES_AT_ONCE).unwrap_or(0);
    let left = PROBES_AT_ONCE.saturating_sub(busy).checked_rem(PROBES_AT_ONCE).unwrap_or(0);
    left.max(1)
}

/// How long a target in doubt waits after its probe at `at`: the longer the observer has been in
/// doubt, the longer, so that a long doubt does not spend the run on rechecks.
pub(super) fn doubted_pause_ms(doubted_since: Option<Timestamp>, at: Timestamp) -> Millis {
    doubted_since.map_or(0, |since| at.since(since)).max(RECHECK_MS)
}

/// Whether the last probe of a target did not reach it, and it is not Down for that yet.
fn is_suspect(state: &State, config: &Config, target: &Target) -> bool {
    let Some(known) = state.targets.get(target) else { return false };
    let Some(monitor) = config.monitors.get(&target.monitor) else { return false };
    let is_doubted = known.note.as_deref() == Some(BLIND);
    let has_failed = |memory: &Hysteresis| {
        memory.is_unsettled()
            && memory.reason.is_some_and(|reason| is_unreached(&Verdict::Fail { reason }))
    };
    known.memory.health != Health::Down
        && (is_doubted || known.beliefs(spread_ms(monitor)).any(has_failed))
}

/// Whether it is known to be down and gave no sign of life. It would hold the round up for its
/// timeout, so it is asked only if there is nobody else.
fn is_gone(known: &TargetState) -> bool {
    known.memory.health == Health::Down && known.reached_at < known.probed_at
}

fn is_up(state: &State, target: &Target) -> bool {
    state.targets.get(target).is_some_and(|known| known.memory.health == Health::Up)
}

/// Whether it has not asked to be left alone.
fn is_free(known: &TargetState, at: Timestamp) -> bool {
    known.not_before.is_none_or(|not_before| not_before <= at)
}
