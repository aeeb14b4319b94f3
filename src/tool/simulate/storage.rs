//! The storage of the Controller's object: what is left of it after a crash.

use crate::controller::{CONFIG_ENTRY, Controller, Memory};
use crate::state::rows::{DOCUMENT_ENTRY, Row, RowChange};
use std::collections::BTreeMap;

/// Rows by kind and id, and entries by key.
#[derive(Debug, Default)]
pub(super) struct Storage {
    rows: BTreeMap<(String, String), Row>,
    entries: BTreeMap<String, String>,
}

impl Storage {
    /// Writes what the Controller has to save.
    pub(super) fn save(&mut self, controller: &mut Controller) {
        let saving = controller.unsaved();
        for change in &saving.changes {
            self.change(change.clone());
        }
        controller.saved(saving);
    }

    fn change(&mut self, change: RowChange) {
        match change {
            RowChange::PutRow(row) => {
                drop(self.rows.insert((row.kind.clone(), row.id.clone()), row));
            }
            RowChange::DeleteRow { kind, id } => drop(self.rows.remove(&(kind.to_owned(), id))),
            RowChange::PutEntry { key, value } => {
                drop(self.entries.insert(key.to_owned(), value));
            }
            RowChange::DeleteEntry { key } => drop(self.entries.remove(key)),
        }
    }

    /// The Controller of the next life.
    pub(super) fn remember(&self) -> (Controller, Vec<String>) {
        let memory = Memory {
            rows: self.rows.values().cloned().collect(),
            document: self.entries.get(DOCUMENT_ENTRY).cloned(),
            config: self.entries.get(CONFIG_ENTRY).cloned(),
        };
        Controller::remember(memory, None)
    }
}
