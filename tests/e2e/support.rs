//! A deployment with minutes that pass when they are told to.

use pointsman::admin_token::{TokenHash, made_of};
use pointsman_lab::api::{Conformance, Exchange};
use pointsman_lab::deployment::{ADMIN_TOKEN, Deployment, HOST, bundle, example_config, now_ms};
use pointsman_lab::edge::EdgeOptions;
use pointsman_lab::region::Mode;
use reqwest::Method;
use serde_json::{Value, json};
use std::ops::Deref;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

/// Longest wait for anything that should happen.
const BOUND: Duration = Duration::from_secs(20);

/// A deployment whose cron runs are fired by hand, one simulated minute after the other.
pub(crate) struct World {
    deployment: Deployment,
    minute: i64,
}

impl Deref for World {
    type Target = Deployment;
    fn deref(&self) -> &Deployment {
        &self.deployment
    }
}

/// The example config with one round a run: probes beyond the first second come a minute later.
pub(crate) fn config() -> Value {
    let mut config = example_config().unwrap();
    config["monitors"]["api"]["interval_s"] = json!(60);
    config
}

impl World {
    /// Starts a deployment and makes the first run, after which every region is up.
    pub(crate) async fn settled() -> World {
        let mut world = World::started().await;
        world.minute().await;
        let status = world.status().await.unwrap();
        let up = json!({"eu-west": "up", "us-east": "up", "sa-east": "up"});
        assert_eq!(status["services"]["api"], up, "{:#?}", world.edge().log());
        world
    }

    /// The same with another config.
    pub(crate) async fn settled_with(config: &Value) -> World {
        let mut world = World::started_with(config).await;
        world.minute().await;
        world
    }

    /// Starts a deployment in which nothing has happened yet.
    pub(crate) async fn started() -> World {
        World::started_with(&config()).await
    }

    /// The same with another config.
    pub(crate) async fn started_with(config: &Value) -> World {
        World::started_on(config, |_| ()).await
    }

    /// The same on an edge with other options.
    pub(crate) async fn started_on(config: &Value, adjust: impl FnOnce(&mut EdgeOptions)) -> World {
        let front = front();
        let config = if front.is_some() { shown_to_a_token(config) } else { config.clone() };
        let adjust = |options: &mut EdgeOptions| {
            options.front = front;
            adjust(options);
        };
        let deployment = Deployment::start_with(&bundle(), &config, adjust).await.unwrap();
        World { deployment, minute: now_ms() }
    }

    /// What the isolate that answers clients reports of itself.
    pub(crate) async fn isolate(&self) -> Value {
        // The Worker for requests alone knows no `ADMIN_TOKEN`.
        let (page, token) = match front() {
            Some(_) => ("/.pointsman/v1/proxy", front_token()),
            None => ("/.pointsman/proxy", ADMIN_TOKEN.to_owned()),
        };
        let request = self.edge().request(Method::GET, HOST, page, None);
        request.bearer_auth(token).send().await.unwrap().json().await.unwrap()
    }

    /// Makes the cron run of the next minute and waits for its end.
    pub(crate) async fn minute(&mut self) {
        self.minutes(1).await;
    }

    /// Makes the cron runs of some minutes, one after the other.
    pub(crate) async fn minutes(&mut self, count: u32) {
        for _ in 0..count {
            let minute = self.begin_minute();
            self.edge().run_cron(minute).await.unwrap();
        }
    }

    /// Lets the next minute begin, without its run. Returns its instant.
    pub(crate) fn begin_minute(&mut self) -> i64 {
        self.minute += 60_000;
        self.minute
    }

    /// Asks for a comparison with Cloudflare, as an operator would.
    pub(crate) async fn compare(&self) -> Value {
        let request = self.edge().request(Method::POST, HOST, "/.pointsman/compare", None);
        let answer = request.bearer_auth(ADMIN_TOKEN).send().await.unwrap();
        let text = answer.error_for_status().unwrap().text().await.unwrap();
        serde_json::from_str(&text).unwrap()
    }

    /// Makes the last run once more.
    pub(crate) async fn same_minute_again(&self) {
        self.edge().run_cron(self.minute).await.unwrap();
    }

    /// Kills workerd and starts it again on the same storage.
    pub(crate) async fn crash(&self) {
        self.edge().restart().await.unwrap();
    }

    /// Lets time pass without a run.
    pub(crate) fn skip_minutes(&mut self, count: i64) {
        self.minute += count * 60_000;
    }

    /// Sets a region's mode.
    pub(crate) async fn set(&self, region: &str, mode: Mode) {
        self.region(region).unwrap().set(mode).await.unwrap();
    }

    /// The health of a region, in the live status.
    pub(crate) async fn health(&self, region: &str) -> String {
        let status = self.status().await.unwrap();
        status["services"]["api"][region].as_str().unwrap_or("absent").to_owned()
    }

    /// What DNS says of the published record.
    pub(crate) async fn answer(&self) -> String {
        let told = self.dig(pointsman_lab::deployment::RECORD, "CNAME").await.unwrap();
        told.join(",")
    }

    /// The whole config text that KV holds, as JSON.
    pub(crate) async fn stored_config(&self) -> Value {
        self.kv_json("config").await.unwrap()
    }
}

/// The built Worker for requests alone, if clients are to meet that one: `POINTSMAN_EDGE_BUNDLE`
/// names its folder.
pub(crate) fn front() -> Option<PathBuf> {
    std::env::var_os("POINTSMAN_EDGE_BUNDLE").map(PathBuf::from)
}

/// A token that the table names.
fn front_token() -> String {
    made_of([4; 20]).expose().to_owned()
}

/// The same config with a token that the Worker for requests alone knows, unless it says itself who
/// may look.
fn shown_to_a_token(config: &Value) -> Value {
    let mut config = config.clone();
    if config["admin"].is_null() {
        let hash = TokenHash::of(&front_token()).unwrap().to_string();
        let token = json!({"id": "lab", "role": "viewer", "sha256": hash});
        config["admin"] = json!({"on_service_hosts": true, "tokens": [token]});
    }
    config
}

/// Waits until `check` is true.
pub(crate) async fn until(what: &str, check: impl AsyncFn() -> bool) {
    let began = Instant::now();
    while !check().await {
        assert!(began.elapsed() < BOUND, "not within {} s: {what}", BOUND.as_secs());
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

/// Holds exchanges against Cloudflare's published OpenAPI document, where a copy is at hand.
pub(crate) fn assert_conforming(exchanges: &[Exchange]) {
    let Some(path) = std::env::var_os("POINTSMAN_OPENAPI") else {
        println!("conformance skipped: POINTSMAN_OPENAPI does not name the OpenAPI document");
        return;
    };
    let document = Conformance::load(Path::new(&path)).unwrap();
    assert!(!exchanges.is_empty(), "there was nothing to check");
    let complaints: Vec<String> = exchanges.iter().flat_map(|e| document.check(e)).collect();
    assert!(complaints.is_empty(), "{complaints:#?}");
}
