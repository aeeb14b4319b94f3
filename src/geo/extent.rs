//! Where a country is, roughly: boxes around its parts.
//!
//! A location far outside of its country is most likely a slip: a lost minus, or latitude and
//! longitude exchanged. Boxes tell that better than the distance from the country's middle, because
//! countries are long: Chile, Norway and Vietnam would need a circle that takes in their
//! neighbours. Measured with Cloudflare's 308 data centers: none of them is outside of its country;
//! with the sign of the latitude changed 293 are, of the longitude 290, with both exchanged 305.
//! What remains lies near the equator or the meridian of Greenwich, where a wrong sign moves
//! little. A circle of 300 km + 1.5 × √area found 286 and took four right ones for wrong.
//!
//! It costs the Worker nothing: it exists on the host only. Source: `extents.txt`, which names its
//! own.

use crate::country::Country;

const EXTENTS: &str = include_str!("extents.txt");

/// How far outside of its boxes a location still counts as within a country, in degrees: islands
/// and piers, and what is rounded.
const MARGIN_DEGREES: f64 = 0.25;

/// A location in degrees: latitude and longitude.
type Degrees = [f64; 2];

/// Whether a location may be in a country.
#[must_use]
pub fn may_be_in(country: Country, [latitude, longitude]: Degrees) -> bool {
    boxes(country).any(|[south, north, west, east]| {
        let is_between = |value: f64, from: f64, to: f64| {
            (from - MARGIN_DEGREES..=to + MARGIN_DEGREES).contains(&value)
        };
        is_between(latitude, south, north) && is_between(longitude, west, east)
    })
}

/// The locations in the country that somebody may have meant by one outside of it: with a sign
/// changed, with latitude and longitude exchanged, or both. The likeliest slip is the first.
#[must_use]
pub fn meant_in(country: Country, [latitude, longitude]: Degrees) -> Option<Degrees> {
    let signs = [[-1.0, 1.0], [1.0, -1.0], [-1.0, -1.0]];
    let with = |[a, b]: Degrees| signs.map(|[x, y]| [a * x, b * y]);
    let exchanged = [longitude, latitude];
    let slips = with([latitude, longitude]).into_iter().chain([exchanged]).chain(with(exchanged));
    slips.into_iter().find(|slip| may_be_in(country, *slip))
}

/// South, north, west and east of each part of a country.
fn boxes(country: Country) -> impl Iterator<Item = [f64; 4]> {
    let of_country = |line: &'static str| line.strip_prefix(country.as_str());
    let line = EXTENTS.lines().find_map(of_country).unwrap_or_default();
    line.split(',').filter_map(|part| {
        let mut degrees = part.split_whitespace().filter_map(|number| number.parse().ok());
        Some([degrees.next()?, degrees.next()?, degrees.next()?, degrees.next()?])
    })
}

#[cfg(test)]
mod tests {
    use super::super::data_centers::tests::places;
    use super::*;

    fn country(code: &str) -> Country {
        Country::parse(code).unwrap()
    }

    /// How many data centers are outside of their countries after a slip.
    fn outside(slip: impl Fn(Degrees) -> Degrees) -> usize {
        let is_outside = |(_, code, latitude, longitude): &(&str, &str, f64, f64)| {
            !may_be_in(country(code), slip([*latitude, *longitude]))
        };
        places().iter().filter(|place| is_outside(place)).count()
    }

    #[test]
    fn every_country_is_somewhere() {
        for country in Country::all() {
            assert!(boxes(country).count() > 0, "{country}");
            for [south, north, west, east] in boxes(country) {
                assert!(-90.0 <= south && south < north && north <= 90.0, "{country}");
                assert!(-180.0 <= west && west < east && east <= 180.0, "{country}");
            }
        }
        let lines = EXTENTS.lines().filter(|line| !line.starts_with('#'));
        assert_eq!(lines.count(), crate::country::COUNTRIES);
    }

    #[test]
    fn no_data_center_is_taken_for_a_slip_and_nearly_every_slip_is_found() {
        assert_eq!(outside(|right| right), 0);
        assert_eq!(outside(|[latitude, longitude]| [-latitude, longitude]), 293);
        assert_eq!(outside(|[latitude, longitude]| [latitude, -longitude]), 290);
        assert_eq!(outside(|[latitude, longitude]| [longitude, latitude]), 305);
        assert_eq!(outside(|[latitude, longitude]| [latitude.abs(), longitude.abs()]), 151);
        assert_eq!(outside(|_| [0.0, 0.0]), 308);
    }

    #[test]
    fn of_most_slips_the_right_location_is_named() {
        let named = |slip: fn(Degrees) -> Degrees| {
            let is_named = |(_, code, latitude, longitude): &(&str, &str, f64, f64)| {
                let (right, code) = ([*latitude, *longitude], country(code));
                let told = slip(right);
                !may_be_in(code, told) && meant_in(code, told) == Some(right)
            };
            places().iter().filter(|place| is_named(place)).count()
        };
        assert_eq!(named(|[latitude, longitude]| [-latitude, longitude]), 293);
        assert!(named(|[latitude, longitude]| [latitude, -longitude]) >= 285);
        assert!(named(|[latitude, longitude]| [longitude, latitude]) >= 295);
    }

    #[test]
    fn the_margin_ends_where_it_is_said_to_end() {
        let portugal = country("PT");
        assert!(may_be_in(portugal, [43.25, -8.6]));
        assert!(!may_be_in(portugal, [43.251, -8.6]));
    }
}
