//! What happens when nothing happens, and when cron misbehaves.

use crate::support::{World, until};
use pointsman_lab::edge::NetFault;
use pointsman_lab::region::Mode;
use serde_json::Value;
use std::time::Duration;
use tokio::time::sleep;

/// Longer than a key of KV rests, and than a pass takes.
const REST: Duration = Duration::from_secs(3);
/// How often it is looked whether all is at rest.
const TRIES_MAX: u32 = 10;

#[tokio::test(flavor = "multi_thread")]
async fn thirty_quiet_minutes_write_nothing_to_cloudflare_and_six_times_to_kv() {
    let mut world = World::settled().await;
    world.minutes(5).await;
    let (reads, writes) = (world.api().read_calls(), world.api().write_calls());
    world.edge().reset_kv_counts().await.unwrap();
    world.minutes(30).await;
    let kv = world.edge().kv_counts().await.unwrap();
    println!(
        "30 simulated minutes: KV {} writes {} reads, Cloudflare {} writes {} reads",
        kv.writes,
        kv.reads,
        world.api().write_calls() - writes,
        world.api().read_calls() - reads
    );
    assert_eq!(world.api().write_calls() - writes, 0);
    assert!(world.api().read_calls() - reads <= 8, "drift is looked for every 10 minutes");
    assert!(kv.writes <= 6, "{kv:?}");
    assert_eq!(kv.writes_by_key.keys().collect::<Vec<_>>(), ["routes"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_same_run_twice_probes_once() {
    let mut world = World::settled().await;
    world.minute().await;
    let before = world.region("eu-west").unwrap().served().health;
    world.same_minute_again().await;
    assert_eq!(world.region("eu-west").unwrap().served().health, before);
}

#[tokio::test(flavor = "multi_thread")]
async fn after_an_hour_without_cron_beliefs_are_unknown_and_nothing_moves_on_them() {
    let mut world = World::settled().await;
    let before = world.answer().await;
    let writes = world.api().write_calls();
    world.set("us-east", Mode::Refuse).await;
    world.skip_minutes(60);
    world.minute().await;
    let log = world.edge().log().join("\n");
    assert!(log.contains("eu-west-1/api went from unknown to up"), "{log}");
    assert!(
        log.contains("us-east-1/api went from unknown to down"),
        "the old belief was dropped: {log}"
    );
    assert_eq!(world.health("eu-west").await, "up");
    assert_eq!(world.answer().await, before);
    assert_eq!(world.api().write_calls() - writes, 1, "only the pool of us-east");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_observer_without_network_takes_nothing_out_of_service() {
    let mut world = World::settled().await;
    let writes = world.api().write_calls();
    world.network(Some(NetFault::Refuse)).await.unwrap();
    world.minutes(3).await;
    for region in ["eu-west", "us-east", "sa-east"] {
        assert_eq!(world.health(region).await, "up");
    }
    world.network(None).await.unwrap();
    assert_eq!(world.api().write_calls(), writes);
    let status = world.kv_json("status").await.unwrap();
    assert!(status["doubted_since"].is_string(), "{status}");
    world.minute().await;
    until("KV says that the doubt is over", async || {
        world.kv_json("status").await.unwrap()["doubted_since"].is_null()
    })
    .await;
}

/// The status once nothing is under way: behind a run the alarm writes pages whose keys had to
/// rest, and looks once more at what was changed.
async fn at_rest(world: &World) -> Value {
    let of = |status: &Value| (status["generation"].clone(), status["cloudflare"].clone());
    let mut last = world.status().await.unwrap();
    for _ in 0..TRIES_MAX {
        sleep(REST).await;
        let now = world.status().await.unwrap();
        if of(&now) == of(&last) {
            return now;
        }
        last = now;
    }
    panic!("it does not come to rest: {last}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_crash_loses_nothing() {
    let mut world = World::settled().await;
    world.set("eu-west", Mode::Refuse).await;
    world.minute().await;
    assert_eq!(world.health("eu-west").await, "down");
    let (status, writes) = (at_rest(&world).await, world.api().write_calls());
    world.crash().await;
    let after = world.status().await.unwrap();
    assert_eq!(after["generation"], status["generation"]);
    assert_eq!(after["cloudflare"], status["cloudflare"]);
    world.minute().await;
    assert_eq!(world.health("eu-west").await, "down");
    assert_eq!(world.api().write_calls(), writes);
    world.set("eu-west", Mode::Healthy).await;
    world.minute().await;
    assert_eq!(world.enabled_in_pool("eu-west"), Some(true));
}
