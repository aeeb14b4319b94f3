//! Flap damping: an origin that keeps going up and down is not trusted for a while.
//!
//! The idea is from RFC 2439. Each change from Up to Down adds a penalty, which halves with every
//! half-life. Once the penalty reaches an upper limit, Up is withheld until the penalty falls below
//! a lower limit. With a single limit the damping itself would flap. Damping only withholds Up; it
//! never keeps a Down origin in service. A withheld origin counts as Unknown: no traffic moves to
//! it, but if it is the last one that the rules permit it still serves.
//!
//! The penalty is capped, so the wait after the last flap is known in advance: at most three
//! half-lives. Between two halvings the penalty falls in a straight line. That needs only integers,
//! no `exp`, and is never more than 7 % above the curve.

#![cfg_attr(not(test), deny(clippy::arithmetic_side_effects, clippy::as_conversions))]

use super::hysteresis::Health;
use crate::json::fields;
use crate::time::{Millis, Timestamp};

/// The penalty for one flap. Source: RFC 2439 §4.2; vendors ship 1,000.
const FLAP: u32 = 1_000;
/// At this penalty Up is withheld.
const SUPPRESS_AT: u32 = 3_000;
/// At this penalty it is no longer withheld.
const REUSE_AT: u32 = 1_500;
/// The penalty never exceeds this: three halvings above [`REUSE_AT`].
const PENALTY_MAX: u32 = 12_000;

/// How much an origin has flapped.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Damping {
    /// The penalty at `at`.
    penalty: u32,
    /// The time of the last flap.
    at: Timestamp,
    /// Whether the penalty has reached the upper limit since it was last below the lower one.
    suppressed: bool,
}

fields!(Damping { penalty, at, suppressed });

impl Damping {
    /// Adds one flap at `now`.
    #[must_use]
    pub fn flapped(before: Option<Self>, half_life_ms: Millis, now: Timestamp) -> Self {
        let left = before.map_or(0, |damping| damping.penalty(half_life_ms, now));
        let still = before.is_some_and(|damping| damping.until(half_life_ms, now).is_some());
        let penalty = left.saturating_add(FLAP).min(PENALTY_MAX);
        Self { penalty, at: now, suppressed: still || penalty >= SUPPRESS_AT }
    }

    /// Until when Up is withheld; `None` if it is not.
    #[must_use]
    pub fn until(self, half_life_ms: Millis, now: Timestamp) -> Option<Timestamp> {
        let until = self.at.plus(time_to_reuse(self.penalty, half_life_ms));
        (self.suppressed && now < until).then_some(until)
    }

    /// The same, with the last flap no later than `now`, if a clock that was wrong put it ahead.
    #[must_use]
    pub fn without_the_future(self, now: Timestamp) -> Self {
        Self { at: self.at.unless_ahead(now), ..self }
    }

    /// What a damped origin counts as: Unknown instead of Up; otherwise unchanged.
    #[must_use]
    pub fn withhold(observed: Health) -> Health {
        if observed == Health::Up { Health::Unknown } else { observed }
    }

    fn penalty(self, half_life_ms: Millis, now: Timestamp) -> u32 {
        let elapsed = now.since(self.at);
        let halvings = elapsed.checked_div(half_life_ms).unwrap_or(u64::MAX);
        let rest = elapsed.checked_rem(half_life_ms).unwrap_or(0);
        let whole = self.penalty.checked_shr(u32::try_from(halvings).unwrap_or(u32::MAX));
        let whole = whole.unwrap_or(0);
        let fallen = u64::from(whole).saturating_mul(rest);
        let fallen = fallen.checked_div(half_life_ms.saturating_mul(2)).unwrap_or(0);
        whole.saturating_sub(u32::try_from(fallen).unwrap_or(u32::MAX))
    }
}

/// How long it takes a penalty to fall to [`REUSE_AT`].
fn time_to_reuse(penalty: u32, half_life_ms: Millis) -> Millis {
    let (mut left, mut time) = (penalty, 0_u64);
    while left >> 1 > REUSE_AT {
        left >>= 1;
        time = time.saturating_add(half_life_ms);
    }
    let over = u64::from(left.saturating_sub(REUSE_AT));
    let double = half_life_ms.saturating_mul(2);
    let rest = over.saturating_mul(double).div_ceil(u64::from(left.max(1)));
    time.saturating_add(rest.min(half_life_ms))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::DAMPING_HALF_LIFE_MS_DEFAULT as HALF_LIFE;

    fn at(ms: u64) -> Timestamp {
        Timestamp::from_millis(ms)
    }

    fn flaps(count: u32) -> Damping {
        let flap = |before, _| Some(Damping::flapped(before, HALF_LIFE, at(0)));
        (0..count).fold(None, flap).unwrap()
    }

    #[test]
    fn the_third_flap_in_a_row_suppresses_and_the_second_does_not() {
        assert_eq!(flaps(1).until(HALF_LIFE, at(0)), None);
        assert_eq!(flaps(2).until(HALF_LIFE, at(0)), None);
        assert_eq!(flaps(3).until(HALF_LIFE, at(0)), Some(at(HALF_LIFE)));
        assert_eq!(flaps(4).until(HALF_LIFE, at(0)), Some(at(HALF_LIFE * 3 / 2)));
    }

    #[test]
    fn a_flap_a_day_is_never_damped() {
        let mut damping = None;
        for day in 0..30 {
            let now = at(day * 24 * 60 * 60_000);
            damping = Some(Damping::flapped(damping, HALF_LIFE, now));
            assert_eq!(damping.unwrap().until(HALF_LIFE, now), None);
        }
    }

    #[test]
    fn it_halves_in_each_half_life_and_falls_in_a_straight_line_between() {
        let damping = flaps(4);
        for (time, penalty) in [(0, 4_000), (HALF_LIFE / 2, 3_000), (HALF_LIFE, 2_000)] {
            assert_eq!(damping.penalty(HALF_LIFE, at(time)), penalty);
        }
        assert_eq!(damping.penalty(HALF_LIFE, at(HALF_LIFE * 3)), 500);
        assert_eq!(damping.penalty(HALF_LIFE, at(u64::MAX)), 0);
    }

    #[test]
    fn between_the_limits_it_stays_as_it_is() {
        let suppressed = flaps(3);
        let now = at(HALF_LIFE * 9 / 10);
        assert!(suppressed.penalty(HALF_LIFE, now) < 2_000);
        assert!(suppressed.until(HALF_LIFE, now).is_some());
        let again = Damping::flapped(Some(suppressed), HALF_LIFE, now);
        assert!(again.penalty < SUPPRESS_AT && again.until(HALF_LIFE, now).is_some());
        let free = Damping::flapped(Some(suppressed), HALF_LIFE, at(HALF_LIFE));
        assert!(free.penalty == 2_500 && free.until(HALF_LIFE, at(HALF_LIFE)).is_none());
    }

    #[test]
    fn the_longest_wait_is_three_half_lives() {
        assert_eq!(flaps(1_000).until(HALF_LIFE, at(0)), Some(at(3 * HALF_LIFE)));
    }

    mod properties {
        use super::*;
        use proptest::prelude::*;

        proptest! {
            #[test]
            fn after_the_last_flap_it_is_reusable_exactly_when_it_was_told(
                gaps in proptest::collection::vec(0u64..3_600_000, 1..40),
                half_life in 1_000u64..3_600_000,
            ) {
                let (mut damping, mut now) = (None, at(0));
                for gap in gaps {
                    now = now.plus(gap);
                    damping = Some(Damping::flapped(damping, half_life, now));
                }
                let damping = damping.unwrap();
                prop_assert!(damping.penalty <= PENALTY_MAX);
                prop_assert_eq!(damping.until(half_life, now.plus(3 * half_life)), None);
                if let Some(until) = damping.until(half_life, now) {
                    prop_assert!(until.since(now) <= 3 * half_life);
                    prop_assert!(damping.penalty(half_life, until) <= REUSE_AT);
                    let before = at(until.millis() - 1);
                    prop_assert!(damping.penalty(half_life, before) > REUSE_AT);
                    prop_assert_eq!(damping.until(half_life, before), Some(until));
                }
            }

            #[test]
            fn a_penalty_never_grows_by_itself(
                count in 1u32..20,
                half_life in 1u64..3_600_000,
                a in 0u64..9_000_000,
                b in 0u64..9_000_000,
            ) {
                let damping = flaps(count);
                let (early, late) = (at(a.min(b)), at(a.max(b)));
                prop_assert!(damping.penalty(half_life, late) <= damping.penalty(half_life, early));
            }
        }
    }
}
