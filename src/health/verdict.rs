//! From what a probe met to what it means.
//!
//! The reasons are the words of Cloudflare's own monitors, so that an operator who knows those
//! reads ours. Source: developers.cloudflare.com/load-balancing/troubleshooting/common-error-codes
//! and /understand-basics/health-details.

use crate::config::Expect;
use crate::time::Millis;
use serde::{Deserialize, Serialize};
use std::fmt;

/// Bytes of a body that are looked at, as with Cloudflare's `expected_body`.
pub const BODY_BYTES_MAX: usize = 10 * 1024;

/// What a probe met, before it is judged.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// An HTTP answer.
    Answered(Answer),
    /// No answer within the monitor's timeout.
    TimedOut,
    /// No connection, or a broken one.
    NoConnection,
    /// The probe was not made, for a reason of our own.
    NotMade(String),
}

/// An HTTP answer to a probe.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    /// Its status.
    pub status: u16,
    /// The beginning of its body, at most [`BODY_BYTES_MAX`] bytes; empty where nothing asks for
    /// it.
    pub body: String,
    /// Time from asking to the answer's head.
    pub latency_ms: Millis,
}

/// What one probe says about an origin.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// It answers as expected, after this long.
    Pass {
        /// Time from asking to the answer's head.
        latency_ms: Millis,
    },
    /// It does not.
    Fail {
        /// Why.
        reason: FailureReason,
    },
    /// The probe says nothing about the origin.
    Inconclusive {
        /// What stood in the way.
        note: String,
    },
}

/// Why a probe failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FailureReason {
    /// No answer in time.
    HttpTimeout,
    /// Nothing listens, or the connection broke.
    TcpConnectionFailed,
    /// The connection could not be made in time (522, 524).
    TcpTimeout,
    /// No way to the origin (523).
    NoRouteToHost,
    /// The TLS handshake failed (525).
    TlsHandshakeFailure,
    /// The certificate is not trusted (526).
    TlsUntrustedCertificate,
    /// The name does not resolve (530).
    DnsUnknownHost,
    /// The status is not an expected one.
    ResponseCodeMismatch,
    /// The expected text is not in the body.
    ResponseBodyMismatch,
}

impl fmt::Display for FailureReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::HttpTimeout => "HTTP timeout occurred",
            Self::TcpConnectionFailed => "TCP connection failed",
            Self::TcpTimeout => "TCP timeout",
            Self::NoRouteToHost => "no route to host",
            Self::TlsHandshakeFailure => "TLS handshake failure",
            Self::TlsUntrustedCertificate => "TLS untrusted certificate",
            Self::DnsUnknownHost => "DNS unknown host",
            Self::ResponseCodeMismatch => "response code mismatch",
            Self::ResponseBodyMismatch => "response body mismatch",
        })
    }
}

/// Judges one outcome. A status that the edge itself makes up for an origin it cannot reach (52x,
/// 530) arrives as an ordinary answer, so it is read as the failure it stands for, unless the
/// monitor expects that very status.
#[must_use]
pub fn classify(outcome: &Outcome, expect: &Expect) -> Verdict {
    let fail = |reason| Verdict::Fail { reason };
    let answer = match outcome {
        Outcome::Answered(answer) => answer,
        Outcome::TimedOut => return fail(FailureReason::HttpTimeout),
        Outcome::NoConnection => return fail(FailureReason::TcpConnectionFailed),
        Outcome::NotMade(note) => return Verdict::Inconclusive { note: note.clone() },
    };
    if !expect.status.iter().any(|range| range.contains(answer.status)) {
        return fail(edge_status(answer.status).unwrap_or(FailureReason::ResponseCodeMismatch));
    }
    match &expect.body_contains {
        Some(text) if !contains_ignoring_case(&answer.body, text) => {
            fail(FailureReason::ResponseBodyMismatch)
        }
        _ => Verdict::Pass { latency_ms: answer.latency_ms },
    }
}

/// Source:
/// developers.cloudflare.com/support/troubleshooting/http-status-codes/cloudflare-5xx-errors.
fn edge_status(status: u16) -> Option<FailureReason> {
    match status {
        520 | 521 => Some(FailureReason::TcpConnectionFailed),
        522 | 524 => Some(FailureReason::TcpTimeout),
        523 => Some(FailureReason::NoRouteToHost),
        525 => Some(FailureReason::TlsHandshakeFailure),
        526 => Some(FailureReason::TlsUntrustedCertificate),
        530 => Some(FailureReason::DnsUnknownHost),
        _ => None,
    }
}

fn contains_ignoring_case(body: &str, text: &str) -> bool {
    body.to_ascii_lowercase().contains(&text.to_ascii_lowercase())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::StatusRange;

    fn expecting(body_contains: Option<&str>) -> Expect {
        Expect {
            status: vec![StatusRange::parse("2xx").unwrap()],
            body_contains: body_contains.map(str::to_owned),
        }
    }

    fn answer(status: u16, body: &str) -> Outcome {
        Outcome::Answered(Answer { status, body: body.to_owned(), latency_ms: 12 })
    }

    #[test]
    fn the_expected_status_passes_with_its_latency() {
        let verdict = classify(&answer(204, ""), &expecting(None));
        assert_eq!(verdict, Verdict::Pass { latency_ms: 12 });
    }

    #[test]
    fn the_expected_text_is_found_whatever_its_case() {
        let verdict = classify(&answer(200, "{\"status\":\"OK\"}"), &expecting(Some("ok")));
        assert_eq!(verdict, Verdict::Pass { latency_ms: 12 });
    }

    #[test]
    fn every_other_outcome_has_its_own_reason() {
        for (outcome, reason) in [
            (Outcome::TimedOut, FailureReason::HttpTimeout),
            (Outcome::NoConnection, FailureReason::TcpConnectionFailed),
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
            let verdict = classify(&outcome, &expecting(Some("ok")));
            assert_eq!(verdict, Verdict::Fail { reason }, "{outcome:?}");
        }
    }

    #[test]
    fn a_probe_that_was_not_made_says_nothing() {
        let verdict = classify(&Outcome::NotMade("limit".to_owned()), &expecting(None));
        assert_eq!(verdict, Verdict::Inconclusive { note: "limit".to_owned() });
    }
}
