//! How long it takes at most until a fault is detected.
//!
//! The figure is an upper bound, whatever else fails at the same time and in whichever phase the
//! targets are: every other probe may take its whole timeout, and every other target may have to be
//! confirmed as well. `tick::cadence` is what makes it hold: targets that are being confirmed come
//! first, all of them in one round, and no other round begins while they wait for a second.
//!
//! It is about an origin that is up and whose probes then fail. It does not cover an origin that
//! asks to be left alone (429), one that is only slower than its peers, an observer that is cut
//! off, a run that cron leaves out, and a second fault within the same minute after the probes of
//! the run are spent.

use super::pace::{
    PROBES_AT_ONCE, Pace, RECHECK_MS, RUN_MS, connections, count, time_for_areas_ms,
    time_for_controls_ms,
};
use super::{Config, Monitor, UNREACHED_FALL_MIN};
use crate::time::{MINUTE, Millis, SECOND};

/// From the end of one cron run to the first round of the next, which starts a second late.
const RUN_GAP_MS: Millis = MINUTE - RUN_MS + SECOND;
/// From a question of the run to the Controller's reply.
const REPLY_MS: Millis = 200;

/// The terms of the longest time from a fault to its detection, in milliseconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Detection {
    /// Until the next probe is due: the interval, or longer if the probes of a run do not suffice.
    pub next_probe_ms: Millis,
    /// A round of other targets, which is under way then.
    pub round_under_way_ms: Millis,
    /// The probes that confirm it: `fall`, and one more that waits for a witness. Each takes the
    /// longest timeout of all monitors, as many times as there are waves of six probes.
    pub timeouts_ms: Millis,
    /// The pauses between them.
    pub pauses_ms: Millis,
    /// The controls, which are asked after each of them.
    pub controls_ms: Millis,
    /// The Controller's replies.
    pub replies_ms: Millis,
    /// Ends of runs: the time in which a probe would not end within its run, and the gap between
    /// two runs.
    pub run_ends_ms: Millis,
    /// What is waited out because the probes of a run are spent.
    pub probes_spent_ms: Millis,
    /// How many probes confirm it.
    probes: u64,
}

impl Detection {
    /// All terms together.
    #[must_use]
    pub fn total_ms(&self) -> Millis {
        self.terms().iter().map(|(_, ms)| ms).sum()
    }

    /// From the first failure to the one that makes an origin Down.
    #[must_use]
    pub fn confirming_ms(&self) -> Millis {
        let first_ms = (self.timeouts_ms + self.controls_ms) / self.probes;
        self.total_ms() - self.next_probe_ms - self.round_under_way_ms - first_ms
    }

    /// Each term with the words for it.
    #[must_use]
    pub fn terms(&self) -> [(&'static str, Millis); 8] {
        [
            ("next probe", self.next_probe_ms),
            ("round under way", self.round_under_way_ms),
            ("timeouts", self.timeouts_ms),
            ("pauses", self.pauses_ms),
            ("controls", self.controls_ms),
            ("replies", self.replies_ms),
            ("ends of runs", self.run_ends_ms),
            ("probes spent", self.probes_spent_ms),
        ]
    }

    /// Of an origin that is the only target.
    pub(super) fn alone(monitor: &Monitor) -> Self {
        let estate = Estate {
            targets: 1,
            round_ms: monitor.timeout_ms,
            controls_ms: 0,
            areas_ms: 0,
            shortest_interval_ms: 0,
            probes_spent_ms: 0,
        };
        estate.detection(monitor)
    }
}

/// What the time of a detection depends on besides its monitor.
#[derive(Debug, Clone, Copy)]
pub struct Estate {
    targets: u64,
    /// A round in which every target is probed and none answers.
    round_ms: Millis,
    controls_ms: Millis,
    /// How much longer a round takes because areas make it.
    areas_ms: Millis,
    shortest_interval_ms: Millis,
    probes_spent_ms: Millis,
}

impl Estate {
    /// That of a config.
    #[must_use]
    pub fn of(config: &Config) -> Self {
        let targets: Vec<_> = config.targets().collect();
        let monitors: Vec<_> =
            targets.iter().filter_map(|it| config.monitors.get(&it.monitor)).collect();
        let pace = Pace::of(config, monitors.iter().copied());
        Self {
            targets: count(targets.len()),
            round_ms: round_ms(
                connections(config.areas.len(), monitors.len()),
                monitors.iter().map(|monitor| monitor.timeout_ms),
            )
            .saturating_add(time_for_areas_ms(config.areas.len())),
            controls_ms: time_for_controls_ms(config.controls.len()),
            areas_ms: time_for_areas_ms(config.areas.len()),
            shortest_interval_ms: pace.shortest_interval_ms,
            probes_spent_ms: probes_spent_ms(config, &pace, &monitors),
        }
    }

    /// The time of a detection under a monitor.
    #[must_use]
    pub fn detection(&self, monitor: &Monitor) -> Detection {
        // One that finds no witness does not count, once.
        let probes = u64::from(monitor.fall.max(UNREACHED_FALL_MIN)) + 1;
        let has_others = self.targets > 1;
        let round_under_way_ms =
            if has_others { RECHECK_MS + self.round_ms + self.controls_ms } else { 0 };
        let timeouts_ms = probes * self.round_ms;
        let pauses_ms = (probes - 1) * RECHECK_MS;
        let controls_ms = probes * self.controls_ms;
        let replies_ms = (probes + 1) * REPLY_MS;
        let busy_ms = round_under_way_ms + timeouts_ms + pauses_ms + controls_ms + replies_ms;
        let joining_ms = if has_others { RECHECK_MS } else { 0 };
        let too_late_ms = monitor.timeout_ms + self.controls_ms + self.areas_ms + joining_ms;
        let ends = 1 + busy_ms / RUN_MS.saturating_sub(too_late_ms).max(SECOND);
        Detection {
            next_probe_ms: monitor.interval_ms.max(self.shortest_interval_ms),
            round_under_way_ms,
            timeouts_ms,
            pauses_ms,
            controls_ms,
            replies_ms,
            run_ends_ms: ends * (too_late_ms + RUN_GAP_MS),
            probes_spent_ms: self.probes_spent_ms,
            probes,
        }
    }
}

/// How long a round of these timeouts takes at most, with so many probes at once: no longer than
/// its waves of the longest one, and the last probe begins no later than when the others are shared
/// out among the connections.
fn round_ms(at_once: usize, timeouts: impl Iterator<Item = Millis>) -> Millis {
    let timeouts: Vec<_> = timeouts.collect();
    let at_once = count(at_once);
    let longest_ms = timeouts.iter().copied().max().unwrap_or(0);
    let waves_ms = count(timeouts.len()).div_ceil(at_once) * longest_ms;
    let all_ms: Millis = timeouts.iter().sum();
    waves_ms.min((all_ms - longest_ms).div_ceil(at_once) + longest_ms)
}

/// How long a fault that befalls any number of targets at once waits because the probes of a run
/// are spent.
///
/// If the targets of a fault are in phases of their own, each of their rechecks is a round of its
/// own, with controls and witnesses. If a run does not suffice for that, later ones go on; they
/// also make the first probes of those that were kept waiting.
fn probes_spent_ms(config: &Config, pace: &Pace, monitors: &[&Monitor]) -> Millis {
    let Pace { fall, controls, .. } = *pace;
    let targets = count(monitors.len());
    let limit = u64::from(config.probes_per_run);
    let other_regions = count(config.regions.len()).saturating_sub(1);
    let witnesses = |hit: u64| other_regions.min(targets - hit).min(count(PROBES_AT_ONCE) - 1);
    let rechecks = |hit: u64| hit * fall * (1 + controls + witnesses(hit));
    let wanted = (1..=targets).map(rechecks).max().unwrap_or(0);
    if wanted <= limit.saturating_sub(pace.settled) {
        return 0;
    }
    // As long as the settled targets have not used up more, the fault is confirmed in this run.
    let used = |at_ms: Millis| monitors.iter().map(|it| pace.probes_by(it, at_ms)).sum::<u64>();
    let suffices = |second: &u64| used(second * SECOND) + wanted <= limit;
    let seconds = (0..MINUTE / SECOND).take_while(suffices).last().unwrap_or(0);
    let more_runs = (wanted + targets).div_ceil(limit.max(1)).saturating_sub(1);
    (1 + more_runs) * MINUTE - seconds * SECOND
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::virtual_time::fleet;
    use serde_json::{Value, json};

    fn detection(regions: &[u32], monitor: Value, more: Value) -> Detection {
        let config = fleet(regions, monitor, more);
        Estate::of(&config).detection(config.monitors.values().next().unwrap())
    }

    #[test]
    fn three_regions_with_controls_take_all_terms_but_the_last() {
        let controls = ["https://one.example.org/", "https://two.example.org/"];
        let more = json!({"observer": {"controls": controls}});
        let detection = detection(&[1, 1, 1], json!({"interval_s": 15}), more);
        let expected = [
            ("next probe", 15_000),
            ("round under way", 1_000 + 5_000 + 2_000),
            ("timeouts", 4 * 5_000),
            ("pauses", 3 * 1_000),
            ("controls", 4 * 2_000),
            ("replies", 5 * 200),
            ("ends of runs", 5_000 + 2_000 + 1_000 + 6_000),
            ("probes spent", 0),
        ];
        assert_eq!(detection.terms(), expected);
        assert_eq!(detection.total_ms(), 69_000);
        assert_eq!(detection.confirming_ms(), 69_000 - 15_000 - 8_000 - 7_000);
    }

    #[test]
    fn one_origin_alone_waits_for_nobody() {
        let more = json!({"observer": {"controls": []}});
        let alone = detection(&[1], json!({"interval_s": 15}), more);
        assert_eq!((alone.round_under_way_ms, alone.controls_ms), (0, 0));
        assert_eq!(alone.run_ends_ms, 5_000 + 6_000);
    }

    #[test]
    fn a_seventh_target_is_a_second_wave() {
        let timeouts_ms = |origins| {
            let more = json!({"limits": {"probes_per_run": 500}});
            detection(&[origins], json!({}), more).timeouts_ms
        };
        assert_eq!(timeouts_ms(5), 20_000);
        assert_eq!(timeouts_ms(6), 20_000);
        assert_eq!(timeouts_ms(7), 40_000);
    }

    #[test]
    fn one_slow_monitor_among_many_quick_ones_is_one_timeout_and_no_wave() {
        assert_eq!(round_ms(6, [10_000, 600, 600, 600, 600, 600, 600].into_iter()), 10_600);
        assert_eq!(round_ms(6, [10_000; 7].into_iter()), 20_000);
        assert_eq!(round_ms(6, std::iter::empty()), 0);
    }

    #[test]
    fn more_probes_in_a_run_save_the_minutes_in_which_none_is_left() {
        let spent_ms = |probes: u32| {
            let more = json!({
                "limits": {"probes_per_run": probes},
                "observer": {"controls": []},
            });
            detection(&[15, 15, 15], json!({}), more).probes_spent_ms
        };
        // 43 of the 45 take three rechecks each, and each recheck two witnesses.
        assert_eq!(spent_ms(45), 10 * MINUTE);
        let enough = 45 + 43 * 3 * 3;
        assert_eq!(spent_ms(enough - 1), 2 * MINUTE);
        assert_eq!(spent_ms(enough), 0);
    }

    #[test]
    fn probes_that_are_spent_late_in_a_run_cost_the_rest_of_it() {
        let more = json!({"observer": {"controls": []}});
        // Three regions each 5 s use 39 of 45. Two of them take 2 * 3 rechecks and as many
        // witnesses: so much is left until the eleventh time, at 49.5 s.
        let detection = detection(&[1, 1, 1], json!({"interval_s": 5}), more);
        assert_eq!(detection.probes_spent_ms, 11_000);
    }
}
