//! Clients that return by stages to a region that was out.

use super::settled_with_service;
use super::steers::by_address;
use crate::support::{World, until};
use pointsman_lab::deployment::{ADMIN_HOST, ADMIN_TOKEN};
use pointsman_lab::region::Mode;
use reqwest::Method;
use serde_json::{Value, json};

/// A world of which Europe has been out and is up again, and whose stages last until the next
/// minute's run each.
async fn after_an_outage(mode: &str) -> World {
    let mut world = settled_with_service(&json!({
        "steering": "ordered",
        "failover": {"failback": {
            "mode": mode, "after_s": 50, "bake_s": 50, "stages": [10, 50, 100],
            // A hundred clients are too few to compare regions by.
            "analysis": {"few_samples": "go_on"},
        }},
    }))
    .await;
    world.set("eu-west", Mode::Refuse).await;
    world.minutes(2).await;
    assert_eq!(world.health("eu-west").await, "down");
    world.set("eu-west", Mode::Healthy).await;
    world.minutes(1).await;
    assert_eq!(world.health("eu-west").await, "up");
    world
}

/// How far the clients have returned, by the status; null where all have.
async fn returning(world: &World) -> Value {
    let status = world.status().await.unwrap();
    status["reasons"]["api"]["eu-west"]["returning"].clone()
}

/// Plays a minute, and waits until so many percent have returned by the table in KV.
async fn until_returned(world: &mut World, percent: u8) {
    world.minutes(1).await;
    let by_table = |table: &Value| {
        let regions = table["services"]["api"]["regions"].as_array().unwrap();
        let europe = regions.iter().find(|region| region["id"] == "eu-west").unwrap();
        europe["returned"].as_u64().unwrap_or(100)
    };
    until(&format!("{percent} % have returned"), async || {
        let table = world.kv_json("routes").await.unwrap();
        // Of a region that has all of its clients nothing is said.
        let told = returning(world).await["percent"].as_u64().unwrap_or(100);
        (told, by_table(&table)) == (percent.into(), percent.into())
    })
    .await;
}

/// Which of a hundred clients are in Europe, by what a new isolate decides.
async fn in_europe(world: &World) -> Vec<bool> {
    world.crash().await;
    let regions = by_address(world).await;
    assert!(regions.iter().all(|it| it == "eu-west" || it == "us-east"), "{regions:?}");
    regions.iter().map(|region| region == "eu-west").collect()
}

fn count(clients: &[bool]) -> usize {
    clients.iter().filter(|is_in| **is_in).count()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_region_that_is_up_again_gets_a_tenth_then_half_then_all_of_its_clients() {
    let mut world = after_an_outage("automatic").await;
    assert_eq!(returning(&world).await["percent"], 0);
    assert_eq!(count(&in_europe(&world).await), 0);
    until_returned(&mut world, 10).await;
    let tenth = in_europe(&world).await;
    assert!((1..=25).contains(&count(&tenth)), "{} of 100", count(&tenth));
    until_returned(&mut world, 50).await;
    let half = in_europe(&world).await;
    assert!((30..=70).contains(&count(&half)), "{} of 100", count(&half));
    let stayed = tenth.iter().zip(&half).all(|(before, after)| !before || *after);
    assert!(stayed, "who has returned stays");
    until_returned(&mut world, 100).await;
    assert_eq!(count(&in_europe(&world).await), 100);
    world.minutes(2).await;
    until("all have returned", async || returning(&world).await == Value::Null).await;
    let incident = world.kv_json("incidents").await.unwrap()["incidents"][0].clone();
    assert!(incident.to_string().contains("eu-west"), "{incident}");
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_returns_to_a_region_that_waits_for_a_person_until_one_says_so() {
    let mut world = after_an_outage("manual").await;
    world.minutes(3).await;
    let told = returning(&world).await;
    assert_eq!((&told["percent"], &told["held"]), (&json!(0), &json!("a person has to begin it")));
    assert_eq!(count(&in_europe(&world).await), 0);
    let act = json!({
        "act": {"fail_back": {"service": "api", "region": "eu-west"}}, "reason": "all is well",
    });
    let request = world.edge().request(Method::POST, ADMIN_HOST, "/.pointsman/v1/acts", None);
    let request = request.bearer_auth(ADMIN_TOKEN).header("content-type", "application/json");
    let answer = request.body(act.to_string()).send().await.unwrap();
    assert_eq!(answer.status(), 200, "{}", answer.text().await.unwrap());
    assert_eq!(returning(&world).await["percent"], 10);
    world.minutes(1).await;
    let some = count(&in_europe(&world).await);
    assert!((1..=70).contains(&some), "{some} of 100");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_region_that_goes_down_while_clients_return_begins_anew_also_after_a_crash() {
    let mut world = after_an_outage("automatic").await;
    world.minutes(2).await;
    assert_eq!(returning(&world).await["percent"], 50);
    world.crash().await;
    assert_eq!(returning(&world).await["percent"], 50);
    world.set("eu-west", Mode::Refuse).await;
    world.minutes(1).await;
    assert_eq!(count(&in_europe(&world).await), 0);
    world.set("eu-west", Mode::Healthy).await;
    world.minutes(1).await;
    let told = returning(&world).await;
    assert_eq!((&told["percent"], &told["regressions"]), (&json!(0), &json!(1)));
}
