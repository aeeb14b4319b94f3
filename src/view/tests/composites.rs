//! Composites within composites: the answer is that of the tree, and the work is not.

use super::*;
use crate::config::{COMPOSITE_DEPTH_MAX, WORKED_OUT};
use crate::health::composite;
use crate::testing::{fail, pass};
use proptest::prelude::*;

/// The monitors that probe.
const PROBES: [&str; 4] = ["a", "b", "c", "m"];
/// How many members a composite of the grid has in each of its two lists.
const WIDTH: usize = 16;

fn made(rule: CompositeRule, of: Vec<MonitorId>, must_pass: Vec<MonitorId>) -> Composite {
    Composite { rule, of, must_pass }
}

/// What a composite comes to if each way to each member is followed.
fn by_the_tree(world: &World, id: &MonitorId, depth: u8) -> Health {
    let Some(composite) = world.config.composites.get(id) else {
        return world.view().target(id, &origin_id("de-1")).health;
    };
    let Some(deeper) = depth.checked_sub(1) else { return Health::Unknown };
    let of = |members: &[MonitorId]| -> Vec<Health> {
        members.iter().map(|member| by_the_tree(world, member, deeper)).collect()
    };
    composite::combine(composite.rule, &of(&composite.of), &of(&composite.must_pass))
}

/// The monitors at the ends of the tree that is followed `depth` deep.
fn leaves_by_the_tree(world: &World, id: &MonitorId, depth: u8, leaves: &mut Vec<MonitorId>) {
    let Some(composite) = world.config.composites.get(id) else {
        return leaves.push(id.clone());
    };
    let Some(deeper) = depth.checked_sub(1) else { return };
    for member in composite.of.iter().chain(&composite.must_pass) {
        leaves_by_the_tree(world, member, deeper, leaves);
    }
}

proptest! {
    /// Circles, repeats and nesting that is too deep included.
    #[test]
    fn each_composite_comes_to_what_the_tree_comes_to(
        healths in proptest::collection::vec(0..3_u8, PROBES.len()),
        composites in proptest::collection::vec(
            (0..3_u8, 1..4_u8, proptest::collection::vec(0..11_usize, 1..4),
             proptest::collection::vec(0..11_usize, 0..2)),
            7,
        ),
    ) {
        let mut world = World::plain();
        let probe = world.config.monitors.get(&monitor("m")).unwrap().clone();
        world.config.monitors.extend(PROBES.map(|id| (monitor(id), probe.clone())));
        for (id, health) in PROBES.iter().zip(healths) {
            let health = [Health::Up, Health::Unknown, Health::Down][usize::from(health)];
            world.believe("de-1", id, health);
        }
        let name = |index: usize| match index.checked_sub(7) {
            None => monitor(&format!("c{index}")),
            Some(probe) => monitor(PROBES[probe]),
        };
        for (index, (rule, count, of, must_pass)) in composites.into_iter().enumerate() {
            let rules = [CompositeRule::All, CompositeRule::Any, CompositeRule::AtLeast(count)];
            let [of, must_pass] = [of, must_pass].map(|all| all.into_iter().map(name).collect());
            let composite = made(rules[usize::from(rule)], of, must_pass);
            world.config.composites.insert(name(index), composite);
        }
        for id in (0..7).map(name) {
            let told = world.view().target(&id, &origin_id("de-1")).health;
            prop_assert_eq!(told, by_the_tree(&world, &id, COMPOSITE_DEPTH_MAX));
            let mut leaves = Vec::new();
            leaves_by_the_tree(&world, &id, COMPOSITE_DEPTH_MAX, &mut leaves);
            leaves.sort();
            leaves.dedup();
            prop_assert_eq!(world.config.leaves(&id).into_iter().collect::<Vec<_>>(), leaves);
        }
    }
}

/// Four levels of sixteen composites, each of which contains all of the level below in both of its
/// lists: 32 to the fourth ways lead down.
fn grid() -> Value {
    let mut document = config();
    let level = |level: u8| (0..WIDTH).map(|n| format!("l{level}-{n}")).collect::<Vec<_>>();
    for n in level(0) {
        document["monitors"][n] = json!({"path": "/health", "interval_s": 60});
    }
    for depth in 1..=COMPOSITE_DEPTH_MAX {
        for id in level(depth) {
            let below = level(depth - 1);
            document["monitors"][id] = json!({"all": below, "must_pass": below});
        }
    }
    document["services"]["web"]["monitor"] = format!("l{COMPOSITE_DEPTH_MAX}-0").into();
    document["limits"]["probes_per_run"] = 10_000.into();
    document
}

/// With the tree this would look at members 8 x 20 x 1,048,576 times for health alone, and as often
/// to check the config.
#[test]
fn a_grid_of_composites_is_checked_and_worked_out_without_following_each_way() {
    let mut world = World::new(&grid());
    let top = monitor(&format!("l{COMPOSITE_DEPTH_MAX}-0"));
    assert_eq!(world.config.leaves(&top).len(), WIDTH);
    for n in 0..WIDTH {
        for region in REGIONS {
            for k in [1, 2] {
                world.believe(&format!("{region}-{k}"), &format!("l0-{n}"), Health::Up);
            }
        }
    }
    for _ in 0..20 {
        let service = world.service();
        assert!(service.regions.iter().all(|region| region.health == Health::Up));
    }
    let known = world.known("de-1", "l0-7");
    let once = crate::health::Thresholds { rise: 1, fall: 1, forgive: 1, window_ms: MINUTE };
    known.memory.observe(&pass(), once, NOW);
    known.memory.observe(&fail(), once, NOW);
    assert_eq!(world.view().target(&top, &origin_id("de-1")).health, Health::Down);
}

/// So many origins in each region, under a composite of two monitors.
fn many(origins: usize) -> Value {
    let mut document = config();
    for (region, it) in document["regions"].as_object_mut().unwrap() {
        let origin = |n| {
            let id = format!("{region}-{n}");
            json!({"id": id, "url": format!("https://{id}.example.net")})
        };
        it["origins"] = (1..=origins).map(origin).collect();
    }
    document["monitors"]["n"] = json!({"path": "/n", "interval_s": 60});
    document["monitors"]["both"] = json!({"all": ["m", "n"]});
    document["services"]["web"]["monitor"] = "both".into();
    document["services"]["web"].as_object_mut().unwrap().remove("publish");
    document["limits"]["probes_per_run"] = 10_000.into();
    document
}

/// The work for one origin has to be the same for each of many.
#[test]
fn what_a_composite_is_made_of_is_worked_out_once_for_a_service_and_not_for_each_origin() {
    for origins in [1, 2, 100] {
        let world = World::new(&many(origins));
        let before = WORKED_OUT.get();
        let service = world.service();
        assert_eq!(service.regions[0].origins.len(), origins);
        assert_eq!(WORKED_OUT.get() - before, 1, "{origins} origins");
    }
}

#[test]
fn a_composite_too_deep_and_one_in_a_circle_are_refused_however_wide() {
    let refused = |document: &Value| {
        let found = Config::parse(&document.to_string()).unwrap_err();
        found.into_iter().map(|found| (found.path, found.problem)).collect::<Vec<_>>()
    };
    let mut deeper = grid();
    let level: Vec<String> = (0..WIDTH).map(|n| format!("l{COMPOSITE_DEPTH_MAX}-{n}")).collect();
    deeper["monitors"]["top"] = json!({"any": level});
    let too_deep = ("monitors.top".to_owned(), "`top` is nested too deeply".to_owned());
    assert_eq!(refused(&deeper), [too_deep]);
    let mut circle = grid();
    circle["monitors"]["l1-3"]["must_pass"][2] = "l4-0".into();
    let told = refused(&circle);
    let through = ("monitors.l4-0".to_owned(), "`l4-0` contains itself".to_owned());
    assert!(told.contains(&through), "{told:?}");
}
