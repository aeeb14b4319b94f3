//! Guards on a live deployment: what is withheld, and that it is done once it may be.

use super::scene::{one_of_each, set, tables, writes};
use crate::support::World;
use pointsman_lab::region::Mode;
use serde_json::{Value, json};

async fn withheld(world: &World) -> String {
    world.status().await.unwrap()["cloudflare"]["withheld"].to_string()
}

async fn with_guards(guards: Value) -> World {
    let mut config = one_of_each();
    config["guards"] = guards;
    World::settled_with(&config).await
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_changes_while_all_is_halted_and_all_does_after() {
    let mut world = with_guards(json!({"hold_down_s": 0})).await;
    let settled = tables(&world);
    let mut config = world.stored_config().await;
    config["guards"]["halted"] = json!(true);
    world.edge().kv_put("config", &config.to_string()).await.unwrap();
    set(&mut world, "eu-west", Mode::Refuse).await;
    world.minutes(2).await;
    assert_eq!(tables(&world), settled);
    assert!(withheld(&world).await.contains("halted"));
    config["guards"]["halted"] = json!(false);
    world.edge().kv_put("config", &config.to_string()).await.unwrap();
    world.minutes(1).await;
    assert_ne!(tables(&world), settled);
    assert!(!withheld(&world).await.contains("halted"));
}

#[tokio::test(flavor = "multi_thread")]
async fn traffic_stays_where_it_was_moved_to_until_the_hold_down_ends() {
    let mut world = with_guards(json!({"hold_down_s": 300})).await;
    let settled = tables(&world);
    set(&mut world, "eu-west", Mode::Refuse).await;
    world.minute().await;
    set(&mut world, "eu-west", Mode::Healthy).await;
    world.minutes(2).await;
    assert_eq!(world.health("eu-west").await, "up");
    assert_eq!(world.enabled_in_pool("eu-west"), Some(false));
    let told = withheld(&world).await;
    assert!(told.contains("stays for 300 s, until 20") && told.contains("[hold_down]"), "{told}");
    world.minutes(5).await;
    assert_eq!(tables(&world), settled, "{}", withheld(&world).await);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_second_region_is_not_given_up_where_one_is_the_most() {
    let mut world = with_guards(json!({"hold_down_s": 0, "regions_away": 1})).await;
    set(&mut world, "eu-west", Mode::Refuse).await;
    world.minute().await;
    assert_eq!(world.enabled_in_pool("eu-west"), Some(false));
    set(&mut world, "us-east", Mode::Refuse).await;
    world.minutes(2).await;
    assert_eq!(world.enabled_in_pool("us-east"), Some(true));
    let told = withheld(&world).await;
    assert!(
        told.contains("2 regions would be away (eu-west, us-east), at most 1 may be"),
        "{told}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_region_is_kept_that_the_others_could_not_replace() {
    let mut config = one_of_each();
    for region in ["eu-west", "us-east"] {
        config["regions"][region]["capacity_rps"] = json!(100);
    }
    config["services"]["bulk"]["peak_rps"] = json!(150);
    let mut world = World::settled_with(&config).await;
    set(&mut world, "eu-west", Mode::Refuse).await;
    world.minutes(2).await;
    assert_eq!(world.api().world().lock().pool("bulk-eu").unwrap()["enabled"], true);
    assert_eq!(world.enabled_in_pool("eu-west"), Some(false), "another service says nothing");
    let told = withheld(&world).await;
    assert!(
        told.contains("the remaining regions carry 100 rps, the peak is 150 rps [capacity]"),
        "{told}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_service_that_changes_too_often_is_left_alone_for_a_while() {
    let mut world = with_guards(json!({"hold_down_s": 0, "changes_per_hour": 6})).await;
    for _ in 0..5 {
        set(&mut world, "eu-west", Mode::Refuse).await;
        world.minutes(2).await;
        set(&mut world, "eu-west", Mode::Healthy).await;
        world.minutes(2).await;
    }
    let told = withheld(&world).await;
    assert!(told.contains("of its 6 changes in the last hour [change_budget]"), "{told}");
    let calls = writes(&world).len();
    set(&mut world, "eu-west", Mode::Refuse).await;
    world.minutes(2).await;
    assert_eq!(writes(&world).len(), calls, "{:#?}", writes(&world));
}
