//! Where the pages answer.

use super::{ask_at, guarded, token};
use crate::support::{World, config};
use pointsman_lab::deployment::{ADMIN_HOST, ADMIN_TOKEN, HOST};
use reqwest::Method;
use serde_json::json;

/// The statuses of the API and of a page that is older, asked with these tokens.
async fn at(world: &World, host: &str, token: &str) -> (u16, u16) {
    let authorization = format!("Bearer {token}");
    let api = ask_at(world, host, &Method::GET, "status", Some(&authorization), None).await;
    let old = world.edge().request(Method::GET, host, "/.pointsman/status", None);
    let old = old.bearer_auth(ADMIN_TOKEN).send().await.unwrap();
    (api.status, old.status().as_u16())
}

const ELSEWHERE: &str = "pointsman.acme.workers.dev";

#[tokio::test(flavor = "multi_thread")]
async fn without_a_word_in_the_config_the_api_is_off_at_customers_hosts() {
    let world = World::settled_with(&config()).await;
    assert_eq!(at(&world, HOST, ADMIN_TOKEN).await, (404, 200));
    assert_eq!(at(&world, ADMIN_HOST, ADMIN_TOKEN).await, (200, 200));
    assert_eq!(at(&world, ELSEWHERE, ADMIN_TOKEN).await, (200, 200));
}

#[tokio::test(flavor = "multi_thread")]
async fn with_a_host_of_its_own_it_answers_there_and_nowhere_else() {
    let world = World::settled_with(&guarded()).await;
    let viewer = token(1);
    assert_eq!(at(&world, ADMIN_HOST, &viewer).await, (200, 200));
    assert_eq!(at(&world, HOST, &viewer).await, (404, 404));
    assert_eq!(at(&world, ELSEWHERE, &viewer).await, (404, 404));
    // Everybody may read why a request was refused, and services are served as ever.
    for (path, status) in [("/.pointsman/blocked", 200), ("/x", 200)] {
        let answer = world.edge().request(Method::GET, HOST, path, None).send().await.unwrap();
        assert_eq!(answer.status(), status, "{path}");
    }
    let other = world.edge().request(Method::GET, ADMIN_HOST, "/x", None).send().await.unwrap();
    assert_eq!(other.status(), 404, "its host has nothing else");
}

#[tokio::test(flavor = "multi_thread")]
async fn it_answers_at_customers_hosts_if_that_is_asked_for() {
    let mut config = guarded();
    config["admin"]["on_service_hosts"] = json!(true);
    let world = World::settled_with(&config).await;
    assert_eq!(at(&world, HOST, &token(1)).await, (200, 200));
}

#[tokio::test(flavor = "multi_thread")]
async fn before_there_is_any_config_the_secret_opens_it() {
    let world = World::started().await;
    world.edge().kv_delete("config").await.unwrap();
    assert_eq!(at(&world, ELSEWHERE, ADMIN_TOKEN).await, (200, 200));
    assert_eq!(at(&world, ELSEWHERE, &token(1)).await.0, 401);
}

#[tokio::test(flavor = "multi_thread")]
async fn without_anybody_to_recognise_it_is_off() {
    let config = config();
    let without = World::started_on(&config, |options| {
        options.vars.retain(|name, _| name != "ADMIN_TOKEN");
    });
    let world = without.await;
    let answer = ask_at(&world, ADMIN_HOST, &Method::GET, "status", Some("Bearer x"), None).await;
    assert_eq!((answer.status, &answer.body["code"]), (503, &json!("off")));
}
