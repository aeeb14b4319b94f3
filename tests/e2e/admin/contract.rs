//! The OpenAPI document, and answers held against it.

use super::Answer;
use serde_json::{Value, json};

/// The document.
pub(super) struct Contract {
    pub(super) document: Value,
}

impl Contract {
    pub(super) fn new() -> Self {
        let document = serde_json::from_str(pointsman::http::v1::OPENAPI).unwrap();
        Self { document }
    }

    /// What the document says of a route.
    pub(super) fn operation(&self, method: &str, path: &str) -> &Value {
        let operation = &self.document["paths"][format!("/.pointsman/v1/{path}")][method];
        assert!(operation.is_object(), "the document has no {method} {path}");
        operation
    }

    /// The schema of what a request to act may be.
    pub(super) fn act(&self) -> Value {
        let operation = self.operation("post", "acts");
        operation["requestBody"]["content"]["application/json"]["schema"].clone()
    }

    /// Holds an answer against what the document says of its status.
    pub(super) fn holds(&self, method: &str, path: &str, answer: &Answer) {
        let Answer { status, content_type, body, .. } = answer;
        let said = &self.operation(method, path)["responses"][status.to_string()];
        assert!(said.is_object(), "{method} {path}: {status} is not documented: {body}");
        let content = &said["content"][content_type];
        assert!(content.is_object(), "{method} {path} {status}: {content_type}");
        let mut schema = content["schema"].clone();
        schema["components"] = self.document["components"].clone();
        let validator = jsonschema::options().build(&schema).unwrap();
        let mistakes: Vec<_> = validator
            .iter_errors(body)
            .map(|error| format!("{}: {error}", error.instance_path()))
            .collect();
        assert!(mistakes.is_empty(), "{method} {path} {status}: {mistakes:#?}\n{body:#}");
    }

    /// Each thing that can be done, with the least that it takes: its word and its fields.
    pub(super) fn acts(&self) -> Vec<(String, Value)> {
        let all = self.document["components"]["schemas"]["Act"]["oneOf"].as_array().unwrap();
        let words = all.iter().flat_map(|act| act["properties"].as_object().unwrap());
        words.map(|(word, fields)| (word.clone(), Self::least(fields))).collect()
    }

    /// A value with the fields that have to be there.
    fn least(schema: &Value) -> Value {
        let mut object = json!({});
        for key in schema["required"].as_array().unwrap() {
            let key = key.as_str().unwrap();
            let field = &schema["properties"][key];
            object[key] = match field["type"].as_str() {
                Some("integer") => json!(1),
                Some("string") => json!("eu-west"),
                _ => field["enum"][0].clone(),
            };
        }
        object
    }
}
