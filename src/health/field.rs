//! Single values of an origin's health document, as they were read.
//!
//! A promotion and a contract ask for figures that a verdict does not have: how far a replica is
//! behind, when it last heard from its primary, how old a backup is. What is missing, null or of
//! another kind is kept as such: it is unknown, and unknown is never less than a limit.

use crate::json::{fields, variants};
use crate::time::{Millis, Timestamp};
use serde_json::{Number, Value};
use std::cmp::Ordering;

/// Longest text of a field that is kept, in bytes. A longer one is cut off.
pub const FIELD_BYTES_MAX: usize = 64;
/// Most fields that are read of one answer.
pub const FIELDS_MAX: usize = 16;

/// What an answer had at a JSON pointer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Field {
    /// A number.
    Number(Number),
    /// A text of at most [`FIELD_BYTES_MAX`] bytes.
    Text(String),
    /// A truth value.
    Flag(bool),
    /// Null: whoever wrote it does not know.
    Null {},
    /// Nothing.
    Missing {},
    /// A list or an object.
    Other {},
    /// The answer is no JSON document.
    NotJson {},
}

variants!(Field {
    Number = "number" (value),
    Text = "text" (value),
    Flag = "flag" (value),
    Null = "null" {},
    Missing = "missing" {},
    Other = "other" {},
    NotJson = "not_json" {},
});

/// A field with its time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Seen {
    /// What it was.
    pub value: Field,
    /// When it was read.
    pub at: Timestamp,
    /// When it was first read with this value.
    pub since: Timestamp,
    /// How long before `at` it was asked for: the value is from some instant in between.
    pub took_ms: Millis,
}

fields!(Seen { value, at, since, took_ms = 0 });

impl Field {
    /// What a document has at a pointer; `None`: the answer is no document.
    pub(super) fn of(document: Option<&Value>, pointer: &str) -> Self {
        let Some(document) = document else { return Self::NotJson {} };
        document.pointer(pointer).map_or(Self::Missing {}, Self::from_value)
    }

    /// What a value is.
    pub(super) fn from_value(value: &Value) -> Self {
        match value {
            Value::Null => Self::Null {},
            Value::Bool(flag) => Self::Flag(*flag),
            Value::Number(number) => Self::Number(number.clone()),
            Value::String(text) => Self::Text(cut(text)),
            Value::Array(_) | Value::Object(_) => Self::Other {},
        }
    }

    /// The number; `None` where it is none. A text of digits is none: whoever writes numbers as
    /// text may write other texts there too.
    #[must_use]
    pub fn number(&self) -> Option<f64> {
        match self {
            Self::Number(number) => number.as_f64(),
            _ => None,
        }
    }

    /// What it is, in a few words for people.
    #[must_use]
    pub fn words(&self) -> String {
        match self {
            Self::Number(number) => number.to_string(),
            Self::Text(text) => format!("the text \"{text}\""),
            Self::Flag(flag) => flag.to_string(),
            Self::Null {} => "null".to_owned(),
            Self::Missing {} => "missing".to_owned(),
            Self::Other {} => "a list or an object".to_owned(),
            Self::NotJson {} => "in no JSON document".to_owned(),
        }
    }
}

impl Seen {
    /// The field as it was read now, after it was read before.
    #[must_use]
    pub fn after(before: Option<&Self>, value: Field, at: Timestamp) -> Self {
        let same = before.filter(|before| before.value == value);
        let since = same.map_or(at, |before| before.since);
        Self { value, at, since, took_ms: 0 }
    }

    /// The same, by a probe that took so long.
    #[must_use]
    pub fn taking(self, took_ms: Millis) -> Self {
        Self { took_ms, ..self }
    }

    /// When it was asked for.
    #[must_use]
    pub fn asked(&self) -> Timestamp {
        self.at.minus(self.took_ms)
    }
}

/// Compares whole numbers as integers: as floats, 2^53 and 2^53 + 1 would be equal.
#[must_use]
pub fn compare(a: &Number, b: &Number) -> Option<Ordering> {
    match (a.as_i128(), b.as_i128()) {
        (Some(a), Some(b)) => Some(a.cmp(&b)),
        _ => a.as_f64()?.partial_cmp(&b.as_f64()?),
    }
}

/// Whether a number is more than `most` below another.
#[must_use]
pub fn is_behind(number: &Number, other: &Number, most: u32) -> bool {
    match (number.as_i128(), other.as_i128()) {
        (Some(number), Some(other)) => other.saturating_sub(number) > i128::from(most),
        _ => match (number.as_f64(), other.as_f64()) {
            (Some(number), Some(other)) => other - number > f64::from(most),
            _ => false,
        },
    }
}

fn cut(text: &str) -> String {
    let end = (0..=FIELD_BYTES_MAX.min(text.len())).rev().find(|end| text.is_char_boundary(*end));
    text.get(..end.unwrap_or(0)).unwrap_or_default().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_field_remembers_since_when_it_has_its_value() {
        let at = Timestamp::from_millis;
        let first = Seen::after(None, Field::Flag(true), at(1));
        let same = Seen::after(Some(&first), Field::Flag(true), at(2));
        let other = Seen::after(Some(&same), Field::Flag(false), at(3));
        assert_eq!((same.at, same.since, other.since), (at(2), at(1), at(3)));
    }
}
