//! One try: a message, its receiver, and what is sent.

use super::body;
use super::outbox::Entry;
use crate::config::{Receiver, ReceiverKind};
use crate::outgoing::{CannotSend, OutgoingRequest, Secrets, SigningSecret, address};
use crate::secret::Secret;
use crate::time::{SECOND, Timestamp};

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
        Ok(OutgoingRequest::of(url, headers, body))
    }
}

fn needed<'s>(secret: Option<&'s Secret>, name: Option<&String>) -> Result<&'s Secret, CannotSend> {
    secret.ok_or_else(|| CannotSend::NoSecret(name.cloned().unwrap_or_default()))
}
