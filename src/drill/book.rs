//! What is remembered of drills.

use super::record::Drill;
use crate::ids::{DrillId, RegionId, ServiceId};
use crate::json::fields;
use crate::ordered::Map;
use crate::time::{MINUTE, Millis, Timestamp};

/// Most drills that are kept once they are over: more than four a week for a quarter.
pub const DRILLS_MAX: usize = 60;
/// How long a drill is kept once it is over: auditors ask for a year, and some time of theirs.
pub const DRILL_AGE_MS: Millis = 400 * 24 * 60 * MINUTE;

/// What is remembered of drills.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct DrillBook {
    /// How many were ever begun; the number of the last one.
    pub given: u64,
    /// The drills, in the order in which they were begun. At most one goes on.
    pub drills: Vec<Drill>,
    /// What is remembered of each schedule.
    pub schedules: Map<DrillId, ScheduleMemory>,
    /// When the last drill ended that moved clients of a service and succeeded. It is kept longer
    /// than the drill.
    pub succeeded: Map<ServiceId, Timestamp>,
}

/// What is remembered of a schedule.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ScheduleMemory {
    /// Until when its times are dealt with: a time at or before this is past.
    pub dealt_with: Timestamp,
    /// When it was last made.
    pub last: Option<Timestamp>,
    /// Why it was not made when it was last due; absent where it was.
    pub skipped: Option<String>,
}

fields!(DrillBook {
    given = 0,
    drills = Vec::new(),
    schedules = Map::new(),
    succeeded = Map::new(),
});
fields!(ScheduleMemory { dealt_with, last, skipped if any });

impl DrillBook {
    /// The drill that goes on.
    #[must_use]
    pub fn under_way(&self) -> Option<&Drill> {
        self.drills.iter().find(|drill| drill.is_under_way())
    }

    /// The same, to be changed.
    pub fn under_way_mut(&mut self) -> Option<&mut Drill> {
        self.drills.iter_mut().find(|drill| drill.is_under_way())
    }

    /// The drill that leads clients of a region of a service away now.
    #[must_use]
    pub fn leading_away(&self, service: &ServiceId, region: &RegionId) -> Option<&Drill> {
        self.under_way().filter(|drill| drill.leads_away(service, region).is_some())
    }

    /// Forgets those that are over and too old, or too many. Returns the ids of those.
    pub fn forget_old(&mut self, now: Timestamp) -> Vec<String> {
        let is_old =
            |drill: &Drill| drill.ended.is_some_and(|ended| now.since(ended) > DRILL_AGE_MS);
        let over = self.drills.iter().filter(|drill| !drill.is_under_way()).count();
        let mut too_many = over.saturating_sub(DRILLS_MAX);
        let mut gone = Vec::new();
        self.drills.retain(|drill| {
            if drill.is_under_way() || !(is_old(drill) || too_many > 0) {
                return true;
            }
            too_many = too_many.saturating_sub(1);
            gone.push(drill.id.clone());
            false
        });
        gone
    }

    /// Counts what a clock that was wrong put ahead of `now` as of now.
    pub fn forget_the_future(&mut self, now: Timestamp) {
        let Self { given: _, drills, schedules, succeeded } = self;
        for drill in drills {
            drill.forget_the_future(now);
        }
        for memory in schedules.values_mut() {
            memory.dealt_with = memory.dealt_with.unless_ahead(now);
            memory.last = memory.last.map(|at| at.unless_ahead(now));
        }
        succeeded.values_mut().for_each(|at| *at = at.unless_ahead(now));
    }
}

#[cfg(test)]
mod tests;
