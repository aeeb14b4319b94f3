//! A region misbehaves exactly as ordered, on new connections and on those that are open.
use pointsman_lab::region::{Mode, Region, Served};
use reqwest::{Client, Error, Response, StatusCode};
use serde_json::{Value, json};
use std::io::ErrorKind;
use std::time::{Duration, Instant};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;

/// Long enough that an answer would have come, short enough to wait for in a test.
const SILENCE: Duration = Duration::from_millis(300);
/// Long enough for an answer that waits for no body; there are many to ask for.
const EARLY: Duration = Duration::from_millis(20);
/// The path that is asked by probes.
const HEALTH: &str = "/api/health";
/// How long a test waits for something that must happen.
const BOUND: Duration = Duration::from_secs(10);

fn client() -> Client {
    Client::builder().no_proxy().timeout(BOUND).build().unwrap()
}

fn url(region: &Region, path: &str) -> String {
    format!("http://127.0.0.1:{}{path}", region.port())
}

async fn get(region: &Region, path: &str) -> Result<Response, Error> {
    client().get(url(region, path)).send().await
}

async fn body(region: &Region, path: &str) -> Value {
    get(region, path).await.unwrap().json().await.unwrap()
}

async fn connect(region: &Region) -> std::io::Result<TcpStream> {
    TcpStream::connect(("127.0.0.1", region.port())).await
}

/// Opens a connection and completes one request on it.
async fn warm_connection(region: &Region) -> TcpStream {
    let mut stream = connect(region).await.unwrap();
    ask(&mut stream).await;
    let mut head = [0; 12];
    stream.read_exact(&mut head).await.unwrap();
    assert_eq!(&head, b"HTTP/1.1 200");
    let mut rest = [0; 4096];
    let _ = stream.read(&mut rest).await.unwrap();
    stream
}

async fn ask(stream: &mut TcpStream) {
    stream.write_all(b"GET /api/health HTTP/1.1\r\nhost: lab\r\n\r\n").await.unwrap();
}

#[tokio::test]
async fn a_healthy_region_says_so_and_names_itself() {
    let region = Region::start("eu-west").unwrap();
    let response = get(&region, "/api/health").await.unwrap();
    assert_eq!(response.status(), 200);
    assert_eq!(response.headers()["x-lab-region"], "eu-west");
    let expected = json!({
        "status": "healthy", "region": "eu-west", "ok": true,
        "replication_lag_s": 0, "lag_s": 0, "contact_age_s": 1, "position": "0/3000060",
    });
    assert_eq!(response.json::<Value>().await.unwrap(), expected);
    region.set_replication_lag_s(42);
    assert_eq!(body(&region, "/api/health").await["replication_lag_s"], 42);
}

#[tokio::test]
async fn the_health_path_is_the_one_that_was_asked_for() {
    let region = Region::start_at("eu-west", "/healthz").unwrap();
    assert_eq!(body(&region, "/healthz").await["status"], "healthy");
    assert_eq!(body(&region, "/api/health").await["path"], "/api/health");
    assert_eq!(region.served(), Served { health: 1, other: 1 });
}

#[tokio::test]
async fn other_paths_tell_what_arrived() {
    let region = Region::start("us-east").unwrap();
    let request = client()
        .put(url(&region, "/orders/7?a=1&b=%20"))
        .header("x-tenant", "acme")
        .header("cookie", "a=1")
        .body(vec![b'x'; 100_000]);
    let echo: Value = request.send().await.unwrap().json().await.unwrap();
    assert_eq!(echo["region"], "us-east");
    assert_eq!(echo["method"], "PUT");
    assert_eq!(echo["path"], "/orders/7");
    assert_eq!(echo["query"], "a=1&b=%20");
    assert_eq!(echo["headers"]["x-tenant"], "acme");
    assert_eq!(echo["headers"]["cookie"], "a=1");
    assert_eq!(echo["body_length"], 100_000);
}

#[tokio::test]
async fn bytes_and_events_are_streamed_whole() {
    let region = Region::start("eu-west").unwrap();
    for size in [0, 1, 65_536, 1_000_001] {
        let response = get(&region, &format!("/bytes/{size}")).await.unwrap();
        assert_eq!(response.bytes().await.unwrap().len(), size);
    }
    let started = Instant::now();
    let response = get(&region, "/sse?events=3&every_ms=50").await.unwrap();
    assert_eq!(response.headers()["content-type"], "text/event-stream");
    let text = response.text().await.unwrap();
    assert_eq!(text.matches("data: event").count(), 3, "{text}");
    assert!(started.elapsed() >= Duration::from_millis(100));
}

#[tokio::test]
async fn a_refusing_region_is_refused_by_the_kernel_and_comes_back_on_its_port() {
    let region = Region::start("eu-west").unwrap();
    for _ in 0..20 {
        region.set(Mode::Refuse).await.unwrap();
        let error = connect(&region).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::ConnectionRefused);
        region.set(Mode::Healthy).await.unwrap();
        assert_eq!(get(&region, "/api/health").await.unwrap().status(), 200);
    }
}

#[tokio::test]
async fn refusing_ends_the_connections_that_are_open() {
    let region = Region::start("eu-west").unwrap();
    let mut stream = warm_connection(&region).await;
    region.set(Mode::Refuse).await.unwrap();
    let end = timeout(BOUND, stream.read(&mut [0; 1])).await.expect("the connection stayed open");
    assert!(matches!(end, Ok(0) | Err(_)), "{end:?}");
}

#[tokio::test]
async fn a_hang_reaches_the_next_request_of_an_open_connection() {
    let region = Region::start("eu-west").unwrap();
    let mut stream = warm_connection(&region).await;
    region.set(Mode::Hang).await.unwrap();
    ask(&mut stream).await;
    assert!(timeout(SILENCE, stream.read(&mut [0; 1])).await.is_err(), "it answered");
    assert_eq!(region.served(), Served { health: 2, other: 0 });
}

#[tokio::test]
async fn a_hanging_region_accepts_uploads_and_never_answers() {
    let region = Region::start("eu-west").unwrap();
    region.set(Mode::Hang).await.unwrap();
    let upload = client().post(url(&region, "/orders")).body(vec![0; 10_000_000]);
    let error = upload.timeout(SILENCE).send().await.unwrap_err();
    assert!(error.is_timeout(), "{error:?}");
    region.set(Mode::Healthy).await.unwrap();
    assert_eq!(get(&region, "/orders").await.unwrap().status(), 200);
}

#[tokio::test]
async fn no_answer_comes_before_the_whole_body_was_read() {
    // A server that closes a connection with bytes left in it resets it, and that may take its
    // answer with it: the client then sees a fault that nobody ordered.
    let region = Region::start("eu-west").unwrap();
    let modes = [
        Mode::Healthy,
        Mode::Status { code: 503 },
        Mode::Throttle { retry_after_s: 1 },
        Mode::WrongBody,
        Mode::BrokenGzip,
        Mode::Reset,
    ];
    let pages =
        ["/told?code=421", "/ranges", "/gzip", "/redirect?to=/", "/bytes/1", "/sse", "/x", HEALTH];
    for (mode, page) in modes.into_iter().flat_map(|mode| pages.map(|page| (mode, page))) {
        region.set(mode).await.unwrap();
        let mut stream = connect(&region).await.unwrap();
        let head = format!("POST {page} HTTP/1.1\r\nhost: lab\r\ncontent-length: 5\r\n\r\n");
        stream.write_all(head.as_bytes()).await.unwrap();
        let early = timeout(EARLY, stream.read(&mut [0; 1])).await;
        assert!(early.is_err(), "{mode}, {page}: it answered");
        stream.write_all(b"order").await.unwrap();
        let answer = timeout(BOUND, stream.read(&mut [0; 1])).await;
        assert_eq!(answer.unwrap().unwrap(), 1, "{mode}, {page}");
    }
}

#[tokio::test]
async fn a_slow_region_answers_rightly_but_late() {
    let region = Region::start("eu-west").unwrap();
    region.set(Mode::Slow { delay_ms: 200 }).await.unwrap();
    let started = Instant::now();
    assert_eq!(body(&region, "/api/health").await["status"], "healthy");
    assert!(started.elapsed() >= Duration::from_millis(200));
}

#[tokio::test]
async fn a_status_answers_every_path() {
    let region = Region::start("eu-west").unwrap();
    region.set(Mode::Status { code: 503 }).await.unwrap();
    for path in ["/api/health", "/orders", "/bytes/10"] {
        let response = get(&region, path).await.unwrap();
        assert_eq!(response.status(), StatusCode::SERVICE_UNAVAILABLE, "{path}");
        assert_eq!(response.headers()["x-lab-region"], "eu-west");
    }
}

#[tokio::test]
async fn a_wrong_body_is_a_success_without_the_healthy_words() {
    let region = Region::start("eu-west").unwrap();
    region.set(Mode::WrongBody).await.unwrap();
    let response = get(&region, "/api/health").await.unwrap();
    assert_eq!(response.status(), 200);
    let text = response.text().await.unwrap();
    assert!(!text.contains("ok") && !text.contains("healthy"), "{text}");
}

#[tokio::test]
async fn a_reset_breaks_after_half_of_the_body() {
    let region = Region::start("eu-west").unwrap();
    region.set(Mode::Reset).await.unwrap();
    let mut response = get(&region, "/orders").await.unwrap();
    assert_eq!(response.status(), 200);
    let (mut received, announced) = (0, response.content_length().unwrap());
    let end = loop {
        match response.chunk().await {
            Ok(Some(chunk)) => received += chunk.len() as u64,
            end => break end,
        }
    };
    assert!(end.is_err(), "the body ended as if it were whole");
    assert_eq!(received, announced / 2);
}

#[tokio::test]
async fn a_flapping_region_goes_down_and_comes_back_by_itself() {
    let region = Region::start("eu-west").unwrap();
    region.set(Mode::Flap { up_ms: 150, down_ms: 150 }).await.unwrap();
    assert!(connect(&region).await.is_ok(), "it begins healthy");
    let mut changes = 0;
    let mut was_up = true;
    let deadline = Instant::now() + BOUND;
    while changes < 4 {
        assert!(Instant::now() < deadline, "only {changes} changes");
        let is_up = connect(&region).await.is_ok();
        changes += usize::from(is_up != was_up);
        was_up = is_up;
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    assert_eq!(region.mode(), Mode::Flap { up_ms: 150, down_ms: 150 });
    region.set(Mode::Healthy).await.unwrap();
    assert!(connect(&region).await.is_ok());
}

#[tokio::test]
async fn a_dropped_region_gives_its_port_back() {
    let region = Region::start("eu-west").unwrap();
    let port = region.port();
    drop(region);
    let deadline = Instant::now() + BOUND;
    while TcpStream::connect(("127.0.0.1", port)).await.is_ok() {
        assert!(Instant::now() < deadline, "the port still listens");
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn a_throttled_region_says_when_to_come_back() {
    let region = Region::start("eu-west").unwrap();
    region.set(Mode::Throttle { retry_after_s: 7 }).await.unwrap();
    for path in ["/api/health", "/x"] {
        let response = get(&region, path).await.unwrap();
        assert_eq!(response.status(), 429);
        assert_eq!(response.headers()["retry-after"], "7");
    }
}

#[tokio::test]
async fn a_region_answers_as_it_is_told_and_others_do_not() {
    let region = Region::start("eu-west").unwrap();
    let path = "/told?code=418&delay_ms=200&header=x-a:1&header=x-a:2";
    let began = Instant::now();
    let response = get(&region, &format!("{path}&in=us-east")).await.unwrap();
    assert_eq!((response.status(), response.headers().get("x-a")), (StatusCode::OK, None));
    let soon = began.elapsed();
    let response = get(&region, &format!("{path}&in=eu-west")).await.unwrap();
    assert_eq!(response.status(), 418);
    assert_eq!(response.headers().get_all("x-a").iter().count(), 2);
    assert!(began.elapsed() >= soon + Duration::from_millis(200));
}
