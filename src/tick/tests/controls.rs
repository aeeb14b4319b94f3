use super::super::*;
use super::world::{LOST, PASS, REFUSED, WRONG, World, each_monitor};
use crate::config::Config;
use crate::health::Health;
use crate::state::Controls;

fn two_controls(config: &mut Config) {
    let control =
        |id: &str| Control { id: id.to_owned(), url: format!("https://{id}.example.net") };
    config.controls = vec![control("a"), control("b")];
}

/// Up everywhere, with two controls.
fn settled() -> World {
    let mut world = World::new(two_controls);
    world.run(1, |_| PASS, |_| true);
    world
}

fn eu_is(verdict: Verdict) -> impl Fn(&str) -> Verdict {
    move |origin| if origin == "eu-1" { verdict.clone() } else { PASS }
}

fn asked(rounds: &[super::world::Made]) -> Vec<usize> {
    rounds.iter().map(|made| made.controls).collect()
}

#[test]
fn controls_are_asked_in_the_round_after_somebody_was_not_reached() {
    let mut world = settled();
    assert_eq!(asked(&world.run(2, |_| PASS, |_| true)), [0, 0, 0, 0]);
    let rounds = world.run(3, eu_is(LOST), |_| true);
    assert_eq!(asked(&rounds)[..4], [0, 2, 2, 2]);
    assert!(rounds[1].at - rounds[0].at < 1_500, "a second later");
}

#[test]
fn one_that_is_known_to_be_down_raises_no_question() {
    let mut world = settled();
    world.run(2, eu_is(LOST), |_| true);
    assert_eq!(world.health("eu-1"), Health::Down);
    assert!(asked(&world.run(3, eu_is(LOST), |_| true)).iter().all(|asked| *asked == 0));
}

#[test]
fn a_wrong_answer_raises_no_question() {
    let mut world = settled();
    assert!(asked(&world.run(2, eu_is(WRONG), |_| false)).iter().all(|asked| *asked == 0));
    assert_eq!(world.health("eu-1"), Health::Down);
}

#[test]
fn controls_that_somebody_blocks_do_not_blind_an_observer_that_reaches_a_region() {
    let mut world = settled();
    let two_are_lost = |origin: &str| if origin == "br-1" { PASS } else { LOST };
    let rounds = world.run(2, two_are_lost, |_| false);
    for (origin, health) in [("eu-1", Health::Down), ("us-1", Health::Down), ("br-1", Health::Up)] {
        assert_eq!(world.health(origin), health, "{origin}");
    }
    assert_eq!(world.state.doubted_since, None);
    assert!(rounds[2].at - rounds[0].at < 5_000, "in seconds: {}", rounds[2].at);
}

#[test]
fn where_nothing_is_reached_the_doubt_is_one_and_the_same_until_a_control_answers() {
    let mut world = settled();
    world.run(2, |_| LOST, |_| false);
    let since = world.state.doubted_since;
    assert!(since.is_some());
    for minute in 3..=6 {
        world.run(minute, |_| LOST, |_| false);
        assert_eq!(world.health("eu-1"), Health::Up);
        assert_eq!(world.state.doubted_since, since);
    }
    world.run(7, |_| LOST, |_| true);
    assert_eq!(world.health("eu-1"), Health::Down);
}

#[test]
fn one_control_that_answers_makes_the_failures_real() {
    let mut world = settled();
    world.run(2, eu_is(LOST), |id| id == "b");
    assert_eq!(world.health("eu-1"), Health::Down);
    assert_eq!(world.state.doubted_since, None);
}

#[test]
fn all_regions_at_once_can_really_be_gone() {
    let mut world = settled();
    let rounds = world.run(2, |_| LOST, |_| true);
    for origin in ["eu-1", "us-1", "br-1"] {
        assert_eq!(world.health(origin), Health::Down);
    }
    assert_eq!(world.state.doubted_since, None);
    let confirmed = rounds[2].at - rounds[0].at;
    assert!(confirmed < 5_000, "told in seconds: {confirmed}");
    // They stay gone: the question stays open, and the answer stays the same.
    world.run(3, |_| LOST, |_| true);
    assert_eq!(world.state.doubted_since, None);
}

#[test]
fn even_where_one_failure_is_enough_a_cut_off_observer_fells_nobody() {
    let mut world = World::new(|config| {
        two_controls(config);
        each_monitor(config, |monitor| monitor.fall = 1);
    });
    world.run(1, |_| PASS, |_| true);
    let mut since = Vec::new();
    for minute in 2..=6 {
        world.run(minute, |_| LOST, |_| false);
        since.push(world.state.doubted_since.unwrap());
        assert!(["eu-1", "us-1", "br-1"].iter().all(|origin| world.health(origin) == Health::Up));
    }
    assert!(since[0].millis() < 125_000 && since.iter().all(|at| *at == since[0]), "{since:?}");
    world.run(7, |_| PASS, |_| true);
    assert_eq!(world.state.doubted_since, None);
    assert_eq!(world.state.run.as_ref().unwrap().controls, Controls::Idle);
}

#[test]
fn a_long_doubt_does_not_spend_the_run_on_rechecks() {
    let mut world = settled();
    world.run(2, |_| LOST, |_| false);
    let rounds = world.run(3, |_| LOST, |_| false);
    assert!(rounds.len() <= 4, "{}", rounds.len());
    assert!(asked(&rounds).iter().all(|asked| *asked == 2));
}

#[test]
fn controls_count_as_probes_and_never_leave_none_for_the_origins() {
    for (limit, controls) in [(3, 0), (5, 0), (6, 2)] {
        let mut world = World::new(two_controls);
        world.config.probes_per_run = limit;
        let rounds = world.run(1, |_| LOST, |_| true);
        let made: usize = rounds.iter().map(|made| made.origins.len() + made.controls).sum();
        assert_eq!(made, usize::try_from(limit).unwrap());
        assert_eq!(asked(&rounds).iter().sum::<usize>(), controls, "limit {limit}");
    }
}

#[test]
fn one_certificate_that_expires_everywhere_takes_every_region_down() {
    for controls in [false, true] {
        let mut world = World::new(|config| {
            if controls {
                two_controls(config);
            }
        });
        world.run(1, |_| PASS, |_| true);
        world.run(2, |_| REFUSED, |_| true);
        for origin in ["eu-1", "us-1", "br-1"] {
            assert_eq!(world.health(origin), Health::Down, "controls: {controls}");
        }
        assert_eq!(world.state.doubted_since, None);
    }
}

#[test]
fn a_resolver_that_the_observer_has_lost_is_told_by_the_controls() {
    let mut world = settled();
    world.run(2, |_| REFUSED, |_| false);
    assert!(world.state.doubted_since.is_some());
    assert_eq!(world.health("eu-1"), Health::Up);
}
