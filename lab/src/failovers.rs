//! Measures the cost of failing over many services: API calls and time.
//!
//! Each service has a DNS record and a pool with an origin in two regions, all created by the
//! Worker. The API answers each call after 50 ms. One region fails. The calls of the next pass are
//! counted, from its first read to the last acknowledged change. Detection time is not included,
//! because it follows from the monitors' settings.

use crate::api::Exchange;
use crate::deployment::{Deployment, bundle, example_config, now_ms};
use crate::region::Mode;
use anyhow::{Result, ensure};
use serde_json::{Value, json};
use std::fmt::Write as _;
use std::time::{Duration, Instant};

/// The latency of each call.
const LATENCY: Duration = Duration::from_millis(50);
/// Longest wait for the failover of all services.
const BOUND: Duration = Duration::from_mins(2);
/// Most minutes until everything is created.
const MINUTES_MAX: u32 = 20;

/// The result for one number of services.
#[derive(Debug)]
pub struct Measured {
    /// The services that failed over.
    pub services: u32,
    /// Most calls in one pass.
    pub calls_per_pass: u32,
    /// Calls that only read.
    pub reads: usize,
    /// Calls that change something.
    pub writes: usize,
    /// From the first call to the last acknowledged change.
    pub seconds: f64,
}

/// Fails over a number of services and measures it.
///
/// **Errors**: something does not start, or not everything moves in time.
pub async fn measure(services: u32, calls_per_pass: u32) -> Result<Measured> {
    let world = Deployment::start(&bundle(), &config(services, calls_per_pass)).await?;
    world.api().world().lock().objects_max = 1_000;
    let mut minute = now_ms();
    settle(&world, services, &mut minute).await?;
    world.api().set_latency(LATENCY);
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
    Ok(Measured {
        services,
        calls_per_pass,
        reads: counted.len() - writes,
        writes,
        seconds: (Duration::from_millis(span_ms) + LATENCY).as_secs_f64(),
    })
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
        let Measured { services, calls_per_pass, reads, writes, seconds } = row;
        let calls = reads + writes;
        // Writing to a string cannot fail.
        let _ = writeln!(
            text,
            "| {services} | {calls_per_pass} | {reads} | {writes} | {calls} | {seconds:.1} |"
        );
    }
    text
}
