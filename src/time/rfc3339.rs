//! Instants as people read them. Source: RFC 3339, §5.6; days are counted as in Howard Hinnant,
//! "chrono-Compatible Low-Level Date Algorithms".
//!
//! By hand, since a library for dates is 5 KB of wasm. Tests hold this against that library.

use super::{MINUTE, Millis, SECOND};
use std::fmt;

const HOUR: Millis = 60 * MINUTE;
const DAY: Millis = 24 * HOUR;

/// The sign that ISO 8601 prefers to a hyphen.
const MINUS: &str = "\u{2212}";

/// Days from 0000-03-01 to 1970-01-01.
const BEFORE_1970: u64 = 719_468;
/// Days of 400 years, of 100, of 4, and of one, where no leap day is left over.
const DAYS: [u64; 4] = [146_097, 36_524, 1_461, 365];

/// Days before each month, in a year that begins in March.
fn days_before(month_from_march: u64) -> u64 {
    (153 * month_from_march + 2) / 5
}

/// Milliseconds since 1970 of a text; none where it is no instant, or an earlier one.
pub(super) fn parse(text: &str) -> Option<Millis> {
    let (fixed, rest) = text.as_bytes().split_first_chunk::<19>()?;
    let [date @ .., b'T' | b't' | b' ', h1, h2, b':', m1, m2, b':', s1, s2] = fixed else {
        return None;
    };
    let (hour, minute, second) = (two(*h1, *h2)?, two(*m1, *m2)?, two(*s1, *s2)?);
    // The second 60 is a leap second.
    if hour > 23 || minute > 59 || second > 60 {
        return None;
    }
    let (milliseconds, rest) = fraction(rest)?;
    let time = hour * HOUR + minute * MINUTE + second * SECOND + milliseconds;
    let local = (days(date)? * DAY + time).checked_add_signed(-offset(rest)?)?;
    local.checked_sub(BEFORE_1970 * DAY)
}

/// Days since 0000-03-01.
fn days(date: &[u8]) -> Option<u64> {
    let [y1, y2, y3, y4, b'-', m1, m2, b'-', d1, d2] = date else { return None };
    let (year, month) = (two(*y1, *y2)? * 100 + two(*y3, *y4)?, two(*m1, *m2)?);
    let day = two(*d1, *d2)?;
    let is_leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    let most = match month {
        2 => 28 + u64::from(is_leap),
        4 | 6 | 9 | 11 => 30,
        1..=12 => 31,
        _ => return None,
    };
    if !(1..=most).contains(&day) {
        return None;
    }
    let (year, month) =
        if month > 2 { (year, month - 3) } else { (year.checked_sub(1)?, month + 9) };
    Some(year * 365 + year / 4 - year / 100 + year / 400 + days_before(month) + day - 1)
}

/// The milliseconds that a text begins with, and what is behind them.
fn fraction(text: &[u8]) -> Option<(Millis, &[u8])> {
    let [b'.', rest @ ..] = text else { return Some((0, text)) };
    let len = rest.iter().take_while(|byte| byte.is_ascii_digit()).count();
    let (digits, rest) = rest.split_at_checked(len)?;
    let digit = |place: usize| digits.get(place).map_or(0, |byte| u64::from(byte - b'0'));
    (len > 0).then(|| (digit(0) * 100 + digit(1) * 10 + digit(2), rest))
}

/// How far local time is ahead, in milliseconds.
fn offset(text: &[u8]) -> Option<i64> {
    let (is_behind, text) = match text {
        b"Z" | b"z" => return Some(0),
        [b'+', rest @ ..] => (false, rest),
        [b'-', rest @ ..] => (true, rest),
        _ => (true, text.strip_prefix(MINUS.as_bytes())?),
    };
    let [h1, h2, b':', m1, m2] = text else { return None };
    let (hours, minutes) = (two(*h1, *h2)?, two(*m1, *m2)?);
    let ahead = i64::try_from(hours * HOUR + minutes * MINUTE).ok()?;
    let is_one = hours < 24 && minutes < 60;
    is_one.then_some(if is_behind { -ahead } else { ahead })
}

/// A number of two digits.
fn two(tens: u8, ones: u8) -> Option<u64> {
    let digit = |byte: u8| byte.is_ascii_digit().then(|| u64::from(byte - b'0'));
    Some(digit(tens)? * 10 + digit(ones)?)
}

/// Writes an instant.
pub(super) fn write(ms: Millis, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    let (year, month, day) = date(ms / DAY + BEFORE_1970);
    let (hour, minute, second) = (ms / HOUR % 24, ms / MINUTE % 60, ms / SECOND % 60);
    // Beyond four digits a year has a sign.
    let sign = if year > 9_999 { "+" } else { "" };
    let milliseconds = ms % SECOND;
    write!(
        f,
        "{sign}{year}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}.{milliseconds:03}Z"
    )
}

/// The year, month and day of so many days since 0000-03-01.
fn date(mut days: u64) -> (u64, u64, u64) {
    let mut year = 0;
    for (len, years) in DAYS.into_iter().zip([400, 100, 4, 1]) {
        // The last of four is longer by the leap day.
        let fits = if years == 100 || years == 1 { (days / len).min(3) } else { days / len };
        days -= fits * len;
        year += fits * years;
    }
    let month = (5 * days + 2) / 153;
    let day = days - days_before(month) + 1;
    if month < 10 { (year, month + 3, day) } else { (year + 1, month - 9, day) }
}

#[cfg(test)]
mod tests {
    use super::super::Timestamp;
    use chrono::{DateTime, SecondsFormat, Utc};
    use proptest::prelude::*;

    fn theirs(text: &str) -> Option<u64> {
        u64::try_from(DateTime::parse_from_rfc3339(text).ok()?.timestamp_millis()).ok()
    }

    fn ours(text: &str) -> Option<u64> {
        Timestamp::try_from(text.to_owned()).ok().map(Timestamp::millis)
    }

    proptest! {
        #[test]
        fn an_instant_is_written_as_the_library_writes_it(ms in 0..9_000_000_000_000_000_u64) {
            let instant = DateTime::<Utc>::from_timestamp_millis(ms.try_into().unwrap());
            let theirs = instant.map_or_else(
                || format!("+{ms}ms"),
                |instant| instant.to_rfc3339_opts(SecondsFormat::Millis, true),
            );
            prop_assert_eq!(Timestamp::from_millis(ms).to_string(), theirs);
        }

        #[test]
        fn a_day_of_our_time_is_written_as_the_library_writes_it(day in 0..80_000_u64) {
            let ms = day * super::DAY;
            let theirs = DateTime::<Utc>::from_timestamp_millis(ms.try_into().unwrap()).unwrap();
            let theirs = theirs.to_rfc3339_opts(SecondsFormat::Millis, true);
            prop_assert_eq!(ours(&theirs), Some(ms));
            prop_assert_eq!(Timestamp::from_millis(ms).to_string(), theirs);
        }

        #[test]
        fn a_text_is_read_as_the_library_reads_it(
            text in concat!(
                "(19|20|00)[0-9]{2}-[01][0-9]-[0-3][0-9][Tt _][0-2][0-9]:[0-6][0-9]:[0-6][0-9]",
                "(\\.[0-9]{0,11})?(Z|z|[+-][0-2][0-9]:?[0-6][0-9]| Z||\u{2212}01:00|Zx)",
            ),
        ) {
            prop_assert_eq!(ours(&text), theirs(&text), "{}", text);
        }

        #[test]
        fn a_likely_text_is_read_as_the_library_reads_it(
            text in concat!(
                "(19[67]|20[0-3])[0-9]-(0[1-9]|1[0-2])-([012][0-9]|3[01])T[01][0-9]:[0-5][0-9]",
                ":([0-5][0-9]|60)(\\.[0-9]{1,4})?(Z|[+\u{2212}-][01][0-9]:[0-5][0-9])",
            ),
        ) {
            prop_assert_eq!(ours(&text), theirs(&text), "{}", text);
        }
    }
}
