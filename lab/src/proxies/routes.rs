//! The table that the Worker routes by: compiled by the Worker itself from a config, once, with the
//! address of the benchmark's origin in the place of each region's.

use crate::deployment::{now_ms, root};
use crate::edge::{Edge, EdgeOptions, Route, find_workerd};
use crate::region::Region;
use anyhow::{Context, Result, ensure};
use jiff::Timestamp;
use serde_json::{Value, json};
use std::path::Path;

/// Where the table is in KV.
pub(super) const KEY: &str = "routes";
/// Residency, steering by latency, affinity and deadlines, all on.
const CONFIG: &str = include_str!("../../../bench/proxy/config.json");
/// How far the regions are from the edge, in milliseconds.
const DISTANCES: [(&str, u64); 4] =
    [("frankfurt", 5), ("dublin", 30), ("ashburn", 90), ("sao-paulo", 150)];
/// Minutes in which every region is to be up.
const MINUTES_MAX: i64 = 10;

/// The table with `origin` as the address of every region.
///
/// **Errors**: the Worker does not run, or writes no table with all regions up.
pub(super) async fn compiled(bundle: &Path, origin: &str) -> Result<String> {
    let mut options = EdgeOptions::new(find_workerd(&root())?, bundle.to_owned());
    options.kv.insert("config".to_owned(), CONFIG.to_owned());
    let edge = Edge::start(options).await?;
    let mut regions = Vec::new();
    for (name, delay_ms) in DISTANCES {
        let region = Region::start(name)?;
        let route = Route { port: region.port(), delay_ms, fault: None };
        edge.route_host(&host(name), route).await?;
        regions.push(region);
    }
    let table = settled(&edge).await?;
    edge.stop().await?;
    Ok(DISTANCES
        .iter()
        .fold(table, |table, (name, _)| table.replace(&format!("https://{}", host(name)), origin)))
}

fn host(region: &str) -> String {
    format!("{region}.origin.example")
}

/// The table once every region is up and has a latency.
async fn settled(edge: &Edge) -> Result<String> {
    for minute in 0..MINUTES_MAX {
        edge.run_cron(now_ms() + minute * 60_000).await?;
        if let Some(table) = edge.kv_get(KEY).await?.filter(|table| is_settled(table)) {
            return Ok(table);
        }
    }
    let table = edge.kv_get(KEY).await?;
    anyhow::bail!("after {MINUTES_MAX} minutes: {table:?}\n{}", edge.log().join("\n"))
}

fn is_settled(table: &str) -> bool {
    let table: Value = serde_json::from_str(table).unwrap_or_default();
    let regions = table["services"]["shop"]["regions"].as_array().cloned().unwrap_or_default();
    let is_up = |region: &Value| region["health"] == "up" && region["latency_ms"].is_u64();
    regions.len() == DISTANCES.len() && regions.iter().all(is_up)
}

/// The same table as of now.
///
/// **Errors**: it does not tell of when it is.
pub(super) fn fresh(table: &str) -> Result<String> {
    let mut table: Value = serde_json::from_str(table).context("the routes")?;
    ensure!(table["as_of"].is_string(), "the routes do not tell of when they are: {table}");
    let now = Timestamp::from_millisecond(now_ms())?;
    table["as_of"] = json!(format!("{now:.3}"));
    Ok(table.to_string())
}
