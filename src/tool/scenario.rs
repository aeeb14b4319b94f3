//! A config and a state with assumed health.

use crate::config::{Config, Override, OverrideTo};
use crate::health::Health;
use crate::ids::RegionId;
use crate::order::{Act, Order};
use crate::ordered::Map;
use crate::state::{State, TargetState};
use crate::time::{MINUTE, Timestamp};

/// The config without operators' overrides.
pub(super) fn without_overrides(config: &Config) -> Config {
    Config { overrides: Map::new(), ..config.clone() }
}

/// A state in which every origin has just been found in the health of its region.
pub(super) fn state(
    config: &Config,
    now: Timestamp,
    health_of: impl Fn(&RegionId) -> Health,
) -> State {
    let found = config.targets().map(|target| {
        let region = config.origin(&target.origin).map(|(region, _)| region);
        let mut known = TargetState { judged_at: Some(now), ..TargetState::default() };
        known.memory.health = region.map(&health_of).unwrap_or_default();
        (target, known)
    });
    State { targets: Map::of(found), ..State::default() }
}

/// Assumptions about regions. They take precedence over overrides and observed health.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Assumed<'a> {
    pub(super) down: &'a [RegionId],
    pub(super) draining: &'a [RegionId],
    pub(super) unknown: &'a [RegionId],
}

/// Config and state with these regions down or draining and all others up.
pub(super) fn with(
    config: &Config,
    now: Timestamp,
    down: &[RegionId],
    draining: &[RegionId],
) -> (Config, State) {
    let assumed = Assumed { down, draining, unknown: &[] };
    assume(config, state(config, now, |_| Health::Up), now, assumed)
}

/// Config and state with the assumptions applied.
pub(super) fn assume(
    config: &Config,
    mut state: State,
    now: Timestamp,
    assumed: Assumed<'_>,
) -> (Config, State) {
    let mut told = config.clone();
    let drain = Override {
        set: OverrideTo::Drain,
        reason: "asked for".to_owned(),
        author: "pointsman".to_owned(),
        until: now.plus(MINUTE),
    };
    state.orders.retain(|order| !says_health_of(order, config, assumed));
    let origins = config.regions.iter().flat_map(|(id, region)| {
        region.origins.iter().filter(move |_| assumed.names(id)).map(move |origin| (id, &origin.id))
    });
    for (id, origin) in origins {
        told.overrides.remove(origin);
        if assumed.draining.contains(id) {
            told.overrides.insert(origin.clone(), drain.clone());
        }
    }
    for target in config.targets() {
        let region = config.origin(&target.origin).map(|(region, _)| region);
        let Some(health) = region.and_then(|id| assumed.health(id)) else { continue };
        let mut known = TargetState { judged_at: Some(now), ..TargetState::default() };
        known.memory.health = health;
        state.targets.insert(target, known);
    }
    (told, state)
}

/// Whether an order says how a region stands of which something is assumed.
fn says_health_of(order: &Order, config: &Config, assumed: Assumed<'_>) -> bool {
    let region = match &order.act {
        Act::Drain { region, .. }
        | Act::Outage { region }
        | Act::Override { region: Some(region), .. } => Some(region),
        Act::Override { origin: Some(origin), .. } => config.origin(origin).map(|(id, _)| id),
        _ => None,
    };
    region.is_some_and(|region| assumed.names(region))
}

impl Assumed<'_> {
    fn names(self, id: &RegionId) -> bool {
        [self.down, self.draining, self.unknown].iter().any(|regions| regions.contains(id))
    }

    /// A draining region keeps its health.
    fn health(self, id: &RegionId) -> Option<Health> {
        if self.down.contains(id) {
            return Some(Health::Down);
        }
        self.unknown.contains(id).then_some(Health::Unknown)
    }
}
