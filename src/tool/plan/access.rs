//! Where the API is, and the token for it.

use crate::secret::Secret;
use std::net::IpAddr;
use ureq::http::Uri;

/// The public API.
const BASE_DEFAULT: &str = "https://api.cloudflare.com/client/v4";
/// The variable that names another.
const BASE_VARIABLE: &str = "CLOUDFLARE_API_BASE";
/// The variable that has the token.
const TOKEN_VARIABLE: &str = "CLOUDFLARE_API_TOKEN";
/// The shortest token that is sent. Cloudflare's have 40 characters and more; a shorter text could
/// not be taken out of what is printed without taking words along.
const TOKEN_CHARS_MIN: usize = 16;
/// What a token may have beside letters and digits. Source: RFC 6750, section 2.1.
const TOKEN_MARKS: &str = "-._~+/=";

/// Where the API is, and the token for it.
#[derive(Debug)]
pub(super) struct Access {
    /// Without a slash at its end. Encrypted, unless it is on this machine.
    pub(super) base: String,
    pub(super) token: Secret,
    /// Whether it may be asked in clear, because it is on this machine.
    pub(super) is_local: bool,
}

impl Access {
    /// Errors: no token, or none that could be one; a base that is none, or that a token must not
    /// be sent to.
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
            "the variable {TOKEN_VARIABLE} is not set: it takes an API token, which need not have \
             more than the permissions Zone Read, DNS Read, Load Balancers Read, and Load \
             Balancing: Monitors and Pools Read"
        )
    })?;
    let fits = |c: char| c.is_ascii_alphanumeric() || TOKEN_MARKS.contains(c);
    if text.len() < TOKEN_CHARS_MIN || !text.chars().all(fits) {
        return Err(format!("what the variable {TOKEN_VARIABLE} has cannot be an API token"));
    }
    Ok(Secret::new(text))
}

/// Whether a base may be asked in clear, being on this machine. Errors: it is no base, or is
/// neither encrypted nor here.
fn is_local(base: &str) -> Result<bool, String> {
    let uri: Uri =
        base.parse().map_err(|error| format!("`{base}` is no address of an API: {error}"))?;
    let host = uri.host().unwrap_or_default();
    let has_more = base.contains(['?', '#'])
        || uri.authority().is_some_and(|authority| authority.as_str().contains('@'));
    if host.is_empty() || has_more {
        return Err("the API's base is `https://`, a host and a path, and nothing more".to_owned());
    }
    match uri.scheme_str() {
        Some("https") => Ok(false),
        Some("http") if is_this_machine(host) => Ok(true),
        Some("http") => Err(format!(
            "the token would go to `{host}` in clear: write `https://`; `http://` is for this \
             machine alone"
        )),
        _ => Err(format!("`{base}` is no address of an API: it begins with `https://`")),
    }
}

fn is_this_machine(host: &str) -> bool {
    let address = host.trim_start_matches('[').trim_end_matches(']');
    let is_loopback = address.parse().is_ok_and(|address: IpAddr| address.is_loopback());
    is_loopback || host.eq_ignore_ascii_case("localhost")
}
