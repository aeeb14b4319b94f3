//! What is spent on calls: the urgent first, within budgets that everybody can see.

use super::scene::{FILES, one_of_each, set, settled, writes};
use crate::support::World;
use pointsman_lab::region::Mode;
use serde_json::json;

#[tokio::test(flavor = "multi_thread")]
async fn what_does_not_fit_into_one_pass_is_done_in_the_next() {
    let mut config = one_of_each();
    config["limits"]["api_calls_per_pass"] = json!(6);
    let mut world = World::started_with(&config).await;
    world.minutes(6).await;
    let status = world.status().await.unwrap()["cloudflare"].clone();
    assert_eq!(status["failures"], json!([]), "{status:#}");
    assert_eq!(status["withheld"], json!([]), "{status:#}");
    let settled = super::scene::tables(&settled().await);
    assert_eq!(super::scene::tables(&world), settled);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_spent_budget_stops_upkeep_and_not_a_failover() {
    let mut config = one_of_each();
    config["limits"]["api_calls_per_5_min"] = json!(60);
    let mut world = World::settled_with(&config).await;
    for _ in 0..4 {
        world.compare().await;
    }
    world.api().world().lock().edit_record(FILES, "A", &json!({"ttl": 300})).unwrap();
    world.api().clear_transcript();
    world.compare().await;
    assert_eq!(writes(&world), Vec::<String>::new(), "a time to live is upkeep");
    set(&mut world, "eu-west", Mode::Refuse).await;
    world.minute().await;
    assert_eq!(world.enabled_in_pool("eu-west"), Some(false));
    let api = world.status().await.unwrap()["cloudflare"]["api"].clone();
    assert_eq!(api["calls_in_5_min_max"], 60, "{api}");
    assert!(api["calls_in_5_min"].as_u64().unwrap() <= 60, "{api}");
    world.minutes(12).await;
    let ttl = world.api().world().lock().record(FILES, "A").unwrap()["ttl"].clone();
    assert_eq!(ttl, 60, "upkeep is done once there is room");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_quiet_half_hour_costs_a_few_reads_and_no_write() {
    let mut world = settled().await;
    world.minutes(2).await;
    world.api().clear_transcript();
    world.minutes(30).await;
    assert_eq!(writes(&world), Vec::<String>::new());
    let reads = world.api().read_calls();
    println!("30 quiet minutes with one of each object: {reads} reads");
    assert!(reads <= 12, "four lists every ten minutes: {reads}");
}
