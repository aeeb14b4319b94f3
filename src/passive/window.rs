//! Counts over the last ten seconds.
//!
//! A ring of buckets, not a moving average: the question is how many in the last ten seconds, and
//! an average would depend on the request rate.

use crate::time::{Millis, SECOND, Timestamp};

/// The time that the counts cover.
pub const WINDOW_MS: Millis = 10 * SECOND;

const BUCKETS: usize = 5;
const BUCKET_MS: Millis = 2 * SECOND;

/// Good and bad events of the last [`WINDOW_MS`], in buckets of two seconds.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Window([Bucket; BUCKETS]);

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
struct Bucket {
    /// Which two seconds since the epoch.
    number: u64,
    good: u32,
    bad: u32,
}

impl Window {
    /// Counts one event.
    pub fn note(&mut self, is_good: bool, now: Timestamp) {
        let number = now.millis() / BUCKET_MS;
        // Replaces the oldest bucket. If the clock goes back, existing buckets are used.
        let Some(bucket) =
            self.0.iter_mut().min_by_key(|bucket| (bucket.number != number, bucket.number))
        else {
            return;
        };
        if bucket.number != number {
            *bucket = Bucket { number, ..Bucket::default() };
        }
        let count = if is_good { &mut bucket.good } else { &mut bucket.bad };
        *count = count.saturating_add(1);
    }

    /// Takes one good event back, the latest that is still within the window; none if there is
    /// none. Whoever does so for an older event, while new ones come in, leaves the right share.
    pub fn take_back_one(&mut self, now: Timestamp) {
        let newest = now.millis() / BUCKET_MS;
        let young = |bucket: &&mut Bucket| newest.abs_diff(bucket.number) < BUCKETS as u64;
        let with_good = self.0.iter_mut().filter(young).filter(|bucket| bucket.good > 0);
        if let Some(bucket) = with_good.max_by_key(|bucket| bucket.number) {
            bucket.good = bucket.good.saturating_sub(1);
        }
    }

    /// The numbers of good and bad events in the window that ends now.
    #[must_use]
    pub fn counts(&self, now: Timestamp) -> (u32, u32) {
        let newest = now.millis() / BUCKET_MS;
        let mut counts = (0_u32, 0_u32);
        for bucket in &self.0 {
            if newest.abs_diff(bucket.number) < BUCKETS as u64 {
                counts =
                    (counts.0.saturating_add(bucket.good), counts.1.saturating_add(bucket.bad));
            }
        }
        counts
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(ms: u64) -> Timestamp {
        Timestamp::from_millis(1_000_000 + ms)
    }

    #[test]
    fn it_counts_what_is_not_older_than_ten_seconds() {
        let mut window = Window::default();
        for second in 0..20 {
            window.note(second % 2 == 0, at(second * 1_000));
        }
        assert_eq!(window.counts(at(19_999)), (5, 5));
        assert_eq!(window.counts(at(23_000)), (3, 3));
        assert_eq!(window.counts(at(40_000)), (0, 0));
    }

    #[test]
    fn what_is_taken_back_is_no_longer_good() {
        let mut window = Window::default();
        window.take_back_one(at(0));
        assert_eq!(window.counts(at(0)), (0, 0), "there is nothing to take back");
        window.note(true, at(0));
        window.note(true, at(4_000));
        window.note(false, at(6_000));
        window.take_back_one(at(6_000));
        assert_eq!(window.counts(at(9_000)), (1, 1));
        assert_eq!(window.counts(at(11_000)), (0, 1), "the latest good one is gone");
        window.note(true, at(20_000));
        window.take_back_one(at(40_000));
        assert_eq!(window.counts(at(21_000)), (1, 0), "one too old to count stays");
    }

    #[test]
    fn a_clock_that_goes_back_loses_nothing() {
        let mut window = Window::default();
        window.note(true, at(10_000));
        window.note(false, at(9_000));
        assert_eq!(window.counts(at(10_000)), (1, 1));
    }
}
