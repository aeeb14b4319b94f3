//! The Controller in a jurisdiction, after a change of it, and under a word that names none.

use crate::support::{World, config, until};
use pointsman_lab::api::{Fault, FaultKind};
use pointsman_lab::deployment::{ADMIN_TOKEN, HOST};
use pointsman_lab::region::Mode;
use reqwest::Method;
use serde_json::{Value, json};

const VARIABLE: &str = "CONTROLLER_JURISDICTION";

/// A deployment with this jurisdiction, on an edge that has them.
async fn world_in(jurisdiction: &str) -> World {
    let vars = [(VARIABLE.to_owned(), jurisdiction.to_owned())];
    World::started_on(&config(), |options| {
        options.vars.extend(vars);
        options.jurisdictions = true;
    })
    .await
}

/// The status, and who said it.
async fn status(world: &World) -> (String, Value) {
    let request = world.edge().request(Method::GET, HOST, "/.pointsman/status", None);
    let answer = request.bearer_auth(ADMIN_TOKEN).send().await.unwrap();
    let source = answer.headers()["x-pointsman-source"].to_str().unwrap().to_owned();
    (source, answer.json().await.unwrap())
}

fn logged(world: &World, words: &str) -> bool {
    world.edge().log().iter().any(|line| line.contains(words))
}

#[tokio::test(flavor = "multi_thread")]
async fn in_a_jurisdiction_the_controller_works_and_says_where_it_is() {
    let mut world = world_in("eu").await;
    world.minute().await;
    let (source, told) = status(&world).await;
    assert_eq!(
        (source.as_str(), &told["controller"]),
        ("controller", &json!({"jurisdiction": "eu"}))
    );
    assert_eq!(told["services"]["api"]["eu-west"], "up");
    let page = world.kv_json("status").await.unwrap();
    assert_eq!(page["controller"], json!({"jurisdiction": "eu"}));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_change_makes_a_new_object_that_goes_on_from_kv_and_silences_the_old_one() {
    let mut world = world_in("").await;
    world.minute().await;
    // What cannot be done is tried again, by an alarm between the runs.
    world.api().inject(Fault::new(FaultKind::Status(500)).on("PATCH", "/").times(1_000));
    world.set("eu-west", Mode::Refuse).await;
    world.minutes(3).await;
    let (_, before) = status(&world).await;
    assert_eq!(before["controller"], json!({"jurisdiction": null}));
    assert_eq!(before["services"]["api"]["eu-west"], "down");
    let objects = world.edge().objects_of("Controller").unwrap();
    assert_eq!(objects.len(), 1);

    world.edge().restart_with(VARIABLE, "eu").await.unwrap();
    world.minute().await;
    let (_, after) = status(&world).await;
    assert_eq!(after["controller"], json!({"jurisdiction": "eu"}));
    assert_eq!(after["services"]["api"]["eu-west"], "down", "what KV held was not forgotten");
    assert!(after["generation"].as_u64() >= before["generation"].as_u64());
    let now = world.edge().objects_of("Controller").unwrap();
    assert!(now.len() == 2 && now.is_superset(&objects), "{objects:?} {now:?}");
    until("the old object rings in vain", async || {
        logged(&world, "alarm: ") && logged(&world, "another object has taken over")
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_word_that_names_none_stops_the_controller_and_is_told() {
    let mut world = world_in("").await;
    world.minute().await;
    // A key of KV rests for a second between two writes, so the page may come by an alarm.
    let is_up =
        async || world.kv_json("status").await.unwrap()["services"]["api"]["eu-west"] == "up";
    until("the status in KV says up", is_up).await;
    let objects = world.edge().objects_of("Controller").unwrap();
    let page = world.kv_json("status").await.unwrap();
    let calls = world.api().transcript().len();

    world.edge().restart_with(VARIABLE, "EU").await.unwrap();
    world.set("eu-west", Mode::Refuse).await;
    world.minutes(4).await;
    let why = "CONTROLLER_JURISDICTION is `EU`, which is not a jurisdiction of Durable Objects";
    assert!(logged(&world, why), "{:#?}", world.edge().log());
    let (source, told) = status(&world).await;
    assert_eq!(source, "kv");
    assert!(told["controller"]["error"].as_str().unwrap().contains(why), "{told}");
    assert_eq!(told["services"]["api"]["eu-west"], "up", "nothing was learnt");
    assert_eq!(world.kv_json("status").await.unwrap(), page);
    assert_eq!(world.api().transcript().len(), calls, "nothing was asked of the API");
    assert_eq!(world.edge().objects_of("Controller").unwrap(), objects);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_runtime_without_jurisdictions_gets_no_controller_instead_of_one_elsewhere() {
    let vars = [(VARIABLE.to_owned(), "eu".to_owned())];
    let mut world = World::started_on(&config(), |options| options.vars.extend(vars)).await;
    world.minute().await;
    assert!(logged(&world, "Jurisdiction restrictions are not implemented in workerd"));
    assert_eq!(world.kv_json("status").await.unwrap(), Value::Null);
    assert!(world.edge().objects_of("Controller").unwrap().is_empty());
}
