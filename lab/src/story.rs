//! The main job as a story: a region fails and traffic moves.
//!
//! Each step names what must be observed. If that does not happen in time, the story ends with an
//! error, so a complete story is a proof. The demo prints it, and an end-to-end test plays it.

mod watch;

use crate::clients::{Clients, Tally};
use crate::cron::Cron;
use crate::deployment::{BERLIN, CHICAGO, Client, Deployment, RECORD, SAO_PAULO, example_config};
use crate::region::Mode;
use anyhow::{Result, ensure};
use serde_json::Value;
use std::collections::BTreeMap;
use std::time::Instant;
use watch::Watch;

/// The result of the story.
#[derive(Clone, Debug)]
pub struct Ending {
    /// Seconds from the fault of the European region to the new DNS answer.
    pub fault_to_dns_s: f64,
    /// The results of each client.
    pub tallies: BTreeMap<&'static str, Tally>,
    /// Brazilian requests that reached a region outside Brazil.
    pub residency_violations: u64,
}

/// Prints a line of the story.
type Print<'p> = &'p mut (dyn FnMut(String) + Send);

/// The config of the story: that of the lab, with as many writes to KV as on the paid plan. Two
/// regions fail within the first minute; with the free plan's writes, some pages of that minute
/// would be written minutes later.
///
/// **Errors**: never, unless the file in `examples/` is broken.
pub fn config() -> Result<Value> {
    let mut config = example_config()?;
    config["limits"]["kv_writes_per_day"] = 5_000.into();
    Ok(config)
}

/// Plays the story on a deployment that has just started.
///
/// **Errors**: a step was not confirmed in time, or a request failed or was refused needlessly.
pub async fn play(world: &Deployment, print: Print<'_>) -> Result<Ending> {
    let _cron = Cron::start(world.edge());
    all_is_well(world, print).await?;
    let clients = Clients::start(&world.edge());
    let fault_to_dns_s = europe_dies(world, print).await?;
    brazil_dies(world, print).await?;
    both_return(world, print).await?;
    tell_incident(world, print).await?;
    let tallies = clients.tallies();
    drop(clients);
    let residency_violations = world.residency_violations();
    account(&tallies, residency_violations, print)?;
    Ok(Ending { fault_to_dns_s, tallies, residency_violations })
}

async fn all_is_well(world: &Deployment, print: Print<'_>) -> Result<()> {
    print("The Worker starts. No region's health is known yet.".to_owned());
    let mut watch = Watch::since(Instant::now(), print);
    watch.expect("KV `status`: every region is up", async || {
        let status = world.kv_json("status").await?;
        Ok(["eu-west", "us-east", "sa-east"].iter().all(|r| status["services"]["api"][r] == "up"))
    });
    watch.expect("dig downloads.example.com: eu1.origin.example.com.", async || {
        answers(world, "eu1").await
    });
    expect_region(&mut watch, world, BERLIN, "eu-west");
    expect_region(&mut watch, world, CHICAGO, "us-east");
    expect_region(&mut watch, world, SAO_PAULO, "sa-east");
    watch.all().await.map(drop)
}

async fn europe_dies(world: &Deployment, print: Print<'_>) -> Result<f64> {
    print("Europe fails: it accepts connections and never answers.".to_owned());
    world.region("eu-west")?.set(Mode::Hang).await?;
    let mut watch = Watch::since(Instant::now(), print);
    watch.expect("KV `region:eu-west`: down", async || region_is(world, "eu-west", "down").await);
    let dns = watch.expect("dig downloads.example.com: us1.origin.example.com.", async || {
        answers(world, "us1").await
    });
    watch.expect("API: eu1.origin.example.com is disabled in its pool", async || {
        Ok(world.enabled_in_pool("eu-west") == Some(false))
    });
    watch.expect("KV `routes`: eu-west is down", async || route_is(world, 0, "down").await);
    watch.expect("German client: us-east at once, without trying eu-west", async || {
        let answer = world.get(BERLIN, "/api/orders").await?;
        let at_once = answer.took.as_millis() < 400;
        Ok(answer.region.as_deref() == Some("us-east") && at_once)
    });
    watch.expect("KV `incident:…`: verified through downloads.example.com", async || {
        Ok(incident(world, "eu-west").await?["incident"]["phases"]["verified"].is_string())
    });
    let seen = watch.all().await?;
    Ok(seen[dns])
}

async fn brazil_dies(world: &Deployment, print: Print<'_>) -> Result<()> {
    print("Brazil fails too: it refuses connections.".to_owned());
    world.region("sa-east")?.set(Mode::Refuse).await?;
    let mut watch = Watch::since(Instant::now(), print);
    watch.expect("KV `region:sa-east`: down", async || region_is(world, "sa-east", "down").await);
    watch.expect("Brazilian client: 503 with rule `lgpd`, and nowhere else", async || {
        let answer = world.get(SAO_PAULO, "/api/orders").await?;
        let problem = answer.problem().unwrap_or_default();
        let by_rule = problem["code"] == "no_usable_region" && problem["rules"][0] == "lgpd";
        Ok(answer.status == 503 && by_rule)
    });
    watch.expect(
        "KV `status`: its pool stays enabled, so that Brazilian traffic cannot spill abroad",
        async || {
            let withheld = world.kv_json("status").await?["cloudflare"]["withheld"].to_string();
            Ok(withheld.contains("rule `lgpd`") && world.enabled_in_pool("sa-east") == Some(true))
        },
    );
    expect_region(&mut watch, world, CHICAGO, "us-east");
    watch.all().await.map(drop)
}

async fn both_return(world: &Deployment, print: Print<'_>) -> Result<()> {
    print("Both recover.".to_owned());
    world.region("eu-west")?.set(Mode::Healthy).await?;
    world.region("sa-east")?.set(Mode::Healthy).await?;
    let mut watch = Watch::since(Instant::now(), print);
    for region in ["eu-west", "sa-east"] {
        watch.expect(&format!("KV `region:{region}`: up"), move || async move {
            region_is(world, region, "up").await
        });
    }
    watch.expect("API: eu1.origin.example.com is enabled in its pool again", async || {
        Ok(world.enabled_in_pool("eu-west") == Some(true))
    });
    watch.expect("dig downloads.example.com: eu1.origin.example.com.", async || {
        answers(world, "eu1").await
    });
    expect_region(&mut watch, world, BERLIN, "eu-west");
    expect_region(&mut watch, world, SAO_PAULO, "sa-east");
    watch.expect("KV `incident:…`: the traffic of eu-west is back", async || {
        Ok(incident(world, "eu-west").await?["incident"]["phases"]["back"].is_string())
    });
    watch.all().await.map(drop)
}

/// What somebody reads the next morning.
async fn tell_incident(world: &Deployment, print: Print<'_>) -> Result<()> {
    print("The next morning, KV `incident:…` tells what happened to eu-west:".to_owned());
    let page = incident(world, "eu-west").await?;
    let lines = page["report"].as_array().map(Vec::as_slice).unwrap_or_default();
    ensure!(!lines.is_empty(), "the incident has no report");
    for line in lines {
        print(format!("  {}", line.as_str().unwrap_or_default()).trim_end().to_owned());
    }
    let phases = page["incident"]["phases"].as_object().cloned().unwrap_or_default();
    let missing = phases.iter().filter(|(_, at)| !at.is_string()).map(|(phase, _)| phase.as_str());
    let missing: Vec<_> = missing.collect();
    ensure!(phases.len() == 8 && missing.is_empty(), "phases without an instant: {missing:?}");
    Ok(())
}

fn account(
    tallies: &BTreeMap<&'static str, Tally>,
    violations: u64,
    print: Print<'_>,
) -> Result<()> {
    print("Meanwhile, each client sent ten requests a second:".to_owned());
    for (name, tally) in tallies {
        let Tally { requests, answered, refused, failed, slowest } = tally;
        let slowest = slowest.as_secs_f64();
        print(format!(
            "  {name:<17} {requests:>5} requests, {answered:>5} answered (slowest {slowest:.1} s), \
             {refused:>4} refused with a reason, {failed} failed"
        ));
    }
    print(format!("  residency violations: {violations}"));
    ensure!(violations == 0, "a Brazilian request left Brazil");
    for (name, tally) in tallies {
        ensure!(tally.failed == 0, "{name}: {} requests failed", tally.failed);
        let may_be_refused = *name == SAO_PAULO.name;
        ensure!(
            may_be_refused || tally.refused == 0,
            "{name} was refused although its regions were up"
        );
    }
    Ok(())
}

fn expect_region<'w>(
    watch: &mut Watch<'w>,
    world: &'w Deployment,
    client: Client,
    region: &'static str,
) {
    watch.expect(&format!("{}: 200 from {region}", client.name), move || async move {
        let answer = world.get(client, "/api/orders").await?;
        Ok(answer.status == 200 && answer.region.as_deref() == Some(region))
    });
}

async fn answers(world: &Deployment, host: &str) -> Result<bool> {
    let told = world.dig(RECORD, "CNAME").await?;
    Ok(told == [format!("{host}.origin.example.com.")])
}

async fn region_is(world: &Deployment, region: &str, health: &str) -> Result<bool> {
    let page = world.kv_json(&format!("region:{region}")).await?;
    let origins = page["origins"].as_object().cloned().unwrap_or_default();
    Ok(origins.values().all(|origin| origin["monitors"]["api"]["health"] == health))
}

/// The page of the last incident of a region; `null` if there is none.
async fn incident(world: &Deployment, region: &str) -> Result<Value> {
    let index = world.kv_json("incidents").await?;
    let incidents = index["incidents"].as_array().cloned().unwrap_or_default();
    for id in incidents.iter().filter_map(|incident| incident["id"].as_str()) {
        let page = world.kv_json(&format!("incident:{id}")).await?;
        if page["incident"]["region"] == region {
            return Ok(page);
        }
    }
    Ok(Value::Null)
}

async fn route_is(world: &Deployment, index: usize, health: &str) -> Result<bool> {
    let routes = world.kv_json("routes").await?;
    Ok(routes["services"]["api"]["regions"][index]["health"] == health)
}
