use super::super::*;
use super::world::{BUSY, LOST, Made, PASS, WRONG, World, each_monitor};
use crate::health::Health;
use crate::state::TargetState;

fn probes_of(origin: &str, rounds: &[Made]) -> usize {
    rounds.iter().filter(|made| made.origins.iter().any(|it| it == origin)).count()
}

#[test]
fn what_a_run_costs_follows_from_how_settled_an_origin_is() {
    let mut world = World::new(|config| each_monitor(config, |it| it.down_interval_ms = 60_000));
    let eu_fails = |origin: &str| if origin == "eu-1" { WRONG } else { PASS };
    let first = world.run(1, |_| PASS, |_| false);
    assert_eq!(probes_of("eu-1", &first), 5, "unknown: a recheck, then each interval");
    let settled = world.run(2, |_| PASS, |_| false);
    assert_eq!(probes_of("eu-1", &settled), 4, "up: each interval");
    let falling = world.run(3, eu_fails, |_| false);
    assert_eq!(probes_of("eu-1", &falling), 6, "two rechecks more on the way down");
    assert_eq!(world.health("eu-1"), Health::Down);
    for minute in 4..=7 {
        let down = world.run(minute, eu_fails, |_| false);
        assert!(probes_of("eu-1", &down) >= 3, "minute {minute}: each interval for five minutes");
    }
    world.run(8, eu_fails, |_| false);
    for minute in 9..=12 {
        let long = world.run(minute, eu_fails, |_| false);
        assert!(probes_of("eu-1", &long) <= 1, "minute {minute}: each minute from then on");
        assert!(probes_of("us-1", &long) >= 3, "the others as before");
    }
    assert_eq!(world.health("eu-1"), Health::Down, "asked rarely is not forgotten");
}

#[test]
fn what_only_times_out_is_asked_ever_more_slowly_up_to_a_minute_apart() {
    let mut world = World::new(|config| each_monitor(config, |it| it.interval_ms = 5_000));
    let eu_is_lost = |origin: &str| if origin == "eu-1" { LOST } else { PASS };
    world.run(1, |_| PASS, |_| false);
    let falling = world.run(2, eu_is_lost, |_| false);
    // Three on the way down, and again after 5, 10, 20 seconds.
    assert!((5..=7).contains(&probes_of("eu-1", &falling)), "{}", probes_of("eu-1", &falling));
    for minute in 3..=12 {
        let down = world.run(minute, eu_is_lost, |_| false);
        assert!(probes_of("eu-1", &down) <= 2, "minute {minute}");
        assert!(probes_of("us-1", &down) >= 10, "the others as before");
    }
    world.run(13, |_| PASS, |_| false);
    assert_eq!(world.health("eu-1"), Health::Up, "within a minute of its return");
}

#[test]
fn an_origin_that_comes_back_after_long_is_rechecked_at_once() {
    let mut world = World::new(|config| each_monitor(config, |it| it.down_interval_ms = 60_000));
    world.run(1, |_| PASS, |_| false);
    for minute in 2..=10 {
        world.run(minute, |origin| if origin == "eu-1" { LOST } else { PASS }, |_| false);
    }
    let back = world.run(11, |_| PASS, |_| false);
    let times: Vec<_> =
        back.iter().filter(|made| made.origins.iter().any(|it| it == "eu-1")).collect();
    assert!(times[1].at - times[0].at < 1_500, "a second after the first pass");
    assert_eq!(world.health("eu-1"), Health::Up);
}

#[test]
fn down_for_five_minutes_is_not_yet_long() {
    let mut world = World::new(|config| each_monitor(config, |it| it.down_interval_ms = 60_000));
    world.run(1, |_| LOST, |_| false);
    let pause_after = |since_ms: u64| {
        let mut known = TargetState::default();
        known.memory.health = Health::Down;
        known.memory.since = Some(Timestamp::from_millis(1_000));
        let monitor = world.config.monitors.values().next().unwrap();
        cadence::pause_ms(&known, monitor, Timestamp::from_millis(1_000 + since_ms), 0)
    };
    assert_eq!(pause_after(DOWN_FOR_LONG_MS - 1), 15_000);
    assert_eq!(pause_after(DOWN_FOR_LONG_MS), 15_000);
    assert_eq!(pause_after(DOWN_FOR_LONG_MS + 1), 60_000);
}

/// The pauses between the probes of `eu-1`, which answers 429 from the second minute on.
fn pauses_of_a_busy_origin(pushed_back_ms: Millis) -> Vec<Millis> {
    let mut world = World::new(|config| each_monitor(config, |it| it.down_interval_ms = 20_000));
    world.run(1, |_| PASS, |_| false);
    world.pushed_back_ms = Some(pushed_back_ms);
    let made = world.run(2, |origin| if origin == "eu-1" { BUSY } else { PASS }, |_| false);
    let times: Vec<_> = made
        .iter()
        .filter(|made| made.origins.iter().any(|it| it == "eu-1"))
        .map(|made| made.at)
        .collect();
    times.windows(2).map(|pair| pair[1] - pair[0]).collect()
}

#[test]
fn one_that_asks_for_fewer_requests_is_left_alone_for_as_long_as_it_says() {
    for (asked, pause) in [(4_000, 4_000), (20_000, 20_000), (20_001, 20_000)] {
        let pauses = pauses_of_a_busy_origin(asked);
        assert!(pauses[0] <= pause + COALESCE_MS, "asks for {asked} ms: {pauses:?}");
        assert!(pauses.iter().all(|ms| *ms >= pause), "asks for {asked} ms: {pauses:?}");
    }
}

#[test]
fn one_that_does_not_say_for_how_long_is_probed_at_its_usual_pace() {
    let pauses = pauses_of_a_busy_origin(0);
    assert!(pauses.iter().all(|ms| (15_000..15_500).contains(ms)), "{pauses:?}");
}

#[test]
fn one_that_is_only_busy_never_goes_stale_while_it_is_left_alone() {
    let mut world = World::new(|config| each_monitor(config, |it| it.down_interval_ms = 60_000));
    world.run(1, |_| PASS, |_| false);
    world.pushed_back_ms = Some(Millis::MAX);
    for minute in 2..=6 {
        world.run(minute, |origin| if origin == "eu-1" { BUSY } else { PASS }, |_| false);
        assert_ne!(world.observed("eu-1", 59_000).health, Health::Unknown, "minute {minute}");
    }
}

#[test]
fn failures_of_one_that_asks_for_fewer_requests_do_not_age_while_it_is_left_alone() {
    let mut world = World::new(|config| each_monitor(config, |it| it.down_interval_ms = 60_000));
    world.run(1, |_| PASS, |_| false);
    world.pushed_back_ms = Some(60_000);
    let mut made = Vec::new();
    for minute in 2..=8 {
        let busy = |origin: &str| if origin == "eu-1" { BUSY } else { PASS };
        made.extend(world.run(minute, busy, |_| false));
        let health = if probes_of("eu-1", &made) < 3 { Health::Up } else { Health::Down };
        assert_eq!(world.health("eu-1"), health, "minute {minute}");
    }
    assert!(probes_of("eu-1", &made) > 3);
}
