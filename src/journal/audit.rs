//! The audit chain: every change, with who and why, so that no entry can be changed unnoticed.
//!
//! An entry has the hash of the entry before it, and its own hash is over everything that it says,
//! that one included. Whoever changes, removes, swaps or adds an entry has to change all later
//! hashes, and so the last one. What is cut off the end is only seen by somebody who noted a hash.
//!
//! The hash is SHA-256 over the bytes of the entry as JSON without its key `hash`: UTF-8, keys in
//! the order of their letters at each level, no space outside of strings, characters as themselves
//! where JSON allows it. `jq -jcS 'del(.hash)'` writes the same bytes (ADR-0026).
//!
//! **No personal data** (invariant 9). An actor is known by a name of plain characters. Words of
//! people and of others lose what looks like an e-mail address and control characters, and are cut.

mod log;
mod plain;
mod resume;
mod search;
#[cfg(test)]
mod tests;
mod verify;

pub use log::{AUDIT_PREFIX, AuditLog, AuditPage, PAGE_ENTRIES, RECENT_MAX, UNKEPT_MAX, page_key};
pub use plain::{WHAT_BYTES_MAX, WHY_BYTES_MAX, plain_words};
pub use search::PageSearch;
pub use verify::{Flaw, Verified, verify};

use super::{Actor, Event, EventKind, Subject};
use crate::fingerprint::Fingerprint;
use crate::hex;
use crate::json::{self, Shape, fields, text_shape};
use crate::time::Timestamp;
use plain::plain_name;
use serde_json::Value;
use sha2::{Digest, Sha256};
use std::fmt;

/// The key of an entry that has its hash.
const HASH_KEY: &str = "hash";
/// Bytes of a SHA-256 hash.
const HASH_BYTES: usize = 32;

/// A SHA-256 hash, written as 64 hex digits.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct AuditHash([u8; HASH_BYTES]);

/// The text is not 64 hex digits.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("a hash has 64 hex digits in lower case")]
pub struct BadHash;

/// Where the chain ends: the number and the hash of its last entry. The chain that has no entry
/// ends at number 0 with the hash of 64 zeros.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct AuditHead {
    /// The number of the last entry.
    pub n: u64,
    /// Its hash.
    pub hash: AuditHash,
}

/// One change.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AuditEntry {
    /// Its number: 1 for the first, and one more for each.
    pub n: u64,
    /// When.
    pub at: Timestamp,
    /// What kind of change: the word of an [`EventKind`]. A text, so that each build can keep the
    /// entries of others.
    pub kind: String,
    /// Who made it.
    pub who: Actor,
    /// Why.
    pub why: Option<String>,
    /// What it was.
    pub what: String,
    /// What it is about.
    pub subject: Subject,
    /// The config that was in use after it.
    pub config: Option<Fingerprint>,
    /// The hash of the entry before.
    pub before: AuditHash,
    /// Its own hash.
    pub hash: AuditHash,
}

fields!(AuditHead { n, hash });
fields!(AuditEntry {
    n,
    at,
    kind,
    who,
    why if any,
    what,
    subject,
    config if any,
    before,
    hash,
});

/// Whether something that happened is a change, by us or by somebody else. What is only seen, and
/// what was not done, is told by incidents.
#[must_use]
pub fn is_change(kind: EventKind) -> bool {
    match kind {
        EventKind::Applied
        | EventKind::ConfigTaken
        | EventKind::ConfigRefused
        | EventKind::Acted
        | EventKind::Ordered
        | EventKind::InForce
        | EventKind::Lifted
        | EventKind::OtherOwner
        | EventKind::AlertLost
        | EventKind::Restored
        | EventKind::PlanBegun
        | EventKind::Step
        | EventKind::Promoted
        | EventKind::PlanEnded
        | EventKind::DrillBegun
        | EventKind::DrillEnded => true,
        EventKind::Observed
        | EventKind::Stage
        | EventKind::ApprovalNeeded
        | EventKind::NotReady
        | EventKind::Ready
        | EventKind::ContractBroken
        | EventKind::ContractKept
        | EventKind::Burn
        | EventKind::BurnOver
        | EventKind::Errors
        | EventKind::ErrorsOver
        | EventKind::Opened
        | EventKind::Down
        | EventKind::Up
        | EventKind::Closed
        | EventKind::Verified
        | EventKind::Withheld
        | EventKind::Released
        | EventKind::Failed
        | EventKind::Doubt
        | EventKind::DoubtOver
        | EventKind::HeldBack
        | EventKind::Silent
        | EventKind::Heard
        | EventKind::StandsIn
        | EventKind::StandsDown => false,
    }
}

impl AuditEntry {
    /// The entry of an event, behind the entry that is the last one.
    #[must_use]
    pub fn after(head: AuditHead, event: &Event, config: Option<Fingerprint>) -> Self {
        let who = Actor { name: plain_name(&event.who.name), way: event.who.way };
        let mut entry = Self {
            n: head.n.saturating_add(1),
            at: event.at,
            kind: event.kind.as_str().to_owned(),
            who,
            why: event.why.as_deref().map(|why| plain_words(why, WHY_BYTES_MAX)),
            what: plain_words(&event.text, WHAT_BYTES_MAX),
            subject: event.subject.clone(),
            config,
            before: head.hash,
            hash: AuditHash::default(),
        };
        entry.hash = hash_of(&entry.write());
        entry
    }

    /// Where the chain ends if this is the last entry.
    #[must_use]
    pub fn head(&self) -> AuditHead {
        AuditHead { n: self.n, hash: self.hash }
    }
}

/// The hash that an entry should have, over all that it says.
fn hash_of(entry: &Value) -> AuditHash {
    AuditHash(Sha256::digest(hashed(entry).as_bytes()).into())
}

/// The bytes that are hashed. The object's keys are in order, because its map is.
fn hashed(entry: &Value) -> String {
    let mut said = entry.clone();
    if let Some(object) = said.as_object_mut() {
        drop(object.remove(HASH_KEY));
    }
    said.to_string()
}

impl AuditHash {
    /// Reads it. Errors: [`BadHash`].
    pub fn parse(text: &str) -> Result<Self, BadHash> {
        hex::read(text).map(Self).ok_or(BadHash)
    }

    /// A short hash of it, for what is only compared.
    #[must_use]
    pub fn fingerprint(&self) -> Fingerprint {
        Fingerprint::of(&self.0)
    }
}

impl fmt::Display for AuditHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&hex::write(&self.0))
    }
}

text_shape!(AuditHash, AuditHash::parse, "64 hex digits in lower case", {"type": "string"});

/// Reads a page as KV has it. Errors: why it is none, for people.
pub(super) fn read_page(text: &str) -> Result<AuditPage, String> {
    json::read(text).map_err(|error| error.to_string())
}
