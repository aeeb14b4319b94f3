//! One latency from three witnesses.
//!
//! A weighted mean in integers. A witness weighs as many samples as it has, up to a limit beyond
//! which more of them say nothing new. What was measured on the requests themselves counts twice
//! what a probe counts, and the distance counts as two samples for ever: enough to rank regions
//! that nobody has measured, too little to hold against a dozen measurements. A measurement's
//! weight falls with its age in a straight line and is nothing when it is stale, so that an old one
//! leaves without a jump; it is absent then, never zero, and an unmeasured region is not a fast
//! one. Only answers that counted are ever measured: an error is not fast.

#![cfg_attr(not(test), deny(clippy::arithmetic_side_effects, clippy::as_conversions))]

use super::ewma::{Estimate, STALE_AFTER};
use crate::time::{Millis, Timestamp};

/// What the distance weighs, in samples.
const PRIOR_SAMPLES: u64 = 2;
/// Samples beyond which a measurement weighs no more.
const SAMPLES_MAX: u32 = 16;
/// What a passive sample weighs, in active ones.
const PASSIVE_FACTOR: u64 = 2;

/// The latency to reckon with, in milliseconds, rounded down; `None` where nothing is known.
#[must_use]
pub fn blend(
    active: Option<Estimate>,
    passive: Option<Estimate>,
    prior_ms: Option<Millis>,
    now: Timestamp,
) -> Option<Millis> {
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

/// Samples times the time that is left to them.
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
