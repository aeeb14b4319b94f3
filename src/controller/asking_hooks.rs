//! Whether hooks would work now: dry calls, which change nothing.

use super::Controller;
use super::hooking::LOST_MS;
use crate::ids::{RegionId, ServiceId};
use crate::recovery::{DryAnswer, HookAnswer, HookBody, HookCall, PlanKind, Step, steps};
use crate::time::Timestamp;

/// Most dry calls that wait for their turn. What is beyond them is asked at the next look.
const WAITING_MAX: usize = 24;

impl Controller {
    /// Has those hooks of a service asked whether they would work now that have not been for too
    /// long, or whose last answer is older than the config; under the epoch that a plan would have.
    /// The calls go out with the next turn of their lane; [`Self::dry_answer`] has what was
    /// answered.
    pub(super) fn ask_due_hooks(
        &mut self,
        id: &ServiceId,
        way: (Option<&RegionId>, &RegionId),
        now: Timestamp,
    ) {
        for step in self.hook_steps(id) {
            let is_known = self.dry_answer(id, &step).is_some_and(|it| now < it.again_at());
            let asked_at = self.dry_asked.get(&key(id, &step));
            let is_asked = asked_at.is_some_and(|at| !at.is_ahead(now) && now.since(*at) < LOST_MS);
            if !is_known && !is_asked && self.dry_calls.len() < WAITING_MAX {
                self.ask_hook(id, &step, way, now);
            }
        }
    }

    fn ask_hook(
        &mut self,
        id: &ServiceId,
        step: &Step,
        (from, to): (Option<&RegionId>, &RegionId),
        now: Timestamp,
    ) {
        let Some(hook) = self.hook_of(id, step).cloned() else { return };
        let body = HookBody {
            service: id.clone(),
            epoch: self.next_epoch(id, now),
            step: step.name().to_owned(),
            kind: PlanKind::Failover,
            from: from.cloned(),
            to: Some(to.clone()),
            reason: "would it work now?".to_owned(),
            is_dry: true,
            at: now,
        };
        let is_same = |call: &HookCall| call.service == *id && call.body.step == body.step;
        self.dry_calls.retain(|call| !is_same(call));
        self.dry_asked.insert(key(id, step), now);
        self.dry_calls.push(HookCall { service: id.clone(), index: None, tries: 1, hook, body });
    }

    /// The steps of a failover that are hooks.
    pub(super) fn hook_steps(&self, id: &ServiceId) -> Vec<Step> {
        let Some(service) = self.service_config(id) else { return Vec::new() };
        let steps = steps(PlanKind::Failover, service).into_iter().map(|run| run.step);
        steps.filter(Step::is_hook).collect()
    }

    /// Whether a dry call waits.
    pub(super) fn asks_hooks(&self) -> bool {
        !self.dry_calls.is_empty()
    }

    pub(super) fn end_dry_call(&mut self, call: &HookCall, answer: HookAnswer, now: Timestamp) {
        let problem = match answer {
            HookAnswer::Done { .. } => None,
            HookAnswer::Begun { .. } => Some("it answered 202 to a dry call".to_owned()),
            HookAnswer::Superseded { why }
            | HookAnswer::Again { why, .. }
            | HookAnswer::Failed { why } => Some(why),
        };
        let step = &call.body.step;
        self.dry_asked.remove(&(call.service.clone(), step.clone()));
        if self.service_config(&call.service).is_none() {
            return;
        }
        let Some(recovery) = self.recovery_mut(&call.service) else { return };
        let known = &mut recovery.readiness.get_or_insert_default().hooks;
        let answer = DryAnswer::after(known.get(step), problem, now);
        known.insert(step.clone(), answer);
        // What it says counts now.
        self.looked = None;
    }

    /// What a hook answered to the last dry call under the config in use; `None` if it was not
    /// asked, or did not answer yet.
    #[must_use]
    pub fn dry_answer(&self, id: &ServiceId, step: &Step) -> Option<&DryAnswer> {
        let readiness = self.state.recoveries.get(id)?.readiness.as_ref()?;
        let config_at = self.state.configs.in_use().map(|revision| revision.at);
        let answer = readiness.hooks.get(step.name())?;
        config_at.is_none_or(|at| answer.at >= at).then_some(answer)
    }
}

fn key(id: &ServiceId, step: &Step) -> (ServiceId, String) {
    (id.clone(), step.name().to_owned())
}
