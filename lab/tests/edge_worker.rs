//! The Worker runs on workerd with its bindings, its clock and its network.
mod edge_bundle;

use edge_bundle::{get, options, start, text};
use pointsman_lab::edge::{Edge, EdgeOptions, NetFault, Route};
use pointsman_lab::region::{Mode, Region};
use reqwest::{Method, Response};
use serde_json::{Value, json};
use std::fs;
use std::path::PathBuf;
use std::time::{Duration, Instant};

async fn subrequest(edge: &Edge, url: &str, timeout_ms: u64) -> Response {
    let path = format!("/fetch?timeout_ms={timeout_ms}&url={url}");
    get(edge, &path).send().await.unwrap()
}

fn to(region: &Region) -> Route {
    Route { port: region.port(), ..Route::default() }
}

#[tokio::test]
async fn modules_and_text_bindings_arrive_as_given() {
    let mut options = options();
    let awkward = "a \"quoted\" \\ line\nand Zürich 🚆\u{1}";
    options.vars.insert("NOTE".into(), awkward.into());
    let edge = Edge::start(options).await.unwrap();
    assert_eq!(text(get(&edge, "/")).await, "hello from the bundle");
    assert_eq!(text(get(&edge, "/var?name=NOTE")).await, awkward);
    edge.stop().await.unwrap();
}

#[tokio::test]
async fn wasm_is_found_under_the_name_that_the_build_gives_it() {
    const ANSWER: &[u8] =
        b"\0asm\x01\0\0\0\x01\x05\x01\x60\0\x01\x7f\x03\x02\x01\0\x07\x0a\x01\x06\
        answer\0\0\x0a\x06\x01\x04\0\x41\x2a\x0b";
    let bundle = tempfile::tempdir().unwrap();
    let script = r#"import wasm from "./index_bg.wasm";
        const { exports } = new WebAssembly.Instance(wasm);
        export default { fetch: () => new Response(String(exports.answer())) };"#;
    fs::write(bundle.path().join("index.js"), script).unwrap();
    fs::write(bundle.path().join("index_bg.wasm"), ANSWER).unwrap();
    let edge = Edge::start(EdgeOptions {
        bundle: bundle.path().to_owned(),
        durable_objects: vec![],
        ..options()
    });
    assert_eq!(text(get(&edge.await.unwrap(), "/")).await, "42");
}

#[tokio::test]
async fn host_and_cf_are_those_of_the_client() {
    let edge = start().await;
    let cf = json!({ "country": "CH", "city": "Zürich", "latitude": "47.36", "asn": 64496 });
    let request = edge.request(Method::GET, "api.example.com", "/request?a=%20b", Some(&cf));
    let seen: Value = request.send().await.unwrap().json().await.unwrap();
    assert_eq!(seen["url"], "http://api.example.com/request?a=%20b");
    assert_eq!(seen["cf"], cf);
    assert_eq!(seen["headers"]["x-lab-cf"], Value::Null);
    let seen: Value = get(&edge, "/request").send().await.unwrap().json().await.unwrap();
    assert_eq!(seen["hasCf"], false);
}

#[tokio::test]
async fn redirects_are_shown_and_not_followed() {
    let edge = start().await;
    assert_eq!(get(&edge, "/redirect").send().await.unwrap().status(), 302);
}

#[tokio::test]
async fn a_cron_run_has_the_time_asked_for_and_is_over_on_return() {
    let edge = start().await;
    edge.run_cron(1_700_000_000_123).await.unwrap();
    assert_eq!(edge.kv_get("last-run").await.unwrap().as_deref(), Some("1700000000123"));
}

#[tokio::test]
async fn a_cron_run_that_throws_is_an_error() {
    let edge = start().await;
    edge.kv_put("cron-fails", "1").await.unwrap();
    let message = edge.run_cron(0).await.unwrap_err().to_string();
    assert!(message.contains("exception"), "{message}");
}

#[tokio::test]
async fn a_host_leads_to_its_region_after_its_delay() {
    let (edge, region) = (start().await, Region::start("eu-west").unwrap());
    let route = Route { delay_ms: 100, ..to(&region) };
    edge.route_host("eu1.origin.example.com", route).await.unwrap();
    let started = Instant::now();
    let response = subrequest(&edge, "https://eu1.origin.example.com:8443/orders", 5_000).await;
    assert!(started.elapsed() >= Duration::from_millis(100));
    let echo: Value = response.json().await.unwrap();
    assert_eq!((&echo["region"], &echo["path"]), (&json!("eu-west"), &json!("/orders")));
    assert_eq!(echo["headers"]["x-lab-host"], "eu1.origin.example.com:8443");
    assert_eq!(echo["headers"]["x-lab-scheme"], "https");
}

#[tokio::test]
async fn a_body_goes_through_the_network_whole() {
    let (edge, region) = (start().await, Region::start("eu-west").unwrap());
    edge.route_host("eu.example.com", to(&region)).await.unwrap();
    let path = "/fetch?url=https://eu.example.com/upload";
    let request = edge.request(Method::PUT, "api.example.com", path, None);
    let response = request.body(vec![7; 3_000_000]).send().await.unwrap();
    let echo: Value = response.json().await.unwrap();
    assert_eq!((&echo["method"], &echo["body_length"]), (&json!("PUT"), &json!(3_000_000)));
}

#[tokio::test]
async fn an_unannounced_host_does_not_exist() {
    let response = subrequest(&start().await, "https://nowhere.example/", 5_000).await;
    assert_eq!(response.status(), 599);
    assert!(response.text().await.unwrap().contains("no such host"));
}

#[tokio::test]
async fn each_fault_fails_in_its_own_way_and_can_be_lifted() {
    let (edge, region) = (start().await, Region::start("eu-west").unwrap());
    let url = "https://eu.example.com/";
    for (fault, status, words) in [
        (Some(NetFault::Refuse), 599, "connection lost"),
        (Some(NetFault::Hang), 599, "TimeoutError"),
        (Some(NetFault::Unreachable), 523, "523"),
        (None, 200, "eu-west"),
    ] {
        edge.route_host("eu.example.com", Route { fault, ..to(&region) }).await.unwrap();
        let response = subrequest(&edge, url, 300).await;
        assert_eq!(response.status(), status, "{fault:?}");
        let text = response.text().await.unwrap();
        assert!(text.contains(words), "{fault:?}: {text}");
    }
    assert_eq!(region.served().other, 1);
}

#[tokio::test]
async fn a_broken_region_is_seen_through_the_network() {
    let (edge, region) = (start().await, Region::start("eu-west").unwrap());
    edge.route_host("eu.example.com", to(&region)).await.unwrap();
    for (mode, status) in [
        (Mode::Healthy, 200),
        (Mode::Refuse, 599),
        (Mode::Hang, 599),
        (Mode::Status { code: 503 }, 503),
        (Mode::Healthy, 200),
    ] {
        region.set(mode).await.unwrap();
        let response = subrequest(&edge, "https://eu.example.com/api/health", 300).await;
        assert_eq!(response.status(), status, "{mode}");
    }
}

#[tokio::test]
async fn a_restart_keeps_ports_storage_and_routes() {
    let (edge, region) = (start().await, Region::start("eu-west").unwrap());
    edge.route_host("eu.example.com", to(&region)).await.unwrap();
    edge.kv_put("config", "{}").await.unwrap();
    assert_eq!(text(get(&edge, "/object")).await, "1");
    let port = edge.port();
    edge.restart().await.unwrap();
    assert_eq!(edge.port(), port);
    assert_eq!(text(get(&edge, "/object")).await, "2");
    assert_eq!(edge.kv_get("config").await.unwrap().as_deref(), Some("{}"));
    assert_eq!(subrequest(&edge, "https://eu.example.com/", 5_000).await.status(), 200);
}

#[tokio::test]
async fn what_the_worker_prints_is_in_the_log() {
    let edge = start().await;
    assert_eq!(get(&edge, "/missing").send().await.unwrap().status(), 500);
    let deadline = Instant::now() + Duration::from_secs(10);
    while !edge.log().iter().any(|line| line.contains("handler failed")) {
        assert!(Instant::now() < deadline, "{:?}", edge.log());
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

#[tokio::test]
async fn a_start_that_fails_says_what_workerd_said() {
    let bundle = tempfile::tempdir().unwrap();
    fs::write(bundle.path().join("index.js"), "this is not a script").unwrap();
    let options = EdgeOptions { bundle: bundle.path().to_owned(), ..options() };
    let message = Edge::start(options).await.unwrap_err().to_string();
    assert!(message.contains("workerd ended") && message.contains("SyntaxError"), "{message}");
    let missing = EdgeOptions { workerd: PathBuf::from("/nonexistent/workerd"), ..self::options() };
    let message = Edge::start(missing).await.unwrap_err().to_string();
    assert!(message.contains("/nonexistent/workerd"), "{message}");
}
