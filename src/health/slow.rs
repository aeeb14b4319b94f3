//! Gray failure: an origin that responds, but much more slowly than it should.
//!
//! An absolute limit is wrong twice. It calls a region slow that is merely far away. And it calls
//! all regions slow when the observer or the product itself has a bad minute, although there is no
//! better region to send traffic to. So there is no absolute limit:
//!
//! - Each origin is first compared with **itself**. Its floor is the lowest smoothed latency that
//!   it has shown; what it takes beyond that is its **excess**. Distance is in the floor, so a far
//!   region has no more excess than a near one. The floor rises slowly, by a 64th of the difference
//!   with each pass, so a route that stays longer becomes normal after one or two hundred passes.
//! - The excess is then compared with the **median of its peers'**: the other origins of the same
//!   monitor. If all of them slow down the median moves too, and none stands out. It is the median
//!   and not the mean, because one very slow peer must not make the next one look healthy. With
//!   fewer than two peers nothing is judged.
//! - Both the last response and the smoothed latency must stand out: one hiccup is not slow yet,
//!   and an origin that is fast again is not slow any more.
//! - At most **half** of a monitor's origins are failed this way. If most are slow, failing them
//!   would only overload the rest.
//!
//! The latency of a slow response still goes into the estimate. Otherwise an origin could never
//! show that it has recovered.

#![cfg_attr(not(test), deny(clippy::arithmetic_side_effects, clippy::as_conversions))]

use super::quorum::median;
use crate::config::SlowerThanPeers;
use crate::json::{Reader, Shape};
use crate::time::Millis;
use serde_json::Value;

/// How many peers it takes to judge.
pub const PEERS_MIN: usize = 2;

/// How slowly a floor rises, and the factor by which it is scaled so that small steps count.
const FORGET: u64 = 64;

/// The lowest smoothed latency that an origin has shown, rising slowly. Stored as 64 times its
/// value in milliseconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Floor(u64);

impl Shape for Floor {
    fn read(value: &Value, reader: &mut Reader) -> Option<Self> {
        u64::read(value, reader).map(Self)
    }

    fn write(&self) -> Value {
        self.0.into()
    }
}

impl Floor {
    /// The floor after one more sample has made the smoothed latency `estimate_ms`.
    #[must_use]
    pub fn with(before: Option<Self>, estimate_ms: Millis) -> Self {
        let now = estimate_ms.saturating_mul(FORGET);
        let before = before.map_or(now, |floor| floor.0);
        let rise = now.saturating_sub(before) / FORGET;
        Self(before.saturating_add(rise).min(now))
    }

    /// How far a latency is above the floor; zero if it is below.
    #[must_use]
    pub fn excess_ms(self, latency_ms: Millis) -> Millis {
        latency_ms.saturating_sub(self.0 / FORGET)
    }
}

/// Whether an excess stands out among those of the peers.
#[must_use]
pub fn stands_out(rule: SlowerThanPeers, excess_ms: Millis, peers: &mut [Millis]) -> bool {
    if peers.len() < PEERS_MIN {
        return false;
    }
    let Some(usual_ms) = median(peers) else { return false };
    let limit = u128::from(usual_ms).saturating_mul(u128::from(rule.times_percent));
    excess_ms > rule.and_ms && u128::from(excess_ms).saturating_mul(100) > limit
}

/// Whether one more of `all` origins may be failed for being slow, where `others` are already.
#[must_use]
pub fn may_fail_one_more(others: usize, all: usize) -> bool {
    others < all / 2
}

#[cfg(test)]
mod tests {
    use super::*;

    const RULE: SlowerThanPeers = SlowerThanPeers { times_percent: 300, and_ms: 100 };

    #[test]
    fn it_stands_out_beyond_both_limits_and_not_at_either() {
        for (excess, slow) in [(100, false), (101, true)] {
            assert_eq!(stands_out(RULE, excess, &mut [0, 0]), slow, "{excess}");
        }
        for (excess, slow) in [(299, false), (300, false), (301, true)] {
            assert_eq!(stands_out(RULE, excess, &mut [100, 50, 400]), slow, "{excess}");
        }
    }

    #[test]
    fn with_fewer_than_two_peers_nobody_is_slow() {
        assert!(!stands_out(RULE, 60_000, &mut []));
        assert!(!stands_out(RULE, 60_000, &mut [0]));
        assert!(stands_out(RULE, 60_000, &mut [0, 0]));
    }

    #[test]
    fn at_most_half_are_failed() {
        for (all, most) in [(2, 1), (3, 1), (4, 2), (5, 2)] {
            assert!(may_fail_one_more(most - 1, all), "{all}");
            assert!(!may_fail_one_more(most, all), "{all}");
        }
    }

    #[test]
    fn a_floor_falls_at_once_and_rises_by_a_64th() {
        let floor = Floor::with(None, 100);
        assert_eq!(floor.excess_ms(100), 0);
        assert_eq!(Floor::with(Some(floor), 40).excess_ms(100), 60);
        assert_eq!(Floor::with(Some(floor), 740).excess_ms(740), 630);
    }

    #[test]
    fn a_longer_route_becomes_the_new_normal() {
        let mut floor = Floor::with(None, 20);
        let mut samples = 0;
        while floor.excess_ms(220) > 10 {
            floor = Floor::with(Some(floor), 220);
            samples += 1;
        }
        assert!((64..=256).contains(&samples), "{samples}");
    }

    mod properties {
        use super::*;
        use proptest::prelude::*;

        proptest! {
            #[test]
            fn the_floor_is_never_above_the_estimate(
                estimates in proptest::collection::vec(0u64..600_000, 1..60),
            ) {
                let mut floor = None;
                for estimate in estimates {
                    floor = Some(Floor::with(floor, estimate));
                    prop_assert!(floor.unwrap().0 <= estimate * FORGET);
                }
            }

            #[test]
            fn a_slow_down_that_all_share_ejects_nobody(
                floors in proptest::collection::vec(1u64..400, 3..8),
                by in 0u64..20_000,
            ) {
                let excess: Vec<_> =
                    floors.iter().map(|ms| Floor::with(None, *ms).excess_ms(ms + by)).collect();
                for own in 0..excess.len() {
                    let mut peers = excess.clone();
                    let own = peers.remove(own);
                    prop_assert!(!stands_out(RULE, own, &mut peers));
                }
            }
        }
    }
}
