//! Weighted rendezvous hashing: a key goes to the candidate that draws the highest number for it.
//!
//! Each candidate draws once for each unit of its weight, from a stream that only it and the key
//! determine. The highest of all draws is equally likely to be any of them, so a candidate wins
//! exactly its weight's share, and nothing is rounded. The usual form scales one draw by its
//! logarithm instead; `ln` differs between host and wasm in the last bit, and the decision would
//! with it. A ring of virtual nodes needs memory and hundreds of points to come near the shares.
//!
//! Each candidate has its own draws. So removing a candidate moves only its own keys, adding or
//! growing one moves keys only to it, and the order of the list does not matter.
//!
//! Weights are used as given. Dividing them by their common divisor needs fewer draws ([`reduce`]),
//! but do it once, over the **configured** candidates. With weights 50, 50 and 1 the divisor is 1;
//! without the third it would be 50, and half of all keys would move because a candidate with a
//! hundredth of them is down.

use super::stable_hash::{GAMMA, mix};
use std::cmp::Reverse;

/// The largest weight; a larger one counts as this. It bounds the work for one candidate.
pub const WEIGHT_MAX: u8 = 100;

/// A candidate that a key may go to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct WeightedCandidate {
    /// The hash of its id. Candidates with the same hash cannot be told apart.
    pub id: u64,
    /// Its share relative to the others', 0 to [`WEIGHT_MAX`]; with 0 it gets nothing.
    pub weight: u8,
}

/// The index in `candidates` that the key goes to; `None` where all weights are 0.
#[must_use]
pub fn pick(key: u64, candidates: &[WeightedCandidate]) -> Option<usize> {
    let scored = candidates.iter().enumerate().filter_map(|(at, c)| Some((score(key, c)?, at)));
    scored.max_by_key(|(score, _)| *score).map(|(_, at)| at)
}

/// All indexes of `candidates` in the order in which the key falls back to them. Those with weight
/// 0 come last, in the given order.
#[must_use]
pub fn rank(key: u64, candidates: &[WeightedCandidate]) -> Vec<usize> {
    let mut indexes: Vec<usize> = (0..candidates.len()).collect();
    // The highest draw first; a candidate that never draws comes last.
    indexes.sort_by_cached_key(|at| Reverse(candidates.get(*at).and_then(|one| score(key, one))));
    indexes
}

/// Divides all weights by their greatest common divisor: the same shares with fewer draws. Only for
/// the whole configured list; see above.
pub fn reduce(weights: &mut [u8]) {
    let divisor = weights.iter().copied().fold(0, gcd);
    for weight in weights {
        *weight = weight.checked_div(divisor).unwrap_or(0);
    }
}

/// The highest of the candidate's draws for this key; the id breaks a tie, which happens once in
/// 2^64.
fn score(key: u64, candidate: &WeightedCandidate) -> Option<(u64, u64)> {
    let weight = candidate.weight.min(WEIGHT_MAX);
    let mut state = mix(key ^ mix(candidate.id));
    let draws = (0..weight).map(|_| {
        state = state.wrapping_add(GAMMA);
        mix(state)
    });
    draws.max().map(|highest| (highest, candidate.id))
}

fn gcd(a: u8, b: u8) -> u8 {
    let (mut a, mut b) = (a, b);
    while b != 0 {
        (a, b) = (b, a.checked_rem(b).unwrap_or(0));
    }
    a
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::steering::stable_hash::StableHash;
    use proptest::prelude::*;

    const KEYS: u32 = 20_000;

    fn candidates(weights: &[u8]) -> Vec<WeightedCandidate> {
        let one = |(at, weight): (usize, &u8)| WeightedCandidate {
            id: StableHash::of("region", &format!("region-{at}")).value(),
            weight: *weight,
        };
        weights.iter().enumerate().map(one).collect()
    }

    fn keys() -> impl Iterator<Item = u64> {
        (0..KEYS).map(|key| StableHash::of("key", &key.to_string()).value())
    }

    /// How many of the keys each candidate gets.
    fn shares(weights: &[u8]) -> Vec<u32> {
        let candidates = candidates(weights);
        let mut shares = vec![0; weights.len()];
        for key in keys() {
            shares[pick(key, &candidates).unwrap()] += 1;
        }
        shares
    }

    #[test]
    fn the_shares_match_the_weights_within_a_point_and_a_half() {
        let cases: [&[u8]; 6] =
            [&[1, 1], &[1, 2, 3, 4], &[100, 1], &[70, 20, 10], &[99, 100], &[5, 0, 5]];
        for weights in cases {
            let total: u32 = weights.iter().map(|w| u32::from(*w)).sum();
            for (weight, share) in weights.iter().zip(shares(weights)) {
                let expected = u32::from(*weight) * KEYS / total;
                assert!(share.abs_diff(expected) <= KEYS * 15 / 1_000, "{weights:?}: {share}");
            }
        }
    }

    #[test]
    fn a_weight_of_zero_gets_nothing_and_stands_last_as_given() {
        let candidates = candidates(&[0, 3, 0, 1, 0]);
        for key in keys().take(200) {
            let ranked = rank(key, &candidates);
            assert_eq!(ranked[2..], [0, 2, 4]);
            assert_eq!(pick(key, &candidates), Some(ranked[0]));
        }
        assert_eq!(pick(1, &[]), None);
        assert_eq!(pick(1, &candidates[..1]), None);
        assert_eq!(rank(1, &candidates[..1]), [0]);
    }

    #[test]
    fn a_weight_above_the_largest_counts_as_the_largest() {
        let (above, largest) = (candidates(&[255, 40]), candidates(&[WEIGHT_MAX, 40]));
        assert!(keys().take(2_000).all(|key| pick(key, &above) == pick(key, &largest)));
    }

    #[test]
    fn weights_are_reduced_by_what_divides_them_all() {
        for (given, reduced) in [
            ([50, 25, 100], [2, 1, 4]),
            ([7, 0, 7], [1, 0, 1]),
            ([3, 5, 100], [3, 5, 100]),
            ([0, 0, 0], [0, 0, 0]),
        ] {
            let mut weights = given;
            reduce(&mut weights);
            assert_eq!(weights, reduced, "{given:?}");
        }
    }

    fn some_weights() -> impl Strategy<Value = Vec<u8>> {
        proptest::collection::vec(0..=WEIGHT_MAX, 2..7)
    }

    proptest! {
        #[test]
        fn one_that_goes_moves_only_its_own_keys(
            key: u64,
            weights in some_weights(),
            gone in any::<prop::sample::Index>(),
        ) {
            let all = candidates(&weights);
            let gone = gone.index(all.len());
            let mut fewer = all.clone();
            fewer.remove(gone);
            let before = pick(key, &all);
            let after = pick(key, &fewer).map(|at| fewer[at]);
            if before != Some(gone) {
                prop_assert_eq!(before.map(|at| all[at]), after);
            }
            let left: Vec<_> = rank(key, &all).into_iter().filter(|at| *at != gone).collect();
            let ranked = rank(key, &fewer);
            prop_assert_eq!(
                left.iter().map(|at| all[*at]).collect::<Vec<_>>(),
                ranked.iter().map(|at| fewer[*at]).collect::<Vec<_>>()
            );
        }

        #[test]
        fn one_that_grows_takes_keys_only_for_itself(
            key: u64,
            weights in some_weights(),
            grown in any::<prop::sample::Index>(),
            by in 1u8..=WEIGHT_MAX,
        ) {
            let grown = grown.index(weights.len());
            let mut larger = weights.clone();
            larger[grown] = larger[grown].saturating_add(by).min(WEIGHT_MAX);
            let (before, after) =
                (pick(key, &candidates(&weights)), pick(key, &candidates(&larger)));
            prop_assert!(before == after || after == Some(grown));
        }

        #[test]
        fn the_order_of_the_list_does_not_matter(
            key: u64,
            weights in some_weights(),
            turn in 0usize..7,
        ) {
            let given = candidates(&weights);
            let mut turned = given.clone();
            turned.rotate_left(turn % given.len());
            turned.swap(0, 1);
            prop_assert_eq!(
                pick(key, &given).map(|at| given[at]),
                pick(key, &turned).map(|at| turned[at])
            );
        }

        #[test]
        fn the_first_of_the_ranking_is_the_pick(key: u64, weights in some_weights()) {
            let candidates = candidates(&weights);
            let ranked = rank(key, &candidates);
            let mut indexes = ranked.clone();
            indexes.sort_unstable();
            prop_assert_eq!(indexes, (0..weights.len()).collect::<Vec<_>>());
            if let Some(picked) = pick(key, &candidates) {
                prop_assert_eq!(ranked[0], picked);
            }
        }
    }
}
