//! The clock of one cron run, and waiting.

use super::clock::{now, short};
use super::objects;
use crate::time::{Millis, Timestamp};

/// Waits.
pub(super) async fn wait(ms: Millis) {
    objects::wait(short(ms)).await;
}

/// The clock of one cron run. It never shows a time before the scheduled one, so a machine whose
/// clock is slow cannot take the state back in time.
#[derive(Clone, Copy, Default)]
pub(super) struct RunClock {
    ahead_ms: Millis,
}

impl RunClock {
    pub(super) fn starting_at(scheduled: Timestamp) -> Self {
        Self { ahead_ms: scheduled.since(now()) }
    }

    pub(super) fn now(&self) -> Timestamp {
        self.shows(now())
    }

    /// What this clock shows when the machine's shows `at`.
    pub(super) fn shows(&self, at: Timestamp) -> Timestamp {
        at.plus(self.ahead_ms)
    }
}
