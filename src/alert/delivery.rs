//! One try: a message, its receiver, and what is sent.

use super::address::{BadAddress, address};
use super::body;
use super::outbox::Entry;
use super::signature::{BadSigningSecret, SigningSecret};
use crate::config::{Receiver, ReceiverKind};
use crate::secret::Secret;
use crate::time::{Millis, SECOND, Timestamp};

/// Timeout of one try, for head and body of the answer.
pub const TIMEOUT_MS: Millis = 10 * SECOND;
/// How much of an answer is read.
pub const REPLY_BYTES_MAX: usize = 1_024;

/// Shortest part of a secret that gives it away, in bytes.
const SECRET_PART_BYTES_MIN: usize = 6;

/// Where messages to `PagerDuty` go, and to its service region of the EU.
const PAGERDUTY: &str = "https://events.pagerduty.com/v2/enqueue";
const PAGERDUTY_EU: &str = "https://events.eu.pagerduty.com/v2/enqueue";

/// One try.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Delivery {
    /// What is sent.
    pub entry: Entry,
    /// To whom.
    pub receiver: Receiver,
}

/// The secrets that a receiver names, as the deployment has them.
#[derive(Debug, Clone, Default)]
pub struct Secrets {
    /// The value of `url_secret`.
    pub url: Option<Secret>,
    /// The value of `key_secret`.
    pub key: Option<Secret>,
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
    pub headers: Vec<(&'static str, String)>,
    /// JSON.
    pub body: String,
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
    /// The secret cannot sign.
    #[error("{0}")]
    Signing(#[from] BadSigningSecret),
}

impl Delivery {
    /// What to send now. `now` is the time as others have it. Errors: [`CannotSend`].
    pub fn request(
        &self,
        secrets: &Secrets,
        now: Timestamp,
    ) -> Result<OutgoingRequest, CannotSend> {
        let Self { entry, receiver } = self;
        let message = &entry.message;
        let mut headers = vec![("content-type", "application/json".to_owned())];
        let url = || {
            let text = needed(secrets.url.as_ref(), receiver.url_secret.as_ref())?.expose();
            Ok::<_, CannotSend>(address(text, &receiver.allow_hosts)?.to_owned())
        };
        let key = || needed(secrets.key.as_ref(), receiver.key_secret.as_ref());
        let (url, body) = match receiver.kind {
            ReceiverKind::Slack => {
                (url()?, body::slack(message, entry.may_have_arrived).to_string())
            }
            ReceiverKind::Pagerduty => {
                let url = if receiver.eu { PAGERDUTY_EU } else { PAGERDUTY };
                let body = body::pagerduty(message, key()?.expose().trim());
                (url.to_owned(), body.to_string())
            }
            ReceiverKind::Jsm => {
                headers.push(("authorization", format!("GenieKey {}", key()?.expose().trim())));
                let (url, body) = body::jsm(message);
                (url, body.to_string())
            }
            ReceiverKind::Webhook => {
                let secret = SigningSecret::parse(key()?)?;
                let (id, body) = (entry.message_id(), body::webhook(message).to_string());
                headers.push(("webhook-signature", secret.sign(&id, now, &body)));
                headers.push(("webhook-timestamp", (now.millis() / SECOND).to_string()));
                headers.push(("webhook-id", id));
                (url()?, body)
            }
        };
        Ok(OutgoingRequest { url, headers, body })
    }
}

fn needed<'s>(secret: Option<&'s Secret>, name: Option<&String>) -> Result<&'s Secret, CannotSend> {
    secret.ok_or_else(|| CannotSend::NoSecret(name.cloned().unwrap_or_default()))
}
