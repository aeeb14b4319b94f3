//! This API as an OpenAPI document.

/// The document, as it is committed. A test holds it against what [`document`] makes.
pub const OPENAPI: &str = include_str!("../../../docs/openapi.json");

#[cfg(not(target_arch = "wasm32"))]
pub use made::document;

/// Makes the document from the routes and from the types that are read and written.
#[cfg(not(target_arch = "wasm32"))]
mod made {
    use crate::documents::{
        AuditAnswer, ContractsPage, DrillIndex, DrillPage, HistoryAnswer, IncidentIndex,
        IncidentPage, RecoveryPage, RegionStatus, RevisionAnswer, Status, TrendsPage,
    };
    use crate::http::ADMIN_PREFIX;
    use crate::http::v1::body::{ActBody, KEY_BYTES_MAX};
    use crate::http::v1::explain::{EXPLAIN_PARAMETERS, Explained};
    use crate::http::v1::fault::{Code, Problem};
    use crate::http::v1::routes::{Operation, ROUTES, Route, V1};
    use crate::json::Shape;
    use crate::json::schema::Definitions;
    use crate::order::{Acted, Order};
    use crate::ordered::Set;
    use serde_json::{Map, Value, json};

    const ABOUT: &str = "What happens at the edge, and a hand on the points. The document says \
        what this build takes and gives; unknown keys of a request are refused, and an answer may \
        have more keys in a later build.";

    /// The document: OpenAPI 3.1.
    #[must_use]
    pub fn document() -> Value {
        let mut definitions = Definitions::default();
        let request = ActBody::schema(&mut definitions);
        // What can be in a request stays closed; an answer may grow.
        let closed = Set::of(definitions.names());
        let mut paths: Map<String, Value> = Map::new();
        for route in ROUTES {
            let operation = operation(route, &request, &mut definitions);
            let path = paths.entry([ADMIN_PREFIX, V1, route.path].concat()).or_insert(json!({}));
            if let Value::Object(path) = path {
                path.insert(route.method.to_ascii_lowercase(), operation);
            }
        }
        let _ = Problem::schema(&mut definitions);
        let mut schemas = Map::new();
        for (name, mut schema) in definitions.into_named() {
            if !closed.contains(&name) {
                open(&mut schema);
            }
            schemas.insert(name, schema);
        }
        let mut document = json!({
            "openapi": "3.1.0",
            "info": {
                "title": "Pointsman admin API",
                "version": "1",
                "summary": "What happens at the edge, and a hand on the points",
                "description": ABOUT,
                "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
            },
            "servers": [{"url": "/"}],
            "security": [{"token": []}, {"access": []}],
            "paths": paths,
            "components": {
                "schemas": schemas,
                "securitySchemes": {
                    "token": {
                        "type": "http",
                        "scheme": "bearer",
                        "description": "A token that `pointsman token new` made.",
                    },
                    "access": {
                        "type": "apiKey",
                        "in": "header",
                        "name": "Cf-Access-Jwt-Assertion",
                        "description": "What Cloudflare Access adds to each request that it lets \
                                        through.",
                    },
                },
            },
        });
        refer(&mut document);
        document
    }

    fn operation(route: &Route, request: &Value, definitions: &mut Definitions) -> Value {
        let mut responses = Map::new();
        let answer = answer(route.operation, definitions);
        let done = json!({
            "description": route.summary,
            "content": {"application/json": {"schema": answer}},
        });
        responses.insert("200".to_owned(), done);
        for status in Set::of(codes(route).iter().map(|code| code.status())) {
            let codes = codes(route).into_iter().filter(|code| code.status() == status);
            let told: Vec<_> = codes.map(|code| format!("`{}`", code.as_str())).collect();
            let problem = json!({"$ref": "#/$defs/Problem"});
            let refused = json!({
                "description": format!("Refused: {}", told.join(", ")),
                "content": {"application/problem+json": {"schema": problem}},
            });
            responses.insert(status.to_string(), refused);
        }
        let mut operation = json!({
            "operationId": id(route),
            "summary": route.summary,
            "description": format!("For the role `{}` and those above it.", route.role.as_str()),
            "x-pointsman-role": route.role.as_str(),
            "parameters": parameters(route),
            "responses": responses,
        });
        if let (Operation::Act, Some(operation)) = (route.operation, operation.as_object_mut()) {
            let content = json!({"application/json": {"schema": request}});
            let body = json!({"required": true, "content": content});
            operation.insert("requestBody".to_owned(), body);
        }
        operation
    }

    fn id(route: &Route) -> String {
        let words = route.path.split(['/', '.']).filter(|word| !word.starts_with('{'));
        let mut id = words.collect::<Vec<_>>().join("_");
        if route.path.contains('{') {
            id.push_str("_one");
        }
        [&route.method.to_ascii_lowercase(), "_", &id].concat()
    }

    fn in_path(name: &str, schema: &Value) -> Value {
        json!({"name": name, "in": "path", "required": true, "schema": schema})
    }

    fn parameters(route: &Route) -> Vec<Value> {
        match route.operation {
            Operation::Incident => vec![in_path("id", &json!({"type": "string", "minLength": 1}))],
            Operation::ConfigRevision => {
                vec![in_path("revision", &json!({"type": "integer", "minimum": 0}))]
            }
            Operation::Audit => vec![json!({
                "name": "from",
                "in": "query",
                "description": "The number of the first entry; 0 if absent.",
                "schema": {"type": "integer", "minimum": 0, "default": 0},
            })],
            Operation::Explain => {
                let parameter = |(name, about): &(&str, &str)| {
                    json!({
                        "name": name,
                        "in": "query",
                        "required": *name == "host",
                        "description": about,
                        "schema": match *name {
                            "header" => json!({"type": "array", "items": {"type": "string"}}),
                            _ => json!({"type": "string"}),
                        },
                    })
                };
                EXPLAIN_PARAMETERS.iter().map(parameter).collect()
            }
            Operation::Act => vec![json!({
                "name": "Idempotency-Key",
                "in": "header",
                "description": "The same key twice is one act.",
                "schema": {
                    "type": "string",
                    "minLength": 1,
                    "maxLength": KEY_BYTES_MAX,
                    "pattern": "^[!-~]+$",
                },
            })],
            _ => Vec::new(),
        }
    }

    /// What can be refused of a route.
    fn codes(route: &Route) -> Vec<Code> {
        let mut codes = vec![
            Code::Off,
            Code::Unauthenticated,
            Code::Forbidden,
            Code::NotFound,
            Code::TooMany,
            Code::Unavailable,
        ];
        match route.operation {
            Operation::Act => codes.extend([
                Code::Invalid,
                Code::Conflict,
                Code::NoConfig,
                Code::Silent,
                Code::TooLong,
                Code::NotJson,
            ]),
            Operation::Audit
            | Operation::Explain
            | Operation::Incident
            | Operation::ConfigRevision => {
                codes.push(Code::Invalid);
            }
            _ => {}
        }
        codes
    }

    /// What a route gives.
    fn answer(operation: Operation, definitions: &mut Definitions) -> Value {
        match operation {
            Operation::Status => {
                let copy = json!({
                    "type": "object",
                    "description": "The copy in KV, while the Controller does not answer",
                    "properties": {
                        "controller": {
                            "type": "object",
                            "properties": {"error": {"type": "string"}},
                            "required": ["error"],
                        },
                    },
                    "required": ["controller"],
                });
                json!({"anyOf": [Status::schema(definitions), copy]})
            }
            Operation::Orders => Vec::<Order>::schema(definitions),
            Operation::Contracts => ContractsPage::schema(definitions),
            Operation::Recovery => RecoveryPage::schema(definitions),
            Operation::Trends => TrendsPage::schema(definitions),
            Operation::Region => RegionStatus::schema(definitions),
            Operation::Act => Acted::schema(definitions),
            Operation::Explain => Explained::schema(definitions),
            Operation::Incidents => IncidentIndex::schema(definitions),
            Operation::Incident => IncidentPage::schema(definitions),
            Operation::Drills => DrillIndex::schema(definitions),
            Operation::Drill => DrillPage::schema(definitions),
            Operation::Audit => AuditAnswer::schema(definitions),
            Operation::ConfigHistory => HistoryAnswer::schema(definitions),
            Operation::Config | Operation::ConfigRevision => RevisionAnswer::schema(definitions),
            Operation::Proxy | Operation::OpenApi => json!({"type": "object"}),
        }
    }

    /// Lets objects have keys that are not listed.
    fn open(schema: &mut Value) {
        match schema {
            Value::Object(object) => {
                if object.get("additionalProperties") == Some(&Value::Bool(false)) {
                    object.remove("additionalProperties");
                }
                object.values_mut().for_each(open);
            }
            Value::Array(items) => items.iter_mut().for_each(open),
            _ => {}
        }
    }

    /// Turns references into those of an OpenAPI document.
    fn refer(value: &mut Value) {
        match value {
            Value::Object(object) => {
                for (key, value) in object {
                    match value {
                        Value::String(text) if key == "$ref" => {
                            *text = text.replace("#/$defs/", "#/components/schemas/");
                        }
                        value => refer(value),
                    }
                }
            }
            Value::Array(items) => items.iter_mut().for_each(refer),
            _ => {}
        }
    }

    #[cfg(test)]
    mod tests {
        use super::*;
        use std::{env, fs};

        #[test]
        fn the_committed_document_is_what_the_types_say() {
            let made = format!("{:#}\n", document());
            if env::var_os("POINTSMAN_UPDATE").is_some() {
                let path = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/openapi.json");
                fs::write(path, &made).unwrap();
                return;
            }
            let committed = crate::http::v1::OPENAPI;
            assert_eq!(committed, made, "run this test with POINTSMAN_UPDATE=1");
        }

        #[test]
        fn each_schema_in_it_is_one() {
            let document = document();
            let schemas = document["components"]["schemas"].as_object().unwrap();
            assert!(schemas.len() > 10);
            for (name, schema) in schemas {
                assert!(jsonschema::meta::is_valid(schema), "{name}: {schema:#}");
            }
        }

        #[test]
        fn whatever_a_request_may_have_is_closed() {
            let document = document();
            let body = &document["components"]["schemas"]["ActBody"];
            assert_eq!(body["additionalProperties"], false);
            let acts = document["components"]["schemas"]["Act"]["oneOf"].as_array().unwrap();
            assert!(acts.iter().all(|act| act["additionalProperties"] == false));
        }
    }
}
