//! More origins than one config may have, simulated natively: the part of the core that decides
//! rounds, the view and the routing table take a config whose limits this program has lifted, and
//! as many origins are also divided over deployments as large as they may be.

use crate::config::{Deployment, REGIONS, host, text};
use crate::core::{AREA, PASS, at, report, timed};
use anyhow::{Context as _, Result, ensure};
use pointsman::config::{Config, ORIGINS_MAX, Origin, OriginUrl};
use pointsman::controller::routes;
use pointsman::health::Health;
use pointsman::ids::OriginId;
use pointsman::state::State;
use pointsman::tick::{RoundReply, RoundRequest, next_round, take_in};
use pointsman::view::View;
use serde_json::{Value, json};

/// Microseconds of each step, for so many origins in one core, and in deployments of 1,000.
pub fn measure(origins: &[usize]) -> Result<Value> {
    let mut rows = Vec::new();
    for origins in origins {
        let deployments = origins.div_ceil(ORIGINS_MAX);
        rows.push(row(vec![one(*origins)?])?);
        if deployments > 1 {
            let each = vec![one(ORIGINS_MAX)?; deployments];
            rows.push(row(each)?);
        }
    }
    Ok(rows.into())
}

/// What the steps take, added up over the deployments.
#[derive(Default)]
struct Taken {
    state: u128,
    first: u128,
    results: u128,
    view: u128,
    table: u128,
}

/// All deployments are held at once, each with the state after its round.
fn row(configs: Vec<Config>) -> Result<Value> {
    let (deployments, mut origins, mut all) = (configs.len(), 0, Taken::default());
    let mut held = Vec::new();
    for config in configs {
        origins += config.targets().count();
        held.push((play(&config, &mut all)?, config));
    }
    Ok(json!({
        "origins": origins, "deployments": deployments, "state_us": all.state,
        "round_us": all.first, "results_us": all.results, "view_us": all.view,
        "routes_us": all.table, "resident_mb": resident_mb(),
    }))
}

/// The config of a deployment of so many origins. Those beyond the limit are put in by hand.
fn one(origins: usize) -> Result<Config> {
    let within = Deployment {
        origins: origins.min(ORIGINS_MAX),
        monitors: 1,
        areas: &[AREA],
        probes: 10_000,
    };
    let config = Config::parse(&text(&within).to_string());
    let mut config = config.map_err(|found| anyhow::anyhow!("{found:?}"))?;
    for (nth, region) in config.regions.values_mut().enumerate() {
        let like = region.origins.first().context("a region without origins")?.clone();
        let beyond = (within.origins + nth..origins).step_by(REGIONS);
        for number in beyond {
            let id = OriginId::parse(&format!("o-{number}")).ok().context("no id")?;
            let url = OriginUrl::parse(&format!("https://{}", host(number)));
            let url = url.ok().context("no URL")?;
            region.origins.push(Origin { id, url, ..like.clone() });
        }
    }
    // Also for rechecks: a target is up after several passes.
    config.probes_per_run = u32::try_from(origins.saturating_mul(10))?;
    Ok(config)
}

/// One run in which all pass, and what people and proxies read of it.
fn play(config: &Config, all: &mut Taken) -> Result<State> {
    let mut state = State::default();
    let start = at(60_000);
    let (taken, ()) = timed(|| state.follow(config));
    all.state += taken;
    let mut request = RoundRequest::first(start, start);
    let (taken, mut reply) = timed(|| round(&mut state, config, &request));
    all.first += taken;
    let mut made = 0;
    while let RoundReply::Probe { wait_ms, probes, .. } = reply {
        made += probes.len();
        request.now = request.now.plus(wait_ms + 10);
        request.round += 1;
        request.areas = vec![report(&probes, request.now, &PASS)?];
        let taken;
        (taken, reply) = timed(|| round(&mut state, config, &request));
        all.results += taken;
    }
    ensure!(made >= config.targets().count(), "{made} were probed");
    let view = View::new(config, &state, request.now);
    let (taken, services) = timed(|| view.services().collect::<Vec<_>>());
    all.view += taken;
    let mut origins = services.iter().flat_map(|it| &it.regions).flat_map(|region| &region.origins);
    ensure!(origins.all(|origin| origin.health == Health::Up), "an origin is not up");
    let (taken, table) = timed(|| routes(&view));
    all.table += taken;
    ensure!(table.regions.len() == REGIONS, "the table lacks a region");
    Ok(state)
}

fn round(state: &mut State, config: &Config, request: &RoundRequest) -> RoundReply {
    match take_in(state, config, request) {
        Ok(_) => next_round(state, config, request.now),
        Err(why) => RoundReply::Done(why),
    }
}

/// How much memory this process has now; null where the system does not say.
fn resident_mb() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    Some(line.split_whitespace().next()?.parse::<u64>().ok()? / 1_024)
}
