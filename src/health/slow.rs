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
//! A floor belongs to the place that probes. If the observer moves, all latencies shift at once,
//! and [`Shift`] tells that from an origin that became slow.
//!
//! The latency of a slow response still goes into the estimate. Otherwise an origin could never
//! show that it has recovered.

#![cfg_attr(not(test), deny(clippy::arithmetic_side_effects, clippy::as_conversions))]

use crate::config::SlowerThanPeers;
use crate::json::{Reader, Shape, fields};
use crate::time::{Millis, Timestamp};
use serde_json::Value;

/// How many peers it takes to judge.
pub const PEERS_MIN: usize = 2;

/// How slowly a floor rises, and the factor by which it is scaled so that small steps count.
const FORGET: u64 = 64;

/// How far a latency may differ from its floor without being a shift, beside a sixteenth of the
/// floor: routes and origins are that uneven.
const NOISE_MS: Millis = 10;
/// A shift counts beside the largest one if it is more than one part in this many. Measured beside
/// that, an origin that became very slow does not make the noise of its peers look like a move.
const SHIFT_PARTS: u64 = 8;

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

    /// A floor so far below a latency; the latency itself if there is no room.
    #[must_use]
    pub fn below(latency_ms: Millis, by_ms: Millis) -> Self {
        let floor_ms = latency_ms.checked_sub(by_ms).filter(|ms| *ms > 0).unwrap_or(latency_ms);
        Self(floor_ms.saturating_mul(FORGET))
    }

    /// How far a latency is above the floor; zero if it is below.
    #[must_use]
    pub fn excess_ms(self, latency_ms: Millis) -> Millis {
        latency_ms.saturating_sub(self.0 / FORGET)
    }
}

/// How far a target's latency shifted from the runs before to this one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Shift {
    /// The run in which it was last measured, by an instant that no other run has.
    pub run: Timestamp,
    /// Its floor before that run.
    pub base: Floor,
    /// Its first latency in that run. Within a run the observer stays where it is.
    pub first_ms: Millis,
    /// The run in which the floor last began anew because the observer moved.
    pub rebased: Option<Timestamp>,
}

fields!(Shift { run, base, first_ms, rebased });

impl Shift {
    /// Whether these shifts come from a move of the observer: one of them is so large that its
    /// target could count as slow, and most of them are shifts, up or down, or one is down.
    #[must_use]
    pub fn are_a_move(shifts: &[Self], rule: SlowerThanPeers) -> bool {
        let largest_ms = shifts.iter().map(|shift| shift.up_ms()).max().unwrap_or(0);
        let least_ms = largest_ms / SHIFT_PARTS;
        let counts = |base: Floor, by_ms: Millis| {
            let floor_ms = base.0 / FORGET;
            by_ms > NOISE_MS.saturating_add(floor_ms / 16) && by_ms > least_ms
        };
        let fell = shifts.iter().filter(|shift| counts(shift.base, shift.down_ms())).count();
        let rose = shifts.iter().filter(|shift| counts(shift.base, shift.up_ms())).count();
        let shifted = fell.saturating_add(rose);
        largest_ms > rule.and_ms && (fell > 0 || shifted > shifts.len() / 2)
    }

    fn up_ms(self) -> Millis {
        self.base.excess_ms(self.first_ms)
    }

    fn down_ms(self) -> Millis {
        (self.base.0 / FORGET).saturating_sub(self.first_ms)
    }
}

/// What each of a monitor's targets takes beyond its floor, in order. It is sorted once; the median
/// of all but one is then found by its place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Excesses(Vec<Millis>);

impl Excesses {
    /// Of these targets.
    #[must_use]
    pub fn of(mut excesses: Vec<Millis>) -> Self {
        excesses.sort_unstable();
        Self(excesses)
    }

    /// Whether an excess of `own_ms` stands out among the others. `among_ms` is what the same
    /// target has here.
    #[must_use]
    pub fn stands_out(&self, rule: SlowerThanPeers, own_ms: Millis, among_ms: Millis) -> bool {
        let Some(usual_ms) = self.median_without(among_ms) else { return false };
        let limit = u128::from(usual_ms).saturating_mul(u128::from(rule.times_percent));
        own_ms > rule.and_ms && u128::from(own_ms).saturating_mul(100) > limit
    }

    /// The median of all but one that has this value; `None` if fewer than [`PEERS_MIN`] are left.
    fn median_without(&self, value: Millis) -> Option<Millis> {
        let left = self.0.len().checked_sub(1).filter(|left| *left >= PEERS_MIN)?;
        let out = self.0.binary_search(&value).ok()?;
        let nth = |index: usize| self.0.get(index.saturating_add(usize::from(index >= out)));
        let (lower, upper) = (nth(left.saturating_sub(1) / 2)?, nth(left / 2)?);
        Some(lower.midpoint(*upper))
    }
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

    /// Whether an excess stands out among those of its peers.
    fn stands_out(rule: SlowerThanPeers, own_ms: Millis, peers: &[Millis]) -> bool {
        let all = peers.iter().copied().chain([own_ms]).collect();
        Excesses::of(all).stands_out(rule, own_ms, own_ms)
    }

    /// A shift from one latency to another.
    fn shift((from_ms, to_ms): (Millis, Millis)) -> Shift {
        let run = Timestamp::default();
        Shift { run, base: Floor::with(None, from_ms), first_ms: to_ms, rebased: None }
    }

    #[test]
    fn one_that_becomes_slow_alone_is_no_move_and_one_that_comes_nearer_shows_a_move() {
        let is_move = |from_to: &[(Millis, Millis)]| {
            let shifts: Vec<_> = from_to.iter().copied().map(shift).collect();
            Shift::are_a_move(&shifts, RULE)
        };
        assert!(!is_move(&[(20, 1_500), (90, 92), (260, 270)]), "slow alone");
        assert!(!is_move(&[(20, 1_500), (90, 160), (260, 330)]), "its peers are noisy");
        assert!(is_move(&[(20, 250), (90, 150), (200, 260)]), "from Frankfurt to Tokyo");
        assert!(is_move(&[(20, 140), (90, 20), (260, 255)]), "from Frankfurt to Ashburn");
        assert!(is_move(&[(20, 1_500), (90, 1_600), (260, 270)]), "most of them");
        assert!(!is_move(&[(20, 1_500), (90, 1_600), (260, 270), (30, 31)]), "half of them");
        for (to_ms, told) in [(119, false), (120, false), (121, true)] {
            assert_eq!(is_move(&[(20, to_ms), (90, 150), (30, 60)]), told, "{to_ms}");
        }
        for (to_ms, told) in [(83, true), (84, true), (85, false), (86, false), (100, false)] {
            let near = is_move(&[(20, 120 + 1), (101, to_ms), (400, 400)]);
            assert_eq!(near, told, "{to_ms}");
        }
    }

    #[test]
    fn a_floor_that_begins_anew_keeps_what_its_target_was_too_slow_by() {
        assert_eq!(Floor::below(1_620, 1_480).excess_ms(1_620), 1_480);
        assert_eq!(Floor::below(140, 1_480).excess_ms(140), 0);
        assert_eq!(Floor::below(140, 140).excess_ms(140), 0);
        assert_eq!(Floor::below(140, 0).excess_ms(150), 10);
    }

    #[test]
    fn it_stands_out_beyond_both_limits_and_not_at_either() {
        for (excess, slow) in [(100, false), (101, true)] {
            assert_eq!(stands_out(RULE, excess, &[0, 0]), slow, "{excess}");
        }
        for (excess, slow) in [(299, false), (300, false), (301, true)] {
            assert_eq!(stands_out(RULE, excess, &[100, 50, 400]), slow, "{excess}");
        }
    }

    #[test]
    fn with_fewer_than_two_peers_nobody_is_slow() {
        assert!(!stands_out(RULE, 60_000, &[]));
        assert!(!stands_out(RULE, 60_000, &[0]));
        assert!(stands_out(RULE, 60_000, &[0, 0]));
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
            fn the_median_of_the_others_is_that_of_a_list_without_one(
                all in proptest::collection::vec(0u64..50, 1..20), index in 0usize..20,
            ) {
                let own = all[index % all.len()];
                let mut others = all.clone();
                others.remove(index % all.len());
                let median = (others.len() >= PEERS_MIN).then(|| {
                    super::super::super::quorum::median(&mut others).unwrap()
                });
                prop_assert_eq!(Excesses::of(all).median_without(own), median);
            }

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
                    prop_assert!(!stands_out(RULE, own, &peers));
                }
            }
        }
    }
}
