//! Why a probe failed, in the words of Cloudflare's own monitors.
//!
//! An operator who knows Cloudflare's health checks can read ours. Source:
//! developers.cloudflare.com/load-balancing/troubleshooting/common-error-codes and
//! /understand-basics/health-details. Some kinds are ours, because the runtime tells less or the
//! probe more than Cloudflare's monitors do: [`FailureKind::TlsOrDnsFailure`], why a redirect is
//! not followed, why a body is not read, and what is wrong with a value in the JSON.

use super::place::Place;
use crate::json::{Reader, Shape, words};
use serde_json::Value;
use std::fmt;

/// What a text must be to be read as one.
const ALLOWED: &str = "a reason, such as `response_code_mismatch 503`";

words! {
    /// What went wrong in a probe.
    pub enum FailureKind {
        /// No response within the timeout.
        HttpTimeout = "http_timeout",
        /// Connection refused or broken.
        TcpConnectionFailed = "tcp_connection_failed",
        /// The connection was not made in time (522, 524).
        TcpTimeout = "tcp_timeout",
        /// No route to the origin (523).
        NoRouteToHost = "no_route_to_host",
        /// The TLS handshake failed (525).
        TlsHandshakeFailure = "tls_handshake_failure",
        /// The certificate is not trusted (526).
        TlsUntrustedCertificate = "tls_untrusted_certificate",
        /// The name does not resolve (530).
        DnsUnknownHost = "dns_unknown_host",
        /// The runtime reports no connection and not why. An expired certificate, a certificate
        /// for another name, an unknown issuer, a failed handshake and a name that does not
        /// resolve all look the same.
        TlsOrDnsFailure = "tls_or_dns_failure",
        /// The origin asks for fewer requests (429).
        RateLimited = "rate_limited",
        /// The status is not among the expected ones.
        ResponseCodeMismatch = "response_code_mismatch",
        /// A redirect leads to another host, or from TLS to plain text, and is not followed there.
        RedirectElsewhere = "redirect_elsewhere",
        /// There are more redirects than the monitor follows.
        TooManyRedirects = "too_many_redirects",
        /// The response began, and its body broke off or does not decompress.
        ResponseBodyBroken = "response_body_broken",
        /// The response began, and its body did not end within the timeout.
        ResponseBodyTimeout = "response_body_timeout",
        /// The body has an encoding or a charset that is not read.
        ResponseBodyUnread = "response_body_unread_encoding",
        /// The body is longer than what is read of it, and what is read does not suffice.
        ResponseBodyTooLong = "response_body_too_long",
        /// Something is expected of the body, and there is none.
        ResponseBodyEmpty = "response_body_empty",
        /// The expected text is not in the body.
        ResponseBodyMismatch = "response_body_mismatch",
        /// JSON is expected, and the body is HTML or XML.
        ResponseIsMarkup = "response_is_markup",
        /// JSON is expected, and the body is something else.
        ResponseNotJson = "response_not_json",
        /// A value in the JSON is not the expected one.
        ResponseJsonMismatch = "response_json_mismatch",
        /// A value is missing from the JSON.
        ResponseJsonMissing = "response_json_missing",
        /// A value in the JSON is null where a number is expected: the origin does not know it.
        ResponseJsonNull = "response_json_null",
        /// A value in the JSON is a text or something else where a number is expected.
        ResponseJsonNoNumber = "response_json_no_number",
        /// A number in the JSON is below its least. Below 0 a lag or an age is unknown.
        ResponseJsonBelowMin = "response_json_below_min",
        /// A number in the JSON is above its most.
        ResponseJsonAboveMax = "response_json_above_max",
        /// A value in the JSON is no time where one is expected.
        ResponseJsonNoTime = "response_json_no_time",
        /// A time in the JSON has no zone, so nobody knows which instant is meant.
        ResponseJsonNoZone = "response_json_no_zone",
        /// A time in the JSON lies further back than allowed.
        ResponseJsonTooOld = "response_json_too_old",
        /// A time in the JSON is yet to come: a clock is wrong, or a zone.
        ResponseJsonAhead = "response_json_ahead",
        /// A number in the JSON is too far behind the same one of another origin.
        ResponseJsonBehind = "response_json_behind",
        /// A header is missing or not as expected.
        ResponseHeaderMismatch = "response_header_mismatch",
        /// As expected, but much slower than its peers.
        ResponseTooSlow = "response_too_slow",
        /// All is well at the name, but one of the origin's `addresses` takes no connection. In
        /// place of the status stands which one, from 1.
        AddressUnreachable = "address_unreachable",
    }
}

/// Why a probe failed: what went wrong, and the status of the response if there was one. The kind
/// also says in which phase: a name in `tcp`, `tls`, `dns` or `route` while connecting, `http`
/// before the status had come, `response_body` and `response_json` in the body, and all others by
/// the status and the headers.
///
/// In JSON it is the word of its kind, followed by the status if there is one, and by the place in
/// the body if there is one, each after a blank: `response_code_mismatch 503`,
/// `response_json_missing 200 /db/lag_s`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct FailureReason {
    /// What went wrong.
    pub kind: FailureKind,
    /// The status of the response; of [`FailureKind::AddressUnreachable`], which address.
    pub status: Option<u16>,
    /// Which value of the JSON.
    pub place: Place,
}

impl FailureReason {
    /// A failure without a status.
    #[must_use]
    pub const fn of(kind: FailureKind) -> Self {
        Self { kind, status: None, place: Place::NONE }
    }

    /// A failure of a response with this status.
    #[must_use]
    pub const fn told_by(kind: FailureKind, status: u16) -> Self {
        Self { kind, status: Some(status), place: Place::NONE }
    }

    /// A failure of the value at this JSON pointer.
    #[must_use]
    pub fn at(kind: FailureKind, pointer: &str) -> Self {
        Self { kind, status: None, place: Place::of(pointer) }
    }

    fn parse(text: &str) -> Option<Self> {
        let (kind, rest) = text.split_once(' ').map_or((text, None), |(a, b)| (a, Some(b)));
        let reason = Self::of(FailureKind::parse(kind)?);
        let Some(rest) = rest else { return Some(reason) };
        if let Some(place) = Place::parse(rest) {
            return Some(Self { place, ..reason });
        }
        let (status, place) = match rest.split_once(' ') {
            Some((status, place)) => (status, Place::parse(place)?),
            None => (rest, Place::NONE),
        };
        Some(Self { status: Some(status.parse().ok()?), place, ..reason })
    }
}

impl Shape for FailureReason {
    fn read(value: &Value, reader: &mut Reader) -> Option<Self> {
        let reason = Self::parse(reader.text(value, ALLOWED)?);
        if reason.is_none() {
            reader.wrong_type(value, ALLOWED);
        }
        reason
    }

    fn write(&self) -> Value {
        let mut text = self.kind.as_str().to_owned();
        if let Some(status) = self.status {
            text = format!("{text} {status}");
        }
        if !self.place.is_none() {
            text = [&text, " ", self.place.as_str()].concat();
        }
        text.into()
    }
}

impl fmt::Display for FailureReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.kind {
            FailureKind::HttpTimeout => "HTTP timeout occurred",
            FailureKind::TcpConnectionFailed => "TCP connection failed",
            FailureKind::TcpTimeout => "TCP timeout",
            FailureKind::NoRouteToHost => "no route to host",
            FailureKind::TlsHandshakeFailure => "TLS handshake failure",
            FailureKind::TlsUntrustedCertificate => "TLS untrusted certificate",
            FailureKind::DnsUnknownHost => "DNS unknown host",
            FailureKind::TlsOrDnsFailure => {
                "no connection: certificate, name or handshake (the runtime does not say which)"
            }
            FailureKind::RateLimited => "asked for fewer requests",
            FailureKind::ResponseCodeMismatch => "response code mismatch",
            FailureKind::ResponseBodyBroken => "response body broke off or does not decompress",
            FailureKind::ResponseBodyTimeout => "response body did not end in time",
            FailureKind::RedirectElsewhere => "redirect to another host or to plain text",
            FailureKind::TooManyRedirects => "too many redirects",
            FailureKind::ResponseBodyUnread => "response body in an encoding that is not read",
            FailureKind::ResponseBodyTooLong => "response body too long: 10 KiB of it are read",
            FailureKind::ResponseBodyEmpty => "response body is empty",
            FailureKind::ResponseBodyMismatch => "response body mismatch",
            FailureKind::ResponseIsMarkup => "response is HTML or XML and not JSON",
            FailureKind::ResponseNotJson => "response is not JSON",
            FailureKind::ResponseJsonMismatch => "response JSON mismatch",
            FailureKind::ResponseJsonMissing => "a value is missing from the response JSON",
            FailureKind::ResponseJsonNull => "a number in the response JSON is null",
            FailureKind::ResponseJsonNoNumber => "a value in the response JSON is no number",
            FailureKind::ResponseJsonBelowMin => "a number in the response JSON is too small",
            FailureKind::ResponseJsonAboveMax => "a number in the response JSON is too large",
            FailureKind::ResponseJsonNoTime => "a value in the response JSON is no time",
            FailureKind::ResponseJsonNoZone => "a time in the response JSON has no zone",
            FailureKind::ResponseJsonTooOld => "a time in the response JSON is too old",
            FailureKind::ResponseJsonAhead => "a time in the response JSON is yet to come",
            FailureKind::ResponseJsonBehind => {
                "a number in the response JSON is behind that of another origin"
            }
            FailureKind::ResponseHeaderMismatch => "response header mismatch",
            FailureKind::ResponseTooSlow => "response too slow compared with its peers",
            FailureKind::AddressUnreachable => "no connection to an address of the origin",
        })?;
        if !self.place.is_none() {
            write!(f, " at `{}`", self.place.as_str())?;
        }
        let number = match self.kind {
            FailureKind::AddressUnreachable => "number",
            _ => "status",
        };
        self.status.map_or(Ok(()), |status| write!(f, " ({number} {status})"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Option<FailureReason> {
        FailureReason::parse(text)
    }

    #[test]
    fn every_kind_is_read_back_with_and_without_a_status() {
        for kind in FailureKind::ALL {
            for reason in [FailureReason::of(*kind), FailureReason::told_by(*kind, 429)] {
                let written = reason.write();
                assert_eq!(read(written.as_str().unwrap()), Some(reason));
            }
        }
    }

    #[test]
    fn a_reason_names_the_place_with_and_without_a_status() {
        let of = FailureReason::at(FailureKind::ResponseJsonMissing, "/db/a b");
        let told = FailureReason { status: Some(503), ..of };
        for (reason, text) in
            [(of, "response_json_missing /db/a b"), (told, "response_json_missing 503 /db/a b")]
        {
            assert_eq!(reason.write(), text);
            assert_eq!(read(text), Some(reason));
        }
        let words = "a value is missing from the response JSON at `/db/a b` (status 503)";
        assert_eq!(told.to_string(), words);
        let whole = FailureReason::at(FailureKind::ResponseJsonMismatch, "");
        assert_eq!(whole, FailureReason::of(FailureKind::ResponseJsonMismatch));
    }

    #[test]
    fn the_docs_say_of_every_kind_in_which_phase_it_is() {
        let docs = include_str!("../../docs/monitors.md");
        let (_, docs) = docs.split_once("## Why did a probe fail?").unwrap();
        let (table, _) = docs.split_once("## ").unwrap();
        for word in FailureKind::WORDS {
            assert_eq!(table.matches(&format!("`{word}`")).count(), 1, "{word}");
        }
    }

    #[test]
    fn words_of_no_kind_and_a_status_that_is_no_number_are_no_reason() {
        for text in [
            "",
            "gone",
            "http_timeout ",
            "http_timeout x",
            " 429",
            "http_timeout 70000",
            "http_timeout 503 x",
        ] {
            assert_eq!(read(text), None, "{text:?}");
        }
    }

    #[test]
    fn the_status_that_tells_it_is_named() {
        let reason = FailureReason::told_by(FailureKind::ResponseCodeMismatch, 503);
        assert_eq!(reason.to_string(), "response code mismatch (status 503)");
        let reason = FailureReason::of(FailureKind::HttpTimeout);
        assert_eq!(reason.to_string(), "HTTP timeout occurred");
    }
}
