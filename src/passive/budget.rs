//! A budget for retries.
//!
//! In a brown-out a region fails more requests the more it gets. If each of them were retried, its
//! neighbour would get twice its load at the worst moment. So retries, and hedges, may only be a
//! share of the requests of the last ten seconds. A few are always allowed, or an isolate with
//! little traffic could never retry. Source: Finagle's `RetryBudget`, with its 20 % and ten
//! seconds.

use super::window::Window;
use crate::time::Timestamp;

/// Retries in a window that are always allowed.
pub const RETRIES_MIN: u32 = 10;

/// The retries of one service in one isolate.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct RetryBudget(Window);

impl RetryBudget {
    /// Counts a request that is sent for the first time.
    pub fn first(&mut self, now: Timestamp) {
        self.0.note(true, now);
    }

    /// Whether one more retry keeps retries within `percent` of the requests. If so, counts it.
    pub fn grants(&mut self, percent: u32, now: Timestamp) -> bool {
        let (firsts, retries) = self.0.counts(now);
        let share = u64::from(firsts) * u64::from(percent) / 100;
        let is_within = u64::from(retries) < share.saturating_add(RETRIES_MIN.into());
        if is_within {
            self.0.note(false, now);
        }
        is_within
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn at(ms: u64) -> Timestamp {
        Timestamp::from_millis(1_000_000 + ms)
    }

    #[test]
    fn ten_retries_are_always_there_and_the_eleventh_is_not() {
        let mut budget = RetryBudget::default();
        let granted = (0..20).filter(|_| budget.grants(20, at(0))).count();
        assert_eq!(granted, 10);
        assert!(budget.grants(20, at(11_000)), "and again when the window has passed");
    }

    #[test]
    fn a_hundred_requests_pay_for_twenty_more() {
        let mut budget = RetryBudget::default();
        (0..100).for_each(|_| budget.first(at(0)));
        assert_eq!((0..200).filter(|_| budget.grants(20, at(0))).count(), 30);
    }

    proptest! {
        #[test]
        fn retries_are_never_more_than_their_share_and_the_few(
            steps in proptest::collection::vec((0u64..500, any::<bool>()), 1..300),
            percent in 0u32..100,
        ) {
            let mut budget = RetryBudget::default();
            let (mut now, mut firsts, mut granted) = (0, 0_u32, 0_u32);
            for (wait, is_first) in steps {
                now += wait;
                if is_first {
                    budget.first(at(now));
                    firsts += 1;
                } else if budget.grants(percent, at(now)) {
                    granted += 1;
                }
            }
            // Every window that begins anew brings the few again.
            let windows = u32::try_from(now / 8_000).unwrap() + 1;
            prop_assert!(granted <= firsts * percent / 100 + windows * RETRIES_MIN + windows);
        }
    }
}
