//! The report of a pass.

use super::readings::{self, Readings, Unit};
use crate::cloudflare::desired::Desired;
use crate::cloudflare::plan::{Effect, Moved, Plan, Urgency, Withheld};
use crate::hold::HoldChanges;
use crate::ids::ServiceId;
use crate::ordered::{Map, Set};
use crate::other_owner::Looked;
use crate::owned::OwnedRecords;
use crate::state::Left;
use crate::time::{Millis, Timestamp};

/// The grant that every call needs: that the API accepts the token at all.
pub const TOKEN: &str = "an accepted token";

/// What a pass did.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct PassReport {
    /// Zone ids, for the next pass.
    pub zone_ids: Map<String, String>,
    /// Zones that were seen to be active.
    pub zones_seen: Set<String>,
    /// What is remembered of our records, for the next pass.
    pub owned: OwnedRecords,
    /// What others did to records of ours, and what became of it.
    pub looked: Looked,
    /// Whether a plan was made.
    pub is_planned: bool,
    /// The plan of a dry pass.
    pub plan: Plan,
    /// Number of actions in the plan.
    pub planned: usize,
    /// Changes that were made and verified.
    pub applied: Vec<AppliedAction>,
    /// Changes that may have been made: their replies were lost.
    pub open: Vec<String>,
    /// Changes that were withheld.
    pub withheld: Vec<Withheld>,
    /// Whether the next pass may find more to do and should come soon.
    pub is_partial: bool,
    /// The most urgent change that was put off because calls ran out.
    pub put_off: Option<Urgency>,
    /// Failures, in words.
    pub failures: Vec<String>,
    /// Permissions that the token lacks, with the API's message: those that were refused in this
    /// pass, and those that it was told of and did not try.
    pub denied: Map<String, String>,
    /// Permissions of `denied` that were refused in this pass.
    pub refused: Set<String>,
    /// Permissions of `refused` that something urgent needs.
    pub urgent: Set<String>,
    /// Permissions that the token showed to have.
    pub granted: Set<String>,
    /// What was found out about holds.
    pub holds: HoldChanges,
    /// When it began and what the clock showed last, by the machine's clock.
    pub machine: Option<(Timestamp, Timestamp)>,
    /// Accounts that refused a monitor at the interval of the config.
    pub slow_monitors: Set<String>,
    /// How long the API asked us to make no calls.
    pub blocked_ms: Option<Millis>,
    /// Records of each zone that changed without a failure behind it.
    pub zone_changes: Map<String, u32>,
    /// What failovers took away.
    pub moved: Moved,
    /// What was taken away before and is back, or need not come back.
    pub returned: Moved,
    /// Number of calls made.
    pub calls: u32,
    /// What the next pass may go on from; empty if this one came to its end.
    pub readings: Readings,
    /// How the account is at the end; empty if the pass did not come to its end.
    pub seen: Readings,
    /// The instant of the oldest reading that the plan was made from.
    pub as_of: Timestamp,
    /// How much is left.
    pub left: Left,
}

/// How much is left after a pass that has read this and reports that.
pub(super) fn left(desired: &Desired, read: &Map<Unit, Timestamp>, report: &PassReport) -> Left {
    let units = readings::units(desired);
    let unread = units.iter().filter(|unit| !read.contains_key(*unit)).count();
    let undone = report.planned.saturating_sub(report.applied.len());
    let count = |count: usize| u32::try_from(count).unwrap_or(u32::MAX);
    let undone = if report.is_planned { count(undone) } else { u32::MAX };
    Left { unread: count(unread), undone }
}

/// One change that was made and verified.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AppliedAction {
    /// The change, in words.
    pub what: String,
    /// The service that it was made for.
    pub service: Option<ServiceId>,
    /// How urgent it was.
    pub urgency: Urgency,
    /// Its effect on traffic.
    pub effect: Effect,
    /// When the API's reply confirmed it.
    pub at: Timestamp,
}
