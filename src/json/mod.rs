//! JSON in and out, always by way of `Value`.
//!
//! The crate has one reader and one writer of text. Each type is only converted from and into a
//! `Value`, by its [`Shape`], which finds all mistakes at once (ADR-0006). Reading each type
//! straight from text would compile the text reader once more for each of them, a third of the
//! wasm.

mod declare;
#[cfg(not(target_arch = "wasm32"))]
mod definitions;
mod fields;
mod nearest;
mod plain;
mod reader;
#[cfg(not(target_arch = "wasm32"))]
pub(crate) mod schema;
mod shape;

pub(crate) use declare::{field, key, shape, text_shape, words};
pub(crate) use fields::{content, fields, put, put_if_any, variants};
pub(crate) use nearest::nearest;
pub(crate) use reader::{Lost, MISTAKES_MAX, Mistake, MistakeKind, Object, Reader, UnknownKeys};

pub(crate) use shape::{Key, OneOrMany, Shape, Within};

use serde::Deserializer;
use serde::de::{DeserializeSeed, Error as _, MapAccess, SeqAccess, Visitor};
use serde_json::map::Entry;
use serde_json::{Error, Map, Value};
use std::fmt;

/// Why a text is not the expected document.
#[derive(Debug, thiserror::Error)]
pub enum BadJson {
    /// Not JSON.
    #[error("{0}")]
    Text(#[from] Error),
    /// It has another shape; this is the first mistake.
    #[error("{path}: {seen}")]
    Form {
        /// The path of the value.
        path: String,
        /// What is wrong there.
        seen: String,
    },
}

/// Reads a document; unknown keys are ignored. Errors: [`BadJson`].
pub(crate) fn read<T: Shape>(text: &str) -> Result<T, BadJson> {
    from_value(&parse(text)?)
}

/// Reads a document that people write: unknown keys and keys that are there twice are mistakes.
/// Errors: [`BadJson`].
pub(crate) fn read_strictly<T: Shape>(text: &str) -> Result<T, BadJson> {
    read_by(&read_without_repeats(text)?, Reader::new(UnknownKeys::Refused))
}

/// Reads a document that is parsed already. Errors: [`BadJson::Form`].
pub(crate) fn from_value<T: Shape>(value: &Value) -> Result<T, BadJson> {
    read_by(value, Reader::new(UnknownKeys::Ignored))
}

fn read_by<T: Shape>(value: &Value, mut reader: Reader) -> Result<T, BadJson> {
    let read = T::read(value, &mut reader);
    match read {
        Some(read) if !reader.has_mistakes() => Ok(read),
        _ => Err(mistake(reader, value)),
    }
}

/// Why a value cannot be read. Separate from [`from_value`], which is compiled for each type.
fn mistake(reader: Reader, value: &Value) -> BadJson {
    match reader.into_mistakes().0.into_iter().next() {
        Some(Mistake { path, seen, .. }) => BadJson::Form { path, seen },
        None => BadJson::Form { path: ".".to_owned(), seen: reader::shown(value) },
    }
}

/// The byte-order mark, which some editors and shells write first.
pub(crate) const BOM: char = '\u{feff}';

/// The text without a byte-order mark at its start, which means nothing in UTF-8 and which a parser
/// may ignore. Source: RFC 8259 §8.1; TOML 1.1 says the same.
pub(crate) fn without_bom(text: &str) -> &str {
    text.strip_prefix(BOM).unwrap_or(text)
}

/// Parses JSON. Of two entries with the same key the last one stays.
pub(crate) fn parse(text: &str) -> Result<Value, Error> {
    parse_with(text, Repeats::LastStays)
}

/// Parses JSON and refuses duplicate keys. Otherwise one of two lists of residency rules would be
/// lost without notice.
pub(crate) fn read_without_repeats(text: &str) -> Result<Value, Error> {
    parse_with(text, Repeats::Refused)
}

fn parse_with(text: &str, repeats: Repeats) -> Result<Value, Error> {
    let mut reader = serde_json::Deserializer::from_str(text);
    let value = repeats.deserialize(&mut reader)?;
    reader.end()?;
    Ok(value)
}

/// What to do with two entries of the same key. A value and not a type, so that the parser is
/// compiled only once.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Repeats {
    LastStays,
    Refused,
}

impl<'de> DeserializeSeed<'de> for Repeats {
    type Value = Value;
    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Repeats {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_i64<E>(self, value: i64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_u64<E>(self, value: u64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_f64<E>(self, value: f64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_str<E>(self, value: &str) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Value, A::Error> {
        let mut list = Vec::new();
        while let Some(item) = items.next_element_seed(self)? {
            list.push(item);
        }
        Ok(Value::Array(list))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Value, A::Error> {
        let mut object = Map::new();
        while let Some(key) = entries.next_key::<String>()? {
            match object.entry(key) {
                Entry::Vacant(place) => {
                    place.insert(entries.next_value_seed(self)?);
                }
                Entry::Occupied(mut place) if self == Self::LastStays => {
                    place.insert(entries.next_value_seed(self)?);
                }
                Entry::Occupied(place) => {
                    return Err(A::Error::custom(format_args!("duplicate key `{}`", place.key())));
                }
            }
        }
        Ok(Value::Object(object))
    }
}

/// Writes a value on one line.
pub(crate) fn write(value: &impl Shape) -> String {
    value.write().to_string()
}

/// Writes a value for people to read.
pub(crate) fn write_pretty(value: &impl Shape) -> String {
    format!("{:#}", value.write())
}

/// An object of the entries.
pub(crate) fn object(entries: Vec<(&str, Value)>) -> Value {
    let mut object = Map::new();
    for (key, value) in entries {
        put(&mut object, key, value);
    }
    Value::Object(object)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_that_is_there_twice_is_an_error_at_any_depth() {
        for text in [r#"{"a": 1, "a": 2}"#, r#"[{"b": {"a": [], "a": []}}]"#] {
            let error = read_without_repeats(text).unwrap_err().to_string();
            assert!(error.contains("duplicate key `a`"), "{error}");
        }
        assert_eq!(parse(r#"{"a": 1, "a": 2}"#).unwrap().to_string(), r#"{"a":2}"#);
        let text = r#"{"a":[1,-2,0.5,"x",null,true],"b":{"a":{}}}"#;
        assert_eq!(read_without_repeats(text).unwrap().to_string(), text);
        assert!(read_without_repeats("{} {}").is_err());
    }
}
