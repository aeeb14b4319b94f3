//! One call of the API, as a value.

use serde_json::Value;

/// The verbs that are used.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Method {
    /// Reads.
    Get,
    /// Changes the given fields.
    Patch,
    /// Runs a batch.
    Post,
}

impl Method {
    /// As HTTP writes it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Get => "GET",
            Self::Patch => "PATCH",
            Self::Post => "POST",
        }
    }
}

/// One call: the token and the base address are the shell's.
#[derive(Debug, Clone, PartialEq)]
pub struct Call {
    /// The verb.
    pub method: Method,
    /// Path and query behind the API's base, beginning with `/`.
    pub path: String,
    /// The JSON body, where there is one.
    pub body: Option<Value>,
}

impl Call {
    /// A call that reads.
    #[must_use]
    pub fn get(path: String) -> Self {
        Self { method: Method::Get, path, body: None }
    }
}
