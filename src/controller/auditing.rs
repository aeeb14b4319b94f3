//! The audit chain: every change, with who and why.
//!
//! An entry is saved together with what it is about, and goes to KV behind that, as a page. KV gets
//! only what is saved: if it had an entry that a crash took from the Controller, the next entry
//! would fork the chain.

use super::Controller;
use super::writing::Document;
use crate::documents::{AuditAnswer, Metadata};
use crate::fingerprint::Fingerprint;
use crate::journal::{
    AUDIT_PREFIX, AuditEntry, AuditHead, AuditPage, Event, EventKind, PAGE_ENTRIES, PageSearch,
    is_change,
};
use crate::json;
use crate::ordered::Set;
use crate::state::State;
use crate::time::Timestamp;

/// The search for the last page of the chain that KV has, where the copy of the state is this.
#[must_use]
pub fn audit_search(copy: Option<&str>) -> PageSearch {
    let state = copy.and_then(|text| State::parse(text).ok());
    PageSearch::from(state.map_or(0, |state| state.audit.head.n))
}

impl Controller {
    /// Appends an event to the chain, if it is a change.
    pub(super) fn audit(&mut self, event: &Event) {
        if !is_change(event.kind) {
            return;
        }
        let config = self.config.as_ref().map(|config| config.fingerprint);
        let lost = match self.refusal(event) {
            Some(refusal) => self.state.audit.append(&refusal, config),
            None => self.state.audit.append(event, config),
        };
        if let Some((from, to)) = lost {
            let text = format!(
                "the audit entries {from} to {to} are lost: KV has not taken them for too long, \
                 and there is no more room for them"
            );
            self.news.tell(Event::new(EventKind::Failed, text, event.at).urgent());
        }
    }

    /// What the chain says of a refused config. The causes name what stands in the config, such as
    /// tenants, so only their codes are kept.
    fn refusal(&self, event: &Event) -> Option<Event> {
        let refused = self.state.refused.as_ref();
        let refused = refused.filter(|_| event.kind == EventKind::ConfigRefused)?;
        let codes = Set::of(refused.problems.iter().map(|problem| problem.code.as_str()));
        let codes: Vec<&str> = codes.into_iter().collect();
        let (config, total, codes) =
            (refused.fingerprint, refused.problems_total, codes.join(", "));
        let text = format!("the config {config} in KV is refused, for {total} problems: {codes}");
        Some(Event { text, ..event.clone() })
    }

    /// The keys of the pages that KV does not have as they are.
    pub(super) fn audit_keys(&self) -> impl Iterator<Item = String> {
        self.state.audit.pages_due(self.audit_saved).into_iter().map(|page| page.key())
    }

    /// Those of these pages that are wanted.
    pub(super) fn audit_documents(&self, wanted: &Set<String>, now: Timestamp) -> Vec<Document> {
        let pages = self.state.audit.pages_due(self.audit_saved).into_iter();
        let pages = pages.filter(|page| wanted.contains(&page.key()));
        let document = |page: AuditPage| {
            let metadata = Metadata::new(now, page.summary());
            let substance = page.head().hash.fingerprint();
            Document::whole(page.key(), json::write_pretty(&page), metadata, substance)
        };
        pages.map(document).collect()
    }

    /// What tells whether the chain has grown; absent where it has not begun.
    pub(super) fn audit_substance(&self) -> Option<Fingerprint> {
        let AuditHead { n, hash } = self.state.audit.head;
        (n > 0).then(|| hash.fingerprint())
    }

    /// Notes that a page has arrived in KV. Returns whether it is one.
    pub(super) fn audit_arrived(&mut self, key: &str, substance: Fingerprint) -> bool {
        let is_page = key.starts_with(AUDIT_PREFIX);
        if is_page {
            self.state.audit.arrived(key, substance);
        }
        is_page
    }

    /// The chain from an entry on, as far as the Controller has it.
    #[must_use]
    pub fn audit_page(&self, from: u64) -> AuditAnswer {
        let audit = &self.state.audit;
        let entries: Vec<AuditEntry> =
            audit.entries.iter().filter(|it| it.n >= from).cloned().collect();
        let shown = usize::try_from(PAGE_ENTRIES).unwrap_or(usize::MAX);
        let next = entries.get(shown).map(|entry| entry.n);
        AuditAnswer {
            head: audit.head,
            kept_to: audit.kept_to,
            first: audit.entries.first().map_or(0, |entry| entry.n),
            entries: entries.into_iter().take(shown).collect(),
            next,
        }
    }
}

#[cfg(test)]
mod tests;
