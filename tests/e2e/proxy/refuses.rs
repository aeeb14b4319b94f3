//! How a request is refused, and what no request can bring about.

use super::{asks_to_return, header, waits, waits_and};
use crate::support::{World, until};
use pointsman_lab::deployment::{BERLIN, CHICAGO, Client, HOST, SAO_PAULO};
use pointsman_lab::region::Mode;
use reqwest::{Method, Response};
use serde_json::{Value, json};
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::sleep;

const BASIS: &str = "<script>alert(\"1\")</script> & 'LGPD'\nart. 33";
/// What a browser asks for.
const HTML: &str = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8";

/// A world in which each kind of refusal happens to somebody, by a rule whose basis is no plain
/// text.
async fn of_refusals() -> World {
    let mut config = waits_and(&json!({"proxy": {"attempts": 2}}));
    config["residency"] = json!([
        {
            "id": "lgpd", "when": {"country": "BR", "host": HOST}, "allow": ["BR"],
            "mode": "strict", "basis": BASIS,
        },
        {
            "id": "gdpr", "when": {"country": "DE", "host": HOST}, "allow": ["IE"],
            "mode": "strict",
        },
    ]);
    let world = World::settled_with(&config).await;
    assert_eq!(world.status().await.unwrap()["config"]["refused"], Value::Null);
    world
}

async fn get(world: &World, client: Client, accept: &str) -> Response {
    world.ask(client, "GET", "/x").header("accept", accept).send().await.unwrap()
}

/// Checks what all refusals have in common, and returns the body.
async fn refused(response: Response, status: u16, code: &str) -> Value {
    assert_eq!(response.status().as_u16(), status, "{code}");
    assert_eq!(header(&response, "content-type"), "application/problem+json");
    assert_eq!(header(&response, "cache-control"), "no-store");
    assert_eq!(header(&response, "x-pointsman"), format!("refused; code={code}"));
    let may_come_back = matches!(status, 502..=504);
    assert_eq!(asks_to_return(&response), may_come_back, "{code}");
    let id = header(&response, "x-request-id").to_owned();
    let text = response.text().await.unwrap();
    assert!(!text.contains("origin.example.com"), "{text}");
    let problem: Value = serde_json::from_str(&text).unwrap();
    assert_eq!((&problem["status"], &problem["code"]), (&json!(status), &json!(code)));
    assert_eq!(problem["request_id"], id);
    assert_eq!(id.len(), 36);
    assert_eq!(problem["type"], format!("urn:pointsman:problem:{code}"));
    problem
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refusal_is_a_problem_document_that_names_the_rules_and_the_request() {
    let mut world = of_refusals().await;
    // Of nobody's country, and so under both rules.
    let nowhere = world.edge().request(Method::GET, HOST, "/x", None).send().await.unwrap();
    assert_eq!(header(&nowhere, "link"), "</.pointsman/blocked>; rel=\"blocked-by\"");
    let problem = refused(nowhere, 451, "no_permitted_region").await;
    assert_eq!(problem["rules"], json!(["lgpd", "gdpr"]));

    world.set("sa-east", Mode::Hang).await;
    let late = get(&world, SAO_PAULO, "*/*").await;
    let problem = refused(late, 504, "timed_out").await;
    assert_eq!((&problem["rules"], &problem["basis"][0]), (&json!(["lgpd"]), &json!(BASIS)));
    world.set("sa-east", Mode::Refuse).await;
    refused(get(&world, SAO_PAULO, "").await, 502, "unreachable").await;
    world.minute().await;
    world.crash().await;
    let problem =
        refused(get(&world, SAO_PAULO, "application/json").await, 503, "no_usable_region");
    assert_eq!(problem.await["rules"], json!(["lgpd"]));
    let unknown = world.edge().request(Method::GET, "other.example.com", "/", None);
    refused(unknown.send().await.unwrap(), 404, "unknown_host").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_browser_gets_a_page_in_which_no_text_of_the_operators_is_markup() {
    let world = of_refusals().await;
    world.set("sa-east", Mode::Refuse).await;
    let page = get(&world, SAO_PAULO, HTML).await;
    assert_eq!(page.status(), 502);
    assert_eq!(header(&page, "content-type"), "text/html; charset=utf-8");
    assert_eq!(header(&page, "cache-control"), "no-store");
    assert!(asks_to_return(&page));
    let id = header(&page, "x-request-id").to_owned();
    let text = page.text().await.unwrap();
    for part in ["lgpd", "unreachable", id.as_str(), "&lt;script>", "&amp; 'LGPD'\nart. 33"] {
        assert!(text.contains(part), "{part}: {text}");
    }
    assert!(!text.contains("<script"), "{text}");
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_that_the_runtime_may_say_of_a_client_breaks_the_decision() {
    let world = World::settled_with(&waits()).await;
    let odd = [
        r#"{"country": "DE", "latitude": "1e999", "longitude": "-1e999"}"#,
        r#"{"country": "DE", "latitude": "NaN", "longitude": "Infinity"}"#,
        r#"{"country": "DE", "latitude": "91", "longitude": "181"}"#,
        r#"{"country": "DE", "latitude": 1e308, "longitude": 1e-308}"#,
        r#"{"country": "DE", "latitude": "52\n13", "longitude": "\n"}"#,
        r#"{"country": "DE", "colo": 7}"#,
        r#"{"country": "DE", "colo": {"a": [1]}, "latitude": true}"#,
        r#"{"country": "DE", "colo": "FRA\n1\n2\n3"}"#,
    ];
    for cf in odd {
        assert_eq!(region_for(&world, Some(cf)).await, "eu-west", "{cf}");
    }
    let nobody_knows = [
        r#"{"country": "US\nDE"}"#,
        r#"{"country": "US\u0000"}"#,
        r#"{"country": "USA"}"#,
        r#"{"country": ""}"#,
        r#"{"country": "🇺🇸"}"#,
        r#"{"country": {"toString": "US"}}"#,
        r#"{"country": true}"#,
        "{}",
    ];
    for cf in nobody_knows {
        assert_eq!(region_for(&world, Some(cf)).await, "sa-east", "{cf}");
    }
    assert_eq!(region_for(&world, None).await, "sa-east");
    // The runtime throws where it is asked for this.
    for cf in ["{", "DE"] {
        let head = format!(
            "GET /x HTTP/1.1\r\nhost: {HOST}\r\nx-lab-cf: {cf}\r\nconnection: close\r\n\r\n"
        );
        let answer = exchange(&world, &head).await;
        assert!(answer.starts_with("HTTP/1.1 200 "), "{cf}: {answer}");
        assert!(answer.contains("x-lab-region: sa-east"), "{cf}: {answer}");
    }
    let log = world.edge().log().join("\n");
    assert!(!log.contains("panicked") && !log.contains("deciding failed"), "{log}");
}

/// Sends these bytes, and returns the whole answer in lower case but for its first line.
async fn exchange(world: &World, head: &str) -> String {
    let mut stream = TcpStream::connect(("127.0.0.1", world.edge().port())).await.unwrap();
    stream.write_all(head.as_bytes()).await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    let (first, rest) = answer.split_once('\n').unwrap();
    format!("{first}\n{}", rest.to_ascii_lowercase())
}

/// The region that serves a client of whom the runtime says this.
async fn region_for(world: &World, cf: Option<&str>) -> String {
    let cf = cf.map(|cf| serde_json::from_str::<Value>(cf).unwrap());
    let request = world.edge().request(Method::GET, HOST, "/x", cf.as_ref());
    let response = request.send().await.unwrap();
    assert_eq!(response.status(), 200, "{cf:?}");
    header(&response, "x-lab-region").to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_request_can_be_as_large_and_odd_as_http_lets_it() {
    let world = World::settled_with(&waits()).await;
    let longest = format!("/{}?{}", "p".repeat(7_000), "q".repeat(7_000));
    let answer =
        world.ask(BERLIN, "GET", &longest).header("x-large", "h".repeat(16_000)).send().await;
    assert_eq!(answer.unwrap().status(), 200);
    for (name, value) in [
        ("accept", "\u{e9}\u{fc}"),
        ("cf-connecting-ip", "not an address; for=\"x\", for=y"),
        ("x-pointsman-hops", "-1"),
        ("range", "bytes=-"),
    ] {
        let answer = world.ask(CHICAGO, "GET", "/x").header(name, value).send().await.unwrap();
        assert_eq!(answer.status(), 200, "{name}");
    }
    let log = world.edge().log().join("\n");
    assert!(!log.contains("panicked"), "{log}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_get_with_a_body_is_sent_once_and_says_nothing_of_the_region() {
    let world = World::settled_with(&waits()).await;
    for method in ["GET", "HEAD", "OPTIONS", "DELETE"] {
        let answer = world.ask(BERLIN, method, "/x").body("some").send().await.unwrap();
        assert_eq!((answer.status().as_u16(), header(&answer, "x-lab-region")), (200, "eu-west"));
        if method == "GET" {
            assert_eq!(answer.json::<Value>().await.unwrap()["body_length"], 4);
        }
        let empty = world.ask(BERLIN, method, "/x").header("content-length", "0");
        let answer = empty.send().await.unwrap();
        assert_eq!((answer.status().as_u16(), header(&answer, "x-lab-region")), (200, "eu-west"));
    }
    assert_eq!(world.arrived("eu-west"), 8);
    world.set("eu-west", Mode::Refuse).await;
    let empty = world.ask(BERLIN, "GET", "/x").header("content-length", "0").send().await.unwrap();
    assert_eq!(header(&empty, "x-lab-region"), "us-east", "an empty body is none");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_that_hangs_up_in_an_upload_says_nothing_of_the_region() {
    let world = World::settled_with(&waits()).await;
    for _ in 0..8 {
        let mut stream = TcpStream::connect(("127.0.0.1", world.edge().port())).await.unwrap();
        let head = format!(
            "POST /upload HTTP/1.1\r\nhost: {HOST}\r\nx-lab-cf: {}\r\n\
             transfer-encoding: chunked\r\n\r\n4\r\nsome\r\n",
            BERLIN.cf()
        );
        let before = world.arrived("eu-west");
        stream.write_all(head.as_bytes()).await.unwrap();
        until("it has begun", async || world.arrived("eu-west") > before).await;
        drop(stream);
        // What is held against the region would show in a moment.
        for _ in 0..5 {
            let next = world.ask(BERLIN, "GET", "/x").send().await.unwrap();
            assert_eq!(header(&next, "x-lab-region"), "eu-west");
            sleep(Duration::from_millis(20)).await;
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_status_that_is_none_gets_502_from_us_and_counts_against_its_region() {
    let world = World::settled_with(&waits_and(&json!({"proxy": {"breaker_failures": 3}}))).await;
    let odd = "/told?code=700&in=eu-west";
    for status in [600, 999] {
        let path = format!("/told?code={status}");
        refused(world.ask(BERLIN, "POST", &path).send().await.unwrap(), 502, "bad_status").await;
        refused(world.ask(BERLIN, "GET", &path).send().await.unwrap(), 502, "bad_status").await;
    }
    world.crash().await;
    for _ in 0..3 {
        let elsewhere = world.ask(BERLIN, "GET", odd).send().await.unwrap();
        assert_eq!(
            (elsewhere.status().as_u16(), header(&elsewhere, "x-lab-region")),
            (200, "us-east")
        );
    }
    let before = world.arrived("eu-west");
    let next = world.ask(BERLIN, "GET", "/x").send().await.unwrap();
    assert_eq!(header(&next, "x-lab-region"), "us-east", "its breaker is open");
    assert_eq!(world.arrived("eu-west"), before);
    let log = world.edge().log().join("\n");
    assert!(!log.contains("RangeError"), "{log}");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_order_that_came_to_the_wrong_server_gets_502_and_is_not_repeated_at_once() {
    let world = World::settled().await;
    let before = world.arrived("eu-west");
    let order = world.ask(BERLIN, "POST", "/told?code=421").body("order").send().await.unwrap();
    refused(order, 502, "misdirected").await;
    assert_eq!(world.arrived("eu-west"), before + 1, "it was sent once");
    let page = world.ask(BERLIN, "GET", "/told?code=421").send().await.unwrap();
    assert_eq!((page.status().as_u16(), header(&page, "x-lab-region")), (421, "eu-west"));
}

#[tokio::test(flavor = "multi_thread")]
async fn clients_that_are_turned_away_together_are_asked_to_return_at_different_seconds() {
    let mut world = of_refusals().await;
    world.set("sa-east", Mode::Refuse).await;
    world.minute().await;
    world.crash().await;
    let mut seconds = std::collections::BTreeSet::new();
    for _ in 0..40 {
        let answer = get(&world, SAO_PAULO, "*/*").await;
        seconds.insert(header(&answer, "retry-after").to_owned());
    }
    assert!(seconds.len() > 10, "{seconds:?}");
}
