//! The health and state that a plan is based on.

use super::super::args::PlanArgs;
use super::super::load;
use super::super::scenario::{self, Assumed};
use super::super::terminal::Terminal;
use super::super::whatif::regions;
use crate::config::Config;
use crate::health::Health;
use crate::ids::RegionId;
use crate::state::State;
use crate::time::Timestamp;
use serde::Serialize;

/// Config and state with all assumptions applied.
#[derive(Debug)]
pub(super) struct Belief {
    /// The config, without overrides of origins with assumptions.
    pub(super) config: Config,
    pub(super) state: State,
    /// A summary for the report.
    pub(super) basis: Basis,
}

/// What a plan is based on, besides config and account.
#[derive(Debug, Serialize)]
pub(super) struct Basis {
    /// The time of the last probe in the state; absent without a state, and then all regions are
    /// up.
    pub(super) state_as_of: Option<Timestamp>,
    /// What we disabled according to the state, as `pool/address`; `pool/*` is the whole pool.
    pub(super) disabled_by_us: Vec<String>,
    pub(super) down: Vec<RegionId>,
    pub(super) draining: Vec<RegionId>,
    pub(super) unknown: Vec<RegionId>,
}

impl Belief {
    /// Errors: an unreadable state, an unknown region, or a region that is both down and unknown.
    pub(super) fn of(
        args: &PlanArgs,
        config: &Config,
        now: Timestamp,
        terminal: &mut Terminal<'_>,
    ) -> Result<Self, String> {
        let down = regions(config, &args.down)?;
        let draining = regions(config, &args.draining)?;
        let unknown = regions(config, &args.unknown)?;
        if let Some(both) = down.iter().find(|id| unknown.contains(id)) {
            return Err(format!("`{both}` cannot be both down and unknown"));
        }
        let (state, state_as_of) = match &args.state {
            Some(file) => {
                let text = load::text(file, terminal)?;
                let state = State::parse(&text);
                let state = state.map_err(|error| format!("`{}`: {error}", load::name(file)))?;
                let as_of = last_judged(&state);
                (renewed(state, config, now), Some(as_of.unwrap_or_default()))
            }
            None => (scenario::state(config, now, |_| Health::Up), None),
        };
        let assumed = Assumed { down: &down, draining: &draining, unknown: &unknown };
        let (config, state) = scenario::assume(config, state, now, assumed);
        let holds = state.actuation.holds.iter();
        let disabled_by_us = holds.map(|hold| format!("{}/{}", hold.pool, hold.address)).collect();
        let basis = Basis { state_as_of, disabled_by_us, down, draining, unknown };
        Ok(Self { config, state, basis })
    }
}

/// The time of the last probe in the state.
fn last_judged(state: &State) -> Option<Timestamp> {
    state.targets.values().filter_map(|known| known.judged_at).max()
}

/// The state with its times moved to now. KV has the state as of the last change. While nothing
/// changes, the Controller keeps the same beliefs, confirmed by newer probes. So each belief is
/// given the age that it had when the state was written.
fn renewed(mut state: State, config: &Config, now: Timestamp) -> State {
    state.follow(config);
    let as_of = last_judged(&state).unwrap_or_default();
    for known in state.targets.values_mut() {
        let age_ms = known.judged_at.map(|at| as_of.since(at));
        let renewed = age_ms.map(|age_ms| now.millis().saturating_sub(age_ms));
        known.judged_at = renewed.map(Timestamp::from_millis);
    }
    state
}
