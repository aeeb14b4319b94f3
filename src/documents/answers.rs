//! Documents that are made for whoever asks the admin API, and that KV does not have.

use crate::fingerprint::Fingerprint;
use crate::journal::{Actor, AuditEntry, AuditHead};
use crate::json::fields;
use crate::time::Timestamp;

/// The configs that were in use, the latest first.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HistoryAnswer {
    /// The number of the revision in use.
    pub in_use: Option<u64>,
    /// What KV may still show.
    pub kv: Option<String>,
    /// All that are remembered.
    pub revisions: Vec<RevisionAnswer>,
}

/// One config that was in use.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RevisionAnswer {
    /// Its number; numbers grow.
    pub revision: u64,
    /// Its fingerprint.
    pub fingerprint: Fingerprint,
    /// When it came into use.
    pub at: Timestamp,
    /// Who brought it.
    pub who: Actor,
    /// Why.
    pub why: Option<String>,
    /// How long its text is.
    pub bytes: usize,
    /// Whether its text is kept, so that one can go back to it.
    pub has_text: bool,
    /// Its text; only where one is asked for.
    pub text: Option<String>,
}

/// The end of the audit chain.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AuditAnswer {
    /// Where the chain ends.
    pub head: AuditHead,
    /// KV has all entries up to this number.
    pub kept_to: u64,
    /// The first entry that the Controller has; older ones are in the pages of KV alone.
    pub first: u64,
    /// At most as many as a page of KV has.
    pub entries: Vec<AuditEntry>,
    /// The number to ask for next; absent where there are no more.
    pub next: Option<u64>,
}

fields!(HistoryAnswer { in_use, kv if any, revisions });
fields!(RevisionAnswer {
    revision,
    fingerprint,
    at,
    who,
    why if any,
    bytes,
    has_text,
    text if any,
});
fields!(AuditAnswer { head, kept_to, first, entries, next if any });
