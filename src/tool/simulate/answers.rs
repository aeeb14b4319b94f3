//! What a probe gets back: the response that its monitor expects, unless the script says otherwise.

use super::facts::OriginIs;
use super::script::Meets;
use crate::config::{ExpectedJson, ExpectedResponse};
use crate::health::{ProbeOutcome, ProbeResponse};
use crate::time::{Millis, Timestamp};
use serde_json::{Map, Value};

/// How long it takes until a connection is refused.
const REFUSED_MS: Millis = 5;

/// How long a request takes that is made at `at`, and what comes of it.
pub(super) fn outcome(
    is: &OriginIs,
    expect: &ExpectedResponse,
    lag_pointer: Option<&str>,
    (timeout_ms, at): (Millis, Timestamp),
) -> (Millis, ProbeOutcome) {
    match is.meets {
        Meets::Refused => (REFUSED_MS, ProbeOutcome::NoConnection("refused".to_owned())),
        Meets::Well if is.after_ms < timeout_ms => {
            let at = at.plus(is.after_ms);
            (is.after_ms, ProbeOutcome::Answered(response(is, expect, lag_pointer, at)))
        }
        Meets::Well | Meets::Silence => (timeout_ms, ProbeOutcome::TimedOut),
    }
}

fn response(
    is: &OriginIs,
    expect: &ExpectedResponse,
    lag_pointer: Option<&str>,
    at: Timestamp,
) -> ProbeResponse {
    let expected = expect.status.first().map_or(200, |range| range.bounds().0);
    let headers = expect.headers.iter().map(|(name, values)| {
        let value = values.first().cloned().unwrap_or_else(|| "simulated".to_owned());
        (name.clone(), value)
    });
    ProbeResponse {
        status: is.status.unwrap_or(expected),
        body: Ok(document(is, expect, lag_pointer, at).to_string()),
        headers: headers.collect(),
        latency_ms: is.after_ms,
        at,
        ..ProbeResponse::default()
    }
}

/// A health document that passes, with the fields of the script in it.
fn document(
    is: &OriginIs,
    expect: &ExpectedResponse,
    lag_pointer: Option<&str>,
    at: Timestamp,
) -> Value {
    let mut document = Value::Object(Map::new());
    if let Some(text) = &expect.body_contains {
        place(&mut document, "/says", Some(text.as_str().into()));
    }
    if let Some(pointer) = lag_pointer {
        place(&mut document, pointer, Some(0.into()));
    }
    for (pointer, expected) in &expect.json {
        let value = match expected {
            ExpectedJson::Equals(value) => value.clone(),
            ExpectedJson::Bounds { min, max, .. } => {
                Value::Number(min.clone().or_else(|| max.clone()).unwrap_or_else(|| 0.into()))
            }
            ExpectedJson::Recent { .. } => at.to_string().into(),
        };
        place(&mut document, pointer, Some(value));
    }
    for (pointer, value) in &is.fields {
        place(&mut document, pointer, value.clone());
    }
    document
}

/// Puts a value where a JSON pointer leads, or takes away what is there.
fn place(document: &mut Value, pointer: &str, value: Option<Value>) {
    let mut parts: Vec<String> = pointer.split('/').skip(1).map(unescaped).collect();
    let Some(last) = parts.pop() else { return };
    let mut at = document;
    for part in parts {
        let Value::Object(entries) = at else { return };
        at = entries.entry(part).or_insert_with(|| Value::Object(Map::new()));
    }
    let Value::Object(entries) = at else { return };
    match value {
        Some(value) => drop(entries.insert(last, value)),
        None => drop(entries.remove(&last)),
    }
}

/// Source: RFC 6901 §4.
fn unescaped(part: &str) -> String {
    part.replace("~1", "/").replace("~0", "~")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::StatusRange;
    use crate::health::{Verdict, classify};
    use serde_json::{Number, json};

    fn expected() -> ExpectedResponse {
        let bounds =
            ExpectedJson::Bounds { min: None, max: Some(Number::from(30)), behind_max: None };
        ExpectedResponse {
            status: StatusRange::parse("2xx").into_iter().collect(),
            body_contains: Some("healthy".to_owned()),
            json: vec![
                ("/db/role".to_owned(), ExpectedJson::Equals(json!("standby"))),
                ("/db/lag_s".to_owned(), bounds),
                ("/db/backup_at".to_owned(), ExpectedJson::Recent { max_age_s: 60 }),
            ],
            headers: vec![("x-build".to_owned(), Vec::new())],
        }
    }

    #[test]
    fn what_is_well_passes_and_what_the_script_says_does_not() {
        let expect = expected();
        let at = Timestamp::from_millis(1_795_305_600_000);
        let judged =
            |is: &OriginIs| classify(&outcome(is, &expect, None, (1_000, at)).1, &expect, None);
        let well = OriginIs::default();
        assert_eq!(judged(&well), Verdict::Pass { latency_ms: 20, lag_s: None });
        let lagging = [("/db/lag_s".to_owned(), Some(json!(31)))];
        let others = [
            OriginIs { status: Some(503), ..well.clone() },
            OriginIs { meets: Meets::Refused, ..well.clone() },
            OriginIs { meets: Meets::Silence, ..well.clone() },
            OriginIs { after_ms: 1_000, ..well.clone() },
            OriginIs { fields: lagging.into(), ..well.clone() },
        ];
        for other in others {
            assert!(matches!(judged(&other), Verdict::Fail { .. }), "{other:?}");
        }
    }
}
