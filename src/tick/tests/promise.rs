//! The stated worst case of detection, held against runs in virtual time: random configs, random
//! phases, random faults.

use crate::config::{Config, Estate};
use crate::health::{Health, Thresholds, Verdict};
use crate::ids::{OriginId, RegionId};
use crate::ordered::Set;
use crate::target::Target;
use crate::testing::estate::{Chance, random};
use crate::testing::target;
use crate::testing::virtual_time::{Meets, Observer, fleet};
use crate::tick::Changed;
use crate::time::{MINUTE, Millis, Timestamp};
use serde_json::json;

/// When the settings begin, in minutes.
const BEGIN: u64 = 600;
/// How long all goes well before the fault.
const WELL_MS: Millis = 4 * MINUTE;
/// How long after it detection is waited for.
const LIMIT_MS: Millis = 40 * MINUTE;

/// What befalls whom, and from when on.
struct Fault {
    hit: Set<Target>,
    /// Down since long before.
    gone: Set<Target>,
    at: Timestamp,
    meets: Meets,
    /// How long the answers of the others take, in percent of their timeout.
    slow_percent: u64,
}

impl Fault {
    fn of(config: &Config, chance: &mut Chance) -> Self {
        let all: Vec<_> = config.targets().collect();
        let one = &all[chance.index(all.len())];
        let region = |target: &Target| config.origin(&target.origin).unwrap().0.clone();
        let spared: Set<RegionId> = Set::of([region(&all[chance.index(all.len())])]);
        let struck = region(one);
        let kind = chance.between(0, 9);
        let other = &all[chance.index(all.len())];
        let hit = all.iter().filter(|target| match kind {
            0..=3 => *target == one,
            4 => *target == one || *target == other,
            5 | 6 => region(target) == struck,
            7 => *target == one || !spared.contains(&region(target)),
            8 => target.monitor == one.monitor,
            _ => true,
        });
        let hit = Set::of(hit.cloned());
        let some_are_gone = chance.percent(30);
        let gone = all.iter().filter(|_| some_are_gone && chance.percent(40));
        let gone = Set::of(gone.cloned().collect::<Vec<_>>());
        let hit = Set::of(hit.into_iter().filter(|target| !gone.contains(target)));
        let at = Timestamp::from_millis(BEGIN * MINUTE + WELL_MS + chance.between(0, MINUTE - 1));
        let meets = match chance.between(0, 5) {
            0 => Meets::Refused(5),
            1 => Meets::Wrong(30),
            _ => Meets::Silence,
        };
        let slow_percent = chance.one_of(&[0, 0, 0, 1, 50, 100]);
        Self { hit, gone, at, meets, slow_percent }
    }

    fn meets(&self, config: &Config, target: &Target, at: Timestamp) -> Meets {
        if self.gone.contains(target) {
            return Meets::Silence;
        }
        if at >= self.at && self.hit.contains(target) {
            return self.meets;
        }
        let timeout_ms = config.monitors.get(&target.monitor).unwrap().timeout_ms;
        Meets::Pass((timeout_ms * self.slow_percent / 100).clamp(20, timeout_ms - 1))
    }
}

/// An observer whose targets are settled, each in a phase of its own.
fn settled(config: &Config, fault: &Fault, chance: &mut Chance) -> Observer {
    let mut observer = Observer::new(config.clone(), BEGIN);
    observer.late_ms = chance.between(0, 1_000);
    observer.reply_ms = chance.between(1, 100);
    for target in config.targets() {
        let known = observer.state.targets.get_mut(&target).unwrap();
        let monitor = config.monitors.get(&target.monitor).unwrap();
        let ago_ms = chance.between(0, monitor.interval_ms);
        let at = Timestamp::from_millis(BEGIN * MINUTE - ago_ms);
        let verdict = if fault.gone.contains(&target) {
            super::world::LOST
        } else {
            Verdict::Pass { latency_ms: 20, lag_s: None }
        };
        for _ in 0..10 {
            let _ = known.memory.observe(&verdict, Thresholds::from(monitor), at);
        }
        (known.probed_at, known.judged_at) = (Some(at), Some(at));
    }
    observer
}

/// How long it took until one that was up was down, and how long it may take.
struct Found {
    target: Target,
    took_ms: Millis,
    stated_ms: Millis,
}

fn detections(config: &Config, estate: &Estate, chance: &mut Chance) -> Vec<Found> {
    let fault = Fault::of(config, chance);
    let mut observer = settled(config, &fault, chance);
    let meets = |target: &Target, at| fault.meets(config, target, at);
    let reached = |_: &str, _| true;
    observer.until_by_target(Timestamp::from_millis(BEGIN * MINUTE + WELL_MS), &meets, &reached);
    let is_up =
        |target: &&Target| observer.state.targets.get(*target).unwrap().memory.health == Health::Up;
    let mut waited = Set::of(fault.hit.iter().filter(is_up).cloned());
    let mut found = Vec::new();
    let mut find = |target: Target, took_ms| {
        let monitor = config.monitors.get(&target.monitor).unwrap();
        found.push(Found { target, took_ms, stated_ms: estate.detection(monitor).total_ms() });
    };
    while !waited.is_empty() && observer.next() < fault.at.plus(LIMIT_MS) {
        let one_run = observer.next().plus(1);
        for seen in observer.until_by_target(one_run, &meets, &reached) {
            let Changed { target, transition } = seen.changed;
            if seen.at >= fault.at && transition.to == Health::Down && waited.remove(&target) {
                find(target, seen.at.since(fault.at));
            }
        }
    }
    for target in waited {
        find(target, LIMIT_MS);
    }
    found
}

/// So many of the numbers are set by hand, for a longer look: how many settings, how many faults
/// under each.
fn by_hand(name: &str, usual: u64) -> u64 {
    std::env::var(name).map_or(usual, |text| text.parse().unwrap())
}

#[test]
#[expect(clippy::print_stdout, reason = "the figures are for whoever looks longer by hand")]
fn no_detection_takes_longer_than_is_stated() {
    let settings = by_hand("POINTSMAN_SETTINGS", 120);
    let faults = by_hand("POINTSMAN_FAULTS", 5);
    let (mut tried, mut detected, mut late, mut parts) = (0, 0, Vec::new(), Vec::new());
    let accepted = (1..).filter_map(|seed| Some((seed, random(&mut Chance::of(seed))?)));
    for (seed, config) in accepted.take(usize::try_from(settings).unwrap()) {
        tried += 1;
        let estate = Estate::of(&config);
        let mut worst_percent = 0;
        for fault in 0..faults {
            for found in detections(&config, &estate, &mut Chance::of(seed * 10_000 + fault)) {
                let Found { target, took_ms, stated_ms } = found;
                detected += 1;
                worst_percent = worst_percent.max(took_ms * 100 / stated_ms);
                if took_ms > stated_ms {
                    late.push(format!("{seed}/{fault}: {target:?} {took_ms} > {stated_ms} ms"));
                }
            }
        }
        parts.push(worst_percent);
    }
    parts.sort_unstable();
    let (median, most) = (parts[parts.len() / 2], parts[parts.len() - 1]);
    println!(
        "{tried} settings with {faults} faults each, {detected} detections, {} too late; the \
         slowest of a setting took {median} % of what is stated (median), {most} % at most",
        late.len()
    );
    assert_eq!(late, [""; 0]);
    assert!(detected > settings && most > 60, "the faults are no test of the figure");
}

#[test]
fn what_is_known_to_be_down_does_not_hold_a_recheck() {
    let config = fleet(&[1, 1, 1], json!({"interval_s": 15, "down_interval_s": 15}), json!({}));
    for phase_ms in (0..15_000).step_by(500) {
        let mut observer = Observer::new(config.clone(), BEGIN);
        let fault = Timestamp::from_millis(BEGIN * MINUTE + 2 * MINUTE + phase_ms);
        let meets = |origin: &OriginId, at: Timestamp| match origin.as_str() {
            "r1-0" if at.millis() > BEGIN * MINUTE + 3_000 + phase_ms => Meets::Silence,
            "r0-0" if at >= fault => Meets::Refused(5),
            _ => Meets::Pass(20),
        };
        let seen = observer.until(fault.plus(MINUTE), &meets, &|_, _| true);
        let last = seen.last().unwrap().changed.clone();
        assert_eq!(last.target, target("r0-0"));
        let took_ms = last.transition.at.since(last.transition.first_sign);
        assert!((2_000..2_500).contains(&took_ms), "{phase_ms}: {took_ms} ms");
    }
}

#[test]
fn a_fault_late_in_a_run_finds_the_probes_that_were_kept_for_it() {
    let more = json!({"limits": {"probes_per_run": 13}, "observer": {"controls": []}});
    let config = fleet(&[1, 1, 1], json!({"interval_s": 15}), more);
    let mut observer = Observer::new(config, BEGIN);
    let fault = Timestamp::from_millis(BEGIN * MINUTE + 2 * MINUTE + 35_000);
    let meets = |origin: &OriginId, at: Timestamp| match origin.as_str() {
        "r0-0" if at >= fault => Meets::Wrong(20),
        _ => Meets::Pass(20),
    };
    let seen = observer.until(fault.plus(MINUTE), &meets, &|_, _| true);
    let last = seen.last().unwrap();
    assert_eq!(last.changed.transition.to, Health::Down);
    let took_ms = last.at.since(fault);
    assert!(took_ms < 20_000, "in the run of the fault: {took_ms} ms");
}

#[test]
fn controls_that_are_asked_keep_no_settled_target_out_of_the_runs() {
    let controls = ["https://one.example.org/", "https://two.example.org/"];
    let more = json!({"limits": {"probes_per_run": 10}, "observer": {"controls": controls}});
    let monitor = json!({"interval_s": 5, "timeout_ms": 250, "fall": 10, "window_s": 900});
    let config = fleet(&[1, 1], monitor, more);
    let mut observer = Observer::new(config, BEGIN);
    let fault = Timestamp::from_millis(BEGIN * MINUTE + 4 * MINUTE);
    let meets = |_: &OriginId, at: Timestamp| {
        if at < fault { Meets::Pass(20) } else { Meets::Silence }
    };
    let seen = observer.until(fault.plus(15 * MINUTE), &meets, &|_, _| true);
    let down = seen.iter().filter(|seen| seen.changed.transition.to == Health::Down);
    assert_eq!(down.count(), 2, "{seen:?}");
}
