//! What a pass did, and what it found.

use crate::cloudflare::plan::{Plan, Urgency, Withheld};
use crate::hold::Hold;
use crate::ids::ServiceId;
use crate::ordered::{Map, Set};
use crate::time::Millis;

/// What a pass did.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct PassReport {
    /// Zone ids that were looked up, for the next pass.
    pub zone_ids: Map<String, String>,
    /// Whether everything that could be read was read and a plan was made of it.
    pub is_planned: bool,
    /// The plan, where it was only to be shown.
    pub plan: Plan,
    /// How many actions were in the plan.
    pub planned: usize,
    /// Changes that were made and confirmed.
    pub applied: Vec<AppliedAction>,
    /// Changes that may have been made: no reply said so.
    pub open: Vec<String>,
    /// What was deliberately not done.
    pub withheld: Vec<Withheld>,
    /// The next pass may find more to do, so there should be one soon.
    pub is_partial: bool,
    /// The most urgent of what was left for the next pass for want of calls.
    pub put_off: Option<Urgency>,
    /// What went wrong.
    pub failures: Vec<String>,
    /// Permissions that the token does not have, with what the API said.
    pub denied: Map<String, String>,
    /// Holds that are over: what they are about is enabled.
    pub released: Set<Hold>,
    /// No call should be made for this long, because the API said so.
    pub blocked_ms: Option<Millis>,
    /// Calls that were made.
    pub calls: u32,
}

/// One change that was made and confirmed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AppliedAction {
    /// What it was.
    pub what: String,
    /// The service that it was for.
    pub service: Option<ServiceId>,
    /// How urgent it was.
    pub urgency: Urgency,
}
