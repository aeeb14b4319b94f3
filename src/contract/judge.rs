//! What one field says against its bound, in words.
//!
//! Each way to break a bound has words of its own, because each has another cause: a field that is
//! missing was never written, one that is null is not known, a text where a number belongs is a
//! mistake of whoever writes it, and an age below 0 comes of a clock or of a time without a zone.

use crate::config::{FieldBound, Must};
use crate::health::{Field, Untimed, compare};
use crate::time::{SECOND, SKEW_MS_MAX, Timestamp};
use serde_json::{Number, Value};
use std::cmp::Ordering;

/// Whether a field keeps its bound. Errors: why not, to be read behind the name of the field.
pub fn judge(bound: &FieldBound, field: &Field, now: Timestamp) -> Result<(), String> {
    match field {
        Field::Missing {} | Field::NotJson {} | Field::Other {} => {
            return Err(format!("is {}", field.words()));
        }
        Field::Null {} => return Err("is null: whoever writes it does not know it".to_owned()),
        _ => {}
    }
    match &bound.must {
        Must::Be(wanted) => be(wanted, field),
        Must::Lie { min, max } => lie((min.as_ref(), max.as_ref()), field),
        Must::BeOfLast(age_s) => be_of_last(u64::from(*age_s), field, now),
    }
}

fn be(wanted: &Value, field: &Field) -> Result<(), String> {
    let is_it = match (wanted, field) {
        (Value::Number(wanted), Field::Number(seen)) => {
            compare(seen, wanted) == Some(Ordering::Equal)
        }
        (Value::String(wanted), Field::Text(seen)) => wanted == seen,
        (Value::Bool(wanted), Field::Flag(seen)) => wanted == seen,
        _ => false,
    };
    if is_it { Ok(()) } else { Err(format!("is {}, and not {wanted}", field.words())) }
}

fn lie((min, max): (Option<&Number>, Option<&Number>), field: &Field) -> Result<(), String> {
    let Field::Number(seen) = field else {
        return Err(format!("is {}, and not a number", field.words()));
    };
    let is_below = |least: &&Number| compare(seen, least) == Some(Ordering::Less);
    let is_above = |most: &&Number| compare(seen, most) == Some(Ordering::Greater);
    if let Some(least) = min.filter(is_below) {
        let nobody_knows = if least.as_f64() == Some(0.0) { ", so nobody knows it" } else { "" };
        return Err(format!("is {seen}, below {least}{nobody_knows}"));
    }
    match max.filter(is_above) {
        Some(most) => Err(format!("is {seen}, above {most}")),
        None => Ok(()),
    }
}

fn be_of_last(age_s: u64, field: &Field, now: Timestamp) -> Result<(), String> {
    let at = instant(field)?;
    if at.since(now) > SKEW_MS_MAX {
        let ahead_s = at.since(now).div_ceil(SECOND);
        return Err(format!("lies {ahead_s} s in the future"));
    }
    let seen_s = now.since(at) / SECOND;
    if seen_s > age_s { Err(format!("is {seen_s} s old, older than {age_s} s")) } else { Ok(()) }
}

/// The instant that a field tells. Errors: why it tells none.
fn instant(field: &Field) -> Result<Timestamp, String> {
    field.instant().map_err(|why| {
        let words = match why {
            Untimed::NoZone => "a time without a zone",
            Untimed::NoSeconds => "and not a number of seconds since 1970",
            Untimed::Otherwise => "and not an instant",
        };
        format!("is {}, {words}", field.words())
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    const NOW: Timestamp = Timestamp::from_millis(1_795_305_600_000);

    fn number(value: &Value) -> Field {
        Field::Number(value.as_number().cloned().unwrap())
    }

    fn text(text: &str) -> Field {
        Field::Text(text.to_owned())
    }

    fn said(must: Must, field: &Field) -> String {
        judge(&FieldBound { must, role: None }, field, NOW).err().unwrap_or_else(|| "ok".to_owned())
    }

    fn within(min: Value, max: Value) -> Must {
        let number = |value: Value| value.as_number().cloned();
        Must::Lie { min: number(min), max: number(max) }
    }

    #[test]
    fn a_number_keeps_its_bounds_up_to_the_last_one() {
        for (value, told) in [
            (json!(0), "ok"),
            (json!(5), "ok"),
            (json!(5.0), "ok"),
            (json!(5.1), "is 5.1, above 5"),
            (json!(6), "is 6, above 5"),
            (json!(-1), "is -1, below 0, so nobody knows it"),
            (json!(-0.5), "is -0.5, below 0, so nobody knows it"),
        ] {
            assert_eq!(said(within(json!(0), json!(5)), &number(&value)), told);
        }
        assert_eq!(said(within(json!(3), json!(null)), &number(&json!(2))), "is 2, below 3");
    }

    #[test]
    fn each_kind_of_nothing_has_its_own_words() {
        let zero_to_five = || within(json!(0), json!(5));
        for (field, told) in [
            (Field::Missing {}, "is missing"),
            (Field::Null {}, "is null: whoever writes it does not know it"),
            (text("5"), "is the text \"5\", and not a number"),
            (Field::Flag(true), "is true, and not a number"),
            (Field::Other {}, "is a list or an object"),
            (Field::NotJson {}, "is in no JSON document"),
        ] {
            assert_eq!(said(zero_to_five(), &field), told);
        }
    }

    #[test]
    fn a_word_is_that_word_and_not_another() {
        assert_eq!(said(Must::Be(json!("running")), &text("running")), "ok");
        let told = said(Must::Be(json!("running")), &text("starting"));
        assert_eq!(told, "is the text \"starting\", and not \"running\"");
        assert_eq!(said(Must::Be(json!(true)), &Field::Flag(false)), "is false, and not true");
        assert_eq!(said(Must::Be(json!(1)), &number(&json!(1.0))), "ok");
        let told = said(Must::Be(json!(1)), &text("1"));
        assert_eq!(told, "is the text \"1\", and not 1");
    }

    #[test]
    fn an_instant_is_so_old_and_no_older() {
        let day = || Must::BeOfLast(86_400);
        let ago = |s: u64| NOW.minus(s * SECOND).to_string();
        assert_eq!(said(day(), &text(&ago(86_400))), "ok");
        assert_eq!(said(day(), &text(&ago(86_401))), "is 86401 s old, older than 86400 s");
        // With an offset, a fraction of a nanosecond too many, as seconds, and as seconds in text.
        let seconds = NOW.millis() / SECOND - 60;
        for field in [
            text("2026-11-21T21:00:00+09:00"),
            text("2026-11-21T12:00:00.123456789Z"),
            number(&json!(seconds)),
            text(&seconds.to_string()),
        ] {
            assert_eq!(said(Must::BeOfLast(31_536_000), &field), "ok", "{field:?}");
        }
    }

    #[test]
    fn a_time_in_the_future_or_without_a_zone_is_none() {
        let day = || Must::BeOfLast(86_400);
        let ahead = |ms: u64| text(&NOW.plus(ms).to_string());
        assert_eq!(said(day(), &ahead(SKEW_MS_MAX)), "ok", "clocks differ so much");
        assert_eq!(said(day(), &ahead(SKEW_MS_MAX + 1)), "lies 6 s in the future");
        for local in ["2026-11-21T12:00:00", "2026-11-21 12:00:00", "2026-11-21T12:00:00.5"] {
            let told = said(day(), &text(local));
            assert_eq!(told, format!("is the text \"{local}\", a time without a zone"));
        }
        assert_eq!(said(day(), &text("never")), "is the text \"never\", and not an instant");
        let ms = said(day(), &number(&json!(1_795_305_600_000_u64)));
        assert_eq!(ms, "is 1795305600000, and not a number of seconds since 1970");
        let before = said(day(), &number(&json!(-5)));
        assert_eq!(before, "is -5, and not a number of seconds since 1970");
    }
}
