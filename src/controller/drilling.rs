//! Drills: how they are begun, how they are given up, and how they end.
//!
//! One goes on at a time. What it moves is moved by its stage alone (see [`crate::drill`]), so a
//! crash in between loses nothing: whoever comes next finds the stage and goes on. A primary is
//! moved by plans.

mod advancing;
mod asserting;
mod hazards;
mod judging;
mod pages;
mod promoting;
mod scheduling;
#[cfg(test)]
mod tests;

pub(super) use pages::{
    key as drill_key, line_substance as drill_line_substance, substance as drill_substance,
};

use super::Controller;
use crate::config::{DrillKind, Service};
use crate::drill::{Drill, DrillStage, Finding, Outcome, Wish, summary};
use crate::ids::{RegionId, ServiceId};
use crate::journal::{Event, EventKind, lasted};
use crate::order::{Act, ActRefusal, ActRequest, Acted, RefusalCode};
use crate::recovery::{ALL_PERCENT, PlanKind};
use crate::state::State;
use crate::time::{MINUTE, Millis, Timestamp};

/// How long a drill is watched while its clients are elsewhere, where no `failback.bake_s` says so.
const DRILL_WATCH_MS_DEFAULT: Millis = 5 * MINUTE;
/// The share of the clients that a canary leads away where the first stage of the failback is all
/// of them.
const CANARY_PERCENT_DEFAULT: u8 = 10;
/// Most stages that a drill passes at one look.
const STAGES_AT_ONCE_MAX: usize = 8;

impl Controller {
    /// Begins the drill that is due, takes the one under way as far as it goes now, and forgets old
    /// ones.
    pub(super) fn follow_drills(&mut self, now: Timestamp) {
        self.begin_due_drills(now);
        for _ in 0..STAGES_AT_ONCE_MAX {
            if !self.advance_drill(now) {
                break;
            }
        }
        let State { drills, written, .. } = &mut self.state;
        for id in drills.forget_old(now) {
            written.remove(pages::key(&id).as_str());
        }
    }

    /// Begins a drill that a person asks for, or says what it would do.
    pub(super) fn drill(
        &mut self,
        request: &ActRequest,
        now: Timestamp,
    ) -> Result<Acted, ActRefusal> {
        let Act::Drill { service, kind, region } = &request.act else {
            return Err(ActRefusal::conflict("it is no drill"));
        };
        let wish = self.wish(service, *kind, region.as_ref(), now)?;
        let wish = Wish { who: request.who.clone(), why: request.reason.clone(), ..wish };
        let judged = self.judged(&wish, now);
        let is_busy = |finding: &&Finding| finding.outcome == Outcome::Interrupted;
        if let Some(against) = judged.against.as_ref().filter(|it| kind.moves() || is_busy(it)) {
            return Err(ActRefusal::conflict(against.why.clone()));
        }
        let mut changes = vec![self.planned(&wish, now)];
        let notes = judged.findings.clone();
        if !request.is_dry {
            let id = self.begin_drill(wish, judged, now)?;
            changes.push(format!("its report: `pointsman drills {id}`"));
        }
        Ok(Acted { changes, notes, is_dry: request.is_dry, ..Acted::default() })
    }

    /// What is asked for, with what the config says of it.
    fn wish(
        &self,
        service: &ServiceId,
        kind: DrillKind,
        region: Option<&RegionId>,
        now: Timestamp,
    ) -> Result<Wish, ActRefusal> {
        let view = self.view(now);
        let view =
            view.ok_or_else(|| ActRefusal::new(RefusalCode::NoConfig, "there is no config yet"))?;
        let standing = view
            .standing(service)
            .ok_or_else(|| ActRefusal::not_found(format!("there is no service `{service}`")))?;
        let region = region.or_else(|| super::planning::active(&standing));
        let region = region.filter(|region| standing.region(region).is_some());
        let region = region
            .ok_or_else(|| ActRefusal::not_found(format!("`{service}` has no such region")))?
            .clone();
        let bake_ms = standing.service.failover.failback.as_ref().map(|it| it.bake_ms);
        Ok(Wish {
            service: service.clone(),
            kind,
            region,
            who: crate::journal::Actor::system(),
            why: String::new(),
            schedule: None,
            percent: percent(kind, standing.service),
            watch_ms: bake_ms.unwrap_or(DRILL_WATCH_MS_DEFAULT),
        })
    }

    /// What a drill does, in words.
    fn planned(&self, wish: &Wish, now: Timestamp) -> String {
        let Wish { service, kind, region, percent, watch_ms, .. } = wish;
        let watched = lasted(*watch_ms);
        match kind {
            DrillKind::Plan => format!("it is looked whether the plan of `{service}` would work"),
            DrillKind::Decision => {
                format!("it is worked out what would be done if {region} failed")
            }
            _ if self.is_by_plan(wish, now) => format!(
                "plans move the primary of `{service}` away from {region} for {watched}, and back \
                 once a person has confirmed {region}"
            ),
            _ => format!(
                "{percent} % of the clients of `{service}` in {region} are led away for {watched}, \
                 and return"
            ),
        }
    }

    /// Begins a drill. Returns its id. **Errors**: the plan that moves the primary does not begin.
    fn begin_drill(
        &mut self,
        wish: Wish,
        judged: judging::Judged,
        now: Timestamp,
    ) -> Result<String, ActRefusal> {
        let by_plan = self.is_by_plan(&wish, now);
        let stage = match wish.kind {
            DrillKind::Plan | DrillKind::Decision => DrillStage::Over,
            _ if judged.against.is_some() => DrillStage::Over,
            _ if by_plan => DrillStage::Switch,
            _ => DrillStage::Away,
        };
        let number = self.state.drills.given.saturating_add(1);
        let mut drill = Drill::begin(number, wish, stage, now);
        drill.find(judged.findings);
        if stage == DrillStage::Switch {
            let to = judged
                .successor
                .ok_or_else(|| ActRefusal::conflict("no region takes its primary over"))?;
            let why = format!("drill {}: {}", drill.id, drill.why);
            let (service, who) = (drill.service.clone(), drill.who.clone());
            let epoch = self.begin_plan(&service, PlanKind::Switch, &to, why, who, now)?;
            (drill.epoch, drill.to) = (Some(epoch), Some(to));
        }
        self.state.drills.given = number;
        self.tell_drill(EventKind::DrillBegun, &drill, now);
        let id = drill.id.clone();
        self.state.drills.drills.push(drill);
        if stage == DrillStage::Over {
            let fine = Finding::new(Outcome::Succeeded, "");
            self.end_drill(judged.against.unwrap_or(fine), now);
        }
        Ok(id)
    }

    /// Ends the drill that is under way, and tells how.
    fn end_drill(&mut self, finding: Finding, now: Timestamp) {
        let Some(mut drill) = self.state.drills.under_way().cloned() else { return };
        let finding = match drill.ending.clone() {
            // It was given up, and did not return as it should either.
            Some(given_up) if finding.outcome != Outcome::Succeeded && given_up != finding => {
                Finding { why: format!("{}; {}", given_up.why, finding.why), ..given_up }
            }
            Some(given_up) => given_up,
            None => finding,
        };
        let finding = self.held_against_contract(&mut drill, finding, now);
        drill.ending = None;
        drill.end(finding, now);
        if drill.kind.moves() && drill.outcome == Outcome::Succeeded {
            self.state.drills.succeeded.insert(drill.service.clone(), now);
        }
        self.tell_drill(EventKind::DrillEnded, &drill, now);
        let drills = self.state.drills.drills.iter_mut();
        drills.filter(|known| known.number == drill.number).for_each(|it| it.clone_from(&drill));
    }

    /// Gives the drill of a service up because a person says so. `None` where none is under way.
    pub(super) fn abort_drill(
        &mut self,
        service: &ServiceId,
        request: &ActRequest,
        now: Timestamp,
    ) -> Option<Result<Acted, ActRefusal>> {
        let drill = self.state.drills.under_way().filter(|it| it.service == *service)?.clone();
        let mut acted = Acted { is_dry: request.is_dry, ..Acted::default() };
        let Drill { id, region, .. } = &drill;
        acted.changes.push(format!("drill {id} is given up"));
        match drill.stage {
            DrillStage::Switch if self.is_past_return(&drill) => {
                let problem =
                    format!("drill {id} cannot be aborted now: the primary is being moved");
                return Some(Err(ActRefusal::conflict(problem)));
            }
            DrillStage::Return => {
                let problem = format!("drill {id} cannot be aborted now: the primary returns");
                return Some(Err(ActRefusal::conflict(problem)));
            }
            DrillStage::Serve | DrillStage::Confirm => {
                acted.notes.push(format!(
                    "`{service}` stays where it is; `pointsman failback {service} {region}` brings \
                     it back"
                ));
            }
            _ => acted.changes.push(format!("all clients return to {region}")),
        }
        if !request.is_dry {
            let why = format!("{}: {}", request.who, request.reason);
            self.tell_act(request, now);
            self.give_drill_up(Finding::new(Outcome::Interrupted, why), now);
        }
        Some(Ok(acted))
    }

    /// Gives the drill up: whatever it moved returns, as far as that can be without a person.
    fn give_drill_up(&mut self, finding: Finding, now: Timestamp) {
        let Some(drill) = self.state.drills.under_way_mut() else { return };
        drill.give_up(finding.clone(), now);
        let drill = drill.clone();
        match drill.stage {
            DrillStage::Switch => self.give_switch_up(&drill, &finding, now),
            DrillStage::Serve | DrillStage::Confirm => self.end_drill(finding, now),
            _ => {}
        }
    }

    fn tell_drill(&mut self, kind: EventKind, drill: &Drill, now: Timestamp) {
        let text = match kind {
            EventKind::DrillBegun => format!("drill {} begins", drill.id),
            _ => format!("drill {}: {}", drill.id, summary(drill)),
        };
        let event = Event::new(kind, text, now).by(drill.who.clone()).because(drill.why.clone());
        let event = event.about(Some(&drill.service), Some(&drill.region));
        // Whoever asked is there; a schedule asks while nobody looks.
        let is_bad = kind == EventKind::DrillEnded && drill.outcome != Outcome::Succeeded;
        let is_unseen = drill.schedule.is_some() && is_bad;
        self.news.tell(if is_unseen { event.urgent() } else { event });
    }
}

/// The percentage of a region's clients that a drill leads away.
fn percent(kind: DrillKind, service: &Service) -> u8 {
    match kind {
        DrillKind::Plan | DrillKind::Decision => 0,
        DrillKind::Full => ALL_PERCENT,
        DrillKind::Canary => {
            let first = service.failover.stages().first().copied();
            first.filter(|percent| *percent < ALL_PERCENT).unwrap_or(CANARY_PERCENT_DEFAULT)
        }
    }
}
