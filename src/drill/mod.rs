//! Drills, as values: what is tried out while all is well, how far it has come, and what came of
//! it.
//!
//! A drill that moves clients says so by its [`DrillStage`] alone: the view reads it, so proxies,
//! records and pools follow on their ordinary way, and nothing is left to be undone. Once the stage
//! is past, or the drill is no more, the region has its clients again, whatever happened in
//! between. Only a promoted primary has to be moved back by a plan of its own.

mod book;
mod record;
mod report;
mod stage;

pub use book::{DRILL_AGE_MS, DRILLS_MAX, DrillBook, ScheduleMemory};
pub use record::{Drill, DrillTraffic, FINDINGS_MAX, Finding, Held, Reached, Wish};
pub use report::{report, summary};
pub use stage::{DrillStage, Milestone, Outcome};
