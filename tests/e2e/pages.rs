//! What somebody finds at night: the pages in KV, their summaries, and the log.

use crate::support::{World, config};
use pointsman_lab::edge::NetFault;
use pointsman_lab::region::Mode;
use serde_json::{Value, json};

/// The summaries that the dashboard shows, by key.
async fn summary(world: &World, key: &str) -> String {
    let keys = world.edge().kv_list(key).await.unwrap();
    keys[0].metadata.as_ref().unwrap()["summary"].as_str().unwrap().to_owned()
}

/// How many lines of the log contain a text.
fn lines(world: &World, text: &str) -> usize {
    world.edge().log().iter().filter(|line| line.contains(text)).count()
}

#[tokio::test(flavor = "multi_thread")]
async fn an_outage_leaves_its_reasons_in_the_log_in_the_status_and_in_the_history() {
    let mut world = World::settled().await;
    world.edge().reset_kv_counts().await.unwrap();
    world.set("eu-west", Mode::Refuse).await;
    world.minutes(2).await;
    let ground = r#""why":"eu-west-1 in eu-west: TCP connection failed, down since 20"#;
    assert_eq!(lines(&world, ground), 2, "one for the record and one for the pool");
    let status = world.kv_json("status").await.unwrap();
    let applied = status["cloudflare"]["applied"].as_array().unwrap();
    assert!(applied.iter().all(|done| done["why"] != ""), "{status}");
    let reason = &status["reasons"]["api"]["eu-west"];
    assert_eq!([&reason["health"], &reason["because"]], ["down", "observed"]);
    let page = world.kv_json("region:eu-west").await.unwrap();
    assert_eq!(page["services"]["api"]["health"], "down");
    let during = world.kv_json("history").await.unwrap();
    assert_eq!(during["episodes"].as_array().unwrap().len(), 2, "one for each service");
    assert!(during["episodes"][0]["until"].is_null(), "{during}");
    let began = world.edge().kv_counts().await.unwrap();

    world.set("eu-west", Mode::Healthy).await;
    world.minutes(3).await;
    let after = world.kv_json("history").await.unwrap();
    for episode in after["episodes"].as_array().unwrap() {
        assert_eq!(episode["region"], "eu-west");
        assert!(episode["lasted_s"].as_u64().is_some_and(|lasted_s| lasted_s >= 60), "{after}");
        assert!(episode["why"].as_str().unwrap().contains("TCP connection failed"), "{after}");
    }
    assert_eq!(lines(&world, r#""why":"eu-west-1 in eu-west: up since 20"#), 2);
    assert_eq!(world.kv_json("status").await.unwrap()["reasons"], json!({}));
    let ended = world.edge().kv_counts().await.unwrap();
    println!("KV writes: {} while it went down, {} in all", began.writes, ended.writes);
    println!("{:?}", ended.writes_by_key);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_withheld_is_in_the_log_once_and_in_the_summary_as_long_as_it_is() {
    let mut world = World::settled().await;
    world.set("sa-east", Mode::Refuse).await;
    world.minutes(4).await;
    let what = "ithheld at Cloudflare: pool api-sa-east: disable ";
    let begins = format!("W{what}");
    let told = world.edge().log().into_iter().filter(|line| line.contains(&begins));
    let told: Vec<String> = told.collect();
    assert_eq!(told.len(), 1, "{told:#?}");
    assert!(summary(&world, "status").await.contains("1 withheld"));
    world.set("sa-east", Mode::Healthy).await;
    world.minutes(3).await;
    assert_eq!(lines(&world, &format!("No longer w{what}")), 1);
    assert!(!summary(&world, "status").await.contains("withheld"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_region_that_an_operator_holds_down_is_down_on_every_page() {
    let mut config = config();
    config["overrides"] = json!([{
        "region": "eu-west", "set": "down", "reason": "change 4711", "author": "ada",
        "until": "2099-01-01T00:00:00Z",
    }]);
    let world = World::settled_with(&config).await;
    let status = world.kv_json("status").await.unwrap();
    let page = world.kv_json("region:eu-west").await.unwrap();
    let monitor = &page["origins"]["eu-west-1"]["monitors"]["api"];
    assert_eq!(status["services"]["api"]["eu-west"], "down");
    assert_eq!(status["reasons"]["api"]["eu-west"], page["services"]["api"]);
    assert_eq!([&monitor["health"], &monitor["because"]], ["down", "override"]);
    assert_eq!(monitor["observed"], "up");
    assert_eq!(summary(&world, "region:eu-west").await, "IE down (override)");
    assert!(summary(&world, "routes").await.contains("1 override"));
    let why = r#""why":"eu-west-1 in eu-west: set down by ada until 2099-01-01T00:00:00.000Z"#;
    assert!(lines(&world, why) > 0, "{:#?}", world.edge().log());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refused_config_is_in_the_log_with_its_cause_and_a_doubt_with_its_end() {
    let mut world = World::settled().await;
    let good = world.stored_config().await;
    let mut bad = good.clone();
    bad["services"]["api"]["monitor"] = "nothing".into();
    world.edge().kv_put("config", &bad.to_string()).await.unwrap();
    world.minutes(2).await;
    let cause = "is refused, the last good one stays: E006 services.api.monitor: `nothing` is not";
    assert_eq!(lines(&world, cause), 1, "{:#?}", world.edge().log());
    // In another layout it is the same config.
    let in_use = world.status().await.unwrap()["config"]["in_use"].clone();
    let pretty = serde_json::to_string_pretty(&good).unwrap();
    world.edge().kv_put("config", &pretty).await.unwrap();
    world.minute().await;
    let told: Value = world.status().await.unwrap()["config"].clone();
    assert_eq!((&told["in_use"], &told["refused"]), (&in_use, &Value::Null));
    world.network(Some(NetFault::Refuse)).await.unwrap();
    world.minutes(2).await;
    assert_eq!(lines(&world, r#""event":"doubt""#), 1);
    assert!(summary(&world, "status").await.contains("observer in doubt"));
    world.network(None).await.unwrap();
    world.minute().await;
    assert_eq!(lines(&world, r#""event":"doubt_over""#), 1);
}
