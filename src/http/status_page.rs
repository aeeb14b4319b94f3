//! The public page about how a service stands.

use super::everybody::for_everybody;
use super::html::push_text;
use super::{Audience, Response};
use crate::json::{self, words};
use crate::time::Timestamp;

/// How long anybody may keep it, in seconds.
const MAX_AGE_S: u32 = 30;

words! {
    /// How a service stands. The words are those of public status pages.
    pub enum WorksHow {
        /// All of it is up.
        Operational = "operational",
        /// A part of it is down, and everybody is served all the same.
        DegradedPerformance = "degraded_performance",
        /// Some clients, or some requests, cannot be served.
        PartialOutage = "partial_outage",
        /// Nobody can.
        MajorOutage = "major_outage",
    }
}

impl WorksHow {
    fn told(self) -> &'static str {
        match self {
            Self::Operational => "It works.",
            Self::DegradedPerformance => "It works. A part of it is down, and may make it slower.",
            Self::PartialOutage => "Some requests cannot be served now.",
            Self::MajorOutage => "It does not work now.",
        }
    }
}

/// What the page says.
#[derive(Debug, Clone, Copy)]
pub struct StatusPage<'p> {
    /// What the service is called there.
    pub title: &'p str,
    /// How it stands.
    pub how: WorksHow,
    /// When that was known.
    pub as_of: Timestamp,
    /// Whether that is too long ago to be relied on.
    pub is_stale: bool,
}

/// The page. Only `GET` and `HEAD` may ask for it. It is 200 whatever it says: it works.
#[must_use]
pub fn status_page(page: &StatusPage<'_>, method: &str, audience: Audience) -> Response {
    let made = (|| html(page), || document(page));
    let mut response = for_everybody(method, audience, MAX_AGE_S, made);
    // A page of another site may show how the service stands.
    response.headers.push(("access-control-allow-origin", "*".to_owned()));
    response
}

fn document(page: &StatusPage<'_>) -> String {
    json::object(vec![
        ("title", page.title.into()),
        ("status", page.how.as_str().into()),
        ("description", page.how.told().into()),
        ("as_of", page.as_of.to_string().into()),
        ("is_stale", page.is_stale.into()),
    ])
    .to_string()
}

fn html(page: &StatusPage<'_>) -> String {
    let as_of = page.as_of.to_string();
    let mut text = "<!doctype html><html lang=en><meta charset=utf-8>\
                    <meta name=viewport content=\"width=device-width\">\
                    <meta name=color-scheme content=\"light dark\"><title>"
        .to_owned();
    push_text(&mut text, page.title);
    text.push_str("</title><main><h1>");
    push_text(&mut text, page.title);
    for part in ["</h1><p>", page.how.told(), "</p><p>As of ", &as_of, "."] {
        text.push_str(part);
    }
    if page.is_stale {
        text.push_str(" Nothing newer is known.");
    }
    text.push_str("</p></main>");
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn page(how: WorksHow, is_stale: bool) -> StatusPage<'static> {
        let as_of = Timestamp::from_millis(60_000);
        StatusPage { title: "Acme <payments>", how, as_of, is_stale }
    }

    #[test]
    fn people_and_programs_are_told_the_same() {
        for how in WorksHow::ALL {
            let html = status_page(&page(*how, false), "GET", Audience::People).body;
            let document = status_page(&page(*how, false), "GET", Audience::Programs).body;
            let read: serde_json::Value = serde_json::from_str(&document).unwrap();
            assert_eq!(read["status"], how.as_str());
            assert!(html.contains(read["description"].as_str().unwrap()), "{html}");
            assert!(html.contains("Acme &lt;payments>") && !html.contains("Nothing newer"));
        }
        let html = status_page(&page(WorksHow::Operational, true), "GET", Audience::People).body;
        assert!(html.contains("Nothing newer is known."));
    }

    #[test]
    fn the_page_is_kept_for_a_while_and_only_read() {
        let answer = status_page(&page(WorksHow::Operational, false), "HEAD", Audience::Programs);
        assert!(answer.headers.contains(&("cache-control", "public, max-age=30".to_owned())));
        let answer = status_page(&page(WorksHow::Operational, false), "POST", Audience::Programs);
        assert_eq!(answer.status, 405);
    }
}
