//! The only clock.

use crate::time::{Millis, Timestamp};
use futures::future::{Either, select};
use std::pin::pin;
use std::time::Duration;
use worker::Delay;

/// The time now. In production it stands still while code runs and moves only with I/O.
pub(super) fn now() -> Timestamp {
    Timestamp::from_millis(worker::Date::now().as_millis())
}

/// Waits.
pub(super) async fn wait(ms: Millis) {
    Delay::from(Duration::from_millis(ms)).await;
}

/// The result of `work`, or `None` where it takes longer than `ms`. The work is dropped then.
pub(super) async fn within<T>(ms: Millis, work: impl Future<Output = T>) -> Option<T> {
    match select(pin!(work), pin!(wait(ms))).await {
        Either::Left((done, _)) => Some(done),
        Either::Right(_) => None,
    }
}

/// The clock of one cron run. It never shows a time before the one that the run was scheduled for,
/// so that a machine whose clock is behind cannot take the state back in time.
pub(super) struct RunClock {
    ahead_ms: Millis,
}

impl RunClock {
    pub(super) fn starting_at(scheduled: Timestamp) -> Self {
        Self { ahead_ms: scheduled.since(now()) }
    }

    pub(super) fn now(&self) -> Timestamp {
        now().plus(self.ahead_ms)
    }
}
