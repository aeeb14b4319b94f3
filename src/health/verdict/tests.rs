use super::*;
use crate::config::{ExpectedJson, StatusRange};
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
    ProbeOutcome::Answered(ProbeResponse { status, body: body.to_owned(), headers, latency_ms: 12 })
}

fn fail(reason: FailureReason) -> Verdict {
    Verdict::Fail { reason }
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
    for (outcome, reason) in [
        (ProbeOutcome::TimedOut, FailureReason::HttpTimeout),
        (ProbeOutcome::NoConnection(String::new()), FailureReason::TcpConnectionFailed),
        (answer(500, "ok"), FailureReason::ResponseCodeMismatch),
        (answer(301, "ok"), FailureReason::ResponseCodeMismatch),
        (answer(200, "maintenance"), FailureReason::ResponseBodyMismatch),
        (answer(521, ""), FailureReason::TcpConnectionFailed),
        (answer(522, ""), FailureReason::TcpTimeout),
        (answer(523, ""), FailureReason::NoRouteToHost),
        (answer(525, ""), FailureReason::TlsHandshakeFailure),
        (answer(526, ""), FailureReason::TlsUntrustedCertificate),
        (answer(530, ""), FailureReason::DnsUnknownHost),
    ] {
        let verdict = classify(&outcome, &expecting(Some("ok")), None);
        assert_eq!(verdict, fail(reason), "{outcome:?}");
    }
}

#[test]
fn a_broken_connection_is_named_by_the_words_of_the_runtime() {
    for (words, reason) in [
        ("Network connection lost.", FailureReason::TcpConnectionFailed),
        ("kj/compat/tls.c++: CERTIFICATE_VERIFY_FAILED", FailureReason::TlsUntrustedCertificate),
        ("peer's certificate: Self-Signed", FailureReason::TlsUntrustedCertificate),
        ("it is self signed", FailureReason::TlsUntrustedCertificate),
        ("it has Expired", FailureReason::TlsUntrustedCertificate),
        ("Handshake failed", FailureReason::TlsHandshakeFailure),
        ("SSL alert number 40", FailureReason::TlsHandshakeFailure),
        ("OpenSSL error; TLS1_ALERT", FailureReason::TlsHandshakeFailure),
        ("DNS lookup failed.", FailureReason::DnsUnknownHost),
        ("getaddrinfo ENOTFOUND tls.example.com", FailureReason::DnsUnknownHost),
        ("Could not resolve host", FailureReason::DnsUnknownHost),
        ("connect ECONNREFUSED 127.0.0.1:9", FailureReason::TcpConnectionFailed),
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
    let mismatch = fail(FailureReason::ResponseHeaderMismatch);
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
fn a_value_in_the_json_must_be_the_expected_one() {
    let expect = expecting_json("/status", ExpectedJson::Equals("healthy".into()));
    let told = |body: &str| classify(&answer(200, body), &expect, None);
    assert_eq!(told(r#"{"status": "healthy"}"#), PASS);
    assert_eq!(told(r#"{"status": "degraded"}"#), fail(FailureReason::ResponseJsonMismatch));
    assert_eq!(told(r#"{"state": "healthy"}"#), fail(FailureReason::ResponseJsonMismatch));
    assert_eq!(told("healthy"), fail(FailureReason::ResponseNotJson));
    assert_eq!(told(""), fail(FailureReason::ResponseNotJson));
}

#[test]
fn json_that_is_cut_off_fails_and_says_so() {
    let whole = format!(r#"{{"status": "healthy", "pad": "{}"}}"#, "x".repeat(BODY_BYTES_MAX));
    let expect = expecting_json("/status", ExpectedJson::Equals("healthy".into()));
    assert_eq!(classify(&answer(200, &whole), &expect, None), PASS);
    let cut = &whole[..BODY_BYTES_MAX];
    let verdict = classify(&answer(200, cut), &expect, None);
    assert_eq!(verdict, fail(FailureReason::ResponseNotJson));
    assert!(FailureReason::ResponseNotJson.to_string().contains("10 KiB"));
}

#[test]
fn a_pass_carries_the_lag_that_it_reports() {
    let bounds = ExpectedJson::Bounds { min: None, max: Some(Number::from(300)) };
    let expect = expecting_json("/replication_lag_s", bounds);
    let told = |body: &str| classify(&answer(200, body), &expect, Some("/replication_lag_s"));
    let pass = |lag_s| Verdict::Pass { latency_ms: 12, lag_s: Some(lag_s) };
    assert_eq!(told(r#"{"replication_lag_s": 300}"#), pass(300));
    assert_eq!(told(r#"{"replication_lag_s": 301}"#), fail(FailureReason::ResponseJsonMismatch));
    assert_eq!(told("{}"), fail(FailureReason::ResponseJsonMismatch));
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
