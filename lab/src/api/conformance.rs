//! Checks transcripts against the OpenAPI document.
//!
//! Both sides can be wrong: the emulated API in its replies, the client under test in its requests.
//! Each exchange is matched to an operation by path and method; then query parameters, body and
//! reply are checked. The document is not part of the repository, so the caller passes its path.
use std::collections::BTreeMap;
use std::path::Path;
use std::sync::OnceLock;

use anyhow::Context as _;
use jsonschema::Validator;
use serde_json::{Value, json};

use super::conformance_schema::{to_draft4, unknown_fields};
use super::transcript::{Body, Exchange};

/// The operations of an OpenAPI 3.0 document.
#[derive(Debug)]
pub struct Conformance {
    document: Value,
    operations: Vec<Operation>,
}

#[derive(Debug)]
struct Operation {
    method: String,
    /// Path segments; `{…}` stands for any.
    template: Vec<String>,
    query: Vec<String>,
    request: Option<Schema>,
    /// By status as the document writes it: `200`, `4XX`.
    replies: BTreeMap<String, Option<Schema>>,
}

/// A schema, compiled on first use, because a transcript uses few of the document's.
#[derive(Debug)]
struct Schema {
    source: Value,
    compiled: OnceLock<Result<Validator, String>>,
}

impl Conformance {
    /// Reads a document.
    ///
    /// **Errors**: when the file cannot be read or is not an OpenAPI document in JSON.
    pub fn load(path: &Path) -> anyhow::Result<Self> {
        let text = std::fs::read_to_string(path)
            .with_context(|| format!("the OpenAPI document {} cannot be read", path.display()))?;
        let document = serde_json::from_str(&text).context("the document is not JSON")?;
        Self::new(&document)
    }

    /// Uses a parsed document.
    ///
    /// **Errors**: when it has no `paths`.
    pub fn new(document: &Value) -> anyhow::Result<Self> {
        let document = to_draft4(document);
        let paths = document.get("paths").and_then(Value::as_object).context("no `paths`")?;
        let mut operations = Vec::new();
        for (path, methods) in paths {
            let methods = methods.as_object().into_iter().flatten();
            operations.extend(methods.filter_map(|(m, op)| Operation::read(path, m, op)));
        }
        Ok(Self { document, operations })
    }

    /// Lists what is wrong with an exchange, first the request, then the reply. Empty if it
    /// conforms.
    ///
    /// Replies to calls with an injected fault are skipped, because they are not the API's.
    #[must_use]
    pub fn check(&self, exchange: &Exchange) -> Vec<String> {
        let mut complaints = self.check_request(exchange);
        complaints.extend(self.check_reply(exchange));
        complaints
    }

    /// Lists what is wrong with a request: unknown operation, unknown query parameter or field,
    /// invalid body.
    #[must_use]
    pub fn check_request(&self, exchange: &Exchange) -> Vec<String> {
        let Some(operation) = self.operation(exchange) else {
            return vec![format!("{}: no such operation", title(exchange))];
        };
        let unknown = exchange.query.iter().filter(|(name, _)| !operation.query.contains(name));
        let mut complaints: Vec<String> =
            unknown.map(|(name, _)| format!("query parameter {name} is not known")).collect();
        match (&operation.request, &exchange.request) {
            (Some(schema), Body::Json(body)) => {
                complaints.extend(schema.errors(&self.document, body));
                let unknown = unknown_fields(&self.document, &schema.source, body);
                complaints.extend(unknown.iter().map(|at| format!("{at} is not a known field")));
            }
            (Some(_), Body::Empty | Body::Raw(_)) => {
                complaints.push("a JSON body is required".to_owned());
            }
            (None, Body::Empty | Body::Json(_)) => {}
            (None, Body::Raw(_)) => complaints.push("the body is not JSON".to_owned()),
        }
        labelled(exchange, "request", complaints)
    }

    /// Lists what is wrong with a reply: undocumented status, invalid body.
    #[must_use]
    pub fn check_reply(&self, exchange: &Exchange) -> Vec<String> {
        let (Some(operation), Some(status), None) =
            (self.operation(exchange), exchange.status, exchange.fault)
        else {
            return Vec::new();
        };
        let class = format!("{}XX", status / 100);
        let by_status = operation.replies.get(&status.to_string());
        let complaints = match by_status.or_else(|| operation.replies.get(&class)) {
            None => vec![format!("status {status} is not documented")],
            Some(None) => Vec::new(),
            Some(Some(schema)) => match exchange.response.json() {
                Some(body) => schema.errors(&self.document, body),
                None => vec!["the reply is not JSON".to_owned()],
            },
        };
        labelled(exchange, "reply", complaints)
    }

    /// The number of operations in the document.
    #[must_use]
    pub fn operations(&self) -> usize {
        self.operations.len()
    }

    /// The method and path template of an exchange, such as `GET /zones/{zone_id}`.
    #[must_use]
    pub fn operation_name(&self, exchange: &Exchange) -> Option<String> {
        let operation = self.operation(exchange)?;
        Some(format!("{} /{}", operation.method, operation.template.join("/")))
    }

    /// The matching operation with the fewest placeholders, so that `batch` is not taken for a
    /// record's id.
    fn operation(&self, exchange: &Exchange) -> Option<&Operation> {
        let segments: Vec<&str> = exchange.path.split('/').skip(1).collect();
        let fitting = self.operations.iter().filter(|op| op.fits(&exchange.method, &segments));
        fitting.min_by_key(|op| op.template.iter().filter(|s| is_placeholder(s)).count())
    }
}

impl Operation {
    fn read(path: &str, method: &str, operation: &Value) -> Option<Self> {
        let responses = operation.get("responses")?.as_object()?;
        let parameters = operation.get("parameters").and_then(Value::as_array);
        let in_query = |p: &&Value| p.get("in").and_then(Value::as_str) == Some("query");
        let query = parameters.into_iter().flatten().filter(in_query);
        let query = query.filter_map(|p| p.get("name")?.as_str().map(str::to_owned));
        let replies = responses.iter();
        let replies = replies.map(|(status, response)| (status.clone(), Schema::read(response)));
        Some(Self {
            method: method.to_ascii_uppercase(),
            template: path.split('/').skip(1).map(str::to_owned).collect(),
            query: query.collect(),
            request: operation.get("requestBody").and_then(Schema::read),
            replies: replies.collect(),
        })
    }

    fn fits(&self, method: &str, segments: &[&str]) -> bool {
        self.method == method
            && self.template.len() == segments.len()
            && self.template.iter().zip(segments).all(|(t, s)| is_placeholder(t) || t == s)
    }
}

impl Schema {
    /// The schema of a body or response; `None` if the document leaves it open.
    fn read(body: &Value) -> Option<Self> {
        let source = body.pointer("/content/application~1json/schema")?;
        let open = source.as_object().is_some_and(serde_json::Map::is_empty);
        (!open).then(|| Self { source: source.clone(), compiled: OnceLock::new() })
    }

    fn errors(&self, document: &Value, value: &Value) -> Vec<String> {
        let compiled = self.compiled.get_or_init(|| {
            let root = json!({"components": document["components"], "allOf": [self.source]});
            let options = jsonschema::draft4::options().should_validate_formats(true);
            options.build(&root).map_err(|error| format!("unusable schema: {error}"))
        });
        match compiled {
            Ok(validator) => validator.iter_errors(value).map(|error| describe(&error)).collect(),
            Err(message) => vec![message.clone()],
        }
    }
}

fn describe(error: &jsonschema::ValidationError<'_>) -> String {
    format!("{} {error}", error.instance_path())
}

fn is_placeholder(segment: &str) -> bool {
    segment.starts_with('{')
}

fn title(exchange: &Exchange) -> String {
    format!("#{} {} {}", exchange.seq, exchange.method, exchange.path)
}

fn labelled(exchange: &Exchange, side: &str, complaints: Vec<String>) -> Vec<String> {
    let title = title(exchange);
    complaints.into_iter().map(|complaint| format!("{title}: {side}: {complaint}")).collect()
}
