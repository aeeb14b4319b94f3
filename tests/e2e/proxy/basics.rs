//! Where requests go, what arrives, and when they are refused.

use crate::support::{World, config, until};
use pointsman_lab::deployment::{BERLIN, CHICAGO, HOST, SAO_PAULO};
use pointsman_lab::edge::{NetFault, Route};
use pointsman_lab::region::Mode;
use pointsman_lab::scripted::{End, Reply, ScriptedOrigin, raw};
use reqwest::Method;
use serde_json::{Value, json};

#[tokio::test(flavor = "multi_thread")]
async fn a_client_whose_country_is_odd_or_absent_is_treated_as_a_brazilian_one() {
    let world = World::settled().await;
    let odd = [
        json!({}),
        json!({"country": null}),
        json!({"country": 55}),
        json!({"country": "XX"}),
        json!({"country": "T1"}),
        json!({"country": ["BR"]}),
        json!({"country": "BR", "latitude": "abc", "longitude": 7}),
        json!({"country": "BR", "latitude": 1.5, "longitude": {}}),
    ];
    for cf in odd.iter().map(Some).chain([None]) {
        let response = world.edge().request(Method::GET, HOST, "/", cf).send().await.unwrap();
        assert_eq!(response.status(), 200, "{cf:?}");
        assert_eq!(response.headers()["x-lab-region"], "sa-east", "{cf:?}");
    }
    let german = json!({"country": "DE", "latitude": "north", "longitude": "13.4"});
    let response = world.edge().request(Method::GET, HOST, "/", Some(&german)).send().await;
    assert_eq!(response.unwrap().status(), 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bodyless_request_to_a_region_that_hangs_is_answered_by_the_next() {
    let world = World::settled().await;
    world.set("eu-west", Mode::Hang).await;
    let answer = world.get(BERLIN, "/api/orders").await.unwrap();
    assert_eq!((answer.status, answer.region.as_deref()), (200, Some("us-east")));
    assert!(answer.took.as_millis() >= 800, "one try's timeout was waited for: {answer:?}");
    assert!(answer.mark.starts_with("region=us-east"), "{answer:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_region_that_the_network_cannot_reach_is_passed_over_whichever_way_that_shows() {
    let world = World::settled().await;
    for fault in [NetFault::Refuse, NetFault::Unreachable] {
        let route = Route { port: 1, delay_ms: 0, fault: Some(fault) };
        world.edge().route_host("eu1.origin.example.com", route).await.unwrap();
        let answer = world.get(BERLIN, "/").await.unwrap();
        assert_eq!(answer.region.as_deref(), Some("us-east"), "{fault:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_order_that_a_region_may_have_got_is_never_sent_twice() {
    let world = World::settled().await;
    let before = world.region("us-east").unwrap().served().other;
    world.set("eu-west", Mode::Status { code: 503 }).await;
    let request = world.edge().request(Method::POST, HOST, "/orders", Some(&BERLIN.cf()));
    let response = request.body("one order").send().await.unwrap();
    assert_eq!(response.status(), 503);
    assert_eq!(world.region("us-east").unwrap().served().other, before);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_brazilian_request_is_refused_rather_than_sent_abroad() {
    let mut world = World::settled().await;
    world.set("sa-east", Mode::Hang).await;
    let early = world.get(SAO_PAULO, "/").await.unwrap();
    assert_eq!(early.status, 504);
    assert_eq!(early.problem().unwrap()["rules"], json!(["lgpd"]));
    world.minute().await;
    world.crash().await;
    let late = world.get(SAO_PAULO, "/").await.unwrap();
    let problem = late.problem().unwrap();
    assert_eq!((late.status, &problem["code"]), (503, &json!("no_usable_region")));
    assert_eq!(problem["rules"], json!(["lgpd"]));
    assert!(!late.body.contains("origin.example.com"), "{late:?}");
    assert_eq!(world.residency_violations(), 0);
    assert_eq!(world.get(CHICAGO, "/").await.unwrap().region.as_deref(), Some("us-east"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_request_arrives_as_it_was_sent() {
    let world = World::settled().await;
    let body = "x".repeat(300_000);
    let request = world.edge().request(Method::PUT, HOST, "/a/b%20c?d=1&d=2", Some(&CHICAGO.cf()));
    let request = request.header("x-mine", "kept").header("cookie", "a=1; b=2");
    let response = request.body(body.clone()).send().await.unwrap();
    assert_eq!(response.status(), 200);
    let echo: Value = response.json().await.unwrap();
    assert_eq!(echo["method"], "PUT");
    assert_eq!(echo["path"], "/a/b%20c");
    assert_eq!(echo["query"], "d=1&d=2");
    assert_eq!(echo["body_length"], body.len());
    assert_eq!(echo["headers"]["x-mine"], "kept");
    assert_eq!(echo["headers"]["cookie"], "a=1; b=2");
    assert_eq!(echo["headers"]["x-forwarded-host"], HOST);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_is_streamed_and_not_gathered() {
    let world = World::settled().await;
    let path = "/sse?events=3&every_ms=300";
    let request = world.edge().request(Method::GET, HOST, path, Some(&CHICAGO.cf()));
    let began = std::time::Instant::now();
    let mut response = request.send().await.unwrap();
    let first = response.chunk().await.unwrap().unwrap();
    assert!(!first.is_empty());
    assert!(began.elapsed().as_millis() < 600, "the first event did not wait for the last");
    let large = world.edge().request(Method::GET, HOST, "/bytes/20000000", Some(&CHICAGO.cf()));
    let bytes = large.send().await.unwrap().bytes().await.unwrap();
    assert_eq!(bytes.len(), 20_000_000);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_head_request_and_an_answer_without_a_body_pass() {
    let world = World::settled().await;
    let head = world.edge().request(Method::HEAD, HOST, "/x", Some(&CHICAGO.cf())).send().await;
    let head = head.unwrap();
    assert_eq!(
        (head.status().as_u16(), &head.headers()["x-lab-region"]),
        (200, &"us-east".parse().unwrap())
    );
    for code in [204, 205, 304, 404] {
        world.set("us-east", Mode::Status { code }).await;
        let request = world.edge().request(Method::GET, HOST, "/x", Some(&CHICAGO.cf()));
        let response = request.send().await.unwrap();
        assert_eq!(response.status(), code);
        let mark = response.headers()["x-pointsman"].to_str().unwrap();
        assert_eq!(mark, "region=us-east; reason=nearest");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_that_announces_the_length_of_what_it_does_not_send_passes() {
    let world = World::settled().await;
    let origin = ScriptedOrigin::start(|head, _| {
        let status = match head.split(' ').nth(1) {
            Some("/gone") => 404,
            Some("/unchanged") => 304,
            _ => 200,
        };
        let bytes = raw(status, &["content-length: 1234", "etag: \"a\""], b"");
        Reply { bytes, end: End::Silence }
    });
    let origin = origin.await.unwrap();
    let route = Route { port: origin.port(), ..Route::default() };
    world.edge().route_host("us1.origin.example.com", route).await.unwrap();
    let asked = [
        (Method::HEAD, "/x", 200),
        (Method::HEAD, "/gone", 404),
        (Method::HEAD, "/unchanged", 304),
        (Method::GET, "/unchanged", 304),
    ];
    for (method, path, status) in asked {
        let request = world.edge().request(method, HOST, path, Some(&CHICAGO.cf()));
        let response = request.send().await.unwrap();
        let mark = response.headers()["x-pointsman"].to_str().unwrap();
        assert_eq!((response.status().as_u16(), mark), (status, "region=us-east; reason=nearest"));
        assert_eq!(response.headers()["etag"], "\"a\"", "{path}");
        assert_eq!(response.text().await.unwrap(), "", "{path}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_region_whose_origins_are_all_cut_off_does_not_use_up_the_tries() {
    let mut many = config();
    let origins = many["regions"]["eu-west"]["origins"].as_array_mut().unwrap();
    origins.push(json!({"id": "eu-west-2", "url": "https://eu2.origin.example.com"}));
    origins.push(json!({"id": "eu-west-3", "url": "https://eu3.origin.example.com"}));
    let mut world = World::started_with(&many).await;
    let port = world.region("eu-west").unwrap().port();
    for host in ["eu2.origin.example.com", "eu3.origin.example.com"] {
        world.edge().route_host(host, Route { port, ..Route::default() }).await.unwrap();
    }
    world.minute().await;
    world.set("eu-west", Mode::Refuse).await;
    let answer = world.get(BERLIN, "/").await.unwrap();
    assert_eq!(answer.region.as_deref(), Some("us-east"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_redirect_is_handed_on_and_not_followed_abroad() {
    let world = World::settled().await;
    let abroad = world.region("us-east").unwrap().served().other;
    // An origin's own name leads back to the proxy, and so to the rules. Any other stays.
    let abroad_or_elsewhere = [
        ("https://us1.origin.example.com/stolen", format!("http://{HOST}/stolen")),
        ("https://elsewhere.example.net/page", "https://elsewhere.example.net/page".to_owned()),
    ];
    for (to, told) in abroad_or_elsewhere {
        let path = format!("/redirect?to={to}");
        let request = world.edge().request(Method::GET, HOST, &path, Some(&SAO_PAULO.cf()));
        let response = request.send().await.unwrap();
        assert_eq!(response.status(), 302);
        assert_eq!(response.headers()["location"], told, "{to}");
    }
    assert_eq!(world.region("us-east").unwrap().served().other, abroad);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_host_that_nobody_serves_is_404() {
    let world = World::settled().await;
    let request = world.edge().request(Method::GET, "other.example.com", "/", None);
    let response = request.send().await.unwrap();
    assert_eq!(response.status(), 404);
    assert_eq!(response.headers()["content-type"], "application/problem+json");
}

#[tokio::test(flavor = "multi_thread")]
async fn rules_that_leave_no_region_at_all_are_451() {
    let mut both = config();
    let gdpr = json!({
        "id": "gdpr", "when": {"country": "DE", "host": HOST}, "allow": ["IE"], "mode": "strict",
    });
    both["residency"].as_array_mut().unwrap().push(gdpr);
    let mut world = World::started_with(&both).await;
    world.minute().await;
    let nowhere = world.edge().request(Method::GET, HOST, "/", None).send().await.unwrap();
    assert_eq!(nowhere.status(), 451);
    assert!(nowhere.headers()["link"].to_str().unwrap().contains("rel=\"blocked-by\""));
    assert_eq!(nowhere.headers()["cache-control"], "no-store");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_proxy_learns_of_a_return_by_itself() {
    let mut world = World::settled().await;
    world.set("sa-east", Mode::Refuse).await;
    world.minute().await;
    world.crash().await;
    assert_eq!(world.get(SAO_PAULO, "/").await.unwrap().status, 503);
    world.set("sa-east", Mode::Healthy).await;
    world.minute().await;
    until("the Brazilian client is served again", async || {
        world.get(SAO_PAULO, "/").await.is_ok_and(|answer| answer.status == 200)
    })
    .await;
}
