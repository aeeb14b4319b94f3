//! What pages refer to: the style sheet and the script.

use crate::http::Response;

const STYLE: &str = include_str!("assets/style.css");
const SCRIPT: &str = include_str!("assets/script.js");

/// A file that pages refer to; `None` if there is none of this name. It says nothing of the
/// deployment, so everybody may have it.
#[must_use]
pub fn asset(page: &str) -> Option<Response> {
    let (kind, body) = match page {
        "style.css" => ("text/css; charset=utf-8", STYLE),
        "script.js" => ("text/javascript; charset=utf-8", SCRIPT),
        _ => return None,
    };
    let headers = vec![
        ("content-type", kind.to_owned()),
        // A deployment may bring another one.
        ("cache-control", "max-age=300".to_owned()),
        ("x-content-type-options", "nosniff".to_owned()),
    ];
    Some(Response { status: 200, headers, body: body.to_owned() })
}
