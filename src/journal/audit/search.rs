//! Finds the last page that KV has, with few reads.
//!
//! It begins with the page at which the copy of the state ends, which is the last one or nearly.
//! Without a copy it begins with the first page. Then it looks ahead in steps that double, and
//! halves the last step.

use super::log::{PAGE_ENTRIES, page_key};

/// A search for the last page.
#[derive(Debug, Clone, Default)]
pub struct PageSearch {
    /// Index of the page to begin with.
    start: u64,
    /// The last page that was found.
    found: Option<(u64, String)>,
    /// The first page that is known to be missing.
    missing: Option<u64>,
    /// How far to look ahead next.
    step: u64,
}

impl PageSearch {
    /// A search for the last page of a chain that has an entry of this number, or is empty (0).
    #[must_use]
    pub fn from(n: u64) -> Self {
        Self { start: n.saturating_sub(1) / PAGE_ENTRIES, step: 1, ..Self::default() }
    }

    /// The key to read next; `None` once the last page is known.
    #[must_use]
    pub fn next_key(&self) -> Option<String> {
        self.next().map(|index| page_key(index.saturating_mul(PAGE_ENTRIES).saturating_add(1)))
    }

    fn next(&self) -> Option<u64> {
        match (&self.found, self.missing) {
            (None, None) => Some(self.start),
            (None, Some(_)) => None,
            (Some((found, _)), None) => Some(found.saturating_add(self.step)),
            (Some((found, _)), Some(missing)) => {
                let between = missing.saturating_sub(*found) / 2;
                (between > 0).then(|| found.saturating_add(between))
            }
        }
    }

    /// Takes what KV has under that key.
    pub fn tell(&mut self, page: Option<String>) {
        let Some(index) = self.next() else { return };
        match page {
            Some(page) => {
                self.step = if self.found.is_some() { self.step.saturating_mul(2) } else { 1 };
                self.found = Some((index, page));
            }
            None => self.missing = Some(index),
        }
    }

    /// The text of the last page that was found.
    #[must_use]
    pub fn into_page(self) -> Option<String> {
        self.found.map(|(_, page)| page)
    }
}
