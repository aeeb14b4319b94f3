//! Pools and records, with an API and people that get in the way.

use crate::support::{World, assert_conforming};
use pointsman_lab::api::{Fault, FaultKind};
use pointsman_lab::deployment::{RECORD, pool_name};
use pointsman_lab::region::Mode;
use serde_json::json;

const EU: &str = "eu1.origin.example.com.";
const US: &str = "us1.origin.example.com.";

/// Lets Europe fail while the API has a fault, gives the Worker some minutes, and checks that all
/// is as after a clean failover; then the same for the return.
async fn ends_as_a_clean_run(fault: Fault) {
    let mut world = World::settled().await;
    world.set("eu-west", Mode::Refuse).await;
    world.api().inject(fault.clone());
    world.minutes(3).await;
    assert_eq!(world.api().waiting_faults(), 0, "{fault:?} never struck");
    let log = world.edge().log().join("\n");
    assert_eq!(world.answer().await, US, "{fault:?}\n{log}");
    assert_eq!(world.enabled_in_pool("eu-west"), Some(false), "{fault:?}\n{log}");
    world.set("eu-west", Mode::Healthy).await;
    world.api().inject(fault.clone());
    world.minutes(3).await;
    assert_eq!(world.api().waiting_faults(), 0, "{fault:?} never struck");
    assert_eq!(world.answer().await, EU, "{fault:?}");
    assert_eq!(world.enabled_in_pool("eu-west"), Some(true), "{fault:?}");
    let status = world.status().await.unwrap();
    assert_eq!(status["cloudflare"]["failures"], json!([]), "{fault:?}");
    assert_eq!(status["cloudflare"]["disabled_by_us"], json!([]), "{fault:?}");
    assert_conforming(&world.api().transcript());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lost_reply_of_any_write_ends_as_a_clean_run() {
    let lost = Fault::new(FaultKind::DropReplyAfterApply);
    ends_as_a_clean_run(lost.clone().on("PATCH", "/zones/")).await;
    ends_as_a_clean_run(lost.on("PATCH", "/accounts/")).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_call_that_never_arrives_ends_as_a_clean_run() {
    ends_as_a_clean_run(Fault::new(FaultKind::CloseBeforeApply).on("PATCH", "/")).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn errors_of_the_api_end_as_a_clean_run() {
    ends_as_a_clean_run(Fault::new(FaultKind::Status(500)).times(3)).await;
    ends_as_a_clean_run(Fault::new(FaultKind::MalformedJson).on("PATCH", "/")).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rate_limit_is_waited_for_and_ends_as_a_clean_run() {
    let slow_down = FaultKind::TooManyRequests { retry_after_s: 20 };
    ends_as_a_clean_run(Fault::new(slow_down)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_without_permission_is_told_with_the_permission_that_it_needs() {
    let mut world = World::settled().await;
    world.set("eu-west", Mode::Refuse).await;
    world.api().inject(Fault::new(FaultKind::Status(403)).on("PATCH", "/zones/").times(99));
    world.minute().await;
    let status = world.status().await.unwrap();
    let failures = status["cloudflare"]["failures"].to_string();
    assert!(failures.contains("DNS Write"), "{failures}");
    assert_eq!(world.enabled_in_pool("eu-west"), Some(false), "the pool is not held up by DNS");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_person_disabled_stays_disabled() {
    let mut world = World::settled().await;
    let origin = json!({"name": "us-east", "address": "us1.origin.example.com", "enabled": false});
    let edit = json!({"origins": [origin]});
    world.api().world().lock().edit_pool(&pool_name("us-east"), &edit).unwrap();
    world.set("us-east", Mode::Refuse).await;
    world.minute().await;
    world.set("us-east", Mode::Healthy).await;
    world.minutes(12).await;
    assert_eq!(world.health("us-east").await, "up");
    assert_eq!(world.enabled_in_pool("us-east"), Some(false));
}

#[tokio::test(flavor = "multi_thread")]
async fn other_fields_and_other_origins_of_a_pool_survive() {
    let mut world = World::settled().await;
    let theirs = json!({
        "name": "theirs", "address": "192.0.2.77", "enabled": false, "weight": 0.25,
        "header": {"Host": ["www.example.com"]},
    });
    let ours = json!({
        "name": "eu-west", "address": "eu1.origin.example.com", "enabled": true, "weight": 0.5,
    });
    let edit = json!({"origins": [theirs, ours], "minimum_origins": 1, "description": "by hand"});
    let name = pool_name("eu-west");
    world.api().world().lock().edit_pool(&name, &edit).unwrap();
    let before = world.api().world().lock().pool(&name).unwrap();
    world.set("eu-west", Mode::Refuse).await;
    world.minute().await;
    let after = world.api().world().lock().pool(&name).unwrap();
    assert_eq!(after["origins"][1]["enabled"], false);
    assert_eq!(after["origins"][1]["weight"], 0.5);
    assert_eq!(after["origins"][0]["weight"], before["origins"][0]["weight"]);
    assert_eq!(after["origins"][0]["header"], before["origins"][0]["header"]);
    assert_eq!(after["origins"][0]["enabled"], false);
    assert_eq!(after["description"], "by hand");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_record_that_is_not_ours_is_not_touched_and_the_status_says_so() {
    let mut world = World::settled().await;
    let foreign = json!({"comment": "pointsman:somebody-else"});
    world.api().world().lock().edit_record(RECORD, "CNAME", &foreign).unwrap();
    world.set("eu-west", Mode::Refuse).await;
    world.minute().await;
    assert_eq!(world.answer().await, EU);
    let withheld = world.status().await.unwrap()["cloudflare"]["withheld"].to_string();
    assert!(withheld.contains("are not marked as ours; put"), "{withheld}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_name_is_moved_away_from_a_region_that_a_new_rule_forbids() {
    let mut world = World::settled().await;
    world.set("eu-west", Mode::Refuse).await;
    world.minute().await;
    assert_eq!(world.answer().await, US);
    let mut config = world.stored_config().await;
    let rule = json!({"id": "eu", "when": {"host": RECORD}, "allow": ["IE"], "mode": "strict"});
    config["residency"].as_array_mut().unwrap().push(rule);
    world.edge().kv_put("config", &config.to_string()).await.unwrap();
    world.minute().await;
    assert_eq!(world.health("eu-west").await, "down");
    assert_eq!(world.answer().await, EU, "down and lawful beats up and unlawful");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_last_origin_that_a_rule_permits_stays_enabled() {
    let mut world = World::settled().await;
    world.set("sa-east", Mode::Refuse).await;
    world.minute().await;
    assert_eq!(world.health("sa-east").await, "down");
    assert_eq!(world.enabled_in_pool("sa-east"), Some(true));
    let withheld = world.status().await.unwrap()["cloudflare"]["withheld"].to_string();
    assert!(withheld.contains("rule `lgpd`"), "{withheld}");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_last_usable_origin_stays_enabled() {
    let mut world = World::settled().await;
    // All are overdue then, and fail in one round: a pass between two rounds would see one usable.
    world.skip_minutes(1);
    for region in ["eu-west", "us-east", "sa-east"] {
        world.set(region, Mode::Status { code: 500 }).await;
    }
    world.minute().await;
    assert_eq!(world.health("us-east").await, "down");
    let enabled = ["eu-west", "us-east", "sa-east"].map(|r| world.enabled_in_pool(r));
    assert_eq!(enabled, [Some(true); 3]);
    assert_eq!(world.answer().await, EU, "no region is up, so the answer stays");
}

#[tokio::test(flavor = "multi_thread")]
async fn drift_is_found_and_mended_within_ten_minutes() {
    let mut world = World::settled().await;
    let drifted = json!({"content": "us1.origin.example.com"});
    world.api().world().lock().edit_record(RECORD, "CNAME", &drifted).unwrap();
    world.minutes(11).await;
    assert_eq!(world.answer().await, EU);
}
