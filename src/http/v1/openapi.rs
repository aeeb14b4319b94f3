//! This API as an OpenAPI document.

/// The document, as it is committed. A test holds it against what the types say.
pub const OPENAPI: &str = include_str!("../../../docs/openapi.json");

/// x
#[cfg(not(target_arch = "wasm32"))]
#[must_use]
pub fn document() -> serde_json::Value {
    serde_json::Value::Null
}
