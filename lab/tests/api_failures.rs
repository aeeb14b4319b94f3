//! How the emulated API refuses, throttles, and breaks off.
mod api_support;

use std::time::{Duration, Instant};

use api_support::{SECRET, Scene, scene, scene_with};
use pointsman_lab::api::{Api, ApiToken, Body, Fault, FaultKind, RateLimit, World};
use reqwest::Method;
use serde_json::json;

/// Waits until a condition holds, for ten seconds at most.
async fn eventually(condition: impl Fn() -> bool) {
    let deadline = Instant::now() + Duration::from_secs(10);
    while !condition() {
        assert!(Instant::now() < deadline, "the condition did not come true in time");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

fn is_pool_enabled(s: &Scene, name: &str) -> bool {
    s.api.world().lock().pool(name).unwrap()["enabled"].as_bool().unwrap()
}

async fn disable_eu(s: &Scene) -> reqwest::Result<api_support::Seen> {
    let path = format!("{}/{}", s.pools(), s.eu);
    let body = json!({"enabled": false}).to_string();
    s.try_call(Method::PATCH, &path, Some(body), Some(&format!("Bearer {SECRET}"))).await
}

#[tokio::test]
async fn tokens_are_told_apart_by_verify_and_refused_elsewhere() {
    let s = scene().await;
    let verify = "/user/tokens/verify";
    for (secret, status) in [(SECRET, "active"), ("disabled", "disabled"), ("expired", "expired")] {
        let seen = s.as_token(secret, Method::GET, verify).await;
        assert_eq!(seen.result()["status"], json!(status));
    }
    assert_eq!(s.as_token("unknown", Method::GET, verify).await.refusal(), (401, 1000));
    for (secret, refusal) in
        [("unknown", (403, 9109)), ("disabled", (403, 10000)), ("expired", (403, 10000))]
    {
        assert_eq!(s.as_token(secret, Method::GET, &s.pools()).await.refusal(), refusal);
    }
    let seen = s.try_call(Method::GET, verify, None, None).await.unwrap();
    assert_eq!(seen.refusal(), (400, 9106));
    let seen = s.try_call(Method::GET, verify, None, Some("Basic abc")).await.unwrap();
    assert_eq!(seen.refusal(), (400, 6003));
}

#[tokio::test]
async fn a_token_does_only_what_it_is_permitted() {
    let s = scene().await;
    let record = format!("{}/{}", s.records(), s.www);
    for path in [s.pools(), s.monitors(), s.balancers(), s.records(), "/zones".to_owned()] {
        s.as_token("reader", Method::GET, &path).await.result();
    }
    assert_eq!(s.as_token("reader", Method::DELETE, &record).await.refusal(), (403, 10000));
    for path in [s.pools(), s.balancers(), "/zones".to_owned()] {
        assert_eq!(s.as_token("dns-only", Method::GET, &path).await.refusal(), (403, 10000));
    }
    s.as_token("dns-only", Method::GET, &s.records()).await.result();
    s.as_token("dns-only", Method::DELETE, &record).await.result();
}

#[tokio::test]
async fn unknown_routes_and_strangers_ids_are_refused() {
    let s = scene().await;
    for path in ["/", "/zone", "/zones/not-an-id/dns_records", "/accounts/x/load_balancers/pools"] {
        assert_eq!(s.get(path).await.refusal(), (404, 7003), "{path}");
    }
    assert_eq!(s.put(&s.pools(), json!({})).await.refusal(), (404, 7003));
    let strange = "0123456789abcdef0123456789abcdef";
    let zone = s.get(&format!("/zones/{strange}/dns_records")).await;
    assert_eq!(zone.refusal(), (403, 10000));
    let account = s.get(&format!("/accounts/{strange}/load_balancers/pools")).await;
    assert_eq!(account.refusal(), (403, 10000));
    assert_eq!(s.get(&format!("{}/{strange}", s.records())).await.refusal(), (404, 81044));
    assert_eq!(s.get(&format!("{}/{strange}", s.pools())).await.refusal(), (404, 1001));
}

#[tokio::test]
async fn a_body_that_is_not_json_is_refused() {
    let s = scene().await;
    let bearer = format!("Bearer {SECRET}");
    for body in [Some("{\"name\":".to_owned()), None] {
        let seen = s.try_call(Method::POST, &s.pools(), body, Some(&bearer)).await.unwrap();
        assert_eq!(seen.refusal(), (400, 6007));
    }
    assert_eq!(s.post(&s.pools(), json!([])).await.status, 400);
}

#[tokio::test]
async fn going_over_the_rate_limit_blocks_all_tokens_of_the_user() {
    let s = scene_with(|world| {
        world.rate_limit = RateLimit { calls: 3, period: Duration::from_mins(5) };
        world.add_token(ApiToken::all("colleague").of_user("colleague"));
    })
    .await;
    for remaining in ["2", "1", "0"] {
        let seen = s.get("/zones").await;
        assert_eq!(seen.status, 200);
        assert_eq!(seen.headers["x-ratelimit-limit"], "3");
        assert_eq!(seen.headers["x-ratelimit-remaining"], remaining);
        assert!(seen.headers["x-ratelimit-reset"].to_str().unwrap().ends_with("GMT"));
    }
    for secret in [SECRET, "reader"] {
        let seen = s.as_token(secret, Method::GET, "/zones").await;
        assert_eq!(seen.status, 429);
        let retry_after: u64 = seen.headers["retry-after"].to_str().unwrap().parse().unwrap();
        assert!((295..=300).contains(&retry_after), "{retry_after}");
    }
    assert_eq!(s.as_token("colleague", Method::GET, "/zones").await.status, 200);
}

#[tokio::test]
async fn a_blocked_write_changes_nothing() {
    let s = scene_with(|world| {
        world.rate_limit = RateLimit { calls: 0, period: Duration::from_mins(5) };
    })
    .await;
    assert_eq!(disable_eu(&s).await.unwrap().status, 429);
    assert!(is_pool_enabled(&s, "eu"));
}

#[tokio::test]
async fn a_lost_reply_was_applied_and_a_closed_connection_was_not() {
    let s = scene().await;
    s.api.inject(Fault::new(FaultKind::CloseBeforeApply));
    assert!(disable_eu(&s).await.is_err());
    assert!(is_pool_enabled(&s, "eu"));
    s.api.inject(Fault::new(FaultKind::DropReplyAfterApply).on("PATCH", "/accounts/"));
    assert!(disable_eu(&s).await.is_err());
    assert!(!is_pool_enabled(&s, "eu"));
    let transcript = s.api.transcript();
    assert!(transcript.iter().all(|exchange| exchange.status.is_none()));
    assert_eq!(s.api.write_calls(), 2);
}

#[tokio::test]
async fn stated_faults_answer_and_apply_nothing() {
    let s = scene().await;
    for kind in [
        FaultKind::Status(500),
        FaultKind::NotFoundOnce,
        FaultKind::TooManyRequests { retry_after_s: 17 },
    ] {
        s.api.inject(Fault::new(kind));
        let seen = disable_eu(&s).await.unwrap();
        assert_eq!(seen.body["success"], json!(false));
        match kind {
            FaultKind::Status(status) => assert_eq!(seen.status, status),
            FaultKind::NotFoundOnce => assert_eq!(seen.status, 404),
            _ => assert_eq!(
                (seen.status, &seen.headers["retry-after"]),
                (429, &"17".parse().unwrap())
            ),
        }
        assert!(is_pool_enabled(&s, "eu"));
    }
    disable_eu(&s).await.unwrap().result();
    assert!(!is_pool_enabled(&s, "eu"));
}

#[tokio::test]
async fn the_limit_can_be_lowered_at_run_time_and_a_block_lasts_the_whole_period() {
    let s = scene().await;
    for _ in 0..3 {
        s.get("/zones").await.result();
    }
    s.api.world().lock().rate_limit = RateLimit { calls: 3, period: Duration::from_mins(5) };
    let blocked = s.get("/zones").await;
    assert_eq!((blocked.status, &blocked.headers["retry-after"]), (429, &"300".parse().unwrap()));
    s.api.pass_time(Duration::from_secs(200));
    assert_eq!(disable_eu(&s).await.unwrap().status, 429);
    assert!(is_pool_enabled(&s, "eu"));
    s.api.pass_time(Duration::from_secs(101));
    disable_eu(&s).await.unwrap().result();
}

#[tokio::test]
async fn latency_stays_on_for_every_call_until_it_is_taken_off() {
    let s = scene().await;
    let latency = Duration::from_millis(50);
    s.api.set_latency(latency);
    s.api.inject(Fault::new(FaultKind::Status(503)));
    for status in [503, 200, 200] {
        let started = Instant::now();
        assert_eq!(s.get("/zones").await.status, status);
        assert!(started.elapsed() >= latency);
    }
    s.api.set_latency(Duration::from_mins(10));
    abandon(&s).await;
    s.api.set_latency(Duration::ZERO);
    disable_eu(&s).await.unwrap().result();
}

#[tokio::test]
async fn a_refused_element_of_a_batch_is_named_and_nothing_is_applied() {
    let s = scene().await;
    let before = s.api.world().lock().snapshot();
    let refusal = FaultKind::RefuseElement { pointer: "/patches/0/content" };
    s.api.inject(Fault::new(refusal).on("POST", &format!("{}/batch", s.records())));
    let body = json!({"patches": [{"id": s.www, "content": "us.example.net"}]});
    let path = format!("{}/batch", s.records());
    let seen = s.post(&path, body.clone()).await;
    assert_eq!((seen.refusal(), seen.pointer()), ((400, 1004), "/patches/0/content"));
    assert_eq!(s.api.world().lock().snapshot(), before);
    s.post(&path, body).await.result();
}

#[tokio::test]
async fn an_echoed_token_reaches_the_client_and_not_the_transcript() {
    let s = scene().await;
    for status in [400, 403, 500] {
        s.api.inject(Fault::new(FaultKind::EchoToken(status)));
        let seen = disable_eu(&s).await.unwrap();
        assert_eq!(seen.status, status);
        assert!(seen.body["errors"][0]["message"].as_str().unwrap().contains(SECRET));
    }
    assert!(is_pool_enabled(&s, "eu"));
    let shown = format!("{:?}", s.api.transcript());
    assert!(shown.contains("[redacted]") && !shown.contains(SECRET), "{shown}");
}

#[tokio::test]
async fn malformed_json_comes_with_200_after_the_change() {
    let s = scene().await;
    s.api.inject(Fault::new(FaultKind::MalformedJson));
    let seen = disable_eu(&s).await.unwrap();
    assert_eq!(seen.status, 200);
    assert!(seen.body.is_string(), "the body does not parse");
    assert!(!is_pool_enabled(&s, "eu"));
    assert!(matches!(s.api.transcript()[0].response, Body::Raw(_)));
}

/// Makes a call and hangs up as soon as it has arrived.
async fn abandon(s: &Scene) {
    let before = s.api.transcript().len();
    tokio::select! {
        seen = disable_eu(s) => panic!("answered: {seen:?}"),
        () = eventually(|| s.api.transcript().len() > before) => {}
    }
}

#[tokio::test]
async fn a_hanging_call_never_applies_and_a_delayed_one_does_though_its_client_left() {
    let s = scene().await;
    s.api.inject(Fault::new(FaultKind::Hang));
    abandon(&s).await;
    assert!(is_pool_enabled(&s, "eu"));
    s.api.inject(Fault::new(FaultKind::Delay(500)));
    abandon(&s).await;
    eventually(|| !is_pool_enabled(&s, "eu")).await;
    assert!(s.api.transcript().iter().all(|exchange| exchange.status.is_none()));
}

#[tokio::test]
async fn a_delayed_call_is_answered_late() {
    let s = scene().await;
    let started = Instant::now();
    s.api.inject(Fault::new(FaultKind::Delay(50)));
    disable_eu(&s).await.unwrap().result();
    assert!(started.elapsed() >= Duration::from_millis(50));
}

#[tokio::test]
async fn the_transcript_tells_everything_but_the_token() {
    let s = scene().await;
    s.get(&format!("{}?name=db.example.com&type=A", s.records())).await;
    disable_eu(&s).await.unwrap();
    let transcript = s.api.transcript();
    assert_eq!(transcript.iter().map(|e| e.seq).collect::<Vec<_>>(), [1, 2]);
    assert_eq!(transcript[0].path, s.records());
    assert_eq!(transcript[0].query[1], ("type".to_owned(), "A".to_owned()));
    assert_eq!(transcript[0].request, Body::Empty);
    assert_eq!(transcript[1].method, "PATCH");
    assert_eq!(transcript[1].request, Body::Json(json!({"enabled": false})));
    assert_eq!(transcript[1].status, Some(200));
    assert!(transcript[0].at_ms <= transcript[1].at_ms);
    assert_eq!((s.api.read_calls(), s.api.write_calls()), (1, 1));
    let shown = serde_json::to_string(&transcript).unwrap() + &format!("{transcript:?}");
    assert!(!shown.contains(SECRET));
    let world = s.api.world();
    assert!(!format!("{:?}", world.lock()).contains(SECRET));
    assert!(!world.lock().snapshot().to_string().contains(SECRET));
    s.api.clear_transcript();
    assert_eq!(s.api.write_calls(), 0);
    s.get("/zones").await;
    assert_eq!(s.api.transcript()[0].seq, 3);
}

#[tokio::test]
async fn worlds_of_one_seed_have_the_same_ids() {
    let ids = |seed| {
        let mut world = World::new(seed);
        (
            world.account_id().to_owned(),
            world.add_zone("example.com", pointsman_lab::api::Plan::Free),
        )
    };
    assert_eq!(ids(1), ids(1));
    assert_ne!(ids(1), ids(2));
    assert_ne!(ids(1).0, ids(1).1);
}

#[tokio::test]
async fn the_server_ends_when_it_is_stopped_and_when_it_is_dropped() {
    let refused = |port: u16| async move {
        tokio::net::TcpStream::connect(("127.0.0.1", port)).await.is_err()
    };
    let stopped = Api::start(World::new(1)).await.unwrap();
    let port = stopped.port();
    assert!(!refused(port).await);
    stopped.stop().await;
    assert!(refused(port).await);
    let dropped = Api::start(World::new(1)).await.unwrap();
    let port = dropped.port();
    drop(dropped);
    let deadline = Instant::now() + Duration::from_secs(10);
    while !refused(port).await {
        assert!(Instant::now() < deadline, "the dropped server still listens");
        tokio::task::yield_now().await;
    }
}
