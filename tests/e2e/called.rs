//! A deployment that calls receivers of alerts.

use crate::support::{World, config, until};
use pointsman_lab::deployment::{ADMIN_HOST, ADMIN_TOKEN};
use pointsman_lab::edge::{EdgeOptions, NetFault, Route};
use pointsman_lab::receivers::{Receiver, Service, Taken};
use reqwest::Method;
use serde_json::{Value, json};
use std::ops::{Deref, DerefMut};

/// The secrets that the config names. Put together so that no scanner takes them for a leak.
pub(crate) fn secrets() -> [(&'static str, String); 6] {
    let slack = ["https://hooks.slack.com", "services/T0/B0/slack-path"].join("/");
    let signing = ["whsec", "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"].join("_");
    [
        ("SLACK_URL", slack),
        ("PD_KEY", "0123456789abcdef0123456789abcdef".to_owned()),
        ("JSM_KEY", "jsm-key-0123456789".to_owned()),
        ("HOOK_URL", "https://hooks.example.net/in/hook-path".to_owned()),
        ("HOOK_KEY", signing),
        ("BEAT_URL", "https://hc-ping.com/beat-path".to_owned()),
    ]
}

/// Where each service is in the lab's network.
pub(crate) const HOSTS: [(&str, Service); 5] = [
    ("hooks.slack.com", Service::Slack),
    ("events.pagerduty.com", Service::Pagerduty),
    ("api.atlassian.com", Service::Jsm),
    ("hooks.example.net", Service::Webhook),
    ("hc-ping.com", Service::Monitor),
];

/// A deployment with all kinds of receivers.
pub(crate) struct Called {
    world: World,
    pub(crate) receivers: Vec<Receiver>,
}

impl Deref for Called {
    type Target = World;
    fn deref(&self) -> &World {
        &self.world
    }
}

impl DerefMut for Called {
    fn deref_mut(&mut self) -> &mut World {
        &mut self.world
    }
}

/// Each kind of receiver, without waits for the sake of people.
pub(crate) fn with_receivers() -> Value {
    let mut config = config();
    config["alerts"] = json!([
        {"kind": "slack", "url_secret": "SLACK_URL", "group_s": 0},
        {"kind": "pagerduty", "key_secret": "PD_KEY", "group_s": 0},
        {"kind": "jsm", "key_secret": "JSM_KEY", "group_s": 0},
        {
            "kind": "webhook", "url_secret": "HOOK_URL", "key_secret": "HOOK_KEY",
            "allow_hosts": ["hooks.example.net"], "group_s": 0,
        },
    ]);
    config["watchdog"] = json!({"heartbeat_secret": "BEAT_URL"});
    config
}

impl Called {
    /// A deployment that is settled before it has receivers: the first run knows no health yet, so
    /// it withholds what it would publish.
    pub(crate) async fn start(config: &Value) -> Called {
        Self::start_minutes_ago(0, config).await
    }

    /// The same, as if that had begun so many minutes ago.
    pub(crate) async fn start_minutes_ago(minutes: i64, config: &Value) -> Called {
        let add = |options: &mut EdgeOptions| {
            options.vars.extend(secrets().map(|(name, value)| (name.to_owned(), value)));
        };
        let mut quiet = config.clone();
        for key in ["alerts", "watchdog"] {
            quiet.as_object_mut().unwrap().remove(key);
        }
        let mut world = World::started_on(&quiet, add).await;
        world.skip_minutes(-minutes);
        let mut receivers = Vec::new();
        for (_, service) in HOSTS {
            receivers.push(Receiver::start(service).await.unwrap());
        }
        let mut called = Called { world, receivers };
        called.network(None).await;
        called.minute().await;
        called.write_config(&config.to_string()).await.unwrap();
        called.minute().await;
        called
    }

    /// The way to every receiver: a fault, or as it is.
    pub(crate) async fn network(&self, fault: Option<NetFault>) {
        for ((host, _), receiver) in HOSTS.iter().zip(&self.receivers) {
            let route = Route { port: receiver.port(), fault, ..Route::default() };
            self.edge().route_host(host, route).await.unwrap();
        }
    }

    pub(crate) fn receiver(&self, service: Service) -> &Receiver {
        let index = HOSTS.iter().position(|(_, it)| *it == service).unwrap();
        &self.receivers[index]
    }

    pub(crate) fn taken(&self, service: Service) -> Vec<Taken> {
        self.receiver(service).taken()
    }

    /// Puts a config into KV that is refused, and makes the run that sees it.
    pub(crate) async fn break_config(&mut self) {
        self.write_config("{\"version\": 1}").await.unwrap();
        self.minute().await;
    }

    pub(crate) async fn undelivered(&self) -> u64 {
        self.status().await.unwrap()["alerts"]["undelivered"].as_u64().unwrap()
    }

    /// Waits until every receiver has taken everything.
    pub(crate) async fn all_delivered(&self) {
        until("all is delivered", async || self.undelivered().await == 0).await;
    }

    pub(crate) async fn act(&self, act: &Value) -> (u16, Value) {
        self.act_because(act, "a test").await
    }

    pub(crate) async fn act_because(&self, act: &Value, reason: &str) -> (u16, Value) {
        let body = json!({"act": act, "reason": reason}).to_string();
        let request = self.edge().request(Method::POST, ADMIN_HOST, "/.pointsman/v1/acts", None);
        let request = request.bearer_auth(ADMIN_TOKEN).header("content-type", "application/json");
        let answer = request.body(body).send().await.unwrap();
        let status = answer.status().as_u16();
        (status, serde_json::from_str(&answer.text().await.unwrap()).unwrap())
    }
}

/// What `PagerDuty` was told: its action and the alert's key.
pub(crate) fn events(taken: &[Taken]) -> Vec<(String, String)> {
    let word = |it: &Taken, key: &str| it.body[key].as_str().unwrap().to_owned();
    taken.iter().map(|it| (word(it, "event_action"), word(it, "dedup_key"))).collect()
}
