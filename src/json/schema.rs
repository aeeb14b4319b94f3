//! JSON Schema of the shapes, for editors and generators of configs. Native only.
//!
//! Source: JSON Schema, draft 2020-12.

pub(crate) use super::definitions::Definitions;
use super::shape::Shape;
use serde_json::{Value, json};

/// The schema of one object while its fields are listed.
#[derive(Debug, Default)]
pub(crate) struct ObjectSchema {
    properties: serde_json::Map<String, Value>,
    required: Vec<String>,
    inner: Definitions,
}

impl Definitions {
    /// A reference to the schema of the object `name`, which is made on first use.
    pub(crate) fn object(
        &mut self,
        name: &str,
        about: &str,
        fields: impl FnOnce(&mut ObjectSchema),
    ) -> Value {
        // A type that mirrors a table has the name of the table, after `Raw`.
        let name = match name.strip_prefix("Raw") {
            Some("") => "Config",
            Some(table) => table,
            None => name,
        };
        let reference = json!({"$ref": format!("#/$defs/{name}")});
        if self.0.contains_key(name) {
            return reference;
        }
        // Reserves the name first, so that a shape that contains itself ends.
        self.0.insert(name.to_owned(), Value::Null);
        let inner = std::mem::take(self);
        let mut object = ObjectSchema { inner, ..ObjectSchema::default() };
        fields(&mut object);
        let ObjectSchema { properties, required, inner } = object;
        *self = inner;
        let mut schema = closed(&properties, &required);
        if !about.is_empty() {
            insert(&mut schema, "description", plain(about).into());
        }
        self.0.insert(name.to_owned(), schema);
        reference
    }

    /// A reference to the schema of the enum `name`: one of some objects with one key each.
    pub(crate) fn one_of(&mut self, name: &str, list: impl FnOnce(&mut ChoiceSchema)) -> Value {
        let reference = json!({"$ref": format!("#/$defs/{name}")});
        if self.0.contains_key(name) {
            return reference;
        }
        self.0.insert(name.to_owned(), Value::Null);
        let inner = std::mem::take(self);
        let mut choices = ChoiceSchema { inner, ..ChoiceSchema::default() };
        list(&mut choices);
        let ChoiceSchema { choices, inner } = choices;
        *self = inner;
        self.0.insert(name.to_owned(), json!({"oneOf": choices}));
        reference
    }

    /// The names so far.
    pub(crate) fn names(&self) -> Vec<String> {
        self.0.keys().cloned().collect()
    }

    /// All of them with their names.
    pub(crate) fn into_named(self) -> impl Iterator<Item = (String, Value)> {
        self.0.into_iter()
    }

    /// The whole document: the schema of `T` with everything that it refers to.
    pub(crate) fn document<T: Shape>(title: &str) -> Value {
        let mut definitions = Self::default();
        let mut document = T::schema(&mut definitions);
        let all: serde_json::Map<_, _> = definitions.0.into_iter().collect();
        insert(&mut document, "$schema", "https://json-schema.org/draft/2020-12/schema".into());
        insert(&mut document, "title", title.into());
        insert(&mut document, "$defs", Value::Object(all));
        document
    }
}

/// The schemas of the variants of an enum while they are listed.
#[derive(Debug, Default)]
pub(crate) struct ChoiceSchema {
    choices: Vec<Value>,
    inner: Definitions,
}

impl ChoiceSchema {
    /// A variant that has fields.
    pub(crate) fn object(&mut self, word: &str, fields: impl FnOnce(&mut ObjectSchema)) {
        let inner = std::mem::take(&mut self.inner);
        let mut object = ObjectSchema { inner, ..ObjectSchema::default() };
        fields(&mut object);
        let ObjectSchema { properties, required, inner } = object;
        self.inner = inner;
        self.add(word, closed(&properties, &required));
    }

    /// A variant that has one thing, as `of` would find it.
    pub(crate) fn value<S, T: Shape>(&mut self, word: &str, _of: fn(&S) -> Option<*const T>) {
        let content = T::schema(&mut self.inner);
        self.add(word, content);
    }

    fn add(&mut self, word: &str, content: Value) {
        let mut properties = serde_json::Map::new();
        properties.insert(word.to_owned(), content);
        self.choices.push(closed(&properties, &[word.to_owned()]));
    }
}

/// An object with these properties and no other.
fn closed(properties: &serde_json::Map<String, Value>, required: &[String]) -> Value {
    json!({
        "type": "object",
        "properties": properties,
        "required": required,
        "additionalProperties": false,
    })
}

impl ObjectSchema {
    /// Adds a field of a type that is declared elsewhere, as `of` would find it. Whether one that
    /// has no value is written as `null`.
    pub(crate) fn entry<S, T: Shape>(
        &mut self,
        key: &str,
        _of: fn(&S) -> Option<*const T>,
        has_null: bool,
        default: Option<T>,
    ) {
        let absent = T::absent().map(|absent| absent.write());
        self.field::<T>(key, "", default);
        let may_be_null = has_null && absent.is_some_and(|absent| absent.is_null());
        if let Some(schema) = self.properties.get_mut(key).filter(|_| may_be_null) {
            *schema = json!({"anyOf": [schema.clone(), {"type": "null"}]});
        }
    }

    /// Adds a field.
    pub(crate) fn field<T: Shape>(&mut self, key: &str, about: &str, default: Option<T>) {
        let mut schema = T::schema(&mut self.inner);
        let about = plain(about);
        if !about.is_empty() {
            insert(&mut schema, "description", about.into());
        }
        match default.or_else(T::absent) {
            None => self.required.push(key.to_owned()),
            Some(default) => {
                let default = default.write();
                if !default.is_null() && !default.is_object() {
                    insert(&mut schema, "default", default);
                }
            }
        }
        self.properties.insert(key.to_owned(), schema);
    }
}

/// Adds a key to a schema, which is always an object.
fn insert(schema: &mut Value, key: &str, value: Value) {
    if let Value::Object(object) = schema {
        object.insert(key.to_owned(), value);
    }
}

/// The words of a doc comment on one line.
fn plain(about: &str) -> String {
    about.split_whitespace().collect::<Vec<_>>().join(" ").replace(['[', ']'], "")
}
