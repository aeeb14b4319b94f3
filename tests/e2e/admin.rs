//! The admin API.

use crate::support::World;
use pointsman_lab::deployment::{ADMIN_HOST, ADMIN_TOKEN};
use reqwest::Method;
use serde_json::{Value, json};

async fn ask(world: &World, path: &str) -> (u16, Value) {
    let path = format!("/.pointsman/v1/{path}");
    let request = world.edge().request(Method::GET, ADMIN_HOST, &path, None);
    let answer = request.bearer_auth(ADMIN_TOKEN).send().await.unwrap();
    let status = answer.status().as_u16();
    (status, serde_json::from_str(&answer.text().await.unwrap()).unwrap())
}

async fn act(world: &World, body: &Value) -> (u16, Value) {
    let request = world.edge().request(Method::POST, ADMIN_HOST, "/.pointsman/v1/acts", None);
    let request = request.bearer_auth(ADMIN_TOKEN).header("content-type", "application/json");
    let answer = request.body(body.to_string()).send().await.unwrap();
    let status = answer.status().as_u16();
    (status, serde_json::from_str(&answer.text().await.unwrap()).unwrap())
}

#[tokio::test(flavor = "multi_thread")]
async fn the_api_tells_how_everything_stands_and_does_what_it_is_asked() {
    let world = World::settled().await;
    let (status, body) = ask(&world, "status").await;
    assert_eq!((status, &body["services"]["downloads"]["us-east"]), (200, &json!("up")));
    assert_eq!(ask(&world, "orders").await, (200, json!([])));
    assert_eq!(ask(&world, "incidents/none").await.1["code"], "not_found");
    let compare = json!({"act": {"compare": {}}, "reason": "a look", "is_dry": true});
    let (status, body) = act(&world, &compare).await;
    assert_eq!((status, &body["is_dry"]), (200, &json!(true)));
    let slip = json!({"act": {"compare": {}}, "reason": "a look", "is_dri": true});
    let (status, body) = act(&world, &slip).await;
    assert_eq!((status, &body["code"]), (400, &json!("invalid")));
}
