//! One comparison with the account, as a conversation.
//!
//! [`Reconcile::next_step`] says what to do: write an intent down, make a call, or stop.
//! [`Reconcile::answer`] takes the reply of that call. First everything is read, then the plan is
//! made once, then its actions follow, the most urgent first. A failure of one object leaves the
//! others alone; one that every call would meet ends the pass; a missing permission ends what needs
//! it. Nothing is repeated here: a pass that failed is made again later, from a fresh reading, and
//! ends in the same state as one that did not.

mod bodies;
mod reading;
mod report;
mod step;
mod writing;

pub use report::{Done, Report};

use super::call::Call;
use super::desired::Desired;
use super::observed::{Observed, Record};
use super::plan::{Circumstances, Urgency, Why, Withheld, plan};
use super::reply::{Failure, Reply};
use crate::hold::Hold;
use crate::ordered::{Map, Set};
use step::Step;

/// What a pass begins with.
#[derive(Debug, Clone, Default)]
pub struct Wanted {
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
    steps: Vec<Step>,
    waiting: Option<Step>,
    report: Report,
}

impl Reconcile {
    /// Begins a pass.
    #[must_use]
    pub fn new(wanted: Wanted) -> Self {
        let steps = step::reads(&wanted.desired, &wanted.zone_ids);
        let Wanted { desired, circumstances, holds, zone_ids, denied, allowance, is_dry } = wanted;
        let report = Report { zone_ids: zone_ids.clone(), denied, ..Report::default() };
        Self {
            desired,
            circumstances,
            observed: Observed { zone_ids, ..Observed::default() },
            pages: Map::new(),
            holds,
            fresh: Vec::new(),
            allowance,
            is_dry,
            steps,
            waiting: None,
            report,
        }
    }

    /// What to do next.
    pub fn next_step(&mut self) -> Next {
        while let Some(step) = self.steps.pop() {
            match step {
                Step::Plan => self.make_plan(),
                Step::Intend { what, holds } => {
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
                step if self.is_denied(&step) => {}
                step => match self.call(&step) {
                    Ok(Some(call)) => {
                        if self.report.calls >= self.most_calls(&step) {
                            self.put_off(&step);
                            return Next::Done;
                        }
                        self.report.calls += 1;
                        self.waiting = Some(step);
                        return Next::Call(call);
                    }
                    // What it needs was not found, which was reported then.
                    Ok(None) => self.close(&step.subject()),
                    Err(why) => {
                        self.close(&step.subject());
                        self.report.failures.push(format!("{}: {why}", step.subject()));
                    }
                },
            }
        }
        Next::Done
    }

    /// Takes the reply of the call that [`Reconcile::next_step`] asked for.
    pub fn answer(&mut self, reply: &Reply) {
        let Some(step) = self.waiting.take() else { return };
        let (subject, grant) = (step.subject(), step.grant());
        let is_write = step.is_write();
        let Err(failure) = self.take(step, reply) else { return };
        if !is_write || failure.is_certain() {
            self.close(&subject);
            // What was not done is nothing to undo.
            self.report.released.extend(self.fresh.drain(..));
        }
        let told = format!("{subject}: {failure}");
        match &failure {
            Failure::RateLimited { retry_after_ms } => {
                self.report.blocked_ms = Some(*retry_after_ms);
            }
            Failure::NotPermitted { .. } => {
                self.report.denied.insert(grant, told.clone());
            }
            _ => {}
        }
        if failure.stops_everything() {
            self.steps.clear();
        }
        self.report.failures.push(told);
    }

    /// Ends the pass before its next change, because what it was made from no longer holds.
    pub fn abandon(&mut self, because: String) {
        if let Some(step) = self.waiting.take() {
            self.close(&step.subject());
        }
        self.steps.clear();
        let what = "what is left of the plan".to_owned();
        self.report.withheld.push(Withheld { what, why: Why::Stale, because });
        self.report.put_off = Some(Urgency::Law);
    }

    /// Ends the pass.
    #[must_use]
    pub fn finish(self) -> Report {
        self.report
    }

    fn is_denied(&mut self, step: &Step) -> bool {
        let Some(told) = self.report.denied.get(&step.grant()) else { return false };
        let told = told.clone();
        if !self.report.failures.contains(&told) {
            self.report.failures.push(told);
        }
        self.close(&step.subject());
        true
    }

    fn most_calls(&self, step: &Step) -> u32 {
        let Allowance { calls, upkeep } = self.allowance;
        if step.urgency() == Some(Urgency::Upkeep) { calls.min(upkeep) } else { calls }
    }

    /// Ends the pass for want of calls: the next one goes on from here.
    fn put_off(&mut self, step: &Step) {
        if step.urgency().is_none() {
            let told =
                format!("{} calls are too few to read what is to be compared", self.report.calls);
            self.report.failures.push(told);
        } else if self.report.applied.is_empty() && step.urgency() != Some(Urgency::Upkeep) {
            let told = format!("{} calls are too few for one change", self.report.calls);
            self.report.failures.push(told);
        }
        let urgency = step.urgency().unwrap_or(Urgency::Law);
        self.report.put_off = Some(self.report.put_off.map_or(urgency, |other| other.min(urgency)));
        self.close(&step.subject());
        self.steps.clear();
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
            self.steps = step::writes(plan.actions);
        }
    }

    /// A hold is over once what it is about is seen enabled, whoever enabled it.
    fn release_what_is_enabled(&mut self) {
        let observed = &self.observed;
        let released = &mut self.report.released;
        self.holds.retain(|hold| {
            let is_over = writing::is_over(hold, observed);
            if is_over {
                released.insert(hold.clone());
            }
            !is_over
        });
    }
}

#[cfg(test)]
mod tests;
