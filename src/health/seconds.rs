//! What a field says where a length of time is expected, and why it may say nothing.
//!
//! Replicas and backups say many things that are no length of time: null, -1, a text, a time
//! without its zone. Each has words of its own, because each is mended elsewhere. None of them is
//! ever taken for a small number: what is unknown is not below any limit.

use super::field::{Field, Seen};
use crate::time::{Millis, SECOND, Timestamp, has_no_zone};
use serde_json::Number;
use std::fmt;

/// A length of time that a document told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Seconds {
    /// In milliseconds, rounded up.
    pub ms: Millis,
    /// Whether it was told in whole seconds.
    pub is_whole: bool,
}

impl Seconds {
    /// The most that it may be in truth: whoever tells whole seconds may have cut off a fraction.
    #[must_use]
    pub fn at_most_ms(self) -> Millis {
        self.ms.saturating_add(if self.is_whole { SECOND } else { 0 })
    }
}

/// Why a field tells no length of time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Untold {
    /// The answer is no JSON document.
    NotJson,
    /// It is missing.
    Missing,
    /// It is null: whoever wrote the document does not know.
    Null,
    /// It is below zero. Many systems write -1 for what they do not know.
    Negative(Number),
    /// It is a text.
    Text(String),
    /// It is a time without a zone, so nobody knows which instant is meant.
    NoZone(String),
    /// It is an instant that is yet to come.
    Ahead(Timestamp),
    /// It is true or false.
    Flag(bool),
    /// It is a list or an object.
    Other,
}

impl fmt::Display for Untold {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotJson => f.write_str("the answer is no JSON document"),
            Self::Missing => f.write_str("it is missing"),
            Self::Null => f.write_str("it is null"),
            Self::Negative(number) => write!(f, "it is {number}, which is below 0"),
            Self::Text(text) => write!(f, "it is the text \"{text}\", and no number of seconds"),
            Self::NoZone(text) => write!(f, "it is the time \"{text}\", which has no zone"),
            Self::Ahead(at) => write!(f, "it is the time {at}, which is yet to come"),
            Self::Flag(flag) => write!(f, "it is {flag}, and no number of seconds"),
            Self::Other => f.write_str("it is a list or an object, and no number of seconds"),
        }
    }
}

impl Field {
    /// The number of seconds that it tells. Errors: [`Untold`]; a text is never a number.
    pub fn seconds(&self) -> Result<Seconds, Untold> {
        match self {
            Self::Number(number) => millis(number).ok_or_else(|| Untold::Negative(number.clone())),
            Self::Text(text) if has_no_zone(text) => Err(Untold::NoZone(text.clone())),
            Self::Text(text) => Err(Untold::Text(text.clone())),
            Self::Flag(flag) => Err(Untold::Flag(*flag)),
            Self::Null {} => Err(Untold::Null),
            Self::Missing {} => Err(Untold::Missing),
            Self::Other {} => Err(Untold::Other),
            Self::NotJson {} => Err(Untold::NotJson),
        }
    }
}

impl Seen {
    /// The age that it told when it was read: a number of seconds, or the time since an RFC 3339
    /// instant. An instant that lies ahead by no more than clocks may differ has age zero.
    /// Errors: [`Untold`].
    pub fn age(&self) -> Result<Seconds, Untold> {
        let instant = match &self.value {
            Field::Text(text) => Timestamp::try_from(text.clone()).ok(),
            _ => None,
        };
        match instant {
            Some(instant) if instant.is_ahead(self.at) => Err(Untold::Ahead(instant)),
            Some(instant) => Ok(Seconds { ms: self.at.since(instant), is_whole: false }),
            None => self.value.seconds(),
        }
    }
}

/// `None` if it is below zero.
#[expect(
    clippy::as_conversions,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "the cast saturates, and the value is not negative"
)]
fn millis(seconds: &Number) -> Option<Seconds> {
    if let Some(whole) = seconds.as_u64() {
        return Some(Seconds { ms: whole.saturating_mul(SECOND), is_whole: true });
    }
    let told = seconds.as_f64().filter(|told| *told >= 0.0)?;
    Some(Seconds { ms: (told * 1_000.0).ceil() as u64, is_whole: told.fract() == 0.0 })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn number(json: &str) -> Field {
        Field::Number(json.parse().unwrap())
    }

    fn text(text: &str) -> Field {
        Field::Text(text.to_owned())
    }

    #[test]
    fn a_number_of_seconds_is_rounded_up_and_whole_ones_may_hide_a_fraction() {
        for (json, ms, at_most_ms) in [
            ("0", 0, 1_000),
            ("7", 7_000, 8_000),
            ("7.0", 7_000, 8_000),
            ("0.2001", 201, 201),
            ("1e300", u64::MAX, u64::MAX),
            ("18446744073709551615", u64::MAX, u64::MAX),
        ] {
            let told = number(json).seconds().unwrap();
            assert_eq!((told.ms, told.at_most_ms()), (ms, at_most_ms), "{json}");
        }
    }

    #[test]
    fn whatever_is_no_length_of_time_has_words_of_its_own() {
        let fields = [
            (Field::NotJson {}, "the answer is no JSON document"),
            (Field::Missing {}, "it is missing"),
            (Field::Null {}, "it is null"),
            (number("-1"), "it is -1, which is below 0"),
            (number("-0.5"), "it is -0.5, which is below 0"),
            (text("5"), "it is the text \"5\", and no number of seconds"),
            (
                text("2026-11-29T10:00:00"),
                "it is the time \"2026-11-29T10:00:00\", which has no zone",
            ),
            (
                text("2026-11-29 10:00:00.25"),
                "it is the time \"2026-11-29 10:00:00.25\", which has no zone",
            ),
            (Field::Flag(true), "it is true, and no number of seconds"),
            (Field::Other {}, "it is a list or an object, and no number of seconds"),
        ];
        for (field, words) in fields {
            assert_eq!(field.seconds().unwrap_err().to_string(), words);
        }
    }

    #[test]
    fn an_age_may_be_told_as_an_instant_with_a_zone() {
        let at = Timestamp::try_from("2026-11-29T12:00:00Z".to_owned()).unwrap();
        let age = |value: Field| Seen::after(None, value, at).age();
        assert_eq!(age(text("2026-11-29T11:59:30Z")).unwrap().ms, 30_000);
        assert_eq!(age(text("2026-11-29T20:59:00+09:00")).unwrap().ms, 60_000);
        assert_eq!(age(text("2026-11-29T12:00:05Z")).unwrap().ms, 0, "clocks differ");
        assert_eq!(age(number("3")).unwrap().ms, 3_000);
        let ahead = age(text("2026-11-29T12:00:05.001Z")).unwrap_err();
        let words = "it is the time 2026-11-29T12:00:05.001Z, which is yet to come";
        assert_eq!(ahead.to_string(), words);
        let no_zone = age(text("2026-11-29T21:00:00")).unwrap_err();
        assert_eq!(no_zone, Untold::NoZone("2026-11-29T21:00:00".to_owned()));
    }
}
