//! Drills at the deployed Worker: clients move and return, whatever dies in between, and the report
//! says so.

use crate::orders::{act, region_anew};
use crate::support::{World, config, until};
use pointsman_lab::deployment::{ADMIN_HOST, ADMIN_TOKEN};
use pointsman_lab::region::Mode;
use reqwest::Method;
use serde_json::{Value, json};

/// The example service, whose drills are not watched for longer than it takes.
fn quick() -> Value {
    let mut config = config();
    config["services"]["api"]["failover"]["failback"] =
        json!({"stages": [50, 100], "bake_s": 0, "after_s": 0});
    config
}

async fn page(world: &World, path: &str) -> (u16, Value) {
    let path = format!("/.pointsman/v1/{path}");
    let request = world.edge().request(Method::GET, ADMIN_HOST, &path, None);
    let answer = request.bearer_auth(ADMIN_TOKEN).send().await.unwrap();
    let status = answer.status().as_u16();
    (status, serde_json::from_str(&answer.text().await.unwrap()).unwrap())
}

/// Begins a drill of the service behind the proxy. Returns its id.
async fn drill(world: &World, kind: &str, region: &str) -> String {
    drill_of(world, "api", kind, region).await
}

async fn drill_of(world: &World, service: &str, kind: &str, region: &str) -> String {
    let drill = json!({"service": service, "kind": kind, "region": region});
    act(world, &json!({"act": {"drill": drill}, "reason": "a test"})).await;
    let (_, index) = page(world, "drills").await;
    index["drills"][0]["id"].as_str().unwrap().to_owned()
}

async fn of(world: &World, id: &str) -> Value {
    page(world, &format!("drills/{id}")).await.1["drill"].clone()
}

/// Makes runs until the drill has ended.
async fn ended(world: &mut World, id: &str) -> Value {
    for _ in 0..12 {
        let drill = of(world, id).await;
        if drill["ended"].is_string() {
            return drill;
        }
        world.minute().await;
    }
    panic!("{:#}\n{:#?}", of(world, id).await, world.edge().log());
}

/// What the table in KV says of a region.
async fn routed(world: &World, region: &str, key: &str) -> Value {
    let routes = world.kv_json("routes").await.unwrap();
    let regions = routes["services"]["api"]["regions"].as_array().unwrap().clone();
    regions.iter().find(|it| it["id"] == region).unwrap()[key].clone()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_decision_says_who_would_go_where_and_moves_nobody() {
    let world = World::settled_with(&quick()).await;
    let before = world.kv_json("routes").await.unwrap()["services"].clone();
    let id = drill(&world, "decision", "eu-west").await;
    let drill = of(&world, &id).await;
    assert_eq!(drill["outcome"], "SUCCEEDED", "{drill:#}");
    let findings = drill["findings"].to_string();
    assert!(findings.contains("eu-west is down, and was up"), "{findings}");
    assert_eq!(world.kv_json("routes").await.unwrap()["services"], before);
    until("its report is in KV", async || {
        let page = world.kv_json(&format!("drill:{id}")).await.unwrap_or_default();
        page["report"][0] == format!("# Drill {id}")
    })
    .await;
    let (status, problem) = page(&world, "drills/none").await;
    assert_eq!(status, 404, "{problem:#}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_canary_moves_its_share_outlives_a_crash_and_returns() {
    let mut world = World::settled_with(&quick()).await;
    let id = drill(&world, "canary", "eu-west").await;
    until("the table in KV says so", async || routed(&world, "eu-west", "returned").await == 50)
        .await;
    assert_eq!(routed(&world, "eu-west", "draining").await, false);
    world.crash().await;
    let drill = ended(&mut world, &id).await;
    assert_eq!(drill["outcome"], "SUCCEEDED", "{drill:#}");
    let reached: Vec<_> = drill["reached"].as_array().unwrap().iter().collect();
    assert_eq!(reached.len(), 5, "{drill:#}");
    until("the table in KV says so", async || {
        routed(&world, "eu-west", "returned").await.is_null()
    })
    .await;
    until("the list in KV says so", async || {
        let index = world.kv_json("drills").await.unwrap();
        index["drills"][0]["outcome"] == "SUCCEEDED"
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_full_one_moves_all_clients_and_brings_them_back_whatever_dies() {
    let mut config = quick();
    config["services"]["api"]["failover"]["failback"]["bake_s"] = json!(300);
    let mut world = World::settled_with(&config).await;
    assert_eq!(region_anew(&world).await, "eu-west");
    let id = drill(&world, "full", "eu-west").await;
    until("the table in KV says so", async || routed(&world, "eu-west", "draining").await == true)
        .await;
    assert_eq!(region_anew(&world).await, "us-east");
    world.minute().await;
    let status = world.status().await.unwrap();
    assert_eq!(status["drill"]["id"], id.as_str(), "{status:#}");
    assert_eq!(status["incidents"], json!([]), "a drill is no incident");
    world.crash().await;
    let drill = ended(&mut world, &id).await;
    assert_eq!(drill["outcome"], "SUCCEEDED", "{drill:#}\n{:#?}", world.edge().log());
    until("the table in KV says so", async || routed(&world, "eu-west", "draining").await == false)
        .await;
    assert_eq!(region_anew(&world).await, "eu-west");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_full_one_of_a_service_without_a_proxy_moves_its_record_there_and_back() {
    let mut world = World::settled_with(&config()).await;
    assert!(world.answer().await.contains("eu1"));
    let id = drill_of(&world, "downloads", "full", "eu-west").await;
    until("the record leads elsewhere", async || world.answer().await.contains("us1")).await;
    let drill = ended(&mut world, &id).await;
    assert_eq!(drill["outcome"], "SUCCEEDED", "{drill:#}\n{:#?}", world.edge().log());
    until("the record is back", async || world.answer().await.contains("eu1")).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_region_that_fails_meanwhile_ends_it_and_nobody_is_led_there() {
    let mut config = quick();
    config["services"]["api"]["failover"]["failback"]["bake_s"] = json!(3_600);
    let mut world = World::settled_with(&config).await;
    let id = drill(&world, "full", "eu-west").await;
    world.minute().await;
    world.set("us-east", Mode::Refuse).await;
    let drill = ended(&mut world, &id).await;
    assert_eq!(drill["outcome"], "ABORTED_SAFETY", "{drill:#}");
    assert_eq!(drill["why_ended"], "us-east is down");
    until("the table in KV says so", async || routed(&world, "eu-west", "draining").await == false)
        .await;
    assert_eq!(region_anew(&world).await, "eu-west");
}
