//! Rows in the order of their creation, found by id or by the value of a field.
use serde_json::Value;

use super::envelope::Row;

/// One table of the world.
#[derive(Clone, Debug, Default)]
pub(crate) struct Table {
    rows: Vec<Row>,
}

impl Table {
    pub(crate) fn rows(&self) -> impl Iterator<Item = &Row> {
        self.rows.iter()
    }

    pub(crate) fn len(&self) -> usize {
        self.rows.len()
    }

    pub(crate) fn get(&self, id: &str) -> Option<&Row> {
        self.rows.iter().find(|row| text(row, "id") == id)
    }

    pub(crate) fn find(&self, field: &str, value: &str) -> Option<&Row> {
        self.rows.iter().find(|row| text(row, field) == value)
    }

    /// Stores a row: replaces the row with the same id, or appends it.
    pub(crate) fn put(&mut self, row: Row) {
        let id = text(&row, "id");
        match self.rows.iter_mut().find(|old| text(old, "id") == id) {
            Some(old) => *old = row,
            None => self.rows.push(row),
        }
    }

    pub(crate) fn remove(&mut self, id: &str) -> Option<Row> {
        let position = self.rows.iter().position(|row| text(row, "id") == id)?;
        Some(self.rows.remove(position))
    }

    pub(crate) fn values(&self) -> Vec<Value> {
        self.rows.iter().cloned().map(Value::Object).collect()
    }
}

/// A field as text; empty if it is absent or not text.
pub(crate) fn text<'a>(row: &'a Row, field: &str) -> &'a str {
    row.get(field).and_then(Value::as_str).unwrap_or_default()
}

/// A field as a boolean; false if it is absent.
pub(crate) fn flag(row: &Row, field: &str) -> bool {
    row.get(field).and_then(Value::as_bool).unwrap_or_default()
}

/// The strings of a list field.
pub(crate) fn strings<'a>(row: &'a Row, field: &str) -> Vec<&'a str> {
    let list = row.get(field).and_then(Value::as_array);
    list.into_iter().flatten().filter_map(Value::as_str).collect()
}
