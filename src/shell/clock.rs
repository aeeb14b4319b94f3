//! The only clock.

use super::runtime;
use crate::time::{Millis, Timestamp};

/// The time now. In production it stands still while code runs and only moves on after I/O.
pub(super) fn now() -> Timestamp {
    instant(js_sys::Date::now())
}

/// A number that two isolates do not share.
#[expect(
    clippy::as_conversions,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "it is below 2^53"
)]
pub(super) fn chance() -> u64 {
    (js_sys::Math::random() * 9_007_199_254_740_992.0) as u64
}

/// A time of the runtime. What is no number counts as the beginning of 1970.
#[expect(
    clippy::as_conversions,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "the runtime gives milliseconds as a float, and the cast saturates"
)]
pub(super) fn instant(ms: f64) -> Timestamp {
    Timestamp::from_millis(ms as u64)
}

/// A duration as the runtime takes it, at most 49 days.
pub(super) fn short(ms: Millis) -> u32 {
    u32::try_from(ms).unwrap_or(u32::MAX)
}

/// Waits.
pub(super) async fn wait(ms: Millis) {
    runtime::wait(short(ms)).await;
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
