//! Distance as a prior for latency.
//!
//! It computes the great-circle distance between two locations without the platform's `sin`, whose
//! last bit differs between host and wasm. Rotations by known angles replace it; they need only
//! multiplication and addition. The error is below 0.1 %, far below that of "fibre follows the
//! great circle". A location becomes a vector once, when it is read; each distance then takes a few
//! multiplications.

use crate::json::{MistakeKind, Reader, Shape};
use serde_json::Value;

/// Mean radius of the Earth. Source: IUGG, R1.
const EARTH_RADIUS_KM: f64 = 6_371.0;

/// Kilometres of great circle per millisecond of round trip. Light in fibre makes 200 km/ms one
/// way, a round trip halves that; cables are about half as long again as the great circle, and
/// routers wait.
const KM_PER_ROUND_TRIP_MS: f64 = 60.0;

/// What is allowed, for the message about another value.
const ALLOWED: &str = "[latitude, longitude] in degrees: -90 to 90 and -180 to 180";

/// A location on Earth: latitude and longitude in degrees.
#[derive(Debug, Clone, Copy, PartialEq)]
#[cfg_attr(not(target_arch = "wasm32"), derive(serde::Deserialize), serde(try_from = "[f64; 2]"))]
pub struct Location {
    latitude: f64,
    longitude: f64,
    /// The same as a vector of length 1 from the middle of the Earth.
    unit: [f64; 3],
}

/// Degrees that are not a location on Earth.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a location: latitude is -90 to 90, longitude -180 to 180")]
pub struct BadLocation;

impl TryFrom<[f64; 2]> for Location {
    type Error = BadLocation;
    fn try_from([latitude, longitude]: [f64; 2]) -> Result<Self, BadLocation> {
        Self::new(latitude, longitude).ok_or(BadLocation)
    }
}

impl Shape for Location {
    fn read(value: &Value, reader: &mut Reader) -> Option<Self> {
        let degrees = <[f64; 2]>::try_from(Vec::read(value, reader)?).ok();
        let location = degrees.and_then(|degrees| Self::try_from(degrees).ok());
        if location.is_none() {
            reader.report(MistakeKind::Range, value.to_string(), ALLOWED);
        }
        location
    }

    fn write(&self) -> Value {
        Value::from(vec![self.latitude, self.longitude])
    }

    #[cfg(not(target_arch = "wasm32"))]
    fn schema(_: &mut crate::json::schema::Definitions) -> Value {
        serde_json::json!({
            "type": "array",
            "prefixItems": [
                {"type": "number", "minimum": -90, "maximum": 90},
                {"type": "number", "minimum": -180, "maximum": 180},
            ],
            "minItems": 2,
            "maxItems": 2,
        })
    }
}

impl Location {
    /// A location; `None` if the degrees are out of range or not numbers.
    #[must_use]
    pub fn new(latitude: f64, longitude: f64) -> Option<Self> {
        let on_globe = (-90.0..=90.0).contains(&latitude) && (-180.0..=180.0).contains(&longitude);
        on_globe.then(|| Self { latitude, longitude, unit: unit_vector(latitude, longitude) })
    }

    /// Degrees north of the equator.
    #[must_use]
    pub fn latitude(self) -> f64 {
        self.latitude
    }

    /// Degrees east of Greenwich.
    #[must_use]
    pub fn longitude(self) -> f64 {
        self.longitude
    }

    /// Kilometres along the great circle.
    #[must_use]
    pub fn km_to(self, other: Self) -> f64 {
        km_of(self.chord2_to(other))
    }

    /// The square of the chord between the two as unit vectors: at most 4. It grows with the
    /// distance.
    #[must_use]
    #[inline]
    pub fn chord2_to(self, other: Self) -> f64 {
        let (a, b) = (self.unit, other.unit);
        let square = |x: f64| x * x;
        square(a[0] - b[0]) + square(a[1] - b[1]) + square(a[2] - b[2])
    }

    /// The round trip in milliseconds that the distance alone suggests; at least 1.
    #[must_use]
    pub fn round_trip_ms_to(self, other: Self) -> u64 {
        round_trip_ms(self.chord2_to(other))
    }
}

/// The kilometres along the great circle that belong to the square of a chord.
fn km_of(chord2: f64) -> f64 {
    EARTH_RADIUS_KM * 2.0 * arc_sine((chord2.sqrt() / 2.0).min(1.0))
}

/// The round trip in milliseconds that belongs to the square of a chord; at least 1.
#[must_use]
pub fn round_trip_ms(chord2: f64) -> u64 {
    whole(km_of(chord2) / KM_PER_ROUND_TRIP_MS).saturating_add(1)
}

/// A square of a chord that no longer one has whose round trip is at most so many milliseconds. It
/// is a little more than the largest of those.
pub(super) fn chord2_of_round_trip(ms: u64) -> f64 {
    /// In radians: more than the error of [`arc_sine`].
    const SLACK: f64 = 1e-6;
    let ms = f64::from(u32::try_from(ms).unwrap_or(u32::MAX));
    let arc = ms * KM_PER_ROUND_TRIP_MS / EARTH_RADIUS_KM + SLACK;
    if arc >= std::f64::consts::PI {
        return f64::INFINITY;
    }
    let (_, cosine) = sine_cosine(arc.to_degrees());
    2.0 * (1.0 - cosine) + SLACK
}

fn unit_vector(latitude: f64, longitude: f64) -> [f64; 3] {
    let (sin_lat, cos_lat) = sine_cosine(latitude);
    let (sin_lon, cos_lon) = sine_cosine(longitude);
    [cos_lat * cos_lon, cos_lat * sin_lon, sin_lat]
}

/// The whole part of a small number that is not negative.
#[expect(
    clippy::as_conversions,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "the cast saturates, and the value is a distance in round-trip milliseconds, below 400"
)]
fn whole(x: f64) -> u64 {
    x as u64
}

/// Sine and cosine of an angle of at most 180 degrees. The angle is the sum of 1, 2, 4 … 128
/// degrees, by the binary digits of its whole part, and a rest. Adding an angle is a rotation,
/// which needs only multiplication and addition and so agrees everywhere.
fn sine_cosine(degrees: f64) -> (f64, f64) {
    /// One degree.
    const SIN_1: f64 = 0.017_452_406_437_283_51;
    const COS_1: f64 = 0.999_847_695_156_391_2;
    /// One degree in radians.
    const RADIAN: f64 = 0.017_453_292_519_943_295;
    let magnitude = degrees.abs();
    let steps = whole(magnitude);
    // Less than a degree remains: two terms of each series are exact to 1e-8.
    let rest = (magnitude - f64::from(u32::try_from(steps).unwrap_or(0))) * RADIAN;
    let (mut sin, mut cos) = (rest - rest * rest * rest / 6.0, 1.0 - rest * rest / 2.0);
    let (mut step_sin, mut step_cos) = (SIN_1, COS_1);
    for bit in 0..8 {
        if steps & (1 << bit) != 0 {
            (sin, cos) = (sin * step_cos + cos * step_sin, cos * step_cos - sin * step_sin);
        }
        // Twice the angle.
        (step_sin, step_cos) =
            (2.0 * step_sin * step_cos, step_cos * step_cos - step_sin * step_sin);
    }
    (if degrees < 0.0 { -sin } else { sin }, cos)
}

/// Arc sine of 0 to 1, good to 2e-8. Source: Abramowitz and Stegun, 4.4.46.
fn arc_sine(x: f64) -> f64 {
    const HALF_PI: f64 = std::f64::consts::FRAC_PI_2;
    const C: [f64; 8] = [
        1.570_796_305_0,
        -0.214_598_801_6,
        0.088_978_987_4,
        -0.050_174_304_6,
        0.030_891_881_0,
        -0.017_088_125_6,
        0.006_670_090_1,
        -0.001_262_491_1,
    ];
    let polynomial = C.iter().rev().fold(0.0, |sum, c| sum * x + c);
    HALF_PI - (1.0 - x).max(0.0).sqrt() * polynomial
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(latitude: f64, longitude: f64) -> Location {
        Location::new(latitude, longitude).unwrap()
    }

    #[test]
    fn known_distances_are_met_within_a_thousandth() {
        let (dublin, sao_paulo) = (at(53.35, -6.26), at(-23.55, -46.63));
        let (sydney, ashburn) = (at(-33.87, 151.21), at(39.04, -77.49));
        for (a, b) in
            [(dublin, sao_paulo), (dublin, ashburn), (sydney, ashburn), (sao_paulo, sydney)]
        {
            let (la, lb) = (a.latitude.to_radians(), b.latitude.to_radians());
            let dl = (b.longitude - a.longitude).to_radians();
            let exact = EARTH_RADIUS_KM
                * (la.sin() * lb.sin() + la.cos() * lb.cos() * dl.cos()).clamp(-1.0, 1.0).acos();
            let ours = a.km_to(b);
            assert!((ours - exact).abs() < exact / 1_000.0, "{ours} and {exact}");
        }
    }

    #[test]
    fn a_place_is_at_no_distance_from_itself_and_half_way_round_from_its_antipode() {
        assert!(at(10.0, 20.0).km_to(at(10.0, 20.0)) < 1.0);
        assert!((at(0.0, 0.0).km_to(at(0.0, 180.0)) - 20_015.0).abs() < 5.0);
        assert_eq!(at(10.0, 20.0).round_trip_ms_to(at(10.0, 20.0)), 1);
    }

    #[test]
    fn the_date_line_is_no_wall() {
        assert!(at(0.0, 179.0).km_to(at(0.0, -179.0)) < 230.0);
    }

    #[test]
    fn degrees_off_the_globe_are_no_place() {
        for (latitude, longitude) in
            [(90.1, 0.0), (-91.0, 0.0), (0.0, 180.5), (f64::NAN, 0.0), (0.0, f64::INFINITY)]
        {
            assert_eq!(Location::new(latitude, longitude), None);
        }
    }
}
