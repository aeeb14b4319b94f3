use super::*;
use crate::config::{ExpectedJson, StatusRange};
use crate::health::is_unreached;
use serde_json::Number;

const PASS: Verdict = Verdict::Pass { latency_ms: 12, lag_s: None };

fn expecting(body_contains: Option<&str>) -> ExpectedResponse {
    ExpectedResponse {
        status: vec![StatusRange::parse("2xx").unwrap()],
        body_contains: body_contains.map(str::to_owned),
        ..ExpectedResponse::default()
    }
}

fn expecting_json(pointer: &str, expect: ExpectedJson) -> ExpectedResponse {
    ExpectedResponse { json: vec![(pointer.to_owned(), expect)], ..expecting(None) }
}

fn answer(status: u16, body: &str) -> ProbeOutcome {
    answer_with(status, body, &[])
}

fn answer_with(status: u16, body: &str, headers: &[(&str, &str)]) -> ProbeOutcome {
    let owned = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
    let headers = headers.iter().map(owned).collect();
    ProbeOutcome::Answered(ProbeResponse {
        status,
        body: Ok(body.to_owned()),
        headers,
        latency_ms: 12,
        ..ProbeResponse::default()
    })
}

fn fail(reason: FailureReason) -> Verdict {
    Verdict::Fail { reason }
}

fn fail_at(kind: FailureKind, pointer: &str) -> Verdict {
    fail(FailureReason { status: Some(200), ..FailureReason::at(kind, pointer) })
}

#[test]
fn a_time_in_the_body_is_judged_by_when_it_was_read() {
    let expect = expecting_json("/at", ExpectedJson::Recent { max_age_s: 60 });
    let at = Timestamp::try_from("2026-11-22T00:00:00Z".to_owned()).unwrap();
    let told = |later_ms: u64| {
        let body = Ok(r#"{"at": "2026-11-22T00:00:00Z"}"#.to_owned());
        let answer = ProbeResponse { body, at: at.plus(later_ms), ..ProbeResponse::default() };
        classify(&ProbeOutcome::Answered(answer), &expect, None)
    };
    assert_eq!(told(60_000), Verdict::Pass { latency_ms: 0, lag_s: None });
    assert_eq!(told(61_000), fail_at(FailureKind::ResponseJsonTooOld, "/at"));
}

#[test]
fn the_expected_status_passes_with_its_latency() {
    assert_eq!(classify(&answer(204, ""), &expecting(None), None), PASS);
}

#[test]
fn the_expected_text_is_found_whatever_its_case() {
    let expect = expecting(Some("ok"));
    assert_eq!(classify(&answer(200, "{\"status\":\"OK\"}"), &expect, None), PASS);
}

#[test]
fn every_other_outcome_has_its_own_reason() {
    let told = |kind, status| FailureReason::told_by(kind, status);
    let of = FailureReason::of;
    for (outcome, reason) in [
        (ProbeOutcome::TimedOut, of(FailureKind::HttpTimeout)),
        (ProbeOutcome::NoConnection(String::new()), of(FailureKind::TcpConnectionFailed)),
        (answer(200, "maintenance"), told(FailureKind::ResponseBodyMismatch, 200)),
        (answer(204, ""), told(FailureKind::ResponseBodyEmpty, 204)),
        (answer(500, "ok"), told(FailureKind::ResponseCodeMismatch, 500)),
        (answer(301, "ok"), told(FailureKind::ResponseCodeMismatch, 301)),
        (answer(429, "ok"), told(FailureKind::RateLimited, 429)),
        (answer(521, ""), told(FailureKind::TcpConnectionFailed, 521)),
        (answer(522, ""), told(FailureKind::TcpTimeout, 522)),
        (answer(523, ""), told(FailureKind::NoRouteToHost, 523)),
        (answer(525, ""), told(FailureKind::TlsHandshakeFailure, 525)),
        (answer(526, ""), told(FailureKind::TlsUntrustedCertificate, 526)),
        (answer(530, ""), told(FailureKind::DnsUnknownHost, 530)),
    ] {
        let verdict = classify(&outcome, &expecting(Some("ok")), None);
        assert_eq!(verdict, fail(reason), "{outcome:?}");
    }
}

#[test]
fn a_broken_connection_is_named_by_the_words_of_the_runtime() {
    for (words, reason) in [
        ("Network connection lost.", FailureReason::of(FailureKind::TcpConnectionFailed)),
        (
            "kj/compat/tls.c++: CERTIFICATE_VERIFY_FAILED",
            FailureReason::of(FailureKind::TlsUntrustedCertificate),
        ),
        (
            "peer's certificate: Self-Signed",
            FailureReason::of(FailureKind::TlsUntrustedCertificate),
        ),
        ("it is self signed", FailureReason::of(FailureKind::TlsUntrustedCertificate)),
        ("it has Expired", FailureReason::of(FailureKind::TlsUntrustedCertificate)),
        ("Handshake failed", FailureReason::of(FailureKind::TlsHandshakeFailure)),
        ("SSL alert number 40", FailureReason::of(FailureKind::TlsHandshakeFailure)),
        ("OpenSSL error; TLS1_ALERT", FailureReason::of(FailureKind::TlsHandshakeFailure)),
        ("DNS lookup failed.", FailureReason::of(FailureKind::DnsUnknownHost)),
        ("getaddrinfo ENOTFOUND tls.example.com", FailureReason::of(FailureKind::DnsUnknownHost)),
        ("Could not resolve host", FailureReason::of(FailureKind::DnsUnknownHost)),
        ("connect ECONNREFUSED 127.0.0.1:9", FailureReason::of(FailureKind::TcpConnectionFailed)),
    ] {
        let outcome = ProbeOutcome::NoConnection(words.to_owned());
        assert_eq!(classify(&outcome, &expecting(None), None), fail(reason), "{words}");
    }
}

#[test]
fn a_header_must_be_there_and_have_its_value() {
    let expect = |value: Option<&str>| ExpectedResponse {
        headers: vec![("x-role".to_owned(), value.map(str::to_owned).into_iter().collect())],
        ..expecting(None)
    };
    let mismatch = fail(FailureReason::told_by(FailureKind::ResponseHeaderMismatch, 200));
    for (headers, value, verdict) in [
        (&[("x-role", "replica")][..], Some("replica"), &PASS),
        (&[("x-role", " replica ")], Some("replica"), &PASS),
        (&[("x-role", "anything")], None, &PASS),
        (&[("x-role", "primary")], Some("replica"), &mismatch),
        (&[("x-other", "replica")], Some("replica"), &mismatch),
        (&[], None, &mismatch),
    ] {
        let outcome = answer_with(200, "", headers);
        assert_eq!(&classify(&outcome, &expect(value), None), verdict, "{headers:?}");
    }
}

#[test]
fn a_content_type_without_a_parameter_passes_with_any() {
    let expect = |value: &str| ExpectedResponse {
        headers: vec![("content-type".to_owned(), vec![value.to_owned()])],
        ..expecting(None)
    };
    let mismatch = fail(FailureReason::told_by(FailureKind::ResponseHeaderMismatch, 200));
    for (seen, expected, verdict) in [
        ("application/json", "application/json", &PASS),
        ("application/json; charset=utf-8", "application/json", &PASS),
        ("Application/JSON;charset=utf-8", "application/json", &PASS),
        ("text/html;charset=utf-8", "text/html;charset=utf-8", &PASS),
        ("text/html; charset=latin1", "text/html;charset=utf-8", &mismatch),
        ("application/json", "application/json; charset=utf-8", &mismatch),
        ("text/html; charset=utf-8", "application/json", &mismatch),
        ("application/json-seq", "application/json", &mismatch),
    ] {
        let outcome = answer_with(200, "", &[("content-type", seen)]);
        assert_eq!(&classify(&outcome, &expect(expected), None), verdict, "{seen} {expected}");
    }
}

#[test]
fn a_value_in_the_json_must_be_the_expected_one() {
    let expect = expecting_json("/status", ExpectedJson::Equals("healthy".into()));
    let told = |body: &str| classify(&answer(200, body), &expect, None);
    assert_eq!(told(r#"{"status": "healthy"}"#), PASS);
    assert_eq!(
        told(r#"{"status": "degraded"}"#),
        fail_at(FailureKind::ResponseJsonMismatch, "/status")
    );
    assert_eq!(
        told(r#"{"state": "healthy"}"#),
        fail_at(FailureKind::ResponseJsonMissing, "/status")
    );
    assert_eq!(told("healthy"), fail(FailureReason::told_by(FailureKind::ResponseNotJson, 200)));
    assert_eq!(told(""), fail(FailureReason::told_by(FailureKind::ResponseBodyEmpty, 200)));
}

#[test]
fn json_that_is_cut_off_fails_and_says_so() {
    let whole = format!(r#"{{"status": "healthy", "pad": "{}"}}"#, "x".repeat(BODY_BYTES_MAX));
    let expect = expecting_json("/status", ExpectedJson::Equals("healthy".into()));
    assert_eq!(classify(&answer(200, &whole), &expect, None), PASS);
    let cut = &whole[..BODY_BYTES_MAX];
    let answer =
        ProbeResponse { body: Ok(cut.to_owned()), is_cut: true, ..ProbeResponse::default() };
    let verdict = classify(&ProbeOutcome::Answered(answer), &expect, None);
    assert_eq!(verdict, fail(FailureReason::told_by(FailureKind::ResponseBodyTooLong, 200)));
    assert!(FailureReason::of(FailureKind::ResponseBodyTooLong).to_string().contains("10 KiB"));
}

#[test]
fn a_pass_carries_the_lag_that_it_reports() {
    let bounds = ExpectedJson::Bounds { min: None, max: Some(Number::from(300)), behind_max: None };
    let expect = expecting_json("/replication_lag_s", bounds);
    let told = |body: &str| classify(&answer(200, body), &expect, Some("/replication_lag_s"));
    let pass = |lag_s| Verdict::Pass { latency_ms: 12, lag_s: Some(lag_s) };
    assert_eq!(told(r#"{"replication_lag_s": 300}"#), pass(300));
    assert_eq!(
        told(r#"{"replication_lag_s": 301}"#),
        fail_at(FailureKind::ResponseJsonAboveMax, "/replication_lag_s")
    );
    assert_eq!(told("{}"), fail_at(FailureKind::ResponseJsonMissing, "/replication_lag_s"));
}

#[test]
fn a_lag_that_nothing_is_expected_of_may_be_missing() {
    let told = |body: &str| classify(&answer(200, body), &expecting(None), Some("/lag"));
    assert_eq!(told(r#"{"lag": 7}"#), Verdict::Pass { latency_ms: 12, lag_s: Some(7) });
    assert_eq!(told("not JSON"), PASS);
}

#[test]
fn a_probe_that_was_not_made_says_nothing() {
    let verdict = classify(&ProbeOutcome::NotMade("limit".to_owned()), &expecting(None), None);
    assert_eq!(verdict, Verdict::Inconclusive { note: "limit".to_owned() });
}

#[test]
fn a_connection_that_tls_or_the_resolver_refused_is_told_as_what_is_known_of_it() {
    let outcome = ProbeOutcome::NoConnection("internal error; reference = 4fj2k".to_owned());
    let verdict = classify(&outcome, &expecting(None), None);
    assert_eq!(verdict, fail(FailureReason::of(FailureKind::TlsOrDnsFailure)));
}

#[test]
fn a_body_that_is_lost_after_its_head_is_a_response_all_the_same() {
    for (failure, kind) in [
        (BodyFailure::Broken, FailureKind::ResponseBodyBroken),
        (BodyFailure::TimedOut, FailureKind::ResponseBodyTimeout),
        (BodyFailure::Unread, FailureKind::ResponseBodyUnread),
    ] {
        let lost = |status| {
            ProbeOutcome::Answered(ProbeResponse {
                status,
                body: Err(failure),
                ..ProbeResponse::default()
            })
        };
        let told = |status| classify(&lost(status), &expecting(Some("ok")), None);
        assert_eq!(told(200), fail(FailureReason::told_by(kind, 200)));
        assert!(!is_unreached(&told(200)), "{kind:?}");
        let status = FailureReason::told_by(FailureKind::ResponseCodeMismatch, 500);
        assert_eq!(told(500), fail(status), "the status says more");
    }
}

#[test]
fn only_a_429_asks_to_be_left_alone() {
    let asked = |status, retry_after_ms| {
        ProbeOutcome::Answered(ProbeResponse { status, retry_after_ms, ..ProbeResponse::default() })
            .pushed_back_ms()
    };
    assert_eq!(asked(429, Some(7_000)), Some(7_000));
    assert_eq!(asked(429, None), Some(0));
    assert_eq!(asked(503, Some(7_000)), None, "an outage must be confirmed soon");
    assert_eq!(ProbeOutcome::TimedOut.pushed_back_ms(), None);
}

#[test]
fn a_body_that_is_not_read_whole_is_said_to_be_too_long_and_never_half_believed() {
    let cut = |body: &str| {
        let answer =
            ProbeResponse { body: Ok(body.to_owned()), is_cut: true, ..ProbeResponse::default() };
        ProbeOutcome::Answered(answer)
    };
    let too_long = fail(FailureReason::told_by(FailureKind::ResponseBodyTooLong, 200));
    assert_eq!(classify(&cut("much text"), &expecting(Some("ok")), None), too_long);
    let found = classify(&cut("ok, and much text"), &expecting(Some("ok")), None);
    assert!(matches!(found, Verdict::Pass { .. }), "what is read has it");
    // 1234 of 12345: a whole number, if one believed it.
    let whole = expecting_json("", ExpectedJson::Equals(1234.into()));
    assert_eq!(classify(&cut("1234"), &whole, None), too_long);
}

#[test]
fn what_is_no_json_is_said_to_be_what_it_is() {
    let expect = expecting_json("/a", ExpectedJson::Equals(1.into()));
    for (body, kind) in [
        ("", FailureKind::ResponseBodyEmpty),
        (" \n", FailureKind::ResponseBodyEmpty),
        ("<!doctype html><p>{}", FailureKind::ResponseIsMarkup),
        ("\u{feff}\n<?xml?>", FailureKind::ResponseIsMarkup),
        ("ok", FailureKind::ResponseNotJson),
        ("{\"a\": 1}\n{\"a\": 1}", FailureKind::ResponseNotJson),
    ] {
        let reason = fail(FailureReason::told_by(kind, 200));
        assert_eq!(classify(&answer(200, body), &expect, None), reason, "{body:?}");
    }
    let with_bom = answer(200, "\u{feff}{\"a\": 1}");
    assert_eq!(classify(&with_bom, &expect, None), PASS);
}

#[test]
fn a_redirect_that_is_not_followed_says_why() {
    let turned = |turned_away, status| {
        let answer = ProbeResponse { status, turned_away, ..ProbeResponse::default() };
        classify(&ProbeOutcome::Answered(answer), &expecting(None), None)
    };
    for (why, kind) in [
        (Some(TurnedAway::Elsewhere), FailureKind::RedirectElsewhere),
        (Some(TurnedAway::TooOften), FailureKind::TooManyRedirects),
        (None, FailureKind::ResponseCodeMismatch),
    ] {
        assert_eq!(turned(why, 301), fail(FailureReason::told_by(kind, 301)));
    }
}

#[test]
fn a_connection_is_all_that_a_probe_by_tcp_wants() {
    let met = |outcome| classify(&outcome, &ExpectedResponse::default(), None);
    let open = |lost_address| met(ProbeOutcome::Connected { latency_ms: 12, lost_address });
    assert_eq!(open(None), PASS);
    let lost = FailureReason::told_by(FailureKind::AddressUnreachable, 2);
    assert_eq!(open(Some(2)), fail(lost));
    assert_eq!(lost.to_string(), "no connection to an address of the origin (number 2)");
    assert!(!is_unreached(&open(Some(2))), "the name was reached");
    let late = met(ProbeOutcome::NotConnected);
    assert_eq!(late, fail(FailureReason::of(FailureKind::TcpTimeout)));
    assert!(is_unreached(&late));
}

#[test]
fn a_dead_address_counts_only_if_all_else_is_well() {
    let lost = |status| {
        let answer = ProbeResponse { status, lost_address: Some(1), ..ProbeResponse::default() };
        classify(&ProbeOutcome::Answered(answer), &expecting(None), None)
    };
    let told = |kind, status| fail(FailureReason::told_by(kind, status));
    assert_eq!(lost(200), told(FailureKind::AddressUnreachable, 1));
    assert_eq!(lost(500), told(FailureKind::ResponseCodeMismatch, 500));
}
