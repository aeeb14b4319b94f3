//! The power of two choices: draw two candidates, take the less loaded one.
//!
//! The obvious rule, always the least loaded, needs current counts. Each isolate has only its own,
//! a round trip old: all isolates would pick the same idle candidate at once and leave it together.
//! A random choice needs no counts, but the load becomes uneven. Two draws keep nearly all of the
//! benefit and avoid the herd. Source: Mitzenmacher, "The power of two choices in randomized load
//! balancing", 2001.
//!
//! A weight says how much a candidate can carry. It counts twice. Candidates are drawn by weight,
//! so without load the shares follow the weights. Outstanding requests are compared per weight, so
//! under load a candidate of twice the size holds twice as many.

use super::stable_hash::mix;

/// A candidate that a request may go to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CandidateLoad {
    /// Requests that were sent to it and have no response yet.
    pub outstanding: u32,
    /// How much it can carry relative to the others; with 0 it is never drawn.
    pub weight: u8,
}

impl CandidateLoad {
    /// Whether it has less load per weight than `other`. Multiplied across, so nothing is rounded.
    fn is_lighter_than(self, other: Self) -> bool {
        u64::from(self.outstanding) * u64::from(other.weight)
            < u64::from(other.outstanding) * u64::from(self.weight)
    }
}

/// The index in `loads` that a request goes to; `None` where all weights are 0. Of two that are
/// equally loaded the one drawn first is taken.
///
/// Invariant: a candidate with strictly more load per weight than every other is never taken.
#[must_use]
pub fn pick(seed: u64, loads: &[CandidateLoad]) -> Option<usize> {
    let (first, one) = draw(mix(seed), loads, None)?;
    let Some((second, other)) = draw(mix(!seed), loads, Some(first)) else {
        return Some(first);
    };
    Some(if other.is_lighter_than(one) { second } else { first })
}

/// Draws one of `loads`, other than `without`, by weight with the upper half of `bits`.
fn draw(
    bits: u64,
    loads: &[CandidateLoad],
    without: Option<usize>,
) -> Option<(usize, CandidateLoad)> {
    let drawable = || loads.iter().copied().enumerate().filter(|(at, _)| Some(*at) != without);
    // At most 2^24 candidates of at most 255 are below 2^32, and the product below 2^64.
    let total: u64 = drawable().map(|(_, load)| u64::from(load.weight)).sum();
    let mut point = ((bits >> 32).wrapping_mul(total)) >> 32;
    for (at, load) in drawable() {
        let weight = u64::from(load.weight);
        if point < weight {
            return Some((at, load));
        }
        point -= weight;
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn loads(given: &[(u32, u8)]) -> Vec<CandidateLoad> {
        given
            .iter()
            .map(|(outstanding, weight)| CandidateLoad {
                outstanding: *outstanding,
                weight: *weight,
            })
            .collect()
    }

    #[test]
    fn where_there_is_no_choice_none_is_made() {
        assert_eq!(pick(1, &[]), None);
        assert_eq!(pick(1, &loads(&[(0, 0), (0, 0)])), None);
        assert_eq!(pick(1, &loads(&[(0, 0), (9, 1), (0, 0)])), Some(1));
    }

    #[test]
    fn of_two_the_lighter_is_always_taken() {
        for seed in 0..1_000 {
            assert_eq!(pick(seed, &loads(&[(5, 1), (4, 1)])), Some(1));
            assert_eq!(pick(seed, &loads(&[(5, 2), (4, 1)])), Some(0));
            assert_eq!(pick(seed, &loads(&[(u32::MAX, 255), (u32::MAX - 1, 254)])), Some(0));
        }
    }

    #[test]
    fn an_idle_service_is_shared_by_weight() {
        let idle = loads(&[(0, 1), (0, 3), (0, 6)]);
        let mut taken = [0_u32; 3];
        for seed in 0..30_000 {
            taken[pick(seed, &idle).unwrap()] += 1;
        }
        for (taken, expected) in taken.iter().zip([3_000, 9_000, 18_000]) {
            assert!(taken.abs_diff(expected) < 450, "{taken} of {expected}");
        }
    }

    #[test]
    fn every_pair_is_drawn_equally_often() {
        // Of six pairs the lightest is in three, the next the lighter of two, the third of one.
        let rising = loads(&[(0, 1), (1, 1), (2, 1), (3, 1)]);
        let mut taken = [0_u32; 4];
        for seed in 0..30_000 {
            taken[pick(seed, &rising).unwrap()] += 1;
        }
        for (taken, expected) in taken.iter().zip([15_000, 10_000, 5_000, 0]) {
            assert!(taken.abs_diff(expected) < 450, "{taken} of {expected}");
        }
    }

    /// How far the fullest of 20 stands above the mean, after `requests` that never end.
    fn unevenness(requests: u64, choose: impl Fn(u64, &[CandidateLoad]) -> usize) -> u64 {
        let mut held = loads(&[(0, 1); 20]);
        for seed in 0..requests {
            let at = choose(seed, &held);
            held[at].outstanding += 1;
        }
        let fullest = held.iter().map(|load| u64::from(load.outstanding)).max().unwrap();
        fullest - requests / 20
    }

    #[test]
    fn two_choices_are_far_more_even_than_one() {
        let two = unevenness(20_000, |seed, held| pick(seed, held).unwrap());
        let one = unevenness(20_000, |seed, held| draw(mix(seed), held, None).unwrap().0);
        assert!(two <= 4, "{two}");
        assert!(one >= 20, "{one}");
    }

    #[test]
    fn under_load_a_candidate_of_twice_the_size_holds_twice_as_many() {
        let mut held = loads(&[(0, 20), (0, 10), (0, 10)]);
        for seed in 0..4_000 {
            let at = pick(seed, &held).unwrap();
            held[at].outstanding += 1;
        }
        for (load, expected) in held.iter().zip([2_000, 1_000, 1_000]) {
            assert!(load.outstanding.abs_diff(expected) <= 60, "{held:?}");
        }
    }

    fn some_loads() -> impl Strategy<Value = Vec<CandidateLoad>> {
        let one = (0u32..20, 0u8..=4)
            .prop_map(|(outstanding, weight)| CandidateLoad { outstanding, weight });
        proptest::collection::vec(one, 1..6)
    }

    proptest! {
        #[test]
        fn who_has_more_to_do_than_every_other_is_never_taken(seed: u64, loads in some_loads()) {
            let Some(taken) = pick(seed, &loads) else {
                prop_assert!(loads.iter().all(|load| load.weight == 0));
                return Ok(());
            };
            prop_assert!(loads[taken].weight > 0);
            let drawable = loads.iter().enumerate().filter(|(_, load)| load.weight > 0);
            let mut others = drawable.filter(|(at, _)| *at != taken).peekable();
            let alone = others.peek().is_none();
            prop_assert!(alone || others.any(|(_, other)| !other.is_lighter_than(loads[taken])));
        }
    }
}
