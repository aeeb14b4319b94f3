//! What is remembered of one service.

use super::plan::{Plan, PlanEnd, Step};
use super::readiness::{Readiness, Reason};
use super::stage::Stage;
use super::standby::StandbyMemory;
use super::telling::Telling;
use crate::ids::RegionId;
use crate::json::fields;
use crate::ordered::{Map, Set};
use crate::time::{Millis, Timestamp};

/// All clients, in percent.
pub const ALL_PERCENT: u8 = 100;

/// What is remembered of how one service recovers.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Recovery {
    /// Grows by one with each plan. It never falls, and is never given to two plans.
    pub epoch: u64,
    /// Where the service stands.
    pub stage: Stage,
    /// Since when it stands there; absent where all is well.
    pub since: Option<Timestamp>,
    /// The region that was made the primary; absent where it is the config's.
    pub primary: Option<RegionId>,
    /// Regions that were the primary and are not, until a person confirms that their data are back
    /// in sync: they get no writes, whatever their health says.
    pub unconfirmed: Set<RegionId>,
    /// The last plan, under way or ended.
    pub plan: Option<Plan>,
    /// Regions that return by stages.
    pub returns: Map<RegionId, Return>,
    /// The epoch that origins are told: that of the last plan that made a primary. It never falls.
    /// 0 as long as there was no plan.
    pub epoch_in_force: u64,
    /// Whether no plan is begun by itself: the last one failed, and a person has to look. It ends
    /// once the region that failed is up again.
    pub is_held: bool,
    /// Why no plan is begun although one is due, in words; told once.
    pub hindrance: Option<String>,
    /// Regions that are out, and will return by stages once they are up again.
    pub away: Map<RegionId, Away>,
    /// What its standbys said while the primary was alive.
    pub standbys: Map<RegionId, StandbyMemory>,
    /// What people were told about its failover manager.
    pub manager: Telling,
    /// A region that may have been promoted, by a plan that did not hear of it. Nobody else is
    /// promoted before that is known.
    pub doubtful: Option<RegionId>,
    /// Whether its plan would work now; absent where nobody has asked yet.
    pub readiness: Option<Readiness>,
}

/// What is remembered of a region while it is out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Away {
    /// Since when.
    pub since: Timestamp,
    /// How often it had to go back a stage when it returned before.
    pub regressions: u32,
    /// How long its answers took on the average before it went out, in milliseconds.
    pub usual_ms: Option<Millis>,
}

/// How far a region has returned.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Return {
    /// The percentage of its clients that it has.
    pub percent: u8,
    /// Since when.
    pub since: Timestamp,
    /// How often it had to go back a stage.
    pub regressions: u32,
    /// Why it does not go on, in words: a person has to, or samples are missing.
    pub held: Option<String>,
    /// The stages below this one that were watched and found to be good, rising.
    pub good: Vec<u8>,
    /// Whether a person has begun it, or brought it a stage further.
    pub is_released: bool,
    /// How long its answers took on the average before it went out, in milliseconds.
    pub usual_ms: Option<Millis>,
}

fields!(Return {
    percent,
    since,
    regressions = 0,
    held,
    good = Vec::new(),
    is_released = false,
    usual_ms,
});
fields!(Away { since, regressions = 0, usual_ms });
fields!(Recovery {
    epoch = 0,
    stage = Stage::Normal,
    since,
    primary,
    unconfirmed = Set::new(),
    plan,
    returns = Map::new(),
    epoch_in_force = 0,
    is_held = false,
    hindrance if any,
    away = Map::new(),
    standbys = Map::new(),
    manager = Telling::default(),
    doubtful if any,
    readiness if any,
});

impl Recovery {
    /// Counts what a clock that was wrong put ahead of `now` as of now.
    pub fn forget_the_future(&mut self, now: Timestamp) {
        let Self {
            epoch: _,
            stage: _,
            since,
            primary: _,
            unconfirmed: _,
            plan,
            returns,
            epoch_in_force: _,
            is_held: _,
            hindrance: _,
            away,
            standbys,
            manager,
            doubtful: _,
            readiness,
        } = self;
        if let Some(readiness) = readiness {
            readiness.forget_the_future(now);
        }
        manager.forget_the_future(now);
        *since = since.map(|at| at.unless_ahead(now));
        for out in away.values_mut() {
            out.since = out.since.unless_ahead(now);
        }
        for back in returns.values_mut() {
            back.since = back.since.unless_ahead(now);
        }
        standbys.values_mut().for_each(|standby| standby.forget_the_future(now));
        if let Some(plan) = plan {
            plan.forget_the_future(now);
        }
    }

    /// The region to which a plan under way leads new clients before anything else is moved.
    #[must_use]
    pub fn leads_to(&self) -> Option<&RegionId> {
        let plan = self.under_way()?;
        plan.has_begun(&Step::Prefer {}).then_some(&plan.to)
    }

    /// Whether a person has agreed that the service is where its last plan brings it.
    #[must_use]
    pub fn has_approval(&self) -> bool {
        let is_away = !matches!(self.stage, Stage::Normal | Stage::Suspected);
        let is_good = |plan: &&Plan| matches!(plan.end, None | Some(PlanEnd::Done));
        let plan = self.plan.as_ref().filter(is_good);
        is_away && plan.is_some_and(|plan| plan.is_approved)
    }

    /// The epoch that origins are told; `None` as long as there was no plan.
    #[must_use]
    pub fn told_epoch(&self) -> Option<u64> {
        (self.epoch_in_force > 0).then_some(self.epoch_in_force)
    }

    /// The percentage of its clients that a region has which is up: 0 where it was out and nobody
    /// has let it return yet, and `None` where it has all of them.
    #[must_use]
    pub fn percent_of(&self, region: &RegionId) -> Option<u8> {
        if self.away.contains_key(region) {
            return Some(0);
        }
        self.returns.get(region).map(|back| back.percent).filter(|percent| *percent < ALL_PERCENT)
    }

    /// What people were told that stands in the way of its plan.
    #[must_use]
    pub fn not_ready(&self) -> &[Reason] {
        self.readiness.as_ref().map_or(&[], |readiness| &readiness.told)
    }

    /// The plan that is under way.
    #[must_use]
    pub fn under_way(&self) -> Option<&Plan> {
        self.plan.as_ref().filter(|plan| plan.is_under_way())
    }
}
