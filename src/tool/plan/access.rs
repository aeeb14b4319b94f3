//! The API's base URL and token.

use crate::secret::Secret;
use std::net::IpAddr;
use ureq::http::Uri;

/// The public API.
const BASE_DEFAULT: &str = "https://api.cloudflare.com/client/v4";
/// The variable that overrides it.
const BASE_VARIABLE: &str = "CLOUDFLARE_API_BASE";
/// The variable with the token.
const TOKEN_VARIABLE: &str = "CLOUDFLARE_API_TOKEN";
/// The shortest token that is accepted. Cloudflare's have at least 40 characters, and that of an
/// emulated API may have fewer. A very short text could not be redacted from the output without
/// removing ordinary words.
const TOKEN_CHARS_MIN: usize = 12;
/// The characters that a token may have beyond letters and digits. Source: RFC 6750, section 2.1.
const TOKEN_MARKS: &str = "-._~+/=";

/// The API's base URL and token.
#[derive(Debug)]
pub(super) struct Access {
    /// The base URL, without a final slash. `https`, unless it is on this machine.
    pub(super) base: String,
    pub(super) token: Secret,
    /// Whether the base is on this machine, so that `http` is allowed.
    pub(super) is_local: bool,
}

impl Access {
    /// Errors: a missing or invalid token or base, or a base that the token must not be sent to.
    pub(super) fn of(
        base: Option<&str>,
        variable: &dyn Fn(&str) -> Option<String>,
    ) -> Result<Self, String> {
        let set = |name: &str| variable(name).filter(|text| !text.is_empty());
        let token = token(set(TOKEN_VARIABLE))?;
        let base = base.map(str::to_owned).or_else(|| set(BASE_VARIABLE));
        let base = base.unwrap_or_else(|| BASE_DEFAULT.to_owned());
        let base = base.trim_end_matches('/').to_owned();
        let is_local = is_local(&base).map_err(|why| token.redact(&why))?;
        Ok(Self { base, token, is_local })
    }
}

fn token(text: Option<String>) -> Result<Secret, String> {
    let text = text.ok_or_else(|| {
        format!(
            "the variable {TOKEN_VARIABLE} is not set: it takes an API token with the permissions \
             Zone Read, DNS Read, Load Balancers Read, and Load Balancing: Monitors and Pools Read"
        )
    })?;
    let fits = |c: char| c.is_ascii_alphanumeric() || TOKEN_MARKS.contains(c);
    if text.len() < TOKEN_CHARS_MIN || !text.chars().all(fits) {
        return Err(format!(
            "the value of {TOKEN_VARIABLE} cannot be an API token: one has at least \
             {TOKEN_CHARS_MIN} characters, all of them letters, digits or `{TOKEN_MARKS}`"
        ));
    }
    Ok(Secret::new(text))
}

/// Whether the base is `http` on this machine. Errors: it is not a base URL, or it is `http`
/// elsewhere.
fn is_local(base: &str) -> Result<bool, String> {
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
