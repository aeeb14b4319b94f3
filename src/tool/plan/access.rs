//! The API's base URL and token.

use crate::secret::Secret;
use crate::tool::base_url::{TOKEN_MARKS, has_token_characters, is_local};

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
    if text.len() < TOKEN_CHARS_MIN || !has_token_characters(&text) {
        return Err(format!(
            "the value of {TOKEN_VARIABLE} cannot be an API token: one has at least \
             {TOKEN_CHARS_MIN} characters, all of them letters, digits or `{TOKEN_MARKS}`"
        ));
    }
    Ok(Secret::new(text))
}
