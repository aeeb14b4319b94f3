//! The latest routing table, for proxies that ask for news.
//!
//! KV takes a while to spread a value. A proxy that refreshes its table also asks here, with the
//! generation that it has. The table is made once for all of them, and kept until something
//! happens: most questions are answered with "nothing new".

use super::Controller;
use crate::fingerprint::Fingerprint;
use crate::routes::ROUTES_BYTES_MAX;
use crate::time::Timestamp;

/// A table that was made.
#[derive(Debug)]
pub(super) struct LatestTable {
    /// Its generation: that of the first table that says the same.
    generation: u64,
    text: String,
    /// What it says, without instants and latencies.
    substance: Fingerprint,
    /// Whether something has happened since.
    is_old: bool,
}

impl Controller {
    /// Notes that something has happened that the latest table may not say.
    pub(super) fn outdate_table(&mut self) {
        if let Some(table) = &mut self.table {
            table.is_old = true;
        }
    }

    /// The routing table, if it is later than the generation that a proxy has.
    pub(super) fn table_later(&mut self, than: Option<u64>, now: Timestamp) -> Option<String> {
        if self.table.as_ref().is_none_or(|table| table.is_old) {
            self.make_table(now);
        }
        let table = self.table.as_ref()?;
        than.is_none_or(|than| than < table.generation).then(|| table.text.clone())
    }

    fn make_table(&mut self, now: Timestamp) {
        self.grow(now);
        let made = self.table_document(now).filter(|made| made.text.len() <= ROUTES_BYTES_MAX);
        let Some(made) = made else {
            self.table = None;
            return;
        };
        let substance = made.substance();
        match &mut self.table {
            Some(known) if known.substance == substance => known.is_old = false,
            _ => {
                let (generation, text) = (self.state.generation, made.text);
                self.table = Some(LatestTable { generation, text, substance, is_old: false });
            }
        }
    }
}
