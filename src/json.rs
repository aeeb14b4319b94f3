//! JSON in and out, always by way of `Value`.
//!
//! One reader and one writer of text for the whole crate; each type is only turned from and into a
//! `Value`. Reading types straight from text would compile the text reader once more for each of
//! them, which is a third of the wasm.

use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Error, Value};

/// Reads a value. Errors: the text is not JSON, or not of this shape.
pub(crate) fn read<T: DeserializeOwned>(text: &str) -> Result<T, Error> {
    let value: Value = serde_json::from_str(text)?;
    serde_json::from_value(value)
}

/// Writes a value on one line. Structs of plain fields with string keys, which is all that we
/// write, always can be.
pub(crate) fn write(value: &impl Serialize) -> String {
    serde_json::to_value(value).unwrap_or_default().to_string()
}

/// Writes a value for people to read.
pub(crate) fn write_pretty(value: &impl Serialize) -> String {
    let value = serde_json::to_value(value).unwrap_or_default();
    serde_json::to_string_pretty(&value).unwrap_or_default()
}
