//! What the emulated API does to those who write to it: load balancing and DNS.
mod api_support;

use api_support::{pool_body, scene, scene_with};
use serde_json::{Value, json};

#[tokio::test]
async fn a_patch_of_origins_replaces_the_whole_list_and_leaves_other_fields_alone() {
    let s = scene().await;
    let path = format!("{}/{}", s.pools(), s.eu);
    let before = s.get(&path).await.result().clone();
    let origins = json!([{"name": "eu-1", "address": "192.0.2.1", "enabled": false}]);
    let after = s.patch(&path, json!({"origins": origins})).await.result().clone();
    assert_eq!(after["origins"].as_array().unwrap().len(), 1, "eu-2 was not sent, so it is gone");
    assert_eq!(after["origins"][0]["weight"], json!(1), "an unsent weight falls to its default");
    assert!(after["origins"][0]["disabled_at"].is_string());
    assert_eq!(after["monitor"], before["monitor"]);
    assert_eq!(after["created_on"], before["created_on"]);
    assert_ne!(after["modified_on"], before["modified_on"]);
    assert_eq!(s.get(&path).await.result(), &after);
}

#[tokio::test]
async fn a_put_resets_unsent_fields_to_their_defaults() {
    let s = scene().await;
    let path = format!("{}/{}", s.pools(), s.eu);
    s.patch(&path, json!({"enabled": false, "minimum_origins": 2, "description": "old"})).await;
    let pool = s.put(&path, pool_body("eu")).await.result().clone();
    assert_eq!(pool["id"], json!(s.eu));
    assert_eq!(pool["enabled"], json!(true));
    assert_eq!(pool["minimum_origins"], json!(1));
    assert_eq!(pool["description"], json!(""));
    assert_eq!(pool.get("monitor"), None);
    assert_eq!(pool.get("disabled_at"), None);
}

#[tokio::test]
async fn a_new_pool_shows_the_documented_defaults() {
    let s = scene().await;
    let pool = s.post(&s.pools(), pool_body("sa")).await.result().clone();
    let expected = json!({
        "enabled": true, "minimum_origins": 1, "check_regions": null, "health_sources": null,
        "notification_filter": null, "notification_email": "", "description": "",
        "origin_steering": {"policy": "random"},
        "load_shedding": {"default_percent": 0, "default_policy": "random",
            "session_percent": 0, "session_policy": "hash"},
    });
    for (field, value) in expected.as_object().unwrap() {
        assert_eq!(&pool[field], value, "{field}");
    }
    assert_eq!(pool["origins"][0]["weight"], json!(1));
    assert_eq!(pool["origins"][0]["enabled"], json!(true));
    assert_eq!(pool["id"].as_str().unwrap().len(), 32);
}

#[tokio::test]
async fn read_only_and_unknown_fields_are_refused_and_nothing_changes() {
    let s = scene().await;
    let before = s.api.world().lock().snapshot();
    let pool = format!("{}/{}", s.pools(), s.eu);
    let monitor = format!("{}/{}", s.monitors(), s.monitor);
    let balancer = format!("{}/{}", s.balancers(), s.balancer);
    let record = format!("{}/{}", s.records(), s.www);
    for (path, field) in [
        (&pool, "id"),
        (&pool, "created_on"),
        (&pool, "modified_on"),
        (&pool, "disabled_at"),
        (&pool, "orgins"),
        (&monitor, "created_on"),
        (&monitor, "intervall"),
        (&balancer, "id"),
        (&balancer, "zone_name"),
        (&record, "proxiable"),
        (&record, "modified_on"),
    ] {
        let seen = s.patch(path, json!({field: "x"})).await;
        assert_eq!(seen.status, 400, "{field}: {}", seen.body);
        assert_eq!(seen.pointer(), format!("/{field}"));
    }
    let origin = json!({"address": "192.0.2.1", "disabled_at": "2026-01-01T00:00:00Z"});
    let seen = s.patch(&pool, json!({"origins": [origin]})).await;
    assert_eq!((seen.status, seen.pointer()), (400, "/origins/0/disabled_at"));
    assert_eq!(s.api.world().lock().snapshot(), before);
}

#[tokio::test]
async fn values_out_of_range_are_refused_with_a_pointer() {
    let s = scene().await;
    let pool = format!("{}/{}", s.pools(), s.eu);
    let weight = |w: f64| json!({"origins": [{"address": "192.0.2.1", "weight": w}]});
    for (body, pointer) in [
        (weight(1.01), "/origins/0/weight"),
        (weight(-0.01), "/origins/0/weight"),
        (weight(0.005), "/origins/0/weight"),
        (json!({"origins": []}), "/origins"),
        (json!({"origins": [{"name": "no address"}]}), "/origins/0/address"),
        (json!({"origins": [{"address": "300.1.1.1"}]}), "/origins/0/address"),
        (json!({"name": "no spaces"}), "/name"),
        (json!({"enabled": "yes"}), "/enabled"),
        (json!({"check_regions": ["EUROPE"]}), "/check_regions/0"),
        (json!({"load_shedding": {"default_percent": 101}}), "/load_shedding/default_percent"),
        (json!({"latitude": 53.3}), "/latitude"),
        (json!({"health_sources": ["regional", "global"]}), "/health_sources"),
        (json!({"monitor": "0123456789abcdef0123456789abcdef"}), "/monitor"),
    ] {
        let seen = s.patch(&pool, body.clone()).await;
        assert_eq!(seen.refusal(), (400, 1002), "{body}");
        assert_eq!(seen.pointer(), pointer, "{body}");
    }
    s.patch(&pool, json!({"check_regions": ["CHINA", "WEU"]})).await.result();
    for allowed in [0.0, 0.07, 1.0] {
        s.patch(&pool, weight(allowed)).await.result();
    }
    let seen = s.post(&s.pools(), json!({"name": "x"})).await;
    assert_eq!((seen.status, seen.pointer()), (400, "/origins"));
    assert_eq!(s.post(&s.pools(), pool_body("us")).await.refusal(), (400, 1003));
}

#[tokio::test]
async fn pools_and_monitors_in_use_cannot_be_deleted() {
    let s = scene().await;
    let monitor = format!("{}/{}", s.monitors(), s.monitor);
    let pool = format!("{}/{}", s.pools(), s.eu);
    let balancer = format!("{}/{}", s.balancers(), s.balancer);
    assert_eq!(s.delete(&monitor).await.refusal(), (412, 1005));
    assert_eq!(s.delete(&pool).await.refusal(), (412, 1005));
    let references = s.get(&format!("{pool}/references")).await.result().clone();
    assert_eq!(references[0]["resource_id"], json!(s.balancer));
    assert_eq!(references[1]["resource_id"], json!(s.monitor));
    assert_eq!(s.delete(&balancer).await.result(), &json!({"id": s.balancer}));
    s.delete(&pool).await.result();
    s.delete(&monitor).await.result();
    assert_eq!(s.get(&pool).await.status, 404);
    assert_eq!(s.get(&monitor).await.status, 404);
    assert_eq!(s.get(&balancer).await.status, 404);
}

#[tokio::test]
async fn only_an_empty_list_clears_pool_sets() {
    let s = scene().await;
    let balancer = format!("{}/{}", s.balancers(), s.balancer);
    let set = json!([{"name": "rest", "disabled": false, "match": {"default": true}}]);
    for (body, left) in [
        (json!({"pool_sets": set}), set.clone()),
        (json!({"enabled": false}), set.clone()),
        (json!({"pool_sets": null}), set.clone()),
        (json!({"pool_sets": []}), json!([])),
    ] {
        assert_eq!(s.patch(&balancer, body.clone()).await.result()["pool_sets"], left, "{body}");
    }
}

#[tokio::test]
async fn a_pool_named_only_in_a_rule_is_in_use_too() {
    let s = scene().await;
    let third = s.post(&s.pools(), pool_body("sa")).await.result()["id"].clone();
    let rule = json!({"name": "r", "condition": "true", "overrides": {"default_pools": [third]}});
    let balancer = format!("{}/{}", s.balancers(), s.balancer);
    s.patch(&balancer, json!({"rules": [rule]})).await.result();
    let pool = format!("{}/{}", s.pools(), third.as_str().unwrap());
    assert_eq!(s.delete(&pool).await.refusal(), (412, 1005));
}

#[tokio::test]
async fn a_load_balancer_may_only_name_pools_that_exist() {
    let s = scene().await;
    let balancer = format!("{}/{}", s.balancers(), s.balancer);
    let ghost = "0123456789abcdef0123456789abcdef";
    for (body, pointer) in [
        (json!({"fallback_pool": ghost}), "/fallback_pool"),
        (json!({"default_pools": [s.eu, ghost]}), "/default_pools/1"),
        (json!({"country_pools": {"DE": [ghost]}}), "/country_pools/DE/0"),
        (json!({"default_pools": []}), "/default_pools"),
        (json!({"steering_policy": "fastest"}), "/steering_policy"),
        (
            json!({"session_affinity": "cookie", "session_affinity_ttl": 1799}),
            "/session_affinity_ttl",
        ),
    ] {
        let seen = s.patch(&balancer, body.clone()).await;
        assert_eq!(seen.refusal(), (400, 1002), "{body}");
        assert_eq!(seen.pointer(), pointer, "{body}");
    }
    let outside =
        json!({"name": "api.example.org", "default_pools": [s.eu], "fallback_pool": s.eu});
    assert_eq!(s.post(&s.balancers(), outside).await.pointer(), "/name");
}

#[tokio::test]
async fn only_an_unproxied_load_balancer_shows_a_ttl() {
    let s = scene().await;
    let balancer = format!("{}/{}", s.balancers(), s.balancer);
    assert_eq!(s.get(&balancer).await.result().get("ttl"), None);
    let patched = s.patch(&balancer, json!({"proxied": false})).await.result().clone();
    assert_eq!(patched["ttl"], json!(30));
    assert_eq!(patched["session_affinity"], json!("none"));
}

#[tokio::test]
async fn origins_come_back_in_another_order_only_with_the_quirk() {
    let names = |pool: &Value| -> Vec<String> {
        let origins = pool["origins"].as_array().unwrap().iter();
        origins.map(|origin| origin["name"].as_str().unwrap().to_owned()).collect()
    };
    let plain = scene().await;
    let pool = plain.get(&format!("{}/{}", plain.pools(), plain.eu)).await;
    assert_eq!(names(pool.result()), ["eu-1", "eu-2"]);
    let quirky = scene_with(|world| world.quirks.origins_reordered = true).await;
    let pool = quirky.get(&format!("{}/{}", quirky.pools(), quirky.eu)).await;
    assert_eq!(names(pool.result()), ["eu-2", "eu-1"]);
}

#[tokio::test]
async fn pools_are_listed_by_monitor_and_bulk_patched_only_for_the_address() {
    let s = scene().await;
    let listed = s.get(&format!("{}?monitor={}", s.pools(), s.monitor)).await;
    assert_eq!(listed.result().as_array().unwrap().len(), 1);
    assert_eq!(listed.result()[0]["id"], json!(s.eu));
    let all = s.patch(&s.pools(), json!({"notification_email": ""})).await;
    assert_eq!(all.result().as_array().unwrap().len(), 2);
    assert_eq!(s.patch(&s.pools(), json!({"enabled": false})).await.status, 400);
    let unknown = s.get(&format!("{}?name=eu", s.pools())).await;
    assert_eq!(unknown.status, 400, "ignored, it would show every pool");
}

#[tokio::test]
async fn pool_health_shows_what_it_was_told() {
    let s = scene().await;
    let path = format!("{}/{}/health", s.pools(), s.eu);
    let untold = s.get(&path).await.result().clone();
    assert_eq!(untold, json!({"pool_id": s.eu, "pop_health": {}}));
    let told = json!({"Amsterdam, NL": {"healthy": false, "origins": [
        {"192.0.2.1": {"healthy": false, "failure_reason": "HTTP timeout occurred",
            "response_code": 0, "rtt": "12.1ms"}},
    ]}});
    s.api.world().lock().set_pool_health("eu", told.clone()).unwrap();
    assert_eq!(s.get(&path).await.result()["pop_health"], told);
}

#[tokio::test]
async fn another_persons_edit_shows_on_the_next_read_and_not_in_the_transcript() {
    let s = scene().await;
    s.api.world().lock().edit_pool("eu", &json!({"enabled": false})).unwrap();
    let pool = s.get(&format!("{}/{}", s.pools(), s.eu)).await;
    assert_eq!(pool.result()["enabled"], json!(false));
    let world = s.api.world();
    let mut world = world.lock();
    world.edit_record("www.example.com", "CNAME", &json!({"content": "us.example.net"})).unwrap();
    assert_eq!(world.records("www.example.com")[0]["content"], json!("us.example.net"));
    world.remove_record("www.example.com", "CNAME").unwrap();
    assert!(world.records("www.example.com").is_empty());
    world.edit_load_balancer("api.example.com", &json!({"enabled": false})).unwrap();
    assert_eq!(world.load_balancer("api.example.com").unwrap()["enabled"], json!(false));
    drop(world);
    assert_eq!(s.api.write_calls(), 0);
    assert_eq!(s.api.read_calls(), 1);
}

#[tokio::test]
async fn a_monitors_defaults_follow_its_type() {
    let s = scene().await;
    let http = s.post(&s.monitors(), json!({"expected_codes": "200"})).await.result().clone();
    for (field, value) in [
        ("type", json!("http")),
        ("method", json!("GET")),
        ("path", json!("/")),
        ("interval", json!(60)),
        ("timeout", json!(5)),
        ("retries", json!(2)),
        ("consecutive_up", json!(0)),
    ] {
        assert_eq!(http[field], value, "{field}");
    }
    let tcp = s.post(&s.monitors(), json!({"type": "tcp", "port": 5432})).await.result().clone();
    assert_eq!(tcp["method"], json!("connection_established"));
    assert_eq!(s.post(&s.monitors(), json!({"type": "tcp"})).await.pointer(), "/port");
    for interval in [9, 3601] {
        assert_eq!(
            s.post(&s.monitors(), json!({"interval": interval})).await.pointer(),
            "/interval"
        );
    }
}
