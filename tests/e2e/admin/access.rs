//! People who come by way of Cloudflare Access. Another program makes the keys and the signatures.

use super::guarded;
use crate::support::{World, until};
use pointsman_lab::certs::Certs;
use pointsman_lab::deployment::{ADMIN_HOST, now_ms};
use pointsman_lab::edge::Route;
use reqwest::Method;
use serde_json::{Value, json};
use std::io::Write;
use std::process::{Command, Stdio};

const TEAM: &str = "acme.cloudflareaccess.com";
const PERSON: &str = "7335d417-61da-459d-899c-0a01c76a2f94";

/// What `sign.mjs` made.
struct Signed {
    jwks: Value,
    tokens: Vec<String>,
}

fn sign(keys: &Value, tokens: &[Value]) -> Signed {
    let mut node = Command::new("node")
        .arg(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/e2e/admin/sign.mjs"))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let input = json!({"keys": keys, "tokens": tokens}).to_string();
    node.stdin.take().unwrap().write_all(input.as_bytes()).unwrap();
    let output = node.wait_with_output().unwrap();
    assert!(output.status.success());
    let made: Value = serde_json::from_slice(&output.stdout).unwrap();
    let tokens = made["tokens"].as_array().unwrap();
    let tokens = tokens.iter().map(|token| token.as_str().unwrap().to_owned()).collect();
    Signed { jwks: made["jwks"].clone(), tokens }
}

fn aud(letter: &str) -> String {
    letter.repeat(64)
}

fn seconds(ahead: i64) -> i64 {
    now_ms() / 1_000 + ahead
}

/// A token with some claims changed; `null` takes one out.
fn asked(key: &str, kid: &str, by: &str, changed: &Value) -> Value {
    let mut claims = json!({
        "type": "app", "iss": format!("https://{TEAM}"), "aud": [aud("a")], "sub": PERSON,
        "email": "somebody@example.com", "iat": seconds(-5), "nbf": seconds(-5),
        "exp": seconds(3_600),
    });
    for (name, value) in changed.as_object().unwrap() {
        claims[name] = value.clone();
    }
    claims.as_object_mut().unwrap().retain(|_, value| !value.is_null());
    json!({"key": key, "header": {"alg": by, "kid": kid}, "claims": claims, "by": by})
}

/// The same, as it should be.
fn good(key: &str, kid: &str) -> Value {
    asked(key, kid, "RS256", &json!({}))
}

fn set(keys: &[&Value]) -> String {
    json!({"keys": keys}).to_string()
}

/// A deployment behind Access, with the endpoint of its team's keys.
async fn behind_access(keys: String) -> (World, Certs) {
    let mut config = guarded();
    config["admin"]["access"] = json!([
        {"team_domain": TEAM, "aud": aud("a"), "role": "viewer"},
        {"team_domain": TEAM, "aud": aud("b"), "role": "operator"},
    ]);
    let certs = Certs::start(keys).await.unwrap();
    let world = World::settled_with(&config).await;
    let route = Route { port: certs.port(), ..Route::default() };
    world.edge().route_host(TEAM, route).await.unwrap();
    (world, certs)
}

/// Asks as a browser or a program does that Access has let through.
async fn ask(
    world: &World,
    assertion: &str,
    method: Method,
    more: &[(&str, &str)],
) -> (u16, String) {
    let path = if method == Method::GET { "orders" } else { "acts" };
    let path = format!("/.pointsman/v1/{path}");
    let mut request = world.edge().request(method.clone(), ADMIN_HOST, &path, None);
    request = request.header("cf-access-jwt-assertion", assertion);
    if method == Method::POST {
        let body = json!({"act": {"compare": {}}, "reason": "a look", "is_dry": true});
        request = request.header("content-type", "application/json").body(body.to_string());
    }
    for (name, value) in more {
        request = request.header(*name, *value);
    }
    let answer = request.send().await.unwrap();
    (answer.status().as_u16(), answer.text().await.unwrap())
}

async fn look(world: &World, assertion: &str) -> (u16, String) {
    ask(world, assertion, Method::GET, &[]).await
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_access_let_in_has_the_role_of_the_application() {
    let operator = asked("k", "k1", "RS256", &json!({"aud": [aud("b")]}));
    let service = json!({"sub": "", "common_name": "e3.access", "email": null, "nbf": null});
    let service = asked("k", "k1", "RS256", &service);
    let made = sign(&json!({"k": "k1"}), &[good("k", "k1"), operator, service]);
    let (world, certs) = behind_access(set(&[&made.jwks["k"]])).await;
    let [viewer, operator, service] = made.tokens.as_slice() else { panic!("three tokens") };
    for token in [viewer, operator, service] {
        assert_eq!(look(&world, token).await.0, 200);
    }
    assert_eq!(ask(&world, viewer, Method::POST, &[]).await.0, 403);
    assert_eq!(ask(&world, operator, Method::POST, &[]).await.0, 200);
    assert_eq!(certs.asked(), 1, "the keys are kept");
    let origin = format!("http://{ADMIN_HOST}");
    let of_this_site = [("origin", &*origin), ("sec-fetch-site", "same-origin")];
    assert_eq!(ask(&world, operator, Method::POST, &of_this_site).await.0, 200);
    for other in [("origin", "https://evil.example"), ("sec-fetch-site", "cross-site")] {
        assert_eq!(ask(&world, operator, Method::POST, &[other]).await.0, 403, "{other:?}");
    }
    let log = world.edge().log().join("\n");
    assert!(!log.contains("somebody@example.com") && !log.contains(viewer.as_str()), "{log}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_statement_that_does_not_hold_opens_nothing_and_is_not_repeated() {
    let changed = |changed: Value| asked("k", "k1", "RS256", &changed);
    let bad = [
        ("another application", changed(json!({"aud": [aud("c")]}))),
        ("lacks `aud`", changed(json!({"aud": null}))),
        ("another team", changed(json!({"iss": "https://evil.cloudflareaccess.com"}))),
        ("lacks `iss`", changed(json!({"iss": null}))),
        ("over", changed(json!({"exp": seconds(-61)}))),
        ("lacks `exp`", changed(json!({"exp": null}))),
        ("not valid yet", changed(json!({"nbf": seconds(120)}))),
        ("not valid yet", changed(json!({"iat": seconds(120)}))),
        ("lacks `sub`", changed(json!({"sub": "somebody@example.com"}))),
        ("not signed with RS256", asked("k", "k1", "none", &json!({}))),
        ("not signed with RS256", asked("k", "k1", "HS256", &json!({}))),
        ("signature", good("stranger", "k1")),
        ("does not have", good("stranger", "s1")),
    ];
    let asked: Vec<Value> = bad.iter().map(|(_, token)| token.clone()).collect();
    let mut asked_and_good = asked.clone();
    asked_and_good.push(good("k", "k1"));
    let made = sign(&json!({"k": "k1", "stranger": "s1"}), &asked_and_good);
    let (world, _certs) = behind_access(set(&[&made.jwks["k"]])).await;
    assert_eq!(look(&world, made.tokens.last().unwrap()).await.0, 200, "the key is known");
    for ((word, _), token) in bad.iter().zip(&made.tokens) {
        let (status, told) = look(&world, token).await;
        assert_eq!(status, 401, "{word}: {told}");
        assert!(told.contains(word), "{word}: {told}");
        assert!(!told.contains("somebody") && !told.contains(&token[..40]), "{told}");
    }
    // The algorithm that the header asks for is not the one that counts.
    let good = made.tokens.last().unwrap();
    let (head, rest) = good.split_once('.').unwrap();
    let (claims, signature) = rest.split_once('.').unwrap();
    let middle = claims.len() / 2;
    let changed = if claims.as_bytes()[middle] == b'A' { "B" } else { "A" };
    let mut other = claims.to_owned();
    other.replace_range(middle..=middle, changed);
    for token in [
        format!("{head}.{other}.{signature}"),
        format!("{head}.{claims}."),
        format!("{head}.{claims}.{}", &signature[1..]),
        "a.b.c".to_owned(),
    ] {
        assert_eq!(look(&world, &token).await.0, 401, "{token:.30}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_new_key_is_found_and_the_last_good_ones_outlive_their_endpoint() {
    let keys = json!({"old": "k1", "new": "k2", "twin": "k2", "stranger": "k3"});
    let asked = [good("old", "k1"), good("new", "k2"), good("twin", "k2"), good("stranger", "k3")];
    let made = sign(&keys, &asked);
    let [old, new, twin, stranger] = made.tokens.as_slice() else { panic!("four tokens") };
    let (world, certs) = behind_access(set(&[&made.jwks["old"]])).await;
    assert_eq!(look(&world, old).await.0, 200);
    // The team has a new key, and one more of the same id. It is asked for once the floor is over.
    certs.answer(200, &set(&[&made.jwks["old"], &made.jwks["new"], &made.jwks["twin"]]));
    until("the new key is known", async || look(&world, new).await.0 == 200).await;
    assert_eq!(look(&world, twin).await.0, 200, "both keys of one id are tried");
    // The endpoint fails in many ways. Whoever names a key that nobody has makes us ask.
    for (status, body) in [(500, "oops"), (200, "<html>"), (200, "{\"keys\": []}"), (404, "{}")] {
        certs.answer(status, body);
        let before = certs.asked();
        until("the keys are asked for", async || {
            // After so many in a minute it is told nothing but to come back later.
            assert!(matches!(look(&world, stranger).await.0, 401 | 429));
            certs.asked() > before
        })
        .await;
        for token in [old, new, twin] {
            assert_eq!(look(&world, token).await.0, 200, "{status} {body}");
        }
    }
    // One that has just begun knows no keys at all, and says so.
    world.crash().await;
    let (status, told) = look(&world, old).await;
    assert_eq!(status, 503, "{told}");
    certs.answer(200, &set(&[&made.jwks["old"]]));
    until("the endpoint is back", async || look(&world, old).await.0 == 200).await;
}
