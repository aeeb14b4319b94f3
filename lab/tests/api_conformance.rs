//! The emulated API against Cloudflare's OpenAPI document.
//!
//! The document is not part of the repository. `POINTSMAN_OPENAPI` names a file with it; without,
//! the test of the whole surface is skipped and says so. The tests of the checker itself need no
//! file.
mod api_support;

use api_support::{SECRET, Scene, assert_conforming, operations, pool_body, scene};
use pointsman_lab::api::{Api, Body, Conformance, Exchange, Fault, FaultKind};
use reqwest::Method;
use serde_json::{Value, json};

const GHOST: &str = "0123456789abcdef0123456789abcdef";

async fn created(s: &Scene, path: &str, body: Value) -> String {
    let seen = s.post(path, body).await;
    format!("{path}/{}", seen.result()["id"].as_str().unwrap())
}

async fn use_monitors(s: &Scene) {
    let list = s.monitors();
    s.get(&list).await.result();
    let body = json!({
        "type": "https", "path": "/health", "port": 8443, "expected_codes": "2xx", "method": "GET",
        "header": {"Host": ["api.example.com"]}, "interval": 60, "timeout": 5, "retries": 1,
        "consecutive_up": 2, "consecutive_down": 3, "expected_body": "ok", "description": "ours",
        "follow_redirects": false, "allow_insecure": false, "probe_zone": "example.com",
    });
    let one = created(s, &list, body).await;
    s.get(&one).await.result();
    s.patch(&one, json!({"expected_codes": "200", "port": null})).await.result();
    s.put(&one, json!({"type": "tcp", "port": 5432, "expected_codes": ""})).await.result();
    s.get(&format!("{one}/references")).await.result();
    s.delete(&one).await.result();
    s.delete(&format!("{list}/{}", s.monitor)).await;
    s.get(&format!("{list}/{GHOST}")).await;
    s.post(&list, json!({"interval": 1})).await;
}

async fn use_pools(s: &Scene) {
    let list = s.pools();
    s.get(&list).await.result();
    s.get(&format!("{list}?monitor={}", s.monitor)).await.result();
    s.patch(&list, json!({"notification_email": ""})).await.result();
    let mut body = pool_body("sa");
    body["monitor"] = json!(s.monitor);
    body["latitude"] = json!(-23.5);
    body["longitude"] = json!(-46.6);
    body["check_regions"] = json!(["WNAM", "SSAM"]);
    body["health_sources"] = json!(["regional", "global"]);
    body["origins"][0]["header"] = json!({"Host": ["api.example.com"]});
    body["notification_filter"] = json!({"pool": {"healthy": false}, "origin": null});
    let one = created(s, &list, body).await;
    s.get(&one).await.result();
    let origins = json!([{"name": "a", "address": "192.0.2.7", "weight": 0.29, "enabled": false}]);
    s.patch(&one, json!({"origins": origins, "enabled": false})).await.result();
    s.patch(&one, json!({"load_shedding": null, "origin_steering": null})).await.result();
    s.put(&one, pool_body("sa")).await.result();
    s.get(&format!("{one}/health")).await.result();
    let health = json!({"Amsterdam, NL": {"healthy": true, "origins": [
        {"192.0.2.1": {"healthy": true, "response_code": 200, "rtt": "12.1ms",
            "failure_reason": "No failures"}},
    ]}});
    s.api.world().lock().set_pool_health("eu", health).unwrap();
    for path in ["health", "references"] {
        s.get(&format!("{list}/{}/{path}", s.eu)).await.result();
    }
    s.delete(&format!("{list}/{}", s.eu)).await;
    s.delete(&one).await.result();
    s.patch(&format!("{list}/{}", s.us), json!({"origins": [{"weight": 2}]})).await;
    s.patch(&format!("{list}/{GHOST}"), json!({"enabled": true})).await;
}

async fn use_load_balancers(s: &Scene) {
    let list = s.balancers();
    s.get(&list).await.result();
    let body = json!({
        "name": "lb.example.com", "default_pools": [s.eu, s.us], "fallback_pool": s.us,
        "proxied": true, "steering_policy": "random", "description": "ours",
        "region_pools": {"WEU": [s.eu]}, "country_pools": {"DE": [s.eu]},
        "random_steering": {"default_weight": 0.2, "pool_weights": {s.eu.as_str(): 0.7}},
        "adaptive_routing": {"failover_across_pools": true},
        "session_affinity": "cookie", "session_affinity_ttl": 1800,
        "session_affinity_attributes": {"samesite": "Lax", "drain_duration": 60},
        "location_strategy": {"mode": "resolver_ip", "prefer_ecs": "always"},
        "rules": [{"name": "r", "condition": "true", "overrides": {"default_pools": [s.us]}}],
    });
    let one = created(s, &list, body).await;
    s.get(&one).await.result();
    let set = json!({"name": "de", "match": {"topology": {"countries": ["DE"]}},
        "overrides": {"pools": [s.eu], "pool_default_weight": 0.5}});
    s.patch(&one, json!({"pool_sets": [set], "enabled": false})).await.result();
    s.patch(&one, json!({"proxied": false, "ttl": 30})).await.result();
    let body = json!({"name": "lb.example.com", "default_pools": [s.us], "fallback_pool": s.us});
    s.put(&one, body).await.result();
    s.patch(&one, json!({"fallback_pool": GHOST})).await;
    s.delete(&one).await.result();
    s.get(&one).await;
}

async fn use_records(s: &Scene) {
    let list = s.records();
    s.get(&format!("{list}?name.exact=www.example.com&type=CNAME&page=1&per_page=5"))
        .await
        .result();
    s.get(&format!("{list}?comment.startswith=x&match=any&order=name&direction=desc")).await;
    s.get(&format!("{list}?per_page=0")).await;
    let mut records = Vec::new();
    for (kind, content) in [
        ("A", "192.0.2.1"),
        ("AAAA", "2001:db8::1"),
        ("CNAME", "a.example.net"),
        ("TXT", "text"),
        ("MX", "mail.example.com"),
        ("NS", "ns.example.net"),
    ] {
        let mut body = json!({"name": format!("new-{}", kind.to_lowercase()), "type": kind,
            "content": content, "ttl": 60, "comment": "ours"});
        if kind == "MX" {
            body["priority"] = json!(10);
        }
        records.push(created(s, &list, body).await);
    }
    for record in &records {
        s.get(record).await.result();
    }
    let one = &records[0];
    s.patch(one, json!({"content": "192.0.2.2", "proxied": true})).await.result();
    let body = json!({"name": "new-a", "type": "A", "content": "192.0.2.3", "ttl": 1});
    s.put(one, body.clone()).await.result();
    s.delete(one).await.result();
    s.delete(one).await;
    s.post(&list, json!({"name": "www", "type": "A", "content": "192.0.2.3", "ttl": 1})).await;
    s.post(&list, json!({"name": "x", "type": "A", "content": "x", "ttl": 1})).await;
    let id = records[1].rsplit('/').next().unwrap();
    let batch = json!({"deletes": [{"id": id}], "patches": [{"id": s.www, "ttl": 120}],
        "puts": [], "posts": [body]});
    s.post(&format!("{list}/batch"), batch).await.result();
    let bad = json!({"posts": [{"name": "b", "type": "A", "content": "b", "ttl": 1}]});
    s.post(&format!("{list}/batch"), bad).await;
}

async fn use_the_rest(s: &Scene) {
    for secret in [SECRET, "disabled", "expired", "unknown"] {
        s.as_token(secret, Method::GET, "/user/tokens/verify").await;
        s.as_token(secret, Method::GET, &s.pools()).await;
    }
    s.get("/zones?name=example.com&per_page=5").await.result();
    s.get("/zones?per_page=51").await;
    let record = format!("{}/{}", s.records(), s.www);
    s.as_token("reader", Method::DELETE, &record).await;
    s.try_call(Method::GET, "/zones", None, None).await.unwrap();
}

#[tokio::test]
async fn the_whole_surface_keeps_to_the_openapi_document() {
    let s = scene().await;
    use_monitors(&s).await;
    use_pools(&s).await;
    use_load_balancers(&s).await;
    use_records(&s).await;
    use_the_rest(&s).await;
    let transcript = s.api.transcript();
    assert_conforming(&transcript);
    if let Some((used, emulated)) = operations(&transcript) {
        assert_eq!(used, emulated, "every emulated operation is driven with success");
    }
}

/// A document with one list and one write, in the manner of the real one.
fn small_document() -> Value {
    let failure = json!({"type": "object", "required": ["success", "errors"], "properties": {
        "success": {"type": "boolean", "enum": [false]}}});
    let reply = json!({"type": "object", "required": ["success", "result"], "properties": {
        "success": {"enum": [true], "type": "boolean"},
        "result": {"$ref": "#/components/schemas/pool"}}});
    let content = |schema: &Value| json!({"content": {"application/json": {"schema": schema}}});
    json!({
        "openapi": "3.0.3",
        "components": {"schemas": {"pool": {"type": "object", "properties": {
            "enabled": {"type": "boolean"},
            "check_regions": {"type": "array", "nullable": true, "items": {"type": "string"}},
        }}}},
        "paths": {"/accounts/{account_id}/load_balancers/pools/{pool_id}": {
            "patch": {
                "parameters": [{"name": "dry_run", "in": "query"}],
                "requestBody": content(&json!({"$ref": "#/components/schemas/pool"})),
                "responses": {"200": content(&reply), "4XX": content(&failure)},
            },
        }},
    })
}

/// A genuine exchange with the API to falsify.
async fn genuine(s: &Scene) -> Exchange {
    s.patch(&format!("{}/{}", s.pools(), s.eu), json!({"enabled": true})).await.result();
    s.api.transcript().pop().unwrap()
}

fn falsified(exchange: &Exchange, change: impl FnOnce(&mut Exchange)) -> Exchange {
    let mut exchange = exchange.clone();
    change(&mut exchange);
    exchange
}

#[tokio::test]
async fn the_checker_complains_of_every_kind_of_deviation() {
    let conformance = Conformance::new(&small_document()).unwrap();
    let s = scene().await;
    let good = genuine(&s).await;
    assert_eq!(conformance.check(&good), Vec::<String>::new());
    let wrong_type = json!({"success": true, "result": {"enabled": "yes"}});
    for (wrong, word) in [
        (falsified(&good, |e| e.response = Body::Json(wrong_type)), "reply: /result/enabled"),
        (falsified(&good, |e| e.response = Body::Raw("<html>".to_owned())), "reply: the reply"),
        (falsified(&good, |e| e.status = Some(500)), "status 500 is not documented"),
        (falsified(&good, |e| e.status = Some(404)), "reply: "),
        (falsified(&good, |e| e.request = Body::Json(json!({"enabled": 1}))), "request: /enabled"),
        (falsified(&good, |e| e.request = Body::Json(json!({"enabld": true}))), "/enabld is not"),
        (falsified(&good, |e| e.request = Body::Empty), "a JSON body is required"),
        (falsified(&good, |e| e.query = vec![("dryrun".into(), "1".into())]), "dryrun is not"),
        (falsified(&good, |e| e.path = "/accounts/x".to_owned()), "no such operation"),
    ] {
        let complaints = conformance.check(&wrong);
        assert!(complaints.len() == 1 || wrong.status == Some(404), "{complaints:?}");
        assert!(complaints[0].contains(word), "{complaints:?} should tell of `{word}`");
    }
}

#[tokio::test]
async fn the_checker_accepts_null_where_the_document_says_nullable_and_spares_injected_replies() {
    let conformance = Conformance::new(&small_document()).unwrap();
    let s = scene().await;
    let good = genuine(&s).await;
    let null = json!({"enabled": true, "check_regions": null});
    let nullable = falsified(&good, |e| e.request = Body::Json(null));
    assert_eq!(conformance.check(&nullable), Vec::<String>::new());
    let api: &Api = &s.api;
    api.inject(Fault::new(FaultKind::MalformedJson));
    s.patch(&format!("{}/{}", s.pools(), s.eu), json!({"enabled": true})).await;
    let injected = api.transcript().pop().unwrap();
    assert_eq!(conformance.check(&injected), Vec::<String>::new());
}
