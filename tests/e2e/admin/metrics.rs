//! The page of metrics: to whom it is shown, what it says, and that it says nothing old.

use super::{TOKENS, guarded, token};
use crate::support::{World, until};
use pointsman::http::v1::METRICS_PAGE;
use pointsman_lab::deployment::{ADMIN_HOST, BERLIN, HOST, SAO_PAULO};
use reqwest::{Method, Response};
use std::collections::BTreeMap;

async fn ask(world: &World, method: Method, host: &str, token: Option<&str>) -> Response {
    let path = format!("/.pointsman/{METRICS_PAGE}");
    let request = world.edge().request(method, host, &path, None);
    let request = match token {
        Some(token) => request.bearer_auth(token),
        None => request,
    };
    request.send().await.unwrap()
}

/// The series with their values, as a viewer gets them.
async fn series(world: &World) -> BTreeMap<String, String> {
    let (.., chance) = TOKENS[0];
    let answer = ask(world, Method::GET, ADMIN_HOST, Some(&token(chance))).await;
    assert_eq!(answer.status(), 200);
    let text = answer.text().await.unwrap();
    let lines = text.lines().filter(|line| !line.starts_with('#'));
    let pairs = lines.map(|line| line.rsplit_once(' ').unwrap());
    pairs.map(|(series, value)| (series.to_owned(), value.to_owned())).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn metrics_are_shown_where_and_to_whom_the_api_is() {
    let world = World::settled_with(&guarded()).await;
    for (_, _, chance) in TOKENS {
        let answer = ask(&world, Method::GET, ADMIN_HOST, Some(&token(chance))).await;
        assert_eq!(answer.status(), 200);
        let header = |name: &str| answer.headers()[name].to_str().unwrap().to_owned();
        assert_eq!(header("content-type"), "text/plain; version=0.0.4; charset=utf-8");
        assert_eq!(header("cache-control"), "no-store");
    }
    let viewer = token(1);
    let wrong = token(99);
    for (method, host, token, status) in [
        (Method::HEAD, ADMIN_HOST, Some(&viewer), 200),
        (Method::POST, ADMIN_HOST, Some(&viewer), 405),
        (Method::GET, ADMIN_HOST, Some(&wrong), 401),
        (Method::GET, ADMIN_HOST, None, 401),
        (Method::GET, HOST, Some(&viewer), 404),
        (Method::GET, "elsewhere.example.com", Some(&viewer), 404),
    ] {
        let answer = ask(&world, method.clone(), host, token.map(String::as_str)).await;
        assert_eq!(answer.status(), status, "{method} {host} {token:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_clients_meet_is_told_once_and_begins_anew_with_the_controller() {
    let mut world = World::settled_with(&guarded()).await;
    let answered = r#"pointsman_requests_total{service="api",outcome="answered"}"#;
    let by_law = r#"pointsman_refusals_total{service="api",code="no_permitted_region"}"#;
    let unknown = r#"pointsman_refusals_total{code="unknown_host"}"#;
    let before = series(&world).await;
    for counter in [answered, by_law, unknown] {
        assert_eq!(before[counter], "0", "{counter}");
    }
    assert_eq!(before[r#"pointsman_runs_total{by="cron"}"#], "1");
    for _ in 0..7 {
        assert_eq!(world.get(BERLIN, "/x").await.unwrap().status, 200);
    }
    let strange = world.edge().request(Method::GET, "strange.example.com", "/", None);
    assert_eq!(strange.send().await.unwrap().status(), 404);
    world.set("sa-east", pointsman_lab::region::Mode::Refuse).await;
    world.minutes(2).await;
    // An isolate tells behind a request, every half minute.
    let began = tokio::time::Instant::now();
    let told = loop {
        let told = series(&world).await;
        if told[unknown] != "0" {
            break told;
        }
        assert!(began.elapsed().as_secs() < 75, "{told:#?}");
        // Brazilians may not go elsewhere.
        assert!(world.get(SAO_PAULO, "/x").await.unwrap().status >= 500);
        tokio::time::sleep(std::time::Duration::from_millis(500)).await;
    };
    assert_eq!(told[unknown], "1");
    assert_eq!(told[answered], "7", "a refusal for want of a region is no answer");
    let refused = ["no_usable_region", "unreachable"]
        .map(|code| format!(r#"pointsman_refusals_total{{service="api",code="{code}"}}"#));
    assert!(refused.iter().any(|counter| told[counter] != "0"), "{told:#?}");
    let down = r#"pointsman_region_health{service="api",region="sa-east",health="down"}"#;
    assert_eq!(told[down], "1");
    for counter in
        ["pointsman_incidents_open", "pointsman_kv_writes_total", "pointsman_api_calls_total"]
    {
        assert_ne!(told[counter], "0", "{counter}");
    }
    world.crash().await;
    let after = series(&world).await;
    assert_eq!((after[answered].as_str(), after[unknown].as_str()), ("0", "0"));
    assert_eq!(after["pointsman_incidents_open"], told["pointsman_incidents_open"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn without_the_controller_there_are_no_old_numbers() {
    let world = World::settled_with(&guarded()).await;
    assert!(!series(&world).await.is_empty());
    world.edge().restart_with("CONTROLLER_JURISDICTION", "nowhere").await.unwrap();
    until("a 503", async || {
        ask(&world, Method::GET, ADMIN_HOST, Some(&token(1))).await.status() == 503
    })
    .await;
}
