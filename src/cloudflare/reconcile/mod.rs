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
use super::observed::{Observed, Record};
use super::plan::{Circumstances, Urgency, Withheld, WithheldReason, plan};
use super::reply::{ApiFailure, Reply};
use crate::hold::Hold;
use crate::ordered::{Map, Set};
use operation::Operation;

/// The input of a pass.
#[derive(Debug, Clone, Default)]
pub struct PassInput {
    /// The desired state.
    pub desired: Desired,
    /// What the guards know.
    pub circumstances: Circumstances,
    /// The recorded holds.
    pub holds: Set<Hold>,
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
        /// Holds that the change needs.
        holds: Vec<Hold>,
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
    pages: Map<String, Vec<Record>>,
    holds: Set<Hold>,
    /// Holds that the current change added.
    fresh: Vec<Hold>,
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
        let known =
            |zone: &String| wanted.zone_ids.contains_key(zone) && !wanted.zones_due.contains(zone);
        let operations = operation::reads(&wanted.desired, known);
        let PassInput {
            desired, circumstances, holds, zone_ids, denied, allowance, is_dry, ..
        } = wanted;
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
            fresh: Vec::new(),
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
                Operation::Intend { what, holds } => {
                    self.fresh.clear();
                    for hold in &holds {
                        if self.holds.insert(hold.clone()) {
                            self.fresh.push(hold.clone());
                        }
                        self.report.released.remove(hold);
                    }
                    self.report.open.push(what.clone());
                    return Next::Intend { what, holds };
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
                    Ok(None) => self.close(&operation.subject()),
                    Err(why) => {
                        self.close(&operation.subject());
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
        let is_write = operation.is_write();
        let Err(failure) = self.take(operation, reply) else { return };
        if !is_write || failure.is_certain() {
            self.close(&subject);
            // A change that was not made needs no hold.
            self.report.released.extend(self.fresh.drain(..));
        }
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
        self.report.failures.push(told);
    }

    /// Ends the pass before its next change, because its input is out of date.
    pub fn abandon(&mut self, because: String) {
        if let Some(operation) = self.waiting.take() {
            self.close(&operation.subject());
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
        self.close(&operation.subject());
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
        self.close(&operation.subject());
        self.operations.clear();
    }

    /// Closes an intent: the change was made, or certainly was not.
    fn close(&mut self, subject: &str) {
        self.report.open.retain(|what| what != subject);
    }

    fn make_plan(&mut self) {
        self.release_what_is_enabled();
        self.note_seen();
        let mut plan = plan(&self.desired, &self.observed, &self.holds, &self.circumstances);
        self.report.planned = plan.actions.len();
        self.report.is_partial = plan.is_partial;
        self.report.is_planned = true;
        plan.withheld.append(&mut self.report.withheld);
        if self.is_dry {
            self.report.plan = plan;
        } else {
            self.report.withheld = plan.withheld;
            self.operations = operation::writes(plan.actions);
        }
    }

    /// Releases holds whose origin or pool is enabled again, whoever enabled it.
    fn release_what_is_enabled(&mut self) {
        let observed = &self.observed;
        let released = &mut self.report.released;
        self.holds.retain(|hold| {
            let is_over = holds::is_over(hold, observed);
            if is_over {
                released.insert(hold.clone());
            }
            !is_over
        });
    }
}

#[cfg(test)]
mod tests;
