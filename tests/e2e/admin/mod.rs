//! The admin API.

mod access;
mod bodies;
mod contract;
mod dashboard;
mod hosts;
mod matrix;
mod metrics;
mod random;

use crate::support::{World, config};
use contract::Contract;
use pointsman::admin_token::{TokenHash, made_of};
use pointsman_lab::deployment::{ADMIN_HOST, ADMIN_TOKEN};
use reqwest::Method;
use serde_json::{Value, json};

/// The tokens of the tests: name, role, and the chance that they are made of.
const TOKENS: [(&str, &str, u8); 3] =
    [("wall", "viewer", 1), ("on-call", "operator", 2), ("lead", "approver", 3)];

/// The token that is made of this chance.
fn token(chance: u8) -> String {
    made_of([chance; 20]).expose().to_owned()
}

fn entry(id: &str, role: &str, chance: u8) -> Value {
    let hash = TokenHash::of(&token(chance)).unwrap().to_string();
    json!({"id": id, "role": role, "sha256": hash})
}

/// The config of the lab with an admin API that has a host and a token for each role.
fn guarded() -> Value {
    let mut config = config();
    let tokens = TOKENS.map(|(id, role, chance)| entry(id, role, chance));
    config["admin"] = json!({"hosts": [ADMIN_HOST], "tokens": tokens, "acts_per_minute": 100_000});
    config
}

/// An answer of the API.
pub(crate) struct Answer {
    pub(crate) status: u16,
    content_type: String,
    pub(crate) body: Value,
    retry_after: Option<String>,
}

/// Asks at a host, with an `Authorization`. What comes back is held against the document.
async fn ask_at(
    world: &World,
    host: &str,
    method: &Method,
    path: &str,
    authorization: Option<&str>,
    body: Option<String>,
) -> Answer {
    let target = format!("/.pointsman/v1/{path}");
    let mut request = world.edge().request(method.clone(), host, &target, None);
    if let Some(authorization) = authorization {
        request = request.header("authorization", authorization);
    }
    if let Some(body) = body {
        request = request.header("content-type", "application/json").body(body);
    }
    let answer = request.send().await.unwrap();
    let header =
        |name: &str| answer.headers().get(name).map(|value| value.to_str().unwrap().to_owned());
    let (status, retry_after) = (answer.status().as_u16(), header("retry-after"));
    let content_type = header("content-type").unwrap_or_default();
    let text = answer.text().await.unwrap();
    let body = serde_json::from_str(&text).unwrap_or(Value::String(text));
    Answer { status, content_type, body, retry_after }
}

pub(crate) async fn get(world: &World, path: &str, token: &str) -> Answer {
    let authorization = format!("Bearer {token}");
    ask_at(world, ADMIN_HOST, &Method::GET, path, Some(&authorization), None).await
}

pub(crate) async fn act(world: &World, body: String, token: &str) -> Answer {
    let authorization = format!("Bearer {token}");
    ask_at(world, ADMIN_HOST, &Method::POST, "acts", Some(&authorization), Some(body)).await
}

#[tokio::test(flavor = "multi_thread")]
async fn the_api_tells_how_everything_stands_and_does_what_it_is_asked() {
    let world = World::settled().await;
    let contract = Contract::new();
    let status = get(&world, "status", ADMIN_TOKEN).await;
    contract.holds("get", "status", &status);
    assert_eq!(
        (status.status, &status.body["services"]["downloads"]["us-east"]),
        (200, &json!("up"))
    );
    assert_eq!(get(&world, "orders", ADMIN_TOKEN).await.body, json!([]));
    assert_eq!(get(&world, "incidents/none", ADMIN_TOKEN).await.body["code"], "not_found");
    let compare = json!({"act": {"compare": {}}, "reason": "a look", "is_dry": true});
    let done = act(&world, compare.to_string(), ADMIN_TOKEN).await;
    contract.holds("post", "acts", &done);
    assert_eq!((done.status, &done.body["is_dry"]), (200, &json!(true)));
    let slip = json!({"act": {"compare": {}}, "reason": "a look", "is_dri": true});
    let refused = act(&world, slip.to_string(), ADMIN_TOKEN).await;
    assert_eq!((refused.status, &refused.body["code"]), (400, &json!("invalid")));
    let served = get(&world, "openapi.json", ADMIN_TOKEN).await.body;
    assert_eq!(served, contract.document, "it serves the document that it keeps");
}

#[tokio::test(flavor = "multi_thread")]
async fn both_tokens_of_a_rotation_are_valid_and_one_that_is_taken_out_is_not() {
    let mut config = guarded();
    let both = json!([entry("on-call", "operator", 7), entry("on-call", "operator", 8)]);
    config["admin"]["tokens"] = both;
    let mut world = World::settled_with(&config).await;
    for chance in [7, 8] {
        assert_eq!(get(&world, "orders", &token(chance)).await.status, 200);
    }
    config["admin"]["tokens"] = json!([entry("on-call", "operator", 8)]);
    world.write_config(&config.to_string()).await.unwrap();
    world.minute().await;
    // The table of the config before may be in KV's cache for as long as KV takes to spread.
    world.edge().advance_kv_clock(120_000).await.unwrap();
    world.crash().await;
    assert_eq!(get(&world, "orders", &token(7)).await.status, 401);
    assert_eq!(get(&world, "orders", &token(8)).await.status, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn no_token_is_told_to_anybody_or_sent_to_a_region() {
    let mut world = World::settled_with(&guarded()).await;
    let (good, unknown) = (token(2), token(99));
    let slip = good.replace("pmt_02", "pmt_20");
    let mut told = String::new();
    for token in [&good, &unknown, &slip] {
        for path in ["status", "orders", "nothing"] {
            told += &get(&world, path, token).await.body.to_string();
        }
        let body = json!({"act": {"compare": {}}, "reason": "a look"}).to_string();
        told += &act(&world, body, token).await.body.to_string();
    }
    let before: u64 = world.regions().map(|region| region.served().other).sum();
    let lost = world.edge().request(Method::GET, pointsman_lab::deployment::HOST, "/x", None);
    let lost = lost.bearer_auth(&good).send().await.unwrap();
    assert_eq!(lost.status(), 400);
    told += &lost.text().await.unwrap();
    assert!(told.contains("secret_in_request"), "{told}");
    let after: u64 = world.regions().map(|region| region.served().other).sum();
    assert_eq!(after, before);
    world.minutes(2).await;
    told += &world.edge().log().join("\n");
    for key in world.edge().kv_list("").await.unwrap() {
        told += &world.edge().kv_get(&key.name).await.unwrap().unwrap_or_default();
        told += &key.metadata.unwrap_or_default().to_string();
    }
    for secret in [&good, &unknown, &slip] {
        assert!(!told.contains(secret.as_str()), "`{secret}` was told");
    }
    assert!(!told.contains(ADMIN_TOKEN));
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_asks_without_end_is_told_when_to_come_back_and_nobody_else_is_held_back() {
    let mut config = guarded();
    config["admin"]["acts_per_minute"] = json!(3);
    let world = World::settled_with(&config).await;
    let body = json!({"act": {"compare": {}}, "reason": "a look", "is_dry": true}).to_string();
    let mut last = None;
    for _ in 0..4 {
        last = Some(act(&world, body.clone(), &token(2)).await);
    }
    let last = last.unwrap();
    assert_eq!((last.status, &last.body["code"]), (429, &json!("too_many")));
    let seconds: u64 = last.retry_after.unwrap().parse().unwrap();
    assert!((1..=60).contains(&seconds), "{seconds}");
    assert_eq!(act(&world, body, &token(3)).await.status, 200, "another actor");
    assert_eq!(get(&world, "orders", &token(2)).await.status, 200, "a look");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_body_that_is_too_long_or_no_json_is_refused() {
    let world = World::settled_with(&guarded()).await;
    let most = pointsman::http::v1::ACT_BYTES_MAX;
    let long = act(&world, " ".repeat(most + 1), &token(3)).await;
    assert_eq!((long.status, &long.body["code"]), (413, &json!("too_long")));
    assert_eq!(act(&world, " ".repeat(most), &token(3)).await.status, 400);
    let path = "/.pointsman/v1/acts";
    let text = world.edge().request(Method::POST, ADMIN_HOST, path, None).bearer_auth(token(3));
    let text = text.header("content-type", "text/plain").body("{}").send().await.unwrap();
    assert_eq!(text.status(), 415);
    let bytes = world.edge().request(Method::POST, ADMIN_HOST, path, None).bearer_auth(token(3));
    let bytes = bytes.header("content-type", "application/json").body(vec![0xff_u8, 0xfe]);
    assert_eq!(bytes.send().await.unwrap().status(), 408);
}
