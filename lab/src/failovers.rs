//! Measures the cost of failing over many services: API calls and time.
//!
//! Each service has a DNS record and a pool with an origin in two regions, all created by the
//! Worker. The API answers each call after a fixed time. One region fails. The calls of the next
//! pass are counted, from its first read to the last acknowledged change. Detection time is not
//! included, because it follows from the monitors' settings.

mod beside;

pub use beside::{Compared, compare, markdown_of_both};

use crate::api::Exchange;
use crate::deployment::{Deployment, example_config, now_ms};
use crate::region::Mode;
use anyhow::{Result, ensure};
use serde_json::{Value, json};
use std::fmt::Write as _;
use std::path::Path;
use std::time::{Duration, Instant};

/// Longest wait for the failover of all services.
const BOUND: Duration = Duration::from_mins(2);
/// Most minutes until everything is created.
const MINUTES_MAX: u32 = 20;

/// What fails over.
#[derive(Debug, Clone, Copy)]
pub struct Case {
    /// The services.
    pub services: u32,
    /// Most calls in one pass.
    pub calls_per_pass: u32,
    /// How long the API takes for each call.
    pub latency: Duration,
}

impl Case {
    /// So many services and calls, at 50 ms a call.
    #[must_use]
    pub const fn new(services: u32, calls_per_pass: u32) -> Self {
        Self { services, calls_per_pass, latency: Duration::from_millis(50) }
    }

    /// The same at another latency.
    #[must_use]
    pub const fn at(self, latency_ms: u64) -> Self {
        Self { latency: Duration::from_millis(latency_ms), ..self }
    }
}

/// The result for one case.
#[derive(Debug)]
pub struct Measured {
    /// The case.
    pub case: Case,
    /// Calls that only read.
    pub reads: usize,
    /// Calls that change something.
    pub writes: usize,
    /// From the first call to the last acknowledged change.
    pub seconds: f64,
}

/// Fails over and measures it, with the Worker of this bundle.
///
/// **Errors**: something does not start, or not everything moves in time.
pub async fn measure(bundle: &Path, case: Case) -> Result<Measured> {
    let Case { services, calls_per_pass, latency } = case;
    let world = Deployment::start(bundle, &config(services, calls_per_pass)).await?;
    world.api().world().lock().objects_max = 1_000;
    let mut minute = now_ms();
    settle(&world, services, &mut minute).await?;
    world.api().set_latency(latency);
    world.api().clear_transcript();
    world.region("eu-west")?.set(Mode::Refuse).await?;
    minute += 60_000;
    world.edge().run_cron(minute).await?;
    let began = Instant::now();
    while moved(&world, services) < services {
        ensure!(began.elapsed() < BOUND, "{} of {services} moved", moved(&world, services));
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    let transcript = world.api().transcript();
    let last = transcript.iter().rposition(Exchange::is_write).unwrap_or(0);
    let counted = &transcript[..=last];
    let writes = counted.iter().filter(|exchange| exchange.is_write()).count();
    let span_ms = counted[last].at_ms - counted[0].at_ms;
    let seconds = (Duration::from_millis(span_ms) + latency).as_secs_f64();
    Ok(Measured { case, reads: counted.len() - writes, writes, seconds })
}

fn name(number: u32) -> String {
    format!("svc-{number}")
}

fn config(services: u32, calls_per_pass: u32) -> Value {
    let mut config = example_config().unwrap_or_default();
    config["services"] = (0..services)
        .map(|number| {
            let record = json!({"dns": {
                "zone": "example.com", "name": format!("{}.example.com", name(number)),
                "type": "CNAME", "manage": true,
            }});
            let account = "0".repeat(32);
            let pool = json!({"pool": {"account": account, "name": name(number), "manage": true}});
            let service = json!({
                "monitor": "api", "regions": ["eu-west", "us-east"], "publish": [record, pool],
            });
            (name(number), service)
        })
        .collect();
    config["residency"] = json!([]);
    config["regions"].as_object_mut().map(|regions| regions.remove("sa-east"));
    config["monitors"]["api"]["interval_s"] = json!(60);
    config["limits"] = json!({
        "api_calls_per_pass": calls_per_pass, "api_calls_per_5_min": 1_200,
    });
    config["guards"] = json!({"hold_down_s": 0});
    config
}

async fn settle(world: &Deployment, services: u32, minute: &mut i64) -> Result<()> {
    for _ in 0..MINUTES_MAX {
        // Creation is upkeep, which may use half of a five-minute budget.
        *minute += 300_000;
        world.edge().run_cron(*minute).await?;
        let tables = world.api().world();
        let is_there = |number| {
            let tables = tables.lock();
            let record = format!("{}.example.com", name(number));
            tables.pool(&name(number)).is_some() && tables.record(&record, "CNAME").is_some()
        };
        if (0..services).all(is_there)
            && world.status().await?["cloudflare"]["failures"] == json!([])
        {
            world.edge().run_cron(*minute + 60_000).await?;
            *minute += 60_000;
            return Ok(());
        }
    }
    anyhow::bail!("not everything was created: {:#}", world.status().await?["cloudflare"])
}

/// Number of services whose record and pool have moved away from the failed region.
fn moved(world: &Deployment, services: u32) -> u32 {
    let tables = world.api().world();
    let tables = tables.lock();
    let is_moved = |number: &u32| {
        let record = tables.record(&format!("{}.example.com", name(*number)), "CNAME");
        let pool = tables.pool(&name(*number)).unwrap_or_default();
        let origins = pool["origins"].as_array().cloned().unwrap_or_default();
        let dead = origins.iter().find(|origin| origin["address"] == "eu1.origin.example.com");
        record.is_some_and(|record| record["content"] == "us1.origin.example.com")
            && dead.is_some_and(|origin| origin["enabled"] == false)
    };
    u32::try_from((0..services).filter(is_moved).count()).unwrap_or(0)
}

/// The rows as a Markdown table.
#[must_use]
pub fn markdown(rows: &[Measured]) -> String {
    let mut text = "| services | calls a pass | reads | writes | calls in all | seconds |\n\
                    | ---: | ---: | ---: | ---: | ---: | ---: |\n"
        .to_owned();
    for row in rows {
        let Measured { case: Case { services, calls_per_pass, .. }, reads, writes, seconds } = row;
        let calls = reads + writes;
        // Writing to a string cannot fail.
        let _ = writeln!(
            text,
            "| {services} | {calls_per_pass} | {reads} | {writes} | {calls} | {seconds:.1} |"
        );
    }
    text
}
