//! An origin as traffic takes it.

use super::*;

fn origin(world: &World, now: Timestamp) -> OriginStanding<'_> {
    let region = world.config.regions.get(&region_id("de")).unwrap();
    let de = region_id("de");
    let whose = Whose { service: None, region: &de };
    let (view, m) = (world.view_at(now), monitor("m"));
    view.origin(whose, &view.by(&m), &region.origins[0])
}

#[test]
fn an_override_changes_what_traffic_sees_and_not_what_was_observed() {
    let mut world = World::plain();
    world.believe("de-1", "m", Health::Up);
    world.config.overrides.insert(origin_id("de-1"), said(OverrideTo::Down, NOW.plus(1_000)));
    let standing = origin(&world, NOW.plus(999));
    assert_eq!((standing.health, standing.observed.health), (Health::Down, Health::Up));
    assert_eq!(standing.override_.unwrap().author, "ann");
    let standing = origin(&world, NOW.plus(1_000));
    assert_eq!((standing.health, standing.override_), (Health::Up, None), "it has run out");
}

#[test]
fn the_override_of_the_config_goes_before_the_one_by_command_while_it_counts() {
    let mut world = World::plain();
    world.believe("de-1", "m", Health::Up);
    world.command("de-1", OverrideTo::Down);
    world.config.overrides.insert(origin_id("de-1"), said(OverrideTo::Drain, NOW.plus(500)));
    let stands = |later| {
        let standing = origin(&world, NOW.plus(later));
        (standing.health, standing.is_draining)
    };
    assert_eq!(stands(499), (Health::Up, true));
    assert_eq!(stands(500), (Health::Down, false));
}

#[test]
fn a_drained_origin_keeps_its_health_and_is_down_for_new_clients() {
    for observed in [Health::Up, Health::Unknown, Health::Down] {
        let mut world = World::plain();
        world.believe("de-1", "m", observed);
        assert_eq!(origin(&world, NOW).for_new_clients(), observed);
        world.command("de-1", OverrideTo::Drain);
        let standing = origin(&world, NOW);
        assert_eq!((standing.health, standing.is_draining), (observed, true));
        assert_eq!(standing.for_new_clients(), Health::Down);
    }
}

#[test]
fn the_monitors_of_an_origin_are_those_that_probe_it() {
    let mut document = config();
    document["monitors"]["deep"] = json!({"path": "/deep"});
    document["monitors"]["unused"] = json!({"path": "/unused"});
    let mut other = document["services"]["web"].clone();
    other["monitor"] = json!("deep");
    (other["hosts"], other["regions"]) = (json!(["other.example.com"]), json!(["de"]));
    other.as_object_mut().unwrap().remove("publish");
    document["services"]["other"] = other;
    let world = World::new(&document);
    let view = world.view();
    let monitors = |origin: &str| -> Vec<_> {
        view.monitors_of(&origin_id(origin)).map(MonitorId::as_str).collect()
    };
    assert_eq!(monitors("de-1"), ["deep", "m"]);
    assert_eq!(monitors("us-1"), ["m"]);
    assert_eq!(monitors("nowhere"), [""; 0]);
}
