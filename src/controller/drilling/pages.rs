//! What people read of drills: their pages in KV, and the answers to who asks.

use crate::controller::Controller;
use crate::documents::{DRILL_PREFIX, DrillIndex, DrillPage};
use crate::drill::{Drill, DrillStage};
use crate::time::Timestamp;

/// The KV key of a drill.
pub(in crate::controller) fn key(id: &str) -> String {
    format!("{DRILL_PREFIX}{id}")
}

/// What is news about a drill: that it began, and how it ended. How far it has come in between is
/// no write to KV; who asks hears it.
pub(in crate::controller) fn substance(drill: &Drill) -> Drill {
    let reached = if drill.is_under_way() { Vec::new() } else { drill.reached.clone() };
    let (stage, since) = (DrillStage::Over, Timestamp::default());
    Drill { stage, since, reached, ending: None, epoch: None, ..drill.clone() }
}

/// What is news about its line in the list: that it began, and how it ended.
pub(in crate::controller) fn line_substance(drill: &Drill) -> Drill {
    Drill { reached: Vec::new(), ..substance(drill) }
}

impl Controller {
    /// The drills that are kept, and when the next ones are due.
    #[must_use]
    pub fn drill_index(&self, now: Timestamp) -> DrillIndex {
        let schedules = self.config.as_ref().map(|config| config.drills.as_slice());
        DrillIndex::of(&self.state.drills, schedules.unwrap_or_default(), now)
    }

    /// One of them.
    #[must_use]
    pub fn drill_page(&self, id: &str, now: Timestamp) -> Option<DrillPage> {
        let drill = self.state.drills.drills.iter().find(|drill| drill.id == id)?;
        Some(DrillPage::of(drill, now))
    }
}
