//! Makes rows of what the state has.

use super::{Key, Kind, Single};
use crate::json::{self, Shape};
use crate::ordered::Map;
use std::fmt::Display;

/// Rows are sorted by their ids, so that orders and messages come back in the order in which they
/// were made.
pub(super) fn order_id(id: u64) -> String {
    format!("{id:020}")
}

pub(super) fn named<K: Display, V>(entries: &Map<K, V>) -> impl Iterator<Item = (String, &V)> {
    entries.iter().map(|(name, value)| (name.to_string(), value))
}

pub(super) fn numbered<V>(items: &[V]) -> impl Iterator<Item = (String, &V)> {
    items.iter().enumerate().map(|(index, item)| (format!("{index:05}"), item))
}

/// Rows that are made.
#[derive(Default)]
pub(super) struct Writer(Map<Key, String>);

impl Writer {
    pub(super) fn made(self) -> Map<Key, String> {
        self.0
    }

    pub(super) fn put(&mut self, kind: Kind, id: String, value: &impl Shape) {
        #[cfg(test)]
        super::MADE.set(super::MADE.get() + 1);
        self.0.insert((kind, id), json::write(value));
    }

    pub(super) fn single(&mut self, id: Single, value: Option<&impl Shape>) {
        if let Some(value) = value {
            self.put(Kind::Single, id.as_str().to_owned(), value);
        }
    }

    /// Rows that are texts already.
    pub(super) fn texts(&mut self, kind: Kind, rows: impl Iterator<Item = (String, String)>) {
        rows.for_each(|(id, text)| drop(self.0.insert((kind, id), text)));
    }

    pub(super) fn all<'v, V: Shape + 'v>(
        &mut self,
        kind: Kind,
        rows: impl Iterator<Item = (String, &'v V)>,
    ) {
        rows.for_each(|(id, value)| self.put(kind, id, value));
    }
}
