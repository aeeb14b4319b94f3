//! A furnished world and a client, for the tests of the emulated API.
#![allow(dead_code, reason = "each test binary uses its own part of this")]
use std::collections::BTreeSet;
use std::path::Path;

use pointsman_lab::api::{
    Api, ApiToken, Conformance, Exchange, Permission, Plan, TokenStatus, World,
};
use reqwest::Method;
use serde_json::{Value, json};

pub(crate) const SECRET: &str = "token-that-may-everything";

/// Every operation that the lab emulates.
const EMULATED: &[&str] = &[
    "GET /user/tokens/verify",
    "GET /zones",
    "GET /zones/{zone_id}/dns_records",
    "POST /zones/{zone_id}/dns_records",
    "POST /zones/{zone_id}/dns_records/batch",
    "GET /zones/{zone_id}/dns_records/{dns_record_id}",
    "PATCH /zones/{zone_id}/dns_records/{dns_record_id}",
    "PUT /zones/{zone_id}/dns_records/{dns_record_id}",
    "DELETE /zones/{zone_id}/dns_records/{dns_record_id}",
    "GET /zones/{zone_id}/load_balancers",
    "POST /zones/{zone_id}/load_balancers",
    "GET /zones/{zone_id}/load_balancers/{load_balancer_id}",
    "PATCH /zones/{zone_id}/load_balancers/{load_balancer_id}",
    "PUT /zones/{zone_id}/load_balancers/{load_balancer_id}",
    "DELETE /zones/{zone_id}/load_balancers/{load_balancer_id}",
    "GET /accounts/{account_id}/load_balancers/pools",
    "POST /accounts/{account_id}/load_balancers/pools",
    "PATCH /accounts/{account_id}/load_balancers/pools",
    "GET /accounts/{account_id}/load_balancers/pools/{pool_id}",
    "PATCH /accounts/{account_id}/load_balancers/pools/{pool_id}",
    "PUT /accounts/{account_id}/load_balancers/pools/{pool_id}",
    "DELETE /accounts/{account_id}/load_balancers/pools/{pool_id}",
    "GET /accounts/{account_id}/load_balancers/pools/{pool_id}/health",
    "GET /accounts/{account_id}/load_balancers/pools/{pool_id}/references",
    "GET /accounts/{account_id}/load_balancers/monitors",
    "POST /accounts/{account_id}/load_balancers/monitors",
    "GET /accounts/{account_id}/load_balancers/monitors/{monitor_id}",
    "PATCH /accounts/{account_id}/load_balancers/monitors/{monitor_id}",
    "PUT /accounts/{account_id}/load_balancers/monitors/{monitor_id}",
    "DELETE /accounts/{account_id}/load_balancers/monitors/{monitor_id}",
    "GET /accounts/{account_id}/load_balancers/monitors/{monitor_id}/references",
];

/// A world with two pools behind one load balancer, and a few records.
pub(crate) struct Scene {
    pub(crate) api: Api,
    pub(crate) account: String,
    pub(crate) zone: String,
    pub(crate) monitor: String,
    pub(crate) eu: String,
    pub(crate) us: String,
    pub(crate) balancer: String,
    pub(crate) www: String,
}

pub(crate) fn pool_body(name: &str) -> Value {
    json!({"name": name, "origins": [
        {"name": format!("{name}-1"), "address": "192.0.2.1"},
        {"name": format!("{name}-2"), "address": "192.0.2.2", "weight": 0.57},
    ]})
}

pub(crate) async fn scene() -> Scene {
    scene_with(|_| {}).await
}

/// The scene, with a last touch before the server starts.
pub(crate) async fn scene_with(touch: impl FnOnce(&mut World)) -> Scene {
    let mut world = World::new(7);
    world.add_token(ApiToken::all(SECRET));
    world.add_token(ApiToken::read_only("reader"));
    world.add_token(ApiToken::new("dns-only", &[Permission::DnsWrite]));
    world.add_token(ApiToken::all("disabled").with_status(TokenStatus::Disabled));
    world.add_token(ApiToken::all("expired").with_status(TokenStatus::Expired));
    let account = world.account_id().to_owned();
    let zone = world.add_zone("example.com", Plan::Free);
    let monitor = json!({"type": "https", "path": "/health", "expected_codes": "2xx"});
    let monitor = world.add_monitor(&monitor).unwrap();
    let mut eu = pool_body("eu");
    eu["monitor"] = json!(monitor);
    let eu = world.add_pool(&eu).unwrap();
    let us = world.add_pool(&pool_body("us")).unwrap();
    let balancer = json!({
        "name": "api.example.com", "default_pools": [eu, us], "fallback_pool": us, "proxied": true,
    });
    let balancer = world.add_load_balancer(&zone, &balancer).unwrap();
    let www = json!({"name": "www", "type": "CNAME", "content": "eu.example.net", "ttl": 60});
    let www = world.add_record(&zone, &www).unwrap();
    for host in ["192.0.2.10", "192.0.2.11"] {
        let record = json!({"name": "db", "type": "A", "content": host, "ttl": 120});
        world.add_record(&zone, &record).unwrap();
    }
    touch(&mut world);
    let api = Api::start(world).await.unwrap();
    Scene { api, account, zone, monitor, eu, us, balancer, www }
}

/// A reply as a client sees it.
#[derive(Debug)]
pub(crate) struct Seen {
    pub(crate) status: u16,
    pub(crate) headers: reqwest::header::HeaderMap,
    pub(crate) body: Value,
}

impl Seen {
    pub(crate) fn result(&self) -> &Value {
        assert_eq!(self.status, 200, "{}", self.body);
        assert_eq!(self.body["success"], json!(true));
        &self.body["result"]
    }

    /// The status and the code of the first error.
    pub(crate) fn refusal(&self) -> (u16, u64) {
        assert_eq!(self.body["success"], json!(false), "{}", self.body);
        (self.status, self.body["errors"][0]["code"].as_u64().unwrap())
    }

    pub(crate) fn pointer(&self) -> &str {
        self.body["errors"][0]["source"]["pointer"].as_str().unwrap_or_default()
    }
}

impl Scene {
    pub(crate) fn pools(&self) -> String {
        format!("/accounts/{}/load_balancers/pools", self.account)
    }

    pub(crate) fn monitors(&self) -> String {
        format!("/accounts/{}/load_balancers/monitors", self.account)
    }

    pub(crate) fn balancers(&self) -> String {
        format!("/zones/{}/load_balancers", self.zone)
    }

    pub(crate) fn records(&self) -> String {
        format!("/zones/{}/dns_records", self.zone)
    }

    pub(crate) async fn get(&self, path: &str) -> Seen {
        self.call(Method::GET, path, None).await
    }

    pub(crate) async fn delete(&self, path: &str) -> Seen {
        self.call(Method::DELETE, path, None).await
    }

    pub(crate) async fn post(&self, path: &str, body: Value) -> Seen {
        self.call(Method::POST, path, Some(body)).await
    }

    pub(crate) async fn put(&self, path: &str, body: Value) -> Seen {
        self.call(Method::PUT, path, Some(body)).await
    }

    pub(crate) async fn patch(&self, path: &str, body: Value) -> Seen {
        self.call(Method::PATCH, path, Some(body)).await
    }

    pub(crate) async fn call(&self, method: Method, path: &str, body: Option<Value>) -> Seen {
        let body = body.map(|body| body.to_string());
        self.try_call(method, path, body, Some(&format!("Bearer {SECRET}"))).await.unwrap()
    }

    pub(crate) async fn as_token(&self, secret: &str, method: Method, path: &str) -> Seen {
        self.try_call(method, path, None, Some(&format!("Bearer {secret}"))).await.unwrap()
    }

    /// One call on a connection of its own, so that nothing is retried behind the test's back.
    pub(crate) async fn try_call(
        &self,
        method: Method,
        path: &str,
        body: Option<String>,
        authorization: Option<&str>,
    ) -> reqwest::Result<Seen> {
        let client = reqwest::Client::builder().pool_max_idle_per_host(0).no_proxy().build()?;
        let mut request = client.request(method, format!("{}{path}", self.api.base_url()));
        if let Some(authorization) = authorization {
            request = request.header("authorization", authorization);
        }
        if let Some(body) = body {
            request = request.header("content-type", "application/json").body(body);
        }
        let reply = request.send().await?;
        let (status, headers) = (reply.status().as_u16(), reply.headers().clone());
        let text = reply.text().await?;
        Ok(Seen { status, headers, body: serde_json::from_str(&text).unwrap_or(json!(text)) })
    }
}

/// The OpenAPI document, where a copy is at hand.
fn document() -> Option<Conformance> {
    let Some(path) = std::env::var_os("POINTSMAN_OPENAPI") else {
        eprintln!("not checked: POINTSMAN_OPENAPI does not name an OpenAPI document");
        return None;
    };
    Some(Conformance::load(Path::new(&path)).unwrap())
}

/// Holds every reply, and every request that was accepted, against the OpenAPI document.
pub(crate) fn assert_conforming(transcript: &[Exchange]) {
    let Some(document) = document() else { return };
    let mut complaints = Vec::new();
    for exchange in transcript {
        complaints.extend(document.check_reply(exchange));
        if exchange.status == Some(200) {
            complaints.extend(document.check_request(exchange));
        }
    }
    assert!(complaints.is_empty(), "{}", complaints.join("\n"));
}

/// The document's names of the operations that were called with success, and of those that the lab
/// emulates.
pub(crate) fn operations(transcript: &[Exchange]) -> Option<(BTreeSet<String>, BTreeSet<String>)> {
    let document = document()?;
    let accepted = transcript.iter().filter(|exchange| exchange.status == Some(200));
    let used = accepted.filter_map(|exchange| document.operation_name(exchange)).collect();
    Some((used, EMULATED.iter().map(|&name| name.to_owned()).collect()))
}
