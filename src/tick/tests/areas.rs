//! Several areas: who is taken down by what each of them sees, and what it costs an origin.

use super::super::*;
use super::world::*;
use crate::config::Quorum;
use crate::geo::Area::{Enam, Sam, Weur};
use crate::health::Health;
use crate::state::AREA_SILENT_MS;
use crate::view::View;

const AREAS: [Area; 3] = [Weur, Enam, Sam];
const QUORUMS: [Quorum; 4] = [Quorum::Any, Quorum::Majority, Quorum::All, Quorum::AtLeast(2)];
/// An origin of one region; the others have one or more, too.
const EU: &str = "eu-1";

fn of_areas(quorum: Quorum) -> World {
    let mut world = World::new(|config| {
        config.areas = AREAS.to_vec();
        config.probes_per_run = 1_000;
        config.controls = Vec::new();
        each_monitor(config, |monitor| monitor.quorum = quorum);
    });
    for minute in 1..4 {
        world.run_from_areas(minute, |_, _| PASS, |_| true);
    }
    assert_eq!(world.health(EU), Health::Up);
    world
}

/// What one area meets: everything, not that one origin, or nothing.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Way {
    Open,
    Broken,
    Cut,
}

use Way::{Broken, Cut, Open};

fn found(ways: [Way; 3], area: Area, origin: &str) -> Verdict {
    let nth = AREAS.iter().position(|it| *it == area).unwrap();
    match ways[nth] {
        Cut => LOST,
        Broken if origin == EU => LOST,
        Open | Broken => PASS,
    }
}

#[test]
fn who_is_cut_off_takes_nobody_down_and_a_quorum_of_the_others_does() {
    let table = [
        // What the areas meet, and whether the origin goes down for any, majority, all and two.
        ([Open, Open, Open], [false, false, false, false]),
        ([Open, Open, Broken], [true, false, false, false]),
        ([Open, Broken, Broken], [true, true, false, true]),
        ([Broken, Broken, Broken], [true, true, true, true]),
        ([Open, Open, Cut], [false, false, false, false]),
        ([Open, Cut, Cut], [false, false, false, false]),
        ([Cut, Cut, Cut], [false, false, false, false]),
        ([Open, Broken, Cut], [true, false, false, false]),
        ([Broken, Broken, Cut], [true, true, true, true]),
        // One that is left alone does not decide for three, unless the config says that any may.
        ([Broken, Cut, Cut], [true, false, false, false]),
    ];
    for (ways, expected) in table {
        for (quorum, goes_down) in QUORUMS.into_iter().zip(expected) {
            let mut world = of_areas(quorum);
            for minute in 4..7 {
                world.run_from_areas(minute, |area, origin| found(ways, area, origin), |_| true);
            }
            let is_down = world.health(EU) == Health::Down;
            assert_eq!(is_down, goes_down, "{ways:?}, {quorum:?}");
            for other in world.state.targets.keys().map(|target| target.origin.as_str()) {
                let is_well = other == EU || world.health(other) != Health::Down;
                assert!(is_well, "{ways:?}, {quorum:?}: {other} is down");
            }
        }
    }
}

#[test]
fn an_area_that_is_silent_for_minutes_takes_no_part() {
    let only_western_europe = |area| area == Weur;
    let broken = |area, origin: &str| found([Broken; 3], area, origin);
    let mut world = of_areas(Quorum::Majority);
    world.run_from_areas(4, broken, only_western_europe);
    assert_eq!(world.health(EU), Health::Up, "two others may see it well");
    for minute in 5..6 + AREA_SILENT_MS / 60_000 {
        world.run_from_areas(minute, broken, only_western_europe);
    }
    assert_eq!(world.health(EU), Health::Down);
}

#[test]
fn an_area_that_does_not_answer_costs_its_own_results_of_the_round() {
    let mut world = of_areas(Quorum::Majority);
    let broken = |area, origin: &str| found([Broken; 3], area, origin);
    world.run_from_areas(4, broken, |area| area != Sam);
    assert_eq!(world.health(EU), Health::Down);
}

#[test]
fn a_region_that_one_area_does_not_reach_is_down_for_its_clients_alone() {
    let mut world = of_areas(Quorum::Majority);
    let ways = [Open, Open, Broken];
    for minute in 4..7 {
        world.run_from_areas(minute, |area, origin| found(ways, area, origin), |_| true);
    }
    let away = |world: &World| {
        let view = View::new(&world.config, &world.state, world.now);
        let all = view.services().flat_map(|standing| {
            let regions = standing.regions.iter();
            let away: Vec<_> = regions
                .map(|it| (it.id.to_string(), view.away(standing.service, it)))
                .filter(|(_, away)| !away.is_empty())
                .collect();
            away
        });
        all.collect::<Vec<_>>()
    };
    let told = away(&world);
    assert!(!told.is_empty());
    assert!(told.iter().all(|(_, areas)| *areas == [Sam]), "{told:?}");
    let regions: std::collections::BTreeSet<_> = told.iter().map(|(region, _)| region).collect();
    assert_eq!(regions.len(), 1, "{told:?}");
    world.run_from_areas(7, |_, _| PASS, |_| true);
    assert_eq!(away(&world), []);
}

#[test]
fn what_only_times_out_is_asked_by_one_area_at_a_time_and_at_most_once_a_minute() {
    let mut world = of_areas(Quorum::Majority);
    each_monitor(&mut world.config, |monitor| {
        (monitor.interval_ms, monitor.down_interval_ms) = (5_000, 5_000);
    });
    let broken = |area, origin: &str| found([Broken; 3], area, origin);
    let asked = |world: &mut World, minute| {
        let asked = std::cell::Cell::new(0);
        let judge = |area, origin: &str| {
            asked.set(asked.get() + u32::from(origin == EU));
            broken(area, origin)
        };
        world.run_from_areas(minute, judge, |_| true);
        asked.get()
    };
    let confirming = asked(&mut world, 4);
    assert_eq!(world.health(EU), Health::Down);
    // Three areas, three times two of them, and then one at a time: 5, 10, 20 s later.
    assert!((9..=12).contains(&confirming), "{confirming}");
    let later: u32 = (5..15).map(|minute| asked(&mut world, minute)).sum();
    assert!((8..=12).contains(&later), "{later} in ten minutes");
    let before = asked(&mut world, 15);
    assert!(before <= 2, "{before}");
    for minute in 16..18 {
        world.run_from_areas(minute, |_, _| PASS, |_| true);
    }
    assert_eq!(world.health(EU), Health::Up);
}

#[test]
fn a_report_of_no_area_of_the_config_and_a_second_one_of_the_same_are_not_heard() {
    let mut world = of_areas(Quorum::Any);
    let result = |verdict| ProbeResult {
        target: world.state.targets.keys().find(|it| it.origin.as_str() == EU).unwrap().clone(),
        at: world.now,
        verdict,
        pushed_back_ms: None,
        took_ms: 10,
        fields: Vec::new(),
    };
    let report = |area, verdict| AreaReport {
        area,
        colo: None,
        results: vec![result(verdict)],
        controls: Vec::new(),
    };
    let request = RoundRequest {
        round: 1,
        areas: vec![report(Weur, PASS), report(Weur, WRONG), report(Area::Oc, WRONG)],
        ..RoundRequest::first(world.now, world.now)
    };
    let target = result(PASS).target;
    let mut state = world.state.clone();
    let agreed = crate::tick::areas::agree(&mut state, &world.config, &request);
    assert_eq!(agreed.evidence.len(), 1);
    assert!(matches!(agreed.evidence[0].verdict, Verdict::Pass { .. }));
    let sights = &state.targets.get(&target).unwrap().sights;
    assert!(sights.get(&Area::Oc).is_none());
    world.state = state;
}
