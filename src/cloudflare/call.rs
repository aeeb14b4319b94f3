//! One call of the API, as a value.

use serde_json::Value;

/// The verbs that are used.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Method {
    /// Reads.
    Get,
    /// Changes the given fields.
    Patch,
    /// Creates, or runs a batch.
    Post,
    /// Deletes.
    Delete,
}

impl Method {
    /// As HTTP writes it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Get => "GET",
            Self::Patch => "PATCH",
            Self::Post => "POST",
            Self::Delete => "DELETE",
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
    /// Whether it changes something.
    #[must_use]
    pub fn is_write(&self) -> bool {
        self.method != Method::Get
    }

    /// A call that reads.
    #[must_use]
    pub fn get(path: String) -> Self {
        Self { method: Method::Get, path, body: None }
    }
}
