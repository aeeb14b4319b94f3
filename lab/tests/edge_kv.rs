//! KV as the Worker sees it, counted and broken on demand, and as the tests see it.
mod edge_bundle;

use edge_bundle::{get, options, start, text};
use pointsman_lab::edge::{Edge, KvCounts, KvFaults, KvKey};
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

async fn worker_get(edge: &Edge, key: &str) -> Value {
    get(edge, &format!("/kv?key={key}")).send().await.unwrap().json().await.unwrap()
}

async fn worker_put(edge: &Edge, key: &str, value: &str) -> StatusCode {
    let path = format!("/kv?key={key}");
    let request = edge.request(Method::PUT, "api.example.com", &path, None);
    request.body(value.to_owned()).send().await.unwrap().status()
}

#[tokio::test]
async fn seeded_values_are_there_for_the_first_request() {
    let mut options = options();
    options.kv.insert("config".into(), r#"{"version":1}"#.into());
    let edge = Edge::start(options).await.unwrap();
    assert_eq!(worker_get(&edge, "config").await["value"], r#"{"version":1}"#);
}

#[tokio::test]
async fn tests_and_worker_share_one_namespace() {
    let edge = start().await;
    assert_eq!(worker_put(&edge, "region:eu%2Fwest", "up").await, 200);
    assert_eq!(edge.kv_get("region:eu/west").await.unwrap().as_deref(), Some("up"));
    edge.kv_put("status", "fine").await.unwrap();
    assert_eq!(worker_get(&edge, "status").await["value"], "fine");
    edge.kv_delete("status").await.unwrap();
    assert_eq!(worker_get(&edge, "status").await["value"], Value::Null);
    assert_eq!(edge.kv_get("status").await.unwrap(), None);
}

#[tokio::test]
async fn a_list_shows_names_and_metadata_over_all_pages() {
    let edge = start().await;
    worker_put(&edge, "region:eu", "up").await;
    edge.kv_put("status", "fine").await.unwrap();
    let metadata = Some(json!({ "by": "worker" }));
    let region = KvKey { name: "region:eu".into(), metadata };
    assert_eq!(edge.kv_list("region:").await.unwrap(), [region]);
    for n in 0..101 {
        edge.kv_put(&format!("audit:{n}"), "").await.unwrap();
    }
    assert_eq!(edge.kv_list("audit:").await.unwrap().len(), 101);
}

#[tokio::test]
async fn only_the_workers_operations_are_counted() {
    let edge = start().await;
    edge.kv_put("status", "fine").await.unwrap();
    edge.kv_get("status").await.unwrap();
    edge.kv_list("").await.unwrap();
    assert_eq!(edge.kv_counts().await.unwrap(), KvCounts::default());
    worker_put(&edge, "status", "1").await;
    worker_put(&edge, "status", "2").await;
    worker_put(&edge, "routes", "1").await;
    worker_get(&edge, "status").await;
    let delete = edge.request(Method::DELETE, "api.example.com", "/kv?key=routes", None);
    assert_eq!(text(delete).await, "deleted");
    let writes_by_key = [("routes".to_owned(), 1), ("status".to_owned(), 2)].into();
    let expected = KvCounts { reads: 1, writes: 3, deletes: 1, lists: 0, writes_by_key };
    assert_eq!(edge.kv_counts().await.unwrap(), expected);
    edge.reset_kv_counts().await.unwrap();
    assert_eq!(edge.kv_counts().await.unwrap(), KvCounts::default());
}

#[tokio::test]
async fn failing_reads_and_writes_fail_the_worker_alone() {
    let edge = start().await;
    edge.kv_put("status", "fine").await.unwrap();
    edge.set_kv_faults(KvFaults { fail_writes: true, ..KvFaults::default() }).await.unwrap();
    assert_eq!(worker_put(&edge, "status", "new").await, 500);
    assert_eq!(worker_get(&edge, "status").await["value"], "fine");
    edge.set_kv_faults(KvFaults { fail_reads: true, ..KvFaults::default() }).await.unwrap();
    let failed = get(&edge, "/kv?key=status").send().await.unwrap();
    assert_eq!(failed.status(), 500);
    assert!(failed.text().await.unwrap().contains("KV GET failed: 503"));
    assert_eq!(worker_put(&edge, "status", "new").await, 200);
    assert_eq!(edge.kv_get("status").await.unwrap().as_deref(), Some("new"));
    edge.set_kv_faults(KvFaults::default()).await.unwrap();
    assert_eq!(worker_get(&edge, "status").await["value"], "new");
}

#[tokio::test]
async fn a_change_reaches_the_worker_only_after_it_has_spread() {
    let edge = start().await;
    worker_put(&edge, "routes", "old").await;
    let faults = KvFaults { propagation_ms: 60_000, ..KvFaults::default() };
    edge.set_kv_faults(faults).await.unwrap();
    edge.kv_put("routes", "operator's").await.unwrap();
    edge.advance_kv_clock(30_000).await.unwrap();
    worker_put(&edge, "routes", "worker's").await;
    edge.kv_put("new", "key").await.unwrap();
    let old = json!({ "value": "old", "metadata": { "by": "worker" }, "cacheStatus": null });
    assert_eq!(worker_get(&edge, "routes").await, old);
    assert_eq!(worker_get(&edge, "new").await["value"], Value::Null);
    assert_eq!(edge.kv_get("routes").await.unwrap().as_deref(), Some("worker's"));
    edge.advance_kv_clock(30_000).await.unwrap();
    assert_eq!(worker_get(&edge, "routes").await["value"], "operator's");
    edge.advance_kv_clock(30_000).await.unwrap();
    assert_eq!(worker_get(&edge, "routes").await["value"], "worker's");
    assert_eq!(worker_get(&edge, "new").await["value"], "key");
}

#[tokio::test]
async fn a_restart_keeps_faults_and_the_clock() {
    let edge = start().await;
    assert_eq!(worker_put(&edge, "lease&ttl_s=3600", "held").await, 200);
    edge.advance_kv_clock(3_540_000).await.unwrap();
    assert_eq!(edge.kv_get("lease").await.unwrap().as_deref(), Some("held"));
    edge.advance_kv_clock(120_000).await.unwrap();
    edge.set_kv_faults(KvFaults { fail_writes: true, ..KvFaults::default() }).await.unwrap();
    for _ in 0..2 {
        assert_eq!(edge.kv_get("lease").await.unwrap(), None);
        assert_eq!(worker_put(&edge, "status", "new").await, 500);
        edge.restart().await.unwrap();
    }
}
