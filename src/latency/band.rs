//! Picks the regions whose latency is close enough to the best.
//!
//! Two regions at the same distance differ a little from one measurement to the next. Following
//! each difference would move a client back and forth, with a cold connection each time. So all
//! regions within a band of the best count as equal. The region in use stays in use until another
//! is better by the band **plus** a minimum gain.
//!
//! A region without a measurement is not picked beside one that has one. If none has one, all are
//! picked.

#![cfg_attr(not(test), deny(clippy::arithmetic_side_effects, clippy::as_conversions))]

use crate::time::Millis;

/// Indexes of the candidates to choose from: first the incumbent if it stays, then the others in
/// their order. Empty only if there are no candidates. All times are in milliseconds.
#[must_use]
pub fn within_band(
    candidates: &[Option<Millis>],
    band_ms: Millis,
    gain_ms: Millis,
    incumbent: Option<usize>,
) -> Vec<usize> {
    let best = candidates.iter().flatten().min().copied();
    let near = |latency: Option<Millis>, more_ms: Millis| match (best, latency) {
        (None, _) => true,
        (Some(_), None) => false,
        (Some(best), Some(ms)) => ms <= best.saturating_add(band_ms).saturating_add(more_ms),
    };
    let stays = |index: &usize| candidates.get(*index).is_some_and(|ms| near(*ms, gain_ms));
    let incumbent = incumbent.filter(stays);
    let others = candidates
        .iter()
        .enumerate()
        .filter(|(index, ms)| Some(*index) != incumbent && near(**ms, 0));
    incumbent.into_iter().chain(others.map(|(index, _)| index)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const BAND: Millis = 5;
    const GAIN: Millis = 10;

    fn chosen(candidates: &[Option<Millis>], incumbent: Option<usize>) -> Vec<usize> {
        within_band(candidates, BAND, GAIN, incumbent)
    }

    #[test]
    fn those_within_the_band_are_candidates_and_one_beyond_is_not() {
        let latencies = [Some(24), Some(20), Some(25), Some(26)];
        assert_eq!(chosen(&latencies, None), [0, 1, 2]);
    }

    #[test]
    fn the_incumbent_leads_until_another_is_better_by_band_and_gain() {
        for (own, list) in [(20, &[1, 0][..]), (34, &[1, 0]), (35, &[1, 0]), (36, &[0])] {
            assert_eq!(chosen(&[Some(20), Some(own)], Some(1)), list, "{own}");
        }
    }

    #[test]
    fn an_unmeasured_one_is_no_candidate_unless_all_are() {
        assert_eq!(chosen(&[None, Some(500)], Some(0)), [1]);
        assert_eq!(chosen(&[None, None, None], Some(2)), [2, 0, 1]);
        assert_eq!(chosen(&[None, None], None), [0, 1]);
    }

    #[test]
    fn an_incumbent_that_is_gone_is_none() {
        assert_eq!(chosen(&[Some(1), Some(2)], Some(2)), [0, 1]);
        assert_eq!(chosen(&[], Some(0)), [0; 0]);
    }

    mod properties {
        use super::*;
        use proptest::prelude::*;

        proptest! {
            #[test]
            fn two_regions_within_their_noise_never_ping_pong(
                base in 10u64..300,
                noise in proptest::collection::vec((0u64..=10, 0u64..=10), 1..200),
                first in 0usize..2,
            ) {
                for (a, b) in noise {
                    // Plus or minus 5 ms around base + 5.
                    let list = chosen(&[Some(base + a), Some(base + b)], Some(first));
                    prop_assert_eq!(list.first(), Some(&first));
                }
            }

            #[test]
            fn a_move_is_worth_band_and_gain(
                latencies in proptest::collection::vec(proptest::option::of(0u64..200), 1..6),
                incumbent in 0usize..6,
            ) {
                let list = chosen(&latencies, Some(incumbent));
                prop_assert!(!list.is_empty());
                if let (Some(Some(own)), Some(first)) = (latencies.get(incumbent), list.first())
                    && *first != incumbent
                {
                    let best = latencies.iter().flatten().min().unwrap();
                    prop_assert!(*own > best + BAND + GAIN);
                    prop_assert!(latencies[*first].unwrap() <= best + BAND);
                }
            }
        }
    }
}
