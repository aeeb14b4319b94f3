//! The Worker as the decider: on workerd, with a config that promotes, in front of the two apps.

use crate::world::{REGIONS, SECRET, World};
use anyhow::{Context as _, Result, ensure};
use pointsman_lab::cron::Cron;
use pointsman_lab::deployment::{Deployment, HOST, bundle};
use pointsman_lab::edge::{Edge, Route};
use serde_json::{Value, json};
use std::sync::Arc;
use std::time::{Duration, Instant};

/// The hosts of the regions' origins, by the order of [`REGIONS`].
const ORIGINS: [&str; 2] = ["eu1.origin.example.com", "us1.origin.example.com"];
/// The host of the hook beside the standby.
const HOOK: &str = "hook.us1.origin.example.com";
/// The name of the secret that hooks are signed with.
const SECRET_NAME: &str = "HOOK_SECRET";
/// Longest time until the Worker knows both regions.
const READY_BOUND: Duration = Duration::from_mins(2);
/// How long it then watches before the fault, so that it has heard from the standby.
pub const CALM: Duration = Duration::from_secs(20);

/// A deployment whose origins are the apps of a world.
#[derive(Debug)]
pub struct Worker {
    deployment: Deployment,
    _cron: Cron,
}

impl Worker {
    /// Starts it. Both regions are up when this returns.
    pub async fn start(world: &World) -> Result<Worker> {
        let deployment = Deployment::start_with(&bundle(), &config(), |options| {
            options.vars.insert(SECRET_NAME.to_owned(), SECRET.to_owned());
        })
        .await?;
        let edge = deployment.edge();
        let ports = [world.clients.port, world.apps[1], world.hooks[1]];
        for (host, port) in [ORIGINS[0], ORIGINS[1], HOOK].into_iter().zip(ports) {
            edge.route_host(host, Route { port, delay_ms: 5, fault: None }).await?;
        }
        let cron = Cron::start(edge);
        let worker = Worker { deployment, _cron: cron };
        worker.ready().await?;
        Ok(worker)
    }

    /// What clients speak to.
    pub fn edge(&self) -> Arc<Edge> {
        self.deployment.edge()
    }

    async fn ready(&self) -> Result<()> {
        let began = Instant::now();
        loop {
            let health = self.deployment.kv_json("status").await?["services"]["rows"].clone();
            if REGIONS.iter().all(|region| health[*region] == "up") {
                return Ok(());
            }
            let log = || self.edge().log().join("\n");
            ensure!(began.elapsed() < READY_BOUND, "not up: {health}\n{}", log());
            tokio::time::sleep(Duration::from_millis(500)).await;
        }
    }

    /// The bound of the loss that the plan was let through with, and when that was, in milliseconds
    /// since 1970.
    pub async fn gate(&self) -> Result<(f64, Option<i64>)> {
        let page = self.deployment.recovery().await?;
        let bound_s = find(&page, "loss_bound_s").and_then(Value::as_f64);
        let bound_s = bound_s.with_context(|| format!("no bound of the loss in {page:#}"))?;
        Ok((bound_s, gate_ended_ms(&page)))
    }

    /// What the Worker said, for a run that failed.
    pub fn log(&self) -> String {
        self.edge().log().join("\n")
    }
}

/// The first value of a key, anywhere in a document.
fn find<'v>(value: &'v Value, key: &str) -> Option<&'v Value> {
    let found = value.get(key).filter(|it| !it.is_null());
    found.or_else(|| match value {
        Value::Object(fields) => fields.values().find_map(|it| find(it, key)),
        Value::Array(items) => items.iter().find_map(|it| find(it, key)),
        _ => None,
    })
}

/// When the gate let the plan through.
fn gate_ended_ms(page: &Value) -> Option<i64> {
    let steps = find(page, "steps")?.as_array()?;
    let gate =
        steps.iter().find(|step| step["step"] == "gate" || step["step"]["step"] == "gate")?;
    let ended = chrono::DateTime::parse_from_rfc3339(gate["ended"].as_str()?).ok()?;
    Some(ended.timestamp_millis())
}

fn config() -> Value {
    let origin = |index: usize| {
        let url = format!("https://{}", ORIGINS[index]);
        json!([{ "id": REGIONS[index], "url": url }])
    };
    json!({
        "version": 1,
        "regions": {
            "eu-west": { "country": "IE", "location": [53.35, -6.26], "origins": origin(0) },
            "us-east": { "country": "US", "location": [39.04, -77.49], "origins": origin(1) },
        },
        "monitors": { "database": { "path": "/health", "interval_s": 5, "timeout_ms": 3000 } },
        "guards": { "hold_down_s": 10 },
        "limits": { "kv_writes_per_day": 30000 },
        "services": { "rows": {
            "hosts": [HOST],
            "monitor": "database",
            "regions": REGIONS,
            "writes": "primary",
            "primary": "eu-west",
            "contract": { "rto_s": 300, "rpo_s": 120 },
            "failover": { "promote": {
                "url": format!("https://{HOOK}/promote"),
                "secret": SECRET_NAME,
                "max_lag_s": 120,
                "lag_pointer": "/lag_s",
                "contact_age_pointer": "/contact_age_s",
                "position_pointer": "/position",
                "fence": { "url": format!("https://{HOOK}/fence"), "secret": SECRET_NAME },
            } },
        } },
    })
}
