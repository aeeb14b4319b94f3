//! Requests that we make ourselves: probes and API calls. Each has a deadline, and none follows a
//! redirect, since that would carry its headers to another host.

use super::clock;
use super::outside::{Exchanged, Hands, exchange};
use crate::time::{Millis, Timestamp};
use js_sys::{Map, Promise};
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::JsFuture;

/// Who we say that we are.
const USER_AGENT: &str = concat!("pointsman/", env!("CARGO_PKG_VERSION"));

/// What to ask.
pub(super) struct Ask<'a> {
    pub(super) method: &'a str,
    pub(super) url: &'a str,
    pub(super) headers: &'a [(&'a str, &'a str)],
    pub(super) body: Option<&'a str>,
    pub(super) timeout_ms: Millis,
    /// Bytes of the body to read; what is beyond is not fetched.
    pub(super) body_bytes_max: usize,
}

/// What came back.
pub(super) struct Answer(Exchanged);

/// Why nothing came back.
pub(super) enum NoAnswer {
    TimedOut,
    /// With the runtime's words.
    NoConnection(String),
}

/// A request that is under way or waits for a free hand.
pub(super) struct Asked(Promise);

/// Asks once, as soon as a hand is free. The deadline counts from there; it covers head and body,
/// and closes the connection when it passes.
pub(super) fn ask(hands: &Hands, ask: &Ask<'_>) -> Asked {
    let headers = Map::new();
    headers.set(&"user-agent".into(), &USER_AGENT.into());
    for (name, value) in ask.headers {
        headers.set(&JsValue::from_str(name), &JsValue::from_str(value));
    }
    let (timeout_ms, bytes_max) = (clock::short(ask.timeout_ms), ask.body_bytes_max);
    Asked(exchange(hands, ask.method, ask.url, &headers, ask.body, timeout_ms, bytes_max))
}

impl Asked {
    /// What came of it, and when.
    pub(super) async fn end(self) -> (Timestamp, Result<Answer, NoAnswer>) {
        let ended: Exchanged = match JsFuture::from(self.0).await {
            Ok(ended) | Err(ended) => ended.unchecked_into(),
        };
        let at = clock::instant(ended.ended_at());
        let answer = match ended.status() {
            0 if ended.is_late() => Err(NoAnswer::TimedOut),
            0 => Err(NoAnswer::NoConnection(ended.text())),
            _ => Ok(Answer(ended)),
        };
        (at, answer)
    }
}

impl Answer {
    pub(super) fn status(&self) -> u16 {
        self.0.status()
    }

    /// From asking to the head of the answer.
    pub(super) fn latency_ms(&self) -> Millis {
        self.0.latency_ms().into()
    }

    /// A header, by its name in lower case.
    pub(super) fn header(&self, name: &str) -> Option<String> {
        self.0.header(name)
    }

    /// The beginning of the body.
    pub(super) fn body(&self) -> String {
        self.0.text()
    }
}
