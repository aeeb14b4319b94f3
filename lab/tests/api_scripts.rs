//! Workers at the emulated API, as `wrangler deploy` and `wrangler secret put` call it. The real
//! wrangler is played against it by `cargo xtask release --try`.
mod api_support;

use api_support::{Scene, Seen, scene_with};
use pointsman_lab::api::{ApiToken, Permission};
use reqwest::Method;
use serde_json::{Value, json};

/// wrangler's token.
const WRANGLER: &str = "wrangler";
const SCRIPT: &str = "class Store{}export{Store};";

async fn account() -> Scene {
    scene_with(|world| {
        use Permission::{KvWrite, ScriptRoutesWrite, ScriptsWrite, ZoneRead};
        let permissions = [ScriptsWrite, KvWrite, ScriptRoutesWrite, ZoneRead];
        world.add_token(ApiToken::new(WRANGLER, &permissions));
    })
    .await
}

async fn call(s: &Scene, method: Method, path: &str, body: Option<Value>) -> Seen {
    let body = body.map(|body| body.to_string());
    s.try_call(method, path, body, Some(&format!("Bearer {WRANGLER}"))).await.unwrap()
}

/// A path below the account.
fn below(s: &Scene, path: &str) -> String {
    format!("/accounts/{}/{path}", s.account)
}

/// Uploads the Worker `w` with a KV binding; the status, and the first message of a refusal.
async fn upload(s: &Scene, kv: Value) -> (u16, String) {
    let metadata = json!({
        "main_module": "index.js", "compatibility_date": "2026-11-17",
        "keep_bindings": ["secret_text", "secret_key"], "bindings": [kv],
        "exports": {"Store": {"type": "durable-object", "storage": "sqlite"}},
    });
    let head = "Content-Disposition: form-data; name";
    let form = format!(
        "--x\r\n{head}=\"metadata\"\r\n\r\n{metadata}\r\n--x\r\n{head}=\"index.js\"\r\n\
         Content-Type: application/javascript+module\r\n\r\n{SCRIPT}\r\n--x--\r\n"
    );
    let url = format!("{}{}", s.api.base_url(), below(s, "workers/scripts/w"));
    let client = reqwest::Client::builder().no_proxy().build().unwrap();
    let request = client.put(url).bearer_auth(WRANGLER);
    let request = request.header("content-type", "multipart/form-data; boundary=x").body(form);
    let response = request.send().await.unwrap();
    let (status, body) = (response.status().as_u16(), response.json::<Value>().await.unwrap());
    (status, body["errors"][0]["message"].as_str().unwrap_or_default().to_owned())
}

#[tokio::test]
async fn a_second_upload_keeps_secrets_schedules_and_what_it_inherits() {
    let s = account().await;
    let namespaces = below(&s, "storage/kv/namespaces");
    let made = call(&s, Method::POST, &namespaces, Some(json!({"title": "w-kv"}))).await;
    let id = made.result()["id"].clone();
    let kv = json!({"name": "KV", "type": "kv_namespace", "namespace_id": id});
    assert_eq!(upload(&s, kv.clone()).await, (200, String::new()));
    let secret = json!({"name": "S", "text": "hidden", "type": "secret_text"});
    call(&s, Method::PUT, &below(&s, "workers/scripts/w/secrets"), Some(secret)).await.result();
    let schedules = below(&s, "workers/scripts/w/schedules");
    let crons = json!([{"cron": "* * * * *"}]);
    assert_eq!(
        call(&s, Method::PUT, &schedules, Some(crons.clone())).await.result()["schedules"],
        crons
    );
    assert_eq!(upload(&s, json!({"name": "KV", "type": "inherit"})).await, (200, String::new()));
    let settings = call(&s, Method::GET, &below(&s, "workers/scripts/w/settings"), None).await;
    assert_eq!(settings.result()["bindings"], json!([kv, {"name": "S", "type": "secret_text"}]));
    let shared = s.api.world();
    let world = shared.lock();
    let script = world.script("w").unwrap();
    assert_eq!(script.modules()["index.js"], SCRIPT);
    assert_eq!(
        (script.secrets()["S"].as_str(), script.crons()),
        ("hidden", &["* * * * *".to_owned()][..])
    );
}

#[tokio::test]
async fn what_an_upload_binds_has_to_exist() {
    let s = account().await;
    let nothing = upload(&s, json!({"name": "KV", "type": "inherit"})).await;
    assert!(nothing.0 == 400 && nothing.1.starts_with("nothing to inherit"), "{nothing:?}");
    let kv = json!({"name": "KV", "type": "kv_namespace", "namespace_id": "none"});
    assert_eq!(upload(&s, kv).await, (400, "no namespace `none`".to_owned()));
    let missing = call(&s, Method::GET, &below(&s, "workers/services/w"), None).await;
    assert_eq!(missing.refusal(), (404, 10090));
}

#[tokio::test]
async fn routes_are_of_one_zone_and_lead_to_a_worker_that_exists() {
    let s = account().await;
    let routes = format!("/zones/{}/workers/routes", s.zone);
    let route = |pattern: &str| Some(json!({"pattern": pattern, "script": "w"}));
    let early = call(&s, Method::POST, &routes, route("api.example.com/*")).await;
    assert_eq!(early.refusal(), (404, 10007));
    assert_eq!(upload(&s, json!({"name": "T", "type": "plain_text", "text": ""})).await.0, 200);
    call(&s, Method::POST, &routes, route("api.example.com/*")).await.result();
    for pattern in ["api.example.com/*", "api.example.net/*"] {
        assert_eq!(call(&s, Method::POST, &routes, route(pattern)).await.status, 400, "{pattern}");
    }
    assert_eq!(s.api.world().lock().script_routes("w"), ["api.example.com/*"]);
    // By which wrangler learns that its token is not for all zones.
    let all = below(&s, "workers/scripts/w/routes");
    assert_eq!(call(&s, Method::PUT, &all, Some(json!([]))).await.refusal(), (403, 10000));
}

#[tokio::test]
async fn each_part_needs_its_permission() {
    let s = account().await;
    let routes = format!("/zones/{}/workers/routes", s.zone);
    let paths = [below(&s, "workers/services/w"), below(&s, "storage/kv/namespaces"), routes];
    for path in paths {
        let refused = s.as_token("dns-only", Method::GET, &path).await;
        assert_eq!(refused.refusal(), (403, 10000), "{path}");
    }
}
