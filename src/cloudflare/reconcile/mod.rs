//! One comparison with the account, as a conversation.
//!
//! [`Reconcile::next_step`] says what to do: write an intent down, make a call, or stop.
//! [`Reconcile::answer`] takes the reply of that call. First everything is read, then the plan is
//! made once, then its actions follow, the most urgent first. A failure of one object leaves the
//! others alone; one that every call would meet ends the pass; a missing permission ends what needs
//! it. Nothing is repeated here: a pass that failed is made again later, from a fresh reading, and
//! ends in the same state as one that did not.

mod bodies;
mod holds;
mod operation;
mod reading;
mod report;
mod rows;
mod writing;

pub use report::{AppliedAction, PassReport};

use super::call::Call;
use super::desired::Desired;
use super::observed::{Observed, Record};
use super::plan::{Circumstances, Urgency, Withheld, WithheldReason, plan};
use super::reply::{ApiFailure, Reply};
use crate::hold::Hold;
use crate::ordered::{Map, Set};
use operation::Operation;

/// What a pass begins with.
#[derive(Debug, Clone, Default)]
pub struct PassInput {
    /// What is to be so.
    pub desired: Desired,
    /// What the guards look at.
    pub circumstances: Circumstances,
    /// The holds that are written down.
    pub holds: Set<Hold>,
    /// Ids of zones that are known, by name.
    pub zone_ids: Map<String, String>,
    /// Permissions that the token was found not to have: what needs them is not tried.
    pub denied: Map<String, String>,
    /// How many calls may be made.
    pub allowance: Allowance,
    /// Whether to stop once the plan is made.
    pub is_dry: bool,
}

/// How many calls may be made in one pass.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Allowance {
    /// In all.
    pub calls: u32,
    /// Upkeep is put off once so many have been made.
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
    /// Write down what is about to be done, so that it survives, then ask again.
    Intend {
        /// What it is.
        what: String,
        /// What we may undo once it is done.
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
    /// Pages of records that are not all there yet, by zone.
    pages: Map<String, Vec<Record>>,
    holds: Set<Hold>,
    /// Those that the change under way has added.
    fresh: Vec<Hold>,
    allowance: Allowance,
    is_dry: bool,
    /// What is still to do, the next of it last.
    operations: Vec<Operation>,
    waiting: Option<Operation>,
    report: PassReport,
}

impl Reconcile {
    /// Begins a pass.
    #[must_use]
    pub fn new(wanted: PassInput) -> Self {
        let operations = operation::reads(&wanted.desired, &wanted.zone_ids);
        let PassInput { desired, circumstances, holds, zone_ids, denied, allowance, is_dry } =
            wanted;
        let report = PassReport { zone_ids: zone_ids.clone(), denied, ..PassReport::default() };
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
                    // What it needs was not found, which was reported then.
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
            // What was not done is nothing to undo.
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

    /// Ends the pass before its next change, because what it was made from no longer holds.
    pub fn abandon(&mut self, because: String) {
        if let Some(operation) = self.waiting.take() {
            self.close(&operation.subject());
        }
        self.operations.clear();
        let what = "what is left of the plan".to_owned();
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

    /// Ends the pass for want of calls: the next one goes on from here.
    fn put_off(&mut self, operation: &Operation) {
        if operation.urgency().is_none() {
            let told =
                format!("{} calls are too few to read what is to be compared", self.report.calls);
            self.report.failures.push(told);
        } else if self.report.applied.is_empty() && operation.urgency() != Some(Urgency::Upkeep) {
            let told = format!("{} calls are too few for one change", self.report.calls);
            self.report.failures.push(told);
        }
        let urgency = operation.urgency().unwrap_or(Urgency::Law);
        self.report.put_off = Some(self.report.put_off.map_or(urgency, |other| other.min(urgency)));
        self.close(&operation.subject());
        self.operations.clear();
    }

    /// What was intended was done, or certainly not: there is nothing to look after.
    fn close(&mut self, subject: &str) {
        self.report.open.retain(|what| what != subject);
    }

    fn make_plan(&mut self) {
        self.release_what_is_enabled();
        let plan = plan(&self.desired, &self.observed, &self.holds, &self.circumstances);
        self.report.planned = plan.actions.len();
        self.report.is_partial = plan.is_partial;
        self.report.is_planned = true;
        if self.is_dry {
            self.report.plan = plan;
        } else {
            self.report.withheld.extend(plan.withheld);
            self.operations = operation::writes(plan.actions);
        }
    }

    /// A hold is over once what it is about is seen enabled, whoever enabled it.
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
