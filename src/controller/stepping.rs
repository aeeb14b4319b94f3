//! How plans go on, step by step.
//!
//! A plan is looked at whenever anything may have changed: with each round, act, answer and alarm.
//! Whatever a step does is saved before anybody outside hears of it, and each step finds done what
//! is done. So it makes no difference where a crash comes, or how often a plan is looked at.

mod ends;

use super::Controller;
use super::actuation::is_settled;
use super::planning::{is_halted, is_still};
use crate::health::Health;
use crate::ids::{RegionId, ServiceId};
use crate::journal::{EventKind, lasted};
use crate::recovery::gate::GateVerdict;
use crate::recovery::{Plan, PlanEnd, PlanKind, Step, StepRun, StepState};
use crate::routes;
use crate::time::{MINUTE, Millis, SECOND, Timestamp};
use crate::view::{RegionStanding, ServiceStanding, View};

/// How long a gate may wait before it refuses.
pub const GATE_MS_MAX: Millis = 10 * MINUTE;
/// How long it is waited for what has to be acknowledged.
pub const PUBLISH_MS_MAX: Millis = 10 * MINUTE;
/// How long it is waited for the service to answer at its new place.
pub const VERIFY_MS_MAX: Millis = 5 * MINUTE;
/// Until requests that were under way when new clients were led away have reached their origin.
pub const FLIP_MS: Millis = 300;
/// How long clients keep a connection that they do not use: pools give them back within this.
pub const POOLED_MS: Millis = 6 * SECOND;
/// Until proxies have the table that leads clients away. Source: `shell::routes` asks every 30 s.
pub const PROXIES_MS: Millis = 30 * SECOND;

/// What is said of a step that goes on without what it waited for.
const UNACKNOWLEDGED: &str = "not acknowledged in time; see `pointsman status`";

/// Most steps that end at one look. More than any plan has.
const STEPS_AT_ONCE_MAX: usize = 64;

impl Controller {
    /// Begins the plans that are due, and takes those under way as far as they go now.
    pub(super) fn follow_plans(&mut self, now: Timestamp) {
        let Some(config) = &self.config else { return };
        let ids: Vec<ServiceId> = config.services.keys().cloned().collect();
        self.end_plans_without_service(&ids, now);
        for id in ids {
            self.begin_due_plan(&id, now);
            for _ in 0..STEPS_AT_ONCE_MAX {
                if !self.advance(&id, now) {
                    break;
                }
            }
        }
    }

    fn end_plans_without_service(&mut self, known: &[ServiceId], now: Timestamp) {
        let recoveries = self.state.recoveries.iter();
        let gone = recoveries.filter(|(id, it)| it.under_way().is_some() && !known.contains(id));
        let gone: Vec<ServiceId> = gone.map(|(id, _)| id.clone()).collect();
        for id in gone {
            self.end_plan(&id, PlanEnd::Aborted, Some("the config no longer has it"), now);
        }
    }

    pub(super) fn plan_of(&self, id: &ServiceId) -> Option<&Plan> {
        self.state.recoveries.get(id)?.under_way()
    }

    pub(super) fn plan_mut(&mut self, id: &ServiceId) -> Option<&mut Plan> {
        let plan = self.state.recoveries.get_mut(id)?.plan.as_mut();
        plan.filter(|plan| plan.is_under_way())
    }

    pub(super) fn step_mut(&mut self, id: &ServiceId, index: usize) -> Option<&mut StepRun> {
        self.plan_mut(id)?.steps.get_mut(index)
    }

    /// Takes a plan one look further. Returns whether anything has changed.
    fn advance(&mut self, id: &ServiceId, now: Timestamp) -> bool {
        let Some(plan) = self.plan_of(id).cloned() else { return false };
        if self.rests(id, &plan, now) {
            return false;
        }
        // What was paused has later deadlines now.
        let Some(plan) = self.plan_of(id).cloned() else { return false };
        if let Some(why) = self.is_moot(id, &plan, now) {
            self.end_plan(id, PlanEnd::Aborted, Some(&why), now);
            return true;
        }
        let turn = plan.turn();
        if turn.is_empty() {
            self.end_plan(id, PlanEnd::Done, None, now);
            return true;
        }
        let mut has_moved = false;
        for index in turn {
            let Some(run) = plan.steps.get(index) else { continue };
            has_moved |= match run.state {
                StepState::Waiting => self.begin_step(id, &plan, index, now),
                _ => self.follow_step(id, &plan, index, now),
            };
            if self.plan_of(id).is_none() {
                return true;
            }
        }
        has_moved
    }

    /// Whether nothing of a plan moves now. What is begun has to be ended, also while nobody knows
    /// what is down; but not against the word of a person.
    pub(super) fn is_resting(&self, id: &ServiceId, plan: &Plan, now: Timestamp) -> bool {
        let Some(view) = self.view(now) else { return true };
        is_halted(&view, id) || (is_still(&view, id) && !plan.is_irrevocable())
    }

    /// The same. What was paused gets its time back.
    fn rests(&mut self, id: &ServiceId, plan: &Plan, now: Timestamp) -> bool {
        let rests = self.is_resting(id, plan, now);
        let Some(plan) = self.plan_mut(id) else { return true };
        match (rests, plan.paused_since) {
            (true, None) => plan.paused_since = Some(now),
            (false, Some(since)) => {
                plan.paused_since = None;
                for run in &mut plan.steps {
                    run.deadline = run.deadline.map(|at| at.plus(now.since(since)));
                }
            }
            _ => {}
        }
        rests
    }

    /// Why a plan has no purpose any more, as long as nothing was done that has to be ended.
    fn is_moot(&self, id: &ServiceId, plan: &Plan, now: Timestamp) -> Option<String> {
        let view = self.view(now)?;
        let standing = view.standing(id)?;
        let health = |region: &RegionId| standing.region(region).map(|region| region.health);
        let has_moved = plan.has_begun(&Step::Promote {}) || plan.has_begun(&Step::Publish {});
        if has_moved {
            return None;
        }
        let Some(to) = health(&plan.to) else {
            return Some(format!("{} is no region of it any more", plan.to));
        };
        if to == Health::Down {
            return Some(format!("{} is down", plan.to));
        }
        let is_lifted = |id: u64| !view.state.orders.iter().any(|order| order.id == id);
        if plan.order.is_some_and(is_lifted) {
            return Some("its order was lifted".to_owned());
        }
        let back = plan.from.as_ref().filter(|from| health(from) == Some(Health::Up));
        let is_over = plan.kind == PlanKind::Failover && !plan.is_irrevocable();
        back.filter(|_| is_over).map(|from| format!("{from} is up again"))
    }

    /// Begins a step: what it changes here is changed now.
    fn begin_step(&mut self, id: &ServiceId, plan: &Plan, index: usize, now: Timestamp) -> bool {
        let Some(step) = plan.steps.get(index).map(|run| run.step.clone()) else { return false };
        if step.is_hook() && self.hook_of(id, &step).is_none() {
            self.step_failed(id, index, PlanEnd::Failed, "the config has no such hook", now);
            return true;
        }
        match &step {
            Step::Fence {} => {
                if let Some(why) = self.refused_before(id, plan, now) {
                    self.end_plan(id, PlanEnd::Refused, Some(&why), now);
                    return true;
                }
                self.take_writes_from(id, plan);
            }
            Step::Promote {} => self.take_writes_from(id, plan),
            Step::Publish {} => self.publish_primary(id, plan, now),
            Step::Approve { role } if !plan.is_approved => {
                let text = format!(
                    "plan {} of `{id}` to {} waits: `pointsman approve {id}` by an {}",
                    plan.epoch,
                    plan.to,
                    role.as_str()
                );
                self.tell_plan(id, plan, EventKind::ApprovalNeeded, text, now);
            }
            _ => {}
        }
        let deadline = self.patience_ms(id, &step).map(|ms| now.plus(ms));
        if let Some(run) = self.step_mut(id, index) {
            (run.state, run.began, run.deadline) = (StepState::Running, Some(now), deadline);
        }
        true
    }

    /// Why the gate refuses before anything is done. A fence is not put up for nothing.
    fn refused_before(&self, id: &ServiceId, plan: &Plan, now: Timestamp) -> Option<String> {
        if plan.kind != PlanKind::Failover {
            return None;
        }
        match self.gate_of(id, &plan.to, now) {
            GateVerdict::Refuse { why } => Some(why),
            _ => None,
        }
    }

    /// From now on the region that is left gets no writes, until a person confirms it.
    fn take_writes_from(&mut self, id: &ServiceId, plan: &Plan) {
        let Some(from) = plan.from.clone() else { return };
        if let Some(recovery) = self.recovery_mut(id) {
            recovery.unconfirmed.insert(from);
        }
    }

    fn publish_primary(&mut self, id: &ServiceId, plan: &Plan, now: Timestamp) {
        let promotes = plan.step(&Step::Promote {}).is_some();
        let Some(recovery) = self.recovery_mut(id).filter(|_| promotes) else { return };
        recovery.primary = Some(plan.to.clone());
        recovery.epoch_in_force = recovery.epoch_in_force.max(plan.epoch);
        (recovery.is_held, recovery.doubtful) = (false, None);
        let loss = match plan.loss_bound_s {
            Some(loss_s) => format!("at most {loss_s} s of writes are lost"),
            None => "how much was lost is unknown".to_owned(),
        };
        let text = format!("{} is the primary of `{id}`, epoch {}: {loss}", plan.to, plan.epoch);
        self.tell_plan(id, plan, EventKind::Promoted, text, now);
    }

    /// How long a step may take.
    fn patience_ms(&self, id: &ServiceId, step: &Step) -> Option<Millis> {
        match step {
            Step::Approve { .. } | Step::Drain {} | Step::Announce {} => None,
            Step::Gate {} => Some(GATE_MS_MAX),
            Step::Prefer {} | Step::Publish {} => Some(PUBLISH_MS_MAX),
            Step::Verify {} => Some(VERIFY_MS_MAX),
            Step::Fence {} | Step::Promote {} | Step::Hook { .. } => {
                self.hook_of(id, step).map(|hook| hook.timeout_ms)
            }
        }
    }

    /// Looks whether a step that is under way is done.
    fn follow_step(&mut self, id: &ServiceId, plan: &Plan, index: usize, now: Timestamp) -> bool {
        let Some(run) = plan.steps.get(index) else { return false };
        let is_late = run.deadline.is_some_and(|at| at <= now) && run.calling_since.is_none();
        match &run.step {
            Step::Approve { .. } => plan.is_approved && self.step_done(id, index, None, now),
            Step::Gate {} => self.follow_gate(id, plan, index, now),
            Step::Fence {} | Step::Promote {} | Step::Hook { .. } => {
                is_late && self.step_late(id, plan, index, now)
            }
            Step::Prefer {} => {
                if self.is_acknowledged(id, now) {
                    return self.step_done(id, index, None, now);
                }
                if is_late && plan.step(&Step::Promote {}).is_some() {
                    return self.step_late(id, plan, index, now);
                }
                is_late && self.step_skipped(id, index, UNACKNOWLEDGED, now)
            }
            Step::Publish {} => {
                if self.is_acknowledged(id, now) {
                    return self.step_done(id, index, None, now);
                }
                is_late && self.step_skipped(id, index, UNACKNOWLEDGED, now)
            }
            Step::Drain {} => {
                let began = run.began.unwrap_or(now);
                let wait_ms = self.drain_ms(id);
                now.since(began) >= wait_ms && self.step_done(id, index, None, now)
            }
            Step::Verify {} => {
                if self.answers_at(id, plan, run.began.unwrap_or(now), now) {
                    return self.step_done(id, index, None, now);
                }
                is_late && self.step_skipped(id, index, "nobody has seen it answer", now)
            }
            Step::Announce {} => self.step_done(id, index, None, now),
        }
    }

    fn follow_gate(&mut self, id: &ServiceId, plan: &Plan, index: usize, now: Timestamp) -> bool {
        let Some(run) = plan.steps.get(index) else { return false };
        let (why, loss_bound_s) = match self.gate_of(id, &plan.to, now) {
            GateVerdict::Pass { loss_bound_s } => (None, Some(loss_bound_s)),
            GateVerdict::Ask { why, loss_bound_s } if plan.is_loss_accepted => {
                (Some(format!("accepted: {why}")), loss_bound_s)
            }
            GateVerdict::Ask { why, .. } => {
                if !run.is_asked {
                    let text = format!(
                        "plan {} of `{id}` to {} waits: {why}; `pointsman approve {id}` accepts it",
                        plan.epoch, plan.to
                    );
                    self.tell_plan(id, plan, EventKind::ApprovalNeeded, text, now);
                }
                if let Some(run) = self.step_mut(id, index) {
                    (run.is_asked, run.said, run.deadline) = (true, Some(why), None);
                }
                return false;
            }
            GateVerdict::Wait { why } => {
                if run.deadline.is_some_and(|at| at <= now) {
                    let why = format!("waited for {}: {why}", lasted(GATE_MS_MAX));
                    self.step_failed(id, index, PlanEnd::Refused, &why, now);
                    return true;
                }
                self.step_mut(id, index).into_iter().for_each(|run| run.said = Some(why.clone()));
                return false;
            }
            GateVerdict::Refuse { why } => {
                self.step_failed(id, index, PlanEnd::Refused, &why, now);
                return true;
            }
        };
        self.plan_mut(id).into_iter().for_each(|plan| plan.loss_bound_s = loss_bound_s);
        self.step_done(id, index, why, now)
    }

    /// Whether everybody who has to know has what the state says: KV the routing table, and
    /// Cloudflare's API the rest.
    pub(super) fn is_acknowledged(&self, id: &ServiceId, now: Timestamp) -> bool {
        let Some(service) = self.service_config(id) else { return false };
        let is_told = || {
            let table = self.table_document(now);
            let written = self.state.written.get(routes::KEY);
            table.is_some_and(|table| written == Some(&table.substance()))
        };
        let is_settled = || self.view(now).is_some_and(|view| is_settled(&view));
        (service.hosts.is_empty() || is_told()) && (service.publish.is_empty() || is_settled())
    }

    /// How long clients of a region that is left have to go: until proxies know, then for the
    /// longest request, then for connections that nobody uses.
    pub(super) fn drain_ms(&self, id: &ServiceId) -> Millis {
        let Some(service) = self.service_config(id) else { return 0 };
        let proxies_ms = if service.hosts.is_empty() { 0 } else { PROXIES_MS };
        let request_ms = service.timeout_ms;
        proxies_ms.saturating_add(FLIP_MS).saturating_add(request_ms).saturating_add(POOLED_MS)
    }

    /// Whether the region that took over has answered a probe since then, and is up.
    fn answers_at(&self, id: &ServiceId, plan: &Plan, since: Timestamp, now: Timestamp) -> bool {
        let Some(view) = self.view(now) else { return false };
        let Some(standing) = view.standing(id) else { return false };
        let region = standing.region(&plan.to);
        region.is_some_and(|region| has_answered(&view, &standing, region, since))
    }

    /// When a plan has to be looked at although nothing happens; see [`Controller::next_wake`].
    pub(super) fn next_step(&self, now: Timestamp) -> Option<Timestamp> {
        let recoveries = self.state.recoveries.iter();
        let plans = recoveries.filter_map(|(id, recovery)| Some((id, recovery.under_way()?)));
        let moving = plans.filter(|(id, plan)| !self.is_resting(id, plan, now));
        moving.filter_map(|(id, plan)| self.next_of(id, plan, now)).min()
    }

    fn next_of(&self, id: &ServiceId, plan: &Plan, now: Timestamp) -> Option<Timestamp> {
        let turn = plan.turn();
        let runs = turn.iter().filter_map(|index| plan.steps.get(*index));
        let due = runs.filter_map(|run| {
            let began = run.began?;
            match (&run.step, run.calling_since) {
                (step, Some(since)) if step.is_hook() => Some(since.plus(super::hooking::LOST_MS)),
                (step, None) if step.is_hook() => {
                    let next = run.not_before.unwrap_or(now);
                    Some(run.deadline.map_or(next, |deadline| deadline.min(next)))
                }
                (Step::Drain {}, _) => Some(began.plus(self.drain_ms(id))),
                _ => run.deadline,
            }
        });
        due.min()
    }
}

/// Whether a region is up, and one of its usable origins was judged after `since`.
pub(super) fn has_answered(
    view: &View<'_>,
    standing: &ServiceStanding<'_>,
    region: &RegionStanding<'_>,
    since: Timestamp,
) -> bool {
    let leaves = view.config.leaves(&standing.service.monitor);
    let mut origins = region.usable().map(|origin| &origin.origin.id);
    let is_judged = origins.any(|origin| {
        let mut of = view.state.targets.iter().filter(|(target, _)| target.origin == *origin);
        of.any(|(target, known)| {
            leaves.contains(&target.monitor) && known.judged_at.is_some_and(|at| at > since)
        })
    });
    region.health == Health::Up && is_judged
}

#[cfg(test)]
mod tests;
