//! How long requests took, as counts in buckets.

use crate::json::{Reader, Shape};
use crate::time::Millis;
use serde_json::Value;

/// Upper bounds of the buckets, in milliseconds; what took longer than the last one is in one more.
pub const LATENCY_BOUNDS_MS: [Millis; 11] =
    [5, 10, 25, 50, 100, 250, 500, 1_000, 2_500, 5_000, 10_000];
const BUCKETS: usize = LATENCY_BOUNDS_MS.len() + 1;

/// How many requests took how long. A request is in the bucket with the least bound that it does
/// not exceed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Latencies([u64; BUCKETS]);

impl Latencies {
    /// Counts one more.
    pub fn note(&mut self, took_ms: Millis) {
        self.note_some(1, took_ms);
    }

    /// Counts so many more, which took the same.
    pub fn note_some(&mut self, requests: u64, took_ms: Millis) {
        let bucket = LATENCY_BOUNDS_MS.partition_point(|bound| *bound < took_ms);
        if let Some(count) = self.0.get_mut(bucket) {
            *count = count.saturating_add(requests);
        }
    }

    /// Adds others.
    pub fn add(&mut self, others: &Self) {
        for (count, other) in self.0.iter_mut().zip(others.0) {
            *count = count.saturating_add(other);
        }
    }

    /// How many there are.
    #[must_use]
    pub fn total(&self) -> u64 {
        self.0.iter().fold(0, |sum, count| sum.saturating_add(*count))
    }

    /// How many are in each bucket.
    pub fn counts(&self) -> impl Iterator<Item = u64> {
        self.0.into_iter()
    }

    /// How many took no longer than each bound, and how many there are (`None`), in this order.
    pub fn up_to(&self) -> impl Iterator<Item = (Option<Millis>, u64)> {
        let bounds = LATENCY_BOUNDS_MS.into_iter().map(Some).chain([None]);
        let mut sum = 0_u64;
        bounds.zip(self.0).map(move |(bound, count)| {
            sum = sum.saturating_add(count);
            (bound, sum)
        })
    }

    /// What so many percent of them did not exceed; `None` without any.
    ///
    /// Within a bucket they count as spread evenly, and what is above the last bound counts as that
    /// bound: so it is at most one bucket off.
    #[must_use]
    pub fn percentile_ms(&self, percent: u64) -> Option<Millis> {
        let rank = self.total().saturating_mul(percent.min(100)).div_ceil(100).max(1);
        let (mut floor_ms, mut below) = (0, 0);
        for (bound, up_to) in self.up_to() {
            let Some(bound) = bound.filter(|_| up_to < rank) else {
                let within = up_to.checked_sub(below).filter(|within| *within > 0)?;
                let width = bound.map_or(0, |bound| bound - floor_ms);
                return Some(floor_ms + width.saturating_mul(rank - below).div_ceil(within));
            };
            (floor_ms, below) = (bound, up_to);
        }
        None
    }
}

/// A list of the counts, without zeros at its end: most requests are fast. It is absent where there
/// are none.
impl Shape for Latencies {
    fn read(value: &Value, reader: &mut Reader) -> Option<Self> {
        let counts: Vec<u64> = Vec::read(value, reader)?;
        let mut read = Self::default();
        if counts.len() > BUCKETS {
            reader.wrong_type(value, "a list of at most twelve numbers");
            return None;
        }
        read.0.iter_mut().zip(counts).for_each(|(place, count)| *place = count);
        Some(read)
    }

    fn write(&self) -> Value {
        let Some(last) = self.0.iter().rposition(|count| *count > 0) else { return Value::Null };
        self.0.iter().take(last + 1).copied().map(Value::from).collect()
    }

    fn absent() -> Option<Self> {
        Some(Self::default())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::json;
    use proptest::prelude::*;

    fn latencies(took: &[Millis]) -> Latencies {
        let mut told = Latencies::default();
        for took_ms in took {
            told.note(*took_ms);
        }
        told
    }

    #[test]
    fn a_request_is_in_the_first_bucket_whose_bound_it_does_not_exceed() {
        let told = latencies(&[0, 5, 6, 10, 10_000, 10_001, Millis::MAX]);
        assert_eq!(json::write(&told), "[2,2,0,0,0,0,0,0,0,0,1,2]");
        let up_to: Vec<_> = told.up_to().collect();
        assert_eq!(up_to.first(), Some(&(Some(5), 2)));
        assert_eq!(up_to.last(), Some(&(None, 7)));
        assert_eq!(told.total(), 7);
    }

    #[test]
    fn zeros_at_the_end_are_not_written_and_a_longer_list_is_refused() {
        let told = latencies(&[3, 30]);
        assert_eq!(json::write(&told), "[1,0,0,1]");
        assert_eq!(json::read::<Latencies>("[1,0,0,1]").unwrap(), told);
        assert!(json::read::<Latencies>("[1,1,1,1,1,1,1,1,1,1,1,1,1]").is_err());
    }

    #[test]
    fn a_percentile_is_read_off_its_bucket() {
        assert_eq!(Latencies::default().percentile_ms(95), None);
        // Ninety in (50, 100], ten in (250, 500].
        let took: Vec<Millis> = [[80; 9].as_slice(), &[300]].concat().repeat(10);
        let told = latencies(&took);
        assert_eq!(told.percentile_ms(50), Some(78));
        assert_eq!(told.percentile_ms(90), Some(100));
        assert_eq!(told.percentile_ms(95), Some(375));
        assert_eq!(told.percentile_ms(100), Some(500));
        assert_eq!(latencies(&[20_000]).percentile_ms(95), Some(10_000));
    }

    proptest! {
        #[test]
        fn a_percentile_is_in_the_bucket_of_the_request_at_its_place(
            mut took in proptest::collection::vec(0_u64..12_000, 1..200),
            percent in 0_u64..=100,
        ) {
            let read = latencies(&took).percentile_ms(percent).unwrap();
            took.sort_unstable();
            let rank = (took.len() * usize::try_from(percent).unwrap()).div_ceil(100).max(1);
            let exact = took[rank - 1];
            let bucket = |ms: Millis| LATENCY_BOUNDS_MS.partition_point(|bound| *bound < ms);
            let last = LATENCY_BOUNDS_MS.len() - 1;
            prop_assert_eq!(bucket(read), bucket(exact).min(last));
        }
    }
}
