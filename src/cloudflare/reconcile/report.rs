//! The report of a pass.

use crate::cloudflare::plan::{Effect, Plan, Urgency, Withheld};
use crate::hold::HoldChanges;
use crate::ids::ServiceId;
use crate::ordered::{Map, Set};
use crate::owned::OwnedRecords;
use crate::time::{Millis, Timestamp};

/// What a pass did.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct PassReport {
    /// Zone ids, for the next pass.
    pub zone_ids: Map<String, String>,
    /// Zones that were seen to be active.
    pub zones_seen: Set<String>,
    /// What is remembered of our records, for the next pass.
    pub owned: OwnedRecords,
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
    /// Permissions that the token lacks, with the API's message.
    pub denied: Map<String, String>,
    /// What was found out about holds.
    pub holds: HoldChanges,
    /// When it began and what the clock showed last, by the machine's clock.
    pub machine: Option<(Timestamp, Timestamp)>,
    /// Accounts that refused a monitor at the interval of the config.
    pub slow_monitors: Set<String>,
    /// How long the API asked us to make no calls.
    pub blocked_ms: Option<Millis>,
    /// Number of calls made.
    pub calls: u32,
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
}
