//! Drills that move a primary: by a plan there, and by a plan back.
//!
//! A primary that was left takes no writes until a person confirms that its data are back in sync,
//! and nothing here goes round that. So the way back begins when it is confirmed.

use crate::controller::Controller;
use crate::drill::{Drill, DrillStage, Finding, Milestone, Outcome};
use crate::journal::{Event, EventKind, lasted};
use crate::recovery::{Plan, PlanEnd, PlanKind};
use crate::time::{MINUTE, Millis, Timestamp};

/// How long it is waited for a person to confirm the old primary.
pub(super) const CONFIRM_MS_MAX: Millis = 24 * 60 * MINUTE;

impl Controller {
    /// Takes a drill by plans one look further. Returns whether anything has changed.
    pub(super) fn advance_switch(&mut self, drill: &Drill, now: Timestamp) -> bool {
        match drill.stage {
            DrillStage::Switch => self.follow_switch(drill, now),
            DrillStage::Serve if now.since(drill.since) >= drill.watch_ms => {
                self.ask_to_confirm(drill, now);
                true
            }
            DrillStage::Confirm => self.follow_confirm(drill, now),
            DrillStage::Return => self.follow_return(drill, now),
            _ => false,
        }
    }

    /// The plan of a drill.
    fn plan_of_drill(&self, drill: &Drill) -> Option<&Plan> {
        let plan = self.state.recoveries.get(&drill.service)?.plan.as_ref();
        plan.filter(|plan| Some(plan.epoch) == drill.epoch)
    }

    /// Whether the switch cannot be taken back any more.
    pub(super) fn is_past_return(&self, drill: &Drill) -> bool {
        let plan = self.plan_of_drill(drill).filter(|plan| plan.is_under_way());
        plan.is_some_and(Plan::is_irrevocable)
    }

    fn follow_switch(&mut self, drill: &Drill, now: Timestamp) -> bool {
        let Some(plan) = self.plan_of_drill(drill).cloned() else {
            let why = "its plan is no more";
            self.end_drill(Finding::new(Outcome::Interrupted, why), now);
            return true;
        };
        let Some(end) = plan.end else { return false };
        if end != PlanEnd::Done {
            self.end_drill(Finding::new(Outcome::Failed, why_ended(&plan)), now);
            return true;
        }
        let ended = plan.ended.unwrap_or(now);
        if let Some(drill) = self.state.drills.under_way_mut() {
            drill.loss_bound_s = plan.loss_bound_s;
            drill.reach(Milestone::Moved, ended);
            drill.reach(Milestone::Verified, ended);
            drill.enter(DrillStage::Serve, now);
        }
        true
    }

    fn ask_to_confirm(&mut self, drill: &Drill, now: Timestamp) {
        let Drill { id, service, region, .. } = drill;
        if let Some(drill) = self.state.drills.under_way_mut() {
            drill.reach(Milestone::TurnedBack, now);
            drill.enter(DrillStage::Confirm, now);
        }
        let text = format!(
            "drill {id} waits: `pointsman confirm {service} {region}` once its data are back in \
             sync, and the primary returns"
        );
        let event = Event::new(EventKind::ApprovalNeeded, text, now);
        self.news.tell(event.about(Some(service), Some(region)));
    }

    fn follow_confirm(&mut self, drill: &Drill, now: Timestamp) -> bool {
        let Drill { service, region, .. } = drill;
        let recovery = self.state.recoveries.get(service);
        let is_confirmed = recovery.is_some_and(|it| !it.unconfirmed.contains(region));
        let waited = now.since(drill.since);
        if is_confirmed {
            let why = format!("drill {}: the way back", drill.id);
            let who = drill.who.clone();
            let epoch = self.begin_plan(service, PlanKind::Failback, region, why, who, now);
            if let Ok(epoch) = epoch {
                if let Some(drill) = self.state.drills.under_way_mut() {
                    drill.epoch = Some(epoch);
                    drill.enter(DrillStage::Return, now);
                }
                return true;
            }
        }
        if waited < CONFIRM_MS_MAX {
            return false;
        }
        let what = if is_confirmed { "no plan back began" } else { "nobody confirmed its data" };
        let why = format!("{what} within {}: {}", lasted(CONFIRM_MS_MAX), stays(drill));
        self.end_drill(Finding::new(Outcome::Interrupted, why), now);
        true
    }

    fn follow_return(&mut self, drill: &Drill, now: Timestamp) -> bool {
        let Some(plan) = self.plan_of_drill(drill).cloned() else {
            let why = format!("its plan is no more: {}", stays(drill));
            self.end_drill(Finding::new(Outcome::Interrupted, why), now);
            return true;
        };
        let Some(end) = plan.end else { return false };
        if end != PlanEnd::Done {
            let why = format!("{}: {}", why_ended(&plan), stays(drill));
            self.end_drill(Finding::new(Outcome::Failed, why), now);
            return true;
        }
        let ended = plan.ended.unwrap_or(now);
        if let Some(drill) = self.state.drills.under_way_mut() {
            drill.reach(Milestone::Returned, ended);
            drill.reach(Milestone::Checked, ended);
        }
        self.end_drill(Finding::new(Outcome::Succeeded, ""), now);
        true
    }

    /// Gives a switch up that has changed nothing yet. What may have fenced or promoted goes
    /// forward, and returns like any other.
    pub(super) fn give_switch_up(&mut self, drill: &Drill, finding: &Finding, now: Timestamp) {
        let is_ours = self.plan_of_drill(drill).is_some_and(Plan::is_under_way);
        if self.is_past_return(drill) {
            return;
        }
        if is_ours {
            self.end_plan(&drill.service, PlanEnd::Aborted, Some(&finding.why), now);
        }
        self.end_drill(finding.clone(), now);
    }
}

fn why_ended(plan: &Plan) -> String {
    let (epoch, end) = (plan.epoch, plan.end.map_or("under way", PlanEnd::as_str));
    let why = plan.why_ended.as_deref().map(|why| format!(": {why}")).unwrap_or_default();
    format!("plan {epoch} is {end}{why}")
}

/// Where the service is left, and how it comes back.
fn stays(drill: &Drill) -> String {
    let Drill { service, region, to, .. } = drill;
    let to = to.as_ref().map_or("where it is", |to| to.as_str());
    format!("`{service}` stays in {to}; `pointsman failback {service} {region}` brings it back")
}
