//! When to leave a region alone, and when to look again.
//!
//! Three statistics, because each is blind where another sees. **Silence** (no connection, no
//! answer in time) opens at once, unless the region answered anybody since that request was sent:
//! then one page is slow and not the region, and the first request that finds a dead region is the
//! last one that waits for it. **Failures in a row** find a region that answers everything with an
//! error, however few requests there are. **The share of good answers in a window** finds one that
//! fails every second request, which never fails five times in a row. A wish to be left alone (429)
//! counts in the share only: one client over its limit is no reason to leave, a storm of them is.
//!
//! An open breaker waits, twice as long each time, and then lets one trial through, which is a
//! request of our own and never a client's. A trial that passes closes it. So does an answer to a
//! client that had nowhere else to go, once the wait is over; before that one good answer in a
//! brown-out would let everybody back in. What opens again soon after it was closed goes on
//! doubling where it was. Source: linkerd2-proxy, `linkerd/app/outbound/src/http/breaker`, for two
//! statistics with "or".

use super::TryOutcome;
use super::window::Window;
use crate::time::{MINUTE, Millis, SECOND, Timestamp};

/// The first wait of an open breaker.
pub const BACKOFF_MS_MIN: Millis = SECOND;
/// The longest wait, whatever a region asks for.
pub const BACKOFF_MS_MAX: Millis = MINUTE;
/// How long a breaker has to stay closed until the next wait is the first one again.
const QUIET_MS: Millis = MINUTE;
/// Answers in the window without which their share says nothing.
const ANSWERS_MIN: u32 = 10;
/// After this a trial that said nothing is taken to be lost.
const TRIAL_MS_MAX: Millis = 10 * SECOND;

/// When a breaker opens.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BreakerLimits {
    /// At this many failures in a row.
    pub failures: u32,
    /// Below this share of good answers in the window, in percent.
    pub success_percent: u32,
}

/// The breaker of one region.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Breaker {
    window: Window,
    failures_in_a_row: u32,
    served_at: Option<Timestamp>,
    /// When to look again, where it is open.
    open_until: Option<Timestamp>,
    opened_at: Timestamp,
    closed_at: Timestamp,
    /// How often the wait was doubled.
    doublings: u32,
    /// Until when an answer to a trial is awaited.
    trial_until: Timestamp,
}

impl Breaker {
    /// Whether the region is to be left alone.
    #[must_use]
    pub fn is_open(&self) -> bool {
        self.open_until.is_some()
    }

    /// When the region will be looked at again, where it is left alone.
    #[must_use]
    pub fn open_until(&self) -> Option<Timestamp> {
        self.open_until
    }

    /// Folds in how a client's request ended that was sent at `began`.
    pub fn observe(
        &mut self,
        outcome: TryOutcome,
        began: Timestamp,
        now: Timestamp,
        limits: BreakerLimits,
    ) {
        if outcome == TryOutcome::Unknown {
            return;
        }
        let is_served = outcome == TryOutcome::Served;
        self.window.note(is_served, now);
        match outcome {
            TryOutcome::Served => {
                self.failures_in_a_row = 0;
                self.served_at = Some(now);
                let is_over = self.open_until.is_some_and(|until| until <= now);
                if is_over && began >= self.opened_at {
                    self.close(now);
                }
            }
            TryOutcome::PushedBack(_) | TryOutcome::Unknown => {}
            TryOutcome::Failed | TryOutcome::Silent => {
                self.failures_in_a_row = self.failures_in_a_row.saturating_add(1);
            }
        }
        if !is_served && self.has_reason(outcome, began, now, limits) {
            let asked_ms = match outcome {
                TryOutcome::PushedBack(Some(ms)) => ms,
                _ => 0,
            };
            self.open(asked_ms, now);
        }
    }

    /// Whether a trial is to be sent now; once it was said, not again until that one is lost.
    pub fn begins_trial(&mut self, now: Timestamp) -> bool {
        let is_due = self.open_until.is_some_and(|until| until <= now) && self.trial_until <= now;
        if is_due {
            self.trial_until = now.plus(TRIAL_MS_MAX);
        }
        is_due
    }

    /// Ends the wait, because somebody else has seen the region up again. The trial still decides.
    pub fn look_now(&mut self, now: Timestamp) {
        self.open_until = self.open_until.map(|until| until.min(now));
    }

    /// Folds in how a trial ended.
    pub fn trial_ended(&mut self, has_passed: bool, now: Timestamp) {
        self.trial_until = Timestamp::default();
        if !self.is_open() {
            return;
        }
        if has_passed {
            self.close(now);
        } else {
            self.open(0, now);
        }
    }

    fn has_reason(
        &self,
        outcome: TryOutcome,
        began: Timestamp,
        now: Timestamp,
        limits: BreakerLimits,
    ) -> bool {
        let is_dead = outcome == TryOutcome::Silent && self.served_at.is_none_or(|at| at < began);
        let (good, bad) = self.window.counts(now);
        let answers = good.saturating_add(bad);
        let is_bad = answers >= ANSWERS_MIN
            && u64::from(good) * 100 < u64::from(answers) * u64::from(limits.success_percent);
        is_dead || is_bad || self.failures_in_a_row >= limits.failures
    }

    /// Opens it for the next wait, or for `asked_ms` where that is longer. One that is open already
    /// and still waits is left as it is: those who had nowhere else to go tell nothing new.
    fn open(&mut self, asked_ms: Millis, now: Timestamp) {
        match self.open_until {
            Some(until) if now < until => return,
            None if now.since(self.closed_at) > QUIET_MS => self.doublings = 0,
            _ => {}
        }
        let wait_ms = BACKOFF_MS_MIN.checked_shl(self.doublings).unwrap_or(BACKOFF_MS_MAX);
        self.doublings = self.doublings.saturating_add(1).min(BACKOFF_MS_MAX.ilog2());
        self.open_until = Some(now.plus(wait_ms.max(asked_ms).min(BACKOFF_MS_MAX)));
        self.opened_at = now;
    }

    fn close(&mut self, now: Timestamp) {
        self.open_until = None;
        self.closed_at = now;
        self.failures_in_a_row = 0;
        self.window = Window::default();
    }
}

#[cfg(test)]
mod tests;
