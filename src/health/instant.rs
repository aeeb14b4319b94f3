//! The instant that a field tells, and why it may tell none.

use super::field::Field;
use crate::time::{SECOND, Timestamp, has_no_zone};
use serde_json::Number;

/// From this number on, seconds since 1970 are milliseconds: the year is 5138.
const SECONDS_MAX: u64 = 100_000_000_000;

/// Why a field tells no instant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Untimed {
    /// It is a time without a zone, so nobody knows which instant is meant.
    NoZone,
    /// It is a number, and not one of seconds since 1970.
    NoSeconds,
    /// It is something else.
    Otherwise,
}

impl Field {
    /// The instant: RFC 3339 with an offset, or seconds since 1970, which some tools write as a
    /// text. Errors: [`Untimed`].
    pub fn instant(&self) -> Result<Timestamp, Untimed> {
        match self {
            Self::Number(number) => whole(number).and_then(since_1970).ok_or(Untimed::NoSeconds),
            Self::Text(text) => {
                if let Ok(at) = Timestamp::try_from(text.clone()) {
                    Ok(at)
                } else if let Ok(seconds) = text.parse() {
                    since_1970(seconds).ok_or(Untimed::NoSeconds)
                } else if has_no_zone(text) {
                    Err(Untimed::NoZone)
                } else {
                    Err(Untimed::Otherwise)
                }
            }
            _ => Err(Untimed::Otherwise),
        }
    }
}

fn since_1970(seconds: u64) -> Option<Timestamp> {
    (seconds < SECONDS_MAX).then(|| Timestamp::from_millis(seconds.saturating_mul(SECOND)))
}

/// Whole seconds, where the number is not negative.
#[expect(
    clippy::as_conversions,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "the cast saturates, and the value is not negative"
)]
fn whole(number: &Number) -> Option<u64> {
    let fraction = || number.as_f64().filter(|s| *s >= 0.0).map(|s| s as u64);
    number.as_u64().or_else(fraction)
}
