//! The schemas that one JSON Schema refers to by name. Native only.

use crate::ordered::Map;
use serde_json::Value;

/// The schemas of named shapes, each once.
#[derive(Debug, Default)]
pub(crate) struct Definitions(pub(super) Map<String, Value>);
