//! How probes ask: with which method and headers, at which port, after which redirects, how often.

use crate::small::{Small, config};
use pointsman_lab::scripted::{End, Reply, ScriptedOrigin};
use serde_json::json;
use std::net::{Ipv4Addr, TcpListener};

const DEAD_ADDRESS: &str = "down: no connection to an address of the origin (number 2)";

/// An origin that answers 200 to everything.
async fn well() -> ScriptedOrigin {
    ScriptedOrigin::start(|_, _| Reply::of(200, &[], b"alive")).await.unwrap()
}

/// A port on which nobody listens.
fn dead_port() -> u16 {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    listener.local_addr().unwrap().port()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_probe_has_its_monitors_method_and_headers_and_the_value_of_a_secret() {
    let origin = well().await;
    let monitor = json!({
        "method": "HEAD",
        "headers": {"X-Forwarded-Proto": "https", "authorization": {"secret": "HEALTH_TOKEN"}},
    });
    let config = config(origin.port(), &json!({}), &monitor);
    let world = Small::settled(&config, &[("HEALTH_TOKEN", "Bearer abc\n")]).await;
    world.says("web", "up").await;
    for head in origin.heads() {
        let head = head.to_ascii_lowercase();
        assert!(head.starts_with("head / "), "{head}");
        assert!(head.contains("\r\nx-forwarded-proto: https\r\n"), "{head}");
        assert!(head.contains("\r\nauthorization: bearer abc\r\n"), "{head}");
        assert!(head.contains("\r\nuser-agent: pointsman/"), "{head}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_secret_that_is_not_set_makes_no_probe_and_nobody_down() {
    let origin = well().await;
    let monitor = json!({"headers": {"authorization": {"secret": "HEALTH_TOKEN"}}});
    let world = Small::settled(&config(origin.port(), &json!({}), &monitor), &[]).await;
    world.says("web", "unknown: the secret HEALTH_TOKEN is not set").await;
    assert_eq!(origin.heads().len(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn another_port_is_probed_than_the_one_that_clients_use() {
    let (clients, health) = (dead_port(), well().await);
    let monitor = json!({"port": health.port(), "path": "/ready"});
    let world = Small::settled(&config(clients, &json!({}), &monitor), &[]).await;
    world.says("web", "up").await;
    assert!(health.heads()[0].starts_with("GET /ready "), "{:?}", health.heads());
}

#[tokio::test(flavor = "multi_thread")]
async fn redirects_are_followed_on_the_same_host_and_no_further_than_allowed() {
    let origin = ScriptedOrigin::start(|head, _| {
        let path = head.split(' ').nth(1).unwrap_or_default();
        let to = |location: &str| Reply::of(302, &[&format!("location: {location}")], b"");
        match path {
            "/one" => to("/two"),
            "/two" => to("/three"),
            "/three" => Reply::of(200, &[], b"alive"),
            "/away" => to("http://127.0.0.1:9/three"),
            "/nowhere" => Reply::of(302, &[], b""),
            _ => Reply::of(404, &[], b""),
        }
    })
    .await
    .unwrap();
    for (path, follow, said) in [
        ("/one", 0, "down: response code mismatch (status 302)"),
        ("/one", 1, "down: too many redirects (status 302)"),
        ("/one", 2, "up"),
        ("/two", 5, "up"),
        ("/away", 5, "down: redirect to another host or to plain text (status 302)"),
        ("/nowhere", 5, "down: response code mismatch (status 302)"),
    ] {
        let monitor = json!({"path": path, "follow_redirects": follow});
        let world = Small::settled(&config(origin.port(), &json!({}), &monitor), &[]).await;
        world.says("web", said).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_failed_probe_is_repeated_at_once_and_a_silent_one_is_not() {
    // Every third request is answered well.
    let flaky = || {
        ScriptedOrigin::start(|_, before| {
            let status = if before % 3 == 2 { 200 } else { 503 };
            Reply::of(status, &[], b"alive")
        })
    };
    for (retries, said) in [(1, "down: response code mismatch (status 503)"), (2, "up")] {
        let origin = flaky().await.unwrap();
        let monitor = json!({"retries": retries});
        let world = Small::settled(&config(origin.port(), &json!({}), &monitor), &[]).await;
        world.says("web", said).await;
    }
    let silence = || Reply { bytes: Vec::new(), end: End::Silence };
    let silent = ScriptedOrigin::start(move |_, _| silence()).await.unwrap();
    let alone = ScriptedOrigin::start(move |_, _| silence()).await.unwrap();
    for (origin, retries) in [(&silent, 5), (&alone, 0)] {
        let monitor = json!({"retries": retries, "timeout_ms": 300});
        let world = Small::settled(&config(origin.port(), &json!({}), &monitor), &[]).await;
        world.says("web", "down: HTTP timeout occurred").await;
    }
    assert_eq!(silent.heads().len(), alone.heads().len());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_probe_by_tcp_wants_a_connection_and_nothing_else() {
    let silent = ScriptedOrigin::start(|_, _| Reply { bytes: Vec::new(), end: End::Silence });
    let silent = silent.await.unwrap();
    let tcp = json!({"type": "tcp"});
    let world = Small::settled(&config(silent.port(), &json!({}), &tcp), &[]).await;
    world.says("web", "up").await;
    assert_eq!(silent.heads().len(), 0, "nothing is sent");
    let world = Small::settled(&config(dead_port(), &json!({}), &tcp), &[]).await;
    world.says("web", "down: TCP connection failed").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dead_address_is_found_although_the_name_is_well() {
    let origin = well().await;
    let both = json!({"addresses": ["127.0.0.1", "127.0.0.2"]});
    for monitor in [json!({}), json!({"type": "tcp"})] {
        let world = Small::settled(&config(origin.port(), &both, &monitor), &[]).await;
        world.says("web", DEAD_ADDRESS).await;
    }
    let mut world = Small::settled(&config(origin.port(), &both, &json!({})), &[]).await;
    let second = TcpListener::bind((Ipv4Addr::new(127, 0, 0, 2), origin.port())).unwrap();
    world.minute().await;
    world.says("web", "up").await;
    drop(second);
    world.minute().await;
    world.says("web", DEAD_ADDRESS).await;
}
