//! The emulated API in the hands of Cloudflare's own client, the npm package `cloudflare`.
//!
//! A test of ours could share a mistake with the lab. This client was generated from Cloudflare's
//! document and knows nothing of us: it says which calls there are, how filters are spelt, how
//! pages are walked, and what an error must look like to be understood. The calls are in
//! `lab/official-client`; here is the world around them. Every reply is also held against the types
//! that the client declares, and every exchange against the OpenAPI document where
//! `POINTSMAN_OPENAPI` names a copy.
mod api_support;

use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use api_support::{SECRET, Scene, assert_conforming, operations, scene, scene_with};
use pointsman_lab::api::{Exchange, Fault, FaultKind, RateLimit};
use serde_json::json;
use tokio::io::AsyncWriteExt as _;
use tokio::process::Command;

/// Longest run of one file; it takes a second or two.
const BOUND: Duration = Duration::from_mins(1);

/// Runs one file of `lab/official-client` against a scene; all its tests must pass, and the lab's
/// side of it must keep to the client's types and to the OpenAPI document.
async fn run(s: &Scene, file: &str) {
    let ids = json!({
        "account": s.account, "zone": s.zone, "monitor": s.monitor, "eu": s.eu, "us": s.us,
        "balancer": s.balancer, "www": s.www,
    });
    let mut tests = node();
    tests
        .args(["--test", "--test-reporter=spec", file])
        .env("LAB_BASE_URL", s.api.base_url())
        .env("LAB_TOKEN", SECRET)
        .env("LAB_SCENE", ids.to_string());
    succeed(tests, "").await;
    let transcript = s.api.transcript();
    assert!(!transcript.is_empty(), "nothing was called");
    assert_conforming(&transcript);
    let genuine: Vec<&Exchange> = transcript.iter().filter(|e| e.fault.is_none()).collect();
    let mut types = node();
    types.arg("types.mjs");
    succeed(types, &serde_json::to_string(&genuine).unwrap()).await;
}

/// Node.js in the folder of the client's tests.
fn node() -> Command {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("official-client");
    let package = folder.join("../../node_modules/cloudflare");
    assert!(package.exists(), "the npm packages are missing: run `cargo xtask setup`");
    let mut node = Command::new("node");
    node.current_dir(folder).kill_on_drop(true);
    node.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    node
}

/// Runs a program on an input; it must end well, and in time.
async fn succeed(mut program: Command, input: &str) {
    let mut child = program.spawn().expect("Node.js 20 or newer is needed");
    let mut stdin = child.stdin.take().unwrap();
    stdin.write_all(input.as_bytes()).await.unwrap();
    drop(stdin);
    let output = tokio::time::timeout(BOUND, child.wait_with_output()).await;
    let output = output.expect("Node.js did not end in time").unwrap();
    let said = [output.stdout, output.stderr].concat();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&said));
}

#[tokio::test]
async fn the_official_client_finds_every_operation_that_the_lab_emulates() {
    let s = scene().await;
    run(&s, "calls.test.mjs").await;
    let transcript = s.api.transcript();
    assert!(transcript.iter().all(|exchange| exchange.status == Some(200)));
    let pages: Vec<&str> = transcript
        .iter()
        .filter(|exchange| exchange.query.contains(&("per_page".to_owned(), "3".to_owned())))
        .filter_map(|exchange| exchange.query.iter().find(|(name, _)| name == "page"))
        .map(|(_, page)| page.as_str())
        .collect();
    assert_eq!(pages, ["2", "3", "4"], "pages are walked up to the first empty one");
    if let Some((used, emulated)) = operations(&transcript) {
        assert_eq!(used, emulated);
    }
}

#[tokio::test]
async fn refusals_arrive_as_the_official_clients_typed_errors_and_change_nothing() {
    let s = scene().await;
    let before = s.api.world().lock().snapshot();
    run(&s, "refusals.test.mjs").await;
    assert_eq!(s.api.world().lock().snapshot(), before);
}

#[tokio::test]
async fn a_block_arrives_as_the_official_clients_rate_limit_error() {
    let limit = RateLimit { calls: 2, period: Duration::from_mins(5) };
    let s = scene_with(|world| world.rate_limit = limit).await;
    run(&s, "throttled.test.mjs").await;
}

#[tokio::test]
async fn the_official_clients_retries_get_over_faults() {
    let s = scene().await;
    let (zones, verify, records) = ("/zones", "/user/tokens/verify", s.records());
    s.api.inject(Fault::new(FaultKind::Status(503)).on("GET", zones));
    let wait = FaultKind::TooManyRequests { retry_after_s: 1 };
    s.api.inject(Fault::new(wait).on("GET", verify));
    s.api.inject(Fault::new(FaultKind::DropReplyAfterApply).on("PATCH", &s.pools()));
    s.api.inject(Fault::new(FaultKind::DropReplyAfterApply).on("POST", &records));
    run(&s, "retries.test.mjs").await;
    assert_eq!(s.api.waiting_faults(), 0);
    let transcript = s.api.transcript();
    let pool = format!("{}/{}", s.pools(), s.eu);
    let seen = |path: &str| -> Vec<Option<u16>> {
        transcript.iter().filter(|e| e.path == path).map(|e| e.status).collect()
    };
    assert_eq!(seen(zones), [Some(503), Some(200)]);
    assert_eq!(seen(verify), [Some(429), Some(200)]);
    assert_eq!(seen(&pool), [None, Some(200)]);
    assert_eq!(seen(&records), [None, Some(400)]);
    assert_eq!(s.api.world().lock().records("lost.example.com").len(), 1);
}
