//! Every call and its reply, in the order of arrival.
//!
//! The `Authorization` header is never stored, so a transcript can be printed as it is.
use std::time::Instant;

use serde::Serialize;
use serde_json::Value;

use super::faults::FaultKind;

/// A request or reply body.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(untagged)]
pub enum Body {
    /// Nothing was sent.
    Empty,
    /// JSON.
    Json(Value),
    /// Anything else, as text.
    Raw(String),
}

impl Body {
    /// Reads a body as JSON if it parses, otherwise as text.
    pub(crate) fn read(bytes: &[u8]) -> Self {
        if bytes.is_empty() {
            return Self::Empty;
        }
        match serde_json::from_slice(bytes) {
            Ok(value) => Self::Json(value),
            Err(_) => Self::Raw(String::from_utf8_lossy(bytes).into_owned()),
        }
    }

    /// The JSON of the body, if it is JSON.
    #[must_use]
    pub fn json(&self) -> Option<&Value> {
        match self {
            Self::Json(value) => Some(value),
            Self::Empty | Self::Raw(_) => None,
        }
    }
}

/// One call and its reply.
#[derive(Clone, Debug, Serialize)]
pub struct Exchange {
    /// Position in the order of arrival, from 1; not reset by clearing.
    pub seq: u64,
    /// Milliseconds from the start of the server to the arrival of the call.
    pub at_ms: u64,
    /// The HTTP method.
    pub method: String,
    /// The path below `/client/v4`.
    pub path: String,
    /// Decoded query parameters in the order sent.
    pub query: Vec<(String, String)>,
    /// The body of the call.
    pub request: Body,
    /// The HTTP status that was sent; `None` while pending and for replies that never came.
    pub status: Option<u16>,
    /// The body that was sent.
    pub response: Body,
    /// The injected fault that the call met.
    #[serde(skip)]
    pub fault: Option<FaultKind>,
}

impl Exchange {
    /// Whether the call asks for a change.
    #[must_use]
    pub fn is_write(&self) -> bool {
        !matches!(self.method.as_str(), "GET" | "HEAD" | "OPTIONS")
    }
}

/// All exchanges since the start or the last clearing.
#[derive(Debug)]
pub(crate) struct Transcript {
    started: Instant,
    next_seq: u64,
    exchanges: Vec<Exchange>,
}

impl Transcript {
    pub(crate) fn new() -> Self {
        Self { started: Instant::now(), next_seq: 1, exchanges: Vec::new() }
    }

    /// Records an arriving call and returns its sequence number.
    pub(crate) fn arrive(&mut self, mut exchange: Exchange) -> u64 {
        exchange.seq = self.next_seq;
        exchange.at_ms = u64::try_from(self.started.elapsed().as_millis()).unwrap_or(u64::MAX);
        self.next_seq += 1;
        self.exchanges.push(exchange);
        self.next_seq - 1
    }

    /// Records a reply, unless the transcript was cleared meanwhile.
    pub(crate) fn answer(&mut self, seq: u64, status: u16, response: Body) {
        if let Some(exchange) = self.exchanges.iter_mut().find(|e| e.seq == seq) {
            exchange.status = Some(status);
            exchange.response = response;
        }
    }

    pub(crate) fn exchanges(&self) -> &[Exchange] {
        &self.exchanges
    }

    pub(crate) fn clear(&mut self) {
        self.exchanges.clear();
    }
}
