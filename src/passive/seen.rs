//! Everything that an isolate has measured of one region of one service.
//!
//! The time to the first byte is a peak average: a slower response counts at once and in full, a
//! faster one by an eighth. Clients feel the bad moments, so the average forgets them slowly. An
//! error is not fast: a failure adds a penalty that fades, so a region that refuses within a
//! millisecond does not attract traffic. Source: linkerd2-proxy, `PenaltyPeakEwma`.

use super::TryOutcome;
use super::breaker::{Breaker, BreakerLimits};
use super::failures::OriginFailures;
use super::outstanding::Outstanding;
use super::quantile::Quantile;
use crate::latency::Estimate;
use crate::time::{Millis, SECOND, Timestamp};

/// The penalty that a failure adds to a region's latency.
pub const PENALTY_MS: Millis = 5 * SECOND;
/// The penalty has faded after this long.
pub const PENALTY_FADES_AFTER: Millis = 10 * SECOND;

/// What this isolate has measured of one region.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Seen {
    /// Whether it stands behind all others.
    pub breaker: Breaker,
    /// Time to the first byte of its responses.
    pub latency: Option<Estimate>,
    /// Requests without a response yet.
    pub outstanding: Outstanding,
    /// After how long a request is late.
    pub late_after: Quantile,
    /// The index in the region of the origin that was silent last.
    pub silent_origin: Option<usize>,
    /// Which origins failed last.
    pub failures: OriginFailures,
    failed_at: Option<Timestamp>,
    /// When the first request was sent since any has ended.
    waits_since: Option<Timestamp>,
}

/// A try that is over.
#[derive(Debug, Clone, Copy)]
pub struct FinishedTry {
    /// How it ended.
    pub outcome: TryOutcome,
    /// The index of the origin in the region; `None` if the region has other origins by now.
    pub origin: Option<usize>,
    /// When it was sent.
    pub began: Timestamp,
    /// When it had to be over.
    pub due: Timestamp,
    /// When it was over.
    pub now: Timestamp,
}

/// An answer whose body did not arrive whole.
#[derive(Debug, Clone, Copy)]
pub struct LostBody {
    /// The index of the origin in the region; `None` if the region has other origins by now.
    pub origin: Option<usize>,
    /// When its last byte arrived.
    pub since: Timestamp,
    /// Whether it fell silent. Otherwise the connection ended.
    pub is_silent: bool,
    /// When it was given up.
    pub now: Timestamp,
}

impl Seen {
    /// The same as if nothing had opened its breaker.
    #[must_use]
    pub fn with_a_closed_breaker(&self) -> Self {
        Self { breaker: Breaker::default(), ..*self }
    }

    /// A request is sent that must be over when it is `due`.
    pub fn begin(&mut self, due: Timestamp, now: Timestamp) {
        self.outstanding.begin(due, now);
        self.waits_since.get_or_insert(now);
    }

    /// Whether requests have been sent for so long and none has ended.
    #[must_use]
    pub fn is_silent(&self, for_ms: Millis, now: Timestamp) -> bool {
        self.waits_since.is_some_and(|since| now.since(since) >= for_ms)
    }

    /// Folds in a try that is over.
    pub fn end(&mut self, ended: FinishedTry, limits: BreakerLimits) {
        let FinishedTry { outcome, origin, began, due, now } = ended;
        self.outstanding.end(due);
        if outcome == TryOutcome::Unknown {
            return;
        }
        self.waits_since = None;
        self.breaker.observe(outcome, began, now, limits);
        if outcome == TryOutcome::Served {
            let took_ms = now.since(began);
            self.latency = Some(Estimate::with_peak(self.latency, took_ms, now));
            self.late_after.add(took_ms);
            self.silent_origin = self.silent_origin.filter(|silent| Some(*silent) != origin);
        } else {
            self.failed_at = Some(now);
            if let Some(origin) = origin {
                self.failures.note(origin, now);
            }
        }
        if outcome == TryOutcome::Silent {
            self.silent_origin = origin.or(self.silent_origin);
        }
    }

    /// Folds in that an answer, whose head counted as served, has lost its body.
    pub fn body_lost(&mut self, lost: LostBody, limits: BreakerLimits) {
        let LostBody { origin, since, is_silent, now } = lost;
        let outcome = if is_silent { TryOutcome::Silent } else { TryOutcome::Failed };
        self.breaker.take_back_one(now);
        self.breaker.observe(outcome, since, now, limits);
        self.failed_at = Some(now);
        if is_silent {
            self.silent_origin = origin.or(self.silent_origin);
        }
    }

    /// The penalty that its last failure still adds to its latency.
    #[must_use]
    pub fn penalty_ms(&self, now: Timestamp) -> Millis {
        let age_ms = self.failed_at.map_or(PENALTY_FADES_AFTER, |at| now.since(at));
        PENALTY_MS * PENALTY_FADES_AFTER.saturating_sub(age_ms) / PENALTY_FADES_AFTER
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIMITS: BreakerLimits = BreakerLimits { failures: 5, success_percent: 50 };

    fn at(ms: u64) -> Timestamp {
        Timestamp::from_millis(1_000_000 + ms)
    }

    fn ended(outcome: TryOutcome, began: u64, now: u64) -> FinishedTry {
        FinishedTry { outcome, origin: Some(0), began: at(began), due: at(9), now: at(now) }
    }

    #[test]
    fn a_slower_answer_counts_whole_and_a_faster_one_by_an_eighth() {
        let mut seen = Seen::default();
        for (took, shown) in [(40, 40), (200, 200), (40, 180)] {
            seen.end(ended(TryOutcome::Served, 0, took), LIMITS);
            assert_eq!(seen.latency.unwrap().millis(at(took)), Some(shown));
        }
    }

    #[test]
    fn a_fast_failure_is_slow_for_a_while() {
        let mut seen = Seen::default();
        seen.end(ended(TryOutcome::Failed, 0, 1), LIMITS);
        assert_eq!(seen.latency, None, "an error is no measurement");
        assert_eq!(seen.penalty_ms(at(1)), 5_000);
        assert_eq!(seen.penalty_ms(at(5_001)), 2_500);
        assert_eq!(seen.penalty_ms(at(10_001)), 0);
        assert_eq!(Seen::default().penalty_ms(at(0)), 0);
    }

    #[test]
    fn what_is_over_is_not_under_way_however_it_ended() {
        let mut seen = Seen::default();
        for outcome in [
            TryOutcome::Served,
            TryOutcome::Failed,
            TryOutcome::Silent,
            TryOutcome::PushedBack(None),
            TryOutcome::Unknown,
        ] {
            seen.outstanding.begin(at(9), at(0));
            assert_eq!(seen.outstanding.count(at(0)), 1);
            seen.end(ended(outcome, 0, 5), LIMITS);
            assert_eq!(seen.outstanding.count(at(5)), 0);
        }
    }
}
