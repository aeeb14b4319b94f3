//! Blends three sources into one latency.
//!
//! It is a weighted mean in integers. A source weighs as much as its number of samples, up to a
//! limit. A passive sample weighs twice as much as a probe. The distance always weighs two samples:
//! enough to rank unmeasured regions, too little against a dozen measurements. The weight of a
//! measurement falls linearly with its age and is zero once it is stale, so an old one leaves
//! without a jump. A stale latency is absent, never zero. Only good responses are measured: an
//! error is not fast.

#![cfg_attr(not(test), deny(clippy::arithmetic_side_effects, clippy::as_conversions))]

use super::ewma::{Estimate, STALE_AFTER};
use crate::time::{Millis, Timestamp};

/// The weight of the distance, in samples.
const PRIOR_SAMPLES: u64 = 2;
/// More samples than this add no weight.
const SAMPLES_MAX: u32 = 16;
/// The weight of a passive sample, in active ones.
const PASSIVE_FACTOR: u64 = 2;

/// The blended latency in milliseconds, rounded down; `None` if nothing is known.
#[must_use]
pub fn blend(
    active: Option<Estimate>,
    passive: Option<Estimate>,
    prior_ms: Option<Millis>,
    now: Timestamp,
) -> Option<Millis> {
    // Most regions were never asked by this isolate.
    if let (None, None) = (active, passive) {
        return prior_ms;
    }
    let measured = |estimate: Option<Estimate>, factor: u64| {
        let estimate = estimate?;
        Some((estimate.millis(now)?, weight(estimate, now).saturating_mul(factor)))
    };
    let prior = prior_ms.map(|ms| (ms, PRIOR_SAMPLES.saturating_mul(STALE_AFTER)));
    let witnesses = [measured(active, 1), measured(passive, PASSIVE_FACTOR), prior];
    let (mut sum, mut weights) = (0_u128, 0_u128);
    for (ms, weight) in witnesses.into_iter().flatten() {
        sum = sum.saturating_add(u128::from(ms).saturating_mul(u128::from(weight)));
        weights = weights.saturating_add(u128::from(weight));
    }
    u64::try_from(sum.checked_div(weights)?).ok()
}

/// Number of samples times the milliseconds until they are stale.
fn weight(estimate: Estimate, now: Timestamp) -> u64 {
    let left_ms = STALE_AFTER.saturating_sub(estimate.age(now));
    u64::from(estimate.samples().min(SAMPLES_MAX)).saturating_mul(left_ms)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(ms: u64) -> Timestamp {
        Timestamp::from_millis(ms)
    }

    /// `samples` samples of `ms`, all at the beginning of time.
    fn estimate(ms: u64, samples: u32) -> Option<Estimate> {
        (0..samples).fold(None, |before, _| Some(Estimate::with(before, ms, at(0))))
    }

    #[test]
    fn of_nothing_nothing_is_known() {
        assert_eq!(blend(None, None, None, at(0)), None);
        assert_eq!(blend(estimate(40, 9), estimate(40, 9), None, at(STALE_AFTER + 1)), None);
    }

    #[test]
    fn one_witness_alone_is_believed() {
        assert_eq!(blend(estimate(40, 1), None, None, at(0)), Some(40));
        assert_eq!(blend(None, estimate(50, 1), None, at(0)), Some(50));
        assert_eq!(blend(None, None, Some(60), at(0)), Some(60));
    }

    #[test]
    fn distance_weighs_two_samples_and_a_passive_sample_two_active_ones() {
        assert_eq!(blend(estimate(10, 2), None, Some(20), at(0)), Some(15));
        assert_eq!(blend(estimate(10, 1), None, Some(40), at(0)), Some(30));
        assert_eq!(blend(estimate(10, 2), estimate(40, 1), None, at(0)), Some(25));
    }

    #[test]
    fn beyond_sixteen_samples_more_weigh_no_more() {
        let with = |samples| blend(estimate(100, samples), None, Some(1_000), at(0));
        assert_eq!(with(16), with(17));
        assert_eq!(with(16), with(1_000));
        assert!(with(15) > with(16));
    }

    #[test]
    fn a_stale_measurement_is_absent_and_not_zero() {
        for late in [STALE_AFTER, STALE_AFTER + 1] {
            assert_eq!(blend(estimate(5, 16), None, Some(90), at(late)), Some(90));
        }
        let just_before = blend(estimate(5, 16), None, Some(90), at(STALE_AFTER - 1));
        assert!((89..=90).contains(&just_before.unwrap()), "it leaves without a jump");
    }

    mod properties {
        use super::*;
        use proptest::prelude::*;

        proptest! {
            #[test]
            fn the_result_lies_among_its_witnesses(
                active in (0u64..10_000, 0u32..40),
                passive in (0u64..10_000, 0u32..40),
                prior in proptest::option::of(0u64..400),
                age in 0u64..STALE_AFTER,
            ) {
                let (a, p) = (estimate(active.0, active.1), estimate(passive.0, passive.1));
                let witnesses: Vec<_> = [a.map(|_| active.0), p.map(|_| passive.0), prior]
                    .into_iter()
                    .flatten()
                    .collect();
                let told = blend(a, p, prior, at(age));
                prop_assert_eq!(told.is_some(), !witnesses.is_empty());
                if let Some(ms) = told {
                    prop_assert!(ms >= *witnesses.iter().min().unwrap());
                    prop_assert!(ms <= *witnesses.iter().max().unwrap());
                }
            }

            #[test]
            fn an_older_measurement_never_weighs_more(
                samples in 1u32..40, a in 0u64..2 * STALE_AFTER, b in 0u64..2 * STALE_AFTER,
            ) {
                let measured = estimate(40, samples).unwrap();
                let (young, old) = (a.min(b), a.max(b));
                prop_assert!(weight(measured, at(old)) <= weight(measured, at(young)));
            }
        }
    }
}
