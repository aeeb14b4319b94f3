//! The routing table, the desired state and the pages say the same of each region, since all of
//! them read the view.

use super::*;
use crate::cloudflare::{Desired, Switch, Weight, desired};
use crate::controller::{Controller, routes};
use crate::ordered::Map;
use crate::routes::{CandidateEntry, Routes};
use proptest::prelude::*;

/// What is believed and said of each origin, two for each region.
type Said = Vec<(Health, Option<OverrideTo>, bool)>;

fn worlds() -> impl Strategy<Value = Said> {
    let health = prop_oneof![Just(Health::Up), Just(Health::Unknown), Just(Health::Down)];
    let set = prop_oneof![
        3 => Just(None),
        1 => prop_oneof![Just(OverrideTo::Up), Just(OverrideTo::Down), Just(OverrideTo::Drain)]
            .prop_map(Some),
    ];
    proptest::collection::vec((health, set, any::<bool>()), 2 * REGIONS.len())
}

/// A world with its config as text.
fn world(said: &Said) -> (World, String) {
    let origins = || REGIONS.iter().flat_map(|region| [1, 2].map(|k| format!("{region}-{k}")));
    let in_config = origins().zip(said).filter_map(|(origin, (_, set, by_command))| {
        let set = set.filter(|_| !by_command)?;
        let until = NOW.plus(1_000).to_string();
        Some(json!({"origin": origin, "set": set.as_str(), "reason": "r", "author": "a",
                    "until": until}))
    });
    let mut document = config();
    document["overrides"] = in_config.collect();
    let mut world = World::new(&document);
    for (origin, (health, set, by_command)) in origins().zip(said) {
        world.believe(&origin, "m", *health);
        if let Some(set) = set.filter(|_| *by_command) {
            world.command(&origin, set);
        }
    }
    (world, document.to_string())
}

/// What the pages say: `status`, and `region:<id>` by the region.
fn pages(world: &World, text: &str) -> Map<String, Value> {
    let mut controller = Controller::restore(Some(world.state.clone()), Some(text));
    let due = controller.due_documents(NOW);
    let written = due.routes.into_iter().chain(due.pages);
    Map::of(written.map(|page| (page.key, serde_json::from_str(&page.text).unwrap())))
}

fn entry<'r>(routes: &'r Routes, region: &str) -> &'r CandidateEntry {
    let service = routes.services.values().next().unwrap();
    service.regions.iter().find(|entry| entry.id.as_str() == region).unwrap()
}

fn takes_new_clients(entry: &CandidateEntry) -> bool {
    entry.health == Health::Up && !entry.draining
}

/// The hosts that the desired state enables in the pool of a region.
fn enabled(desired: &Desired, region: &str) -> Vec<String> {
    let pool = desired.pools.iter().find(|pool| pool.name == region).unwrap();
    let members = pool.origins.iter().filter(|(_, member)| member.switch == Switch::Enable);
    members.map(|(host, _)| format!("https://{host}")).collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(100))]

    #[test]
    fn the_routes_and_the_status_tell_the_same_health(said in worlds()) {
        let (world, text) = world(&said);
        let (routes, pages) = (routes(&world.view()), pages(&world, &text));
        let status = &pages.get("status").unwrap()["services"]["web"];
        for region in REGIONS {
            let told = entry(&routes, region).health.as_str();
            prop_assert_eq!(&status[region], told);
            prop_assert_eq!(world.region(region).health.as_str(), told);
        }
    }

    #[test]
    fn the_record_names_the_first_region_to_which_the_routes_send_new_clients(said in worlds()) {
        let (world, _) = world(&said);
        let (routes, desired) = (routes(&world.view()), desired(&world.view()));
        let first = REGIONS.into_iter().find(|id| takes_new_clients(entry(&routes, id)));
        let answer = desired.records[0].answer.as_ref().map(|(region, _)| region.as_str());
        prop_assert_eq!(answer, first);
    }

    #[test]
    fn a_pool_enables_the_origins_to_which_the_routes_send_new_clients(said in worlds()) {
        let (world, _) = world(&said);
        let (routes, desired) = (routes(&world.view()), desired(&world.view()));
        for region in REGIONS {
            let entry = entry(&routes, region);
            let origins = if takes_new_clients(entry) { &entry.origins[..] } else { &[] };
            prop_assert_eq!(enabled(&desired, region), origins);
        }
    }

    #[test]
    fn where_a_pool_is_down_or_gets_nothing_the_routes_send_no_new_clients(said in worlds()) {
        let (world, _) = world(&said);
        let (routes, desired) = (routes(&world.view()), desired(&world.view()));
        let balancer = &desired.balancers[0];
        let steering = balancer.fields.as_ref().unwrap().random_steering.as_ref();
        for region in REGIONS {
            let (entry, is_down) = (entry(&routes, region), balancer.down.contains(region));
            let may_serve = entry.health != Health::Down && !entry.draining;
            prop_assert!(!(is_down && may_serve), "{} is down", region);
            prop_assert!(is_down || entry.health != Health::Down, "{} is not down", region);
            let gets = steering.and_then(|steering| steering.pool_weights.get(region));
            prop_assert!(gets != Some(&Weight::NONE) || !may_serve, "{} gets nothing", region);
        }
    }

    #[test]
    fn where_no_operator_says_otherwise_the_page_of_a_region_tells_the_same(said in worlds()) {
        let said: Said = said.into_iter().map(|(health, ..)| (health, None, false)).collect();
        let (world, text) = world(&said);
        let (routes, pages) = (routes(&world.view()), pages(&world, &text));
        for region in REGIONS {
            let origins = &pages.get(&format!("region:{region}")).unwrap()["origins"];
            let told = origins.as_object().unwrap().values().map(|origin| {
                origin["monitors"]["m"]["health"].as_str().unwrap().to_owned()
            });
            let best = ["up", "unknown", "down"];
            let best = told.min_by_key(|told| best.iter().position(|word| word == told));
            prop_assert_eq!(best.unwrap(), entry(&routes, region).health.as_str());
        }
    }
}
