//! How a pass ends before all is done: calls run out, the API cannot be reached, or what the pass
//! was made from is past. Whatever is under way then is still answered.

use super::operation::Operation;
use super::readings::{self, READING_MS_MAX};
use super::step::{Ours, Step};
use super::{Allowance, CallNumber, Reconcile};
use crate::cloudflare::plan::{Urgency, Withheld, WithheldReason};
use crate::cloudflare::reply::ApiFailure;
use crate::time::SECOND;

/// What may still begin, the least first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Begins {
    /// Nothing: the API asks for no calls, or refuses them all.
    Nothing,
    /// Only the read that shows what became of a change whose reply was lost.
    ReadBack,
    /// Everything.
    All,
}

impl Reconcile {
    /// Ends the pass because every call would probably fail like this one.
    pub(super) fn stop(&mut self, failure: &ApiFailure, is_read_back: bool) {
        let may_read_back = matches!(failure, ApiFailure::Lost(_)) && !is_read_back;
        let begins = if may_read_back { Begins::ReadBack } else { Begins::Nothing };
        self.begins = self.begins.min(begins);
    }

    /// Ends the pass before its next change, because its input is out of date. This call, which
    /// [`Reconcile::next_step`] asked for, was not begun.
    pub fn abandon(&mut self, number: CallNumber, because: String) {
        if let Some(step) = self.under_way.remove(&number) {
            self.was_not_made(step);
        }
        self.begins = self.begins.min(Begins::ReadBack);
        let what = "the rest of the plan".to_owned();
        self.report.withheld.push(Withheld { what, why: WithheldReason::Stale, because });
        self.report.put_off = Some(Urgency::Law);
    }

    /// Drops the steps that may not begin any more.
    pub(super) fn drop_what_may_not_begin(&mut self) {
        match self.begins {
            Begins::All => {}
            Begins::ReadBack => {
                self.drop_all(|operation| !matches!(operation, Operation::ReadBack { .. }));
            }
            Begins::Nothing => self.drop_all(|_| true),
        }
    }

    fn drop_all(&mut self, is_dropped: impl Fn(&Operation) -> bool) {
        let (dropped, kept): (Vec<Step>, Vec<Step>) = std::mem::take(&mut self.steps)
            .into_iter()
            .partition(|step| is_dropped(&step.operation));
        self.steps = kept;
        for step in dropped {
            self.was_not_made(step);
        }
    }

    pub(super) fn most_calls(&self, urgency: Option<Urgency>) -> u32 {
        let Allowance { calls, upkeep } = self.allowance;
        if urgency == Some(Urgency::Upkeep) { calls.min(upkeep) } else { calls }
    }

    /// Whether there is a call left for it, beside what those under way will need.
    pub(super) fn has_calls_for(&self, operation: &Operation) -> bool {
        let calls = self.report.calls.saturating_add(self.calls_to_come());
        calls < self.most_calls(operation.urgency())
    }

    /// Ends the pass because it is out of calls; the next pass goes on.
    pub(super) fn put_off(&mut self, step: Step) {
        let operation = &step.operation;
        let has_found_zones = self.report.zone_ids.len() > self.zones_before;
        if operation.urgency().is_none() {
            if self.fresh.is_empty() && !has_found_zones {
                let told = format!(
                    "{} API calls are not enough to read the account: raise \
                     `limits.api_calls_per_pass`",
                    self.report.calls
                );
                self.report.failures.push(told);
            } else if self.too_old > 0 {
                self.report.failures.push(self.too_slow());
            }
        } else if self.report.applied.is_empty()
            && self.fresh.is_empty()
            && operation.urgency() != Some(Urgency::Upkeep)
        {
            self.report.failures.push(self.too_few_for_one_change());
        }
        let urgency = operation.urgency().unwrap_or(Urgency::Law);
        self.report.put_off = Some(self.report.put_off.map_or(urgency, |other| other.min(urgency)));
        self.was_not_made(step);
        self.drop_all(|_| true);
    }

    /// Drops a step whose call was not made.
    pub(super) fn was_not_made(&mut self, step: Step) {
        if step.is_recorded {
            self.certainly_not_made(&step.operation.subject(), step.ours);
        }
    }

    /// Closes an intent whose change certainly was not made: it disabled and enabled nothing.
    pub(super) fn certainly_not_made(&mut self, subject: &str, ours: Ours) {
        let Ours { takes, gives } = ours;
        self.close(subject);
        self.report.holds.dropped.extend(takes);
        for hold in gives {
            self.report.holds.claim(hold);
        }
    }

    fn too_slow(&self) -> String {
        format!(
            "what was read first is older than {} s before all is read: the config needs {} lists, \
             at {} API calls a pass; raise `limits.api_calls_per_pass` or \
             `limits.api_calls_per_5_min`",
            READING_MS_MAX / SECOND,
            readings::units(&self.desired).len(),
            self.allowance.calls
        )
    }

    pub(super) fn too_few_for_one_change(&self) -> String {
        format!(
            "{} API calls are not enough for one change: raise `limits.api_calls_per_pass`",
            self.allowance.calls
        )
    }
}
