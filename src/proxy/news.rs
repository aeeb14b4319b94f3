//! The Controller is asked for a later table, behind a request.
//!
//! KV takes a while to spread a value: its cache alone holds one for 30 s. So an isolate that looks
//! for a new table also asks the Controller, with the generation of the one that it has. KV stays
//! the record, and all that there is while the Controller is out of reach.

use super::refresh::{REFRESH_MS, REFRESH_ON_EVIDENCE_MS};
use crate::time::{Millis, SECOND, Timestamp};

/// How often an isolate asks at most. Each question is a request to the one Controller.
pub const NEWS_EVERY_MS: Millis = REFRESH_MS;
/// How rarely it asks at least, whatever the Controller says.
pub(super) const NEWS_EVERY_MS_MAX: Millis = 120 * NEWS_EVERY_MS;
/// How long an isolate does not ask after a question that was not answered.
pub(super) const NEWS_AFTER_FAILURE_MS: Millis = 4 * NEWS_EVERY_MS;
/// How often it asks at most while clients are refused for want of a region or a primary.
pub(super) const NEWS_IN_NEED_MS: Millis = REFRESH_ON_EVIDENCE_MS;
/// How many times it asks so often before a table comes. An outage of hours costs no more than
/// this.
pub(super) const NEWS_IN_NEED_MAX: u32 = 24;
/// Longest wait for its answer. Nobody waits for it but the isolate.
pub const NEWS_TIMEOUT_MS: Millis = 2 * SECOND;

/// What became of the questions of one isolate.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct NewsCounts {
    /// Questions.
    pub asked: u64,
    /// Those that brought a table which is in use now.
    pub taken: u64,
    /// Those that were not answered.
    pub failed: u64,
}

/// When the Controller is asked next.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct News {
    /// The next turn.
    not_before: Timestamp,
    /// From when it is asked in need; never before the turn that the Controller itself has set.
    in_need_from: Timestamp,
    is_needed: bool,
    /// Questions in need since the last table.
    asked_in_need: u32,
    pub(super) counts: NewsCounts,
}

impl News {
    /// Whether to ask now. The caller that is told so does it.
    pub(super) fn next(&mut self, now: Timestamp) -> bool {
        let in_need = self.is_needed && self.asked_in_need < NEWS_IN_NEED_MAX;
        if now < if in_need { self.in_need_from } else { self.not_before } {
            return false;
        }
        self.asked_in_need += u32::from(now < self.not_before);
        self.is_needed = false;
        self.waits(now, NEWS_EVERY_MS);
        self.counts.asked += 1;
        true
    }

    /// A client was refused for want of a region or a primary, which a later table may have.
    pub(super) fn need(&mut self) {
        self.is_needed = true;
    }

    /// The Controller has answered, and wants to be asked after `wait_ms`.
    pub(super) fn told(&mut self, now: Timestamp, wait_ms: Millis) {
        self.waits(now, wait_ms.clamp(NEWS_EVERY_MS, NEWS_EVERY_MS_MAX));
    }

    pub(super) fn taken(&mut self) {
        self.asked_in_need = 0;
        self.counts.taken += 1;
    }

    pub(super) fn failed(&mut self, now: Timestamp) {
        self.waits(now, NEWS_AFTER_FAILURE_MS);
        // Clients who are refused wait no longer than they would have without the question.
        self.in_need_from = now.plus(NEWS_EVERY_MS);
        self.counts.failed += 1;
    }

    fn waits(&mut self, now: Timestamp, wait_ms: Millis) {
        let in_need_ms = if wait_ms > NEWS_EVERY_MS { wait_ms } else { NEWS_IN_NEED_MS };
        (self.not_before, self.in_need_from) = (now.plus(wait_ms), now.plus(in_need_ms));
    }
}
