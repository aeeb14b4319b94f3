//! The 95th percentile of the response time.
//!
//! It is one number. A response that takes longer pushes it up by nineteen steps, any other pushes
//! it down by one, so it settles where one in twenty takes longer. It keeps no samples, and it
//! follows a region that gets slower. Source: Ma, Muthukrishnan and Sandler, "Frugal streaming for
//! estimating quantiles", 2013.

use crate::time::Millis;

/// With fewer responses there is no estimate.
const SAMPLES_MIN: u32 = 20;
/// A step is one such part of the estimate.
const STEPS: u64 = 128;
/// Estimates are kept in such fractions of a millisecond.
const SCALE: u64 = 256;

/// The estimate.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Quantile {
    scaled: u64,
    samples: u32,
}

impl Quantile {
    /// Adds a response that took `ms`.
    pub fn add(&mut self, ms: Millis) {
        let sample = ms.saturating_mul(SCALE);
        self.samples = self.samples.saturating_add(1);
        if self.samples == 1 {
            self.scaled = sample;
            return;
        }
        let step = (self.scaled / STEPS).max(1);
        self.scaled = if sample > self.scaled {
            self.scaled.saturating_add(step.saturating_mul(19)).min(sample)
        } else {
            self.scaled.saturating_sub(step).max(sample)
        };
    }

    /// The estimate in milliseconds, rounded up; `None` until there are enough responses.
    #[must_use]
    pub fn millis(&self) -> Option<Millis> {
        (self.samples >= SAMPLES_MIN).then_some(self.scaled.div_ceil(SCALE))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn few_answers_say_nothing() {
        let mut quantile = Quantile::default();
        (0..19).for_each(|_| quantile.add(10));
        assert_eq!(quantile.millis(), None);
        quantile.add(10);
        assert_eq!(quantile.millis(), Some(10));
    }

    #[test]
    fn it_rests_near_the_95th_of_a_hundred() {
        let mut quantile = Quantile::default();
        let mut seed = 1_u64;
        for _ in 0..20_000 {
            seed = seed
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1_442_695_040_888_963_407);
            quantile.add((seed >> 33) % 1_000);
        }
        let ms = quantile.millis().unwrap();
        assert!((850..=999).contains(&ms), "{ms}");
    }

    #[test]
    fn it_follows_a_region_that_gets_slower_and_faster_again() {
        let mut quantile = Quantile::default();
        (0..100).for_each(|_| quantile.add(20));
        (0..100).for_each(|_| quantile.add(200));
        assert!(quantile.millis().unwrap() > 150);
        (0..1_000).for_each(|_| quantile.add(20));
        assert!(quantile.millis().unwrap() < 40);
    }
}
