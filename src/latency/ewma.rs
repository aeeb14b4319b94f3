//! An exponentially weighted moving average in integers.
//!
//! It has the form of RFC 6298 §2 (`SRTT += (R - SRTT) / 8`), stored as eight times its value. So
//! it needs no float, and host and wasm agree bit for bit. A mean over all time would never forget,
//! and the last value alone would jump with every hiccup. One eighth follows a real change within
//! about twenty samples.

#![cfg_attr(not(test), deny(clippy::arithmetic_side_effects, clippy::as_conversions))]

use crate::json::fields;
use crate::time::{MINUTE, Millis, Timestamp};

/// An estimate older than this is stale and counts as absent.
pub const STALE_AFTER: Millis = 10 * MINUTE;

/// The longest latency that is accepted, in milliseconds; a longer one means a broken clock.
const SAMPLE_MS_MAX: u64 = 600_000;

/// The smoothed latency of good responses. Failures are never added: an error is not fast.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Estimate {
    /// Eight times the average, in milliseconds.
    scaled: u64,
    /// Samples so far.
    samples: u32,
    /// When the last sample was taken.
    at: Timestamp,
}

fields!(Estimate { scaled, samples, at });

impl Estimate {
    /// The estimate after one more sample of `ms`; the first sample is taken as it is.
    #[must_use]
    pub fn with(before: Option<Self>, ms: Millis, at: Timestamp) -> Self {
        let ms = ms.min(SAMPLE_MS_MAX);
        let Some(before) = before.filter(|e| !e.is_stale(at)) else {
            return Self { scaled: ms.saturating_mul(8), samples: 1, at };
        };
        let scaled = before.scaled.saturating_sub(before.scaled.div_ceil(8)).saturating_add(ms);
        Self { scaled, samples: before.samples.saturating_add(1), at }
    }

    /// The same, but a sample slower than the average replaces it.
    #[must_use]
    pub fn with_peak(before: Option<Self>, ms: Millis, at: Timestamp) -> Self {
        let next = Self::with(before, ms, at);
        Self { scaled: next.scaled.max(ms.min(SAMPLE_MS_MAX).saturating_mul(8)), ..next }
    }

    /// The average in milliseconds, rounded up; `None` if the last sample is stale.
    #[must_use]
    pub fn millis(self, now: Timestamp) -> Option<Millis> {
        (!self.is_stale(now)).then_some(self.scaled.div_ceil(8))
    }

    /// The number of samples.
    #[must_use]
    pub fn samples(self) -> u32 {
        self.samples
    }

    /// The age of the last sample.
    #[must_use]
    pub fn age(self, now: Timestamp) -> Millis {
        now.since(self.at)
    }

    /// Whether the last sample lies ahead of the clock, so that its age is unknown.
    #[must_use]
    pub fn is_ahead(self, now: Timestamp) -> bool {
        self.at.is_ahead(now)
    }

    fn is_stale(self, now: Timestamp) -> bool {
        self.age(now) > STALE_AFTER
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn after(samples: &[u64]) -> Estimate {
        let mut estimate = None;
        for ms in samples {
            estimate = Some(Estimate::with(estimate, *ms, Timestamp::from_millis(0)));
        }
        estimate.unwrap()
    }

    #[test]
    fn the_first_sample_is_the_estimate() {
        assert_eq!(after(&[40]).millis(Timestamp::from_millis(0)), Some(40));
    }

    #[test]
    fn one_hiccup_moves_it_by_an_eighth() {
        assert_eq!(after(&[40, 120]).millis(Timestamp::from_millis(0)), Some(50));
    }

    #[test]
    fn a_lasting_change_is_followed() {
        let mut samples = vec![40];
        samples.extend([120; 30]);
        let millis = after(&samples).millis(Timestamp::from_millis(0)).unwrap();
        assert!((117..=120).contains(&millis), "{millis}");
    }

    #[test]
    fn an_old_estimate_is_absent_and_not_zero() {
        let estimate = after(&[40]);
        assert_eq!(estimate.millis(Timestamp::from_millis(STALE_AFTER)), Some(40));
        assert_eq!(estimate.millis(Timestamp::from_millis(STALE_AFTER + 1)), None);
    }

    mod properties {
        use super::*;
        use proptest::prelude::*;

        proptest! {
            #[test]
            fn it_stays_between_the_smallest_and_the_largest_sample(
                samples in proptest::collection::vec(0u64..10_000, 1..60),
            ) {
                let millis = after(&samples).millis(Timestamp::from_millis(0)).unwrap();
                prop_assert!(millis >= *samples.iter().min().unwrap());
                prop_assert!(millis <= *samples.iter().max().unwrap());
            }
        }
    }
}
