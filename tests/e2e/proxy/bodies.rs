//! Requests with a body, and answers whose body does not arrive: what is sent again, who is
//! waited for, and who is blamed.

use super::{TRY_MS, header, settled_with_service, timed, waits, waits_and};
use crate::support::{World, until};
use futures_util::{StreamExt, stream};
use pointsman_lab::deployment::{BERLIN, HOST, SAO_PAULO};
use pointsman_lab::edge::Route;
use pointsman_lab::odd_origin::{OddOrigin, Oddity};
use pointsman_lab::region::Mode;
use reqwest::{Body, Response};
use serde_json::{Value, json};
use std::convert::Infallible;
use std::time::{Duration, Instant};
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;

/// Longest rest of a body.
const IDLE_MS: u64 = 1_000;
/// The host of `eu-west`, to which German clients go first.
const FIRST: &str = "eu1.origin.example.com";

fn resting(ms: u64) -> Value {
    waits_and(&json!({"proxy": {"body_idle_timeout_ms": ms}}))
}

impl World {
    /// Puts an odd origin in the place of `eu-west`.
    async fn odd(&self, oddity: Oddity) -> OddOrigin {
        let origin = OddOrigin::start(oddity).await.unwrap();
        let route = Route { port: origin.port(), delay_ms: 0, fault: None };
        self.edge().route_host(FIRST, route).await.unwrap();
        origin
    }

    /// Puts `eu-west` back in its place.
    async fn even(&self) {
        let route =
            Route { port: self.region("eu-west").unwrap().port(), delay_ms: 0, fault: None };
        self.edge().route_host(FIRST, route).await.unwrap();
    }

    /// Whether the isolate leaves `eu-west` alone.
    async fn is_left(&self) -> bool {
        let report = self.isolate().await;
        let regions = report["services"][0]["regions"].as_array().unwrap();
        regions.iter().find(|region| region["id"] == "eu-west").unwrap()["open_until"]
            != Value::Null
    }
}

async fn code(response: Response) -> String {
    response.json::<Value>().await.unwrap()["code"].as_str().unwrap().to_owned()
}

/// A body that a client sends piece by piece, with a pause before each but the first.
fn piecewise(pieces: usize, bytes: usize, pause: Duration) -> Body {
    Body::wrap_stream(stream::iter(0..pieces).then(move |at| async move {
        if at > 0 {
            tokio::time::sleep(pause).await;
        }
        Ok::<_, Infallible>(vec![b'x'; bytes])
    }))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_small_body_that_no_region_got_goes_to_the_next_whatever_the_method() {
    let world = World::settled_with(&waits()).await;
    world.set("eu-west", Mode::Refuse).await;
    for (sent, method) in ["POST", "PUT", "DELETE", "PATCH"].into_iter().enumerate() {
        for length in [4, 300, 65_536] {
            world.crash().await;
            let before = world.arrived("us-east");
            let request = world.ask(BERLIN, method, "/orders").body("x".repeat(length));
            let response = request.send().await.unwrap();
            assert_eq!(response.status(), 200, "{method}, {length} bytes, {sent}");
            assert_eq!(header(&response, "x-lab-region"), "us-east");
            let echo: Value = response.json().await.unwrap();
            assert_eq!((&echo["method"], &echo["body_length"]), (&json!(method), &json!(length)));
            assert_eq!(echo["headers"]["content-length"], length.to_string());
            assert_eq!(world.arrived("us-east"), before + 1);
        }
    }
    for length in [3, 65_537] {
        world.crash().await;
        let request = world.ask(BERLIN, "POST", "/orders").body("x".repeat(length));
        assert_eq!(request.send().await.unwrap().status(), 502, "{length} bytes");
    }
    assert_eq!(world.residency_violations(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_request_that_was_sent_and_not_answered_ends_in_an_answer_of_ours_and_is_not_repeated() {
    let world = World::settled_with(&waits()).await;
    for (method, status, elsewhere) in
        [("PUT", 200, 1), ("DELETE", 200, 1), ("POST", 502, 0), ("PATCH", 502, 0)]
    {
        for body in [Body::from("order"), piecewise(1, 5, Duration::ZERO)] {
            world.crash().await;
            let origin = world.odd(Oddity::Vanish).await;
            let before = world.arrived("us-east");
            let is_kept = body.as_bytes().is_some();
            let request = world.ask(BERLIN, method, "/orders").body(body);
            let (response, took) = timed(request).await;
            // A body that passes through is gone.
            let (status, elsewhere) = if is_kept { (status, elsewhere) } else { (502, 0) };
            assert_eq!(response.status(), status, "{method}");
            assert!(took < Duration::from_millis(TRY_MS), "{took:?}");
            assert_eq!(origin.whole_requests(), 1, "{method}");
            assert_eq!(world.arrived("us-east"), before + elsewhere, "{method}");
            if status == 502 {
                assert_eq!(code(response).await, "unreachable");
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_put_to_a_region_that_hangs_is_replayed_after_one_try_and_a_post_never() {
    let world = World::settled_with(&waits()).await;
    for (method, status) in [("PUT", 200), ("POST", 504)] {
        world.crash().await;
        world.set("eu-west", Mode::Hang).await;
        let before = ["eu-west", "us-east"].map(|region| world.arrived(region));
        let response = world.ask(BERLIN, method, "/orders").body("order").send().await.unwrap();
        assert_eq!(response.status(), status, "{method}");
        let after = ["eu-west", "us-east"].map(|region| world.arrived(region));
        let elsewhere = u64::from(status == 200);
        assert_eq!(after, [before[0] + 1, before[1] + elsewhere], "{method}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_replay_stays_where_the_law_permits_it() {
    let world = World::settled_with(&waits()).await;
    world.set("sa-east", Mode::Refuse).await;
    for method in ["POST", "PUT"] {
        let response = world.ask(SAO_PAULO, method, "/orders").body("order").send().await.unwrap();
        assert_eq!((response.status().as_u16(), &*code(response).await), (502, "unreachable"));
    }
    assert_eq!(world.residency_violations(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_slow_upload_is_not_late_while_its_bytes_arrive_and_nobody_is_blamed_for_it() {
    let world = World::settled_with(&waits()).await;
    // Longer than `timeout_ms`: with a body that is kept, one that passes through, and a short one.
    let pause = Duration::from_millis(400);
    for (method, bytes) in [("POST", 25_000), ("PUT", 25_000), ("POST", 1_000)] {
        let length = 8 * bytes;
        let mut request = world.ask(BERLIN, method, "/upload");
        if bytes == 1_000 {
            request = request.header("content-length", length);
        }
        let (response, took) = timed(request.body(piecewise(8, bytes, pause))).await;
        assert_eq!(response.status(), 200, "{method}, {bytes}");
        assert!(took > 7 * pause, "{took:?}");
        assert_eq!(header(&response, "x-lab-region"), "eu-west");
        assert_eq!(response.json::<Value>().await.unwrap()["body_length"], length);
        assert!(!world.is_left().await);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn when_an_upload_is_over_the_time_of_the_answer_begins() {
    let world = World::settled_with(&waits()).await;
    world.set("eu-west", Mode::Hang).await;
    let (pieces, pause) = (6, Duration::from_millis(400));
    let body = piecewise(pieces, 20_000, pause);
    let (response, took) = timed(world.ask(BERLIN, "POST", "/upload").body(body)).await;
    assert_eq!((response.status().as_u16(), &*code(response).await), (504, "timed_out"));
    let uploaded = Duration::from_secs(2);
    let timeout = Duration::from_millis(super::TIMEOUT_MS);
    // One timeout after the upload; neither one after its begin nor two. The runtime's clock stands
    // still while a request computes, so that a timer may be some milliseconds early.
    assert!((uploaded + timeout / 2..uploaded + 2 * timeout).contains(&took), "{took:?}");
    assert!(world.is_left().await, "this one is the region's");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_region_that_takes_nothing_of_an_upload_is_late_and_blamed() {
    let world = World::settled_with(&waits()).await;
    let _deaf = world.odd(Oddity::Deaf).await;
    // More than all buffers on the way take.
    let body = piecewise(64, 1_000_000, Duration::ZERO);
    let (response, took) = timed(world.ask(BERLIN, "POST", "/upload").body(body)).await;
    assert_eq!(response.status(), 504);
    let wait = Duration::from_millis(super::TIMEOUT_MS);
    assert!((wait..wait + Duration::from_millis(1_500)).contains(&took), "{took:?}");
    assert!(world.is_left().await);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_that_falls_silent_in_its_upload_gets_408_and_the_region_no_blame() {
    let world = World::settled_with(&resting(IDLE_MS)).await;
    let silent = Duration::from_hours(1);
    for (length, bytes) in [(None, 1_000), (Some("2000"), 1_000), (Some("200000"), 100_000)] {
        let mut request = world.ask(BERLIN, "POST", "/upload");
        if let Some(length) = length {
            request = request.header("content-length", length);
        }
        let (response, took) = timed(request.body(piecewise(2, bytes, silent))).await;
        assert_eq!((response.status().as_u16(), &*code(response).await), (408, "client_silent"));
        // The limit is looked at when the region would be late, too.
        assert!(took >= Duration::from_millis(IDLE_MS), "{took:?}");
        assert!(took < Duration::from_millis(2 * super::TIMEOUT_MS), "{took:?}");
        assert!(!world.is_left().await);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_region_that_stalls_in_a_body_is_cut_off_and_left() {
    let world = World::settled_with(&resting(IDLE_MS)).await;
    for length in [Some(200_000), None] {
        world.crash().await;
        let sent = 100_000;
        let _odd = world.odd(Oddity::Stall { length, sent, content_type: "text/plain" }).await;
        let began = Instant::now();
        let response = world.ask(BERLIN, "GET", "/x").send().await.unwrap();
        assert_eq!(response.status(), 200);
        let (mut body, mut arrived) = (response.bytes_stream(), 0);
        let cut = loop {
            match body.next().await {
                Some(Ok(bytes)) => arrived += bytes.len(),
                Some(Err(error)) => break Some(error),
                None => break None,
            }
        };
        assert!(cut.is_some(), "half a body must not look whole");
        assert_eq!(arrived, sent, "what did arrive is handed on");
        let took = began.elapsed();
        let limit = Duration::from_millis(IDLE_MS);
        assert!((limit..limit + Duration::from_secs(1)).contains(&took), "{took:?}");
        assert!(world.is_left().await);
        assert_eq!(world.isolate().await["bodies_lost"], 1);
        world.even().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_small_answer_that_stalls_is_asked_for_elsewhere_before_the_client_has_any_of_it() {
    let world = World::settled_with(&waits()).await;
    let stall = Oddity::Stall { length: Some(2_000), sent: 1_000, content_type: "text/plain" };
    for (method, told, wait_ms) in [("GET", 200, TRY_MS), ("POST", 504, super::TIMEOUT_MS)] {
        world.crash().await;
        let origin = world.odd(stall).await;
        let (response, took) = timed(world.ask(BERLIN, method, "/x")).await;
        assert_eq!(response.status(), told, "{method}");
        if told == 200 {
            assert_eq!(header(&response, "x-lab-region"), "us-east");
        }
        // The head came at once, and the rest has a second at least.
        let wait = Duration::from_millis(wait_ms.max(1_000));
        assert!((wait..wait + Duration::from_millis(700)).contains(&took), "{took:?}");
        assert_eq!(origin.whole_requests(), 1);
        assert!(world.is_left().await);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn event_streams_and_bodies_without_a_limit_may_rest() {
    let rest = Duration::from_millis(3 * IDLE_MS);
    for (limit, content_type) in [(IDLE_MS, "text/event-stream; charset=utf-8"), (0, "text/plain")]
    {
        let world = World::settled_with(&resting(limit)).await;
        let _odd = world.odd(Oddity::Stall { length: None, sent: 10, content_type }).await;
        let response = world.ask(BERLIN, "GET", "/x").send().await.unwrap();
        let mut body = response.bytes_stream();
        assert_eq!(body.next().await.unwrap().unwrap().len(), 10);
        let more = tokio::time::timeout(rest, body.next()).await;
        assert!(more.is_err(), "{content_type}: nothing comes, and nothing ends it: {more:?}");
        assert_eq!(world.isolate().await["bodies_lost"], 0);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_that_reads_slowly_is_not_cut_off() {
    let world = World::settled_with(&resting(IDLE_MS)).await;
    let length = 40_000_000;
    let path = format!("/bytes/{length}");
    let response = world.ask(BERLIN, "GET", &path).send().await.unwrap();
    let mut body = response.bytes_stream();
    let mut arrived = body.next().await.unwrap().unwrap().len();
    tokio::time::sleep(Duration::from_millis(3 * IDLE_MS)).await;
    while let Some(bytes) = body.next().await {
        arrived += bytes.unwrap().len();
    }
    assert_eq!(arrived, length);
    assert_eq!(world.isolate().await["bodies_lost"], 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_region_that_breaks_most_of_its_answers_off_is_left() {
    let world = settled_with_service(&json!({"steering": "ordered"})).await;
    world.set("eu-west", Mode::Reset).await;
    until("the region is left", async || {
        let response = world.ask(BERLIN, "GET", "/x").send().await.unwrap();
        let _ = response.bytes().await;
        world.is_left().await
    })
    .await;
    assert!(world.isolate().await["bodies_lost"].as_u64().unwrap() >= 10);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_upload_that_its_client_breaks_off_never_looks_whole_to_a_region() {
    let world = World::settled_with(&waits()).await;
    for framing in ["transfer-encoding: chunked", "content-length: 100000", "content-length: 100"] {
        let origin = world.odd(Oddity::Vanish).await;
        let mut stream = TcpStream::connect(("127.0.0.1", world.edge().port())).await.unwrap();
        let head = format!(
            "POST /upload HTTP/1.1\r\nhost: {HOST}\r\nx-lab-cf: {}\r\n{framing}\r\n\r\n\
             4\r\nsome\r\n",
            BERLIN.cf()
        );
        stream.write_all(head.as_bytes()).await.unwrap();
        // A kept body is not sent before it is whole.
        if framing != "content-length: 100" {
            until("it has begun", async || origin.requests() == 1).await;
        }
        drop(stream);
        until("the request has ended", async || origin.open_requests() == 0).await;
        assert_eq!(origin.whole_requests(), 0, "{framing}");
        assert!(!world.is_left().await, "{framing}");
    }
}
