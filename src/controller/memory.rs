//! What the Controller remembers over a restart, and what it has to save for that.

use super::revisions::text_number;
use super::{Controller, table_too_large};
use crate::config::Config;
use crate::ordered::Map;
use crate::state::State;
use crate::state::rows::{self, Kind, Restored, Row, RowChange, Saving};

/// The entry of the object's storage that has the last good config text.
pub const CONFIG_ENTRY: &str = "last_good_config";

/// What the object's storage has.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Memory {
    /// All rows.
    pub rows: Vec<Row>,
    /// [`rows::DOCUMENT_ENTRY`], which builds before rows have written.
    pub document: Option<String>,
    /// [`CONFIG_ENTRY`].
    pub config: Option<String>,
}

impl Memory {
    /// Whether there is no state in it: then KV's copy is the last that is known.
    #[must_use]
    pub fn has_no_state(&self) -> bool {
        self.rows.is_empty() && self.document.is_none()
    }
}

impl Controller {
    /// Goes on from what storage has, or else from KV's copy of the state. Returns what did not
    /// read, for people; it is put aside with the next save.
    #[must_use]
    pub fn remember(memory: Memory, copy: Option<&str>) -> (Self, Vec<String>) {
        Self::remember_with(memory, copy, None)
    }

    /// The same, where KV has this last page of the audit chain. Whatever comes from KV is told as
    /// such: what happened after it was written is lost.
    #[must_use]
    pub fn remember_with(
        memory: Memory,
        copy: Option<&str>,
        page: Option<&str>,
    ) -> (Self, Vec<String>) {
        let is_lost = memory.has_no_state();
        let (mut controller, notes) = Self::remembered(memory, copy);
        if !is_lost {
            controller.audit_saved = controller.state.audit.head.n;
        } else if copy.is_some() || page.is_some() {
            let audit = std::mem::take(&mut controller.state.audit);
            let (audit, note) = audit.resumed(page);
            controller.state.audit = audit;
            let generation = controller.state.generation;
            let from = match copy {
                Some(_) => format!("`state` of generation {generation}"),
                None => "its audit chain alone, since there is no `state`".to_owned(),
            };
            let told = format!("the memory was lost and is restored from KV, from {from}; {note}");
            controller.restored = Some(told);
        }
        (controller, notes)
    }

    fn remembered(memory: Memory, copy: Option<&str>) -> (Self, Vec<String>) {
        let Memory { rows, document, config } = memory;
        let is_text = |row: &Row| row.kind == Kind::ConfigText.as_str();
        let (texts, rows): (Vec<Row>, Vec<Row>) = rows.into_iter().partition(is_text);
        let texts = texts.into_iter().filter_map(|row| Some((text_number(&row.id)?, row.value)));
        let texts = Map::of(texts);
        let restored = match document.as_deref() {
            _ if !rows.is_empty() => rows::restore(rows),
            Some(document) => rows::restore_document(document),
            None => copy.map(rows::restore_document).unwrap_or_default(),
        };
        let Restored { state, kept, changes, notes, .. } = restored;
        let controller = Self::restore(Some(state), config.as_deref());
        // Of a state that is put aside, the texts wait for the build that can read it.
        let mut texts = texts;
        texts.retain(|number, _| controller.state.configs.revision(*number).is_some());
        (Self { kept, unsaved: changes, texts, ..controller }, notes)
    }

    /// What has to be written now; [`Controller::saved`] notes that it was. All of it is to be
    /// written, or nothing.
    pub fn unsaved(&self) -> Saving {
        let mut saving = self.kept.changes(&self.state);
        saving.changes.splice(..0, self.unsaved.iter().cloned());
        saving
    }

    /// Notes that everything in `saving` was written, in the same turn in which it was asked for.
    pub fn saved(&mut self, saving: Saving) {
        self.unsaved = Vec::new();
        self.audit_saved = self.state.audit.head.n;
        self.kept.saved(saving);
    }

    /// Keeps a config text with the next save.
    pub(super) fn keep_config(&mut self, text: &str) {
        self.text = Some(text.to_owned());
        self.unsaved.push(RowChange::PutEntry { key: CONFIG_ENTRY, value: text.to_owned() });
    }

    /// Goes on from a state and the last good config text, where there are such. A text that no
    /// longer reads, as after a downgrade, counts as absent: everything begins Unknown, and nothing
    /// moves on that.
    #[must_use]
    pub fn restore(state: Option<State>, last_good_config: Option<&str>) -> Self {
        let config = last_good_config.and_then(|text| Config::parse(text).ok());
        let mut state = state.unwrap_or_default();
        if let Some(config) = &config {
            state.follow(config);
        }
        // A build without the limit may have taken it.
        let has_large_table = config.as_ref().and_then(table_too_large).is_some();
        let text = last_good_config.filter(|_| config.is_some()).map(str::to_owned);
        if config.is_none() {
            // Its text is lost, so it cannot be written, and KV's is the only one that there is.
            state.configs.pushed = None;
        }
        Self { state, config, has_large_table, text, ..Self::default() }
    }
}

#[cfg(test)]
pub(super) mod tests;
