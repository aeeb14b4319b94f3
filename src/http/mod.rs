//! Our own HTTP surface as values: requests in, responses out. The shell sends them.
//!
//! Our paths are below `/.pointsman/`; every other path belongs to a service ([`whose`]).

pub mod access;
mod admin;
mod blocked;
mod everybody;
mod html;
mod left_alone;
mod ours;
mod problem;
mod request;
mod retry_after;
mod silence;
mod status_page;
mod surface;
pub mod v1;

pub use admin::{AdminRequest, AdminRoute, route};
pub use blocked::blocked;
pub use left_alone::retry_after_ms;
pub use ours::{ADMIN_PREFIX, BLOCKED_PAGE, STATUS_PAGE, Whose, whose};
pub use problem::{Audience, Problem, refusal};
pub use request::{
    RequestTarget, is_idempotent, parse_target, says_unreachable, says_unsent, split_port,
};
pub use retry_after::{RETRY_AFTER_S_MAX, RETRY_AFTER_S_MIN, retry_after_s};
pub use silence::{command_without_controller, status_without_controller};
pub use status_page::{StatusPage, WorksHow, status_page};
pub use surface::SurfaceRequest;

use crate::metrics::CONTENT_TYPE;

/// A JSON response that must not be cached.
#[must_use]
pub fn document(status: u16, body: String) -> Response {
    let headers = vec![
        ("content-type", "application/json".to_owned()),
        ("cache-control", "no-store".to_owned()),
    ];
    Response { status, headers, body }
}

/// A page of metrics, which must not be cached.
#[must_use]
pub fn metrics_page(text: String) -> Response {
    let headers =
        vec![("content-type", CONTENT_TYPE.to_owned()), ("cache-control", "no-store".to_owned())];
    Response { status: 200, headers, body: text }
}

/// A response.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Response {
    /// Its status.
    pub status: u16,
    /// Its headers.
    pub headers: Vec<(&'static str, String)>,
    /// Its body.
    pub body: String,
}
