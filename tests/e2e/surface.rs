//! The operator's surface.

use crate::support::World;
use pointsman_lab::deployment::{ADMIN_TOKEN, HOST};
use reqwest::Method;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

async fn ask(world: &World, path: &str, token: Option<&str>) -> (u16, String) {
    let request = world.edge().request(Method::GET, HOST, path, None);
    let request = match token {
        Some(token) => request.bearer_auth(token),
        None => request,
    };
    let response = request.send().await.unwrap();
    (response.status().as_u16(), response.text().await.unwrap())
}

#[tokio::test(flavor = "multi_thread")]
async fn the_status_is_for_those_who_have_the_token() {
    let world = World::settled().await;
    assert_eq!(ask(&world, "/.pointsman/status", None).await.0, 401);
    assert_eq!(ask(&world, "/.pointsman/status", Some("wrong")).await.0, 401);
    assert_eq!(ask(&world, "/.pointsman/other", Some(ADMIN_TOKEN)).await.0, 404);
    let (status, body) = ask(&world, "/.pointsman/status", Some(ADMIN_TOKEN)).await;
    assert_eq!(status, 200);
    let body: serde_json::Value = serde_json::from_str(&body).unwrap();
    assert_eq!(body["services"]["downloads"]["us-east"], "up");
    assert!(body["last_run"]["probes"].as_u64().unwrap() > 0);
}

/// Requests that arrived at any region, without those of monitors.
fn served(world: &World) -> u64 {
    world.regions().map(|region| region.served().other).sum()
}

/// Sends a request whose target and headers are exactly these bytes, which a client library would
/// make proper first. Returns the whole answer.
async fn ask_exactly(world: &World, target: &str, headers: &str) -> String {
    let mut stream = TcpStream::connect(("127.0.0.1", world.edge().port())).await.unwrap();
    let head =
        format!("GET {target} HTTP/1.1\r\nhost: {HOST}\r\nconnection: close\r\n{headers}\r\n");
    stream.write_all(head.as_bytes()).await.unwrap();
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).await.unwrap();
    String::from_utf8_lossy(&answer).into_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_path_that_is_almost_ours_takes_no_token_to_a_region() {
    let world = World::settled().await;
    let before = served(&world);
    let token = format!("authorization: Bearer {ADMIN_TOKEN}\r\n");
    for path in [
        "//.pointsman/status",
        "/.pointsman",
        "/.Pointsman/status",
        "/.pointsman%2fstatus",
        "/.pointsman%5Cstatus",
        "/%252epointsman/status",
        "/x/..%2f.pointsman/status",
        "/.pointsman;v=1/status?x=y",
    ] {
        for headers in ["", token.as_str()] {
            let answer = ask_exactly(&world, path, headers).await;
            assert!(answer.starts_with("HTTP/1.1 404 "), "{path}: {answer}");
            assert!(answer.contains("\"code\":\"misspelt_path\""), "{path}: {answer}");
            assert!(answer.contains("exactly `/.pointsman/`"), "{path}: {answer}");
        }
    }
    // The runtime itself resolves what every client would.
    for path in ["/./.pointsman/status", "/x/../.pointsman/status", "/\\.pointsman\\x"] {
        let answer = ask_exactly(&world, path, "").await;
        let is_ours =
            ["HTTP/1.1 401 ", "HTTP/1.1 404 "].iter().any(|line| answer.starts_with(line));
        assert!(is_ours, "{path}: {answer}");
    }
    assert_eq!(served(&world), before);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_request_with_a_token_of_ours_goes_nowhere_whatever_its_path_is() {
    let world = World::settled().await;
    let before = served(&world);
    let in_query = format!("/orders?token={ADMIN_TOKEN}");
    for (path, headers) in [
        ("/orders", format!("authorization: Bearer {ADMIN_TOKEN}\r\n")),
        ("/pointsman/status", format!("Authorization: bearer  {ADMIN_TOKEN}\r\n")),
        ("/", format!("authorization: {ADMIN_TOKEN}\r\n")),
        // `operator:` and the token.
        ("/", "authorization: Basic b3BlcmF0b3I6bGFiLWFkbWluLXRva2Vu\r\n".to_owned()),
        ("/", "authorization: Bearer lab-api-token\r\n".to_owned()),
        (&in_query, String::new()),
    ] {
        let answer = ask_exactly(&world, path, &headers).await;
        assert!(answer.starts_with("HTTP/1.1 400 "), "{path} {headers}: {answer}");
        assert!(answer.contains("\"code\":\"secret_in_request\""), "{answer}");
        assert!(!answer.contains("-token"), "{answer}");
    }
    assert_eq!(served(&world), before);
    let others = "authorization: Bearer another\r\n";
    assert!(ask_exactly(&world, "/orders", others).await.starts_with("HTTP/1.1 200 "));
    assert_eq!(served(&world), before + 1, "a client's own credentials pass");
    assert!(!world.edge().log().join("\n").contains(ADMIN_TOKEN));
}

#[tokio::test(flavor = "multi_thread")]
async fn everybody_may_read_the_page_that_a_451_leads_to() {
    let world = World::settled().await;
    let path = "/.pointsman/blocked";
    for (accept, kind) in [("*/*", "application/json"), ("text/html", "text/html; charset=utf-8")] {
        let request = world.edge().request(Method::GET, HOST, path, None);
        let page = request.header("accept", accept).send().await.unwrap();
        assert_eq!(
            (page.status().as_u16(), &page.headers()["content-type"]),
            (200, &kind.parse().unwrap())
        );
        let text = page.text().await.unwrap();
        assert!(text.contains(HOST) && text.contains("451"), "{text}");
        for internal in ["eu-west", "us-east", "sa-east", "lgpd", "origin.example.com"] {
            assert!(!text.contains(internal), "{internal}: {text}");
        }
    }
    let head = world.edge().request(Method::HEAD, HOST, path, None).send().await.unwrap();
    assert_eq!((head.status().as_u16(), head.text().await.unwrap().as_str()), (200, ""));
    let post = world.edge().request(Method::POST, HOST, path, None).send().await.unwrap();
    assert_eq!(post.status(), 405);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_path_below_ours_never_reaches_a_region() {
    let world = World::settled().await;
    let served = || served(&world);
    let before = served();
    ask(&world, "/.pointsman/status", None).await;
    ask(&world, "/.pointsman/anything", None).await;
    ask(&world, "/.pointsman/", Some(ADMIN_TOKEN)).await;
    assert_eq!(served(), before);
    ask(&world, "/.pointsmanlike", None).await;
    assert_eq!(served(), before + 1, "the counter counts");
}
