//! From what a probe met to what it means.
//!
//! The reasons are the words of Cloudflare's own monitors, so that an operator who knows those
//! reads ours. Source: developers.cloudflare.com/load-balancing/troubleshooting/common-error-codes
//! and /understand-basics/health-details.

use super::body;
use crate::config::ExpectedResponse;
use crate::json::{self, variants, words};
use crate::time::Millis;
use std::fmt;

/// Bytes of a body that are looked at, as with Cloudflare's `expected_body`.
pub const BODY_BYTES_MAX: usize = 10 * 1024;

/// What a probe met, before it is judged.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ProbeOutcome {
    /// An HTTP answer.
    Answered(ProbeResponse),
    /// No answer within the monitor's timeout.
    TimedOut,
    /// No connection, or a broken one, in the runtime's words.
    NoConnection(String),
    /// The probe was not made, for a reason of our own.
    NotMade(String),
}

/// An HTTP answer to a probe.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProbeResponse {
    /// Its status.
    pub status: u16,
    /// The beginning of its body, at most [`BODY_BYTES_MAX`] bytes; empty where nothing asks for
    /// it.
    pub body: String,
    /// The headers that the monitor asks for and that are there; names in lower case.
    pub headers: Vec<(String, String)>,
    /// Time from asking to the answer's head.
    pub latency_ms: Millis,
}

/// What one probe says about an origin.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// It answers as expected, after this long.
    Pass {
        /// Time from asking to the answer's head.
        latency_ms: Millis,
        /// How many seconds it says that it is behind the primary.
        lag_s: Option<u64>,
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

variants!(Verdict {
    Pass = "pass" { latency_ms, lag_s if any },
    Fail = "fail" { reason },
    Inconclusive = "inconclusive" { note },
});

words! {
    /// Why a probe failed.
    pub enum FailureReason {
        /// No answer in time.
        HttpTimeout = "http_timeout",
        /// Nothing listens, or the connection broke.
        TcpConnectionFailed = "tcp_connection_failed",
        /// The connection could not be made in time (522, 524).
        TcpTimeout = "tcp_timeout",
        /// No way to the origin (523).
        NoRouteToHost = "no_route_to_host",
        /// The TLS handshake failed (525).
        TlsHandshakeFailure = "tls_handshake_failure",
        /// The certificate is not trusted (526).
        TlsUntrustedCertificate = "tls_untrusted_certificate",
        /// The name does not resolve (530).
        DnsUnknownHost = "dns_unknown_host",
        /// The status is not an expected one.
        ResponseCodeMismatch = "response_code_mismatch",
        /// The expected text is not in the body.
        ResponseBodyMismatch = "response_body_mismatch",
        /// JSON is expected, and the beginning of the body that is read is none.
        ResponseNotJson = "response_not_json",
        /// A value in the JSON is missing or not the expected one.
        ResponseJsonMismatch = "response_json_mismatch",
        /// A header is missing or not the expected one.
        ResponseHeaderMismatch = "response_header_mismatch",
        /// As expected, but later than its peers make likely.
        ResponseTooSlow = "response_too_slow",
    }
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
            Self::ResponseNotJson => "response is not JSON within its first 10 KiB",
            Self::ResponseJsonMismatch => "response JSON mismatch",
            Self::ResponseHeaderMismatch => "response header mismatch",
            Self::ResponseTooSlow => "response too slow compared with its peers",
        })
    }
}

/// Judges one outcome. A status that the edge itself makes up for an origin it cannot reach (52x,
/// 530) arrives as an ordinary answer, so it is read as the failure it stands for, unless the
/// monitor expects that very status. `lag_pointer` is where a pass reports its lag; one without it
/// passes all the same.
#[must_use]
pub fn classify(
    outcome: &ProbeOutcome,
    expect: &ExpectedResponse,
    lag_pointer: Option<&str>,
) -> Verdict {
    let answer = match outcome {
        ProbeOutcome::Answered(answer) => answer,
        ProbeOutcome::TimedOut => return Verdict::Fail { reason: FailureReason::HttpTimeout },
        ProbeOutcome::NoConnection(words) => return Verdict::Fail { reason: no_connection(words) },
        ProbeOutcome::NotMade(note) => return Verdict::Inconclusive { note: note.clone() },
    };
    // Nothing is parsed for a monitor that does not look at JSON.
    let wants_json = !expect.json.is_empty() || lag_pointer.is_some();
    let document = if wants_json { json::parse(&answer.body).ok() } else { None };
    let document = document.as_ref();
    let reason = status_mismatch(answer.status, expect)
        .or_else(|| header_mismatch(answer, expect))
        .or_else(|| text_mismatch(answer, expect))
        .or_else(|| body::mismatch(document, &expect.json));
    match reason {
        Some(reason) => Verdict::Fail { reason },
        None => Verdict::Pass {
            latency_ms: answer.latency_ms,
            lag_s: body::lag_s(document, lag_pointer),
        },
    }
}

fn status_mismatch(status: u16, expect: &ExpectedResponse) -> Option<FailureReason> {
    let expected = expect.status.iter().any(|range| range.contains(status));
    (!expected).then(|| edge_status(status).unwrap_or(FailureReason::ResponseCodeMismatch))
}

fn header_mismatch(answer: &ProbeResponse, expect: &ExpectedResponse) -> Option<FailureReason> {
    let fits = |(name, values): &(String, Vec<String>)| {
        let seen = answer.headers.iter().find(|(seen, _)| seen == name);
        let is_one = |seen: &str| values.is_empty() || values.iter().any(|value| value == seen);
        seen.is_some_and(|(_, seen)| is_one(seen.trim()))
    };
    (!expect.headers.iter().all(fits)).then_some(FailureReason::ResponseHeaderMismatch)
}

fn text_mismatch(answer: &ProbeResponse, expect: &ExpectedResponse) -> Option<FailureReason> {
    let text = expect.body_contains.as_ref()?;
    (!contains_ignoring_case(&answer.body, text)).then_some(FailureReason::ResponseBodyMismatch)
}

/// Words of the runtime about a connection that came to nothing. They are no contract, so they only
/// tell reasons apart, and what they do not name is a failed connection.
fn no_connection(words: &str) -> FailureReason {
    const CERTIFICATE: [&str; 4] = ["certificate", "self-signed", "self signed", "expired"];
    const NAME: [&str; 6] =
        ["dns", "getaddrinfo", "enotfound", "resolve", "resolution", "unknown host"];
    const HANDSHAKE: [&str; 3] = ["handshake", "tls", "ssl"];
    let words = words.to_ascii_lowercase();
    let names = |any: &[&str]| any.iter().any(|word| words.contains(word));
    if names(&CERTIFICATE) {
        FailureReason::TlsUntrustedCertificate
    } else if names(&NAME) {
        FailureReason::DnsUnknownHost
    } else if names(&HANDSHAKE) {
        FailureReason::TlsHandshakeFailure
    } else {
        FailureReason::TcpConnectionFailed
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
mod tests;
