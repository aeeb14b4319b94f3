//! Turns the outcome of a probe into a verdict.

use super::body;
use super::failure_reason::{FailureKind, FailureReason};
use crate::config::ExpectedResponse;
use crate::json::{self, fields, variants};
use crate::time::{Millis, Timestamp};
use serde_json::Value;

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
    /// A connection, which is all that was asked for.
    Connected {
        /// How long that took, in milliseconds.
        latency_ms: Millis,
        /// The first of the origin's addresses that takes no connection, from 1.
        lost_address: Option<u16>,
    },
    /// No answer within the monitor's timeout.
    TimedOut,
    /// No connection within the monitor's timeout, and only that was asked for.
    NotConnected,
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
    /// Whether the body goes on.
    pub is_cut: bool,
    /// Why its redirect was not followed, if the monitor follows any.
    pub turned_away: Option<TurnedAway>,
    /// The first of the origin's addresses that takes no connection, from 1.
    pub lost_address: Option<u16>,
    /// Those headers that the monitor checks and that are present; names in lower case.
    pub headers: Vec<(String, String)>,
    /// For how long it asks to be left alone (`Retry-After`), if it says so.
    pub retry_after_ms: Option<Millis>,
    /// Time from sending the request to the response headers, in milliseconds.
    pub latency_ms: Millis,
    /// When it was read, by the clock of whoever asked: times in the body are compared with it.
    pub at: Timestamp,
}

impl Default for ProbeResponse {
    fn default() -> Self {
        Self {
            status: 200,
            body: Ok(String::new()),
            is_cut: false,
            turned_away: None,
            lost_address: None,
            headers: Vec::new(),
            retry_after_ms: None,
            latency_ms: 0,
            at: Timestamp::default(),
        }
    }
}

impl ProbeResponse {
    /// Its body as a JSON document; `None` if it is none. Half a document is none, even if it looks
    /// like a whole one.
    #[must_use]
    pub fn document(&self) -> Option<Value> {
        let text = self.body.as_deref().ok().filter(|_| !self.is_cut)?;
        json::parse(json::without_bom(text)).ok()
    }
}

/// Why a redirect was not followed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TurnedAway {
    /// It leads to another host, or from TLS to plain text.
    Elsewhere,
    /// The probe has followed as many as the monitor allows.
    TooOften,
}

/// Why the body of a response was not read, although its head had arrived.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BodyFailure {
    /// It has an encoding or a charset that is not read.
    Unread,
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
    let lost = |address: u16| FailureReason::told_by(FailureKind::AddressUnreachable, address);
    let answer = match outcome {
        ProbeOutcome::Answered(answer) => answer,
        ProbeOutcome::Connected { latency_ms, lost_address } => {
            let (latency_ms, lag_s) = (*latency_ms, None);
            return lost_address.map_or(Verdict::Pass { latency_ms, lag_s }, |address| {
                Verdict::Fail { reason: lost(address) }
            });
        }
        ProbeOutcome::TimedOut => return fails(FailureKind::HttpTimeout),
        ProbeOutcome::NotConnected => return fails(FailureKind::TcpTimeout),
        ProbeOutcome::NoConnection(words) => return Verdict::Fail { reason: no_connection(words) },
        ProbeOutcome::NotMade(note) => return Verdict::Inconclusive { note: note.clone() },
    };
    // Parse the body only if the monitor looks at JSON.
    let wants_json = !expect.json.is_empty() || lag_pointer.is_some();
    let document = if wants_json { answer.document() } else { None };
    let document = document.as_ref();
    let told = |kind| FailureReason::told_by(kind, answer.status);
    let reason = status_mismatch(answer, expect)
        .or_else(|| header_mismatch(answer, expect))
        .or_else(|| answer.body.as_ref().err().copied().map(unread))
        .or_else(|| text_mismatch(answer, expect))
        .or_else(|| if expect.json.is_empty() { None } else { not_json(answer, document) })
        .map(told)
        .or_else(|| {
            let status = Some(answer.status);
            let mismatch = body::mismatch(document, &expect.json, answer.at);
            mismatch.map(|reason| FailureReason { status, ..reason })
        })
        .or_else(|| answer.lost_address.map(lost));
    match reason {
        Some(reason) => Verdict::Fail { reason },
        None => Verdict::Pass {
            latency_ms: answer.latency_ms,
            lag_s: body::lag_s(document, lag_pointer),
        },
    }
}

fn fails(kind: FailureKind) -> Verdict {
    Verdict::Fail { reason: FailureReason::of(kind) }
}

fn status_mismatch(answer: &ProbeResponse, expect: &ExpectedResponse) -> Option<FailureKind> {
    let expected = expect.status.iter().any(|range| range.contains(answer.status));
    let kind = match answer.turned_away {
        Some(TurnedAway::Elsewhere) => FailureKind::RedirectElsewhere,
        Some(TurnedAway::TooOften) => FailureKind::TooManyRedirects,
        None => told_by_status(answer.status),
    };
    (!expected).then_some(kind)
}

fn header_mismatch(answer: &ProbeResponse, expect: &ExpectedResponse) -> Option<FailureKind> {
    let fits = |(name, values): &(String, Vec<String>)| {
        let seen = answer.headers.iter().find(|(seen, _)| seen == name);
        let is_type = name == CONTENT_TYPE;
        let fits = |value: &str, seen: &str| value == seen || is_type && is_of_type(seen, value);
        let is_one = |seen: &str| values.is_empty() || values.iter().any(|v| fits(v, seen));
        seen.is_some_and(|(_, seen)| is_one(seen.trim()))
    };
    (!expect.headers.iter().all(fits)).then_some(FailureKind::ResponseHeaderMismatch)
}

/// Whether a content type is the expected one, which has no parameter: then any parameter passes,
/// such as a charset, and case does not matter. Source: RFC 9110 §8.3.1.
fn is_of_type(seen: &str, expected: &str) -> bool {
    let media_type = seen.split(';').next().unwrap_or_default();
    media_type.trim().eq_ignore_ascii_case(expected)
}

fn text_mismatch(answer: &ProbeResponse, expect: &ExpectedResponse) -> Option<FailureKind> {
    let text = expect.body_contains.as_ref()?;
    let body = answer.body.as_deref().unwrap_or_default();
    let otherwise = FailureKind::ResponseBodyMismatch;
    (!contains_ignoring_case(body, text)).then(|| unsuitable(answer).unwrap_or(otherwise))
}

/// Why a body that should be JSON is none, if that can be said.
fn not_json(answer: &ProbeResponse, document: Option<&Value>) -> Option<FailureKind> {
    if document.is_some() {
        return None;
    }
    let body = answer.body.as_deref().unwrap_or_default();
    let is_markup = json::without_bom(body).trim_start().starts_with('<');
    unsuitable(answer).or_else(|| is_markup.then_some(FailureKind::ResponseIsMarkup))
}

/// Why a body has not what it should have, if that is not the fault of its words.
fn unsuitable(answer: &ProbeResponse) -> Option<FailureKind> {
    let is_empty = answer.body.as_deref().is_ok_and(|body| body.trim().is_empty());
    if answer.is_cut {
        Some(FailureKind::ResponseBodyTooLong)
    } else {
        is_empty.then_some(FailureKind::ResponseBodyEmpty)
    }
}

fn unread(failure: BodyFailure) -> FailureKind {
    match failure {
        BodyFailure::Unread => FailureKind::ResponseBodyUnread,
        BodyFailure::Broken => FailureKind::ResponseBodyBroken,
        BodyFailure::TimedOut => FailureKind::ResponseBodyTimeout,
    }
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
