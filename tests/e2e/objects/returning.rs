//! Clients that return to a region by stages: by the weights of a load balancer, and by a record at
//! the last stage.

use super::scene::{BALANCER, conforms, one_of_each, set, tables};
use crate::support::World;
use pointsman_lab::region::Mode;
use serde_json::{Value, json};

/// The policy of the balancer, its pools in order, their weights, and whether Europe's is in use.
fn balancer(world: &World) -> (String, Value, Value, bool) {
    let found = world.api().world().lock().load_balancer(BALANCER).unwrap();
    let tables = tables(world);
    let named = tables["zones"][0]["load_balancers"][0].clone();
    let pools = tables["pools"].as_array().unwrap();
    let europe = pools.iter().find(|pool| pool["name"] == "bulk-eu").unwrap();
    (
        found["steering_policy"].as_str().unwrap().to_owned(),
        named["default_pools"].clone(),
        named["random_steering"]["pool_weights"].clone(),
        europe["enabled"] == true,
    )
}

#[tokio::test(flavor = "multi_thread")]
async fn a_balancer_gives_a_region_its_weight_stage_by_stage_and_a_record_waits_for_the_last() {
    let mut config = one_of_each();
    let failback = json!({"failback": {"after_s": 60, "bake_s": 60, "stages": [10, 50, 100]}});
    config["services"]["bulk"]["failover"] = failback.clone();
    config["services"]["downloads"]["failover"] = failback;
    // Its proxy divides the clients, so its record waits. A record alone has one stage.
    config["services"]["downloads"]["hosts"] = json!(["files.example.com"]);
    let mut world = World::settled_with(&config).await;
    let (all, europe_last) = (json!(["bulk-eu", "bulk-us"]), json!(["bulk-us", "bulk-eu"]));
    let (policy, pools, ..) = balancer(&world);
    assert_eq!((policy.as_str(), &pools), ("off", &all));
    set(&mut world, "eu-west", Mode::Refuse).await;
    world.minutes(2).await;
    let (policy, pools, _, is_in_use) = balancer(&world);
    assert_eq!((policy.as_str(), &pools, is_in_use), ("off", &europe_last, false));
    assert!(world.answer().await.contains("us1"));
    set(&mut world, "eu-west", Mode::Healthy).await;
    let mut seen = Vec::new();
    for _ in 0..8 {
        world.minutes(1).await;
        world.compare().await;
        let (policy, pools, weights, is_in_use) = balancer(&world);
        let now = json!([policy, pools, weights, is_in_use, world.answer().await.contains("eu1")]);
        if seen.last() != Some(&now) {
            seen.push(now);
        }
    }
    // A weight of 1 is that of whoever is not named.
    let (tenth, half) = (json!({"bulk-eu": 0.11}), json!({}));
    assert_eq!(seen[0][3], json!(false), "it is up, and nobody has returned: {seen:#?}");
    let stages: Vec<(&Value, &Value, &Value)> =
        seen.iter().skip(1).map(|it| (&it[0], &it[2], &it[4])).collect();
    let (random, off, not_yet, back) = (json!("random"), json!("off"), json!(false), json!(true));
    assert_eq!(stages[0], (&random, &tenth, &not_yet), "{seen:#?}");
    assert_eq!(stages[1], (&random, &half, &not_yet), "{seen:#?}");
    let last = stages.last().unwrap();
    assert_eq!((last.0, last.2), (&off, &back), "{seen:#?}");
    assert_eq!(balancer(&world).1, all);
    assert!(balancer(&world).3);
    conforms(&world);
}
