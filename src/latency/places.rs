//! Places, and which of them are near.
//!
//! An arc of the great circle takes two roots and a polynomial. The square of the chord takes three
//! products, and it grows with the arc. So of a thousand places the arcs are worked out only of
//! those that can matter.

use super::distance::{Location, chord2_of_round_trip, round_trip_ms};
use crate::time::Millis;

/// Most places that are looked for one by one; to sort all is quicker for more.
pub const NEAREST_MAX: usize = 8;

/// Places one behind the other: a thousand of them fit into the processor's cache, where what they
/// belong to does not.
#[derive(Debug, Clone)]
pub struct Places(Vec<Location>);

impl Places {
    /// The places; `None` where one is not known.
    #[must_use]
    pub fn of(places: impl Iterator<Item = Option<Location>>) -> Option<Self> {
        places.collect::<Option<_>>().map(Self)
    }

    /// The squares of the chords from a place to each.
    #[must_use]
    pub fn chords2_from(&self, here: Location) -> Vec<f64> {
        self.0.iter().map(|place| here.chord2_to(*place)).collect()
    }
}

/// A bound for the squares of chords: within it are certainly all whose round trip is at most
/// `within_ms` longer than the shortest, and the `wanted` ones with the shortest round trips, at
/// most [`NEAREST_MAX`]. Of as many or fewer are all.
#[must_use]
pub fn bound(chords2: &[f64], wanted: usize, within_ms: Millis) -> f64 {
    // The least ones in order, and behind them what is larger than any.
    let mut least = [f64::INFINITY; NEAREST_MAX];
    let least = least.get_mut(..wanted.clamp(1, NEAREST_MAX)).unwrap_or_default();
    let mut furthest = f64::INFINITY;
    for chord2 in chords2 {
        if *chord2 < furthest {
            furthest = insert(least, *chord2);
        }
    }
    let Some(first) = least.first().filter(|_| furthest.is_finite()) else {
        return f64::INFINITY;
    };
    // Roundings may make a round trip one longer than that of a longer chord.
    let longest = round_trip_ms(furthest).saturating_add(1);
    chord2_of_round_trip(longest.max(round_trip_ms(*first).saturating_add(within_ms)))
}

/// Puts a value into its place among some in order, and drops the last. Returns the last one then.
fn insert(least: &mut [f64], mut value: f64) -> f64 {
    for known in least.iter_mut() {
        if value < *known {
            std::mem::swap(known, &mut value);
        }
    }
    least.last().copied().unwrap_or(f64::INFINITY)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::collection::vec;
    use proptest::prelude::*;

    fn places() -> impl Strategy<Value = Vec<Location>> {
        let clustered = (50.0..51.0_f64, 8.0..9.0_f64);
        let anywhere = (-90.0..=90.0_f64, -180.0..=180.0_f64);
        let place = prop_oneof![anywhere, clustered, Just((0.0, 0.0)), Just((0.0, 180.0))];
        vec(place.prop_map(|(lat, lon)| Location::new(lat, lon).unwrap()), 1..60)
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(2_000))]

        #[test]
        fn all_that_can_come_first_are_within_the_bound(
            places in places(),
            wanted in 1..=NEAREST_MAX,
            within_ms in prop_oneof![Just(0), 0_u64..400],
        ) {
            let (here, places) = places.split_first().unwrap();
            let chords2: Vec<f64> = places.iter().map(|it| here.chord2_to(*it)).collect();
            let bound = bound(&chords2, wanted, within_ms);
            let mut all: Vec<(Millis, usize)> = (0..)
                .zip(places)
                .map(|(at, it)| (here.round_trip_ms_to(*it), at))
                .collect();
            all.sort_unstable();
            let shortest = all.first().map_or(0, |(ms, _)| *ms);
            for (nth, (ms, at)) in all.iter().enumerate() {
                if nth < wanted || *ms <= shortest + within_ms {
                    prop_assert!(chords2[*at] <= bound, "{nth}: {ms}");
                }
                prop_assert_eq!(round_trip_ms(chords2[*at]), *ms);
            }
        }
    }

    #[test]
    fn what_is_far_away_is_beyond_the_bound() {
        let place = |lat, lon| Location::new(lat, lon).unwrap();
        let here = place(50.1, 8.7);
        let there = [place(52.4, 4.9), place(48.9, 2.4), place(-33.9, 151.2), place(35.7, 139.7)];
        let chords2: Vec<f64> = there.iter().map(|it| here.chord2_to(*it)).collect();
        let bound = bound(&chords2, 2, 5);
        let within: Vec<bool> = chords2.iter().map(|it| *it <= bound).collect();
        assert_eq!(within, [true, true, false, false]);
    }
}
