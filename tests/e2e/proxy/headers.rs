//! What an origin and a client are told of a request: headers that we set, take off, and leave.

use super::{header, waits_and};
use crate::support::World;
use pointsman_lab::deployment::{BERLIN, HOST};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// Everything of ours, as a client might make it up.
const SPOOFED: [(&str, &str); 7] = [
    ("x-forwarded-for", "6.6.6.6"),
    ("x-forwarded-host", "evil.example.com"),
    ("x-forwarded-proto", "gopher"),
    ("forwarded", "for=6.6.6.6;host=evil.example.com"),
    ("x-request-id", "mine"),
    ("x-failover-epoch", "999999"),
    ("x-pointsman-hops", "0"),
];

async fn echoed(world: &World, headers: &[(&str, &str)]) -> Value {
    let mut request = world.ask(BERLIN, "GET", "/x");
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    let echo: Value = request.send().await.unwrap().json().await.unwrap();
    echo["headers"].clone()
}

#[tokio::test(flavor = "multi_thread")]
async fn an_origin_is_told_of_the_client_whatever_the_client_says_itself() {
    let world = World::settled().await;
    for spoofed in [&[][..], &SPOOFED] {
        let headers = [&[("cf-connecting-ip", "203.0.113.7")], spoofed].concat();
        let told = echoed(&world, &headers).await;
        assert_eq!(told["x-forwarded-for"], "203.0.113.7");
        assert_eq!(told["x-forwarded-host"], HOST);
        assert_eq!(told["x-forwarded-proto"], "http");
        assert_eq!(told["forwarded"], format!("for=203.0.113.7;host={HOST};proto=http"));
        assert_eq!(told["x-pointsman-hops"], "1");
        assert_ne!(told["x-failover-epoch"], "999999");
        let id = told["x-request-id"].as_str().unwrap();
        let is_uuid = |(place, letter): (usize, char)| match place {
            8 | 13 | 18 | 23 => letter == '-',
            _ => letter.is_ascii_hexdigit(),
        };
        assert!(id.len() == 36 && id.chars().enumerate().all(is_uuid), "{id}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_ipv6_address_is_quoted_where_it_has_to_be() {
    let world = World::settled().await;
    let told = echoed(&world, &[("cf-connecting-ip", "2001:db8::7")]).await;
    assert_eq!(told["x-forwarded-for"], "2001:db8::7");
    assert_eq!(told["forwarded"], format!("for=\"[2001:db8::7]\";host={HOST};proto=http"));
}

#[tokio::test(flavor = "multi_thread")]
async fn of_a_client_without_an_address_nothing_is_told() {
    let world = World::settled().await;
    let told = echoed(&world, &SPOOFED).await;
    assert_eq!(told.get("x-forwarded-for"), None, "{told}");
    assert_eq!(told["forwarded"], format!("for=unknown;host={HOST};proto=http"));
}

#[tokio::test(flavor = "multi_thread")]
async fn each_request_has_a_name_of_its_own() {
    let world = World::settled().await;
    let one = echoed(&world, &[]).await["x-request-id"].clone();
    assert_ne!(echoed(&world, &[]).await["x-request-id"], one);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_epoch_grows_when_a_region_fails() {
    let mut world = World::settled().await;
    let before = epoch(&world).await;
    world.set("sa-east", pointsman_lab::region::Mode::Refuse).await;
    world.minute().await;
    world.crash().await;
    let after = epoch(&world).await;
    assert!(after > before, "{before}, then {after}");
    assert_eq!(world.kv_json("routes").await.unwrap()["generation"], after);
}

async fn epoch(world: &World) -> u64 {
    echoed(world, &[]).await["x-failover-epoch"].as_str().unwrap().parse().unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn headers_that_are_of_one_connection_end_with_it() {
    let world = World::settled().await;
    let cf = BERLIN.cf();
    let head = format!(
        "GET /x HTTP/1.1\r\nhost: {HOST}\r\nx-lab-cf: {cf}\r\nx-mine: kept\r\n\
         connection: close, x-named,, x also, x-also-named\r\nx-named: 1\r\nX-Also-Named: 2\r\n\
         keep-alive: timeout=5\r\nte: trailers\r\ntrailer: x-sum\r\nupgrade: h2c\r\n\
         http2-settings: AAMAAABkAAQAAP__\r\nproxy-authorization: Basic bGFi\r\n\
         proxy-authenticate: Basic\r\nproxy-connection: keep-alive\r\n\r\n"
    );
    let mut stream = TcpStream::connect(("127.0.0.1", world.edge().port())).await.unwrap();
    stream.write_all(head.as_bytes()).await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    let body = answer.split_once("\r\n\r\n").unwrap().1;
    let echo: Value = serde_json::from_str(body).unwrap_or_else(|_| panic!("{answer}"));
    let told = echo["headers"].as_object().unwrap();
    assert_eq!(told["x-mine"], "kept");
    let ended = [
        "connection",
        "x-named",
        "x-also-named",
        "keep-alive",
        "te",
        "trailer",
        "upgrade",
        "http2-settings",
        "proxy-authorization",
        "proxy-authenticate",
        "proxy-connection",
    ];
    let left: Vec<_> = ended.iter().filter(|name| told.contains_key(**name)).collect();
    assert!(left.is_empty(), "{left:?} reached the origin: {told:#?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_connection_header_cannot_take_off_what_we_say() {
    let world = World::settled().await;
    let cf = BERLIN.cf();
    let head = format!(
        "GET /x HTTP/1.1\r\nhost: {HOST}\r\nx-lab-cf: {cf}\r\ncf-connecting-ip: 203.0.113.7\r\n\
         connection: close, x-forwarded-for, x-pointsman-hops, forwarded\r\n\r\n"
    );
    let mut stream = TcpStream::connect(("127.0.0.1", world.edge().port())).await.unwrap();
    stream.write_all(head.as_bytes()).await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    let echo: Value = serde_json::from_str(answer.split_once("\r\n\r\n").unwrap().1).unwrap();
    assert_eq!(echo["headers"]["x-forwarded-for"], "203.0.113.7");
    assert_eq!(echo["headers"]["x-pointsman-hops"], "1");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_request_that_goes_in_a_circle_is_refused() {
    let world = World::settled().await;
    let before = world.arrived("eu-west");
    let asked =
        |hops: &'static str| world.ask(BERLIN, "GET", "/x").header("x-pointsman-hops", hops);
    for hops in ["2", "3", "4000000000"] {
        let response = asked(hops).send().await.unwrap();
        assert_eq!(response.status(), 508, "{hops}");
        assert_eq!(header(&response, "cache-control"), "no-store");
        let problem: Value = response.json().await.unwrap();
        assert_eq!(problem["code"], "loop_detected");
    }
    assert_eq!(world.arrived("eu-west"), before);
    let behind_another: Value = asked("1").send().await.unwrap().json().await.unwrap();
    assert_eq!(behind_another["headers"]["x-pointsman-hops"], "2");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_says_which_region_gave_it_and_how_long_that_took() {
    let world = World::settled().await;
    let path = "/told?header=server-timing:db;dur=3";
    let response = world.ask(BERLIN, "GET", path).send().await.unwrap();
    assert_eq!(header(&response, "x-pointsman"), "region=eu-west; reason=nearest");
    let timings: Vec<_> = response.headers().get_all("server-timing").iter().collect();
    let timings: Vec<_> = timings.iter().flat_map(|t| t.to_str().unwrap().split(", ")).collect();
    assert_eq!(timings[0], "db;dur=3", "the origin's own stays: {timings:?}");
    let ms = timings[1].strip_prefix("origin;desc=\"eu-west\";dur=").unwrap();
    assert!(ms.parse::<f64>().is_ok(), "{timings:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_without_our_marks_is_exactly_the_origins() {
    let world = World::settled_with(&waits_and(&json!({"proxy": {"debug_headers": false}}))).await;
    let path = "/told?body=some&header=x-own:1&header=server-timing:db&header=x-pointsman:theirs";
    let response = world.ask(BERLIN, "GET", path).send().await.unwrap();
    let through = named(&response);
    let port = world.region("eu-west").unwrap().port();
    let direct = reqwest::get(format!("http://127.0.0.1:{port}{path}")).await.unwrap();
    assert_eq!(through, named(&direct));
    assert_eq!(response.text().await.unwrap(), "some");
}

/// The headers of an answer but for its date.
fn named(response: &reqwest::Response) -> BTreeMap<String, String> {
    let headers = response.headers().iter();
    let headers =
        headers.map(|(name, value)| (name.to_string(), value.to_str().unwrap().to_owned()));
    headers.filter(|(name, _)| name != "date").collect()
}
