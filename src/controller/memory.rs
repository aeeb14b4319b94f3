//! What the Controller remembers over a restart, and what it has to save for that.

use super::{Controller, table_too_large};
use crate::config::Config;
use crate::state::State;
use crate::state::rows::{self, Restored, Row, RowChange, Saving};

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
        let Memory { rows, document, config } = memory;
        let restored = match document.as_deref() {
            _ if !rows.is_empty() => rows::restore(rows),
            Some(document) => rows::restore_document(document),
            None => copy.map(rows::restore_document).unwrap_or_default(),
        };
        let Restored { state, kept, changes, notes, .. } = restored;
        let controller = Self::restore(Some(state), config.as_deref());
        (Self { kept, unsaved: changes, ..controller }, notes)
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
        self.kept.saved(saving);
    }

    /// Keeps a config text with the next save.
    pub(super) fn keep_config(&mut self, text: &str) {
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
        Self { state, config, has_large_table, ..Self::default() }
    }
}

#[cfg(test)]
mod tests;
