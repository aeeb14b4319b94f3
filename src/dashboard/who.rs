//! Who goes where: each country, by the decision that this isolate would make now.
//!
//! Nothing is worked out here a second time: each row is what the steering itself says about a
//! request from that country. Countries that are answered alike are one row.

use super::frame::{Content, Looker, framed, html_answer};
use super::parts::{Mood, badge, heads, path};
use crate::country::Country;
use crate::http::Response;
use crate::http::v1::{Explained, Imagined};
use crate::json;
use crate::ordered::Map;
use maud::{Markup, html};

/// Most countries that are asked about.
const COUNTRIES_MAX: usize = 300;
/// Longest host and path of a question, in bytes.
const FIELD_BYTES_MAX: usize = 512;

/// Most countries that are listed before they are folded.
const LISTED_MAX: usize = 30;

/// What is asked.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Asked {
    /// The host; the first one that there is, if empty.
    pub host: String,
    /// The path.
    pub path: String,
    /// The method.
    pub method: String,
}

/// Where the requests of some countries go.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Destination {
    /// The decision.
    pub explained: Explained,
    /// The countries; `None` is a client of whom none is known.
    pub countries: Vec<Option<Country>>,
}

impl Asked {
    /// Reads the query of the page. What is too long is left out.
    pub(super) fn of(query: &str) -> Self {
        let mut asked =
            Self { host: String::new(), path: "/".to_owned(), method: "GET".to_owned() };
        for (key, value) in form_urlencoded::parse(query.as_bytes()) {
            let value = value.trim();
            if value.is_empty() || value.len() > FIELD_BYTES_MAX {
                continue;
            }
            match &*key {
                "host" => asked.host = value.to_ascii_lowercase(),
                "path" if value.starts_with('/') => value.clone_into(&mut asked.path),
                "method" => asked.method = value.to_ascii_uppercase(),
                _ => {}
            }
        }
        asked
    }
}

/// The questions to the steering: one for each country, and one for a client of whom none is known.
pub fn questions(asked: &Asked) -> impl Iterator<Item = Imagined> {
    let countries = Country::all().map(Some).chain([None]).take(COUNTRIES_MAX);
    countries.map(|country| Imagined {
        host: asked.host.clone(),
        path: asked.path.clone(),
        method: asked.method.clone(),
        country,
        ..Imagined::default()
    })
}

/// Puts the answers that are alike together, in the order in which they first come.
#[must_use]
pub fn destinations(answers: Vec<(Option<Country>, Explained)>) -> Vec<Destination> {
    let mut places: Map<String, usize> = Map::new();
    let mut all: Vec<Destination> = Vec::new();
    for (country, explained) in answers {
        let key = json::write(&explained);
        if let Some(known) = places.get(&key).and_then(|place| all.get_mut(*place)) {
            known.countries.push(country);
            continue;
        }
        places.insert(key, all.len());
        all.push(Destination { explained, countries: vec![country] });
    }
    all
}

impl Asked {
    /// The same, about the first of these hosts where none was named.
    #[must_use]
    pub fn of_some_host(mut self, hosts: &[String]) -> Self {
        if self.host.is_empty() {
            self.host = hosts.first().cloned().unwrap_or_default();
        }
        self
    }

    /// The page. `hosts` are those that the proxy serves.
    #[must_use]
    pub fn page(
        &self,
        destinations: &[Destination],
        hosts: &[String],
        looker: &Looker,
    ) -> Response {
        let body = html! {
            h1 { "Who goes where" }
            (self.form(hosts))
            @if destinations.is_empty() { p { "There is no routing table yet." } }
            @else { (rows(destinations)) }
            p class="quiet" {
                "This is what the data center that made this page would decide now, for a client "
                "without a tenant or a cookie. " code { "pointsman explain" }
                " asks about any request, and " code { "pointsman check" } " proves all of them."
            }
        };
        let as_of = destinations.iter().map(|it| it.explained.as_of).max();
        let content = Content { title: "Who goes where".to_owned(), under: "who", as_of, body };
        html_answer(200, framed(&content, Some(looker)))
    }

    fn form(&self, hosts: &[String]) -> Markup {
        html! {
            form method="get" action=(path(&["who"])) class="row" {
                label for="host" { "Host" }
                input id="host" name="host" value=(self.host) list="hosts" required;
                datalist id="hosts" { @for name in hosts { option value=(name) {} } }
                label for="path" { "Path" }
                input id="path" name="path" value=(self.path);
                label for="method" { "Method" }
                select id="method" name="method" {
                    @for method in ["GET", "POST", "PUT", "PATCH", "DELETE"] {
                        option selected[method == self.method] { (method) }
                    }
                }
                button { "Show" }
            }
        }
    }
}

fn rows(destinations: &[Destination]) -> Markup {
    html! {
        div class="scroll" tabindex="0" role="region" aria-label="Countries and regions" {
            table {
                (heads(&["Clients in", "Go to", "Then to", "By rule", "May not have"]))
                tbody { @for it in destinations { (row(it)) } }
            }
        }
    }
}

fn row(destination: &Destination) -> Markup {
    let Destination { explained, countries } = destination;
    let mut regions = explained.regions.iter();
    html! {
        tr {
            td class="countries" { (named(countries)) }
            td { @match (regions.next(), &explained.refusal) {
                (Some(first), _) => {
                    strong { (first) } br; span class="quiet" { (explained.how) }
                }
                (None, Some(refusal)) => (badge(Mood::Bad, refusal)),
                (None, None) => "–",
            } }
            td { @for (place, region) in regions.enumerate() { @if place > 0 { ", " } (region) } }
            td { @for (place, rule) in explained.rules.iter().enumerate() {
                @if place > 0 { ", " } code { (rule) }
            } }
            td { @for (place, removed) in explained.removed.iter().enumerate() {
                @if place > 0 { ", " } (removed.region)
                @let by = removed.rule.as_ref().map_or(&*removed.filter, |rule| rule.as_str());
                span class="quiet" { " (" (by) ")" }
            } }
        }
    }
}

/// The countries; folded where they are many.
fn named(countries: &[Option<Country>]) -> Markup {
    let list = html! {
        @for (place, country) in countries.iter().enumerate() {
            @if place > 0 { " " }
            @match country { Some(country) => (country), None => "unknown" }
        }
    };
    html! {
        @if countries.len() <= LISTED_MAX { (list) }
        @else { details { summary { (countries.len()) " countries" } (list) } }
    }
}
