//! Acts that were done under a key, so that the same request twice is one act.

use super::act::{ActRequest, Acted};
use crate::fingerprint::Fingerprint;
use crate::journal::Actor;
use crate::json::{self, fields};
use crate::time::{MINUTE, Millis, Timestamp};

/// For how long an act is remembered by its key.
pub const KEYS_MS: Millis = 24 * 60 * MINUTE;
/// Acts that are remembered by their keys; of more the oldest are forgotten.
pub const KEYS_MAX: usize = 200;
/// Longest key, in bytes.
pub const KEY_BYTES_MAX: usize = 128;

/// An act that was done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Remembered {
    /// Who did it: the keys of two actors have nothing to do with each other.
    pub who: Actor,
    /// What the caller called the request.
    pub key: String,
    /// When it was done.
    pub at: Timestamp,
    /// Fingerprint of what was asked for.
    pub asked: Fingerprint,
    /// What it was answered with.
    pub acted: Acted,
}

fields!(Remembered { who, key, at, asked, acted });

impl Remembered {
    /// Fingerprint of what a request asks for, without who asks and by which key.
    #[must_use]
    pub fn asked(request: &ActRequest) -> Fingerprint {
        let ActRequest { act, reason, from, until, is_dry, .. } = request;
        let parts = [json::write(act), json::write(reason), json::write(from), json::write(until)];
        Fingerprint::of(format!("{}\n{is_dry}", parts.join("\n")).as_bytes())
    }

    /// Whether it is the act of this request: of the same actor, by the same key, and not too long
    /// ago.
    #[must_use]
    pub fn is_of(&self, request: &ActRequest, now: Timestamp) -> bool {
        request.key.as_ref() == Some(&self.key) && self.who == request.who && !self.is_over(now)
    }

    /// Whether it is forgotten.
    #[must_use]
    pub fn is_over(&self, now: Timestamp) -> bool {
        now.since(self.at) >= KEYS_MS
    }

    /// What its row is known by.
    #[must_use]
    pub fn row_id(&self) -> String {
        format!("{} {} {}", self.who.way.as_str(), self.who.name, self.key)
    }
}
