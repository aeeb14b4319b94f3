//! Turns the outcome of a probe into a verdict.

use super::body;
use super::failure_reason::{FailureKind, FailureReason};
use crate::config::ExpectedResponse;
use crate::json::{self, fields, variants};
use crate::time::{Millis, Timestamp};

pub use crate::config::BODY_BYTES_MAX;
/// The header that says what a body is.
const CONTENT_TYPE: &str = "content-type";

/// The status that asks for fewer requests (RFC 6585 section 4).
const TOO_MANY_REQUESTS: u16 = 429;

/// The raw outcome of one probe.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ProbeOutcome {
    /// An HTTP response.
    Answered(ProbeResponse),
    /// No answer within the monitor's timeout.
    TimedOut,
    /// No connection, or a broken one, with the runtime's error message.
    NoConnection(String),
    /// We did not make the probe, for this reason.
    NotMade(String),
}

impl ProbeOutcome {
    /// For how long the origin asks to be left alone: `None` if it does not ask (any status but
    /// 429), zero if it does not say for how long.
    #[must_use]
    pub fn pushed_back_ms(&self) -> Option<Millis> {
        match self {
            Self::Answered(answer) if answer.status == TOO_MANY_REQUESTS => {
                Some(answer.retry_after_ms.unwrap_or(0))
            }
            _ => None,
        }
    }
}

/// The HTTP response to a probe.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProbeResponse {
    /// Its status.
    pub status: u16,
    /// The start of its body, at most [`BODY_BYTES_MAX`] bytes. Empty if the monitor does not check
    /// the body.
    pub body: Result<String, BodyFailure>,
    /// Those headers that the monitor checks and that are present; names in lower case.
    pub headers: Vec<(String, String)>,
    /// For how long it asks to be left alone (`Retry-After`), if it says so.
    pub retry_after_ms: Option<Millis>,
    /// Time from sending the request to the response headers, in milliseconds.
    pub latency_ms: Millis,
}

/// Why the body of a response was not read, although its head had arrived.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BodyFailure {
    /// It broke off, or does not decompress.
    Broken,
    /// It did not end within the monitor's timeout.
    TimedOut,
}

/// What one probe says about an origin.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// The response is as expected.
    Pass {
        /// Time from sending the request to the response headers, in milliseconds.
        latency_ms: Millis,
        /// The replication lag that it reports, in seconds.
        lag_s: Option<u64>,
    },
    /// The response is not as expected, or there is none.
    Fail {
        /// Why.
        reason: FailureReason,
    },
    /// The probe says nothing about the origin.
    Inconclusive {
        /// Why there is no result.
        note: String,
    },
}

variants!(Verdict {
    Pass = "pass" { latency_ms, lag_s if any },
    Fail = "fail" { reason },
    Inconclusive = "inconclusive" { note },
});

/// A probe that passed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Passed {
    /// When it was begun: the origin was alive then, or later.
    pub asked: Timestamp,
    /// When it ended.
    pub at: Timestamp,
}

fields!(Passed { asked, at });

/// Judges one outcome. If Cloudflare cannot reach an origin it answers in its place with 52x or
/// 530; such a status counts as the failure that it stands for, unless the monitor expects exactly
/// that status. `lag_pointer` says where the response reports its lag; a response without a lag
/// still passes.
#[must_use]
pub fn classify(
    outcome: &ProbeOutcome,
    expect: &ExpectedResponse,
    lag_pointer: Option<&str>,
) -> Verdict {
    let answer = match outcome {
        ProbeOutcome::Answered(answer) => answer,
        ProbeOutcome::TimedOut => {
            return Verdict::Fail { reason: FailureReason::of(FailureKind::HttpTimeout) };
        }
        ProbeOutcome::NoConnection(words) => return Verdict::Fail { reason: no_connection(words) },
        ProbeOutcome::NotMade(note) => return Verdict::Inconclusive { note: note.clone() },
    };
    // Parse the body only if the monitor looks at JSON.
    let wants_json = !expect.json.is_empty() || lag_pointer.is_some();
    let text = answer.body.as_deref().unwrap_or_default();
    let document = if wants_json { json::parse(text).ok() } else { None };
    let document = document.as_ref();
    let reason = status_mismatch(answer.status, expect)
        .or_else(|| header_mismatch(answer, expect))
        .or_else(|| answer.body.as_ref().err().copied().map(unread))
        .or_else(|| text_mismatch(text, expect))
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
    (!expected).then(|| FailureReason::told_by(told_by_status(status), status))
}

fn header_mismatch(answer: &ProbeResponse, expect: &ExpectedResponse) -> Option<FailureReason> {
    let fits = |(name, values): &(String, Vec<String>)| {
        let seen = answer.headers.iter().find(|(seen, _)| seen == name);
        let is_type = name == CONTENT_TYPE;
        let fits = |value: &str, seen: &str| value == seen || is_type && is_of_type(seen, value);
        let is_one = |seen: &str| values.is_empty() || values.iter().any(|v| fits(v, seen));
        seen.is_some_and(|(_, seen)| is_one(seen.trim()))
    };
    (!expect.headers.iter().all(fits))
        .then_some(FailureReason::of(FailureKind::ResponseHeaderMismatch))
}

/// Whether a content type is the expected one, which has no parameter: then any parameter passes,
/// such as a charset, and case does not matter. Source: RFC 9110 §8.3.1.
fn is_of_type(seen: &str, expected: &str) -> bool {
    let media_type = seen.split(';').next().unwrap_or_default();
    media_type.trim().eq_ignore_ascii_case(expected)
}

fn text_mismatch(body: &str, expect: &ExpectedResponse) -> Option<FailureReason> {
    let text = expect.body_contains.as_ref()?;
    let kind = FailureKind::ResponseBodyMismatch;
    (!contains_ignoring_case(body, text)).then_some(FailureReason::of(kind))
}

fn unread(failure: BodyFailure) -> FailureReason {
    FailureReason::of(match failure {
        BodyFailure::Broken => FailureKind::ResponseBodyBroken,
        BodyFailure::TimedOut => FailureKind::ResponseBodyTimeout,
    })
}

/// Guesses the reason from the runtime's error message. The messages are not documented.
///
/// The runtime says "internal error" for every connection that TLS or the resolver refused, and
/// names neither (measured on workerd 1.20261117). So the reason admits that. It says "Network
/// connection lost" for a refused or a broken connection; anything unrecognised counts as that.
fn no_connection(words: &str) -> FailureReason {
    const UNTOLD: &str = "internal error";
    const CERTIFICATE: [&str; 4] = ["certificate", "self-signed", "self signed", "expired"];
    const NAME: [&str; 6] =
        ["dns", "getaddrinfo", "enotfound", "resolve", "resolution", "unknown host"];
    const HANDSHAKE: [&str; 3] = ["handshake", "tls", "ssl"];
    let words = words.to_ascii_lowercase();
    let names = |any: &[&str]| any.iter().any(|word| words.contains(word));
    FailureReason::of(if names(&CERTIFICATE) {
        FailureKind::TlsUntrustedCertificate
    } else if names(&NAME) {
        FailureKind::DnsUnknownHost
    } else if names(&HANDSHAKE) {
        FailureKind::TlsHandshakeFailure
    } else if words.contains(UNTOLD) {
        FailureKind::TlsOrDnsFailure
    } else {
        FailureKind::TcpConnectionFailed
    })
}

/// What an unexpected status says. Those of the edge have the source
/// developers.cloudflare.com/support/troubleshooting/http-status-codes/cloudflare-5xx-errors.
fn told_by_status(status: u16) -> FailureKind {
    match status {
        TOO_MANY_REQUESTS => FailureKind::RateLimited,
        520 | 521 => FailureKind::TcpConnectionFailed,
        522 | 524 => FailureKind::TcpTimeout,
        523 => FailureKind::NoRouteToHost,
        525 => FailureKind::TlsHandshakeFailure,
        526 => FailureKind::TlsUntrustedCertificate,
        530 => FailureKind::DnsUnknownHost,
        _ => FailureKind::ResponseCodeMismatch,
    }
}

fn contains_ignoring_case(body: &str, text: &str) -> bool {
    body.to_ascii_lowercase().contains(&text.to_ascii_lowercase())
}

#[cfg(test)]
mod tests;
