//! Metrics that are pushed: when, with what, and what becomes of it.

use super::*;
use crate::outgoing::{CannotSend, Outcome};
use crate::secret::Secret;
use crate::time::{MINUTE, SECOND};
use serde_json::{Value, json};

fn with(otlp: &Value) -> Controller {
    let mut config: Value = serde_json::from_str(&config_text()).unwrap();
    config["otlp"] = otlp.clone();
    let mut controller = Controller::default().counting_since(at(0));
    assert_eq!(controller.offer_config(&config.to_string(), at(0)), Offered::Taken);
    controller
}

fn plain() -> Value {
    json!({"url": "https://otlp.example.com/v1/metrics"})
}

fn answered(status: u16, retry_after_ms: Option<u64>, said: &str) -> Outcome {
    Outcome::Answered { status, retry_after_ms, said: said.to_owned() }
}

/// Makes a run, and takes what is due then.
fn push(controller: &mut Controller, now: u64, outcome: &Outcome) -> bool {
    run(controller, now, &[]);
    let export = controller.take_export(&mut controller.quota(), at(now));
    if export.is_some() {
        controller.end_export(outcome, at(now));
    }
    export.is_some()
}

fn status(controller: &Controller, now: u64) -> Value {
    let status: Value = serde_json::from_str(&json::write(&controller.status(at(now)))).unwrap();
    status["otlp"].clone()
}

#[test]
fn metrics_are_pushed_with_a_run_as_often_as_the_config_says() {
    let well = answered(200, None, "{}");
    let mut controller = with(&plain());
    for minute in 1..=3 {
        // Runs are not quite punctual.
        assert!(push(&mut controller, minute * MINUTE + 400 - 100 * minute, &well), "{minute}");
    }
    assert_eq!(controller.take_export(&mut controller.quota(), at(4 * MINUTE)), None, "taken");
    let mut rare = with(&json!({"url": "https://otlp.example.com/v1/metrics", "every_s": 300}));
    let pushed: Vec<u64> = (1..=12).filter(|m| push(&mut rare, m * MINUTE, &well)).collect();
    assert_eq!(pushed, [1, 6, 11]);
    let mut without = Controller::default();
    assert_eq!(without.offer_config(&config_text(), at(0)), Offered::Taken);
    assert!(!push(&mut without, MINUTE, &well));
    assert_eq!(status(&without, MINUTE), Value::Null);
}

#[test]
fn a_clock_that_was_set_back_ends_no_pushes() {
    let mut controller = with(&plain());
    let well = answered(200, None, "{}");
    assert!(push(&mut controller, 90 * MINUTE, &well));
    assert!(push(&mut controller, 30 * MINUTE, &well));
}

#[test]
fn how_a_push_ended_is_told() {
    let partial = json!({"partialSuccess": {"rejectedDataPoints": "3", "errorMessage": "too old"}});
    let number = json!({"partialSuccess": {"rejectedDataPoints": 2}});
    let none = json!({"partialSuccess": {"rejectedDataPoints": "0", "errorMessage": "a warning"}});
    for (outcome, is_taken, failure) in [
        (answered(200, None, "{}"), true, None),
        (answered(200, None, ""), true, None),
        (answered(200, None, "<html>"), true, None),
        (answered(202, None, &none.to_string()), true, None),
        (answered(200, None, &partial.to_string()), true, Some("it refused 3 points: too old")),
        (answered(200, None, &number.to_string()), true, Some("it refused 2 points")),
        (answered(401, None, "no"), false, Some("it answered 401")),
        (answered(301, None, ""), false, Some("it answered 301")),
        (Outcome::TimedOut, false, Some("no answer in time")),
        (Outcome::NoConnection, false, Some("no connection")),
        (Outcome::NotSent { why: "why".to_owned() }, false, Some("why")),
    ] {
        let mut controller = with(&plain());
        assert!(push(&mut controller, MINUTE, &outcome));
        let taken_at = if is_taken { json!(at(MINUTE).to_string()) } else { Value::Null };
        let mut expected = json!({"taken_at": taken_at});
        if let Some(failure) = failure {
            expected["last_failure"] = json!(failure);
        }
        assert_eq!(status(&controller, MINUTE), expected, "{outcome:?}");
        let metrics = controller.metrics(at(MINUTE));
        for (result, count) in [("taken", u8::from(is_taken)), ("failed", u8::from(!is_taken))] {
            let line = format!("pointsman_otlp_exports_total{{result=\"{result}\"}} {count}\n");
            assert!(metrics.contains(&line), "{outcome:?}: {line}");
        }
    }
}

#[test]
fn a_receiver_that_asks_for_a_pause_has_it_within_reason() {
    let mut controller = with(&plain());
    assert!(push(&mut controller, MINUTE, &answered(503, Some(150 * SECOND), "")));
    let well = answered(200, None, "{}");
    let pushed: Vec<u64> = (2..=6).filter(|m| push(&mut controller, m * MINUTE, &well)).collect();
    assert_eq!(pushed, [4, 5, 6]);
    let day = answered(429, Some(24 * 60 * MINUTE), "");
    assert!(push(&mut controller, 7 * MINUTE, &day));
    let pushed: Vec<u64> = (8..=68).filter(|m| push(&mut controller, m * MINUTE, &well)).collect();
    assert_eq!(pushed, [67, 68]);
}

#[test]
fn the_request_has_the_headers_of_the_secret_and_is_not_made_without() {
    let otlp = json!({"url": "https://otlp.example.com/v1/metrics", "headers_secret": "OTLP"});
    let mut controller = with(&otlp);
    run(&mut controller, MINUTE, &[]);
    let export = controller.take_export(&mut controller.quota(), at(MINUTE)).unwrap();
    assert_eq!(export.headers_secret().map(String::as_str), Some("OTLP"));
    let request = |secret: Option<&str>| {
        export.clone().request(secret.map(|it| Secret::new(it.to_owned())).as_ref())
    };
    assert_eq!(request(None).err(), Some(CannotSend::NoSecret("OTLP".to_owned())));
    let bad = request(Some("hunter2-hunter2")).err().unwrap().to_string();
    assert!(!bad.contains("hunter2"), "{bad}");
    let request = request(Some("Authorization=Basic%20YTpi")).ok().unwrap();
    assert_eq!(request.url, "https://otlp.example.com/v1/metrics");
    let headers = [("content-type", "application/json"), ("authorization", "Basic YTpi")];
    assert_eq!(request.headers, headers.map(|(name, value)| (name.into(), value.to_owned())));
    assert!(request.body.starts_with("{\"resourceMetrics\":["), "{}", request.body);
}
