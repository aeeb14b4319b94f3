//! One drill.

use super::stage::{DrillStage, Milestone, Outcome};
use crate::config::DrillKind;
use crate::ids::{ComponentId, DrillId, RegionId, ServiceId};
use crate::journal::Actor;
use crate::json::fields;
use crate::time::{Millis, Timestamp};

/// Most findings of one drill; of more it is said how many.
pub const FINDINGS_MAX: usize = 60;

/// What is to be drilled.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wish {
    /// The service.
    pub service: ServiceId,
    /// How far it goes.
    pub kind: DrillKind,
    /// The region that is taken to fail.
    pub region: RegionId,
    /// Who asked for it; the system where a schedule did.
    pub who: Actor,
    /// Why.
    pub why: String,
    /// The schedule that asked for it.
    pub schedule: Option<DrillId>,
    /// The percentage of the region's clients that are led away.
    pub percent: u8,
    /// How long it is watched while they are elsewhere.
    pub watch_ms: Millis,
}

/// One drill.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Drill {
    /// Its number; numbers grow.
    pub number: u64,
    /// Its id, in the key of its page.
    pub id: String,
    /// The schedule that asked for it; absent where a person did.
    pub schedule: Option<DrillId>,
    /// The service.
    pub service: ServiceId,
    /// How far it goes.
    pub kind: DrillKind,
    /// The region that is taken to fail.
    pub region: RegionId,
    /// The region that takes a primary over.
    pub to: Option<RegionId>,
    /// Who asked for it.
    pub who: Actor,
    /// Why.
    pub why: String,
    /// When it began.
    pub began: Timestamp,
    /// The percentage of the region's clients that are led away.
    pub percent: u8,
    /// How long it is watched while they are elsewhere.
    pub watch_ms: Millis,
    /// What is being done.
    pub stage: DrillStage,
    /// Since when.
    pub since: Timestamp,
    /// What was reached, in its order.
    pub reached: Vec<Reached>,
    /// The plan that moves its primary, by the service's epoch.
    pub epoch: Option<u64>,
    /// How it ends, if that is decided before its end: it was given up, and goes back.
    pub ending: Option<Finding>,
    /// How it ended.
    pub outcome: Outcome,
    /// Why it ended so; absent where it succeeded.
    pub why_ended: Option<String>,
    /// When it ended.
    pub ended: Option<Timestamp>,
    /// What was found, in words: who would go where, and what is to be known. At most
    /// [`FINDINGS_MAX`].
    pub findings: Vec<String>,
    /// The contract, and what came of it.
    pub asserted: Vec<Held>,
    /// The most seconds of writes that may have been lost, as the gate computed it.
    pub loss_bound_s: Option<u64>,
    /// What became of the requests of clients meanwhile.
    pub traffic: Option<DrillTraffic>,
}

/// When something was reached.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Reached {
    /// What.
    pub milestone: Milestone,
    /// When.
    pub at: Timestamp,
}

/// How something ends, and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// How.
    pub outcome: Outcome,
    /// Why, in words.
    pub why: String,
}

/// One promise, and what came of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Held {
    /// Of which part of the service; of the service as a whole if absent.
    pub component: Option<ComponentId>,
    /// What was promised and what was measured.
    pub words: String,
    /// Whether it was kept.
    pub is_kept: bool,
}

/// What became of the requests of clients during a drill, as proxies counted them by the minute.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DrillTraffic {
    /// Answers to clients.
    pub requests: u64,
    /// Those of them that were errors, or none.
    pub failures: u64,
    /// Those of them that were none.
    pub unanswered: u64,
    /// The end of the last minute before the first failure in which all went well; absent where
    /// nothing failed.
    pub last_good: Option<Timestamp>,
    /// The beginning of the first minute after the last failure in which all went well; absent
    /// where there was none yet.
    pub first_good: Option<Timestamp>,
}

fields!(Drill {
    number,
    id,
    schedule if any,
    service,
    kind,
    region,
    to if any,
    who,
    why,
    began,
    percent = 0,
    watch_ms = 0,
    stage,
    since,
    reached = Vec::new(),
    epoch if any,
    ending if any,
    outcome = Outcome::Pending,
    why_ended if any,
    ended,
    findings = Vec::new(),
    asserted = Vec::new(),
    loss_bound_s if any,
    traffic if any,
});
fields!(Reached { milestone, at });
fields!(Finding { outcome, why });
fields!(Held { component if any, words, is_kept });
fields!(DrillTraffic { requests, failures, unanswered, last_good if any, first_good if any });

impl Finding {
    /// How something ends, and why.
    #[must_use]
    pub fn new(outcome: Outcome, why: impl Into<String>) -> Self {
        Self { outcome, why: why.into() }
    }
}

impl Drill {
    /// A drill of which nothing is done. Its id tells when, what and which.
    #[must_use]
    pub fn begin(number: u64, wish: Wish, stage: DrillStage, now: Timestamp) -> Self {
        let Wish { service, kind, region, who, why, schedule, percent, watch_ms } = wish;
        Self {
            id: id(number, &service, kind, now),
            number,
            schedule,
            service,
            kind,
            region,
            to: None,
            who,
            why,
            began: now,
            percent,
            watch_ms,
            stage,
            since: now,
            reached: Vec::new(),
            epoch: None,
            ending: None,
            outcome: Outcome::Pending,
            why_ended: None,
            ended: None,
            findings: Vec::new(),
            asserted: Vec::new(),
            loss_bound_s: None,
            traffic: None,
        }
    }

    /// Whether it goes on.
    #[must_use]
    pub fn is_under_way(&self) -> bool {
        self.ended.is_none()
    }

    /// The percentage of the clients of a region of a service that it leads away now.
    #[must_use]
    pub fn leads_away(&self, service: &ServiceId, region: &RegionId) -> Option<u8> {
        let is_it = self.is_under_way() && self.service == *service && self.region == *region;
        (is_it && self.stage.is_away()).then_some(self.percent)
    }

    /// Comes to another stage.
    pub fn enter(&mut self, stage: DrillStage, now: Timestamp) {
        (self.stage, self.since) = (stage, now);
    }

    /// Notes that something was reached, the first time.
    pub fn reach(&mut self, milestone: Milestone, at: Timestamp) {
        if self.at(milestone).is_none() {
            self.reached.push(Reached { milestone, at });
        }
    }

    /// When something was reached.
    #[must_use]
    pub fn at(&self, milestone: Milestone) -> Option<Timestamp> {
        self.reached.iter().find(|it| it.milestone == milestone).map(|it| it.at)
    }

    /// Gives it up: whatever it moved returns. The first reason counts.
    pub fn give_up(&mut self, finding: Finding, now: Timestamp) {
        self.ending.get_or_insert(finding);
        if self.stage.is_away() {
            self.turn_back(now);
        }
    }

    /// Its clients return.
    pub fn turn_back(&mut self, now: Timestamp) {
        self.reach(Milestone::TurnedBack, now);
        self.enter(DrillStage::Back, now);
    }

    /// Ends it: as was decided before, or else like this.
    pub fn end(&mut self, finding: Finding, now: Timestamp) {
        let Finding { outcome, why } = self.ending.take().unwrap_or(finding);
        self.outcome = outcome;
        self.why_ended = (outcome != Outcome::Succeeded).then_some(why);
        self.ended = Some(now);
        self.enter(DrillStage::Over, now);
    }

    /// Adds what was found, as far as there is room.
    pub fn find(&mut self, findings: impl IntoIterator<Item = String>) {
        self.findings.extend(findings);
        let more = self.findings.len().saturating_sub(FINDINGS_MAX);
        if more > 0 {
            self.findings.truncate(FINDINGS_MAX.saturating_sub(1));
            self.findings.push(format!("… and {} more", more.saturating_add(1)));
        }
    }

    /// Counts what a clock that was wrong put ahead of `now` as of now.
    pub fn forget_the_future(&mut self, now: Timestamp) {
        for at in [&mut self.began, &mut self.since] {
            *at = at.unless_ahead(now);
        }
        self.ended = self.ended.map(|at| at.unless_ahead(now));
        for reached in &mut self.reached {
            reached.at = reached.at.unless_ahead(now);
        }
        if let Some(DrillTraffic { last_good, first_good, .. }) = &mut self.traffic {
            *last_good = last_good.map(|at| at.unless_ahead(now));
            *first_good = first_good.map(|at| at.unless_ahead(now));
        }
    }
}

/// Such as `2026-12-01t1000-orders-canary-7`.
fn id(number: u64, service: &ServiceId, kind: DrillKind, now: Timestamp) -> String {
    let text = now.to_string();
    let minute = text.get(..16).unwrap_or(&text).to_ascii_lowercase().replace(':', "");
    format!("{minute}-{service}-{}-{number}", kind.as_str())
}
