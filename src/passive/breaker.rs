//! Circuit breaker: when to stop using a region, and when to try it again.
//!
//! It uses three statistics, because each finds what the others miss. **Silence** (no connection,
//! no response in time) opens it at once, so only one request waits for a dead region. The
//! exception: if the region responded to any request sent since, one page is slow and not the
//! region. **Failures in a row** find a region that answers everything with an error, however few
//! requests there are. **The success rate in a window** finds a region that fails every second
//! request and so never fails five times in a row. A 429 counts only in the success rate: one
//! client over its limit is no reason to leave a region, a storm of them is.
//!
//! An open breaker waits, twice as long each time, and then lets one trial through. The trial is
//! our own request, never a client's. A trial that passes closes the breaker. So does a good
//! response to a client that had no other region, but only once the wait is over: otherwise one
//! good response in a brown-out would let all traffic back in. Until then such a response puts the
//! region before others whose breakers are open too. A breaker that opens again soon after it
//! closed continues to double its wait. Source: linkerd2-proxy,
//! `linkerd/app/outbound/src/http/breaker`, for two statistics with "or".
//!
//! The client of a request that carries a trial may reset its connection. Then the runtime drops
//! both, and nothing reports the trial's end. So a trial is given back by time: after
//! [`TRIAL_MS_MAX`] at most, the next request carries another one.

use super::TryOutcome;
use super::window::Window;
use crate::time::{MINUTE, Millis, SECOND, Timestamp};

/// The first wait of an open breaker.
pub const BACKOFF_MS_MIN: Millis = SECOND;
/// The longest wait, even if a region asks for more.
pub const BACKOFF_MS_MAX: Millis = MINUTE;
/// After being closed for this long, the wait starts at the minimum again.
const QUIET_MS: Millis = MINUTE;
/// With fewer responses in the window the success rate is not judged.
const ANSWERS_MIN: u32 = 10;
/// After this a trial without a result counts as lost: the five seconds that the shell waits
/// (`TRIAL_MS` in `src/shell/trial.js`), and one.
pub const TRIAL_MS_MAX: Millis = 6 * SECOND;

/// When a breaker opens.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BreakerLimits {
    /// At this many failures in a row.
    pub failures: u32,
    /// Below this success rate in the window, in percent.
    pub success_percent: u32,
}

/// The breaker of one region.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Breaker {
    window: Window,
    failures_in_a_row: u32,
    served_at: Option<Timestamp>,
    /// When a request or a trial last failed.
    failed_at: Option<Timestamp>,
    /// Whether the last thing that was heard since it opened is a good response.
    answers: bool,
    /// When to try again, if it is open.
    open_until: Option<Timestamp>,
    opened_at: Timestamp,
    closed_at: Timestamp,
    /// How many times the wait was doubled.
    doublings: u32,
    /// Until when the result of a trial is awaited.
    trial_until: Timestamp,
}

impl Breaker {
    /// Whether the region stands behind all others.
    #[must_use]
    pub fn is_open(&self) -> bool {
        self.open_until.is_some()
    }

    /// Whether the region, although its breaker is open, gave the last request a good response.
    #[must_use]
    pub fn answers(&self) -> bool {
        self.is_open() && self.answers
    }

    /// Whether a request or a trial has failed there since `at`.
    #[must_use]
    pub fn has_failed_since(&self, at: Timestamp) -> bool {
        self.failed_at.is_some_and(|failed| failed >= at)
    }

    /// When the region will be tried again, if the breaker is open.
    #[must_use]
    pub fn open_until(&self) -> Option<Timestamp> {
        self.open_until
    }

    /// Folds in the outcome of a client's request that was sent at `began`.
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
                self.answers |= began >= self.opened_at;
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
        if !is_served {
            self.failed_at = Some(now);
            self.answers = false;
        }
        if !is_served && self.has_reason(outcome, began, now, limits) {
            let asked_ms = match outcome {
                TryOutcome::PushedBack(Some(ms)) => ms,
                _ => 0,
            };
            self.open(asked_ms, now);
        }
    }

    /// Takes one good response back: only its head was good.
    pub fn take_back_one(&mut self, now: Timestamp) {
        self.window.take_back_one(now);
    }

    /// Whether to send a trial now. Says so once, until that trial is lost: a second after the
    /// longest time in which it may pass, and after [`TRIAL_MS_MAX`] at the latest.
    pub fn begins_trial(&mut self, passes_within_ms: Millis, now: Timestamp) -> bool {
        let is_due = self.open_until.is_some_and(|until| until <= now) && self.trial_until <= now;
        if is_due {
            let lost_after_ms = passes_within_ms.saturating_add(SECOND).min(TRIAL_MS_MAX);
            self.trial_until = now.plus(lost_after_ms);
        }
        is_due
    }

    /// Ends the wait, because a newer routing table shows the region up. The trial still decides.
    pub fn look_now(&mut self, now: Timestamp) {
        self.open_until = self.open_until.map(|until| until.min(now));
    }

    /// Folds in the outcome of a trial.
    pub fn trial_ended(&mut self, has_passed: bool, now: Timestamp) {
        self.trial_until = Timestamp::default();
        if !self.is_open() {
            return;
        }
        if has_passed {
            self.close(now);
        } else {
            self.failed_at = Some(now);
            self.answers = false;
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

    /// Opens it for the next wait, or for `asked_ms` if that is longer. If it is open and still
    /// waiting, it stays as it is: requests without another region say nothing new.
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
        self.answers = false;
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
