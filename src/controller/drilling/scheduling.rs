//! Drills by schedule: with the one cron, when their time has come.

use crate::config::DrillSchedule;
use crate::controller::Controller;
use crate::drill::{Outcome, ScheduleMemory, Wish};
use crate::journal::Actor;
use crate::time::{MINUTE, Millis, Timestamp};

/// How late a drill may begin that could not begin at its time; then the next time counts.
const DRILL_LATE_MS_MAX: Millis = 60 * MINUTE;

impl Controller {
    /// Begins the drills whose time has come.
    pub(super) fn begin_due_drills(&mut self, now: Timestamp) {
        let Some(config) = &self.config else { return };
        let schedules = config.drills.clone();
        let known = &mut self.state.drills.schedules;
        known.retain(|id, _| schedules.iter().any(|schedule| schedule.id == *id));
        for schedule in schedules {
            self.begin_if_due(&schedule, now);
        }
    }

    fn begin_if_due(&mut self, schedule: &DrillSchedule, now: Timestamp) {
        let memories = &mut self.state.drills.schedules;
        // A time that was before anybody knew of the schedule is past.
        let new = ScheduleMemory { dealt_with: now, last: None, skipped: None };
        memories.insert_if_absent(schedule.id.clone(), new);
        let Some(memory) = memories.get(&schedule.id) else { return };
        let Some(slot) = schedule.slot(now).filter(|slot| *slot > memory.dealt_with) else {
            return;
        };
        if !schedule.is_due(memory.last, slot) {
            self.deal_with(schedule, slot, None);
            return;
        }
        match self.begin_scheduled(schedule, now) {
            Ok(()) => {
                self.deal_with(schedule, slot, None);
                if let Some(memory) = self.state.drills.schedules.get_mut(&schedule.id) {
                    memory.last = Some(now);
                }
            }
            Err(why) if now.since(slot) >= DRILL_LATE_MS_MAX => {
                self.deal_with(schedule, slot, Some(why));
            }
            Err(_) => {}
        }
    }

    fn deal_with(&mut self, schedule: &DrillSchedule, slot: Timestamp, skipped: Option<String>) {
        let Some(memory) = self.state.drills.schedules.get_mut(&schedule.id) else { return };
        memory.dealt_with = slot;
        memory.skipped = skipped;
    }

    /// Begins a drill. One that is refused by the law or for want of capacity is told like one that
    /// ended so. **Errors**: what is in the way passes.
    fn begin_scheduled(&mut self, schedule: &DrillSchedule, now: Timestamp) -> Result<(), String> {
        let DrillSchedule { id, service, kind, region, .. } = schedule;
        let wish = self.wish(service, *kind, region.as_ref(), now).map_err(|why| why.problem)?;
        let (why, who) = (format!("the schedule `{id}` asks for it"), Actor::system());
        let wish = Wish { who, why, schedule: Some(id.clone()), ..wish };
        let judged = self.judged(&wish, now);
        if let Some(against) = &judged.against
            && against.outcome == Outcome::Interrupted
        {
            return Err(against.why.clone());
        }
        self.begin_drill(wish, judged, now).map(|_| ()).map_err(|why| why.problem)
    }
}
