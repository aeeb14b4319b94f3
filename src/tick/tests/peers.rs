use super::super::*;
use super::world::{LOST, PASS, World, each_monitor};
use crate::config::ExpectedJson;
use crate::health::{FailureKind, FailureReason, Health};
use crate::testing::target;

const POINTER: &str = "/timeline";

/// Three origins on one timeline, of which one may be so far behind, after three quiet minutes.
fn settled(behind_max: u32) -> World {
    let mut world = World::new(|config: &mut Config| {
        let bound = ExpectedJson::Bounds { min: None, max: None, behind_max: Some(behind_max) };
        each_monitor(config, |it| it.expect.json.push((POINTER.to_owned(), bound.clone())));
    });
    for origin in ["eu-1", "us-1", "br-1"] {
        world.timelines.insert(origin, 7);
    }
    for minute in 1..=3 {
        world.run(minute, |_| PASS, |_| false);
    }
    world
}

fn health(world: &World) -> [Health; 3] {
    ["eu-1", "us-1", "br-1"].map(|origin| world.health(origin))
}

fn reason(world: &World, origin: &str) -> Option<FailureReason> {
    world.state.targets.get(&target(origin)).unwrap().memory.reason
}

#[test]
fn one_that_stays_on_an_older_timeline_goes_down_and_comes_back_once_it_follows() {
    let mut world = settled(0);
    assert_eq!(health(&world), [Health::Up; 3]);
    world.timelines.insert("us-1", 8);
    world.timelines.insert("br-1", 8);
    world.run(4, |_| PASS, |_| false);
    assert_eq!(health(&world), [Health::Down, Health::Up, Health::Up]);
    let behind = FailureReason::at(FailureKind::ResponseJsonBehind, POINTER);
    assert_eq!(reason(&world, "eu-1"), Some(behind));
    world.run(5, |_| PASS, |_| false);
    assert_eq!(health(&world), [Health::Down, Health::Up, Health::Up], "as long as it lasts");
    world.timelines.insert("eu-1", 8);
    world.run(6, |_| PASS, |_| false);
    assert_eq!(health(&world), [Health::Up; 3]);
}

#[test]
fn it_may_be_behind_by_as_much_as_the_bound_and_no_more() {
    for (behind, becomes) in [(4, Health::Up), (5, Health::Up), (6, Health::Down)] {
        let mut world = settled(5);
        world.timelines.insert("us-1", 7 + behind);
        world.timelines.insert("br-1", 7 + behind);
        world.run(4, |_| PASS, |_| false);
        assert_eq!(world.health("eu-1"), becomes, "{behind}");
    }
}

#[test]
fn one_that_dies_with_the_greatest_number_takes_nobody_down() {
    let mut world = settled(0);
    world.timelines.insert("eu-1", 9);
    let dies = |origin: &str| if origin == "eu-1" { LOST } else { PASS };
    for minute in 4..=8 {
        world.run(minute, dies, |_| true);
        assert_eq!(health(&world)[1..], [Health::Up; 2], "{minute}");
    }
    assert_eq!(world.health("eu-1"), Health::Down);
}

#[test]
fn what_was_down_for_being_behind_comes_back_when_the_others_are_gone() {
    let mut world = settled(0);
    world.timelines.insert("us-1", 8);
    world.run(4, |origin| if origin == "br-1" { LOST } else { PASS }, |_| true);
    assert_eq!(health(&world), [Health::Down, Health::Up, Health::Down]);
    world.run(5, |origin| if origin == "eu-1" { PASS } else { LOST }, |_| true);
    world.run(6, |origin| if origin == "eu-1" { PASS } else { LOST }, |_| true);
    assert_eq!(health(&world), [Health::Up, Health::Down, Health::Down]);
}

#[test]
fn one_that_does_not_tell_its_number_is_compared_with_nobody() {
    let mut world = settled(0);
    world.timelines.remove("us-1");
    world.timelines.remove("br-1");
    world.timelines.insert("eu-1", 2);
    for minute in 4..=8 {
        world.run(minute, |_| PASS, |_| false);
    }
    assert_eq!(health(&world), [Health::Up; 3]);
}

#[test]
fn origins_of_different_services_are_not_compared() {
    let mut world = settled(0);
    world.config.services.retain(|id, _| id.as_str() == "files");
    let mut other = world.config.services.values().next().unwrap().clone();
    other.regions.clear();
    other.regions.push(crate::ids::RegionId::parse("sa-east").unwrap());
    world.config.services.insert(crate::ids::ServiceId::parse("other").unwrap(), other);
    world.timelines.insert("br-1", 90);
    world.run(4, |_| PASS, |_| false);
    assert_eq!(health(&world), [Health::Up; 3]);
    world.timelines.insert("us-1", 8);
    world.run(5, |_| PASS, |_| false);
    assert_eq!(health(&world), [Health::Down, Health::Up, Health::Up]);
}

#[test]
fn several_areas_compare_what_was_told_last() {
    let mut world = settled(0);
    world.config.areas = vec![Area::Weur, Area::Enam, Area::Apac];
    for minute in 4..=5 {
        world.run_from_areas(minute, |_, _| PASS, |_| true);
    }
    assert_eq!(health(&world), [Health::Up; 3]);
    world.timelines.insert("us-1", 8);
    world.run_from_areas(6, |_, _| PASS, |_| true);
    assert_eq!(health(&world), [Health::Down, Health::Up, Health::Down]);
}

#[test]
fn the_number_is_asked_for_as_a_field() {
    let world = settled(0);
    let monitor = &target("eu-1").monitor;
    assert_eq!(world.config.fields_of(monitor), [POINTER]);
}
