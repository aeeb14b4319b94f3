//! How a drill goes on that leads clients away without a promotion.

use super::judging::survivors;
use crate::controller::Controller;
use crate::controller::incidents::held_back;
use crate::controller::stepping::{PUBLISH_MS_MAX, VERIFY_MS_MAX, has_answered};
use crate::drill::{Drill, DrillStage, Finding, Milestone, Outcome};
use crate::journal::lasted;
use crate::time::Timestamp;
use crate::view::{ServiceStanding, View};

impl Controller {
    /// Takes the drill that is under way one look further. Returns whether anything has changed.
    pub(super) fn advance_drill(&mut self, now: Timestamp) -> bool {
        let Some(drill) = self.state.drills.under_way().cloned() else { return false };
        if drill.ending.is_none()
            && let Some(finding) = self.hazard(&drill, now)
        {
            self.give_drill_up(finding, now);
            return true;
        }
        let waited = now.since(drill.since);
        let failed = |why: String| Finding::new(Outcome::Failed, why);
        match drill.stage {
            DrillStage::Away if self.has_moved_by_drill(&drill, now) => {
                self.reached(Milestone::Moved, DrillStage::Verify, now);
            }
            DrillStage::Away if waited >= PUBLISH_MS_MAX => {
                let after = lasted(PUBLISH_MS_MAX);
                let held = self.held_back_from(&drill);
                let held = held.map_or("see `pointsman status`", String::as_str);
                let why = format!("not acknowledged within {after}: {held}");
                self.give_drill_up(failed(why), now);
            }
            DrillStage::Verify if self.others_answer(&drill, now) => {
                self.reached(Milestone::Verified, DrillStage::Watch, now);
            }
            DrillStage::Verify if waited >= VERIFY_MS_MAX => {
                let after = lasted(VERIFY_MS_MAX);
                let why = format!("no region that took over was seen to answer within {after}");
                self.give_drill_up(failed(why), now);
            }
            DrillStage::Watch if waited >= drill.watch_ms => {
                if let Some(drill) = self.state.drills.under_way_mut() {
                    drill.turn_back(now);
                }
            }
            DrillStage::Back if self.is_back(&drill, now) => {
                self.reached(Milestone::Returned, DrillStage::Check, now);
            }
            DrillStage::Back if waited >= PUBLISH_MS_MAX => {
                let after = lasted(PUBLISH_MS_MAX);
                let why = format!("its return was not acknowledged within {after}");
                self.end_drill(failed(why), now);
            }
            // Whoever gave it up need not wait.
            DrillStage::Check if drill.ending.is_some() || self.region_answers(&drill, now) => {
                if drill.ending.is_none() {
                    self.reached(Milestone::Checked, DrillStage::Check, now);
                }
                self.end_drill(Finding::new(Outcome::Succeeded, ""), now);
            }
            DrillStage::Check if waited >= VERIFY_MS_MAX => {
                let after = lasted(VERIFY_MS_MAX);
                let why = format!("{} was not seen to answer within {after}", drill.region);
                self.end_drill(failed(why), now);
            }
            stage if stage.is_by_plan() => return self.advance_switch(&drill, now),
            _ => return false,
        }
        true
    }

    /// Notes what was reached, and comes to the next stage.
    pub(super) fn reached(&mut self, milestone: Milestone, next: DrillStage, now: Timestamp) {
        let Some(drill) = self.state.drills.under_way_mut() else { return };
        drill.reach(milestone, now);
        drill.enter(next, now);
    }

    /// Whether everybody knows that the clients are elsewhere, and nothing of it was withheld.
    fn has_moved_by_drill(&self, drill: &Drill, now: Timestamp) -> bool {
        self.is_acknowledged(&drill.service, now) && self.held_back_from(drill).is_none()
    }

    fn held_back_from(&self, drill: &Drill) -> Option<&String> {
        let config = self.config.as_ref()?;
        let service = config.services.get(&drill.service)?;
        let withheld = &self.state.actuation.withheld;
        let is_published = !service.publish.is_empty();
        held_back(config, (service, &drill.region), withheld).filter(|_| is_published)
    }

    /// Whether everybody knows that the clients return. Of a service that is no more nobody asks.
    fn is_back(&self, drill: &Drill, now: Timestamp) -> bool {
        let is_gone = self.service_config(&drill.service).is_none();
        is_gone || self.has_moved_by_drill(drill, now)
    }

    /// Whether a region that took over is up and has answered a probe since.
    fn others_answer(&self, drill: &Drill, now: Timestamp) -> bool {
        self.with_standing(drill, now, |view, standing| {
            let mut others = survivors(standing, &drill.region);
            others.any(|region| has_answered(view, standing, region, drill.since))
        })
    }

    /// Whether the region that was left is up and has answered a probe since its clients return.
    fn region_answers(&self, drill: &Drill, now: Timestamp) -> bool {
        self.with_standing(drill, now, |view, standing| {
            let region = standing.region(&drill.region);
            region.is_some_and(|region| has_answered(view, standing, region, drill.since))
        })
    }

    fn with_standing(
        &self,
        drill: &Drill,
        now: Timestamp,
        is_so: impl Fn(&View<'_>, &ServiceStanding<'_>) -> bool,
    ) -> bool {
        let Some(view) = self.view(now) else { return false };
        view.standing(&drill.service).is_some_and(|standing| is_so(&view, &standing))
    }
}
