//! The end of the chain, as the Controller keeps it, and the pages that KV keeps.
//!
//! KV has few writes a day, so it has pages of many entries. A page is written again until it is
//! full, and then never again. The Controller keeps what KV has not confirmed, whole pages only,
//! and the last entries for whoever asks.

use super::{AuditEntry, AuditHead};
use crate::fingerprint::Fingerprint;
use crate::journal::Event;
use crate::json::fields;

/// The prefix of the KV keys of pages. The number behind it is that of the page's first entry, with
/// zeros before it, so that KV lists pages in their order.
pub const AUDIT_PREFIX: &str = "audit:";
/// Entries of a full page: some 25 KB of KV.
pub const PAGE_ENTRIES: u64 = 50;
/// The last entries that the Controller keeps in any case.
pub const RECENT_MAX: u64 = 100;
/// Most entries that wait for KV. KV would have to be away for days; then the oldest are lost, and
/// said to be.
pub const UNKEPT_MAX: usize = 5_000;

/// The end of the chain.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct AuditLog {
    /// Where it ends.
    pub head: AuditHead,
    /// KV has confirmed all entries up to this number.
    pub kept_to: u64,
    /// The last entries, in their order.
    pub entries: Vec<AuditEntry>,
}

/// A page of the chain, as KV has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AuditPage {
    /// Its entries, in their order.
    pub entries: Vec<AuditEntry>,
}

fields!(AuditLog { head = AuditHead::default(), kept_to = 0, entries = Vec::new() });
fields!(AuditPage { entries });

/// The KV key of the page that has this entry.
#[must_use]
pub fn page_key(n: u64) -> String {
    format!("{AUDIT_PREFIX}{:010}", page_first(n))
}

/// The number of the first entry of the page that has this entry.
pub(super) fn page_first(n: u64) -> u64 {
    let before = n.saturating_sub(1);
    before.saturating_sub(before % PAGE_ENTRIES).saturating_add(1)
}

/// The number of its last entry, once it is full.
pub(super) fn page_last(n: u64) -> u64 {
    page_first(n).saturating_add(PAGE_ENTRIES - 1)
}

impl AuditLog {
    /// Appends the entry of an event. Returns the numbers of the entries that are lost for want of
    /// room, the first and the last.
    pub fn append(&mut self, event: &Event, config: Option<Fingerprint>) -> Option<(u64, u64)> {
        let entry = AuditEntry::after(self.head, event, config);
        self.head = entry.head();
        self.entries.push(entry);
        self.shed()
    }

    /// The pages that KV does not have as they are, with the entries up to `saved_to`: KV never has
    /// an entry that the Controller's storage has not, or else a crash could fork the chain.
    #[must_use]
    pub fn pages_due(&self, saved_to: u64) -> Vec<AuditPage> {
        let is_saved = |entry: &&AuditEntry| entry.n <= saved_to;
        let from = page_first(self.kept_to.saturating_add(1));
        let saved = self.entries.iter().filter(is_saved).filter(|entry| entry.n >= from);
        let saved: Vec<AuditEntry> = saved.cloned().collect();
        let pages = saved.chunk_by(|a, b| page_first(a.n) == page_first(b.n));
        let pages = pages.map(|entries| AuditPage { entries: entries.to_vec() });
        pages.filter(|page| page.head().n > self.kept_to && page.is_whole(self.kept_to)).collect()
    }

    /// The chain up to the entry `saved_to`: what the Controller's storage has, and what KV may.
    #[must_use]
    pub fn saved(&self, saved_to: u64) -> Self {
        if saved_to >= self.head.n {
            return self.clone();
        }
        let entries: Vec<AuditEntry> =
            self.entries.iter().filter(|entry| entry.n <= saved_to).cloned().collect();
        let before =
            |next: &AuditEntry| AuditHead { n: next.n.saturating_sub(1), hash: next.before };
        let next = self.entries.iter().find(|entry| entry.n > saved_to);
        let head = next.map_or(self.head, before);
        Self { head, kept_to: self.kept_to, entries }
    }

    /// Notes that KV has a page, which ends at the entry whose hash has this fingerprint. Where a
    /// page before it is still on its way, that one stays due.
    pub fn arrived(&mut self, key: &str, substance: Fingerprint) {
        let is_it =
            |entry: &&AuditEntry| entry.hash.fingerprint() == substance && page_key(entry.n) == key;
        let Some(n) = self.entries.iter().find(is_it).map(|entry| entry.n) else { return };
        if n > self.kept_to && page_first(n) == page_first(self.kept_to.saturating_add(1)) {
            self.kept_to = n;
        }
        // Nothing is added, so nothing is lost for want of room.
        let _ = self.shed();
    }

    /// Forgets the entries that nobody needs here.
    fn shed(&mut self) -> Option<(u64, u64)> {
        let recent = self.head.n.saturating_sub(RECENT_MAX).saturating_add(1);
        let needed = page_first(self.kept_to.saturating_add(1)).min(recent);
        self.entries.retain(|entry| entry.n >= needed);
        if self.entries.len() <= UNKEPT_MAX {
            return None;
        }
        let first = self.entries.first()?.n;
        let last = page_last(first);
        self.entries.retain(|entry| entry.n > last);
        self.kept_to = self.kept_to.max(last);
        Some((first, last))
    }
}

impl AuditPage {
    /// The KV key.
    #[must_use]
    pub fn key(&self) -> String {
        page_key(self.head().n)
    }

    /// Where it ends.
    #[must_use]
    pub fn head(&self) -> AuditHead {
        self.entries.last().map(AuditEntry::head).unwrap_or_default()
    }

    /// What the dashboard shows beside the key.
    #[must_use]
    pub fn summary(&self) -> String {
        let hash = |entry: Option<&AuditEntry>| entry.map(|it| it.hash).unwrap_or_default();
        let first = self.entries.first();
        let (from, to) = (first.map_or(0, |entry| entry.n), self.head().n);
        format!("entries {from} to {to}, first {}, last {}", hash(first), self.head().hash)
    }

    /// Whether no entry is missing in it. Where the first ones of a page were lost for want of
    /// room, it begins behind them.
    fn is_whole(&self, kept_to: u64) -> bool {
        let Some(first) = self.entries.first() else { return false };
        let mut numbers = (first.n..).zip(&self.entries);
        let begins = first.n == page_first(first.n) || first.n == kept_to.saturating_add(1);
        begins && numbers.all(|(n, entry)| entry.n == n)
    }
}
