//! A length of time as people write it.

use crate::time::{MINUTE, Millis, SECOND};
use serde::Deserialize;
use std::fmt;

/// Longest span, in milliseconds: thirty days.
const SPAN_MS_MAX: Millis = 30 * 24 * 60 * MINUTE;

/// A length of time: `90s`, `2m`, `1h30m`, `250ms`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(try_from = "String")]
pub(super) struct Span(pub(super) Millis);

impl TryFrom<String> for Span {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        parse(&text).map(Self).ok_or_else(|| {
            let forms = "`90s`, `2m`, `1h30m` or `250ms`, of at most 30 days";
            format!("`{text}` is no length of time: write {forms}")
        })
    }
}

fn parse(text: &str) -> Option<Millis> {
    let (mut rest, mut total, mut last) = (text, 0, Millis::MAX);
    while !rest.is_empty() {
        let digits = rest.find(|char: char| !char.is_ascii_digit())?;
        let (number, after) = rest.split_at_checked(digits)?;
        let length = after.find(|char: char| char.is_ascii_digit()).unwrap_or(after.len());
        let (unit, after) = after.split_at_checked(length)?;
        let unit_ms = match unit {
            "ms" => 1,
            "s" => SECOND,
            "m" => MINUTE,
            "h" => 60 * MINUTE,
            _ => return None,
        };
        // Larger units come first, and each comes once.
        if unit_ms >= last {
            return None;
        }
        last = unit_ms;
        total = number.parse::<Millis>().ok()?.checked_mul(unit_ms)?.checked_add(total)?;
        rest = after;
    }
    (!text.is_empty() && total <= SPAN_MS_MAX).then_some(total)
}

impl fmt::Display for Span {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self(ms) = *self;
        if ms >= MINUTE && ms % MINUTE == 0 {
            return write!(f, "{} min", ms / MINUTE);
        }
        match ms % SECOND / 100 {
            0 => write!(f, "{} s", ms / SECOND),
            tenths => write!(f, "{}.{tenths} s", ms / SECOND),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_span_is_read_as_it_is_written() {
        let cases = [
            ("250ms", Some(250)),
            ("90s", Some(90_000)),
            ("2m", Some(120_000)),
            ("1h30m", Some(5_400_000)),
            ("1m5s500ms", Some(65_500)),
            ("0s", Some(0)),
            ("720h", Some(SPAN_MS_MAX)),
            ("720h1ms", None),
            ("", None),
            ("5", None),
            ("m", None),
            ("5d", None),
            ("5s1m", None),
            ("1s1s", None),
            ("-1s", None),
            ("1.5s", None),
            ("99999999999999999999s", None),
        ];
        for (text, expected) in cases {
            assert_eq!(parse(text), expected, "{text}");
        }
    }
}
