//! What the deployed Worker believes: its config, the health of its regions, and its orders.

use super::ask::orders;
use crate::config::{Config, Service};
use crate::health::Health;
use crate::ids::RegionId;
use crate::json;
use crate::order::Order;
use crate::state::{State, TargetState};
use crate::target::Target;
use crate::time::Timestamp;
use crate::tool::remote::{Remote, RemoteArgs};
use crate::tool::terminal::{CommandFailure, Terminal};
use serde_json::Value;

/// The config in use, and a state that says the same of each region.
#[derive(Debug)]
pub(in crate::tool) struct Believed {
    pub(in crate::tool) config: Config,
    pub(in crate::tool) state: State,
}

impl Believed {
    /// Asks the Worker. Errors: it does not answer, or what it answers does not read.
    pub(in crate::tool) fn of(
        args: &RemoteArgs,
        now: Timestamp,
        terminal: &Terminal<'_>,
    ) -> Result<Self, CommandFailure> {
        let remote = Remote::of(args, terminal)?;
        let (config, status) = (remote.get("config")?, remote.get("status")?);
        let no_config = || CommandFailure::usage("the Worker tells no config");
        let text = match config.get("text") {
            Some(Value::String(text)) => text.clone(),
            Some(other) => other.to_string(),
            None => return Err(no_config()),
        };
        let config = Config::parse(&text).map_err(|_| {
            CommandFailure::usage("this program does not read the Worker's config; is it older?")
        })?;
        let state = state(&config, &status, orders(&remote)?, now);
        Ok(Self { config, state })
    }
}

/// Every origin as its region stands for a service. What operators say is part of that, and said
/// once more by the orders.
fn state(config: &Config, status: &Value, orders: Vec<Order>, now: Timestamp) -> State {
    let mut state = State { orders, ..State::default() };
    // An older Worker does not tell it.
    let frozen = status.get("frozen").map(json::from_value).and_then(Result::ok);
    state.frozen = frozen.unwrap_or_default();
    let doubted = status.get("doubted_since").and_then(Value::as_str);
    state.doubted_since = doubted.and_then(|at| Timestamp::try_from(at.to_owned()).ok());
    for (id, service) in &config.services {
        for region in &service.regions {
            let told = status.get("services").and_then(|all| all.get(id.as_str()));
            let told = told.and_then(|all| all.get(region.as_str())).and_then(Value::as_str);
            let health = told.and_then(Health::parse).unwrap_or_default();
            for target in targets(config, service, region) {
                let mut known = TargetState { judged_at: Some(now), ..TargetState::default() };
                known.memory.health = health;
                state.targets.insert(target, known);
            }
        }
    }
    state
}

fn targets(config: &Config, service: &Service, region: &RegionId) -> Vec<Target> {
    let origins = config.regions.get(region).into_iter().flat_map(|region| &region.origins);
    let monitors = config.leaves(&service.monitor);
    let of = |origin: &crate::config::Origin| -> Vec<Target> {
        let target = |monitor| Target { origin: origin.id.clone(), monitor: Clone::clone(monitor) };
        monitors.iter().map(target).collect()
    };
    origins.flat_map(of).collect()
}
