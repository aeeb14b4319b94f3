//! How often the probes of a cron run let a target be probed.
//!
//! A run has `probes_per_run` probes. Some are kept for rechecks, so that a fault that is noticed
//! late in a run is still confirmed in that run. If the rest does not suffice for the intervals of
//! all targets, every interval is at least as long as it takes to share them out. So no target is
//! forgotten, and the run does not spend its probes in its first seconds.

use super::{Config, Monitor};
use crate::geo::Area;
use crate::time::{Millis, SECOND};

/// How soon an unsettled origin is probed again, so that a failure is confirmed within seconds.
pub const RECHECK_MS: Millis = SECOND;
/// How long a cron run probes: until shortly before the next one begins.
pub const RUN_MS: Millis = 55 * SECOND;
/// Targets due within this time of each other are probed in one round.
pub const COALESCE_MS: Millis = 500;
/// Longest wait for a control.
pub const CONTROL_TIMEOUT_MS: Millis = 2 * SECOND;
/// Concurrent probes. The runtime opens six connections per run. A seventh probe would wait for one
/// of them while its clock runs, and look slow.
pub const PROBES_AT_ONCE: usize = 6;
/// How long after one area the next one begins its probes of a round.
pub const AREA_SPREAD_MS: Millis = 200;
/// Most probes that a vantage point is asked for at once. Each request has connections of its own,
/// so that a thousand targets of which a tenth hangs take no longer than fifty.
pub const SHARE_PROBES: usize = 50;
/// How much longer than its probes a vantage point may take: being started, reading, writing.
pub const AREA_OVERHEAD_MS: Millis = 3 * SECOND;

/// How much longer a round takes at most that is made from so many areas.
#[must_use]
pub fn time_for_areas_ms(areas: usize) -> Millis {
    let Some(later) = areas.checked_sub(1) else { return 0 };
    AREA_OVERHEAD_MS.saturating_add(count(later).saturating_mul(AREA_SPREAD_MS))
}

/// How far apart the probes of several areas in one round end at most.
#[must_use]
pub fn spread_ms(monitor: &Monitor) -> Millis {
    let areas = count(Area::ALL.len());
    monitor.timeout_ms.saturating_add(AREA_SPREAD_MS.saturating_mul(areas))
}

/// How many probes a round of so many makes at once: the run has six connections, and each share
/// that a vantage point is asked for has as many of its own.
#[must_use]
pub fn connections(areas: usize, probes: usize) -> usize {
    let shares = if areas == 0 { 1 } else { probes.div_ceil(SHARE_PROBES).max(1) };
    shares.saturating_mul(PROBES_AT_ONCE)
}

/// What the probes of one run are for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Pace {
    /// Probes that the intervals need in one run, at most.
    pub wanted: u64,
    /// Probes that are kept for rechecks: enough to confirm one fault, and for the controls once.
    /// Fewer if no others would be left for a target.
    pub reserve: u64,
    /// Probes of settled targets in one run, at most.
    pub settled: u64,
    /// The largest `fall`: so many rechecks confirm a fault, one of them with a witness.
    pub fall: u64,
    /// How many controls there are.
    pub controls: u64,
    /// The shortest time between two probes of a settled target; zero if the intervals are met.
    pub shortest_interval_ms: Millis,
}

impl Pace {
    /// The pace of a config. `monitors` has the monitor of each target.
    #[must_use]
    pub fn of<'m>(config: &Config, monitors: impl Iterator<Item = &'m Monitor>) -> Self {
        let (mut each, mut fall) = (Vec::new(), 0);
        for monitor in monitors {
            each.push(most_in_a_run(monitor.interval_ms));
            fall = fall.max(u64::from(monitor.fall));
        }
        let limit = u64::from(config.probes_per_run);
        let controls = count(config.controls.len());
        let reserve = fall.saturating_add(controls).min(limit.saturating_sub(count(each.len())));
        let allowed = limit.saturating_sub(reserve);
        let used = |times: u64| each.iter().map(|most| times.min(*most)).sum::<u64>();
        let most = each.iter().copied().max().unwrap_or(1);
        let times = (1..=most).rev().find(|times| used(*times) <= allowed).unwrap_or(1);
        let shared_out_ms = RUN_MS.checked_div(times).unwrap_or(RUN_MS);
        Self {
            wanted: used(most),
            reserve,
            settled: used(times),
            fall,
            controls,
            shortest_interval_ms: if times == most { 0 } else { shared_out_ms + 1 + COALESCE_MS },
        }
    }

    /// Probes that are kept while so many targets are being confirmed.
    #[must_use]
    pub fn kept(&self, confirmed: u64) -> u64 {
        if confirmed == 0 {
            return self.reserve;
        }
        let rounds = self.fall.saturating_mul(confirmed.saturating_add(self.controls));
        self.reserve.max(rounds)
    }

    /// How many probes a settled target of `monitor` has used up at most, so long after the
    /// beginning of a run.
    #[must_use]
    pub fn probes_by(&self, monitor: &Monitor, after_ms: Millis) -> u64 {
        times_within(monitor.interval_ms.max(self.shortest_interval_ms), after_ms)
    }
}

/// How often a target is probed in one run, at most.
fn most_in_a_run(interval_ms: Millis) -> u64 {
    times_within(interval_ms, RUN_MS)
}

/// How often it is probed from its first probe until so long after that. Each time it may be early
/// by [`COALESCE_MS`].
fn times_within(interval_ms: Millis, within_ms: Millis) -> u64 {
    let least_ms = interval_ms.saturating_sub(COALESCE_MS).max(1);
    within_ms.checked_div(least_ms).unwrap_or(0).saturating_add(1)
}

/// A number of things.
pub(super) fn count(len: usize) -> u64 {
    u64::try_from(len).unwrap_or(u64::MAX)
}

/// Controls are probed after the targets, so that these have all connections.
#[must_use]
pub fn time_for_controls_ms(controls: usize) -> Millis {
    CONTROL_TIMEOUT_MS.saturating_mul(count(controls.div_ceil(PROBES_AT_ONCE)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::virtual_time::fleet;
    use serde_json::json;

    fn pace(origins: u32, interval_s: u32, probes: u32, controls: usize) -> Pace {
        let controls = &["https://one.example.org/", "https://two.example.org/"][..controls];
        let more = json!({
            "limits": {"probes_per_run": probes},
            "observer": {"controls": controls},
        });
        let config = fleet(&[origins], json!({"interval_s": interval_s}), more);
        let targets: Vec<_> = config.targets().collect();
        Pace::of(&config, targets.iter().filter_map(|it| config.monitors.get(&it.monitor)))
    }

    #[test]
    fn intervals_are_met_as_long_as_a_run_has_the_probes_and_a_reserve() {
        // Each of ten origins four times, three failures, two controls.
        let enough = pace(10, 15, 45, 2);
        assert_eq!((enough.wanted, enough.reserve, enough.shortest_interval_ms), (40, 5, 0));
        let one_less = pace(10, 15, 44, 2);
        assert_eq!((one_less.wanted, one_less.reserve, one_less.settled), (40, 5, 30));
        assert_eq!(one_less.shortest_interval_ms, 18_834, "three times in 55 s");
        assert_eq!(pace(10, 15, 46, 2).shortest_interval_ms, 0);
    }

    #[test]
    fn the_reserve_never_takes_the_probe_that_each_target_has() {
        for (probes, reserve) in [(10, 0), (11, 1), (14, 4), (15, 5), (16, 5)] {
            let pace = pace(10, 60, probes, 2);
            assert_eq!((pace.reserve, pace.settled), (reserve, 10), "{probes}");
            assert_eq!(pace.shortest_interval_ms, 0);
        }
        assert_eq!(pace(10, 5, 10, 2).shortest_interval_ms, 55_501, "once in a run");
    }

    #[test]
    fn what_is_being_confirmed_keeps_what_it_takes() {
        let pace = pace(10, 15, 45, 2);
        // Nothing; one, two, ten targets, three times each, with the controls each time.
        assert_eq!([0, 1, 2, 10].map(|confirmed| pace.kept(confirmed)), [5, 9, 12, 36]);
    }

    #[test]
    fn a_run_has_room_for_as_many_probes_of_a_target_as_are_counted() {
        for (interval_s, times) in [(5, 13), (15, 4), (30, 2), (55, 2), (56, 1), (3_600, 1)] {
            assert_eq!(most_in_a_run(interval_s * SECOND), times, "{interval_s}");
        }
    }
}
