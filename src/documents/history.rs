//! What remains of outages.

use crate::health::{Because, Health};
use crate::ids::{RegionId, ServiceId};
use crate::json::fields;
use crate::state::Episode;
use crate::time::{SECOND, Timestamp};

/// The KV key of [`History`].
pub const HISTORY_KEY: &str = "history";

/// What remains of outages, the latest first: at most [`EPISODES_MAX`] episodes.
///
/// [`EPISODES_MAX`]: crate::state::EPISODES_MAX
#[derive(Debug, Clone, PartialEq)]
pub struct History {
    /// When this was true.
    pub as_of: Timestamp,
    /// Times in which a region of a service was not simply up.
    pub episodes: Vec<PastEpisode>,
}

/// A time in which a region of a service was down, unknown or drained.
#[derive(Debug, Clone, PartialEq)]
pub struct PastEpisode {
    /// When it began.
    pub since: Timestamp,
    /// When it ended; absent while it goes on.
    pub until: Option<Timestamp>,
    /// How long it lasted, in seconds; absent while it goes on.
    pub lasted_s: Option<u64>,
    /// The service.
    pub service: ServiceId,
    /// The region.
    pub region: RegionId,
    /// Its effective health then.
    pub health: Health,
    /// What decided that.
    pub because: Because,
    /// Why, in words, when it began.
    pub why: Option<String>,
}

impl History {
    /// The page of these episodes.
    #[must_use]
    pub fn of(episodes: &[Episode], now: Timestamp) -> Self {
        let past = |episode: &Episode| {
            let Episode { service, region, health, because, why, since, until } = episode.clone();
            let lasted_s = until.map(|until| until.since(since) / SECOND);
            PastEpisode { since, until, lasted_s, service, region, health, because, why }
        };
        Self { as_of: now, episodes: episodes.iter().rev().map(past).collect() }
    }
}

fields!(History { as_of, episodes });
fields!(PastEpisode { since, until, lasted_s, service, region, health, because, why });
