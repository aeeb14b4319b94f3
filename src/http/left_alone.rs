//! For how long an answer asks to be left alone.

use crate::time::{Millis, SECOND, Timestamp};
use chrono::DateTime;

/// Reads a `Retry-After` header: seconds, or a date that is compared with `now`. A date that has
/// passed asks for nothing. `None` if it is neither. Source: RFC 9110 section 10.2.3.
#[must_use]
pub fn retry_after_ms(text: &str, now: Timestamp) -> Option<Millis> {
    let text = text.trim();
    if !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit()) {
        // More digits than a number has are very long all the same.
        return Some(text.parse().unwrap_or(Millis::MAX).saturating_mul(SECOND));
    }
    let date = DateTime::parse_from_rfc2822(text).ok()?;
    let at = u64::try_from(date.timestamp_millis()).ok()?;
    Some(Timestamp::from_millis(at).since(now))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A second after the instant of RFC 9110's own example.
    const NOW: Timestamp = Timestamp::from_millis(784_111_778_000);

    fn read(text: &str) -> Option<Millis> {
        retry_after_ms(text, NOW)
    }

    #[test]
    fn seconds_and_dates_are_read() {
        assert_eq!(read("120"), Some(120_000));
        assert_eq!(read(" 0 "), Some(0));
        assert_eq!(read("Sun, 06 Nov 1994 08:51:37 GMT"), Some(119_000));
    }

    #[test]
    fn a_date_that_has_passed_asks_for_nothing() {
        assert_eq!(read("Sun, 06 Nov 1994 08:49:37 GMT"), Some(0));
    }

    #[test]
    fn a_number_beyond_all_bounds_is_very_long() {
        assert_eq!(read("99999999999999999999999"), Some(Millis::MAX));
    }

    #[test]
    fn anything_else_asks_for_nothing_that_can_be_read() {
        for text in ["", "-1", "1.5", "soon", "120, 30", "1994-11-06T08:49:37Z"] {
            assert_eq!(read(text), None, "{text:?}");
        }
    }
}
