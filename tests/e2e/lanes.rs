//! Nothing waits behind slow calls of the API, and what did not arrive is tried again without cron.

use crate::objects::{one_of_each, settled};
use crate::support::{World, until};
use pointsman_lab::edge::KvFaults;
use pointsman_lab::region::Mode;
use serde_json::Value;
use std::time::{Duration, Instant};

/// What each call of the API takes. Three follow one another before the first change of a pass.
const SLOW: Duration = Duration::from_millis(500);

/// Polls until `check` is true. Returns the milliseconds that it took.
async fn took(began: Instant, what: &str, check: impl AsyncFn() -> bool) -> u128 {
    while !check().await {
        assert!(began.elapsed() < Duration::from_secs(20), "not within 20 s: {what}");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    began.elapsed().as_millis()
}

fn says_down(document: &Value, path: &str) -> bool {
    document.pointer(path).is_some_and(|health| health == "down")
}

#[tokio::test(flavor = "multi_thread")]
async fn documents_and_answers_arrive_while_a_slow_pass_is_under_way() {
    let mut world = settled().await;
    world.api().clear_transcript();
    world.api().set_latency(SLOW);
    world.skip_minutes(1);
    world.set("eu-west", Mode::Refuse).await;
    let (edge, minute) = (world.edge(), world.begin_minute());
    let run = tokio::spawn(async move { edge.run_cron(minute).await });
    let is_down =
        async || world.edge().log().join("\n").contains("eu-west-1/api went from up to down");
    took(Instant::now(), "the region goes down", is_down).await;

    let began = Instant::now();
    let routes = "/services/api/regions/0/health";
    let says = async |key, path| says_down(&world.kv_json(key).await.unwrap(), path);
    let routes = took(began, "routes", async || says("routes", routes).await).await;
    let status =
        took(began, "status", async || says("status", "/services/api/eu-west").await).await;
    let page = "/origins/eu-west-1/monitors/api/health";
    let page = took(began, "the page", async || says("region:eu-west", page).await).await;
    let writes = world.api().write_calls();
    let asked = Instant::now();
    let live = world.status().await.unwrap();
    let answer = asked.elapsed().as_millis();
    assert!(says_down(&live, "/services/api/eu-west"));

    let done = async || world.enabled_in_pool("eu-west") == Some(false);
    let pass = took(began, "the pass", done).await;
    run.await.unwrap().unwrap();
    println!(
        "with {} ms a call, from the change of health: routes {routes} ms, status {status} ms, \
         region {page} ms, an answer within {answer} ms, the pool {pass} ms",
        SLOW.as_millis()
    );
    assert_eq!(writes, 0, "documents were written before the first change at Cloudflare");
    assert!(world.api().write_calls() > 0, "the counter counts");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_next_change_of_health_is_published_while_a_slow_pass_is_under_way() {
    let mut world = settled().await;
    world.api().set_latency(SLOW);
    world.skip_minutes(1);
    world.set("eu-west", Mode::Refuse).await;
    let (edge, minute) = (world.edge(), world.begin_minute());
    let first = tokio::spawn(async move { edge.run_cron(minute).await });
    let calls = world.api().transcript().len();
    until("a pass begins", async || world.api().transcript().len() > calls + 1).await;

    world.set("us-east", Mode::Refuse).await;
    let (edge, minute) = (world.edge(), world.begin_minute());
    let second = tokio::spawn(async move { edge.run_cron(minute).await });
    let is_down =
        async || world.edge().log().join("\n").contains("us-east-1/api went from up to down");
    took(Instant::now(), "the second region goes down", is_down).await;
    let began = Instant::now();
    let says = async || {
        let routes = world.kv_json("routes").await.unwrap();
        let regions = routes["services"]["api"]["regions"].as_array().unwrap().clone();
        regions.iter().any(|region| region["id"] == "us-east" && region["health"] == "down")
    };
    let routes = took(began, "routes", says).await;
    println!("the second region: routes after {routes} ms, with {} ms a call", SLOW.as_millis());
    first.await.unwrap().unwrap();
    second.await.unwrap().unwrap();
    assert!(routes < SLOW.as_millis(), "it waited for a call: {routes} ms");
}

#[tokio::test(flavor = "multi_thread")]
async fn documents_that_did_not_arrive_are_written_without_another_run() {
    let mut world = World::settled_with(&one_of_each()).await;
    world
        .edge()
        .set_kv_faults(KvFaults { fail_writes: true, ..KvFaults::default() })
        .await
        .unwrap();
    world.skip_minutes(1);
    world.set("eu-west", Mode::Refuse).await;
    world.minute().await;
    let says = async |key, path| says_down(&world.kv_json(key).await.unwrap(), path);
    let routes = "/services/api/regions/0/health";
    assert!(!says("routes", routes).await, "KV took nothing");
    world.edge().set_kv_faults(KvFaults::default()).await.unwrap();
    until("routes arrives", async || says("routes", routes).await).await;
    until("status arrives", async || says("status", "/services/api/eu-west").await).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_alarm_outlives_a_crash() {
    let mut world = World::settled_with(&one_of_each()).await;
    world
        .edge()
        .set_kv_faults(KvFaults { fail_writes: true, ..KvFaults::default() })
        .await
        .unwrap();
    world.skip_minutes(1);
    world.set("eu-west", Mode::Refuse).await;
    world.minute().await;
    world.crash().await;
    world.edge().set_kv_faults(KvFaults::default()).await.unwrap();
    let says = async |key, path| says_down(&world.kv_json(key).await.unwrap(), path);
    until("routes arrives", async || says("routes", "/services/api/regions/0/health").await).await;
}
