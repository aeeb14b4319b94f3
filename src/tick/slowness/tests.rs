use super::*;
use crate::config::Config;
use crate::health::Verdict;
use crate::health::slow::Floor;
use crate::ids::{MonitorId, OriginId};
use crate::state::Controls;
use crate::testing::config_text;
use crate::tick::{ProbeResult, RoundRequest, take_in};
use crate::time::SECOND;
use proptest::prelude::*;

const RULE: SlowerThanPeers = SlowerThanPeers { times_percent: 300, and_ms: 100 };
const NOW: Timestamp = Timestamp::from_millis(1_795_305_600_000);

/// One monitor with a target for each pair of a floor and a latency, all measured in this run.
fn world(latencies: &[(Millis, Millis)]) -> (Config, State) {
    let mut config = Config::parse(&config_text()).unwrap();
    let monitor = MonitorId::parse("api").unwrap();
    config.monitors.get_mut(&monitor).unwrap().slower_than_peers = Some(RULE);
    let run = Run {
        scheduled: NOW,
        began: NOW,
        round: 1,
        probes: 0,
        controls: Controls::Idle,
        cron: None,
    };
    let mut state = State { run: Some(run), ..State::default() };
    for (index, (floor_ms, latency_ms)) in latencies.iter().enumerate() {
        let origin = OriginId::parse(&format!("o-{index:04}")).unwrap();
        let base = Floor::with(None, *floor_ms);
        let known = TargetState {
            floor: Some(base),
            latency: Some(Estimate::with(None, *latency_ms, NOW)),
            shift: Some(Shift { run: NOW, base, first_ms: *floor_ms, rebased: None }),
            ..TargetState::default()
        };
        state.targets.insert(Target { origin, monitor: monitor.clone() }, known);
    }
    (config, state)
}

/// Which targets are slow, all of them judged in one round.
fn judged(config: &Config, state: &mut State) -> Vec<bool> {
    let targets: Vec<Target> = state.targets.keys().cloned().collect();
    let mut slowness = Slowness::of(state, config, targets.iter(), NOW);
    let judge = |target: &Target| {
        let known = state.targets.get_mut(target).unwrap();
        let latency_ms = known.latency.and_then(|latency| latency.millis(NOW));
        slowness.judge(target, known, latency_ms, NOW)
    };
    targets.iter().map(judge).collect()
}

/// The same, with the peers of each target gathered and sorted for it alone.
fn each_by_itself(state: &mut State) -> Vec<bool> {
    let targets: Vec<Target> = state.targets.keys().cloned().collect();
    let judge = |target: &Target| {
        let others = state.targets.iter().filter(|(other, _)| *other != target);
        let others: Vec<&TargetState> = others.map(|(_, known)| known).collect();
        let slow = others.iter().filter(|known| known.too_slow).count();
        let excess = |known: &TargetState| excess_ms(known, Millis::MAX, NOW).unwrap();
        let mut usual: Vec<Millis> = others.into_iter().map(excess).collect();
        usual.sort_unstable();
        let own_ms = excess(state.targets.get(target).unwrap());
        let (lower, upper) = ((usual.len() - 1) / 2, usual.len() / 2);
        let usual_ms = usual[lower].midpoint(usual[upper]);
        let stands_out =
            own_ms > RULE.and_ms && own_ms * 100 > usual_ms * u64::from(RULE.times_percent);
        let is_slow = stands_out && may_fail_one_more(slow, usual.len() + 1);
        state.targets.get_mut(target).unwrap().too_slow = is_slow;
        is_slow
    };
    targets.iter().map(judge).collect()
}

proptest! {
    #[test]
    fn the_peers_of_all_come_to_the_same_as_the_peers_of_each(
        latencies in proptest::collection::vec((1u64..400, 0u64..900), 3..12),
    ) {
        let latencies: Vec<_> = latencies.iter().map(|(ms, by)| (*ms, ms + by)).collect();
        let (config, mut state) = world(&latencies);
        let mut same = state.clone();
        prop_assert_eq!(judged(&config, &mut state), each_by_itself(&mut same));
    }
}

#[test]
fn so_do_the_peers_of_several_hundred_origins() {
    let latencies: Vec<_> = (0..300).map(|n| (20 + n % 90, 20 + n % 90 + n * 7 % 190)).collect();
    let (config, mut state) = world(&latencies);
    let mut same = state.clone();
    let once = judged(&config, &mut state);
    assert_eq!(once, each_by_itself(&mut same));
    assert!(once.iter().any(|is_slow| !is_slow), "{once:?}");
}

/// A run for [`NOW`] in which all pass, that begins so long after that.
fn run(world: &mut (Config, State), stands_in: bool, after_ms: Millis, latency_ms: Millis) {
    let (config, state) = world;
    let began = NOW.plus(after_ms);
    let first = RoundRequest { stands_in, ..RoundRequest::first(NOW, began) };
    take_in(state, config, &first).unwrap();
    let result = |target: &Target| ProbeResult {
        target: target.clone(),
        at: began.plus(latency_ms),
        verdict: Verdict::Pass { latency_ms, lag_s: None },
        pushed_back_ms: None,
        took_ms: latency_ms,
        fields: Vec::new(),
    };
    let results = state.targets.keys().map(result).collect();
    let request = RoundRequest { round: 1, now: began.plus(SECOND), results, ..first };
    take_in(state, config, &request).unwrap();
}

/// Cron is late, and its run is made far away from the one that stood in for it.
#[test]
fn a_late_run_of_cron_is_not_in_the_place_of_the_run_that_stood_in_for_it() {
    let mut world = world(&[(20, 20); 6]);
    let last = world.1.run.as_mut().unwrap();
    (last.scheduled, last.began) = (NOW.minus(MINUTE), NOW.minus(MINUTE));
    world.1.targets.values_mut().for_each(|known| known.shift = None);
    run(&mut world, true, 20 * SECOND, 20);
    let rebased = |(_, state): &(Config, State)| -> Vec<bool> {
        let shifts = state.targets.values().map(|known| known.shift.unwrap());
        shifts.map(|shift| shift.rebased.is_some()).collect()
    };
    assert_eq!(rebased(&world), [false; 6]);
    run(&mut world, false, 25 * SECOND, 320);
    assert_eq!(rebased(&world), [true; 6], "the observer has moved");
}
