//! How a person with a token logs in.

use super::frame::{Content, framed, html_answer, see_other, see_other_with};
use super::parts::{path, path_with};
use super::session::TOKEN_BYTES_MAX;
use crate::http::{ADMIN_PREFIX, Response};
use maud::html;

/// The page that asks for a token. `why` says what was wrong with the one that was offered; `back`
/// is the page that was asked for.
#[must_use]
pub fn login(why: Option<&str>, back: &str) -> Response {
    let body = html! {
        h1 { "Log in" }
        @if let Some(why) = why { p class="message bad" role="alert" { (why) } }
        form method="post" action=(path(&["login"])) class="narrow" {
            input type="hidden" name="back" value=(ours(back));
            label for="token" { "Admin token" }
            input id="token" name="token" type="password" required maxlength=(TOKEN_BYTES_MAX)
                autocomplete="current-password" spellcheck="false";
            button { "Log in" }
        }
        p class="quiet" {
            "The token is one of " code { "[admin]" } " in the config, or the secret "
            code { "ADMIN_TOKEN" } ". The browser keeps it for twelve hours, for these pages alone."
        }
    };
    let content = Content { title: "Log in".to_owned(), under: "none", as_of: None, body };
    html_answer(if why.is_some() { 401 } else { 200 }, framed(&content, None))
}

/// The answer to whoever looks at a page and is not known.
#[must_use]
pub fn to_login(back: &str) -> Response {
    see_other(&path_with(&["login"], &[("back", back)]))
}

/// The answer to a token that is known.
#[must_use]
pub fn logged_in(token: &str, back: &str, url: &str) -> Response {
    see_other_with(ours(back), Some(token), url)
}

/// The answer to whoever logs out.
#[must_use]
pub fn logged_out(url: &str) -> Response {
    see_other_with(&path(&["login"]), None, url)
}

/// A page of ours to go back to, and never one of another site.
fn ours(back: &str) -> &str {
    let is_ours = back.starts_with(ADMIN_PREFIX)
        && back.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'\\');
    if is_ours { back } else { ADMIN_PREFIX }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nobody_is_led_to_another_site() {
        for back in
            ["https://evil.example/", "//evil.example/.pointsman/", "/", "", "/.pointsman/\\x"]
        {
            assert_eq!(ours(back), ADMIN_PREFIX, "{back}");
        }
        assert_eq!(ours("/.pointsman/drills"), "/.pointsman/drills");
    }
}
