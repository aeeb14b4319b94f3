//! Where a token may be sent.

use std::net::IpAddr;
use ureq::http::Uri;

/// The characters that a token may have beyond letters and digits. Source: RFC 6750, section 2.1.
pub(super) const TOKEN_MARKS: &str = "-._~+/=";

/// Whether a text has no other characters than a bearer token may have.
pub(super) fn has_token_characters(text: &str) -> bool {
    text.chars().all(|c| c.is_ascii_alphanumeric() || TOKEN_MARKS.contains(c))
}

/// Whether the base is `http` on this machine. Errors: it is not a base URL, or it is `http`
/// elsewhere.
pub(super) fn is_local(base: &str) -> Result<bool, String> {
    let uri: Uri = base.parse().map_err(|error| format!("`{base}` is not a base URL: {error}"))?;
    let host = uri.host().unwrap_or_default();
    let has_more = base.contains(['?', '#'])
        || uri.authority().is_some_and(|authority| authority.as_str().contains('@'));
    if host.is_empty() || has_more {
        return Err(
            "the API's base URL has `https://`, a host and a path, and nothing else".to_owned()
        );
    }
    match uri.scheme_str() {
        Some("https") => Ok(false),
        Some("http") if is_this_machine(host) => Ok(true),
        Some("http") => Err(format!(
            "the token would be sent to `{host}` unencrypted: use `https://`; `http://` is allowed \
             only for this machine"
        )),
        _ => Err(format!("`{base}` is not a base URL: it must begin with `https://`")),
    }
}

fn is_this_machine(host: &str) -> bool {
    let address = host.trim_start_matches('[').trim_end_matches(']');
    let is_loopback = address.parse().is_ok_and(|address: IpAddr| address.is_loopback());
    is_loopback || host.eq_ignore_ascii_case("localhost")
}
