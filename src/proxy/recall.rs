//! Decisions that are remembered, for requests of which the core would look at the same facts.
//!
//! A page of a shop is fifty requests of one client within a second. They differ by path and id,
//! and mostly no rule looks at a path. So the core says with an instruction that it may serve for
//! more: the shell keeps it under all facts but path and id, and asks with its number, which costs
//! a tenth of a question. The core looks whether what the decision rested on still stands, and
//! counts the request as it counts every other. Nothing is decided by the shell, and nothing is
//! remembered for longer than [`RECALL_MS`] (ADR-0041). `recalling` does both; this file is the
//! memory.

use crate::country::Country;
use crate::steering::ChosenBy;
use crate::time::{Millis, SECOND, Timestamp};
use std::collections::VecDeque;

/// For how long a decision is remembered. What it rests on is watched; only that latencies drift,
/// and that a cookie ends, is not looked at within this time.
pub const RECALL_MS: Millis = SECOND;
/// Most decisions that are remembered; the oldest is forgotten first.
pub const RECALLED_MAX: usize = 256;

/// A decision that may serve for more requests.
#[derive(Debug)]
pub(super) struct Remembered {
    pub(super) number: u32,
    /// The URL up to the path.
    pub(super) site: String,
    pub(super) service: usize,
    /// The region, by its index in the service and in the table.
    pub(super) region: (usize, usize),
    pub(super) country: Option<Country>,
    pub(super) how: ChosenBy,
    pub(super) wait_ms: Millis,
    /// What the isolate had learned of the service.
    pub(super) learned: u64,
    pub(super) made: Timestamp,
    /// From then on it stands no more.
    pub(super) until: Timestamp,
}

/// Those of one isolate, the oldest first.
#[derive(Debug, Default)]
pub(super) struct Recall {
    remembered: VecDeque<Remembered>,
    last: u32,
}

impl Recall {
    /// Forgets all, as when there is another table.
    pub(super) fn forget(&mut self) {
        self.remembered.clear();
    }

    /// Keeps a decision, which is made with its number. Returns the number.
    pub(super) fn keep(&mut self, decision: impl FnOnce(u32) -> Remembered) -> u32 {
        if self.remembered.len() == RECALLED_MAX {
            self.remembered.pop_front();
        }
        self.last = self.last.wrapping_add(1);
        self.remembered.push_back(decision(self.last));
        self.last
    }

    /// Numbers follow each other, so the place of one is known.
    pub(super) fn find(&self, number: u32) -> Option<&Remembered> {
        let first = self.remembered.front()?.number;
        let place = usize::try_from(number.wrapping_sub(first)).ok()?;
        self.remembered.get(place).filter(|it| it.number == number)
    }
}
