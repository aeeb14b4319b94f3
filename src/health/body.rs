//! Reads the JSON body of a probe's response: does it match what the monitor expects, and what
//! replication lag does it report?

use super::failure_reason::{FailureKind, FailureReason};
use super::field::{Field, compare};
use super::instant::Untimed;
use crate::config::ExpectedJson;
use crate::time::{SECOND, Timestamp};
use serde_json::{Number, Value};
use std::cmp::Ordering;

/// Why a body does not match that was read at `now`; `None` if it does. A truncated body is not
/// valid JSON, so the whole document must fit into the bytes that are read.
pub(super) fn mismatch(
    document: Option<&Value>,
    expected: &[(String, ExpectedJson)],
    now: Timestamp,
) -> Option<FailureReason> {
    if expected.is_empty() {
        return None;
    }
    let Some(document) = document else {
        return Some(FailureReason::of(FailureKind::ResponseNotJson));
    };
    let wrong = |(pointer, expect): &(String, ExpectedJson)| {
        let kind = match document.pointer(pointer) {
            None => Some(FailureKind::ResponseJsonMissing),
            Some(value) => unmet(value, expect, now),
        };
        kind.map(|kind| FailureReason::at(kind, pointer))
    };
    expected.iter().find_map(wrong)
}

/// Why a value is not as expected. How far it is behind its peers is not known here.
fn unmet(value: &Value, expect: &ExpectedJson, now: Timestamp) -> Option<FailureKind> {
    match (value, expect) {
        (Value::Number(seen), ExpectedJson::Equals(Value::Number(wanted)))
            if compare(seen, wanted) == Some(Ordering::Equal) =>
        {
            None
        }
        (seen, ExpectedJson::Equals(wanted)) => {
            (seen != wanted).then_some(FailureKind::ResponseJsonMismatch)
        }
        (Value::Number(seen), ExpectedJson::Bounds { min, max, .. }) => {
            let order = |limit: &Number| compare(seen, limit);
            if !min.as_ref().is_none_or(|min| order(min).is_some_and(Ordering::is_ge)) {
                return Some(FailureKind::ResponseJsonBelowMin);
            }
            let fits = max.as_ref().is_none_or(|max| order(max).is_some_and(Ordering::is_le));
            (!fits).then_some(FailureKind::ResponseJsonAboveMax)
        }
        (Value::Null, ExpectedJson::Bounds { .. } | ExpectedJson::Recent { .. }) => {
            Some(FailureKind::ResponseJsonNull)
        }
        (_, ExpectedJson::Bounds { .. }) => Some(FailureKind::ResponseJsonNoNumber),
        (seen, ExpectedJson::Recent { max_age_s }) => not_recent(seen, *max_age_s, now),
    }
}

/// Why a value is no instant that lies at most so far back.
fn not_recent(value: &Value, max_age_s: u32, now: Timestamp) -> Option<FailureKind> {
    match Field::from_value(value).instant() {
        Err(Untimed::NoZone) => Some(FailureKind::ResponseJsonNoZone),
        Err(_) => Some(FailureKind::ResponseJsonNoTime),
        Ok(at) if at.is_ahead(now) => Some(FailureKind::ResponseJsonAhead),
        Ok(at) => {
            let is_old = now.since(at) / SECOND > u64::from(max_age_s);
            is_old.then_some(FailureKind::ResponseJsonTooOld)
        }
    }
}

/// The lag in whole seconds, rounded up. A negative lag means that clocks disagree, and counts as
/// absent.
#[expect(
    clippy::as_conversions,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "the cast saturates, and the value is not negative"
)]
pub(super) fn lag_s(document: Option<&Value>, pointer: Option<&str>) -> Option<u64> {
    let value = document?.pointer(pointer?)?;
    let fraction = || value.as_f64().filter(|lag| *lag >= 0.0).map(|lag| lag.ceil() as u64);
    value.as_u64().or_else(fraction)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::time::SKEW_MS_MAX;
    use serde_json::json;

    /// 2026-11-22T00:00:00Z.
    const NOW: Timestamp = Timestamp::from_millis(1_795_305_600_000);

    fn equals(value: Value) -> ExpectedJson {
        ExpectedJson::Equals(value)
    }

    fn bounds(min: Value, max: Value) -> ExpectedJson {
        let number = |value: Value| value.as_number().cloned();
        ExpectedJson::Bounds { min: number(min), max: number(max), behind_max: None }
    }

    fn fits(document: &Value, pointer: &str, expect: ExpectedJson) -> bool {
        mismatch(Some(document), &[(pointer.to_owned(), expect)], NOW).is_none()
    }

    #[test]
    fn a_pointer_finds_what_rfc_6901_says() {
        let document = json!({"a/b": 1, "m~n": 2, "": 3, "list": [{"x": 4}], "01": 5});
        for (pointer, value) in [("/a~1b", 1), ("/m~0n", 2), ("/", 3), ("/list/0/x", 4), ("/01", 5)]
        {
            assert!(fits(&document, pointer, equals(value.into())), "{pointer}");
        }
        assert!(fits(&json!("whole"), "", equals("whole".into())));
        for missing in ["/c", "/list/1/x", "/list/00/x", "/list/-", "list", "/a/b"] {
            assert!(!fits(&document, missing, equals(Value::Null)), "{missing}");
        }
    }

    #[test]
    fn a_missing_value_fails_and_null_is_a_value() {
        assert!(!fits(&json!({}), "/a", equals(Value::Null)));
        assert!(fits(&json!({"a": null}), "/a", equals(Value::Null)));
    }

    #[test]
    fn a_scalar_equals_only_its_own_kind() {
        let document = json!({"n": 1, "t": "1", "b": true});
        assert!(fits(&document, "/n", equals(json!(1.0))));
        assert!(!fits(&document, "/n", equals(json!("1"))));
        assert!(!fits(&document, "/t", equals(json!(1))));
        assert!(!fits(&document, "/b", equals(json!(1))));
        assert!(fits(&document, "/b", equals(json!(true))));
        assert!(!fits(&document, "/t", equals(json!("1 "))));
    }

    #[test]
    fn bounds_hold_at_their_ends_and_not_beyond() {
        for (value, within) in [(9, false), (10, true), (300, true), (301, false)] {
            let document = json!({ "lag": value });
            assert_eq!(fits(&document, "/lag", bounds(json!(10), json!(300))), within, "{value}");
        }
        assert!(fits(&json!({"lag": -5}), "/lag", bounds(Value::Null, json!(300))));
        assert!(!fits(&json!({"lag": 300.5}), "/lag", bounds(Value::Null, json!(300))));
        assert!(fits(&json!({"lag": 0.5}), "/lag", bounds(json!(0.25), json!(1))));
        assert!(!fits(&json!({"lag": "5"}), "/lag", bounds(json!(0), json!(10))));
    }

    #[test]
    fn each_way_not_to_be_within_bounds_has_its_own_words() {
        let expected = [("/lag".to_owned(), bounds(json!(0), json!(300)))];
        for (document, kind) in [
            (json!({}), FailureKind::ResponseJsonMissing),
            (json!({"lag": null}), FailureKind::ResponseJsonNull),
            (json!({"lag": "5"}), FailureKind::ResponseJsonNoNumber),
            (json!({"lag": "2026-11-29T10:00:00"}), FailureKind::ResponseJsonNoNumber),
            (json!({"lag": [5]}), FailureKind::ResponseJsonNoNumber),
            (json!({"lag": -1}), FailureKind::ResponseJsonBelowMin),
            (json!({"lag": 301}), FailureKind::ResponseJsonAboveMax),
        ] {
            let reason = Some(FailureReason::at(kind, "/lag"));
            assert_eq!(mismatch(Some(&document), &expected, NOW), reason, "{document}");
        }
        assert_eq!(mismatch(Some(&json!({"lag": 300})), &expected, NOW), None);
    }

    #[test]
    fn a_time_is_so_old_and_no_older_and_has_its_zone() {
        let expected = [("/at".to_owned(), ExpectedJson::Recent { max_age_s: 900 })];
        let ago = |ms: u64| json!(NOW.minus(ms).to_string());
        let ahead = |ms: u64| json!(NOW.plus(ms).to_string());
        let seconds = NOW.millis() / SECOND;
        for (at, kind) in [
            (ago(0), None),
            (ago(900_000), None),
            (ago(901_000), Some(FailureKind::ResponseJsonTooOld)),
            (ahead(SKEW_MS_MAX), None),
            (ahead(SKEW_MS_MAX + 1), Some(FailureKind::ResponseJsonAhead)),
            // As seconds since 1970, also as a text, which some tools write.
            (json!(seconds - 900), None),
            (json!((seconds - 900).to_string()), None),
            (json!(seconds - 901), Some(FailureKind::ResponseJsonTooOld)),
            (json!(seconds + 60), Some(FailureKind::ResponseJsonAhead)),
            // With an offset, and finer than a millisecond.
            (json!("2026-11-22T08:55:00.123456789+09:00"), None),
            (json!("2026-11-21T23:55:00"), Some(FailureKind::ResponseJsonNoZone)),
            (json!("2026-11-21 23:55:00.5"), Some(FailureKind::ResponseJsonNoZone)),
            (json!("yesterday"), Some(FailureKind::ResponseJsonNoTime)),
            (json!(NOW.millis()), Some(FailureKind::ResponseJsonNoTime)),
            (json!(-1), Some(FailureKind::ResponseJsonNoTime)),
            (json!(true), Some(FailureKind::ResponseJsonNoTime)),
            (json!({}), Some(FailureKind::ResponseJsonNoTime)),
            (json!(null), Some(FailureKind::ResponseJsonNull)),
        ] {
            let document = json!({ "at": at });
            let reason = kind.map(|kind| FailureReason::at(kind, "/at"));
            assert_eq!(mismatch(Some(&document), &expected, NOW), reason, "{document}");
        }
        let missing = FailureReason::at(FailureKind::ResponseJsonMissing, "/at");
        assert_eq!(mismatch(Some(&json!({})), &expected, NOW), Some(missing));
    }

    #[test]
    fn a_bound_by_peers_still_wants_a_number() {
        let bound = ExpectedJson::Bounds { min: None, max: None, behind_max: Some(0) };
        assert!(fits(&json!({"timeline": 3}), "/timeline", bound.clone()));
        assert!(!fits(&json!({"timeline": "3"}), "/timeline", bound.clone()));
        assert!(!fits(&json!({}), "/timeline", bound));
    }

    #[test]
    fn large_whole_numbers_are_told_apart() {
        let large = json!({"n": (1_u64 << 53) + 1});
        assert!(!fits(&large, "/n", equals(json!(1_u64 << 53))));
        assert!(!fits(&large, "/n", bounds(Value::Null, json!(1_u64 << 53))));
        assert!(fits(&json!({"n": u64::MAX}), "/n", bounds(json!(i64::MIN), json!(u64::MAX))));
    }

    #[test]
    fn all_that_is_expected_must_hold() {
        let expected = [("/a".to_owned(), equals(1.into())), ("/b".to_owned(), equals(2.into()))];
        let told = |document: Value| mismatch(Some(&document), &expected, NOW);
        assert_eq!(told(json!({"a": 1, "b": 2})), None);
        assert_eq!(
            told(json!({"a": 1, "b": 3})),
            Some(FailureReason::at(FailureKind::ResponseJsonMismatch, "/b"))
        );
        assert_eq!(
            mismatch(None, &expected, NOW),
            Some(FailureReason::of(FailureKind::ResponseNotJson))
        );
        assert_eq!(mismatch(None, &[], NOW), None);
    }

    #[test]
    fn the_lag_is_rounded_up_and_never_made_up() {
        let lag = |value: Value| lag_s(Some(&json!({ "lag": value })), Some("/lag"));
        assert_eq!(lag(json!(0)), Some(0));
        assert_eq!(lag(json!(4.1)), Some(5));
        for none in [json!(-1), json!(-0.5), json!("4"), json!(null), json!([4])] {
            assert_eq!(lag(none.clone()), None, "{none}");
        }
        assert_eq!(lag_s(Some(&json!({"lag": 4})), None), None);
        assert_eq!(lag_s(None, Some("/lag")), None);
    }
}
