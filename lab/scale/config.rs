//! The deployments that are measured.

use pointsman_lab::region::HEALTH_PATH;
use serde_json::{Map, Value, json};

/// In how many regions the origins are.
pub const REGIONS: usize = 10;

/// How large it is.
#[derive(Clone, Copy)]
pub struct Deployment<'a> {
    pub origins: usize,
    /// Monitors of each origin.
    pub monitors: usize,
    pub areas: &'a [&'a str],
    /// Most probes in one run.
    pub probes: usize,
}

/// The host name of an origin.
pub fn host(origin: usize) -> String {
    format!("o-{origin:04}.origin.example.net")
}

/// Its config. Nothing of it is probed a second time within a minute.
pub fn text(deployment: &Deployment<'_>) -> Value {
    let origin = |number| {
        let url = format!("https://{}", host(number));
        json!({"id": format!("o-{number:04}"), "url": url})
    };
    let region = |nth: usize| {
        let of = (nth..deployment.origins).step_by(REGIONS);
        let origins: Vec<Value> = of.map(origin).collect();
        (format!("r-{nth}"), json!({"country": "IE", "origins": origins}))
    };
    let regions: Map<String, Value> = (0..REGIONS.min(deployment.origins)).map(region).collect();
    let monitor = |nth: usize| {
        let path = format!("{HEALTH_PATH}?m={nth}");
        (format!("m-{nth}"), json!({"path": path, "interval_s": 60, "timeout_ms": 5_000}))
    };
    let mut monitors: Map<String, Value> = (0..deployment.monitors).map(monitor).collect();
    let names: Vec<String> = monitors.keys().cloned().collect();
    if names.len() > 1 {
        monitors.insert("all".to_owned(), json!({"all": names}));
    }
    let monitor = if names.len() > 1 { "all" } else { "m-0" };
    let all: Vec<String> = regions.keys().cloned().collect();
    json!({
        "version": 1,
        "areas": {"use": deployment.areas},
        "regions": regions,
        "monitors": monitors,
        "services": {"web": {"hosts": ["www.example.com"], "monitor": monitor, "regions": all}},
        "limits": {"probes_per_run": deployment.probes},
    })
}
