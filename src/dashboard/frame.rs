//! What all pages have around them: head, navigation, who looks, and the headers of the answer.

use super::parts::{instant, path};
use super::session;
use crate::http::v1::Fault;
use crate::http::{ADMIN_PREFIX, Response};
use crate::journal::Role;
use crate::order::Look;
use crate::time::Timestamp;
use maud::{DOCTYPE, Markup, html};

/// Nothing but our own files, no frames around, no forms to elsewhere.
const POLICY: &str = "default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self'; \
                      img-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'";

/// The pages that every page leads to.
const LINKS: [(&str, &str); 6] = [
    ("", "Overview"),
    ("incidents", "Incidents"),
    ("contracts", "Contracts"),
    ("drills", "Drills"),
    ("who", "Who goes where"),
    ("changes", "Changes"),
];

/// Who looks.
#[derive(Debug, Clone)]
pub struct Looker {
    /// The name.
    pub name: String,
    /// What that person may do.
    pub role: Role,
    /// Whether they logged in here, and can log out.
    pub by_cookie: bool,
    /// When it is.
    pub now: Timestamp,
}

impl Looker {
    pub(super) fn of(look: &Look, now: Timestamp) -> Self {
        let Look { name, role, by_cookie, .. } = look.clone();
        Self { name, role, by_cookie, now }
    }

    /// Whether acts are offered.
    pub(super) fn may_act(&self) -> bool {
        self.role >= Role::Operator
    }
}

/// One page, before anything is around it.
pub(super) struct Content {
    pub(super) title: String,
    /// Which link of the navigation it belongs to.
    pub(super) under: &'static str,
    /// When it was true; absent for what does not change.
    pub(super) as_of: Option<Timestamp>,
    pub(super) body: Markup,
}

/// A page as HTML.
pub(super) fn framed(content: &Content, looker: Option<&Looker>) -> String {
    let Content { title, under, as_of, body } = content;
    let markup = html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="color-scheme" content="light dark";
                meta name="robots" content="noindex";
                title { (title) " – Pointsman" }
                link rel="icon" href=(path(&["icon.svg"]));
                link rel="stylesheet" href=(path(&["style.css"]));
                script src=(path(&["script.js"])) defer {}
            }
            body {
                a class="skip" href="#main" { "Skip to the content" }
                header {
                    span class="brand" { "Pointsman" }
                    @if let Some(looker) = looker { (navigation(under, looker)) }
                }
                main id="main" tabindex="-1" data-refresh=[as_of.map(|_| "10")] {
                    (body)
                    @if let (Some(at), Some(looker)) = (as_of, looker) {
                        p class="as-of" { "As of " (instant(*at, looker.now)) "." }
                    }
                }
                p id="news" class="hidden" role="status" aria-live="polite" {}
            }
        }
    };
    markup.into_string()
}

fn navigation(under: &str, looker: &Looker) -> Markup {
    html! {
        nav aria-label="Pages" {
            ul {
                @for (page, name) in LINKS {
                    @let current = (page == under).then_some("page");
                    li { a href=(path(&[page])) aria-current=[current] { (name) } }
                }
            }
        }
        p class="who" {
            (looker.name) " (" (looker.role.as_str()) ")"
            @if looker.by_cookie {
                form method="post" action=(path(&["logout"])) { button { "Log out" } }
            }
        }
    }
}

/// A page as an answer.
#[must_use]
pub fn html_answer(status: u16, body: String) -> Response {
    let headers = vec![
        ("content-type", "text/html; charset=utf-8".to_owned()),
        ("cache-control", "no-store".to_owned()),
        ("content-security-policy", POLICY.to_owned()),
        ("x-content-type-options", "nosniff".to_owned()),
        ("referrer-policy", "same-origin".to_owned()),
    ];
    Response { status, headers, body }
}

/// A page that says why there is none.
#[must_use]
pub fn failed(fault: &Fault, looker: Option<&Looker>) -> Response {
    let body = html! {
        h1 { "This did not work" }
        p { (fault.detail) }
        p { a href=(ADMIN_PREFIX) { "To the overview" } }
    };
    let content = Content { title: "Not done".to_owned(), under: "none", as_of: None, body };
    let mut response = html_answer(fault.code.status(), framed(&content, looker));
    response.headers.extend(fault.headers.clone());
    response
}

/// An answer that leads elsewhere.
pub(super) fn see_other(to: &str) -> Response {
    let headers = vec![("location", to.to_owned()), ("cache-control", "no-store".to_owned())];
    Response { status: 303, headers, body: String::new() }
}

/// The same, and a cookie is set or forgotten.
pub(super) fn see_other_with(to: &str, token: Option<&str>, url: &str) -> Response {
    let mut response = see_other(to);
    response.headers.push(("set-cookie", session::set_cookie(token, url)));
    response
}
