//! Converts OpenAPI 3.0 schemas for a JSON Schema validator.
//!
//! OpenAPI 3.0 is based on an early draft of JSON Schema. Only `nullable` differs from draft 4 in a
//! way that matters here. Neither reports fields that the document does not name, so a misspelt
//! field would be valid; unknown fields are searched separately.
use serde_json::{Map, Value, json};

/// Rewrites `nullable: true` as "this or null", at every depth.
pub(super) fn to_draft4(schema: &Value) -> Value {
    match schema {
        Value::Array(items) => items.iter().map(to_draft4).collect(),
        Value::Object(fields) => {
            let converted = fields.iter().map(|(key, value)| (key.clone(), to_draft4(value)));
            let mut converted: Map<String, Value> = converted.collect();
            if converted.get("nullable") == Some(&Value::Bool(true)) {
                converted.remove("nullable");
                return json!({"anyOf": [{"type": "null"}, converted]});
            }
            Value::Object(converted)
        }
        other => other.clone(),
    }
}

/// Finds fields of a value that no part of the schema names. Returns JSON pointers.
///
/// `$ref` is resolved in `document`. A field is known if any branch of `oneOf` or `anyOf` names it;
/// the validator checks the branches themselves.
pub(super) fn unknown_fields(document: &Value, schema: &Value, value: &Value) -> Vec<String> {
    let mut unknown = Vec::new();
    search(document, &[schema], value, "", &mut unknown);
    unknown
}

fn search(
    document: &Value,
    schemas: &[&Value],
    value: &Value,
    at: &str,
    unknown: &mut Vec<String>,
) {
    let mut parts = Vec::new();
    for schema in schemas {
        flatten(document, schema, &mut parts);
    }
    match value {
        Value::Array(items) => {
            let of_items: Vec<&Value> = parts.iter().filter_map(|part| part.get("items")).collect();
            for (i, item) in items.iter().enumerate() {
                search(document, &of_items, item, &format!("{at}/{i}"), unknown);
            }
        }
        Value::Object(fields) => {
            let closed = parts.iter().any(|part| part.get("properties").is_some());
            let open = parts.iter().any(|part| part.get("additionalProperties").is_some());
            for (name, value) in fields {
                let named = parts.iter().filter_map(|p| p.get("properties")?.get(name));
                let named: Vec<&Value> = named.collect();
                let pointer = format!("{at}/{name}");
                if !named.is_empty() {
                    search(document, &named, value, &pointer, unknown);
                } else if closed && !open {
                    unknown.push(pointer);
                }
            }
        }
        _ => {}
    }
}

/// Collects a schema and all parts that it combines.
fn flatten<'a>(document: &'a Value, schema: &'a Value, parts: &mut Vec<&'a Value>) {
    if let Some(reference) = schema.get("$ref").and_then(Value::as_str) {
        if let Some(target) = document.pointer(reference.trim_start_matches('#')) {
            flatten(document, target, parts);
        }
        return;
    }
    parts.push(schema);
    for combinator in ["allOf", "oneOf", "anyOf"] {
        for branch in schema.get(combinator).and_then(Value::as_array).into_iter().flatten() {
            flatten(document, branch, parts);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_nullable_schema_accepts_null_and_itself() {
        let schema = to_draft4(&json!({"properties": {"a": {"type": "string", "nullable": true}}}));
        let validator = jsonschema::draft4::new(&schema).unwrap();
        assert!(validator.is_valid(&json!({"a": null})));
        assert!(validator.is_valid(&json!({"a": "x"})));
        assert!(!validator.is_valid(&json!({"a": 1})));
    }

    #[test]
    fn a_field_that_no_branch_names_is_found_at_any_depth() {
        let document = json!({"components": {"schemas": {"origin": {
            "properties": {"address": {}, "header": {"additionalProperties": {}}},
        }}}});
        let schema = json!({"allOf": [{"properties": {
            "origins": {"items": {"$ref": "#/components/schemas/origin"}},
        }}]});
        let value = json!({"origins": [{"address": 1, "header": {"x": 1}}, {"adress": 1}], "b": 1});
        let unknown = unknown_fields(&document, &schema, &value);
        assert_eq!(unknown, ["/b", "/origins/1/adress"]);
    }
}
