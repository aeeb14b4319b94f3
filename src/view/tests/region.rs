//! A region as one service sees it.

use super::*;
use crate::latency::Estimate;
use crate::state::Reported;

/// The region `de` with its two origins in these healths, of which an operator said this.
fn region(origins: [(Health, Option<OverrideTo>); 2]) -> World {
    let mut world = World::plain();
    for (id, (health, set)) in ["de-1", "de-2"].into_iter().zip(origins) {
        world.believe(id, "m", health);
        if let Some(set) = set {
            world.command(id, set);
        }
    }
    world
}

fn usable(world: &World) -> Vec<String> {
    world.region("de").usable().map(|usable| usable.origin.id.to_string()).collect()
}

#[test]
fn a_region_is_as_healthy_as_its_best_origin_and_only_such_origins_are_usable() {
    use Health::{Down, Unknown, Up};
    for (healths, told, fit) in [
        ([Up, Up], Up, &["de-1", "de-2"][..]),
        ([Down, Up], Up, &["de-2"]),
        ([Unknown, Up], Up, &["de-2"]),
        ([Unknown, Down], Unknown, &["de-1"]),
        ([Unknown, Unknown], Unknown, &["de-1", "de-2"]),
        ([Down, Down], Down, &[]),
    ] {
        let world = region(healths.map(|health| (health, None)));
        assert_eq!(world.region("de").health, told, "{healths:?}");
        assert_eq!(usable(&world), fit, "{healths:?}");
        assert!(!world.region("de").is_draining);
    }
}

#[test]
fn a_region_drains_once_every_origin_that_could_serve_is_drained() {
    let (up, down) = ((Health::Up, None), (Health::Down, None));
    let drained = |health| (health, Some(OverrideTo::Drain));
    for (origins, drains, fit) in [
        ([up, drained(Health::Up)], false, &["de-1"][..]),
        ([drained(Health::Up); 2], true, &["de-1", "de-2"]),
        ([down, drained(Health::Up)], true, &["de-2"]),
        ([drained(Health::Unknown), drained(Health::Up)], true, &["de-2"]),
        ([drained(Health::Down); 2], false, &[]),
    ] {
        let world = region(origins);
        assert_eq!(world.region("de").is_draining, drains, "{origins:?}");
        assert_eq!(usable(&world), fit, "{origins:?}");
    }
}

#[test]
fn it_is_drained_once_all_of_its_origins_are_those_that_are_down_among_them() {
    let drained = |health| (health, Some(OverrideTo::Drain));
    assert!(region([drained(Health::Up), drained(Health::Down)]).region("de").is_drained());
    assert!(region([drained(Health::Down); 2]).region("de").is_drained());
    let half = region([drained(Health::Up), (Health::Down, None)]);
    let half = half.region("de");
    assert!(half.is_draining && !half.is_drained());
}

#[test]
fn its_latency_and_lag_are_those_of_the_origins_that_a_request_may_meet() {
    let mut world = region([(Health::Up, None), (Health::Up, None)]);
    for (id, ms) in [("de-1", 20), ("de-2", 30)] {
        let known = world.known(id, "m");
        known.latency = Some(Estimate::with(None, ms, NOW));
        known.lag = Some(Reported { value_s: ms, at: NOW });
    }
    let told = |world: &World| (world.region("de").latency_ms(), world.region("de").lag_s());
    assert_eq!(told(&world), (Some(20), Some(30)), "the lowest latency and the largest lag");
    world.command("de-2", OverrideTo::Drain);
    assert_eq!(told(&world), (Some(20), Some(20)));
    world.command("de-1", OverrideTo::Down);
    assert_eq!(told(&world), (Some(30), Some(30)), "a drained one serves where it alone can");
    world.command("de-2", OverrideTo::Down);
    assert_eq!(told(&world), (None, None));
}

#[test]
fn the_regions_of_a_service_stand_in_failover_order() {
    let world = World::plain();
    let service = world.service();
    let ids: Vec<_> = service.regions.iter().map(|region| region.id.as_str()).collect();
    assert_eq!(ids, REGIONS);
    let two = region_ids(&["us", "nowhere", "de"]);
    let some: Vec<_> = service.regions_of(&two).map(|region| region.id.as_str()).collect();
    assert_eq!(some, ["us", "de"]);
}

#[test]
fn the_primary_is_the_region_that_the_config_names_whatever_its_health() {
    let mut document = config();
    assert_eq!(World::new(&document).service().primary, None);
    document["services"]["web"]["writes"] = json!("primary");
    document["services"]["web"]["primary"] = json!("us");
    let mut world = World::new(&document);
    for health in [Health::Up, Health::Unknown, Health::Down] {
        world.believe_region("us", health);
        let service = world.service();
        assert_eq!(*service.primary.unwrap().region, region_id("us"));
        assert_eq!(service.primary_region().unwrap().health, health);
    }
}
