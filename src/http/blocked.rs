//! The page that explains a refusal by law (451).
//!
//! A 451 links to whoever blocks, with `rel="blocked-by"` (RFC 7725 §4). Everybody may read the
//! page, because whoever was refused should. So it says how refusals come about and who can help,
//! and nothing of what this deployment has: no region, no rule, no tenant. The rules that refused a
//! request are in the body of its own 451.

use super::everybody::for_everybody;
use super::html::push_text;
use super::{Audience, Response};
use crate::json;

/// How long anybody may keep it, in seconds.
const MAX_AGE_S: u32 = 300;

const TITLE: &str = "Why a request is refused with 451";
/// What comes behind the name of the host.
const WHY: &str = " is served from several regions. Rules on data residency say which of them may \
    handle a request: by the country it comes from, by the customer it belongs to, or by what it \
    asks for. If they permit none of the regions, the request is refused with status 451, and \
    nobody receives it.";
/// What comes before the name of the host.
const WHO: &str = "These rules are set by the operator of ";
const WHAT_NOW: &str = "Asking again does not help. Send the operator what the refusal says: \
    `rules`, `basis` where there is one, and `request_id`.";

/// The page about the refusals of a host. Only `GET` and `HEAD` may ask for it.
#[must_use]
pub fn blocked(host: &str, method: &str, audience: Audience) -> Response {
    for_everybody(method, audience, MAX_AGE_S, (|| page(host), || document(host)))
}

fn document(host: &str) -> String {
    json::object(vec![
        ("title", TITLE.into()),
        ("status", 451.into()),
        ("blocked_by", host.into()),
        ("why", [host, WHY].concat().into()),
        ("who", [WHO, host, "."].concat().into()),
        ("what_now", WHAT_NOW.into()),
    ])
    .to_string()
}

fn page(host: &str) -> String {
    let mut page = ["<!doctype html><html lang=en><meta charset=utf-8><title>", TITLE].concat();
    page.push_str("</title><h1>");
    page.push_str(TITLE);
    page.push_str("</h1><p>");
    push_text(&mut page, host);
    page.push_str(WHY);
    page.push_str("</p><p>");
    page.push_str(WHO);
    push_text(&mut page, host);
    page.push_str(".</p><p>");
    page.push_str(WHAT_NOW);
    page.push_str("</p>");
    page
}

#[cfg(test)]
mod tests {
    use super::*;

    fn header<'r>(response: &'r Response, name: &str) -> &'r str {
        let found = response.headers.iter().find(|(n, _)| *n == name);
        found.map_or("", |(_, value)| value)
    }

    #[test]
    fn people_and_programs_read_the_same_words() {
        let page = blocked("api.example.com", "GET", Audience::People);
        let document = blocked("api.example.com", "HEAD", Audience::Programs);
        assert_eq!((page.status, header(&page, "content-type")), (200, "text/html; charset=utf-8"));
        assert_eq!(header(&document, "content-type"), "application/json");
        let read: serde_json::Value = serde_json::from_str(&document.body).unwrap();
        for key in ["title", "why", "who", "what_now"] {
            assert!(page.body.contains(read[key].as_str().unwrap()), "{key}: {}", page.body);
        }
        assert_eq!(read["blocked_by"], "api.example.com");
        assert_eq!((header(&page, "vary"), header(&document, "vary")), ("accept", "accept"));
    }

    #[test]
    fn the_name_of_a_host_is_no_markup() {
        let page = blocked("<b>&", "GET", Audience::People);
        assert!(page.body.contains("&lt;b>&amp; is served"), "{}", page.body);
    }

    #[test]
    fn the_page_is_only_read() {
        for method in ["POST", "PUT", "DELETE", "OPTIONS"] {
            let response = blocked("h", method, Audience::Programs);
            assert_eq!((response.status, header(&response, "allow")), (405, "GET, HEAD"));
        }
    }
}
