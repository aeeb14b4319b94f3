//! What the Controller keeps in its own storage, of a large deployment.

use crate::support::{World, config};
use pointsman_lab::edge::Route;
use serde_json::{Map, Value, json};
use std::time::Instant;

const ORIGINS: usize = 200;
const MONITORS: usize = 20;

/// An id of 63 bytes.
fn id(word: &str, number: usize) -> String {
    format!("{word}-{number:03}-{}", "x".repeat(63 - 5 - word.len()))
}

fn host(number: usize) -> String {
    format!("o{number}.large.example.net")
}

/// 200 origins under 20 monitors, which one composite joins.
fn large() -> Value {
    let mut config = config();
    let origin =
        |number| json!({"id": id("origin", number), "url": format!("https://{}", host(number))});
    let origins: Vec<Value> = (0..ORIGINS).map(origin).collect();
    config["regions"]["eu-west"]["origins"] = json!(origins);
    let monitors: Vec<String> = (0..MONITORS).map(|number| id("monitor", number)).collect();
    let probe = json!({"path": "/api/health", "interval_s": 60, "timeout_ms": 500, "rise": 1});
    let mut all: Map<String, Value> =
        monitors.iter().map(|name| (name.clone(), probe.clone())).collect();
    all.insert("api".to_owned(), json!({"all": monitors[..16], "must_pass": monitors[16..]}));
    config["monitors"] = all.into();
    config["services"] = json!({"api": {
        "hosts": ["api.example.com"], "monitor": "api", "regions": ["eu-west"],
    }});
    for region in ["us-east", "sa-east"] {
        config["regions"].as_object_mut().unwrap().remove(region);
    }
    config["residency"] = json!([]);
    config["limits"] = json!({"probes_per_run": 10_000});
    config
}

#[tokio::test(flavor = "multi_thread")]
async fn four_thousand_targets_are_saved_and_outlive_a_crash() {
    let mut world = World::started_with(&large()).await;
    let port = world.region("eu-west").unwrap().port();
    for number in 0..ORIGINS {
        let route = Route { port, ..Route::default() };
        world.edge().route_host(&host(number), route).await.unwrap();
    }
    let began = Instant::now();
    world.minute().await;
    println!("a run over {} targets took {} ms", ORIGINS * MONITORS, began.elapsed().as_millis());
    let before = world.status().await.unwrap();
    assert_eq!(before["services"]["api"]["eu-west"], "up", "{before:#}");
    assert_eq!(before["last_run"]["probes"], ORIGINS * MONITORS, "{before:#}");
    // Nothing but the rows can bring it back.
    world.edge().kv_delete("state").await.unwrap();
    world.crash().await;
    let began = Instant::now();
    let after = world.status().await.unwrap();
    println!("waking took {} ms", began.elapsed().as_millis());
    for key in ["generation", "services", "config"] {
        assert_eq!(after[key], before[key], "{key}");
    }
    assert_eq!(after["last_run"], before["last_run"], "the last round was saved");
}
