//! What one monitor observed of one origin.

use super::*;
use crate::health::{Damping, FailureKind, FailureReason, Thresholds};
use crate::latency::Estimate;
use crate::state::Reported;
use crate::testing::{fail, pass};

const ONE_IS_ENOUGH: Thresholds = Thresholds { rise: 1, fall: 1, forgive: 1, window_ms: MINUTE };

fn target<'w>(world: &'w World, by: &str) -> TargetStanding<'w> {
    world.view().target(&monitor(by), &origin_id("de-1"))
}

/// The world of [`config`] with the monitors `a`, `b` and `c`, and the first composite for `web`.
fn composed(composites: &[(&str, Composite)]) -> World {
    let World { mut config, mut state } = World::plain();
    let probe = config.monitors.get(&monitor("m")).unwrap().clone();
    config.monitors.extend(["a", "b", "c"].map(|id| (monitor(id), probe.clone())));
    config.composites.extend(composites.iter().map(|(id, made)| (monitor(id), made.clone())));
    let first = monitor(composites.first().unwrap().0);
    config.services.values_mut().for_each(|service| service.monitor = first.clone());
    state.follow(&config);
    World { config, state }
}

fn all(of: &[&str], must_pass: &[&str]) -> Composite {
    let ids = |ids: &[&str]| ids.iter().map(|id| monitor(id)).collect();
    Composite { rule: CompositeRule::All, of: ids(of), must_pass: ids(must_pass) }
}

#[test]
fn nothing_is_known_of_a_new_target() {
    let world = World::plain();
    assert_eq!(target(&world, "m"), TargetStanding::default());
    assert_eq!(target(&world, "m").health, Health::Unknown);
    let no_target = world.view().target(&monitor("m"), &origin_id("nowhere"));
    assert_eq!(no_target, TargetStanding::default());
}

#[test]
fn what_was_up_is_unknown_when_stale_and_what_was_down_stays_down() {
    for (believed, stale) in [(Health::Up, Health::Unknown), (Health::Down, Health::Down)] {
        for (age, told) in
            [(STALE_AFTER - 1, believed), (STALE_AFTER, believed), (STALE_AFTER + 1, stale)]
        {
            let mut world = World::plain();
            world.believe("de-1", "m", believed).judged_at = Some(ago(age));
            assert_eq!(target(&world, "m").health, told, "{believed} after {age} ms");
        }
    }
}

#[test]
fn where_probes_are_rare_a_belief_lasts_for_three_intervals() {
    let mut document = config();
    for interval in ["interval_s", "down_interval_s"] {
        document["monitors"]["m"][interval] = json!(600);
    }
    let mut world = World::new(&document);
    let interval_ms = 10 * MINUTE;
    for (age, told) in [(3 * interval_ms, Health::Up), (3 * interval_ms + 1, Health::Unknown)] {
        world.believe("de-1", "m", Health::Up).judged_at = Some(ago(age));
        assert_eq!(target(&world, "m").health, told, "after {age} ms");
    }
}

#[test]
fn while_damped_it_cannot_be_up_and_can_be_down() {
    let mut world = World::plain();
    let half_life_ms = crate::config::DAMPING_HALF_LIFE_MS_DEFAULT;
    let flapped = |before, _| Some(Damping::flapped(before, half_life_ms, NOW));
    let damping = (0..3).fold(None, flapped);
    for (believed, told) in [(Health::Up, Health::Unknown), (Health::Down, Health::Down)] {
        world.believe("de-1", "m", believed).damping = damping;
        let standing = target(&world, "m");
        assert_eq!((standing.health, standing.damped_until.is_some()), (told, true));
    }
    let until = target(&world, "m").damped_until.unwrap();
    world.believe("de-1", "m", Health::Up).judged_at = Some(until);
    let at = |now| world.view_at(now).target(&monitor("m"), &origin_id("de-1"));
    assert_eq!(at(Timestamp::from_millis(until.millis() - 1)).health, Health::Unknown);
    assert_eq!((at(until).health, at(until).damped_until), (Health::Up, None));
}

#[test]
fn a_stale_latency_and_a_stale_lag_are_absent() {
    for (age, is_fresh) in [(STALE_AFTER, true), (STALE_AFTER + 1, false)] {
        let mut world = World::plain();
        let known = world.believe("de-1", "m", Health::Up);
        known.latency = Some(Estimate::with(None, 40, ago(age)));
        known.lag = Some(Reported { value_s: 7, at: ago(age) });
        let TargetStanding { latency_ms, lag, .. } = target(&world, "m");
        assert_eq!(latency_ms, is_fresh.then_some(40), "after {age} ms");
        assert_eq!(lag.map(|lag| lag.value_s), is_fresh.then_some(7), "after {age} ms");
    }
}

#[test]
fn it_is_settled_for_as_long_as_no_probe_counts_against_it() {
    let mut world = World::plain();
    world.believe("de-1", "m", Health::Up);
    assert_eq!(target(&world, "m").settled_ms, Some(60 * MINUTE));
    let twice = Thresholds { fall: 2, ..ONE_IS_ENOUGH };
    world.known("de-1", "m").memory.observe(&fail(), twice, NOW);
    let standing = target(&world, "m");
    assert_eq!((standing.health, standing.settled_ms), (Health::Up, None));
    assert_eq!(standing.since, Some(ago(60 * MINUTE)));
}

#[test]
fn what_kept_the_last_probe_from_telling_goes_before_the_last_failure() {
    let mut world = World::plain();
    let known = world.believe("de-1", "m", Health::Unknown);
    known.memory.observe(&fail(), ONE_IS_ENOUGH, NOW);
    assert_eq!(
        target(&world, "m").reason,
        Some(Reason::Failed(FailureReason::of(FailureKind::HttpTimeout)))
    );
    assert_eq!(target(&world, "m").reason.unwrap().to_string(), "HTTP timeout occurred");
    world.known("de-1", "m").note = Some("cut off".to_owned());
    assert_eq!(target(&world, "m").reason, Some(Reason::NoEvidence("cut off")));
    assert_eq!(target(&world, "m").reason.unwrap().to_string(), "cut off");
}

#[test]
fn a_composite_is_probed_by_its_parts_and_is_as_healthy_as_they_are() {
    let mut world = composed(&[("site", all(&["data", "c"], &[])), ("data", all(&["b"], &["a"]))]);
    let probed = world.config.targets().filter(|target| target.origin == origin_id("de-1"));
    let probed: Vec<_> = probed.map(|target| target.monitor).collect();
    assert_eq!(probed, ["a", "b", "c"].map(monitor));
    for (by, told) in [("c", Health::Unknown), ("b", Health::Unknown), ("a", Health::Up)] {
        let known = world.known("de-1", by);
        known.memory.observe(&pass(), ONE_IS_ENOUGH, NOW);
        known.judged_at = Some(NOW);
        assert_eq!(target(&world, "site").health, told, "after {by}");
    }
    world.known("de-1", "a").memory.observe(&fail(), ONE_IS_ENOUGH, NOW);
    assert_eq!(target(&world, "site").health, Health::Down);
}

#[test]
fn a_part_of_which_nothing_is_known_decides_only_where_it_could() {
    let any = Composite { rule: CompositeRule::Any, ..all(&["a", "b"], &[]) };
    let mut world = composed(&[("any", any), ("all", all(&["a", "b"], &[]))]);
    for (known, by_any, by_all) in [
        (Health::Up, Health::Up, Health::Unknown),
        (Health::Unknown, Health::Unknown, Health::Unknown),
        (Health::Down, Health::Unknown, Health::Down),
    ] {
        world.believe("de-1", "a", known);
        assert_eq!(target(&world, "any").health, by_any, "a is {known}");
        assert_eq!(target(&world, "all").health, by_all, "a is {known}");
    }
}

#[test]
fn a_composite_tells_the_first_of_what_its_parts_tell() {
    let mut world = composed(&[("site", all(&["c", "a", "b"], &[]))]);
    for (by, minutes) in [("a", 3), ("b", 1), ("c", 2)] {
        let known = world.believe("de-1", by, Health::Up);
        known.memory.since = Some(ago(minutes * MINUTE));
    }
    for (by, latency_ms) in [("c", 30), ("b", 20)] {
        let known = world.known("de-1", by);
        known.latency = Some(Estimate::with(None, latency_ms, NOW));
        known.lag = Some(Reported { value_s: latency_ms, at: NOW });
        known.note = Some(format!("by {by}"));
    }
    let standing = target(&world, "site");
    assert_eq!((standing.latency_ms, standing.lag.unwrap().value_s), (Some(20), 20));
    assert_eq!(standing.reason, Some(Reason::NoEvidence("by b")));
    assert_eq!((standing.since, standing.settled_ms), (Some(ago(MINUTE)), Some(MINUTE)));
    *world.known("de-1", "c") = TargetState::default();
    let standing = target(&world, "site");
    assert_eq!((standing.since, standing.settled_ms), (None, None), "nothing is known of `c`");
}

#[test]
fn nesting_is_followed_four_deep_and_no_further() {
    let deep: Vec<(String, Composite)> = (1..=5)
        .map(|depth| {
            let next = if depth == 5 { "a".to_owned() } else { format!("c{}", depth + 1) };
            (format!("c{depth}"), all(&[&next], &[]))
        })
        .collect();
    let named: Vec<_> = deep.iter().map(|(id, made)| (id.as_str(), made.clone())).collect();
    let mut world = composed(&named);
    world.believe("de-1", "a", Health::Up);
    assert_eq!(target(&world, "c2").health, Health::Up);
    assert_eq!(target(&world, "c1").health, Health::Unknown);
    assert_eq!(world.config.leaves(&monitor("c2")).len(), 1);
    assert_eq!(world.config.leaves(&monitor("c1")).len(), 0);
}

#[test]
fn a_circle_of_composites_ends() {
    let world = composed(&[("x", all(&["y", "a"], &["x"])), ("y", all(&["x", "y"], &[]))]);
    assert_eq!(target(&world, "x").health, Health::Unknown);
    assert_eq!(world.config.leaves(&monitor("x")).iter().collect::<Vec<_>>(), [&monitor("a")]);
}
