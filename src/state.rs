//! What the Controller remembers from one tick to the next.
//!
//! One document, small enough to be read by a person: in the Controller's own storage after every
//! round, in KV under `state` after every change. Everything else that is written is derived from
//! this and the config.

use crate::config::{Config, Diagnostic};
use crate::fingerprint::Fingerprint;
use crate::health::{Health, Hysteresis};
use crate::hold::Hold;
use crate::json;
use crate::latency::{Estimate, STALE_AFTER};
use crate::ordered::{Map, Set};
use crate::target::Target;
use crate::time::{Millis, Timestamp};
use serde::{Deserialize, Serialize};

/// The KV key.
pub const KEY: &str = "state";
/// The version that this build writes and reads.
pub const VERSION: u32 = 1;

/// The Controller's memory.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct State {
    /// [`VERSION`].
    pub version: u32,
    /// Grows by one with every change that anybody could notice.
    pub generation: u64,
    /// What is known of each target.
    #[serde(default)]
    pub targets: Map<Target, TargetState>,
    /// The cron run that is, or was last, under way.
    #[serde(default)]
    pub run: Option<Run>,
    /// Since when the observer doubts itself, and nothing that it sees counts.
    #[serde(default)]
    pub doubted_since: Option<Timestamp>,
    /// The config in KV, where it was refused. Kept here so that a restart does not refuse it anew,
    /// with a new time, for everybody to be told again.
    #[serde(default)]
    pub refused: Option<RefusedConfig>,
    /// What we changed at Cloudflare and what is still to do there.
    #[serde(default)]
    pub actuation: Actuation,
    /// Fingerprint of everything that anybody could notice, as of this generation.
    #[serde(default)]
    pub substance: Option<Fingerprint>,
    /// What KV holds: the fingerprint of each document's substance, by key.
    #[serde(default)]
    pub written: Map<String, Fingerprint>,
    /// When `routes` was last written.
    #[serde(default)]
    pub routes_written_at: Option<Timestamp>,
}

/// What is known of one target.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct TargetState {
    /// Its health and the evidence behind it.
    pub memory: Hysteresis,
    /// The smoothed latency of its passes.
    pub latency: Option<Estimate>,
    /// When its last probe was made.
    pub probed_at: Option<Timestamp>,
    /// When its last probe was made that said something.
    #[serde(default)]
    pub judged_at: Option<Timestamp>,
    /// When a probe last got through to it, whatever it answered.
    #[serde(default)]
    pub reached_at: Option<Timestamp>,
    /// What stood in the way, if the last probe said nothing.
    pub note: Option<String>,
}

/// A config that was not taken.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
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
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Run {
    /// The instant that it was scheduled for; its identity.
    pub scheduled: Timestamp,
    /// When it really began.
    pub began: Timestamp,
    /// The last round that was taken in.
    pub round: u32,
    /// Probes so far.
    pub probes: u32,
}

/// What we changed at Cloudflare and what is still to do there.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Actuation {
    /// Ids of zones, by name, once looked up.
    #[serde(default)]
    pub zone_ids: Map<String, String>,
    /// Origins that we disabled in pools, and so may enable again.
    #[serde(default)]
    pub holds: Set<Hold>,
    /// The desired state that was last found or made true.
    #[serde(default)]
    pub settled: Option<Fingerprint>,
    /// When it was compared with the account.
    #[serde(default)]
    pub compared_at: Option<Timestamp>,
    /// The desired state that was last tried for.
    #[serde(default)]
    pub attempted: Option<Fingerprint>,
    /// No call before this instant: the API asked for it.
    #[serde(default)]
    pub blocked_until: Option<Timestamp>,
    /// Failed attempts in a row.
    #[serde(default)]
    pub attempts: u32,
    /// Not before this instant, after a failure.
    #[serde(default)]
    pub retry_at: Option<Timestamp>,
    /// What stands in the way.
    #[serde(default)]
    pub failures: Vec<String>,
    /// What was deliberately not done, with the reason.
    #[serde(default)]
    pub withheld: Vec<String>,
    /// The last changes that were made, oldest first; at most [`APPLIED_MAX`].
    #[serde(default)]
    pub applied: Vec<Applied>,
}

/// One change that was made.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
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
    Shape(#[from] serde_json::Error),
    /// A version of another build.
    #[error("the state has version {0}, this build reads {VERSION}")]
    Version(u32),
}

impl Default for State {
    fn default() -> Self {
        Self {
            version: VERSION,
            generation: 0,
            targets: Map::new(),
            run: None,
            doubted_since: None,
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

    /// Forgets targets that the config no longer has and makes room for new ones. A target that
    /// stays keeps its history, whatever else changed about it (invariant 5).
    pub fn follow(&mut self, config: &Config) {
        let wanted = Set::of(config.targets());
        self.targets.retain(|target, _| wanted.contains(target));
        for target in wanted {
            self.targets.insert_if_absent(target, TargetState::default());
        }
    }

    /// What is believed of a target. A belief whose last probe is older than three intervals, and
    /// ten minutes, is no belief: Unknown.
    #[must_use]
    pub fn health(&self, config: &Config, target: &Target, now: Timestamp) -> Health {
        let interval_ms = config.monitors.get(&target.monitor).map_or(0, |m| m.interval_ms);
        match self.targets.get(target) {
            Some(known) if !known.is_stale(interval_ms, now) => known.memory.health,
            _ => Health::Unknown,
        }
    }
}

impl TargetState {
    /// Whether the last probe that said something is too old to go by.
    #[must_use]
    pub fn is_stale(&self, interval_ms: Millis, now: Timestamp) -> bool {
        let patience = STALE_AFTER.max(interval_ms.saturating_mul(3));
        self.judged_at.is_none_or(|at| now.since(at) > patience)
    }
}
