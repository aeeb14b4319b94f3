//! Other people who edit and delete what a client of the emulated API holds.
mod api_support;

use api_support::{pool_body, scene};
use serde_json::json;

#[tokio::test]
async fn a_rival_writes_between_a_read_and_the_write_that_follows_it() {
    let s = scene().await;
    let pool = format!("{}/{}", s.pools(), s.eu);
    s.api.on_next_get(&pool, |world| {
        world.edit_pool("eu", &json!({"description": "theirs", "minimum_origins": 2})).unwrap();
    });
    s.get(&format!("{}/{}", s.pools(), s.us)).await.result();
    assert_eq!(s.api.waiting_edits(), 1, "another pool was read");
    let read = s.get(&pool).await.result().clone();
    assert_eq!(read["description"], json!(""), "the edit came after the answer");
    assert_eq!(s.api.waiting_edits(), 0);
    let written = s.patch(&pool, json!({"minimum_origins": 1})).await.result().clone();
    assert_eq!(written["description"], json!("theirs"));
    assert_eq!(written["minimum_origins"], json!(1), "the last writer wins");
    assert_eq!(s.api.transcript().len(), 3, "the rival made no call");
}

#[tokio::test]
async fn rivals_wait_for_a_read_that_is_answered_and_come_one_at_a_time() {
    let s = scene().await;
    let record = format!("{}/{}", s.records(), s.www);
    let (api, list) = (&s.api, s.records());
    api.on_next_get(&list, |world| world.remove_record("www.example.com", "CNAME").unwrap());
    api.on_next_get(&list, |world| world.remove_record("db.example.com", "A").unwrap());
    s.as_token("unknown", reqwest::Method::GET, &record).await;
    s.patch(&record, json!({"ttl": 300})).await.result();
    assert_eq!(api.waiting_edits(), 2, "a refused read and a write do not count");
    s.get(&record).await.result();
    assert_eq!(s.patch(&record, json!({"ttl": 60})).await.refusal(), (404, 81044));
    assert_eq!(api.waiting_edits(), 1);
    assert_eq!(s.get(&list).await.result().as_array().unwrap().len(), 2);
    assert_eq!(s.get(&list).await.result().as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn a_removed_pool_leaves_its_load_balancers_and_the_next_one_becomes_the_fallback() {
    let s = scene().await;
    let balancer = json!({
        "country_pools": {"DE": [s.us, s.eu], "US": [s.us]}, "fallback_pool": s.us,
        "random_steering": {"pool_weights": {s.eu.as_str(): 0.5, s.us.as_str(): 0.5}},
        "rules": [{"name": "r", "condition": "true", "overrides": {"fallback_pool": s.us}}],
    });
    let world = s.api.world();
    let mut world = world.lock();
    world.edit_load_balancer("api.example.com", &balancer).unwrap();
    world.remove_pool("us").unwrap();
    assert_eq!(world.pool("us"), None);
    let left = world.load_balancer("api.example.com").unwrap();
    assert!(!left.to_string().contains(&s.us), "{left}");
    assert_eq!((&left["default_pools"], &left["fallback_pool"]), (&json!([s.eu]), &json!(s.eu)));
    assert_eq!(left["country_pools"], json!({"DE": [s.eu]}));
    world.remove_pool("eu").unwrap();
    assert_eq!(world.load_balancer("api.example.com"), None, "no pool is left for it");
    assert_eq!(world.remove_pool("eu").unwrap_err().status, 404);
    assert!(s.api.transcript().is_empty(), "nobody made a call");
}

#[tokio::test]
async fn monitors_and_load_balancers_are_edited_and_removed_by_others() {
    let s = scene().await;
    let world = s.api.world();
    let mut world = world.lock();
    world.edit_monitor(&s.monitor, &json!({"interval": 120})).unwrap();
    assert_eq!(world.monitor(&s.monitor).unwrap()["interval"], json!(120));
    world.remove_monitor(&s.monitor).unwrap();
    assert_eq!(world.monitor(&s.monitor), None);
    assert_eq!(world.pool("eu").unwrap().get("monitor"), None);
    world.remove_load_balancer("api.example.com").unwrap();
    assert_eq!(world.load_balancer("api.example.com"), None);
    world.add_pool(&pool_body("sa")).unwrap();
    let gone = [
        world.remove_monitor(&s.monitor),
        world.edit_monitor(&s.monitor, &json!({})),
        world.remove_load_balancer("api.example.com"),
        world.remove_record("api.example.com", "A"),
    ];
    assert!(gone.iter().all(|gone| gone.as_ref().is_err_and(|refusal| refusal.status == 404)));
    assert_eq!(world.record("db.example.com", "A").unwrap()["content"], json!("192.0.2.10"));
    assert_eq!(world.record("db.example.com", "AAAA"), None);
}
