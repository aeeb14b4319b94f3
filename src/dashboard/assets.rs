//! What pages refer to: the style sheet, the script and an icon.

use crate::http::Response;

const STYLE: &str = include_str!("assets/style.css");
const SCRIPT: &str = include_str!("assets/script.js");
/// A switch. Without an icon of ours a browser asks the host for one, which may be a service's.
const ICON: &str = "<svg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 16 16' fill='none' \
                    stroke='#0a55b8' stroke-width='2'><path d='M2 14V2M2 9C9 9 12 7 13 2'/></svg>";

/// A file that pages refer to; `None` if there is none of this name. It says nothing of the
/// deployment, so everybody may have it.
#[must_use]
pub fn asset(page: &str) -> Option<Response> {
    let (kind, body) = match page {
        "style.css" => ("text/css; charset=utf-8", STYLE),
        "icon.svg" => ("image/svg+xml", ICON),
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
