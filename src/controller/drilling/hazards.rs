//! What ends a drill before its time.

use super::judging::{alarm, halted, lost, open_incident, standing_order, survivors};
use crate::controller::Controller;
use crate::drill::{Drill, Finding, Outcome};
use crate::time::Timestamp;

impl Controller {
    /// Why a drill that is under way has to be given up.
    pub(super) fn hazard(&self, drill: &Drill, now: Timestamp) -> Option<Finding> {
        let interrupted = |why: String| Some(Finding::new(Outcome::Interrupted, why));
        let unsafe_now = |why: String| Some(Finding::new(Outcome::AbortedSafety, why));
        let Some(view) = self.view(now) else {
            return interrupted("there is no config any more".to_owned());
        };
        let standing = view.standing(&drill.service);
        let Some(standing) = standing.filter(|it| it.region(&drill.region).is_some()) else {
            return interrupted("the config no longer has its service or region".to_owned());
        };
        if view.state.doubted_since.is_some() {
            return unsafe_now("the observer doubts itself".to_owned());
        }
        if let Some(region) = lost(&standing) {
            return unsafe_now(format!("{region} is down"));
        }
        if let Some(why) = alarm(&view, standing.id) {
            return unsafe_now(why);
        }
        if let Some(incident) = open_incident(&view, standing.id) {
            return unsafe_now(format!("incident {incident} began"));
        }
        if let Some(why) = halted(&view, standing.id) {
            return interrupted(why);
        }
        if let Some(order) = standing_order(&view, &standing) {
            return interrupted(format!("order {} came into force: {}", order.id, order.act));
        }
        let plan = standing.recovery.and_then(|recovery| recovery.under_way());
        if let Some(plan) = plan.filter(|plan| Some(plan.epoch) != drill.epoch) {
            return interrupted(format!("plan {} began", plan.epoch));
        }
        if !drill.stage.is_by_plan() && survivors(&standing, &drill.region).next().is_none() {
            return unsafe_now("no other region serves all of its clients".to_owned());
        }
        None
    }
}
