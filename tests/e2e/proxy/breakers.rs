//! Breakers of all permitted regions, tables that change under a request, and clients that leave.

use super::{TRY_MS, header, waits_and};
use crate::support::{World, until};
use futures_util::future::join_all;
use pointsman_lab::deployment::{BERLIN, CHICAGO, HOST, SAO_PAULO};
use pointsman_lab::region::Mode;
use reqwest::Response;
use serde_json::{Value, json};
use std::sync::Mutex;
use std::time::{Duration, Instant};
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;

const REGIONS: [&str; 3] = ["eu-west", "us-east", "sa-east"];

async fn get(world: &World, path: &str) -> Response {
    world.ask(BERLIN, "GET", path).send().await.unwrap()
}

fn region(response: &Response) -> &str {
    header(response, "x-lab-region")
}

/// The requests that are under way, by what the isolate counts, of each region.
async fn outstanding(world: &World) -> Vec<u64> {
    let report = world.isolate().await;
    let regions = report["services"][0]["regions"].as_array().unwrap();
    regions.iter().map(|region| region["outstanding"].as_u64().unwrap()).collect()
}

/// Whether the breaker of a region is open.
async fn is_open(world: &World, region: &str) -> bool {
    let report = world.isolate().await;
    let regions = report["services"][0]["regions"].as_array().unwrap();
    regions.iter().any(|known| known["id"] == region && known["open_until"] != Value::Null)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_region_that_is_well_again_serves_behind_its_open_breaker_when_the_others_hang() {
    let world = World::settled_with(&waits_and(&json!({"timeout_ms": 10_000}))).await;
    world.set("eu-west", Mode::Refuse).await;
    // Two trials fail, after one second and after two more. Then the breaker waits for four.
    let began = Instant::now();
    while began.elapsed() < Duration::from_millis(3_500) {
        assert_eq!(region(&get(&world, "/x").await), "us-east");
        tokio::time::sleep(Duration::from_millis(40)).await;
    }
    world.set("eu-west", Mode::Healthy).await;
    world.set("us-east", Mode::Hang).await;
    world.set("sa-east", Mode::Hang).await;
    assert!(is_open(&world, "eu-west").await);
    for answer in join_all((0..64).map(|_| get(&world, "/x"))).await {
        assert_eq!((answer.status().as_u16(), region(&answer)), (200, "eu-west"));
    }
    // Now the isolate knows which of the three answers, and nobody waits for the others.
    let hung = world.arrived("us-east") + world.arrived("sa-east");
    for answer in join_all((0..64).map(|_| get(&world, "/x"))).await {
        assert_eq!((answer.status().as_u16(), region(&answer)), (200, "eu-west"));
    }
    assert_eq!(world.arrived("us-east") + world.arrived("sa-east"), hung);
}

#[tokio::test(flavor = "multi_thread")]
async fn with_every_breaker_open_the_region_that_is_well_answers_for_one_that_says_503() {
    let world = World::settled_with(&waits_and(&json!({}))).await;
    for region in REGIONS {
        world.set(region, Mode::Refuse).await;
    }
    assert_eq!(get(&world, "/x").await.status(), 502);
    for region in REGIONS {
        assert!(is_open(&world, region).await, "{region}");
    }
    world.set("eu-west", Mode::Status { code: 503 }).await;
    world.set("us-east", Mode::Healthy).await;
    for _ in 0..6 {
        let answer = get(&world, "/x").await;
        assert_eq!((answer.status().as_u16(), region(&answer)), (200, "us-east"));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_in_hand_is_given_where_the_further_tries_find_silence() {
    let world = World::settled_with(&waits_and(&json!({}))).await;
    world.set("eu-west", Mode::Status { code: 503 }).await;
    world.set("us-east", Mode::Refuse).await;
    world.set("sa-east", Mode::Hang).await;
    let answer = get(&world, "/x").await;
    assert_eq!((answer.status().as_u16(), region(&answer)), (503, "eu-west"));
    assert!(header(&answer, "x-pointsman").starts_with("region=eu-west"), "{answer:?}");
    assert_eq!(answer.json::<Value>().await.unwrap()["error"], "Service Unavailable");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_table_that_arrives_under_a_request_loses_neither_its_retry_nor_what_it_learned() {
    let keys = json!({"proxy": {
        "breaker_failures": 100, "breaker_success_percent": 0, "retry_budget_percent": 100,
    }});
    let mut world = World::settled_with(&waits_and(&keys)).await;
    get(&world, "/x").await;
    // A region that the table calls usable is not, so the table is soon loaded again; and there is
    // a new one.
    let before = world.isolate().await["generation"].clone();
    world.set("sa-east", Mode::Refuse).await;
    assert_eq!(world.ask(SAO_PAULO, "GET", "/x").send().await.unwrap().status(), 502);
    world.minutes(2).await;
    until("a new table has arrived", async || {
        // Each is under way for long enough for a table to arrive meanwhile.
        let path = "/told?code=503&delay_ms=300&in=eu-west";
        for answer in join_all((0..4).map(|_| get(&world, path))).await {
            assert_eq!((answer.status().as_u16(), region(&answer)), (200, "us-east"));
        }
        world.isolate().await["generation"] != before
    })
    .await;
    assert_eq!(outstanding(&world).await, [0, 0, 0], "and what is over is not under way");
}

/// Sends the head of a GET and returns its connection.
async fn begun(world: &World, path: &str) -> TcpStream {
    let mut stream = TcpStream::connect(("127.0.0.1", world.edge().port())).await.unwrap();
    let head = format!("GET {path} HTTP/1.1\r\nhost: {HOST}\r\nx-lab-cf: {}\r\n\r\n", BERLIN.cf());
    stream.write_all(head.as_bytes()).await.unwrap();
    stream
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_that_resets_gets_no_further_tries_and_gives_back_what_it_held() {
    let world = World::settled_with(&waits_and(&json!({}))).await;
    world.set("eu-west", Mode::Hang).await;
    for n in 1..=4 {
        let stream = begun(&world, "/x").await;
        until("it is under way", async || world.arrived("eu-west") == n).await;
        stream.set_zero_linger().unwrap();
        drop(stream);
    }
    assert_eq!(outstanding(&world).await.iter().sum::<u64>(), 4);
    // One who stays waits for a try longer than all of them would have.
    let answer = get(&world, "/x").await;
    assert_eq!(region(&answer), "us-east");
    assert_eq!((world.arrived("us-east"), world.arrived("sa-east")), (1, 0));
    until("what they held is given back", async || outstanding(&world).await == [0, 0, 0]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_trial_whose_client_resets_does_not_keep_a_region_away_for_long() {
    let world = World::settled_with(&waits_and(&json!({}))).await;
    world.set("eu-west", Mode::Hang).await;
    assert_eq!(region(&get(&world, "/x").await), "us-east");
    let health = || world.region("eu-west").unwrap().served().health;
    let before = health();
    // Each of these is under way for a while, and one of them carries a trial.
    world.set("us-east", Mode::Slow { delay_ms: TRY_MS - 200 }).await;
    let streams = Mutex::new(Vec::new());
    until("a trial is under way", async || {
        let stream = begun(&world, "/x").await;
        streams.lock().unwrap().push(stream);
        health() > before
    })
    .await;
    for stream in streams.into_inner().unwrap() {
        stream.set_zero_linger().unwrap();
    }
    world.set("us-east", Mode::Healthy).await;
    world.set("eu-west", Mode::Healthy).await;
    // It might have passed within the time of a try. A second after that it counts as lost.
    let began = Instant::now();
    until("the region is back", async || region(&get(&world, "/x").await) == "eu-west").await;
    assert!(began.elapsed() < Duration::from_secs(5), "{:?}", began.elapsed());
}

#[tokio::test(flavor = "multi_thread")]
async fn of_a_client_that_closes_nobody_hears_and_what_it_costs_is_bounded() {
    let world = World::settled_with(&waits_and(&json!({}))).await;
    for region in REGIONS {
        world.set(region, Mode::Hang).await;
    }
    let stream = begun(&world, "/x").await;
    until("it is under way", async || world.arrived("eu-west") == 1).await;
    drop(stream);
    // The runtime looks at the connection only when it writes. So its tries go on, each region
    // once, and end with the time of the service.
    let arrived = || REGIONS.map(|region| world.arrived(region)).iter().sum::<u64>();
    until("all is over", async || outstanding(&world).await == [0, 0, 0]).await;
    assert!(arrived() <= 3, "{}", arrived());
    let other = world.ask(CHICAGO, "GET", "/x").send().await.unwrap();
    assert_eq!(other.status(), 504);
}
