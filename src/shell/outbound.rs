//! Requests that we make ourselves: probes and API calls. Each has a timeout. None follows a
//! redirect to another host, which would learn its headers.

use super::clock;
use super::hands::{self, Exchanged, Hands, Judge, exchange};
use crate::geo::Area;
use crate::health::{BodyFailure, TurnedAway};
use crate::json::{self, Shape};
use crate::tick::Probe;
use crate::time::{Millis, Timestamp};
use js_sys::{Map, Promise};
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::JsFuture;

/// The value of `User-Agent`.
const USER_AGENT: &str = concat!("pointsman/", env!("CARGO_PKG_VERSION"));

/// The value where an area asks, so that the log of an origin says from where it was probed.
pub(super) fn agent_of(area: Area) -> String {
    format!("{USER_AGENT} ({})", area.as_str())
}

/// A request of our own.
pub(super) struct OwnRequest<'a> {
    pub(super) method: &'a str,
    pub(super) url: &'a str,
    pub(super) headers: &'a [(&'a str, &'a str)],
    pub(super) body: Option<&'a str>,
    pub(super) timeout_ms: Millis,
    /// How many bytes of the response's body to read; the rest is not fetched.
    pub(super) body_bytes_max: usize,
    /// The host to connect to, if it is not the URL's.
    pub(super) resolve: Option<&'a str>,
}

/// The response to one; of a probe that only connects, the connection.
pub(super) struct OwnResponse(Exchanged);

/// When a request ended.
#[derive(Clone, Copy)]
pub(super) struct Ended {
    pub(super) at: Timestamp,
    /// Since it had a free hand.
    pub(super) took_ms: Millis,
}

/// Why there is no response.
pub(super) enum NoResponse {
    TimedOut,
    /// With the runtime's message.
    NoConnection(String),
}

/// A request that is under way, or waits for a free hand.
pub(super) struct Pending(Promise);

/// Sends a request as soon as a hand is free. The timeout counts from then; it covers head and body
/// and closes the connection.
pub(super) fn send(hands: &Hands, request: &OwnRequest<'_>) -> Pending {
    let headers = headers(request.headers.iter().copied());
    let OwnRequest { method, url, body, body_bytes_max, resolve, .. } = *request;
    let timeout_ms = clock::short(request.timeout_ms);
    Pending(exchange(hands, method, url, &headers, body, timeout_ms, body_bytes_max, resolve))
}

/// Makes a probe as soon as a hand is free, as `runtime.js` says.
pub(super) fn ask(
    hands: &Hands,
    probe: &Probe,
    headers: &[(String, String)],
    (body_bytes_max, wanted): (usize, Option<&str>),
    judge: Option<&Judge>,
) -> Pending {
    let pairs = headers.iter().map(|(name, value)| (name.as_str(), value.as_str()));
    let (text, all) = (json::write(&probe.write()), self::headers(pairs));
    Pending(hands::probe(hands, &text, &all, body_bytes_max, wanted, judge))
}

/// Headers of a request of our own, which says whose it is unless they do.
fn headers<'h>(pairs: impl Iterator<Item = (&'h str, &'h str)>) -> Map {
    let headers = Map::new();
    for (name, value) in [("user-agent", USER_AGENT)].into_iter().chain(pairs) {
        headers.set(&JsValue::from_str(name), &JsValue::from_str(value));
    }
    headers
}

impl Pending {
    /// When it ended, and how.
    pub(super) async fn end(self) -> (Ended, Met) {
        let ended: Exchanged = match JsFuture::from(self.0).await {
            Ok(ended) | Err(ended) => ended.unchecked_into(),
        };
        let at = clock::instant(ended.ended_at());
        let took_ms = at.since(clock::instant(ended.began_at()));
        (Ended { at, took_ms }, met(ended))
    }
}

/// What a request or a probe met.
pub(super) type Met = Result<OwnResponse, NoResponse>;

/// The same, as the runtime tells it.
pub(super) fn met(ended: Exchanged) -> Met {
    match ended.status() {
        0 if ended.is_open() => Ok(OwnResponse(ended)),
        0 if ended.is_late() => Err(NoResponse::TimedOut),
        0 => Err(NoResponse::NoConnection(ended.text())),
        _ => Ok(OwnResponse(ended)),
    }
}

fn some(number: u16) -> Option<u16> {
    (number > 0).then_some(number)
}

impl OwnResponse {
    pub(super) fn status(&self) -> u16 {
        self.0.status()
    }

    /// From sending the request to the head of the response.
    pub(super) fn latency_ms(&self) -> Millis {
        self.0.latency_ms().into()
    }

    /// A header, by its name in lower case.
    pub(super) fn header(&self, name: &str) -> Option<String> {
        self.0.header(name)
    }

    /// Whether it is no response, but the connection that was asked for.
    pub(super) fn is_connection(&self) -> bool {
        self.0.is_open()
    }

    /// Whether the body goes on beyond the limit of the request.
    pub(super) fn is_cut(&self) -> bool {
        self.0.is_cut()
    }

    /// Why a redirect was not followed.
    pub(super) fn turned_away(&self) -> Option<TurnedAway> {
        match self.0.turned_away() {
            0 => None,
            1 => Some(TurnedAway::Elsewhere),
            _ => Some(TurnedAway::TooOften),
        }
    }

    /// Which address of the origin takes no connection, from 1.
    pub(super) fn lost_address(&self) -> Option<u16> {
        some(self.0.lost_address())
    }

    /// The body, up to the limit of the request.
    ///
    /// **Errors**: it was lost after its head had come, or cannot be read.
    pub(super) fn body(&self) -> Result<String, BodyFailure> {
        if self.0.is_unread() {
            return Err(BodyFailure::Unread);
        }
        match (self.0.is_broken(), self.0.is_late()) {
            (false, _) => Ok(self.0.text()),
            (true, false) => Err(BodyFailure::Broken),
            (true, true) => Err(BodyFailure::TimedOut),
        }
    }
}
