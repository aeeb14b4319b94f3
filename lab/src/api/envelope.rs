//! The envelope of every reply of the Cloudflare v4 API.
//!
//! `success`, `errors`, `messages` and `result` are always present; lists add `result_info`. A
//! refusal has at least one error with a code, and for some errors a pointer to the offending
//! field. Clients must branch on the HTTP status class first, because Cloudflare has renumbered
//! codes without notice: 1004 became 9005 and 81057 became 81058.
use std::fmt;

use serde_json::{Map, Value, json};

/// One object of a table: the fields that the API shows.
pub(crate) type Row = Map<String, Value>;

/// One reply, before it becomes HTTP.
#[derive(Clone, Debug)]
pub(crate) struct Reply {
    pub(crate) status: u16,
    pub(crate) headers: Vec<(&'static str, String)>,
    pub(crate) body: Value,
}

impl Reply {
    /// A 200 with one result.
    pub(crate) fn ok(result: impl Into<Value>) -> Self {
        let result: Value = result.into();
        Self::envelope(json!({"success": true, "errors": [], "messages": [], "result": result}))
    }

    /// A 200 with a whole list as a single page, as the load balancing endpoints return it.
    pub(crate) fn list(rows: &[Value]) -> Self {
        let count = rows.len();
        let info = PageInfo { page: 1, per_page: count, count, total: count };
        Self::page(rows, info)
    }

    /// A 200 with one page of a list.
    pub(crate) fn page(rows: &[Value], info: PageInfo) -> Self {
        let total_pages = info.total.div_ceil(info.per_page.max(1));
        Self::envelope(json!({
            "success": true, "errors": [], "messages": [], "result": rows,
            "result_info": {
                "page": info.page, "per_page": info.per_page, "count": info.count,
                "total_count": info.total, "total_pages": total_pages,
            },
        }))
    }

    /// Adds an entry to `messages`.
    pub(crate) fn with_message(mut self, code: u32, message: &str) -> Self {
        self.body["messages"] = json!([{"code": code, "message": message}]);
        self
    }

    fn envelope(body: Value) -> Self {
        Self { status: 200, headers: Vec::new(), body }
    }
}

impl From<Failure> for Reply {
    fn from(failure: Failure) -> Self {
        let errors: Vec<Value> = failure.errors.iter().map(ApiError::to_value).collect();
        let body = json!({"success": false, "errors": errors, "messages": [], "result": null});
        Self { status: failure.status, headers: Vec::new(), body }
    }
}

/// The position of a page in its list.
#[derive(Clone, Copy, Debug)]
pub(crate) struct PageInfo {
    pub(crate) page: usize,
    pub(crate) per_page: usize,
    pub(crate) count: usize,
    pub(crate) total: usize,
}

/// A refusal: an HTTP status and one error or more.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failure {
    /// The HTTP status, 400 to 599.
    pub status: u16,
    /// What is wrong; never empty.
    pub errors: Vec<ApiError>,
}

impl Failure {
    /// Refuses with one error that points at no field.
    pub(crate) fn new(status: u16, code: u32, message: impl Into<String>) -> Self {
        Self { status, errors: vec![ApiError { code, message: message.into(), pointer: None }] }
    }

    /// Refuses one field of the body with status 400.
    pub(crate) fn field(code: u32, pointer: &str, message: impl Into<String>) -> Self {
        let pointer = Some(pointer.to_owned());
        Self { status: 400, errors: vec![ApiError { code, message: message.into(), pointer }] }
    }

    /// Refuses a load balancing body: code 1002 is what that part of the API gives for every
    /// invalid value.
    pub(crate) fn invalid(pointer: &str, message: impl fmt::Display) -> Self {
        Self::field(1002, pointer, format!("{message}: validation failed"))
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.status)?;
        for error in &self.errors {
            write!(f, " [{}] {}", error.code, error.message)?;
        }
        Ok(())
    }
}

impl std::error::Error for Failure {}

/// One entry of `errors`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ApiError {
    /// Cloudflare's number for the problem.
    pub code: u32,
    /// The problem in words; not stable.
    pub message: String,
    /// JSON pointer to the offending field of the request body.
    pub pointer: Option<String>,
}

impl ApiError {
    fn to_value(&self) -> Value {
        match &self.pointer {
            Some(pointer) => {
                json!({"code": self.code, "message": self.message, "source": {"pointer": pointer}})
            }
            None => json!({"code": self.code, "message": self.message}),
        }
    }
}
