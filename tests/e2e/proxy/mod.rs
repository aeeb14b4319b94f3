//! Requests of clients, on their way through the proxy.

mod basics;
mod bodies;
mod breakers;
mod carries;
mod failing;
mod headers;
mod matrix;
mod names;
mod refuses;
mod resumes;
mod returns;
mod soak;
mod stale;
mod steers;

use crate::support::{World, config};
use pointsman_lab::deployment::{Client, HOST};
use pointsman_lab::region::CLIENT_HEADER;
use reqwest::{Method, RequestBuilder, Response};
use serde_json::{Value, json};
use std::time::{Duration, Instant};

/// Longest wait for a try of a request that may be tried elsewhere.
const TRY_MS: u64 = 800;
/// Longest wait for an answer.
const TIMEOUT_MS: u64 = 2_000;

/// The example config with these waits, and German clients that had better stay in Ireland.
fn waits() -> Value {
    let mut config = config();
    let service = &mut config["services"]["api"];
    service["try_timeout_ms"] = json!(TRY_MS);
    service["timeout_ms"] = json!(TIMEOUT_MS);
    let home = json!({
        "id": "home", "when": {"country": "DE"}, "allow": ["IE"], "mode": "preferred",
    });
    config["residency"].as_array_mut().unwrap().push(home);
    config
}

/// The same with more keys of the service.
fn waits_and(keys: &Value) -> Value {
    let mut config = waits();
    for (key, value) in keys.as_object().unwrap() {
        config["services"]["api"][key] = value.clone();
    }
    config
}

/// A settled world of the example with more keys of its service, and no preference of ours.
async fn settled_with_service(keys: &Value) -> World {
    let mut config = waits_and(keys);
    config["residency"].as_array_mut().unwrap().pop();
    let world = World::settled_with(&config).await;
    assert_eq!(world.status().await.unwrap()["config"]["refused"], Value::Null);
    world
}

impl World {
    fn ask(&self, client: Client, method: &str, path: &str) -> RequestBuilder {
        let method = Method::from_bytes(method.as_bytes()).unwrap();
        let request = self.edge().request(method, HOST, path, Some(&client.cf()));
        request.header(CLIENT_HEADER, client.country)
    }

    /// Requests that arrived at a region, without those of monitors and trials.
    fn arrived(&self, region: &str) -> u64 {
        self.region(region).unwrap().served().other
    }
}

/// A header as text; empty where there is none.
fn header<'r>(response: &'r Response, name: &str) -> &'r str {
    response.headers().get(name).map_or("", |value| value.to_str().unwrap())
}

/// Whether an answer of ours asks the client to come back, in one field, at a second of its own.
fn asks_to_return(response: &Response) -> bool {
    let told: Vec<_> = response.headers().get_all("retry-after").iter().collect();
    matches!(told[..], [only] if is_seconds_of_ours(only.to_str().unwrap()))
}

/// Whether a `Retry-After` is within the bounds of ours.
fn is_seconds_of_ours(told: &str) -> bool {
    told.parse().is_ok_and(|seconds: u32| (15..=45).contains(&seconds))
}

/// Sends a request, and says how long the head of its answer took.
async fn timed(request: RequestBuilder) -> (Response, Duration) {
    let began = Instant::now();
    let response = request.send().await.unwrap();
    (response, began.elapsed())
}
