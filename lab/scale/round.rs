//! One round on workerd.

use crate::config::{Deployment, host, text};
use anyhow::{Context as _, Result, ensure};
use pointsman_lab::deployment::{CONTROLS, bundle, root};
use pointsman_lab::edge::{Edge, EdgeOptions, NetFault, Route, find_workerd};
use pointsman_lab::region::Region;
use serde_json::{Value, json};
use std::time::{Duration, Instant, SystemTime};

const AREAS: [&str; 9] = ["weur", "enam", "sam", "wnam", "apac", "oc", "eeur", "afr", "me"];
/// Regions of the lab that the host names lead to.
const SERVERS: usize = 3;
/// How long an answer takes beside the work of this machine.
const DELAY_MS: u64 = 30;
/// One of so many hangs.
const HANGS: usize = 10;
/// Longest wait for the documents of a run.
const DOCUMENTS: Duration = Duration::from_secs(20);
const MINUTE_MS: u128 = 60_000;

/// Makes one round and says what it took.
#[expect(clippy::disallowed_methods, reason = "measuring is what this program is for")]
pub async fn measure(targets: usize, areas: usize, origins_max: usize) -> Result<Value> {
    let origins = targets.min(origins_max);
    let monitors = targets / origins;
    let areas = AREAS.get(..areas).context("so many areas there are not")?;
    // As many probes as targets, so that nothing is rechecked and the run is one round.
    let config = text(&Deployment { origins, monitors, areas, probes: targets });
    let mut options = EdgeOptions::new(find_workerd(&root())?, bundle());
    options.kv.insert("config".to_owned(), config.to_string());
    options.invocations = true;
    let edge = Edge::start(options).await?;
    let servers = routed(&edge, origins).await?;
    edge.connections().await?;
    let processor_ms = edge.processor_ms().await;
    // A run for a minute that has begun would soon be taken for one that cron forgot.
    let minute = SystemTime::UNIX_EPOCH.elapsed()?.as_millis().next_multiple_of(MINUTE_MS);
    let start = Instant::now();
    edge.run_cron(i64::try_from(minute)?).await?;
    let seconds = start.elapsed().as_secs_f64();
    let used_ms = edge.processor_ms().await.zip(processor_ms).map(|(after, before)| after - before);
    let connections = edge.connections().await?;
    let (mut requests, mut peak, mut of_one, mut waited) = (0, 0, 0, 0);
    for area in connections.values() {
        requests += area.requests;
        peak = peak.max(area.peak);
        of_one = of_one.max(area.peak_of_one);
        waited += area.waited;
    }
    let documents = documents(&edge).await?;
    let storage = edge.storage_bytes("Controller")?;
    let resident = edge.resident_bytes().await;
    drop(servers);
    let asked = u64::try_from(targets * areas.len())?;
    let log = || edge.log().join("\n");
    ensure!(requests >= asked, "{requests} requests of {asked}:\n{}", log());
    edge.stop().await?;
    let [routes, status, state, regions] = documents;
    Ok(json!({
        "origins": origins, "monitors": monitors, "areas": areas.len(),
        "seconds": (seconds * 10.0).round() / 10.0,
        "requests": requests, "peak_of_an_area": peak, "peak_of_an_invocation": of_one,
        "waited": waited, "cpu_ms": used_ms, "resident_mb": resident.map(|it| it / 1_000_000),
        "routes": routes, "status": status, "state": state, "region_pages": regions,
        "storage": storage,
    }))
}

/// Leads every host name to a server; one of ten hangs.
async fn routed(edge: &Edge, origins: usize) -> Result<Vec<Region>> {
    let mut servers = Vec::new();
    for nth in 0..SERVERS {
        servers.push(Region::start(&format!("server-{nth}"))?);
    }
    for origin in 0..origins {
        let port = servers.get(origin % SERVERS).context("no server")?.port();
        // Not by the region: in each of them, some hang.
        let hangs = (origin / HANGS) % HANGS == origin % HANGS;
        let fault = hangs.then_some(NetFault::Hang);
        edge.route_host(&host(origin), Route { port, delay_ms: DELAY_MS, fault }).await?;
    }
    let port = servers.first().context("no server")?.port();
    for control in CONTROLS {
        edge.route_host(control, Route { port, ..Route::default() }).await?;
    }
    Ok(servers)
}

/// The bytes of `routes`, `status`, `state` and all region pages, once they are written.
#[expect(clippy::disallowed_methods, reason = "it waits for what the Controller writes by itself")]
async fn documents(edge: &Edge) -> Result<[usize; 4]> {
    let start = Instant::now();
    loop {
        let mut sizes = [0; 4];
        for (size, key) in sizes.iter_mut().zip(["routes", "status", "state"]) {
            *size = edge.kv_get(key).await?.unwrap_or_default().len();
        }
        for key in edge.kv_list("region:").await? {
            sizes[3] += edge.kv_get(&key.name).await?.unwrap_or_default().len();
        }
        if sizes.iter().all(|size| *size > 0) || start.elapsed() > DOCUMENTS {
            return Ok(sizes);
        }
        tokio::time::sleep(Duration::from_millis(500)).await;
    }
}
