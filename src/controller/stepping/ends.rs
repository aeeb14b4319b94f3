//! How steps and plans end, and what is told of it.

use crate::controller::Controller;
use crate::health::Health;
use crate::ids::{RegionId, ServiceId};
use crate::journal::{Event, EventKind, lasted};
use crate::recovery::{Plan, PlanEnd, PlanKind, Recovery, Step, StepState};
use crate::time::Timestamp;
use crate::view::ServiceStanding;

impl Controller {
    pub(in crate::controller) fn step_done(
        &mut self,
        id: &ServiceId,
        index: usize,
        said: Option<String>,
        now: Timestamp,
    ) -> bool {
        self.step_over(id, index, (StepState::Done, said), now)
    }

    pub(super) fn step_skipped(
        &mut self,
        id: &ServiceId,
        index: usize,
        why: &str,
        now: Timestamp,
    ) -> bool {
        self.step_over(id, index, (StepState::Skipped, Some(why.to_owned())), now)
    }

    pub(super) fn step_over(
        &mut self,
        id: &ServiceId,
        index: usize,
        (state, said): (StepState, Option<String>),
        now: Timestamp,
    ) -> bool {
        let Some(run) = self.step_mut(id, index) else { return false };
        let took = lasted(now.since(run.began.unwrap_or(now)));
        let step = run.step.name().to_owned();
        run.end(state, said.clone(), now);
        let Some(plan) = self.plan_of(id).cloned() else { return true };
        let (epoch, word) = (plan.epoch, state.as_str());
        let mut text = format!("plan {epoch} of `{id}`: {step} is {word} after {took}");
        if let Some(said) = said {
            text = format!("{text}: {said}");
        }
        self.tell_plan(id, &plan, EventKind::Step, text, now);
        true
    }

    pub(super) fn step_late(
        &mut self,
        id: &ServiceId,
        plan: &Plan,
        index: usize,
        now: Timestamp,
    ) -> bool {
        let Some(run) = plan.steps.get(index) else { return false };
        let after = lasted(now.since(run.began.unwrap_or(now)));
        let said = run.said.as_deref().unwrap_or("no answer");
        let why = format!("not done within {after}: {said}");
        self.step_failed(id, index, PlanEnd::Failed, &why, now);
        true
    }

    /// Ends a step that did not work, and the plan with it.
    pub(in crate::controller) fn step_failed(
        &mut self,
        id: &ServiceId,
        index: usize,
        end: PlanEnd,
        why: &str,
        now: Timestamp,
    ) {
        let Some(run) = self.step_mut(id, index) else { return };
        let step = run.step.name().to_owned();
        run.end(StepState::Failed, Some(why.to_owned()), now);
        self.end_plan(id, end, Some(&format!("{step}: {why}")), now);
    }

    /// Ends a plan.
    pub(in crate::controller) fn end_plan(
        &mut self,
        id: &ServiceId,
        end: PlanEnd,
        why: Option<&str>,
        now: Timestamp,
    ) {
        let Some(plan) = self.plan_mut(id) else { return };
        (plan.end, plan.ended) = (Some(end), Some(now));
        plan.why_ended = why.map(str::to_owned);
        plan.paused_since = None;
        let plan = plan.clone();
        let promotes = plan.step(&Step::Promote {}).is_some();
        if end != PlanEnd::Done && promotes {
            self.lift_for_plan(plan.order, now);
        }
        let promote = plan.step(&Step::Promote {});
        let may_have = promote.is_some_and(|run| run.tries > 0 && run.state != StepState::Done);
        if let Some(recovery) = self.recovery_mut(id).filter(|_| may_have) {
            recovery.doubtful = Some(plan.to.clone());
        }
        // Where the region that was to take over went down, the next one may.
        let goes_on = end == PlanEnd::Aborted && !plan.has_begun(&Step::Promote {});
        if let Some(recovery) = self.recovery_mut(id).filter(|_| goes_on) {
            recovery.is_held = false;
        }
        let is_unconfirmed =
            |recovery: &Recovery, region: &RegionId| recovery.unconfirmed.contains(region);
        let from = plan.from.as_ref().filter(|from| {
            self.state.recoveries.get(id).is_some_and(|recovery| is_unconfirmed(recovery, from))
        });
        let mut text = format!("plan {} of `{id}` is {}", plan.epoch, end.as_str());
        if let Some(why) = why {
            text = format!("{text}: {why}");
        }
        if let Some(from) = from {
            let how = format!("`pointsman confirm {id} {from}`");
            text = format!("{text}; {from} gets no writes until a person confirms it ({how})");
        }
        let left = plan.from.as_ref().filter(|_| plan.kind != PlanKind::Failover);
        if let Some(left) = left.filter(|_| end == PlanEnd::Done) {
            text = format!("{text}; the servers of {left} may be stopped now");
            let others = self.others_led_to(id, left, now);
            if !others.is_empty() {
                let others = others.join(", ");
                text = format!("{text}, as far as `{id}` goes: clients of {others} are led there");
            }
        }
        let is_urgent = end != PlanEnd::Done && plan.kind == PlanKind::Failover;
        let event = Event::new(EventKind::PlanEnded, text, now).about(Some(id), plan.from.as_ref());
        self.news.tell(if is_urgent { event.urgent() } else { event });
    }

    /// The other services whose clients are led to a region.
    fn others_led_to(&self, id: &ServiceId, region: &RegionId, now: Timestamp) -> Vec<String> {
        let Some(view) = self.view(now) else { return Vec::new() };
        let is_led_there = |standing: &ServiceStanding<'_>| {
            let place = standing.region(region);
            let takes = place.is_some_and(|it| it.health != Health::Down && !it.is_draining);
            standing.id != id && takes
        };
        let others = view.services().filter(is_led_there);
        others.map(|standing| format!("`{}`", standing.id)).collect()
    }

    pub(super) fn tell_plan(
        &mut self,
        id: &ServiceId,
        plan: &Plan,
        kind: EventKind,
        text: String,
        now: Timestamp,
    ) {
        self.news.tell(Event::new(kind, text, now).about(Some(id), plan.from.as_ref()));
    }
}
