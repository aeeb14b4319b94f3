//! What people declare: that a region is out, and that data may be corrupt.

use crate::orders::{lift, order, region, region_anew};
use crate::support::{World, until};
use pointsman_lab::deployment::BERLIN;
use pointsman_lab::region::Mode;
use serde_json::{Value, json};

/// The changes at the API since the transcript was cleared, as method and path.
fn writes(world: &World) -> Vec<String> {
    let transcript = world.api().transcript();
    let writes = transcript.iter().filter(|exchange| exchange.is_write());
    writes.map(|exchange| format!("{} {}", exchange.method, exchange.path)).collect()
}

/// The health of `eu-west` in the table that proxies read.
async fn in_table(world: &World) -> Value {
    let routes = world.kv_json("routes").await.unwrap();
    let regions = routes["services"]["api"]["regions"].as_array().unwrap();
    regions.iter().find(|region| region["id"] == "eu-west").unwrap()["health"].clone()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_declared_outage_moves_clients_and_the_record_although_probes_pass() {
    let mut world = World::settled().await;
    assert_eq!(region(&world).await, "eu-west");
    let outage = order(&world, json!({"outage": {"region": "eu-west"}})).await;
    until("the record leads elsewhere", async || world.answer().await.contains("us1")).await;
    until("the pool has it disabled", async || world.enabled_in_pool("eu-west") == Some(false))
        .await;
    until("the table in KV says so", async || in_table(&world).await == "down").await;
    assert_eq!(region_anew(&world).await, "us-east");
    world.minutes(2).await;
    assert_eq!(world.health("eu-west").await, "down", "although its probes pass");
    assert!(world.answer().await.contains("us1"));

    lift(&world, outage).await;
    world.minutes(2).await;
    assert_eq!(world.health("eu-west").await, "up");
    until("the record leads back", async || world.answer().await.contains("eu1")).await;
    until("the pool has it enabled", async || world.enabled_in_pool("eu-west") == Some(true)).await;
    until("the table in KV says so", async || in_table(&world).await == "up").await;
    assert_eq!(region_anew(&world).await, "eu-west");
}

#[tokio::test(flavor = "multi_thread")]
async fn while_data_may_be_corrupt_a_region_that_goes_down_moves_nothing() {
    let mut world = World::settled().await;
    world.compare().await;
    let before = world.answer().await;
    let corruption = order(&world, json!({"corruption": {}})).await;
    world.api().clear_transcript();
    world.set("eu-west", Mode::Refuse).await;
    world.minutes(5).await;
    assert_eq!(world.health("eu-west").await, "down");
    assert_eq!(writes(&world), [""; 0], "nothing is even tried");
    assert_eq!((world.answer().await, world.enabled_in_pool("eu-west")), (before, Some(true)));
    let status = world.status().await.unwrap();
    let withheld = status["cloudflare"]["withheld"].to_string();
    assert!(withheld.contains("downloads.example.com"), "{status:#}");
    let routes = world.kv_json("routes").await.unwrap();
    assert_eq!(routes["services"]["api"]["frozen"], true, "{routes:#}");
    assert_eq!(region_anew(&world).await, "none", "its clients are sent nowhere else");
    let refused = world.get(BERLIN, "/x").await.unwrap();
    assert_eq!(refused.status, 503, "{refused:?}");
    assert_eq!(refused.problem().unwrap()["code"], "no_usable_region", "{refused:?}");

    lift(&world, corruption).await;
    until("the failover happens", async || world.answer().await.contains("us1")).await;
    until("the pool has it disabled", async || world.enabled_in_pool("eu-west") == Some(false))
        .await;
    until("the table in KV says so", async || {
        let routes = world.kv_json("routes").await.unwrap();
        routes["services"]["api"]["frozen"] != true
    })
    .await;
    assert_eq!(region_anew(&world).await, "us-east");
}
