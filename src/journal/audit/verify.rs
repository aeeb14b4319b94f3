//! Whether entries are a chain, and where they first are not.

use super::{AuditEntry, AuditHash, AuditHead, hash_of};
use crate::json;
use serde_json::Value;

/// The first thing that is wrong with a chain.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Flaw {
    /// Not an entry.
    #[error("the entry behind entry {after} does not read: {why}")]
    Unreadable {
        /// The entry before it; 0 if it is the first.
        after: u64,
        /// Why.
        why: String,
    },
    /// Something in it was changed: its hash is another one.
    #[error("entry {n} was changed: it does not have the hash that it names")]
    Changed {
        /// The entry.
        n: u64,
    },
    /// Entries are missing.
    #[error("entries are missing: {from} to {to}")]
    Missing {
        /// The first one.
        from: u64,
        /// The last one.
        to: u64,
    },
    /// An entry stands where it does not belong, or stands there twice.
    #[error("entry {n} is out of order: it stands behind entry {after}")]
    OutOfOrder {
        /// The entry.
        n: u64,
        /// The one before which it belongs.
        after: u64,
    },
    /// An entry follows another one than the one before it: one of both was replaced, or the chain
    /// was forked.
    #[error("the chain is forked at entry {n}: it does not follow the entry before it")]
    Forked {
        /// The entry.
        n: u64,
    },
    /// The chain does not end with the entry that it should end with.
    #[error("the chain does not have the entry with the hash {0}: its end was cut off or replaced")]
    NoHead(AuditHash),
}

/// A chain that holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verified {
    /// Its entries.
    pub entries: Vec<AuditEntry>,
}

impl Verified {
    /// Where it ends.
    #[must_use]
    pub fn head(&self) -> AuditHead {
        self.entries.last().map(AuditEntry::head).unwrap_or_default()
    }
}

/// Checks that the entries are the chain from entry `from` on. What is before entry `from` is not
/// known, so that entry may follow anything unless it is the first of all. Errors: the first flaw.
pub fn verify(entries: &[Value], from: u64) -> Result<Verified, Flaw> {
    let mut before = AuditHead { n: from.saturating_sub(1), hash: AuditHash::default() };
    let mut read: Vec<AuditEntry> = Vec::new();
    for value in entries {
        let entry: AuditEntry = json::from_value(value)
            .map_err(|error| Flaw::Unreadable { after: before.n, why: error.to_string() })?;
        let n = entry.n;
        // All that stands there counts, also what this build does not know.
        if hash_of(value) != entry.hash {
            return Err(Flaw::Changed { n });
        }
        let due = before.n.saturating_add(1);
        if n < due {
            return Err(Flaw::OutOfOrder { n, after: before.n });
        }
        if n > due {
            return Err(Flaw::Missing { from: due, to: n.saturating_sub(1) });
        }
        let is_checked = !read.is_empty() || n <= 1;
        if is_checked && entry.before != before.hash {
            return Err(Flaw::Forked { n });
        }
        before = entry.head();
        read.push(entry);
    }
    Ok(Verified { entries: read })
}
