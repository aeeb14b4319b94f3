//! What passes through untouched: methods, bodies, streams, sockets.

use super::{header, waits_and};
use crate::support::World;
use futures_util::{StreamExt, TryStreamExt, stream};
use pointsman_lab::deployment::{BERLIN, CHICAGO, HOST};
use pointsman_lab::edge::Message;
use reqwest::Body;
use serde_json::{Value, json};
use std::convert::Infallible;
use std::sync::mpsc;

const MEGABYTE: usize = 1_000_000;
/// More than this is no longer flat, with a body of 100 MB.
const GROWTH_MAX: u64 = 40_000_000;

#[tokio::test(flavor = "multi_thread")]
async fn a_request_passes_whatever_its_method_is() {
    let world = World::settled().await;
    let methods = ["GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "PURGE", "PROPFIND"];
    for method in methods {
        let response = world.ask(BERLIN, method, "/x").send().await.unwrap();
        assert_eq!(response.status(), 200, "{method}");
        let echo: Value = response.json().await.unwrap();
        assert_eq!(echo["method"], method);
    }
    for method in ["POST", "PUT", "PATCH", "DELETE", "PROPFIND"] {
        let response = world.ask(BERLIN, method, "/x").body("some").send().await.unwrap();
        let echo: Value = response.json().await.unwrap();
        assert_eq!((&echo["method"], &echo["body_length"]), (&json!(method), &json!(4)));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hundred_megabytes_pass_both_ways_in_flat_memory() {
    let world = World::settled_with(&waits_and(&json!({"timeout_ms": 30_000}))).await;
    // What a first request needs once is not what is measured.
    let before = pass(&world, 10).await;
    let highest = pass(&world, 100).await;
    assert!(highest < before + GROWTH_MAX, "{before} bytes before, {highest} at the highest");
}

/// Sends so many megabytes down and up, and looks that they arrive. Returns the most memory that
/// workerd had meanwhile.
async fn pass(world: &World, megabytes: usize) -> u64 {
    let length = megabytes * MEGABYTE;
    let down = world.ask(CHICAGO, "GET", &format!("/bytes/{length}")).send().await.unwrap();
    let mut down = down.bytes_stream();
    let (mut arrived, mut highest) = (0, 0);
    while let Some(chunk) = down.next().await {
        let chunk = chunk.unwrap().len();
        // Once in a megabyte.
        if arrived / MEGABYTE < (arrived + chunk) / MEGABYTE {
            highest = highest.max(world.edge().resident_bytes().await.unwrap());
        }
        arrived += chunk;
    }
    assert_eq!(arrived, length);
    let piece = vec![b'x'; MEGABYTE];
    let edge = world.edge();
    let pieces = stream::iter(0..megabytes).then(move |_| {
        let (edge, piece) = (edge.clone(), piece.clone());
        async move { Ok::<_, Infallible>((edge.resident_bytes().await.unwrap(), piece)) }
    });
    let (tell, told) = mpsc::channel();
    let pieces = pieces.map_ok(move |(resident, piece)| {
        tell.send(resident).unwrap();
        piece
    });
    let body = Body::wrap_stream(pieces);
    let up = world.ask(CHICAGO, "POST", "/upload").body(body).send().await.unwrap();
    let echo: Value = up.json().await.unwrap();
    assert_eq!(echo["body_length"], length);
    told.iter().fold(highest, u64::max)
}

#[tokio::test(flavor = "multi_thread")]
async fn cookies_of_an_answer_arrive_each_for_itself_and_in_order() {
    let world = World::settled().await;
    let path = "/told?header=set-cookie:a=1;Path=/&header=set-cookie:b=2,%20c";
    let response = world.ask(BERLIN, "GET", path).send().await.unwrap();
    let cookies: Vec<_> = response.headers().get_all("set-cookie").iter().collect();
    assert_eq!(cookies, ["a=1;Path=/", "b=2, c"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn compressed_bytes_arrive_as_they_are() {
    let world = World::settled().await;
    let port = world.region("eu-west").unwrap().port();
    let direct = reqwest::get(format!("http://127.0.0.1:{port}/gzip")).await.unwrap();
    let direct = direct.bytes().await.unwrap();
    for accepted in ["gzip", "identity", ""] {
        let mut request = world.ask(BERLIN, "GET", "/gzip");
        if !accepted.is_empty() {
            request = request.header("accept-encoding", accepted);
        }
        let response = request.send().await.unwrap();
        assert_eq!(header(&response, "content-encoding"), "gzip", "`{accepted}`");
        assert_eq!(response.bytes().await.unwrap(), direct, "`{accepted}`");
    }
    assert_eq!(direct[..2], [0x1f, 0x8b]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_range_gets_the_part_that_it_asks_for() {
    let world = World::settled().await;
    let request = world.ask(BERLIN, "GET", "/ranges").header("range", "bytes=10-15");
    let response = request.send().await.unwrap();
    assert_eq!(response.status(), 206);
    assert_eq!(header(&response, "content-range"), "bytes 10-15/36");
    assert_eq!(header(&response, "content-length"), "6");
    assert_eq!(response.text().await.unwrap(), "abcdef");
    let request = world.ask(BERLIN, "GET", "/ranges").header("range", "bytes=50-60");
    assert_eq!(request.send().await.unwrap().status(), 416);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_websocket_carries_texts_bytes_and_the_code_of_its_end() {
    let world = World::settled().await;
    let protocol = [("sec-websocket-protocol", "other, lab.echo")];
    let cf = BERLIN.cf();
    let opened = world.edge().socket(HOST, "/ws?a=1", Some(&cf), &protocol).await.unwrap();
    assert_eq!(opened.status, 101);
    assert_eq!(opened.headers["sec-websocket-protocol"], "lab.echo");
    assert_eq!(opened.headers["x-lab-region"], "eu-west");
    let mut socket = opened.socket.unwrap();
    for message in [Message::Text("grüezi".to_owned()), Message::Binary(vec![0, 255, 10])] {
        socket.say(message.clone()).await.unwrap();
        assert_eq!(socket.hear().await, message);
    }
    let large = Message::Binary(vec![7; 900_000]);
    socket.say(large.clone()).await.unwrap();
    assert!(socket.hear().await == large, "a large message arrives whole");
    socket.say(Message::Text("close:4321".to_owned())).await.unwrap();
    assert_eq!(socket.hear().await, Message::Close(Some(4321)));
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_of_a_url_is_changed_but_its_host() {
    let world = World::settled().await;
    for (path, query) in [
        ("/", "a=%20&b=+"),
        ("/a%2Fb/%E4%B8%AD", "x=%zz&&=&y"),
        ("/api//orders/", "q=a%26b=c"),
        ("/caf%C3%A9;v=1", "u=https://other.example.com/?z%23"),
    ] {
        let url = format!("{path}?{query}");
        let echo: Value =
            world.ask(BERLIN, "GET", &url).send().await.unwrap().json().await.unwrap();
        assert_eq!((&echo["path"], &echo["query"]), (&json!(path), &json!(query)));
        assert_eq!(echo["headers"]["x-lab-host"], "eu1.origin.example.com");
        assert_eq!(echo["headers"]["x-lab-scheme"], "https");
    }
}
