//! What the Controller remembers from one tick to the next.
//!
//! One document, small enough to be read by a person: in the Controller's own storage after every
//! round, in KV under `state` after every change. Everything else that is written is derived from
//! this and the config.

use crate::config::{COMPOSITE_DEPTH_MAX, Config, Diagnostic, Monitor, Override};
use crate::fingerprint::Fingerprint;
use crate::health::slow::Floor;
use crate::health::{Damping, Health, Hysteresis, active, composite, effective};
use crate::hold::Hold;
use crate::ids::{MonitorId, OriginId, ServiceId};
use crate::json::{self, BadJson, fields, words};
use crate::latency::{Estimate, STALE_AFTER};
use crate::ordered::{Map, Set};
use crate::tally::Tally;
use crate::target::Target;
use crate::time::{Millis, Timestamp};

/// The KV key.
pub const KEY: &str = "state";
/// The version that this build writes and reads.
pub const VERSION: u32 = 1;

/// The Controller's memory.
#[derive(Debug, Clone, PartialEq)]
pub struct State {
    /// [`VERSION`].
    pub version: u32,
    /// Grows by one with every change that anybody could notice.
    pub generation: u64,
    /// What is known of each target.
    pub targets: Map<Target, TargetState>,
    /// The cron run that is, or was last, under way.
    pub run: Option<Run>,
    /// Since when the observer doubts itself, and nothing that it sees counts.
    pub doubted_since: Option<Timestamp>,
    /// What operators have said about origins by command; the config may say more.
    pub overrides: Map<OriginId, Override>,
    /// The config in KV, where it was refused. Kept here so that a restart does not refuse it anew,
    /// with a new time, for everybody to be told again.
    pub refused: Option<RefusedConfig>,
    /// What we changed at Cloudflare and what is still to do there.
    pub actuation: Actuation,
    /// Fingerprint of everything that anybody could notice, as of this generation.
    pub substance: Option<Fingerprint>,
    /// What KV holds: the fingerprint of each document's substance, by key.
    pub written: Map<String, Fingerprint>,
    /// When `routes` was last written.
    pub routes_written_at: Option<Timestamp>,
}

/// What is known of one target.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct TargetState {
    /// Its health and the evidence behind it.
    pub memory: Hysteresis,
    /// The smoothed latency of its passes.
    pub latency: Option<Estimate>,
    /// When its last probe was made.
    pub probed_at: Option<Timestamp>,
    /// When its last probe was made that said something.
    pub judged_at: Option<Timestamp>,
    /// When a probe last got through to it, whatever it answered.
    pub reached_at: Option<Timestamp>,
    /// What stood in the way, if the last probe said nothing.
    pub note: Option<String>,
    /// The lowest smoothed latency of its passes, slowly forgotten.
    pub floor: Option<Floor>,
    /// Whether its last probe failed for being slower than its peers.
    pub too_slow: bool,
    /// The replication lag that its last answer reported.
    pub lag: Option<Reported>,
    /// How much it has flapped.
    pub damping: Option<Damping>,
}

/// A number that an origin told about itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Reported {
    /// Seconds.
    pub value_s: u64,
    /// When.
    pub at: Timestamp,
}

/// A config that was not taken.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RefusedConfig {
    /// Which text it was.
    pub fingerprint: Fingerprint,
    /// When it was refused.
    pub at: Timestamp,
    /// What is wrong with it; at most [`DIAGNOSTICS_MAX`].
    pub problems: Vec<Diagnostic>,
    /// How many problems there are in all.
    pub problems_total: usize,
}

/// One cron run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Run {
    /// The instant that it was scheduled for; its identity.
    pub scheduled: Timestamp,
    /// When it really began.
    pub began: Timestamp,
    /// The last round that was taken in.
    pub round: u32,
    /// Probes so far, those of controls included.
    pub probes: u32,
    /// Whether controls are to be asked, and whether they were.
    pub controls: Controls,
}

words! {
    /// Where the question stands whether the observer reaches anything.
    #[derive(Default)]
    pub enum Controls {
        /// Nothing raises it.
        #[default]
        Idle = "idle",
        /// The last round raised it and could not answer it: the next one asks, soon.
        Due = "due",
        /// It was answered, and is asked again as long as it is raised.
        Asked = "asked",
    }
}

/// What we changed at Cloudflare and what is still to do there.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Actuation {
    /// Ids of zones, by name, once looked up.
    pub zone_ids: Map<String, String>,
    /// Origins that we disabled in pools, and so may enable again.
    pub holds: Set<Hold>,
    /// Changes that were begun and of which no reply has said that they were made.
    pub intents: Vec<Intent>,
    /// Permissions that the token was found not to have, by name.
    pub denied: Map<String, Denied>,
    /// When traffic of each service was last moved.
    pub moved_at: Map<ServiceId, Timestamp>,
    /// How many changes each service had.
    pub changes: Map<ServiceId, Tally>,
    /// How many calls of the API were made.
    pub calls: Tally,
    /// No upkeep before this instant: the API was asked too much.
    pub upkeep_after: Option<Timestamp>,
    /// The desired state that was last found or made true.
    pub settled: Option<Fingerprint>,
    /// When it was compared with the account.
    pub compared_at: Option<Timestamp>,
    /// The desired state that was last tried for.
    pub attempted: Option<Fingerprint>,
    /// No call before this instant: the API asked for it.
    pub blocked_until: Option<Timestamp>,
    /// Failed attempts in a row.
    pub attempts: u32,
    /// Not before this instant, after a failure.
    pub retry_at: Option<Timestamp>,
    /// What stands in the way.
    pub failures: Vec<String>,
    /// What was deliberately not done, with the reason.
    pub withheld: Vec<String>,
    /// The last changes that were made, oldest first; at most [`APPLIED_MAX`].
    pub applied: Vec<Applied>,
}

/// A change that was begun.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Intent {
    /// When.
    pub at: Timestamp,
    /// What it is.
    pub what: String,
}

/// A permission that the token does not have.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Denied {
    /// When it was found.
    pub at: Timestamp,
    /// What the API said.
    pub said: String,
}

/// One change that was made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Applied {
    /// When it was acknowledged.
    pub at: Timestamp,
    /// What it was.
    pub what: String,
}

/// Applied changes that are kept for people to read.
pub const APPLIED_MAX: usize = 20;

/// Diagnostics of a refused config that are kept for people to read.
pub const DIAGNOSTICS_MAX: usize = 20;

/// Why a text is no state.
#[derive(Debug, thiserror::Error)]
pub enum BadState {
    /// Not this document.
    #[error("the state does not read: {0}")]
    Shape(#[from] BadJson),
    /// A version of another build.
    #[error("the state has version {0}, this build reads {VERSION}")]
    Version(u32),
}

fields!(State {
    version,
    generation,
    targets = Map::new(),
    run,
    doubted_since,
    overrides = Map::new(),
    refused,
    actuation = Actuation::default(),
    substance,
    written = Map::new(),
    routes_written_at,
});

fields!(TargetState {
    memory,
    latency,
    probed_at,
    judged_at,
    reached_at,
    note,
    floor,
    too_slow = false,
    lag,
    damping,
});

fields!(Reported { value_s, at });
fields!(RefusedConfig { fingerprint, at, problems, problems_total });
fields!(Run { scheduled, began, round, probes, controls = Controls::default() });

fields!(Actuation {
    zone_ids = Map::new(),
    holds = Set::new(),
    intents = Vec::new(),
    denied = Map::new(),
    moved_at = Map::new(),
    changes = Map::new(),
    calls = Tally::default(),
    upkeep_after,
    settled,
    compared_at,
    attempted,
    blocked_until,
    attempts = 0,
    retry_at,
    failures = Vec::new(),
    withheld = Vec::new(),
    applied = Vec::new(),
});

fields!(Intent { at, what });
fields!(Denied { at, said });
fields!(Applied { at, what });

impl Default for State {
    fn default() -> Self {
        Self {
            version: VERSION,
            generation: 0,
            targets: Map::new(),
            run: None,
            doubted_since: None,
            overrides: Map::new(),
            refused: None,
            actuation: Actuation::default(),
            substance: None,
            written: Map::new(),
            routes_written_at: None,
        }
    }
}

impl State {
    /// Reads the document. Errors: [`BadState`].
    pub fn parse(text: &str) -> Result<Self, BadState> {
        let state: Self = json::read(text)?;
        if state.version == VERSION { Ok(state) } else { Err(BadState::Version(state.version)) }
    }

    /// Forgets targets, and overrides of origins, that the config no longer has, and makes room for
    /// new targets. A target that stays keeps its history, whatever else changed about it
    /// (invariant 5).
    pub fn follow(&mut self, config: &Config) {
        let wanted = Set::of(config.targets());
        self.targets.retain(|target, _| wanted.contains(target));
        self.overrides.retain(|origin, _| config.origin(origin).is_some());
        for target in wanted {
            self.targets.insert_if_absent(target, TargetState::default());
        }
    }

    /// What is observed of a target, composites resolved. A belief whose last probe is older than
    /// three intervals, and ten minutes, is no belief: Unknown. An origin that flaps too much is
    /// Down while it is damped, even where its probes pass.
    #[must_use]
    pub fn health(&self, config: &Config, target: &Target, now: Timestamp) -> Health {
        self.resolve(config, target, now, COMPOSITE_DEPTH_MAX)
    }

    /// What traffic should take a target for, and whether its origin is drained. The config's
    /// override is looked at after the one made by command, so where both count the config's wins:
    /// it is the one that was reviewed and that everybody can read, and a command could otherwise
    /// undo it without a trace there.
    #[must_use]
    pub fn effective_health(
        &self,
        config: &Config,
        target: &Target,
        now: Timestamp,
    ) -> (Health, bool) {
        let set = self.override_of(config, &target.origin, now);
        effective(self.health(config, target, now), set, now)
    }

    /// What an operator says about an origin, where that counts now; see
    /// [`State::effective_health`].
    #[must_use]
    pub fn override_of<'s>(
        &'s self,
        config: &'s Config,
        origin: &OriginId,
        now: Timestamp,
    ) -> Option<&'s Override> {
        let by_command = active(self.overrides.get(origin), now);
        active(config.overrides.get(origin), now).or(by_command)
    }

    /// The smoothed latency of a target, where there is a fresh one; of a composite the first.
    #[must_use]
    pub fn latency(&self, config: &Config, target: &Target, now: Timestamp) -> Option<Millis> {
        self.first(config, target, |known| known.latency?.millis(now))
    }

    /// The replication lag that a target reported of late; of a composite the first.
    #[must_use]
    pub fn lag(&self, config: &Config, target: &Target, now: Timestamp) -> Option<Reported> {
        let fresh = |lag: &Reported| now.since(lag.at) <= STALE_AFTER;
        self.first(config, target, |known| known.lag.filter(fresh))
    }

    /// Until when a target counts as Down because it flaps.
    #[must_use]
    pub fn damped_until(
        &self,
        config: &Config,
        target: &Target,
        now: Timestamp,
    ) -> Option<Timestamp> {
        let half_life_ms = config.monitors.get(&target.monitor)?.damping_half_life_ms?;
        self.targets.get(target)?.damping?.until(half_life_ms, now)
    }

    fn first<T>(
        &self,
        config: &Config,
        target: &Target,
        look: impl Fn(&TargetState) -> Option<T>,
    ) -> Option<T> {
        let leaves = config.leaves(&target.monitor);
        leaves.iter().find_map(|leaf| look(self.targets.get(&with_monitor(target, leaf))?))
    }

    fn resolve(&self, config: &Config, target: &Target, now: Timestamp, depth: u8) -> Health {
        let Some(composite) = config.composites.get(&target.monitor) else {
            return self.observed(config, target, now);
        };
        let Some(deeper) = depth.checked_sub(1) else { return Health::Unknown };
        let of = |monitors: &[MonitorId]| -> Vec<Health> {
            let member = |id| self.resolve(config, &with_monitor(target, id), now, deeper);
            monitors.iter().map(member).collect()
        };
        composite::combine(composite.rule, &of(&composite.of), &of(&composite.must_pass))
    }

    fn observed(&self, config: &Config, target: &Target, now: Timestamp) -> Health {
        let interval_ms =
            config.monitors.get(&target.monitor).map_or(0, Monitor::longest_interval_ms);
        match self.targets.get(target) {
            Some(known) if !known.is_stale(interval_ms, now) => {
                match self.damped_until(config, target, now) {
                    Some(_) => Damping::withhold(known.memory.health),
                    None => known.memory.health,
                }
            }
            _ => Health::Unknown,
        }
    }
}

fn with_monitor(target: &Target, monitor: &MonitorId) -> Target {
    Target { origin: target.origin.clone(), monitor: monitor.clone() }
}

impl TargetState {
    /// Whether the last probe that said something is too old to go by, where probes are up to
    /// `interval_ms` apart.
    #[must_use]
    pub fn is_stale(&self, interval_ms: Millis, now: Timestamp) -> bool {
        let patience = STALE_AFTER.max(interval_ms.saturating_mul(3));
        self.judged_at.is_none_or(|at| now.since(at) > patience)
    }
}

#[cfg(test)]
mod tests;
