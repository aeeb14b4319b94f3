//! Shapes: types that are read from JSON with all mistakes reported, and written back.
//!
//! The derive of a serialisation library stops at the first mistake, and costs a kilobyte of wasm
//! per type. Here a [`Reader`] walks a parsed `Value`, continues after a mistake, and remembers
//! what was wrong and where; one more type costs a few calls (ADR-0006). The same description gives
//! the JSON Schema, so the schema always matches what is read.

use super::declare::text_shape;
use super::reader::{Object, Reader};
use crate::ordered::Map;
use serde_json::{Number, Value};

/// A type that has a JSON form.
pub(crate) trait Shape: Sized {
    /// The words that it can be; empty if it is not one of some words.
    const CHOICES: &'static [&'static str] = &[];

    /// Reads it. `None` if the value cannot be read, which is then reported.
    fn read(value: &Value, reader: &mut Reader) -> Option<Self>;

    /// Writes it.
    fn write(&self) -> Value;

    /// What an absent key means; `None` if the key is required.
    fn absent() -> Option<Self> {
        None
    }

    /// The schema of its JSON form. The default allows anything, for documents that only we write.
    #[cfg(not(target_arch = "wasm32"))]
    fn schema(_: &mut super::definitions::Definitions) -> Value {
        Value::Bool(true)
    }
}

/// A whole number between `LOW` and `HIGH`, both included.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Within<const LOW: u32, const HIGH: u32>(pub(crate) u32);

impl<const LOW: u32, const HIGH: u32> Within<LOW, HIGH> {
    /// The number.
    #[must_use]
    pub fn get(self) -> u32 {
        self.0
    }
}

impl<const LOW: u32, const HIGH: u32> Shape for Within<LOW, HIGH> {
    fn read(value: &Value, reader: &mut Reader) -> Option<Self> {
        let number = reader.number(value, LOW.into(), HIGH.into())?;
        u32::try_from(number).ok().map(Self)
    }

    fn write(&self) -> Value {
        self.0.into()
    }

    #[cfg(not(target_arch = "wasm32"))]
    fn schema(_: &mut super::definitions::Definitions) -> Value {
        serde_json::json!({"type": "integer", "minimum": LOW, "maximum": HIGH})
    }
}

impl Shape for u64 {
    fn read(value: &Value, reader: &mut Reader) -> Option<Self> {
        reader.number(value, 0, Self::MAX)
    }

    fn write(&self) -> Value {
        (*self).into()
    }

    #[cfg(not(target_arch = "wasm32"))]
    fn schema(_: &mut super::definitions::Definitions) -> Value {
        serde_json::json!({"type": "integer", "minimum": 0})
    }
}

impl Shape for u32 {
    fn read(value: &Value, reader: &mut Reader) -> Option<Self> {
        let number = reader.number(value, 0, Self::MAX.into())?;
        Self::try_from(number).ok()
    }

    fn write(&self) -> Value {
        (*self).into()
    }

    #[cfg(not(target_arch = "wasm32"))]
    fn schema(_: &mut super::definitions::Definitions) -> Value {
        serde_json::json!({"type": "integer", "minimum": 0, "maximum": Self::MAX})
    }
}

impl Shape for f64 {
    fn read(value: &Value, reader: &mut Reader) -> Option<Self> {
        let number = value.as_f64().filter(|number| number.is_finite());
        if number.is_none() {
            reader.no_number(value, "a number".to_owned());
        }
        number
    }

    fn write(&self) -> Value {
        (*self).into()
    }

    #[cfg(not(target_arch = "wasm32"))]
    fn schema(_: &mut super::definitions::Definitions) -> Value {
        serde_json::json!({"type": "number"})
    }
}

impl Shape for Number {
    fn read(value: &Value, reader: &mut Reader) -> Option<Self> {
        let number = value.as_number().cloned();
        if number.is_none() {
            reader.no_number(value, "a number".to_owned());
        }
        number
    }

    fn write(&self) -> Value {
        self.clone().into()
    }

    #[cfg(not(target_arch = "wasm32"))]
    fn schema(_: &mut super::definitions::Definitions) -> Value {
        serde_json::json!({"type": "number"})
    }
}

impl Shape for bool {
    fn read(value: &Value, reader: &mut Reader) -> Option<Self> {
        let flag = value.as_bool();
        if flag.is_none() {
            let quoted = value.as_str().filter(|text| matches!(*text, "true" | "false"));
            let hint = quoted.map(|text| ["write `", text, "`, without quotes"].concat());
            reader.misplaced(value, "`true` or `false`".to_owned(), hint);
        }
        flag
    }

    fn write(&self) -> Value {
        (*self).into()
    }

    #[cfg(not(target_arch = "wasm32"))]
    fn schema(_: &mut super::definitions::Definitions) -> Value {
        serde_json::json!({"type": "boolean"})
    }
}

impl Shape for String {
    fn read(value: &Value, reader: &mut Reader) -> Option<Self> {
        reader.text(value, "a string").map(str::to_owned)
    }

    fn write(&self) -> Value {
        self.as_str().into()
    }

    #[cfg(not(target_arch = "wasm32"))]
    fn schema(_: &mut super::definitions::Definitions) -> Value {
        serde_json::json!({"type": "string"})
    }
}

impl<T: Shape> Shape for Option<T> {
    fn read(value: &Value, reader: &mut Reader) -> Option<Self> {
        // Within a variant there is no key that could be absent.
        if value.is_null() { Some(None) } else { Some(T::read(value, reader)) }
    }

    fn write(&self) -> Value {
        self.as_ref().map_or(Value::Null, T::write)
    }

    fn absent() -> Option<Self> {
        Some(None)
    }

    #[cfg(not(target_arch = "wasm32"))]
    fn schema(definitions: &mut super::definitions::Definitions) -> Value {
        T::schema(definitions)
    }
}

impl<T: Shape> Shape for Vec<T> {
    fn read(value: &Value, reader: &mut Reader) -> Option<Self> {
        let Value::Array(values) = value else {
            reader.wrong_type(value, "a list");
            return None;
        };
        Some(reader.items(values))
    }

    fn write(&self) -> Value {
        list(self)
    }

    #[cfg(not(target_arch = "wasm32"))]
    fn schema(definitions: &mut super::definitions::Definitions) -> Value {
        serde_json::json!({"type": "array", "items": T::schema(definitions)})
    }
}

/// The items as a list.
pub(super) fn list<'t, T: Shape + 't>(items: impl IntoIterator<Item = &'t T>) -> Value {
    let mut list = Vec::new();
    for item in items {
        list.push(item.write());
    }
    Value::Array(list)
}

/// A type that can be the key of a table.
pub(crate) trait Key: Shape + Ord {
    /// Reads it, or reports.
    fn read_key(text: &str, reader: &mut Reader) -> Option<Self>;
    /// Its text.
    fn key(&self) -> String;
}

impl Key for String {
    fn read_key(text: &str, _: &mut Reader) -> Option<Self> {
        Some(text.to_owned())
    }

    fn key(&self) -> String {
        self.clone()
    }
}

impl<K: Key, V: Shape> Shape for Map<K, V> {
    fn read(value: &Value, reader: &mut Reader) -> Option<Self> {
        let Value::Object(object) = value else {
            reader.wrong_type(value, "a table");
            return None;
        };
        let mut map = Self::new();
        for (text, value) in object {
            let before = reader.enter(text);
            let key = K::read_key(text, reader);
            let entry = V::read(value, reader);
            reader.leave(before);
            match (key, entry) {
                (Some(key), Some(entry)) => drop(map.insert(key, entry)),
                _ => reader.lose(text),
            }
        }
        Some(map)
    }

    fn write(&self) -> Value {
        let mut object = Object::new();
        for (key, value) in self {
            object.insert(key.key(), value.write());
        }
        Value::Object(object)
    }

    #[cfg(not(target_arch = "wasm32"))]
    fn schema(definitions: &mut super::definitions::Definitions) -> Value {
        serde_json::json!({
            "type": "object",
            "propertyNames": K::schema(definitions),
            "additionalProperties": V::schema(definitions),
        })
    }
}

/// One value, or a list of them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct OneOrMany<T> {
    /// The values.
    pub(crate) all: Vec<T>,
    is_list: bool,
}

impl<T> OneOrMany<T> {
    /// One alone.
    pub(crate) fn one(value: T) -> Self {
        Self { all: vec![value], is_list: false }
    }

    /// The path of the value at this index, if the whole is at `path`.
    pub(crate) fn path(&self, path: &str, index: usize) -> String {
        if self.is_list { format!("{path}[{index}]") } else { path.to_owned() }
    }
}

impl<T: Shape> Shape for OneOrMany<T> {
    fn read(value: &Value, reader: &mut Reader) -> Option<Self> {
        if value.is_array() {
            return Vec::read(value, reader).map(|all| Self { all, is_list: true });
        }
        T::read(value, reader).map(Self::one)
    }

    fn write(&self) -> Value {
        match (self.is_list, self.all.as_slice()) {
            (false, [one]) => one.write(),
            _ => self.all.write(),
        }
    }

    #[cfg(not(target_arch = "wasm32"))]
    fn schema(definitions: &mut super::definitions::Definitions) -> Value {
        let one = T::schema(definitions);
        serde_json::json!({"anyOf": [one, {"type": "array", "items": one}]})
    }
}

text_shape!(foreign std::net::IpAddr, str::parse::<std::net::IpAddr>, "an IPv4 or IPv6 address", {
    "type": "string", "anyOf": [{"format": "ipv4"}, {"format": "ipv6"}]
});
text_shape!(foreign std::net::Ipv4Addr, str::parse::<std::net::Ipv4Addr>, "an IPv4 address", {
    "type": "string",
    "format": "ipv4",
});
text_shape!(foreign std::net::Ipv6Addr, str::parse::<std::net::Ipv6Addr>, "an IPv6 address", {
    "type": "string",
    "format": "ipv6",
});
