//! A config in a world where the health of every region is told.

use crate::config::{Config, Override, OverrideTo};
use crate::health::Health;
use crate::ids::RegionId;
use crate::ordered::Map;
use crate::state::{State, TargetState};
use crate::time::{MINUTE, Timestamp};

/// The config without what operators have set by hand for a while: what it does by itself.
pub(super) fn without_overrides(config: &Config) -> Config {
    Config { overrides: Map::new(), ..config.clone() }
}

/// A state in which every origin was just found to be in the health of its region.
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

/// The same with regions that are down or draining, and all others up. What is asked for goes
/// before what the config says of origins in those regions.
pub(super) fn with(
    config: &Config,
    now: Timestamp,
    down: &[RegionId],
    draining: &[RegionId],
) -> (Config, State) {
    let mut config = config.clone();
    let told = |id: &RegionId| down.contains(id) || draining.contains(id);
    let drain = Override {
        set: OverrideTo::Drain,
        reason: "asked for".to_owned(),
        author: "pointsman".to_owned(),
        until: now.plus(MINUTE),
    };
    for (id, region) in config.regions.iter().filter(|(id, _)| told(id)) {
        for origin in &region.origins {
            config.overrides.remove(&origin.id);
            if draining.contains(id) {
                config.overrides.insert(origin.id.clone(), drain.clone());
            }
        }
    }
    let health = |id: &RegionId| if down.contains(id) { Health::Down } else { Health::Up };
    let state = state(&config, now, health);
    (config, state)
}
