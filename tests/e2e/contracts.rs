//! What the deployed Worker promises: live traffic is counted on its way, fields of health
//! documents are held against their bounds, and people see both.

use crate::support::{World, config, until};
use pointsman_lab::deployment::{ADMIN_HOST, ADMIN_TOKEN, BERLIN};
use pointsman_lab::region::Mode;
use reqwest::Method;
use serde_json::{Value, json};
use std::time::Duration;

/// An isolate tells with its question for news, which it asks every 30 s.
const TOLD_WITHIN: Duration = Duration::from_secs(45);

/// The page about contracts, of the service `api`.
async fn contracts(world: &World) -> Value {
    let request = world.edge().request(Method::GET, ADMIN_HOST, "/.pointsman/v1/contracts", None);
    let answer = request.bearer_auth(ADMIN_TOKEN).send().await.unwrap();
    let text = answer.error_for_status().unwrap().text().await.unwrap();
    let page: Value = serde_json::from_str(&text).unwrap();
    page["services"]["api"].clone()
}

fn count(page: &Value, key: &str) -> u64 {
    page["regions"]["eu-west"][key].as_u64().unwrap_or_default()
}

/// Asks for a page until an isolate has told of at least so many requests.
async fn until_told(world: &World, requests: u64) -> Value {
    let began = tokio::time::Instant::now();
    loop {
        let page = contracts(world).await;
        if count(&page, "requests") >= requests {
            return page;
        }
        assert!(began.elapsed() < TOLD_WITHIN, "{page:#}");
        world.get(BERLIN, "/x").await.unwrap();
        tokio::time::sleep(Duration::from_millis(500)).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn requests_are_counted_once_by_region_and_outlive_a_crash() {
    let mut config = config();
    config["services"]["api"]["contract"] = json!({"availability": 99});
    let trigger = json!({"min_samples": 10, "error_rate_percent": 10});
    config["services"]["api"]["failover"] = json!({"trigger": trigger});
    let mut world = World::settled_with(&config).await;
    for _ in 0..12 {
        assert_eq!(world.get(BERLIN, "/x").await.unwrap().status, 200);
    }
    // Nobody tries again elsewhere after a 500. After some of them the proxy leaves the region
    // alone, and clients are well.
    world.set("eu-west", Mode::Status { code: 500 }).await;
    let mut failed = 0;
    for _ in 0..18 {
        failed += u64::from(world.get(BERLIN, "/x").await.unwrap().status == 500);
    }
    assert!(failed >= 2, "{failed}");
    let page = until_told(&world, 12 + failed).await;
    let (requests, failures) = (count(&page, "requests"), count(&page, "failures"));
    assert_eq!(requests - failures, 12, "{page:#}");
    assert_eq!(count(&page, "unanswered"), 0, "{page:#}");
    let answers = &page["availability"];
    assert_eq!(answers["failures"].as_u64(), Some(failures), "{page:#}");
    assert!(answers["requests"].as_u64() >= Some(30), "{page:#}");
    // The next round tells that live traffic fails, and saves what was counted.
    world.minute().await;
    let page = contracts(&world).await;
    assert!(page["regions"]["eu-west"]["failing_since"].is_string(), "{page:#}");
    let told = world.edge().log().into_iter().filter(|line| line.contains(r#""event":"errors""#));
    assert_eq!(told.count(), 1);
    world.crash().await;
    let after = contracts(&world).await;
    assert_eq!(count(&after, "requests"), count(&page, "requests"), "{after:#}");
    assert!(after["regions"]["eu-west"]["failing_since"].is_string(), "{after:#}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_field_of_a_health_document_breaks_its_contract_and_keeps_it_again() {
    let mut config = config();
    config["services"]["api"]["contract"] = json!({"components": {"db": {
        "kind": "database",
        "bounds": {"/replication_lag_s": {"max": 5, "is": "lag"}, "/status": "healthy"},
        "rpo_s": 5,
    }}});
    let mut world = World::settled_with(&config).await;
    let db = async |world: &World| contracts(world).await["components"]["db"].clone();
    assert_eq!(db(&world).await["state"], "kept");
    world.region("us-east").unwrap().set_replication_lag_s(6);
    world.minute().await;
    let broken = db(&world).await;
    let cause = &broken["causes"][0];
    assert_eq!(cause, "us-east at us-east-1: `/replication_lag_s` is 6, above 5", "{broken:#}");
    until("the page in KV says so", async || {
        let page = world.kv_json("contracts").await.unwrap_or_default();
        page["services"]["api"]["components"]["db"]["state"] == "broken"
    })
    .await;
    world.region("us-east").unwrap().set_replication_lag_s(0);
    // One round finds it kept, and one a minute later tells.
    world.minutes(3).await;
    let kept = db(&world).await;
    assert_eq!((&kept["state"], &kept["broken_since"]), (&json!("kept"), &Value::Null));
    let lines = |what: &str| {
        let mark = format!(r#""event":"contract_{what}""#);
        world.edge().log().into_iter().filter(|line| line.contains(&mark)).count()
    };
    assert_eq!((lines("broken"), lines("kept")), (1, 1));
}
