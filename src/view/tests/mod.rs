//! How everything stands, in small worlds.

mod agree;
mod composites;
mod law;
mod orders;
mod origin;
mod region;
mod share;
mod target;

use super::*;
use crate::config::{Composite, CompositeRule, Config, Override, OverrideTo};
use crate::health::Health;
use crate::ids::{MonitorId, OriginId, RegionId};
use crate::latency::STALE_AFTER;
use crate::state::{State, TargetState};
use crate::target::Target;
use crate::testing::{ACCOUNT, order, set_origin};
use crate::time::{MINUTE, Millis, Timestamp};
use serde_json::{Value, json};

/// Long after the epoch, so that something can be old.
const NOW: Timestamp = Timestamp::from_millis(1_785_585_600_000);
const REGIONS: [&str; 4] = ["de", "ie", "us", "br"];

/// Four regions of two origins each, under one monitor; `web` publishes a record, a pool for each
/// region and a balancer over them.
fn config() -> Value {
    let region = |(n, (id, country)): (usize, (&str, &str))| {
        let origin = |k: usize| {
            json!({"id": format!("{id}-{k}"), "url": format!("https://{id}{k}.example.net"),
                   "ipv4": format!("192.0.2.{}", 10 * n + k)})
        };
        (id.to_owned(), json!({"country": country, "origins": [origin(1), origin(2)]}))
    };
    let countries = REGIONS.into_iter().zip(["DE", "IE", "US", "BR"]);
    let regions: serde_json::Map<_, _> = countries.enumerate().map(region).collect();
    let pool = |id: &str| json!({"pool": {"account": ACCOUNT, "name": id, "regions": [id]}});
    let others = [
        json!({"dns": {"zone": "example.com", "name": "a.example.com", "type": "A"}}),
        json!({"load_balancer": {"zone": "example.com", "name": "www.example.com"}}),
    ];
    json!({
        "version": 1,
        "regions": regions,
        "monitors": {"m": {"path": "/health", "interval_s": 15}},
        "services": {"web": {
            "monitor": "m",
            "hosts": ["web.example.com"],
            "regions": REGIONS,
            "steering": "ordered",
            "publish": REGIONS.map(pool).into_iter().chain(others).collect::<Vec<_>>(),
        }},
    })
}

/// A config and a state that a test bends.
struct World {
    config: Config,
    state: State,
}

impl World {
    fn new(document: &Value) -> Self {
        let config = Config::parse(&document.to_string());
        let config = config.unwrap_or_else(|found| panic!("{found:?}"));
        let mut state = State::default();
        state.follow(&config);
        Self { config, state }
    }

    /// The world of [`config`].
    fn plain() -> Self {
        Self::new(&config())
    }

    fn view(&self) -> View<'_> {
        self.view_at(NOW)
    }

    fn view_at(&self, now: Timestamp) -> View<'_> {
        View::new(&self.config, &self.state, now)
    }

    /// What is known of an origin by a monitor, for bending.
    fn known(&mut self, origin: &str, by: &str) -> &mut TargetState {
        let target = Target { origin: origin_id(origin), monitor: monitor(by) };
        self.state.targets.insert_if_absent(target.clone(), TargetState::default());
        self.state.targets.get_mut(&target).unwrap()
    }

    /// Makes it believed since a while, from a probe of just now.
    fn believe(&mut self, origin: &str, by: &str, health: Health) -> &mut TargetState {
        let known = self.known(origin, by);
        known.memory.health = health;
        known.memory.since = Some(ago(60 * MINUTE));
        known.judged_at = Some(NOW);
        known
    }

    /// Makes both origins of a region believed to be this.
    fn believe_region(&mut self, region: &str, health: Health) {
        for k in [1, 2] {
            self.believe(&format!("{region}-{k}"), "m", health);
        }
    }

    /// Lets an operator say this of an origin, for a second from now.
    fn command(&mut self, origin: &str, set: OverrideTo) {
        let id = u64::try_from(self.state.orders.len()).unwrap() + 1;
        self.state.orders.push(order(id, set_origin(origin, set), Some(NOW.plus(1_000))));
    }

    fn service(&self) -> ServiceStanding<'_> {
        self.view().services().next().unwrap()
    }

    fn region(&self, id: &str) -> RegionStanding<'_> {
        self.service().region(&region_id(id)).unwrap().clone()
    }
}

fn said(set: OverrideTo, until: Timestamp) -> Override {
    let (reason, author) = ("maintenance".to_owned(), "ann".to_owned());
    Override { set, reason, author, until }
}

fn ago(ms: Millis) -> Timestamp {
    Timestamp::from_millis(NOW.millis() - ms)
}

fn monitor(id: &str) -> MonitorId {
    MonitorId::parse(id).unwrap()
}

fn origin_id(id: &str) -> OriginId {
    OriginId::parse(id).unwrap()
}

fn region_id(id: &str) -> RegionId {
    RegionId::parse(id).unwrap()
}

fn region_ids(ids: &[&str]) -> Vec<RegionId> {
    ids.iter().map(|id| region_id(id)).collect()
}
