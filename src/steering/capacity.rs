//! How much of the traffic each region takes when some of its origins are down.
//!
//! All or nothing would send all traffic to the remaining half of a region until that fails too. A
//! share in proportion to the usable origins would move clients for every single origin, although
//! regions have room to spare. So a region counts for 140 % of its usable origins: it keeps all
//! traffic down to 72 % usable, and below that gives away only what it cannot carry. The next
//! region in failover order takes that, as far as it can. Source: Envoy, "Priority levels"
//! (`arch_overview/upstream/load_balancing/priority`), with its overprovisioning factor of 1.4.
//!
//! If all regions together come to less than 100 %, the shares are scaled up to 100, so every
//! region is overloaded in proportion. Nothing is refused: dropping the excess would turn an
//! estimate of capacity into certain errors. Unlike Envoy's panic mode, no traffic goes to origins
//! that are down.
//!
//! The rule assumes that each region, with all origins up, can carry all traffic.
//!
//! A region without a usable origin gets nothing. Pass in permitted regions only: residency is not
//! checked here.

use super::stable_hash::{BUCKETS, StableHash};

/// The weight of a region's usable origins, in percent.
pub const OVERPROVISIONING_PERCENT: u64 = 140;

/// The share in percent of each region, in failover order. `levels` has for each region the number
/// of usable origins and of all origins (or the sums of their weights).
///
/// Invariants: the shares sum to 100, or all are 0 where nothing is usable; a region never gets
/// less for having more usable origins. Shares are rounded to the nearest percent, and what that
/// leaves over goes to the first region that takes anything.
#[must_use]
pub fn spill(levels: &[(u32, u32)]) -> Vec<u8> {
    let total = levels.iter().map(|level| score(*level)).sum::<u64>().min(100);
    let mut left = 100;
    let mut shares = Vec::with_capacity(levels.len());
    for level in levels {
        let scaled = (score(*level) * 100 + total / 2).checked_div(total).unwrap_or(0);
        let share = u8::try_from(scaled).unwrap_or(100).min(left);
        left -= share;
        shares.push(share);
    }
    if let Some(first) = shares.iter_mut().find(|share| **share > 0) {
        *first = first.saturating_add(left);
    }
    shares
}

/// The index in `shares` that this key goes to; `None` where all are 0. A share that shrinks or
/// grows at the end of the order moves only the keys that must move.
#[must_use]
pub fn choose(shares: &[u8], hash: StableHash) -> Option<usize> {
    let total: u32 = shares.iter().map(|share| u32::from(*share)).sum();
    let point = u32::from(hash.bucket()) * total / u32::from(BUCKETS);
    let mut taken = 0;
    shares.iter().position(|share| {
        taken += u32::from(*share);
        point < taken
    })
}

/// What a region can take, in whole percent, at most 100. Any usable origin counts for at least 1,
/// so the last of hundreds is not rounded away.
fn score((usable, all): (u32, u32)) -> u64 {
    let usable = u64::from(usable.min(all));
    let percent = (usable * OVERPROVISIONING_PERCENT).checked_div(u64::from(all)).unwrap_or(0);
    percent.clamp(usable.min(1), 100)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_region_keeps_everything_down_to_72_percent() {
        assert_eq!(spill(&[(100, 100), (100, 100)]), [100, 0]);
        assert_eq!(spill(&[(72, 100), (100, 100)]), [100, 0]);
        assert_eq!(spill(&[(71, 100), (100, 100)]), [99, 1]);
    }

    #[test]
    fn it_agrees_with_the_published_tables() {
        // Two levels, the second whole.
        for (usable, first, second) in
            [(100, 100, 0), (72, 100, 0), (71, 99, 1), (50, 70, 30), (25, 35, 65), (0, 0, 100)]
        {
            assert_eq!(spill(&[(usable, 100), (100, 100)]), [first, second], "{usable}");
        }
        // Three levels; with the last not enough is left, and the shares are scaled.
        for (usable, shares) in [
            ([100, 100, 100], [100, 0, 0]),
            ([72, 72, 100], [100, 0, 0]),
            ([71, 71, 100], [99, 1, 0]),
            ([50, 50, 100], [70, 30, 0]),
            ([25, 100, 100], [35, 65, 0]),
            ([25, 25, 100], [35, 35, 30]),
            ([25, 25, 20], [36, 36, 28]),
        ] {
            assert_eq!(spill(&usable.map(|usable| (usable, 100))), shares, "{usable:?}");
        }
    }

    #[test]
    fn too_little_everywhere_is_shared_in_proportion() {
        assert_eq!(spill(&[(1, 4), (1, 4)]), [50, 50]);
        assert_eq!(spill(&[(1, 10), (3, 10)]), [25, 75]);
        assert_eq!(spill(&[(0, 10), (1, 1_000)]), [0, 100]);
    }

    #[test]
    fn nothing_usable_takes_nothing() {
        assert_eq!(spill(&[]), [0_u8; 0]);
        assert_eq!(spill(&[(0, 5), (0, 0)]), [0, 0]);
        assert_eq!(choose(&[], StableHash::of("", "a")), None);
        assert_eq!(choose(&[0, 0], StableHash::of("", "a")), None);
    }

    #[test]
    fn more_usable_than_there_are_counts_as_all() {
        assert_eq!(spill(&[(u32::MAX, 1), (1, 1)]), [100, 0]);
        assert_eq!(spill(&[(u32::MAX, u32::MAX), (1, 1)]), [100, 0]);
    }

    /// Every state of one region with up to `n` origins.
    fn levels(n: u32) -> Vec<(u32, u32)> {
        (0..=n).flat_map(|all| (0..=all).map(move |usable| (usable, all))).collect()
    }

    #[test]
    fn the_shares_of_all_small_worlds_sum_to_a_hundred_and_reward_a_usable_origin() {
        for a in levels(6) {
            for b in levels(6) {
                for c in levels(4) {
                    let world = [a, b, c];
                    let shares = spill(&world);
                    let usable = world.iter().any(|(usable, _)| *usable > 0);
                    let total: u32 = shares.iter().map(|share| u32::from(*share)).sum();
                    assert_eq!(total, if usable { 100 } else { 0 }, "{world:?}");
                    for (at, (usable, all)) in world.into_iter().enumerate() {
                        assert!(usable > 0 || shares[at] == 0, "{world:?}: {shares:?}");
                        let mut better = world;
                        better[at].0 = (usable + 1).min(all);
                        assert!(spill(&better)[at] >= shares[at], "{world:?} and {better:?}");
                    }
                }
            }
        }
    }

    #[test]
    fn keys_follow_the_shares() {
        let mut taken = [0_u32; 3];
        for key in 0..100_000_u64 {
            taken[choose(&[70, 0, 30], StableHash::of_number("spill", key)).unwrap()] += 1;
        }
        assert_eq!(taken[1], 0);
        assert!(taken[0].abs_diff(70_000) < 1_000, "{taken:?}");
    }

    proptest! {
        #[test]
        fn a_region_never_gets_less_for_having_more(
            world in proptest::collection::vec((0u32..2_000, 0u32..1_000), 1..6),
            at in any::<prop::sample::Index>(),
            more in 1u32..500,
        ) {
            let at = at.index(world.len());
            let mut better = world.clone();
            better[at].0 += more;
            prop_assert!(spill(&better)[at] >= spill(&world)[at]);
        }

        #[test]
        fn what_the_first_region_gives_away_is_all_that_moves(
            key: u64,
            before in 0u8..=100,
            after in 0u8..=100,
        ) {
            let hash = StableHash::of_number("spill", key);
            let of = |share: u8| choose(&[share, 100 - share], hash);
            let moved = of(before) != of(after);
            let between = hash.bucket() / 100;
            let must = (u16::from(before.min(after))..u16::from(before.max(after)))
                .contains(&between);
            prop_assert_eq!(moved, must);
        }
    }
}
