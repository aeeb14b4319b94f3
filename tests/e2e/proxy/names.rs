//! Which names go between a client and an origin: what the origin is told in `Host`, and by what
//! name its answers call it.

use super::{header, settled_with_service, waits_and};
use crate::support::World;
use pointsman_lab::deployment::{BERLIN, HOST};
use pointsman_lab::edge::Route;
use pointsman_lab::region::Mode;
use reqwest::{Method, Response, Url};
use serde_json::{Value, json};

/// The origin of eu-west, which German clients are led to.
const ORIGIN: &str = "eu1.origin.example.com";

/// An origin's answer with these headers, for a client of `host`.
async fn told(world: &World, host: &str, code: u16, headers: &[(&str, &str)]) -> Response {
    let mut query = vec![("code", code.to_string())];
    query.extend(headers.iter().map(|(name, value)| ("header", format!("{name}: {value}"))));
    let url = Url::parse_with_params("http://lab/told", &query).unwrap();
    let path = format!("/told?{}", url.query().unwrap());
    world.edge().request(Method::GET, host, &path, Some(&BERLIN.cf())).send().await.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_that_follows_an_answer_stays_with_the_proxy() {
    let world = World::settled().await;
    let own = format!("https://{ORIGIN}/next?a=b#c");
    let refresh = format!("5; url='https://{ORIGIN}/soon'");
    let link = format!("<https://{ORIGIN}/?page=2>; rel=next, <https://cdn.example.org/>; rel=x");
    let said =
        [("location", &*own), ("refresh", &refresh), ("content-location", &own), ("link", &link)];
    for host in [HOST.to_owned(), format!("{HOST}:8080")] {
        let answer = told(&world, &host, 302, &said).await;
        assert_eq!(answer.status(), 302);
        let next = format!("http://{host}/next?a=b#c");
        assert_eq!(header(&answer, "location"), next);
        assert_eq!(header(&answer, "content-location"), next);
        assert_eq!(header(&answer, "refresh"), format!("5; url='http://{host}/soon'"));
        let links = format!("<http://{host}/?page=2>; rel=next, <https://cdn.example.org/>; rel=x");
        assert_eq!(header(&answer, "link"), links);
    }
    let elsewhere = "https://login.example.org/?back=https://eu1.origin.example.com/";
    let answer = told(&world, HOST, 302, &[("location", elsewhere)]).await;
    assert_eq!(header(&answer, "location"), elsewhere);
    let other = told(&world, HOST, 201, &[("location", "https://us1.origin.example.com/1")]).await;
    assert_eq!(header(&other, "location"), format!("http://{HOST}/1"), "of another region");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_name_of_an_origin_that_is_down_is_replaced_too() {
    let mut world = World::settled().await;
    world.set("us-east", Mode::Refuse).await;
    world.minutes(2).await;
    assert_eq!(world.health("us-east").await, "down");
    world.crash().await;
    let answer = told(&world, HOST, 302, &[("location", "https://us1.origin.example.com/")]).await;
    assert_eq!(header(&answer, "location"), format!("http://{HOST}/"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cookie_for_an_origins_own_host_becomes_one_for_the_clients_host() {
    let world = World::settled().await;
    let own = format!("a=1; Domain={ORIGIN}; Path=/");
    let said =
        [("set-cookie", &*own), ("set-cookie", "b=2; Domain=example.com"), ("set-cookie", "c=3")];
    let answer = told(&world, HOST, 200, &said).await;
    let cookies: Vec<_> = answer.headers().get_all("set-cookie").iter().collect();
    assert_eq!(cookies, ["a=1; Path=/", "b=2; Domain=example.com", "c=3"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_service_can_have_answers_pass_as_they_are() {
    let proxy = json!({"proxy": {"rewrite_origin_host": false, "debug_headers": false}});
    let world = settled_with_service(&proxy).await;
    let own = format!("https://{ORIGIN}/next");
    let cookie = format!("a=1; Domain={ORIGIN}");
    let answer = told(&world, HOST, 302, &[("location", &own), ("set-cookie", &cookie)]).await;
    assert_eq!((header(&answer, "location"), header(&answer, "set-cookie")), (&*own, &*cookie));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_strong_etag_stays_strong() {
    let world = World::settled().await;
    for etag in ["\"v1\"", "W/\"v1\""] {
        let answer = told(&world, HOST, 200, &[("etag", etag)]).await;
        assert_eq!(header(&answer, "etag"), etag);
    }
}

/// The example whose origins are told the public host.
fn public_host() -> Value {
    let mut config = waits_and(&json!({"host_header": HOST}));
    config["services"]["downloads"]["host_header"] = json!(HOST);
    config
}

#[tokio::test(flavor = "multi_thread")]
async fn origins_are_told_the_configured_host_by_requests_and_by_probes() {
    let world = World::settled_with(&public_host()).await;
    let status = world.status().await.unwrap();
    let up = json!({"eu-west": "up", "us-east": "up", "sa-east": "up"});
    assert_eq!(status["services"]["api"], up, "{status:#}");
    for region in world.regions() {
        assert_eq!(region.hosts_of_probes(), [HOST], "{}", region.id());
    }
    let answer = world.ask(BERLIN, "GET", "/x").send().await.unwrap();
    let echo: Value = answer.json().await.unwrap();
    assert_eq!(
        (&echo["region"], &echo["headers"]["x-lab-host"]),
        (&json!("eu-west"), &json!(HOST))
    );
    let posted = world.ask(BERLIN, "POST", "/x").body("order").send().await.unwrap();
    let echo: Value = posted.json().await.unwrap();
    assert_eq!((&echo["body_length"], &echo["headers"]["x-lab-host"]), (&json!(5), &json!(HOST)));
}

#[tokio::test(flavor = "multi_thread")]
async fn origins_are_told_their_own_host_otherwise() {
    let world = World::settled().await;
    let echo: Value = world.ask(BERLIN, "GET", "/x").send().await.unwrap().json().await.unwrap();
    assert_eq!(echo["headers"]["x-lab-host"], ORIGIN);
    assert_eq!(world.region("eu-west").unwrap().hosts_of_probes(), [ORIGIN]);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_override_that_cloudflare_ignores_leads_no_request_and_no_probe_to_another_region() {
    let mut world = World::settled_with(&public_host()).await;
    let before: u64 =
        ["eu-west", "us-east", "sa-east"].map(|region| world.arrived(region)).iter().sum();
    // The public name leads to this Worker itself, as it does in production.
    let port = world.edge().port();
    world.edge().route_host(HOST, Route { port, ..Route::default() }).await.unwrap();
    world.edge().set_zone("another.example").await.unwrap();
    let answer = world.ask(BERLIN, "GET", "/x").send().await.unwrap();
    assert_eq!(answer.status(), 508, "{:?}", answer.headers());
    world.minutes(3).await;
    for region in ["eu-west", "us-east", "sa-east"] {
        assert_eq!(world.health(region).await, "down", "its probes do not reach it");
    }
    let after: u64 =
        ["eu-west", "us-east", "sa-east"].map(|region| world.arrived(region)).iter().sum();
    assert_eq!(after, before, "nothing arrived anywhere");
}
