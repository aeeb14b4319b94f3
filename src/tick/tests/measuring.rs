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
