//! How services recover: what is looked at each time, and what people say to plans.

use super::Controller;
use super::planning::{Wish, active};
use crate::health::Health;
use crate::ids::{RegionId, ServiceId};
use crate::journal::{Event, EventKind, Role};
use crate::order::{Act, ActRefusal, ActRequest, Acted};
use crate::recovery::{Plan, PlanEnd, PlanKind, Step, StepState, role};
use crate::time::Timestamp;

impl Controller {
    /// Follows what has changed, in this order: what standbys say, regions that return, plans,
    /// and whether those that are not needed yet would work.
    /// Stages come after incidents, because they say whether everybody has been told.
    pub(super) fn follow_recovery(&mut self, now: Timestamp) {
        self.follow_managers(now);
        self.remember_standbys(now);
        self.follow_returns(now);
        self.follow_plans(now);
        self.follow_readiness(now);
    }

    /// Does what a person says to the plan of a service.
    pub(super) fn recover(
        &mut self,
        service: &ServiceId,
        request: &ActRequest,
        now: Timestamp,
    ) -> Result<Acted, ActRefusal> {
        if self.service_config(service).is_none() {
            let problem = format!("there is no service `{service}`");
            return Err(ActRefusal::not_found(problem));
        }
        match &request.act {
            Act::Approve { .. } => self.approve(service, request, now),
            Act::Abort { .. } => match self.abort_drill(service, request, now) {
                Some(done) => done,
                None => self.abort(service, request, now),
            },
            Act::Drill { .. } => self.drill(request, now),
            Act::Confirm { region, .. } => self.confirm(service, region, request, now),
            Act::FailBack { region, .. } if self.moves_primary(service, region, now) => {
                self.fail_back(service, region, request, now)
            }
            Act::FailBack { region, .. } => self.bring_on((service, region), request, now),
            act => Err(ActRefusal::conflict(format!("no plan of `{service}` waits for \"{act}\""))),
        }
    }

    /// Lets a plan go on that waits for a person, or begins one for a region that is down.
    fn approve(
        &mut self,
        id: &ServiceId,
        request: &ActRequest,
        now: Timestamp,
    ) -> Result<Acted, ActRefusal> {
        let least = self.service_config(id).map_or(Role::Approver, |it| role(it.failover.approval));
        if request.role < least {
            let (has, least) = (request.role.as_str(), least.as_str());
            return Err(ActRefusal::conflict(format!(
                "the role is `{has}`; a plan of `{id}` takes `{least}`"
            )));
        }
        let Some(plan) = self.plan_of(id).cloned() else {
            return self.begin_approved(id, request, now);
        };
        let waits = |it: &&crate::recovery::StepRun| {
            it.state == StepState::Running
                && (matches!(it.step, Step::Approve { .. }) || it.is_asked)
        };
        let Some(run) = plan.steps.iter().find(waits) else {
            return Err(ActRefusal::conflict(format!(
                "plan {} of `{id}` waits for nobody",
                plan.epoch
            )));
        };
        let accepts = run.is_asked.then(|| run.said.clone()).flatten();
        let changes = vec![format!("plan {} of `{id}` goes on to {}", plan.epoch, plan.to)];
        let notes =
            accepts.map(|why| format!("this loss is accepted: {why}")).into_iter().collect();
        if !request.is_dry {
            if let Some(plan) = self.plan_mut(id) {
                (plan.is_approved, plan.is_loss_accepted) =
                    (true, plan.is_loss_accepted || !matches!(run.step, Step::Approve { .. }));
            }
            let text = format!("{} lets plan {} of `{id}` go on", request.who, plan.epoch);
            self.tell_deed(id, plan.from.as_ref(), text, request, now);
        }
        Ok(Acted { changes, notes, is_dry: request.is_dry, ..Acted::default() })
    }

    /// A person begins the failover of a service that does not begin by itself: because a plan
    /// failed, or because it is never automatic.
    fn begin_approved(
        &mut self,
        id: &ServiceId,
        request: &ActRequest,
        now: Timestamp,
    ) -> Result<Acted, ActRefusal> {
        let nobody =
            || ActRefusal::conflict(format!("no plan of `{id}` waits, and nothing of it is down"));
        let view = self.view(now).ok_or_else(nobody)?;
        let standing = view.standing(id).ok_or_else(nobody)?;
        let from = active(&standing).ok_or_else(nobody)?;
        // One that a plan fenced takes no writes either.
        let is_lost = standing.region(from).is_some_and(|it| it.health == Health::Down)
            || standing.is_unconfirmed(from);
        if !is_lost {
            return Err(nobody());
        }
        let to = self.successor(&view, &standing, from);
        let to = to.ok_or_else(|| {
            ActRefusal::conflict("no other region is up and permitted".to_owned())
        })?;
        let from = from.clone();
        self.may_begin(id, PlanKind::Failover, &to, now)?;
        let changes = vec![format!("a plan begins that moves `{id}` from {from} to {to}")];
        if !request.is_dry {
            let (why, who) = (request.reason.clone(), request.who.clone());
            let wish = Wish { kind: PlanKind::Failover, to, why, who, order: None };
            self.begin(id, wish, now)?;
            self.plan_mut(id).into_iter().for_each(|plan| plan.is_approved = true);
        }
        Ok(Acted { changes, is_dry: request.is_dry, ..Acted::default() })
    }

    /// Ends a plan. Once the promotion may have happened, it only goes forward.
    fn abort(
        &mut self,
        id: &ServiceId,
        request: &ActRequest,
        now: Timestamp,
    ) -> Result<Acted, ActRefusal> {
        let nothing = || ActRefusal::conflict(format!("no plan of `{id}` is under way"));
        let plan = self.plan_of(id).cloned().ok_or_else(nothing)?;
        if plan.step(&Step::Promote {}).is_some_and(|run| run.tries > 0) {
            let (epoch, to) = (plan.epoch, &plan.to);
            let problem =
                format!("plan {epoch} cannot be aborted: {to} may be the primary already");
            return Err(ActRefusal::conflict(problem));
        }
        let notes = fenced(&plan)
            .map(|from| format!("{from} may be fenced, and gets no writes until it is confirmed"));
        let changes = vec![format!("plan {} of `{id}` to {} ends", plan.epoch, plan.to)];
        if !request.is_dry {
            let why = format!("{}: {}", request.who, request.reason);
            self.end_plan(id, PlanEnd::Aborted, Some(&why), now);
            self.recovery_mut(id).into_iter().for_each(|recovery| recovery.is_held = true);
        }
        let notes = notes.into_iter().collect();
        Ok(Acted { changes, notes, is_dry: request.is_dry, ..Acted::default() })
    }

    /// Notes that the data of a region are back in sync.
    fn confirm(
        &mut self,
        id: &ServiceId,
        region: &RegionId,
        request: &ActRequest,
        now: Timestamp,
    ) -> Result<Acted, ActRefusal> {
        let recovery = self.state.recoveries.get(id);
        let doubtful = recovery.and_then(|recovery| recovery.doubtful.clone());
        let is_doubtful = doubtful.as_ref() == Some(region);
        if !is_doubtful && !recovery.is_some_and(|it| it.unconfirmed.contains(region)) {
            let problem = format!("{region} of `{id}` waits for no confirmation");
            return Err(ActRefusal::conflict(problem));
        }
        if let Some(plan) = self.plan_of(id).filter(|plan| plan.from.as_ref() == Some(region)) {
            let problem =
                format!("plan {} of `{id}` is under way, and leaves {region}", plan.epoch);
            return Err(ActRefusal::conflict(problem));
        }
        let standing = self.view(now).and_then(|view| view.standing(id));
        let primary = standing.and_then(|standing| standing.primary);
        let is_primary = primary.is_some_and(|primary| primary.region == region);
        let what = match is_primary {
            true => "takes writes again",
            false if is_doubtful => "is not the primary",
            false => "may be made the primary again",
        };
        let changes = vec![format!("{region} of `{id}` {what}")];
        let notes = doubtful.filter(|it| is_primary && it != region);
        let notes = notes.map(|it| format!("{it} is taken not to be the primary"));
        if !request.is_dry {
            if let Some(recovery) = self.recovery_mut(id) {
                recovery.unconfirmed.remove(region);
                if is_doubtful || is_primary {
                    recovery.doubtful = None;
                }
            }
            let text = format!("{} confirms {region} of `{id}`: it {what}", request.who);
            self.tell_deed(id, Some(region), text, request, now);
        }
        let notes = notes.into_iter().collect();
        Ok(Acted { changes, notes, is_dry: request.is_dry, ..Acted::default() })
    }

    /// Whether to bring a service back to a region is to move its primary.
    fn moves_primary(&self, id: &ServiceId, region: &RegionId, now: Timestamp) -> bool {
        let standing = self.view(now).and_then(|view| view.standing(id));
        standing.is_some_and(|standing| {
            let promotes = standing.service.failover.promote.is_some();
            promotes && standing.primary.is_some_and(|primary| primary.region != region)
        })
    }

    /// Brings the primary back.
    fn fail_back(
        &mut self,
        id: &ServiceId,
        region: &RegionId,
        request: &ActRequest,
        now: Timestamp,
    ) -> Result<Acted, ActRefusal> {
        let from = self.may_begin(id, PlanKind::Failback, region, now);
        let from = from.inspect_err(|_| self.ask_hooks_again(id))?;
        let from = from.map_or_else(String::new, |from| format!(" from {from}"));
        let changes = vec![format!("a plan begins that moves `{id}`{from} back to {region}")];
        if !request.is_dry {
            let (why, who) = (request.reason.clone(), request.who.clone());
            self.begin_plan(id, PlanKind::Failback, region, why, who, now)?;
        }
        Ok(Acted { changes, is_dry: request.is_dry, ..Acted::default() })
    }

    fn tell_deed(
        &mut self,
        id: &ServiceId,
        region: Option<&RegionId>,
        text: String,
        request: &ActRequest,
        now: Timestamp,
    ) {
        let event = Event::new(EventKind::Step, text, now).about(Some(id), region);
        self.news.tell(event.because(request.reason.clone()).by(request.who.clone()));
    }
}

/// The region that a plan leaves, if it may be fenced.
fn fenced(plan: &Plan) -> Option<&RegionId> {
    plan.from.as_ref().filter(|_| plan.has_begun(&Step::Fence {}))
}
