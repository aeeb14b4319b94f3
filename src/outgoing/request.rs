//! What is sent, and with which secrets.

use super::address::BadAddress;
use super::headers::BadHeaders;
use super::signature::BadSigningSecret;
use crate::secret::Secret;
use crate::time::{Millis, SECOND};
use std::borrow::Cow;

/// Timeout of one try, for head and body of the answer.
pub const TIMEOUT_MS: Millis = 10 * SECOND;
/// How much of an answer is read.
pub const REPLY_BYTES_MAX: usize = 1_024;

/// Shortest part of a secret that gives it away, in bytes.
const SECRET_PART_BYTES_MIN: usize = 6;

/// The secrets that a receiver names, as the deployment has them.
#[derive(Debug, Clone, Default)]
pub struct Secrets {
    /// The value of `url_secret`.
    pub url: Option<Secret>,
    /// The value of `key_secret`.
    pub key: Option<Secret>,
    /// Values of headers.
    pub headers: Vec<Secret>,
}

impl Secrets {
    /// `text` without them, and without their parts that give them away: what stands behind the
    /// host of a URL, and the key behind a prefix. Whoever was sent a secret may echo it.
    #[must_use]
    pub fn redact(&self, text: &str) -> String {
        let mut parts = Vec::new();
        if let Some(url) = &self.url {
            let url = url.expose().trim();
            let path = url.splitn(4, '/').nth(3).unwrap_or_default();
            let last = path.rsplit('/').next().unwrap_or_default();
            parts.extend([url, path, last]);
        }
        if let Some(key) = &self.key {
            let key = key.expose().trim();
            parts.extend([key, key.rsplit('_').next().unwrap_or_default()]);
        }
        for value in &self.headers {
            let value = value.expose();
            parts.extend([value, value.rsplit(' ').next().unwrap_or_default()]);
        }
        parts.retain(|part| part.len() >= SECRET_PART_BYTES_MIN);
        parts
            .into_iter()
            .fold(text.to_owned(), |text, part| Secret::new(part.to_owned()).redact(&text))
    }
}

/// What is sent. It has secrets in it, so it cannot be printed.
#[expect(missing_debug_implementations, reason = "secrets are not printed")]
pub struct OutgoingRequest {
    /// The URL; the method is POST.
    pub url: String,
    /// Headers, by their names in lower case.
    pub headers: Vec<(Cow<'static, str>, String)>,
    /// JSON.
    pub body: String,
}

impl OutgoingRequest {
    /// One with headers whose names we know.
    #[must_use]
    pub fn of(url: String, headers: Vec<(&'static str, String)>, body: String) -> Self {
        let headers = headers.into_iter().map(|(name, value)| (Cow::Borrowed(name), value));
        Self { url, headers: headers.collect(), body }
    }
}

/// Why nothing can be sent. It never repeats a secret.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CannotSend {
    /// A secret is not set.
    #[error("the secret `{0}` is not set")]
    NoSecret(String),
    /// The URL may not be called.
    #[error("{0}")]
    Address(#[from] BadAddress),
    /// The secret holds no headers.
    #[error("{0}")]
    Headers(#[from] BadHeaders),
    /// The secret cannot sign.
    #[error("{0}")]
    Signing(#[from] BadSigningSecret),
}
