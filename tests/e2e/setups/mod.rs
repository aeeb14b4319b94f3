//! The set-ups in `examples/`, from their files: each is deployed, and plays what it is for.
//!
//! Nothing in a config is changed but its clock. Origins, hooks and receivers have the names that
//! they have in the file, and the lab's network leads there.

mod payments;
mod record;
mod standby;

use crate::called;
use crate::support::{World, until};
use pointsman::tool::Source;
use pointsman_lab::deployment::root;
use pointsman_lab::edge::{EdgeOptions, Route};
use pointsman_lab::receivers::{Receiver, Service};
use pointsman_lab::region::{Mode, Region};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::fs;
use std::ops::{Deref, DerefMut};

/// Where the monitors of the set-ups look.
const HEALTH: &str = "/healthz";
/// Minutes are skipped here, so a probe comes once a minute and no sooner.
const INTERVAL_S: u64 = 60;
/// What that costs a promise of time or of loss, at most: two intervals, and the runs between.
const SLOWER_S: u64 = 600;

/// The config of a set-up, at the lab's pace.
fn example(name: &str) -> Value {
    let path = root().join("examples").join(name);
    let mut config = Source::read(name, &fs::read_to_string(path).unwrap()).unwrap().value;
    for monitor in config["monitors"].as_object_mut().unwrap().values_mut() {
        monitor["interval_s"] = INTERVAL_S.into();
    }
    for service in config["services"].as_object_mut().unwrap().values_mut() {
        for promise in ["rto_s", "rpo_s"] {
            if let Some(seconds) = service["contract"][promise].as_u64() {
                service["contract"][promise] = (seconds + SLOWER_S).into();
            }
        }
    }
    // They go by the calendar, and a test does not.
    config.as_object_mut().unwrap().remove("blocked");
    config
}

/// The secrets that the set-ups name.
fn secrets() -> BTreeMap<String, String> {
    let known = BTreeMap::from(called::secrets());
    let names = [
        ("SLACK_WEBHOOK", "SLACK_URL"),
        ("PAGERDUTY_KEY", "PD_KEY"),
        ("HEARTBEAT_URL", "BEAT_URL"),
        ("HOOK_SECRET", "HOOK_KEY"),
    ];
    names.map(|(name, as_known)| (name.to_owned(), known[as_known].clone())).into()
}

/// A set-up that is deployed.
struct Setup {
    world: World,
    regions: BTreeMap<String, Region>,
    receivers: Vec<(Service, Receiver)>,
}

impl Deref for Setup {
    type Target = World;
    fn deref(&self) -> &World {
        &self.world
    }
}

impl DerefMut for Setup {
    fn deref_mut(&mut self) -> &mut World {
        &mut self.world
    }
}

impl Setup {
    /// Deploys a config. Each region has one origin, which answers as the region.
    async fn start(config: &Value) -> Setup {
        let world = World::started_on(config, |options: &mut EdgeOptions| {
            options.vars.extend(secrets());
        })
        .await;
        let mut setup = Setup { world, regions: BTreeMap::new(), receivers: Vec::new() };
        for (id, region) in config["regions"].as_object().unwrap() {
            let url = region["origins"][0]["url"].as_str().unwrap();
            let host = url.strip_prefix("https://").unwrap();
            let region = Region::start_at(id, HEALTH).unwrap();
            setup.route(host, region.port()).await;
            setup.regions.insert(id.clone(), region);
        }
        for (host, service) in called::HOSTS {
            let receiver = Receiver::start(service).await.unwrap();
            setup.route(host, receiver.port()).await;
            setup.receivers.push((service, receiver));
        }
        setup.minutes(2).await;
        let refused = setup.status().await.unwrap()["config"]["refused"].clone();
        assert_eq!(refused, Value::Null);
        setup
    }

    async fn route(&self, host: &str, port: u16) {
        let route = Route { port, ..Route::default() };
        self.edge().route_host(host, route).await.unwrap();
    }

    /// Breaks or mends a region.
    async fn set(&self, region: &str, mode: Mode) {
        self.regions[region].set(mode).await.unwrap();
    }

    /// What a receiver was sent, one text for each message.
    fn told(&self, service: Service) -> Vec<String> {
        let receivers = self.receivers.iter().filter(|(it, _)| *it == service);
        receivers.flat_map(|(_, it)| it.taken()).map(|taken| taken.text).collect()
    }

    /// Waits until a receiver was sent something that has these words.
    async fn hears(&self, service: Service, words: &str) {
        until(&format!("{service:?} hears of {words}"), async || {
            self.told(service).iter().any(|text| text.contains(words))
        })
        .await;
    }
}

#[test]
fn a_set_up_is_played_as_its_file_has_it_but_for_its_pace() {
    for name in ["one-record.toml", "br-mx-payments.toml", "warm-standby.toml"] {
        let path = root().join("examples").join(name);
        let text = fs::read_to_string(path).unwrap();
        let mut written = Source::read(name, &text).unwrap().value;
        let mut played = example(name);
        for config in [&mut written, &mut played] {
            config.as_object_mut().unwrap().remove("blocked");
            for key in ["monitors", "services"] {
                for part in config[key].as_object_mut().unwrap().values_mut() {
                    part["interval_s"] = json!(null);
                    part["contract"] = json!(null);
                }
            }
        }
        assert_eq!(written, played, "{name}");
    }
}
