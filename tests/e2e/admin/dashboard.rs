//! The dashboard as a browser without JavaScript meets it: who gets in, what a form does, and what
//! another site cannot do.

use super::{guarded, token};
use crate::support::{World, until};
use pointsman_lab::deployment::{ADMIN_HOST, HOST};
use reqwest::{Method, Response, header};
use serde_json::{Value, json};

/// The origin of a page of ours, as a browser says it.
fn own() -> String {
    format!("http://{ADMIN_HOST}")
}

struct Browser<'w> {
    world: &'w World,
    cookie: Option<String>,
    /// What it says of where a form comes from.
    origin: String,
    site: &'static str,
}

impl<'w> Browser<'w> {
    fn of(world: &'w World) -> Self {
        Self { world, cookie: None, origin: own(), site: "same-origin" }
    }

    /// One that has logged in.
    async fn with(world: &'w World, chance: u8) -> Self {
        let mut browser = Self::of(world);
        let token = token(chance);
        let answer = browser.post("login", &[("token", token.as_str()), ("back", "")]).await;
        assert_eq!(answer.status(), 303);
        let set = answer.headers()[header::SET_COOKIE].to_str().unwrap().to_owned();
        assert!(set.contains("HttpOnly") && set.contains("SameSite=Lax"), "{set}");
        browser.cookie = set.split(';').next().map(str::to_owned);
        browser
    }

    fn request(&self, method: Method, host: &str, page: &str) -> reqwest::RequestBuilder {
        let path = format!("/.pointsman/{page}");
        let request = self.world.edge().request(method, host, &path, None);
        match &self.cookie {
            Some(cookie) => request.header(header::COOKIE, cookie),
            None => request,
        }
    }

    async fn get(&self, page: &str) -> (u16, String) {
        let answer = self.request(Method::GET, ADMIN_HOST, page).send().await.unwrap();
        (answer.status().as_u16(), answer.text().await.unwrap())
    }

    async fn post(&self, page: &str, fields: &[(&str, &str)]) -> Response {
        let request = self.request(Method::POST, ADMIN_HOST, page);
        let request = request.header(header::ORIGIN, &self.origin);
        let mut body = url::form_urlencoded::Serializer::new(String::new());
        body.extend_pairs(fields);
        let kind = "application/x-www-form-urlencoded";
        let request = request.header("sec-fetch-site", self.site);
        request.header(header::CONTENT_TYPE, kind).body(body.finish()).send().await.unwrap()
    }

    async fn posted(&self, page: &str, fields: &[(&str, &str)]) -> (u16, String) {
        let answer = self.post(page, fields).await;
        (answer.status().as_u16(), answer.text().await.unwrap())
    }
}

/// The value of a hidden field.
fn hidden(page: &str, name: &str) -> String {
    let after = page.split(&format!("name=\"{name}\" value=\"")).nth(1).unwrap();
    after.split('"').next().unwrap().to_owned()
}

/// The orders, as the API tells them.
async fn orders(world: &World) -> Value {
    let request = world.edge().request(Method::GET, ADMIN_HOST, "/.pointsman/v1/orders", None);
    request.bearer_auth(token(1)).send().await.unwrap().json().await.unwrap()
}

const DRAIN: [(&str, &str); 3] =
    [("do", "drain"), ("region", "eu-west"), ("reason", "a rack is moved")];

#[tokio::test(flavor = "multi_thread")]
async fn a_page_is_for_those_who_log_in_and_leads_the_others_to_do_so() {
    let world = World::settled_with(&guarded()).await;
    let stranger = Browser::of(&world);
    let answer = stranger.request(Method::GET, ADMIN_HOST, "drills?x=1").send().await.unwrap();
    assert_eq!(answer.status(), 303);
    let to = answer.headers()[header::LOCATION].to_str().unwrap();
    assert_eq!(to, "/.pointsman/login?back=%2F.pointsman%2Fdrills%3Fx%3D1");
    let (status, page) = stranger.get("login?back=%2F.pointsman%2Fdrills").await;
    assert_eq!(status, 200);
    assert_eq!(hidden(&page, "back"), "/.pointsman/drills");
    let (status, page) = stranger.posted("login", &[("token", "wrong")]).await;
    assert_eq!(status, 401);
    assert!(page.contains("This token is not known."));

    let browser = Browser::with(&world, 1).await;
    for page in ["", "services/api", "regions/eu-west", "incidents", "contracts", "drills", "who"] {
        let (status, body) = browser.get(page).await;
        assert_eq!(status, 200, "{page}: {body}");
        assert!(body.contains("wall"), "{page}: {body}");
    }
    assert_eq!(browser.get("services/none").await.0, 404);
    let answer = browser.request(Method::GET, ADMIN_HOST, "").send().await.unwrap();
    let policy = answer.headers()["content-security-policy"].to_str().unwrap();
    assert!(policy.contains("default-src 'none'") && !policy.contains("unsafe"), "{policy}");
    assert_eq!(answer.headers()[header::CACHE_CONTROL], "no-store");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_that_is_taken_out_of_the_config_ends_the_session() {
    let mut world = World::settled_with(&guarded()).await;
    let cookie = Browser::with(&world, 1).await.cookie;
    let mut config = guarded();
    config["admin"]["tokens"].as_array_mut().unwrap().remove(0);
    world.write_config(&config.to_string()).await.unwrap();
    world.minute().await;
    world.edge().advance_kv_clock(120_000).await.unwrap();
    // An isolate has its table for half a minute; this one is new.
    world.crash().await;
    let browser = Browser { cookie, ..Browser::of(&world) };
    assert_eq!(browser.get("").await.0, 303);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_form_shows_what_it_would_do_and_its_button_does_it_once() {
    let world = World::settled_with(&guarded()).await;
    let browser = Browser::with(&world, 2).await;
    let (status, form) = browser.get("act?do=drain&region=eu-west").await;
    assert_eq!(status, 200, "{form}");
    let (status, shown) = browser.posted("act", &DRAIN).await;
    assert_eq!(status, 200, "{shown}");
    assert!(shown.contains("What would change"), "{shown}");
    assert_eq!(orders(&world).await, json!([]));
    let (key, seen) = (hidden(&shown, "key"), hidden(&shown, "shown"));
    let pressed = [DRAIN.as_slice(), &[("step", "do"), ("key", &key), ("shown", &seen)]].concat();
    let (status, done) = browser.posted("act", &pressed).await;
    assert_eq!(status, 200, "{done}");
    assert!(done.contains("Done."), "{done}");
    let all = orders(&world).await;
    assert_eq!(all.as_array().unwrap().len(), 1);
    assert_eq!(all[0]["who"]["name"], "on-call");
    // Pressed twice, or reloaded: what it would do is not what was shown, and nothing is done.
    browser.posted("act", &pressed).await;
    assert_eq!(orders(&world).await.as_array().unwrap().len(), 1);
    until("the pool is without Europe", async || world.enabled_in_pool("eu-west") == Some(false))
        .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reason_is_asked_for_and_who_may_only_look_may_not_act() {
    let world = World::settled_with(&guarded()).await;
    let browser = Browser::with(&world, 2).await;
    let (status, page) = browser.posted("act", &[("do", "drain"), ("region", "eu-west")]).await;
    assert_eq!(status, 400);
    assert!(page.contains("a reason is needed"), "{page}");
    let viewer = Browser::with(&world, 1).await;
    let (status, page) = viewer.posted("act", &DRAIN).await;
    assert_eq!(status, 403, "{page}");
    assert!(page.contains("the role is `viewer`"), "{page}");
    assert_eq!(orders(&world).await, json!([]));
}

#[tokio::test(flavor = "multi_thread")]
async fn another_site_can_neither_act_nor_use_the_cookie_at_the_api() {
    let world = World::settled_with(&guarded()).await;
    let mut browser = Browser::with(&world, 3).await;
    for (origin, site) in
        [("https://evil.example", "cross-site"), ("null", "cross-site"), (&*own(), "same-site")]
    {
        (browser.origin, browser.site) = (origin.to_owned(), site);
        let (status, page) = browser.posted("act", &DRAIN).await;
        assert_eq!(status, 403, "{origin} {site}: {page}");
        assert_eq!(browser.posted("logout", &[]).await.0, 403, "{origin}");
        assert_eq!(browser.posted("login", &[("token", &token(3))]).await.0, 403, "{origin}");
    }
    assert_eq!(browser.get("v1/status").await.0, 401, "the API takes no cookie");
    let elsewhere = browser.request(Method::GET, HOST, "").send().await.unwrap();
    assert_eq!(elsewhere.status(), 404, "a customer's host has no dashboard");
    assert_eq!(orders(&world).await, json!([]));
}
