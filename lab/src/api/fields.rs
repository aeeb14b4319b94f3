//! The allowed fields of request bodies, as a table per kind of object.
//!
//! Writes to pools, monitors, load balancers and records follow the same rules: only known fields,
//! no read-only fields, and every value of the right shape. A field that is not sent gets its
//! default (POST, PUT) or keeps its value (PATCH). The modules of the objects have the tables, and
//! the rules that span several fields. Nested objects and lists are always replaced whole, with
//! their own defaults filled in.
//!
//! The real API ignores some unknown fields. The lab refuses them all, because a test should find a
//! misspelt field.
use serde_json::{Map, Value, json};

use super::envelope::Row;

/// The shape of one value.
#[derive(Debug)]
pub(crate) enum Kind {
    Bool,
    /// A whole number in this closed range.
    Int(i64, i64),
    /// A number in this closed range.
    Number(f64, f64),
    Text,
    OneOf(&'static [&'static str]),
    /// Text that this rule accepts; the error says what is allowed.
    Rule(fn(&str) -> Result<(), &'static str>),
    List(&'static Kind),
    /// An object from any key to values of this shape.
    Map(&'static Kind),
    Object(&'static [Field]),
    Any,
    /// Shown in replies, refused in a write.
    ReadOnly,
}

/// The value of a field that is not sent.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Absent {
    Required,
    Omitted,
    Null,
    Bool(bool),
    Int(i64),
    Text(&'static str),
    EmptyList,
    EmptyMap,
    /// The object made of the defaults of its own fields.
    Defaults,
}

/// One field of an object.
#[derive(Debug)]
pub(crate) struct Field {
    pub(crate) name: &'static str,
    kind: Kind,
    absent: Absent,
    nullable: bool,
}

impl Field {
    pub(crate) const fn new(name: &'static str, kind: Kind, absent: Absent) -> Self {
        Self { name, kind, absent, nullable: false }
    }

    /// A field that accepts `null`, which means the same as omitting it in a PUT.
    pub(crate) const fn nullable(name: &'static str, kind: Kind, absent: Absent) -> Self {
        Self { name, kind, absent, nullable: true }
    }

    pub(crate) const fn read_only(name: &'static str) -> Self {
        Self { name, kind: Kind::ReadOnly, absent: Absent::Omitted, nullable: false }
    }

    fn default(&self) -> Option<Value> {
        Some(match self.absent {
            Absent::Required | Absent::Omitted => return None,
            Absent::Null => Value::Null,
            Absent::Bool(value) => json!(value),
            Absent::Int(value) => json!(value),
            Absent::Text(value) => json!(value),
            Absent::EmptyList => json!([]),
            Absent::EmptyMap => json!({}),
            Absent::Defaults => match &self.kind {
                Kind::Object(fields) => Value::Object(defaults(fields)),
                _ => Value::Null,
            },
        })
    }
}

/// One problem of a body.
#[derive(Clone, Debug)]
pub(crate) struct Problem {
    pub(crate) pointer: String,
    pub(crate) message: String,
}

/// Merges a body into the defaults, for PUT and POST. Reports all problems.
pub(crate) fn replace(fields: &'static [Field], body: &Value) -> Result<Row, Vec<Problem>> {
    let mut problems = Vec::new();
    let row = object(fields, body, "", &mut problems).unwrap_or_default();
    if problems.is_empty() { Ok(row) } else { Err(problems) }
}

/// Merges a body into the present row: fields that are not sent keep their values.
pub(crate) fn patch(
    fields: &'static [Field],
    old: &Row,
    body: &Value,
) -> Result<Row, Vec<Problem>> {
    let mut problems = Vec::new();
    let mut row = old.clone();
    if let Some(given) = as_object(body, "", &mut problems) {
        overlay(fields, given, "", &mut row, &mut problems);
    }
    if problems.is_empty() { Ok(row) } else { Err(problems) }
}

fn defaults(fields: &'static [Field]) -> Row {
    fields.iter().filter_map(|f| Some((f.name.to_owned(), f.default()?))).collect()
}

fn as_object<'a>(
    value: &'a Value,
    at: &str,
    problems: &mut Vec<Problem>,
) -> Option<&'a Map<String, Value>> {
    let object = value.as_object();
    if object.is_none() {
        complain(at, "must be an object", problems);
    }
    object
}

fn object(
    fields: &'static [Field],
    value: &Value,
    at: &str,
    problems: &mut Vec<Problem>,
) -> Option<Row> {
    let given = as_object(value, at, problems)?;
    let mut row = defaults(fields);
    for field in fields {
        if matches!(field.absent, Absent::Required) && !given.contains_key(field.name) {
            complain(&format!("{at}/{}", field.name), "is required", problems);
        }
    }
    overlay(fields, given, at, &mut row, problems);
    Some(row)
}

fn overlay(
    fields: &'static [Field],
    given: &Map<String, Value>,
    at: &str,
    row: &mut Row,
    problems: &mut Vec<Problem>,
) {
    for (name, value) in given {
        let pointer = format!("{at}/{name}");
        let Some(field) = fields.iter().find(|field| field.name == name) else {
            complain(&pointer, "is not a known field", problems);
            continue;
        };
        let cleaned = if value.is_null() && field.nullable {
            field.default()
        } else {
            clean(&field.kind, value, &pointer, problems)
        };
        match cleaned {
            Some(cleaned) => row.insert(name.clone(), cleaned),
            None => row.remove(name),
        };
    }
}

fn clean(kind: &Kind, value: &Value, at: &str, problems: &mut Vec<Problem>) -> Option<Value> {
    let message = match kind {
        Kind::Any => return Some(value.clone()),
        Kind::Object(fields) => return object(fields, value, at, problems).map(Value::Object),
        Kind::List(item) => return list(item, value, at, problems),
        Kind::Map(item) => return map(item, value, at, problems),
        Kind::ReadOnly => Err("is read-only".to_owned()),
        Kind::Bool => expect(value.is_boolean(), "must be a boolean"),
        Kind::Text => expect(value.is_string(), "must be a string"),
        Kind::Int(min, max) => {
            let fits = value.as_i64().is_some_and(|n| (*min..=*max).contains(&n));
            expect(fits, &format!("must be a whole number from {min} to {max}"))
        }
        Kind::Number(min, max) => {
            let fits = value.as_f64().is_some_and(|n| (*min..=*max).contains(&n));
            expect(fits, &format!("must be a number from {min} to {max}"))
        }
        Kind::OneOf(allowed) => {
            let fits = value.as_str().is_some_and(|text| allowed.contains(&text));
            expect(fits, &format!("must be one of {}", allowed.join(", ")))
        }
        Kind::Rule(rule) => match value.as_str() {
            Some(text) => rule(text).map_err(str::to_owned),
            None => Err("must be a string".to_owned()),
        },
    };
    match message {
        Ok(()) => Some(value.clone()),
        Err(message) => {
            complain(at, &message, problems);
            None
        }
    }
}

fn expect(fits: bool, otherwise: &str) -> Result<(), String> {
    if fits { Ok(()) } else { Err(otherwise.to_owned()) }
}

fn list(item: &Kind, value: &Value, at: &str, problems: &mut Vec<Problem>) -> Option<Value> {
    let Some(items) = value.as_array() else {
        complain(at, "must be a list", problems);
        return None;
    };
    let cleaned = items.iter().enumerate();
    let cleaned = cleaned.filter_map(|(i, v)| clean(item, v, &format!("{at}/{i}"), problems));
    Some(Value::Array(cleaned.collect()))
}

fn map(item: &Kind, value: &Value, at: &str, problems: &mut Vec<Problem>) -> Option<Value> {
    let given = as_object(value, at, problems)?;
    let mut cleaned = Map::new();
    for (key, value) in given {
        if let Some(value) = clean(item, value, &format!("{at}/{key}"), problems) {
            cleaned.insert(key.clone(), value);
        }
    }
    Some(Value::Object(cleaned))
}

fn complain(pointer: &str, message: &str, problems: &mut Vec<Problem>) {
    problems.push(Problem { pointer: pointer.to_owned(), message: message.to_owned() });
}
