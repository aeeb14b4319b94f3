//! Pages that everybody may read and keep for a while, for people and for programs.

use super::{Audience, Response, document};

/// A page that is only read and may be kept for so many seconds. `page` makes it for people,
/// `data` for programs.
pub(super) fn for_everybody(
    method: &str,
    audience: Audience,
    max_age_s: u32,
    (page, data): (impl FnOnce() -> String, impl FnOnce() -> String),
) -> Response {
    if !matches!(method, "GET" | "HEAD") {
        let mut response = document(405, "{\"error\":\"this page is read-only\"}".to_owned());
        response.headers.push(("allow", "GET, HEAD".to_owned()));
        return response;
    }
    let (content_type, body) = match audience {
        Audience::People => ("text/html; charset=utf-8", page()),
        Audience::Programs => ("application/json", data()),
    };
    let headers = vec![
        ("content-type", content_type.to_owned()),
        ("cache-control", format!("public, max-age={max_age_s}")),
        ("vary", "accept".to_owned()),
    ];
    Response { status: 200, headers, body }
}
