//! Which failures count, and who is asked so that they do.

use super::super::*;
use super::world::{LOST, PASS, WRONG, World, each_monitor};
use crate::health::Health;
use crate::state::Controls;
use crate::testing::target;
use crate::testing::virtual_time::{Meets, Observer, fleet};
use serde_json::json;

fn at(ms: u64) -> Timestamp {
    Timestamp::from_millis(ms)
}

/// A probe that was begun at `began` and took so long.
fn made(origin: &str, began: u64, took_ms: Millis, verdict: Verdict) -> ProbeResult {
    let at = at(began + took_ms);
    ProbeResult {
        fields: Vec::new(),
        target: target(origin),
        at,
        verdict,
        pushed_back_ms: None,
        took_ms,
    }
}

/// Takes in a run that has the rounds of these results.
fn play(world: &mut World, rounds: Vec<Vec<ProbeResult>>) {
    let mut request = RoundRequest::first(at(60_000), at(60_000));
    take_in(&mut world.state, &world.config, &request).unwrap();
    for results in rounds {
        request.round += 1;
        request.now = results.iter().map(|result| result.at).max().unwrap();
        request.results = results;
        take_in(&mut world.state, &world.config, &request).unwrap();
    }
}

/// Whether the failure of `eu-1` in the last of these rounds counts.
fn counts(rounds: Vec<Vec<ProbeResult>>) -> bool {
    let mut world = World::new(|_| {});
    play(&mut world, rounds);
    world.state.targets.get(&target("eu-1")).unwrap().note.is_none()
}

#[test]
fn a_witness_may_be_begun_together_with_the_probe_that_fails_but_not_later() {
    for (later_ms, is_witness) in [(TOGETHER_MS - 1, true), (TOGETHER_MS, true)] {
        assert_eq!(begun_later(later_ms), is_witness, "{later_ms} ms later");
    }
    assert!(!begun_later(TOGETHER_MS + 1), "the cut may be over by then");
}

fn begun_later(later_ms: Millis) -> bool {
    counts(vec![
        vec![made("us-1", 60_000, 10, PASS), made("eu-1", 60_000, 300, PASS)],
        vec![made("eu-1", 75_000, 1_000, LOST), made("us-1", 75_000 + later_ms, 10, PASS)],
    ])
}

#[test]
fn what_was_reached_since_the_last_probe_of_a_target_is_a_witness() {
    for (took_ms, is_witness) in [(299, false), (300, true), (301, true)] {
        let told = counts(vec![
            vec![made("us-1", 60_000, took_ms, PASS), made("eu-1", 60_000, 300, LOST)],
            vec![made("eu-1", 75_000, 1_000, LOST)],
        ]);
        assert_eq!(told, is_witness, "reached {took_ms} ms after the round began");
    }
}

#[test]
fn a_target_is_no_witness_for_itself_and_an_answer_of_any_kind_makes_one() {
    let after = |us: Verdict| {
        counts(vec![
            vec![made("us-1", 60_000, 10, PASS), made("eu-1", 60_000, 300, PASS)],
            vec![made("eu-1", 75_000, 1_000, LOST), made("us-1", 75_000, 10, us)],
        ])
    };
    assert!(after(PASS) && after(WRONG));
    assert!(!after(LOST));
}

/// A world in which one failure is enough, after so many of them.
fn after_failures(verdict: &Verdict, failures: u32) -> World {
    let mut world = World::new(|config| each_monitor(config, |monitor| monitor.fall = 1));
    world.run(1, |_| PASS, |_| true);
    let mut made = 0;
    let judge = |origin: &str| {
        if origin != "eu-1" || made == failures {
            return PASS;
        }
        made += 1;
        verdict.clone()
    };
    world.run(2, judge, |_| true);
    world
}

#[test]
fn where_one_failure_is_enough_silence_takes_two_and_a_wrong_answer_one() {
    for (verdict, failures) in [(WRONG, 1), (LOST, 2)] {
        let world = after_failures(&verdict, failures);
        let known = world.state.targets.get(&target("eu-1")).unwrap();
        assert!(known.damping.is_some(), "down after {failures} of {verdict:?}");
        let world = after_failures(&verdict, failures - 1);
        assert_eq!(world.health("eu-1"), Health::Up, "not down after one less of {verdict:?}");
        let known = world.state.targets.get(&target("eu-1")).unwrap();
        assert!(known.damping.is_none(), "nor in between");
    }
}

#[test]
fn one_region_without_a_control_has_no_witness_and_needs_none() {
    let monitor = json!({"path": "/health", "interval_s": 15});
    let mut observer = Observer::new(fleet(&[2], monitor, json!({})), 60);
    observer.until(at(62 * 60_000), &|_, _| Meets::Pass(20), &|_, _| true);
    observer.until(at(64 * 60_000), &|_, _| Meets::Silence, &|_, _| true);
    assert_eq!(observer.health(&target("r0-0"), observer.next()), Health::Down);
    assert_eq!(observer.state.doubted_since, None);
}

#[test]
fn one_broken_release_everywhere_takes_every_region_down() {
    let monitor = json!({"path": "/health", "interval_s": 15});
    let mut observer = Observer::new(fleet(&[1, 1], monitor, json!({})), 60);
    observer.until(at(62 * 60_000), &|_, _| Meets::Pass(20), &|_, _| true);
    observer.until(at(63 * 60_000), &|_, _| Meets::Wrong(20), &|_, _| true);
    for origin in ["r0-0", "r1-0"] {
        assert_eq!(observer.health(&target(origin), observer.next()), Health::Down, "{origin}");
    }
}

#[test]
fn a_recheck_probes_one_origin_of_each_other_region() {
    let mut world = World::new(|_| {});
    world.run(1, |_| PASS, |_| true);
    let eu_is_lost = |origin: &str| if origin == "eu-1" { LOST } else { PASS };
    let mut rounds = world.run(2, eu_is_lost, |_| true);
    let mut recheck = rounds.remove(1).origins;
    assert_eq!(recheck.remove(0), "eu-1", "the one in question first");
    recheck.sort();
    assert_eq!(recheck, ["br-1", "us-1"]);
}

/// How many targets the next round has if all of the first region have just failed once.
fn asked(regions: &[u32], controls: Controls, note: Option<&str>) -> (usize, usize) {
    let monitor = json!({"path": "/health", "interval_s": 60});
    let urls = ["https://one.example.net/", "https://two.example.org/"];
    let urls: &[&str] = if controls == Controls::Idle { &[] } else { &urls };
    let config = fleet(regions, monitor, json!({"observer": {"controls": urls}}));
    let mut observer = Observer::new(config, 60);
    observer.until(at(62 * 60_000), &|_, _| Meets::Pass(20), &|_, _| true);
    let (mut state, now) = (observer.state.clone(), observer.next());
    let run = RoundRequest::first(now, now);
    take_in(&mut state, &observer.config, &run).unwrap();
    state.run.as_mut().unwrap().controls = controls;
    let monitor = observer.config.monitors.values().next().unwrap();
    let targets: Vec<_> = state.targets.keys().cloned().collect();
    for it in targets {
        let known = state.targets.get_mut(&it).unwrap();
        known.probed_at = Some(now);
        if it.origin.as_str().starts_with("r0") {
            known.memory.observe(&LOST, monitor.into(), now);
            known.note = note.map(str::to_owned);
        }
    }
    let reply = next_round(&mut state, &observer.config, now);
    let RoundReply::Probe { probes, controls, .. } = reply else { panic!() };
    (probes.len(), controls.len())
}

#[test]
fn as_many_witnesses_are_asked_as_connections_are_left_and_one_at_least() {
    for (suspects, witnesses) in [(1, 3), (3, 3), (4, 2), (5, 1), (6, 1), (7, 3)] {
        let told = asked(&[suspects, 2, 1, 1], Controls::Idle, None);
        let suspects = usize::try_from(suspects).unwrap();
        assert_eq!(told, (suspects + witnesses, 0), "{suspects} of the first region");
    }
}

#[test]
fn one_witness_is_enough_beside_controls_unless_they_have_failed() {
    assert_eq!(asked(&[1, 1, 1, 1], Controls::Due, None), (2, 2));
    assert_eq!(asked(&[1, 1, 1, 1], Controls::Asked, None), (2, 2));
    assert_eq!(asked(&[1, 1, 1, 1], Controls::Asked, Some(BLIND)), (4, 2));
    assert_eq!(asked(&[2, 1, 1, 1], Controls::Asked, Some(BLIND)), (4, 2), "six connections");
}
