//! From what a probe met to what it means.

use super::body;
use super::failure_reason::FailureReason;
use crate::config::ExpectedResponse;
use crate::json::{self, variants};
use crate::time::Millis;

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
