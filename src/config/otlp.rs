//! Where metrics are pushed to.

use crate::time::Millis;

/// Longest URL, in bytes.
pub const OTLP_URL_BYTES_MAX: usize = 2_048;

/// Where metrics are pushed to, by OTLP/HTTP.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Otlp {
    /// The URL that takes them: `https://`, at a public DNS name, without credentials.
    pub url: String,
    /// Name of the secret that holds headers for it.
    pub headers_secret: Option<String>,
    /// How often they are pushed, as near as runs allow.
    pub every_ms: Millis,
}
