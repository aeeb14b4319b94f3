//! What is remembered of the promises of one service.

use super::burn::Speed;
use crate::ids::{ComponentId, RegionId};
use crate::json::fields;
use crate::ordered::Map;
use crate::time::{MINUTE, Millis, Timestamp};

/// How long a contract has to be kept again before that is told: what swings around its bound is
/// told once.
pub const KEPT_AFTER_MS: Millis = MINUTE;
/// Most causes that are told of one broken contract.
pub const CAUSES_MAX: usize = 5;

/// What is remembered of the promises of one service.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Promises {
    /// Components that do not keep theirs.
    pub broken: Map<ComponentId, Broken>,
    /// How fast errors use up what availability allows, since when.
    pub burns: Map<String, Timestamp>,
    /// Regions against which live traffic speaks, since when.
    pub errors: Map<RegionId, Timestamp>,
    /// Incidents whose recovery was held against the contract, by id; `true` where that is final.
    pub asserted: Map<String, bool>,
    /// The last plan whose loss was held against the contract.
    pub asserted_epoch: u64,
    /// Since when drills are promised.
    pub drill_asked_since: Option<Timestamp>,
    /// Since when the last drill is older than is promised.
    pub drill_overdue: Option<Timestamp>,
}

/// A contract that is not kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Broken {
    /// Since when.
    pub since: Timestamp,
    /// Why, in words: where, which field, what it says. At most [`CAUSES_MAX`].
    pub causes: Vec<String>,
    /// Since when it is kept again; that is told after [`KEPT_AFTER_MS`].
    pub kept_since: Option<Timestamp>,
}

fields!(Promises {
    broken = Map::new(),
    burns = Map::new(),
    errors = Map::new(),
    asserted = Map::new(),
    asserted_epoch = 0,
    drill_asked_since if any,
    drill_overdue if any,
});
fields!(Broken { since, causes = Vec::new(), kept_since if any });

impl Promises {
    /// Since when errors burn so fast.
    #[must_use]
    pub fn burns_since(&self, speed: Speed) -> Option<Timestamp> {
        self.burns.get(speed.as_str()).copied()
    }

    /// Whether there is nothing to remember.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// Counts what a clock that was wrong put ahead of `now` as of now.
    pub fn forget_the_future(&mut self, now: Timestamp) {
        let Self { broken, burns, errors, asserted: _, asserted_epoch: _, .. } = self;
        for at in [&mut self.drill_asked_since, &mut self.drill_overdue] {
            *at = at.map(|at| at.unless_ahead(now));
        }
        for Broken { since, kept_since, .. } in broken.values_mut() {
            *since = since.unless_ahead(now);
            *kept_since = kept_since.map(|at| at.unless_ahead(now));
        }
        for at in burns.values_mut().chain(errors.values_mut()) {
            *at = at.unless_ahead(now);
        }
    }
}
