//! The KV documents about drills: `drill:<id>`, and `drills`, which lists them.

use crate::config::{DrillKind, DrillSchedule};
use crate::drill::{Drill, DrillBook, DrillStage, Outcome, report, summary};
use crate::ids::{DrillId, RegionId, ServiceId};
use crate::json::fields;
use crate::time::Timestamp;

/// The KV key of [`DrillIndex`].
pub const DRILLS_KEY: &str = "drills";
/// The prefix of the KV keys of [`DrillPage`].
pub const DRILL_PREFIX: &str = "drill:";

/// One drill as people read it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DrillPage {
    /// When this was true.
    pub as_of: Timestamp,
    /// One line that tells it.
    pub summary: String,
    /// The report in Markdown, line by line.
    pub report: Vec<String>,
    /// All of it.
    pub drill: Drill,
}

/// The drills that are kept, the latest first.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DrillIndex {
    /// When this was true.
    pub as_of: Timestamp,
    /// A line for each.
    pub drills: Vec<DrillLine>,
    /// The schedules, in the order of the config.
    pub schedules: Vec<ScheduleLine>,
}

/// One drill in a line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DrillLine {
    /// Its id.
    pub id: String,
    /// How it ended; `PENDING` while it goes on.
    pub outcome: Outcome,
    /// When it began.
    pub began: Timestamp,
    /// When it ended.
    pub ended: Option<Timestamp>,
    /// What it is.
    pub summary: String,
}

/// One schedule in a line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ScheduleLine {
    /// Its name.
    pub id: DrillId,
    /// The service.
    pub service: ServiceId,
    /// How far it goes.
    pub kind: DrillKind,
    /// When it was last made.
    pub last: Option<Timestamp>,
    /// When it is due next.
    pub next: Option<Timestamp>,
    /// Why it was not made when it was last due.
    pub skipped: Option<String>,
}

/// The drill that goes on, as `status` has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DrillStatus {
    /// Its id.
    pub id: String,
    /// How far it goes.
    pub kind: DrillKind,
    /// The service.
    pub service: ServiceId,
    /// The region that is taken to fail.
    pub region: RegionId,
    /// What is being done.
    pub stage: DrillStage,
    /// When it began.
    pub began: Timestamp,
}

fields!(DrillPage { as_of, summary, report, drill });
fields!(DrillIndex { as_of, drills, schedules = Vec::new() });
fields!(DrillLine { id, outcome, began, ended, summary });
fields!(ScheduleLine { id, service, kind, last, next, skipped if any });
fields!(DrillStatus { id, kind, service, region, stage, began });

impl DrillPage {
    /// The page of a drill.
    #[must_use]
    pub fn of(drill: &Drill, now: Timestamp) -> Self {
        let report = report(drill).lines().map(str::to_owned).collect();
        Self { as_of: now, summary: summary(drill), report, drill: drill.clone() }
    }
}

impl DrillIndex {
    /// The list of these drills, which are in the order in which they were begun.
    #[must_use]
    pub fn of(book: &DrillBook, schedules: &[DrillSchedule], now: Timestamp) -> Self {
        let schedule = |it: &DrillSchedule| {
            let memory = book.schedules.get(&it.id);
            let last = memory.and_then(|memory| memory.last);
            ScheduleLine {
                id: it.id.clone(),
                service: it.service.clone(),
                kind: it.kind,
                last,
                next: it.next(last, now),
                skipped: memory.and_then(|memory| memory.skipped.clone()),
            }
        };
        Self {
            as_of: now,
            drills: book.drills.iter().rev().map(DrillLine::of).collect(),
            schedules: schedules.iter().map(schedule).collect(),
        }
    }
}

impl DrillLine {
    /// A drill in a line.
    #[must_use]
    pub fn of(drill: &Drill) -> Self {
        Self {
            id: drill.id.clone(),
            outcome: drill.outcome,
            began: drill.began,
            ended: drill.ended,
            summary: summary(drill),
        }
    }
}

impl DrillStatus {
    /// The drill that goes on, if there is one.
    #[must_use]
    pub fn of(book: &DrillBook) -> Option<Self> {
        let Drill { id, kind, service, region, stage, began, .. } = book.under_way()?.clone();
        Some(Self { id, kind, service, region, stage, began })
    }
}
