//! Why a probe failed, in the words of Cloudflare's own monitors.
//!
//! An operator who knows Cloudflare's health checks can read ours. Source:
//! developers.cloudflare.com/load-balancing/troubleshooting/common-error-codes and
//! /understand-basics/health-details.

use crate::json::words;
use std::fmt;

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
