//! Weights of origins and pools: 0 to 1 in steps of a hundredth.

use crate::json::{Reader, Shape};
use serde_json::Value;
use std::fmt;

/// A weight in hundredths, so that weights that look equal are equal.
///
/// **Invariant.** At most 100.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Weight(u8);

impl Weight {
    /// Gets no new clients.
    pub const NONE: Self = Self(0);
    /// The API's default.
    pub const ONE: Self = Self(100);

    /// A weight of that many hundredths, capped at 100.
    #[must_use]
    pub fn of_hundredths(hundredths: u64) -> Self {
        u8::try_from(hundredths.min(100)).map_or(Self::ONE, Self)
    }

    fn of(number: f64) -> Self {
        let nearest = (1..=100_u8).find(|hundredths| f64::from(*hundredths) > number * 100.0 + 0.5);
        Self(nearest.map_or(100, |above| above.saturating_sub(1)))
    }
}

impl fmt::Display for Weight {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{:02}", self.0 / 100, self.0 % 100)
    }
}

impl Shape for Weight {
    fn read(value: &Value, reader: &mut Reader) -> Option<Self> {
        f64::read(value, reader).map(Self::of)
    }

    fn write(&self) -> Value {
        (f64::from(self.0) / 100.0).into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::json;

    #[test]
    fn every_weight_reads_back_as_it_was_written() {
        for hundredths in 0..=100 {
            let weight = Weight::of_hundredths(hundredths);
            assert_eq!(json::read::<Weight>(&json::write(&weight)).unwrap(), weight);
        }
        assert_eq!(json::write(&Weight::of_hundredths(7)), "0.07");
        assert_eq!(Weight::of_hundredths(1_000), Weight::ONE);
    }

    #[test]
    fn what_others_wrote_is_taken_for_the_nearest() {
        for (written, hundredths) in [("1", 100), ("0", 0), ("0.333", 33), ("2", 100), ("-1", 0)] {
            let weight = json::read::<Weight>(written).unwrap();
            assert_eq!(weight, Weight::of_hundredths(hundredths), "{written}");
        }
    }
}
