//! Hooks: which are to be called now, and what became of it.
//!
//! That a hook is being called is saved before the call. Whoever finds it so after a crash calls
//! again, under the same id, and the hook answers what it answered, or would have.

use super::Controller;
use crate::config::Hook;
use crate::ids::ServiceId;
use crate::outgoing::Outcome;
use crate::recovery::{HookAnswer, HookBody, HookCall, Plan, PlanEnd, Step, StepState, backoff_ms};
use crate::time::{Millis, SECOND, Timestamp};

/// Most calls at once.
pub const HOOKS_AT_ONCE_MAX: usize = 4;
/// After how long without its end a call is taken for lost: longer than its timeout, and than a
/// lane may be silent.
pub(super) const LOST_MS: Millis = 31 * SECOND;

impl Controller {
    /// Whatever was being called is not any more: the work ended without a word. To be asked before
    /// the first of [`Controller::begin_hooks`] of a turn.
    pub fn recover_hooks(&mut self) {
        let plans = self.state.recoveries.values_mut().filter_map(|it| it.plan.as_mut());
        for run in plans.flat_map(|plan| &mut plan.steps) {
            run.calling_since = None;
        }
    }

    /// Whether a hook may have to be called.
    pub(super) fn may_call_hooks(&self) -> bool {
        let mut recoveries = self.state.recoveries.values();
        !self.dry_calls.is_empty() || recoveries.any(|recovery| recovery.under_way().is_some())
    }

    /// What to call now, at most so many and [`HOOKS_AT_ONCE_MAX`]. It is to be saved first. What
    /// plans call goes before the question whether one would work.
    pub fn begin_hooks(&mut self, most: usize, now: Timestamp) -> Vec<HookCall> {
        let most = most.min(HOOKS_AT_ONCE_MAX);
        let mut calls = Vec::new();
        let ids: Vec<ServiceId> = self.state.recoveries.keys().cloned().collect();
        for id in ids {
            let plan = self.plan_of(&id).filter(|plan| !self.is_resting(&id, plan, now));
            let Some(plan) = plan else { continue };
            for index in plan.turn() {
                if calls.len() < most {
                    calls.extend(self.begin_hook(&id, index, now));
                }
            }
        }
        let left = most.saturating_sub(calls.len()).min(self.dry_calls.len());
        calls.extend(self.dry_calls.drain(..left));
        calls
    }

    fn begin_hook(&mut self, id: &ServiceId, index: usize, now: Timestamp) -> Option<HookCall> {
        let plan = self.plan_of(id)?.clone();
        let run = plan.steps.get(index)?;
        let is_due = run.not_before.is_none_or(|at| at <= now)
            && run.deadline.is_none_or(|at| now < at)
            && run.calling_since.is_none()
            && run.state == StepState::Running;
        if !is_due {
            return None;
        }
        let hook = self.hook_of(id, &run.step)?.clone();
        let run = self.step_mut(id, index)?;
        run.tries = run.tries.saturating_add(1);
        run.calling_since = Some(now);
        let (tries, step) = (run.tries, run.step.name().to_owned());
        let body = body(id, &plan, step);
        Some(HookCall { service: id.clone(), index: Some(index), tries, hook, body })
    }

    /// The hook that does a step, as the config has it now.
    pub(super) fn hook_of(&self, id: &ServiceId, step: &Step) -> Option<&Hook> {
        let failover = &self.service_config(id)?.failover;
        match step {
            Step::Fence {} => failover.promote.as_ref()?.fence.as_ref(),
            Step::Promote {} => failover.promote.as_ref().map(|promote| &promote.hook),
            Step::Hook { name } => {
                failover.steps.iter().find(|step| step.name == *name).map(|step| &step.hook)
            }
            _ => None,
        }
    }

    /// Notes how a call ended.
    pub fn end_hook(&mut self, call: &HookCall, outcome: &Outcome, now: Timestamp) {
        let answer = HookAnswer::of(outcome);
        match call.index {
            Some(index) => self.end_step_call(call, index, answer, now),
            None => self.end_dry_call(call, answer, now),
        }
        self.settle(now);
    }

    /// An answer counts for its own plan alone, and while the step is not over. That of a try which
    /// was given up for lost counts if it is final.
    fn end_step_call(&mut self, call: &HookCall, index: usize, answer: HookAnswer, now: Timestamp) {
        let id = &call.service;
        let Some(plan) = self.plan_mut(id).filter(|plan| plan.epoch == call.body.epoch) else {
            return;
        };
        let Some(run) = plan.steps.get_mut(index).filter(|run| !run.is_over()) else { return };
        let is_current = run.tries == call.tries && run.calling_since.is_some();
        if is_current {
            run.calling_since = None;
        }
        match answer {
            HookAnswer::Done { said } => {
                self.step_done(id, index, said, now);
            }
            HookAnswer::Superseded { why } => {
                self.step_failed(id, index, PlanEnd::Refused, &why, now);
            }
            _ if !is_current => {}
            HookAnswer::Begun { after_ms, said } => {
                (run.failures, run.said) = (0, said.or(run.said.take()));
                run.not_before = Some(now.plus(after_ms));
            }
            HookAnswer::Again { after_ms, why } => {
                run.failures = run.failures.saturating_add(1);
                run.not_before = Some(now.plus(backoff_ms(run.failures, after_ms)));
                run.said = Some(why);
            }
            HookAnswer::Failed { why } => {
                self.step_failed(id, index, PlanEnd::Failed, &why, now);
            }
        }
    }
}

fn body(id: &ServiceId, plan: &Plan, step: String) -> HookBody {
    HookBody {
        service: id.clone(),
        epoch: plan.epoch,
        step,
        kind: plan.kind,
        from: plan.from.clone(),
        to: Some(plan.to.clone()),
        reason: plan.why.clone(),
        is_dry: false,
        at: plan.began,
    }
}
