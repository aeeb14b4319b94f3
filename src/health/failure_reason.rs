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
        /// The status is not among the expected ones.
        ResponseCodeMismatch = "response_code_mismatch",
        /// The expected text is not in the body.
        ResponseBodyMismatch = "response_body_mismatch",
        /// JSON is expected, but the part of the body that is read is not valid JSON.
        ResponseNotJson = "response_not_json",
        /// A value in the JSON is missing or not as expected.
        ResponseJsonMismatch = "response_json_mismatch",
        /// A header is missing or not as expected.
        ResponseHeaderMismatch = "response_header_mismatch",
        /// As expected, but much slower than its peers.
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
