//! The world that is probed: many origins under several monitors each, and what its probes find.
//!
//! There are no areas and no controls, and a time-out is short: so every build of the Controller
//! makes one round of all targets that are due.

use pointsman_bench::random::Random;
use serde_json::{Map, Value, json};

/// How many origins there are, as many in each region.
pub const ORIGINS: usize = 200;
/// How many regions.
pub const REGIONS: usize = 10;
/// How many monitors each origin has; a composite joins them.
pub const MONITORS: usize = 3;
/// Until a probe is given up, in milliseconds: all targets, six at once, fit into a run.
pub const TIMEOUT_MS: u64 = 400;

/// What is wrong with the world.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Weather {
    /// Everything passes.
    Fine,
    /// The origins of the first region refuse connections.
    RegionOut,
    /// A tenth of the origins hangs, some in each region.
    TenthHangs,
}

/// What a probe finds.
#[derive(Debug, Clone, Copy)]
pub enum Found {
    /// It passes, after so many milliseconds.
    Pass(u64),
    /// Nobody listens.
    Refused,
    /// Nothing is answered in time.
    Silent,
}

/// The config.
pub fn config() -> String {
    let origin = |number| {
        let (id, host) = (id(number), format!("o-{number:04}.origin.example.net"));
        json!({"id": id, "url": format!("https://{host}")})
    };
    let region = |nth: usize| {
        let origins: Vec<Value> = (nth..ORIGINS).step_by(REGIONS).map(origin).collect();
        (format!("r-{nth}"), json!({"country": "IE", "origins": origins}))
    };
    let regions: Map<String, Value> = (0..REGIONS).map(region).collect();
    let monitor = |nth: usize| {
        let path = format!("/health?m={nth}");
        (format!("m-{nth}"), json!({"path": path, "interval_s": 60, "timeout_ms": TIMEOUT_MS}))
    };
    let mut monitors: Map<String, Value> = (0..MONITORS).map(monitor).collect();
    let names: Vec<String> = monitors.keys().cloned().collect();
    monitors.insert("all".to_owned(), json!({"all": names}));
    let all: Vec<String> = regions.keys().cloned().collect();
    let world = json!({
        "version": 1,
        "regions": regions,
        "monitors": monitors,
        "observer": {"controls": []},
        "services": {"web": {"hosts": ["www.example.com"], "monitor": "all", "regions": all}},
        "limits": {"probes_per_run": 10_000},
    });
    world.to_string()
}

fn id(number: usize) -> String {
    format!("o-{number:04}")
}

/// What a probe of an origin finds. Latencies are never the same twice.
pub fn found(origin: &str, weather: Weather, random: &mut Random) -> Found {
    let number: usize = origin.trim_start_matches("o-").parse().unwrap_or_default();
    match weather {
        Weather::RegionOut if number.is_multiple_of(REGIONS) => Found::Refused,
        Weather::TenthHangs if (number / REGIONS).is_multiple_of(10) => Found::Silent,
        _ => Found::Pass(20 + u64::try_from(random.below(20)).unwrap_or_default()),
    }
}
