//! One pass over the account, as a conversation.
//!
//! [`Reconcile::next_step`] says what to do next: record an intent, make a call, or stop.
//! [`Reconcile::answer`] takes the reply to that call. A pass reads everything, makes the plan
//! once, and then carries out its actions, the most urgent first. If one object fails, the others
//! go on. If every call would fail, the pass ends. If a permission is missing, only what needs it
//! is skipped. Nothing is retried here: the next pass reads the account anew and ends in the same
//! state.

mod bodies;
mod holds;
mod monitors;
mod notes;
mod operation;
mod reading;
mod report;
mod rows;
mod writing;
mod zones;

pub use report::{AppliedAction, PassReport};

use super::call::Call;
use super::desired::Desired;
use super::observed::Observed;
use super::plan::{Circumstances, Urgency, Withheld, WithheldReason, plan};
use super::reply::{ApiFailure, Reply};
use crate::hold::{Claim, Hold};
use crate::ordered::{Map, Set};
use crate::time::Timestamp;
use holds::Found;
use operation::Operation;
use reading::Listing;

/// The input of a pass.
#[derive(Debug, Clone, Default)]
pub struct PassInput {
    /// The desired state.
    pub desired: Desired,
    /// What the guards know.
    pub circumstances: Circumstances,
    /// The recorded holds.
    pub holds: Set<Hold>,
    /// Holds that are not proved.
    pub claims: Vec<Claim>,
    /// Accounts that refused a monitor at the interval of the config.
    pub slow_monitors: Set<String>,
    /// Known zone ids, by name.
    pub zone_ids: Map<String, String>,
    /// Known zones whose status is to be looked at again.
    pub zones_due: Set<String>,
    /// Permissions that the token lacks: what needs them is not tried.
    pub denied: Map<String, String>,
    /// How many calls the pass may make.
    pub allowance: Allowance,
    /// Whether to stop after planning.
    pub is_dry: bool,
}

/// How many calls one pass may make.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Allowance {
    /// In total.
    pub calls: u32,
    /// Upkeep is put off after this many.
    pub upkeep: u32,
}

impl Default for Allowance {
    fn default() -> Self {
        Self { calls: u32::MAX, upkeep: u32::MAX }
    }
}

/// What to do next.
#[derive(Debug, Clone, PartialEq)]
pub enum Next {
    /// Record the intent durably, then ask again.
    Intend {
        /// The change, in words.
        what: String,
        /// What the change disables and we do not hold yet: claims until it is proved.
        takes: Vec<Hold>,
        /// What we hold and the change enables: claims again until a reply shows it.
        gives: Vec<Hold>,
    },
    /// Make this call and bring the reply to [`Reconcile::answer`].
    Call(Call),
    /// The pass is over.
    Done,
}

/// One pass.
#[derive(Debug)]
pub struct Reconcile {
    desired: Desired,
    circumstances: Circumstances,
    observed: Observed,
    /// Records of zones whose pages are not all read yet.
    pages: Map<String, Listing>,
    holds: Set<Hold>,
    claims: Vec<Claim>,
    /// What the current change would newly hold, and what it gives back.
    takes: Vec<Hold>,
    gives: Vec<Hold>,
    /// Monitors that are slower than the config asks for.
    slowed: Vec<Withheld>,
    allowance: Allowance,
    is_dry: bool,
    /// Operations that are left, the next one last.
    operations: Vec<Operation>,
    waiting: Option<Operation>,
    report: PassReport,
}

impl Reconcile {
    /// Begins a pass.
    #[must_use]
    pub fn new(wanted: PassInput) -> Self {
        let PassInput { mut desired, circumstances, holds, claims, zone_ids, zones_due, .. } =
            wanted;
        let PassInput { slow_monitors, denied, allowance, is_dry, .. } = wanted;
        let is_known = |zone: &String| zone_ids.contains_key(zone) && !zones_due.contains(zone);
        let operations = operation::reads(&desired, is_known, &holds, &claims);
        let slowed = monitors::slow(&mut desired.monitors, &slow_monitors);
        let report = PassReport {
            zone_ids: zone_ids.clone(),
            owned: circumstances.owned.clone(),
            denied,
            ..PassReport::default()
        };
        Self {
            desired,
            circumstances,
            observed: Observed { zone_ids, ..Observed::default() },
            pages: Map::new(),
            holds,
            claims,
            takes: Vec::new(),
            gives: Vec::new(),
            slowed,
            allowance,
            is_dry,
            operations,
            waiting: None,
            report,
        }
    }

    /// What to do next.
    pub fn next_step(&mut self) -> Next {
        while let Some(operation) = self.operations.pop() {
            match operation {
                Operation::Plan => self.make_plan(),
                Operation::Intend { what, takes, gives } => {
                    let is_held = |hold: &Hold| self.holds.contains(hold);
                    let takes: Vec<Hold> = takes.into_iter().filter(|h| !is_held(h)).collect();
                    let gives: Vec<Hold> = gives.into_iter().filter(|h| is_held(h)).collect();
                    for hold in takes.iter().chain(&gives) {
                        self.report.holds.begin(hold);
                    }
                    (self.takes, self.gives) = (takes.clone(), gives.clone());
                    self.report.open.push(what.clone());
                    return Next::Intend { what, takes, gives };
                }
                operation if self.is_denied(&operation) => {}
                operation => match self.call(&operation) {
                    Ok(Some(call)) => {
                        if self.report.calls >= self.most_calls(&operation) {
                            self.put_off(&operation);
                            return Next::Done;
                        }
                        self.report.calls += 1;
                        self.waiting = Some(operation);
                        return Next::Call(call);
                    }
                    // Something that it needs was not found, which is already reported.
                    Ok(None) => self.was_not_made(&operation.subject()),
                    Err(why) => {
                        self.was_not_made(&operation.subject());
                        self.report.failures.push(format!("{}: {why}", operation.subject()));
                    }
                },
            }
        }
        Next::Done
    }

    /// Takes the reply of the call that [`Reconcile::next_step`] asked for.
    pub fn answer(&mut self, reply: &Reply) {
        let Some(operation) = self.waiting.take() else { return };
        let (subject, grant) = (operation.subject(), operation.grant());
        let (is_write, change) = (operation.is_write(), operation.pool_change());
        let Err(failure) = self.take(operation, reply) else { return };
        if !is_write || failure.is_certain() {
            self.was_not_made(&subject);
        }
        let read_back = self.read_back(change);
        let told = format!("{subject}: {failure}");
        match &failure {
            ApiFailure::RateLimited { retry_after_ms } => {
                self.report.blocked_ms = Some(*retry_after_ms);
            }
            ApiFailure::NotPermitted { .. } => {
                self.report.denied.insert(grant, told.clone());
            }
            _ => {}
        }
        if failure.stops_everything() {
            self.operations.clear();
        }
        self.operations.extend(read_back);
        self.report.failures.push(told);
    }

    /// The read that follows a change of a pool of which nobody knows whether it was made.
    fn read_back(&mut self, change: Option<(String, Urgency)>) -> Option<Operation> {
        let (takes, gives) = (std::mem::take(&mut self.takes), std::mem::take(&mut self.gives));
        let (id, urgency) = change?;
        let is_needed = !takes.is_empty() || !gives.is_empty();
        is_needed.then_some(Operation::ReadBack { id, takes, gives, urgency })
    }

    /// Tells the pass what the machine's clock shows. Claims go by it, because they are compared
    /// with instants of the API; the clock of a run may be ahead of both.
    pub fn tell_time(&mut self, machine: Timestamp) {
        let (began, _) = self.report.machine.unwrap_or((machine, machine));
        self.report.machine = Some((began, machine));
    }

    /// Ends the pass before its next change, because its input is out of date.
    pub fn abandon(&mut self, because: String) {
        if let Some(operation) = self.waiting.take() {
            self.was_not_made(&operation.subject());
        }
        self.operations.clear();
        let what = "the rest of the plan".to_owned();
        self.report.withheld.push(Withheld { what, why: WithheldReason::Stale, because });
        self.report.put_off = Some(Urgency::Law);
    }

    /// Ends the pass.
    #[must_use]
    pub fn finish(self) -> PassReport {
        self.report
    }

    fn is_denied(&mut self, operation: &Operation) -> bool {
        let Some(told) = self.report.denied.get(&operation.grant()) else { return false };
        let told = told.clone();
        if !self.report.failures.contains(&told) {
            self.report.failures.push(told);
        }
        self.was_not_made(&operation.subject());
        true
    }

    fn most_calls(&self, operation: &Operation) -> u32 {
        let Allowance { calls, upkeep } = self.allowance;
        if operation.urgency() == Some(Urgency::Upkeep) { calls.min(upkeep) } else { calls }
    }

    /// Ends the pass because it is out of calls; the next pass goes on.
    fn put_off(&mut self, operation: &Operation) {
        if operation.urgency().is_none() {
            let told =
                format!("{} API calls are not enough to read the account", self.report.calls);
            self.report.failures.push(told);
        } else if self.report.applied.is_empty() && operation.urgency() != Some(Urgency::Upkeep) {
            let told = format!("{} API calls are not enough for one change", self.report.calls);
            self.report.failures.push(told);
        }
        let urgency = operation.urgency().unwrap_or(Urgency::Law);
        self.report.put_off = Some(self.report.put_off.map_or(urgency, |other| other.min(urgency)));
        self.was_not_made(&operation.subject());
        self.operations.clear();
    }

    /// Closes an intent whose change certainly was not made: it disabled and enabled nothing.
    fn was_not_made(&mut self, subject: &str) {
        self.close(subject);
        self.report.holds.dropped.extend(self.takes.drain(..));
        for hold in std::mem::take(&mut self.gives) {
            self.report.holds.claim(hold);
        }
    }

    /// Closes an intent: the change was made, or certainly was not.
    fn close(&mut self, subject: &str) {
        self.report.open.retain(|what| what != subject);
    }

    fn make_plan(&mut self) {
        self.judge_claims();
        self.release_what_is_enabled();
        self.note_seen();
        let mut plan = plan(&self.desired, &self.observed, &self.holds, &self.circumstances);
        self.report.planned = plan.actions.len();
        self.report.is_partial = plan.is_partial;
        self.report.is_planned = true;
        plan.withheld.append(&mut self.report.withheld);
        let doubtful = self.claims.iter().map(|claim| holds::told(claim, &self.observed));
        plan.withheld.extend(doubtful);
        plan.withheld.append(&mut self.slowed);
        if self.is_dry {
            self.report.plan = plan;
        } else {
            self.report.withheld = plan.withheld;
            self.operations = operation::writes(plan.actions);
        }
    }

    /// Decides about claims by what was read. Those that are left are doubtful.
    fn judge_claims(&mut self) {
        for claim in std::mem::take(&mut self.claims) {
            let now = self.report.machine.map_or(Timestamp::default(), |(_, now)| now);
            match holds::found(&claim, &self.observed, now) {
                Found::Open => {}
                Found::Ours => {
                    self.holds.insert(claim.hold.clone());
                    self.report.holds.claim(claim.hold);
                }
                Found::Doubtful => {
                    self.report.holds.doubtful.insert(claim.hold.clone());
                    self.claims.push(claim);
                }
                Found::Over => drop(self.report.holds.dropped.insert(claim.hold)),
            }
        }
    }

    /// Releases holds whose origin or pool is enabled again, whoever enabled it.
    fn release_what_is_enabled(&mut self) {
        let (observed, report) = (&self.observed, &mut self.report);
        self.holds.retain(|hold| {
            let is_over = holds::is_over(hold, observed);
            if is_over {
                report.holds.release(hold.clone());
            }
            !is_over
        });
    }
}

#[cfg(test)]
mod tests;
