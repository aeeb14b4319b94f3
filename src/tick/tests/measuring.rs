use super::super::*;
use super::world::{LOST, PASS, WRONG, World, each_monitor};
use crate::config::SlowerThanPeers;
use crate::health::{FailureKind, FailureReason, Health};
use crate::latency::STALE_AFTER;
use crate::testing::target;

const RULE: SlowerThanPeers = SlowerThanPeers { times_percent: 300, and_ms: 100 };

fn passing_in(latency_ms: u64) -> Verdict {
    Verdict::Pass { latency_ms, lag_s: None }
}

/// Distances that differ by an order of magnitude.
fn far(origin: &str) -> u64 {
    match origin {
        "eu-1" => 20,
        "us-1" => 90,
        _ => 260,
    }
}

/// Ten quiet minutes under the rule.
fn settled() -> World {
    let rule = |config: &mut Config| each_monitor(config, |it| it.slower_than_peers = Some(RULE));
    let mut world = World::new(rule);
    for minute in 1..=10 {
        world.run(minute, |origin| passing_in(far(origin)), |_| false);
    }
    world
}

fn reason(world: &World, origin: &str) -> Option<FailureReason> {
    world.state.targets.get(&target(origin)).unwrap().memory.reason
}

#[test]
fn a_far_region_is_not_slow_because_it_is_far() {
    let world = settled();
    for origin in ["eu-1", "us-1", "br-1"] {
        assert_eq!((world.health(origin), reason(&world, origin)), (Health::Up, None));
    }
}

#[test]
fn one_that_becomes_much_slower_than_its_peers_goes_down_and_comes_back() {
    let mut world = settled();
    let slow = |origin: &str| passing_in(far(origin) + if origin == "eu-1" { 1_500 } else { 0 });
    world.run(11, slow, |_| false);
    world.run(12, slow, |_| false);
    assert_eq!(world.health("eu-1"), Health::Down);
    assert_eq!(reason(&world, "eu-1"), Some(FailureReason::of(FailureKind::ResponseTooSlow)));
    assert_eq!((world.health("us-1"), world.health("br-1")), (Health::Up, Health::Up));
    world.run(13, |origin| passing_in(far(origin)), |_| false);
    assert_eq!(world.health("eu-1"), Health::Up);
}

#[test]
fn a_slow_down_that_all_share_ejects_nobody() {
    let mut world = settled();
    for minute in 11..=20 {
        world.run(minute, |origin| passing_in(far(origin) + 1_500), |_| false);
        for origin in ["eu-1", "us-1", "br-1"] {
            assert_eq!((world.health(origin), reason(&world, origin)), (Health::Up, None));
        }
    }
}

#[test]
fn one_hiccup_is_no_slowness() {
    let mut world = settled();
    let mut first = true;
    let hiccup = |origin: &str| {
        let late = origin == "eu-1" && std::mem::take(&mut first);
        passing_in(far(origin) + if late { 900 } else { 0 })
    };
    world.run(11, hiccup, |_| false);
    world.run(12, |origin| passing_in(far(origin)), |_| false);
    assert_eq!((world.health("eu-1"), reason(&world, "eu-1")), (Health::Up, None));
}

#[test]
fn at_most_half_of_the_origins_are_failed_for_being_slow() {
    let mut world = settled();
    // Each slower than the one before by far more than the rule asks for.
    let slow = |origin: &str| {
        passing_in(match origin {
            "eu-1" => 8_000,
            "us-1" => 1_500,
            _ => far(origin),
        })
    };
    for minute in 11..=20 {
        world.run(minute, slow, |_| false);
        let slow = world.state.targets.values().filter(|known| known.too_slow).count();
        assert!(slow <= 1, "{slow} of 3");
    }
    assert_eq!((world.health("us-1"), world.health("br-1")), (Health::Up, Health::Up));
}

#[test]
fn a_reported_lag_is_kept_until_it_is_old_or_no_longer_told() {
    let with_lag = Verdict::Pass { latency_ms: 20, lag_s: Some(7) };
    let lag = |world: &World, later: u64| world.observed("eu-1", later).lag.map(|lag| lag.value_s);
    let mut world = World::new(|_| {});
    world.run(1, |_| with_lag.clone(), |_| false);
    assert_eq!(lag(&world, 0), Some(7));
    let told_at = world.state.targets.get(&target("eu-1")).unwrap().lag.unwrap().at;
    let age = world.now.since(told_at);
    assert_eq!(lag(&world, STALE_AFTER - age), Some(7));
    assert_eq!(lag(&world, STALE_AFTER - age + 1), None);
    let mut lost = world.state.clone();
    world.run(2, |origin| if origin == "eu-1" { LOST } else { PASS }, |_| false);
    assert_eq!(lag(&world, 0), Some(7), "who says nothing takes nothing back");
    std::mem::swap(&mut world.state, &mut lost);
    world.run(3, |_| WRONG, |_| false);
    assert_eq!(lag(&world, 0), None, "an answer without it does");
}

#[test]
fn what_goes_down_again_and_again_is_not_believed_for_a_while() {
    let mut world = World::new(|_| {});
    let eu_is_lost = |origin: &str| if origin == "eu-1" { LOST } else { PASS };
    world.run(1, |_| PASS, |_| false);
    for flap in 0..4 {
        world.run(2 + 2 * flap, eu_is_lost, |_| false);
        assert_eq!(world.health("eu-1"), Health::Down);
        world.run(3 + 2 * flap, |_| PASS, |_| false);
        let told = if flap < 3 { Health::Up } else { Health::Unknown };
        assert_eq!(world.health("eu-1"), told, "flap {flap}");
    }
    let until = world.observed("eu-1", 0).damped_until.unwrap();
    let mut minute = 10;
    while world.now < until {
        assert_eq!(world.health("eu-1"), Health::Unknown, "minute {minute}");
        world.run(minute, |_| PASS, |_| false);
        minute += 1;
    }
    assert_eq!(world.health("eu-1"), Health::Up);
    assert!((15..=60).contains(&minute), "{minute}");
}

#[test]
fn damping_never_keeps_up_what_is_down_and_can_be_left_out() {
    let mut world = World::new(|config| each_monitor(config, |it| it.damping_half_life_ms = None));
    let eu_is_lost = |origin: &str| if origin == "eu-1" { LOST } else { PASS };
    world.run(1, |_| PASS, |_| false);
    for flap in 0..8 {
        world.run(2 + 2 * flap, eu_is_lost, |_| false);
        assert_eq!(world.health("eu-1"), Health::Down);
        world.run(3 + 2 * flap, |_| PASS, |_| false);
        assert_eq!(world.health("eu-1"), Health::Up);
    }
}

/// Round trips from each place to `eu-1`, `us-1` and `br-1`: Frankfurt, Ashburn, Tokyo, São Paulo.
const PLACES: [[u64; 3]; 4] = [[20, 95, 205], [95, 15, 130], [240, 155, 270], [205, 130, 12]];

fn from_place(place: usize, origin: &str) -> u64 {
    PLACES[place][["eu-1", "us-1", "br-1"].iter().position(|it| *it == origin).unwrap()]
}

/// The world under a rule, at an interval.
fn under(rule: SlowerThanPeers, interval_ms: Millis) -> World {
    World::new(|config| {
        each_monitor(config, |it| {
            it.slower_than_peers = Some(rule);
            (it.interval_ms, it.down_interval_ms) = (interval_ms, interval_ms);
        });
    })
}

#[test]
fn a_slow_origin_is_down_after_three_probes_at_any_interval() {
    for (interval_s, minutes) in [(15, 2), (60, 4), (300, 20)] {
        let mut world = under(RULE, interval_s * 1_000);
        for minute in 1..=60 {
            world.run(minute, |origin| passing_in(far(origin)), |_| false);
        }
        let slow =
            |origin: &str| passing_in(far(origin) + if origin == "eu-1" { 2_500 } else { 0 });
        for minute in 61..=60 + minutes {
            world.run(minute, slow, |_| false);
        }
        assert_eq!(world.health("eu-1"), Health::Down, "every {interval_s} s");
        let told = Some(FailureReason::of(FailureKind::ResponseTooSlow));
        assert_eq!(reason(&world, "eu-1"), told);
        assert_eq!((world.health("us-1"), world.health("br-1")), (Health::Up, Health::Up));
        for minute in 61 + minutes..=61 + 3 * minutes {
            world.run(minute, |origin| passing_in(far(origin)), |_| false);
        }
        assert_eq!(world.health("eu-1"), Health::Up, "every {interval_s} s");
    }
}

#[test]
fn a_cron_that_moves_each_hour_fails_nobody() {
    for and_ms in [10, 50, 100, 200] {
        for interval_s in [15, 60, 300] {
            let rule = SlowerThanPeers { and_ms, ..RULE };
            let mut world = under(rule, interval_s * 1_000);
            for minute in 1..=16 * 60 {
                // From each place to each other one.
                let hour = usize::try_from(minute / 60).unwrap();
                let place = [0, 1, 2, 3, 0, 2, 1, 3, 2, 0, 3, 1, 0, 2, 3, 0, 1][hour];
                world.run(minute, |origin| passing_in(from_place(place, origin)), |_| false);
                let slow =
                    world.state.targets.values().any(|known| known.memory.health == Health::Down);
                assert!(!slow, "minute {minute}, every {interval_s} s, {and_ms} ms");
            }
        }
    }
}

#[test]
fn after_a_move_a_slow_origin_is_found_by_what_the_new_place_shows() {
    let mut world = under(RULE, 60_000);
    for minute in 1..=60 {
        let place = if minute < 40 { 0 } else { 2 };
        world.run(minute, |origin| passing_in(from_place(place, origin)), |_| false);
    }
    let slow =
        |origin: &str| passing_in(from_place(2, origin) + if origin == "us-1" { 2_500 } else { 0 });
    (61..=65).for_each(|minute| drop(world.run(minute, slow, |_| false)));
    assert_eq!(world.health("us-1"), Health::Down);
    // Back in the first place it is as slow, and then as fast as ever.
    let slow =
        |origin: &str| passing_in(from_place(0, origin) + if origin == "us-1" { 2_500 } else { 0 });
    (66..=75).for_each(|minute| drop(world.run(minute, slow, |_| false)));
    assert_eq!(world.health("us-1"), Health::Down, "a move does not make it fast");
    let fast = |origin: &str| passing_in(from_place(0, origin));
    (76..=85).for_each(|minute| drop(world.run(minute, fast, |_| false)));
    for origin in ["eu-1", "us-1", "br-1"] {
        assert_eq!(world.health(origin), Health::Up, "{origin}");
    }
}
