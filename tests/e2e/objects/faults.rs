//! Each object, each fault, one after the other: all end in the state of a clean run.

use super::scene::{clean_run, conforms, ends_as, path, set, settled, tables};
use crate::support::World;
use pointsman_lab::api::{Fault, FaultKind, RateLimit};
use pointsman_lab::region::Mode;
use serde_json::json;
use std::time::Duration;

/// What can happen to one call.
const KINDS: [FaultKind; 10] = [
    FaultKind::DropReplyAfterApply,
    FaultKind::CloseBeforeApply,
    FaultKind::Status(500),
    FaultKind::Status(503),
    FaultKind::Status(401),
    FaultKind::Status(403),
    FaultKind::Page(403),
    FaultKind::MalformedJson,
    FaultKind::NotFoundOnce,
    FaultKind::TooManyRequests { retry_after_s: 20 },
];

async fn every_fault_of(object: &str, method: &str) {
    let mut world = settled().await;
    let clean = clean_run(&mut world).await;
    for kind in KINDS {
        let fault = Fault::new(kind).on(method, &path(&world, object));
        ends_as(&mut world, &clean, &fault).await;
    }
    conforms(&world);
}

#[tokio::test(flavor = "multi_thread")]
async fn every_fault_of_a_batch_of_records_ends_as_a_clean_run() {
    every_fault_of("records", "POST").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn every_fault_of_a_pool_whose_origins_are_switched_ends_as_a_clean_run() {
    every_fault_of("api-eu-west", "PATCH").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn every_fault_of_reading_a_pool_ends_as_a_clean_run() {
    every_fault_of("api-eu-west", "GET").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn every_fault_of_a_pool_that_is_switched_whole_ends_as_a_clean_run() {
    every_fault_of("bulk-eu", "PATCH").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn every_fault_of_a_load_balancer_ends_as_a_clean_run() {
    every_fault_of("balancer", "PATCH").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn every_fault_of_the_lists_ends_as_a_clean_run() {
    let mut world = settled().await;
    let clean = clean_run(&mut world).await;
    for object in ["records", "pools", "monitors", "balancer"] {
        for kind in [
            FaultKind::Status(502),
            FaultKind::Status(401),
            FaultKind::Status(403),
            FaultKind::Page(401),
            FaultKind::MalformedJson,
            FaultKind::CloseBeforeApply,
        ] {
            let fault = Fault::new(kind).on("GET", &path(&world, object));
            ends_as(&mut world, &clean, &fault).await;
        }
    }
    conforms(&world);
}

/// A call that is never answered costs its whole deadline, in real seconds.
#[tokio::test(flavor = "multi_thread")]
async fn a_call_that_hangs_ends_as_a_clean_run_for_each_object() {
    let mut world = settled().await;
    let clean = clean_run(&mut world).await;
    let calls = [
        ("records", "POST", FaultKind::Hang),
        ("bulk-eu", "PATCH", FaultKind::HangAfterApply),
        ("balancer", "PATCH", FaultKind::HangAfterApply),
    ];
    for (object, method, kind) in calls {
        let fault = Fault::new(kind).on(method, &path(&world, object));
        ends_as(&mut world, &clean, &fault).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_batch_of_which_one_part_is_refused_is_done_in_parts() {
    let mut world = settled().await;
    let clean = clean_run(&mut world).await;
    let refused = FaultKind::RefuseElement { pointer: "/patches/0/content" };
    let batch = format!("{}/batch", path(&world, "records"));
    world.api().clear_transcript();
    ends_as(&mut world, &clean, &Fault::new(refused).on("POST", &batch)).await;
    let calls = super::scene::writes(&world);
    let single =
        calls.iter().filter(|call| call.contains("dns_records") && !call.ends_with("batch"));
    assert!(single.count() >= 2, "{calls:#?}");
    conforms(&world);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_death_between_call_and_reply_ends_as_a_clean_run() {
    let mut world = settled().await;
    let clean = clean_run(&mut world).await;
    for (object, method) in [("records", "POST"), ("api-eu-west", "PATCH"), ("balancer", "PATCH")] {
        let path = path(&world, object);
        dies_in_the_middle(&mut world, &path, method).await;
        world.minutes(2).await;
        assert_eq!(tables(&world), clean.failed, "{object}");
        set(&mut world, "eu-west", Mode::Healthy).await;
        world.minutes(2).await;
        assert_eq!(tables(&world), clean.settled, "{object}");
    }
}

/// Kills the Worker while a call is under way that the API has already carried out.
async fn dies_in_the_middle(world: &mut World, path: &str, method: &str) {
    set(world, "eu-west", Mode::Refuse).await;
    world.api().inject(Fault::new(FaultKind::HangAfterApply).on(method, path));
    let edge = world.edge();
    let minute = world.begin_minute();
    let waits = async || world.api().waiting_faults() == 0;
    let run = tokio::spawn(async move { edge.run_cron(minute).await });
    crate::support::until("the call that hangs is made", waits).await;
    // What was written down before the call is all that the next life knows of it.
    world.crash().await;
    let ended = run.await.unwrap();
    assert!(ended.is_err(), "the run outlived its Worker");
    let status = world.status().await.unwrap();
    assert_ne!(status["cloudflare"]["in_flight"], json!([]), "{status:#}");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_object_that_is_deleted_under_us_is_created_again() {
    let mut world = settled().await;
    let clean = clean_run(&mut world).await;
    world.api().world().lock().remove_load_balancer(super::scene::BALANCER).unwrap();
    world.api().world().lock().remove_pool("bulk-eu").unwrap();
    world.compare().await;
    world.minutes(1).await;
    assert_eq!(tables(&world), clean.settled);
    set(&mut world, "eu-west", Mode::Refuse).await;
    let record = path(&world, "records");
    world.api().on_next_get(&record, |tables| {
        tables.remove_record(super::scene::FILES, "A").unwrap();
    });
    world.minutes(3).await;
    assert_eq!(tables(&world), clean.failed, "{}", world.edge().log().join("\n"));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_block_of_five_minutes_is_survived_and_told() {
    let mut world = settled().await;
    let clean = clean_run(&mut world).await;
    set(&mut world, "eu-west", Mode::Refuse).await;
    let period = Duration::from_mins(5);
    world.api().world().lock().rate_limit = RateLimit { calls: 1, period };
    world.minute().await;
    let status = world.status().await.unwrap()["cloudflare"].clone();
    assert!(status["api"]["blocked_until"].is_string(), "{status:#}");
    let calls = world.api().transcript().len();
    world.minutes(3).await;
    assert_eq!(world.api().transcript().len(), calls, "no call was made while all is blocked");
    world.api().world().lock().rate_limit = RateLimit::default();
    world.api().pass_time(period);
    world.minutes(4).await;
    assert_eq!(tables(&world), clean.failed, "{}", world.edge().log().join("\n"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_missing_permission_is_named_and_what_is_urgent_is_tried_all_the_same() {
    let mut world = settled().await;
    let clean = clean_run(&mut world).await;
    let records = path(&world, "records");
    set(&mut world, "eu-west", Mode::Refuse).await;
    world.api().inject(Fault::new(FaultKind::EchoToken(403)).on("POST", &records).times(99));
    world.minutes(3).await;
    let status = world.status().await.unwrap()["cloudflare"].clone();
    let denied = &status["denied"]["DNS Write on example.com"];
    let said = denied["said"].as_str().unwrap_or_default();
    assert!(said.contains("it needs the permission DNS Write"), "{status:#}");
    assert!(denied["next_at"].is_string() && denied["sightings"].as_u64() >= Some(3), "{status:#}");
    let failures = status["failures"].to_string();
    assert!(failures.contains("`POST /.pointsman/compare` tries now"), "{failures}");
    assert_eq!(world.enabled_in_pool("eu-west"), Some(false), "others go on");
    let log = world.edge().log();
    let called = log.iter().filter(|line| line.contains("action needed: ")).count();
    assert_eq!(called, 1, "{log:#?}");
    let calls = super::scene::writes(&world);
    let tries =
        calls.iter().filter(|call| call.starts_with("POST") && call.contains("dns")).count();
    assert!(tries <= 12, "soon at first, then once a minute: {tries}");
    // Nobody has to ask.
    world.api().clear_faults();
    world.minutes(3).await;
    assert_eq!(tables(&world), clean.failed, "{}", world.edge().log().join("\n"));
    let denied = world.status().await.unwrap()["cloudflare"]["denied"].clone();
    assert_eq!(denied, json!({}));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_that_is_no_longer_accepted_is_told_and_tried_once_a_minute() {
    let mut world = settled().await;
    set(&mut world, "eu-west", Mode::Refuse).await;
    world.api().clear_transcript();
    world.api().inject(Fault::new(FaultKind::Status(401)).times(999));
    world.minutes(4).await;
    let calls = world.api().transcript().len();
    assert!(calls <= 12, "one call a pass: {calls}");
    let failures = world.status().await.unwrap()["cloudflare"]["failures"].to_string();
    assert!(failures.contains("the API does not accept the token (401)"), "{failures}");
}
