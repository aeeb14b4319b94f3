//! A client for API calls that read.

use super::access::Access;
use crate::cloudflare::{Call, REPLY_BYTES_MAX, Reply};
use crate::secret::Secret;
use crate::time::{Millis, SECOND};
use crate::tool::agent::agent;
use serde_json::Value;
use ureq::{Agent, Error};

/// Longest wait for one complete reply.
const CALL_TIMEOUT_MS: Millis = 30 * SECOND;
/// A client that can only read.
pub(super) struct Client {
    agent: Agent,
    base: String,
    token: Secret,
    timeout_ms: Millis,
}

impl Client {
    pub(super) fn new(access: Access) -> Self {
        Self::with_timeout(access, CALL_TIMEOUT_MS)
    }

    pub(super) fn with_timeout(access: Access, timeout_ms: Millis) -> Self {
        let Access { base, token, is_local } = access;
        Self { agent: agent(is_local, timeout_ms), base, token, timeout_ms }
    }

    /// Makes one call that reads; refuses any other. The reply does not contain the token.
    pub(super) fn call(&self, call: &Call) -> Reply {
        if call.is_write() || call.body.is_some() || !call.path.starts_with('/') {
            return Reply::Lost(format!("a plan only reads: {} is refused", call.method.as_str()));
        }
        self.get(&call.path).unwrap_or_else(|error| Reply::Lost(self.reason(&error)))
    }

    /// `text` without the token.
    pub(super) fn redact(&self, text: &str) -> String {
        self.token.redact(text)
    }

    fn get(&self, path: &str) -> Result<Reply, Error> {
        let request = self.agent.get(format!("{}{path}", self.base));
        let authorization = format!("Bearer {}", self.token.expose());
        let mut response = request.header("authorization", authorization).call()?;
        let retry_after = response.headers().get("retry-after");
        let retry_after_s = retry_after.and_then(|value| value.to_str().ok()?.trim().parse().ok());
        let bytes_max = u64::try_from(REPLY_BYTES_MAX).unwrap_or(u64::MAX);
        let body = response.body_mut().with_config().limit(bytes_max).lossy_utf8(true);
        let body = self.without_token(body.read_to_string()?);
        Ok(Reply::Answered { status: response.status().as_u16(), retry_after_s, body })
    }

    /// Redacts the token in a reply. A reply may escape the token, so every string of the JSON is
    /// searched. This must happen before long texts are cut.
    fn without_token(&self, body: String) -> String {
        let Ok(mut value) = serde_json::from_str::<Value>(&body) else { return self.redact(&body) };
        if redact(&mut value, &self.token) { value.to_string() } else { body }
    }

    fn reason(&self, error: &Error) -> String {
        match error {
            Error::Timeout(_) => format!("timed out after {} ms", self.timeout_ms),
            Error::BodyExceedsLimit(bytes) => format!("it is larger than {bytes} bytes"),
            error => self.redact(&format!("no connection: {error}")),
        }
    }
}

/// Redacts the token in every string, keys included. Returns whether it was found.
fn redact(value: &mut Value, token: &Secret) -> bool {
    match value {
        Value::String(text) => {
            let redacted = token.redact(text);
            let found = redacted != *text;
            *text = redacted;
            found
        }
        Value::Array(items) => items.iter_mut().fold(false, |any, item| redact(item, token) | any),
        Value::Object(entries) => {
            let mut found = false;
            let redacted = std::mem::take(entries).into_iter().map(|(key, mut value)| {
                let clean = token.redact(&key);
                found |= clean != key;
                found |= redact(&mut value, token);
                (clean, value)
            });
            *entries = redacted.collect();
            found
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => false,
    }
}
