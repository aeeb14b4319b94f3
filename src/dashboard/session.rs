//! How a browser keeps showing who looks.
//!
//! A browser sends no `Authorization` by itself. Whoever logs in with a token gets it back as a
//! cookie that scripts cannot read and that is sent to these pages alone, never to a service's. So
//! a token that is taken out of the config ends the session with the next request, and nothing has
//! to be remembered here. Behind Cloudflare Access there is no cookie of ours.
//!
//! The admin API does not take the cookie: a form of another site could send it there.

use crate::http::ADMIN_PREFIX;
use percent_encoding::{NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};

/// The name of the cookie.
const COOKIE: &str = "pointsman";
/// How long a browser keeps it: a shift.
const MAX_AGE_S: u32 = 12 * 60 * 60;
/// Longest token that is taken, in bytes.
pub(super) const TOKEN_BYTES_MAX: usize = 512;

/// The token in a `Cookie` header.
#[must_use]
pub fn token_in(cookies: &str) -> Option<String> {
    let mut pairs = cookies.split(';').filter_map(|pair| pair.trim().split_once('='));
    let (_, value) = pairs.find(|(name, _)| *name == COOKIE)?;
    let token = percent_decode_str(value).decode_utf8().ok()?;
    (!token.is_empty() && token.len() <= TOKEN_BYTES_MAX).then(|| token.into_owned())
}

/// The header that makes a browser keep a token, or forget it. `Secure` where the page came by
/// https: a development server on this machine has none.
pub(super) fn set_cookie(token: Option<&str>, url: &str) -> String {
    let value = token.map(|token| utf8_percent_encode(token, NON_ALPHANUMERIC).to_string());
    let max_age_s = if token.is_some() { MAX_AGE_S } else { 0 };
    let secure = if url.starts_with("https:") { "; Secure" } else { "" };
    format!(
        "{COOKIE}={}; Path={ADMIN_PREFIX}; Max-Age={max_age_s}; HttpOnly; SameSite=Lax{secure}",
        value.unwrap_or_default()
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_comes_back_as_it_was_set() {
        for token in ["t0k", "a=b; c", "ü \u{1f600}", "%25"] {
            let set = set_cookie(Some(token), "https://ops.example.com/.pointsman/login");
            let (pair, attributes) = set.split_once(';').unwrap();
            let cookies = format!("other=1; {pair}; last=2");
            assert_eq!(token_in(&cookies).as_deref(), Some(token));
            for word in ["HttpOnly", "SameSite=Lax", "Secure", "Path=/.pointsman/"] {
                assert!(attributes.contains(word), "{word}");
            }
        }
    }

    #[test]
    fn a_development_server_without_tls_keeps_it_too_and_logging_out_forgets() {
        assert!(!set_cookie(Some("x"), "http://127.0.0.1:8787/").contains("Secure"));
        assert!(set_cookie(None, "https://a.example/").contains("Max-Age=0"));
    }

    #[test]
    fn what_is_no_token_is_none() {
        let long = format!("{COOKIE}={}", "x".repeat(TOKEN_BYTES_MAX + 1));
        for cookies in ["", "other=1", "pointsman=", "xpointsman=1", "pointsman=%ff", &*long] {
            assert_eq!(token_in(cookies), None, "{cookies}");
        }
    }
}
