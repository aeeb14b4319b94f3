//! Acts as forms: first a form with the reason, then what would change, then the button that does
//! it.
//!
//! A form makes the same body that the admin API takes, so whatever holds there holds here: roles,
//! limits, the reason, and the key by which the same button pressed twice is one act.

use super::fields::field;
use super::frame::{Content, Looker, framed, html_answer};
use super::parts::path;
use crate::fingerprint::Fingerprint;
use crate::http::v1::{Code, Fault};
use crate::http::{ADMIN_PREFIX, Response};
use crate::json;
use crate::order::{Act, Acted};
use crate::time::{MINUTE, Millis, Timestamp};
use maud::{Markup, html};
use serde_json::{Map, Value};

/// Longest form that is read, in bytes.
pub const FORM_BYTES_MAX: usize = 8 * 1024;
/// Longest reason, in characters, as the form lets one write it.
const REASON_MAX: usize = 300;
/// What can be done by a form. A config is pushed by the tool, which shows the difference.
const ACTS: [&str; 14] = [
    "drain",
    "switch",
    "fail_back",
    "halt",
    "outage",
    "corruption",
    "maintenance",
    "lift",
    "acknowledge",
    "approve",
    "abort",
    "confirm",
    "drill",
    "compare",
];
/// What an act is about.
const SUBJECTS: [&str; 6] = ["service", "region", "to", "incident", "order", "kind"];
/// Acts that may end by themselves.
const LASTING: [&str; 4] = ["drain", "halt", "maintenance", "switch"];
/// How long they may last.
const SPANS: [(&str, Millis); 4] = [
    ("30 minutes", 30 * MINUTE),
    ("2 hours", 120 * MINUTE),
    ("8 hours", 480 * MINUTE),
    ("3 days", 4_320 * MINUTE),
];

/// What a person does with the form.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum ActStep {
    /// Asks what would change.
    Show,
    /// Has seen it, and wants it.
    Do,
}

/// A form that somebody filled in, or is about to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ActForm {
    word: &'static str,
    subjects: Vec<(&'static str, String)>,
    reason: String,
    lasts: String,
    /// What the act is, as it reads from these.
    act: Act,
    /// What the person wants.
    step: ActStep,
    /// The key by which the same form twice is one act; empty as long as there is none.
    pub key: String,
    /// The fingerprint of the changes that were shown.
    shown: String,
}

impl ActForm {
    /// Reads a form or the query that leads to one. Errors: there is no such act, or what it is
    /// about is none.
    pub fn of(text: &str) -> Result<Self, Fault> {
        let invalid = |why: String| Fault::new(Code::Invalid, why);
        if text.len() > FORM_BYTES_MAX {
            return Err(Fault::new(Code::TooLong, format!("at most {FORM_BYTES_MAX} bytes")));
        }
        let field = |name: &str| field(text, name);
        let wanted = field("do").unwrap_or_default();
        let word = ACTS.iter().find(|word| **word == wanted);
        let word = *word.ok_or_else(|| invalid(format!("there is no act `{wanted}`")))?;
        let subjects = SUBJECTS.iter().filter_map(|name| Some((*name, field(name)?)));
        let subjects: Vec<_> = subjects.collect();
        let act = json::read_strictly(&act_value(word, &subjects).to_string());
        Ok(Self {
            word,
            act: act.map_err(|error| invalid(error.to_string()))?,
            subjects,
            reason: field("reason").unwrap_or_default(),
            lasts: field("for").unwrap_or_default(),
            step: if field("step").as_deref() == Some("do") { ActStep::Do } else { ActStep::Show },
            key: field("key").unwrap_or_default(),
            shown: field("shown").unwrap_or_default(),
        })
    }

    /// The body that the admin API takes.
    #[must_use]
    pub fn body(&self, is_dry: bool, now: Timestamp) -> String {
        let mut body = Map::new();
        body.insert("act".to_owned(), act_value(self.word, &self.subjects));
        body.insert("reason".to_owned(), self.reason.clone().into());
        body.insert("is_dry".to_owned(), is_dry.into());
        let span = SPANS.iter().find(|(name, _)| *name == self.lasts);
        if let Some((_, ms)) = span.filter(|_| LASTING.contains(&self.word)) {
            body.insert("until".to_owned(), now.plus(*ms).to_string().into());
        }
        Value::from(body).to_string()
    }

    /// Whether these are the changes that the person has seen.
    fn has_seen(&self, acted: &Acted) -> bool {
        self.shown == fingerprint(acted)
    }

    fn hidden(&self) -> Markup {
        html! {
            input type="hidden" name="do" value=(self.word);
            @for (name, value) in &self.subjects { input type="hidden" name=(name) value=(value); }
        }
    }

    /// Where one came from.
    fn back(&self) -> String {
        let of = |name| self.subjects.iter().find(|(known, _)| *known == name).map(|(_, it)| it);
        match (of("incident"), of("service"), of("region")) {
            (Some(id), ..) => path(&["incidents", id]),
            (_, Some(id), _) => path(&["services", id]),
            (.., Some(id)) => path(&["regions", id]),
            _ => ADMIN_PREFIX.to_owned(),
        }
    }
}

/// An act as the admin API has it: its word, and what it is about.
fn act_value(word: &str, subjects: &[(&'static str, String)]) -> Value {
    let value = |(name, text): &(&'static str, String)| {
        let value = match (*name, text.parse::<u64>()) {
            ("order", Ok(number)) => Value::from(number),
            _ => Value::from(text.clone()),
        };
        ((*name).to_owned(), value)
    };
    let subjects: Map<String, Value> = subjects.iter().map(value).collect();
    Value::from(Map::from_iter([(word.to_owned(), Value::from(subjects))]))
}

fn fingerprint(acted: &Acted) -> String {
    Fingerprint::of(acted.changes.join("\n").as_bytes()).to_string()
}

/// Whether a person who pressed the button has seen what it would do now. If not, it is shown.
#[must_use]
pub fn confirmed(form: &ActForm, would: &Acted) -> bool {
    form.step == ActStep::Do && form.has_seen(would)
}

/// The empty form.
#[must_use]
pub fn form(form: &ActForm, looker: &Looker) -> Response {
    page(200, form, looker, &asks(form, None))
}

/// The form again, with why it was refused.
#[must_use]
pub fn refused(form: &ActForm, fault: &Fault, looker: &Looker) -> Response {
    page(fault.code.status(), form, looker, &asks(form, Some(&fault.detail)))
}

fn asks(form: &ActForm, problem: Option<&str>) -> Markup {
    html! {
        @if let Some(problem) = problem { p class="message bad" role="alert" { (problem) } }
        form method="post" action=(path(&["act"])) class="narrow" {
            (form.hidden())
            label for="reason" { "Why" }
            input id="reason" name="reason" value=(form.reason) required maxlength=(REASON_MAX)
                autocomplete="off" aria-describedby="reason-note";
            p id="reason-note" class="quiet" {
                "Everybody who looks at the audit chain will read it. Name no person."
            }
            @if LASTING.contains(&form.word) {
                label for="for" { "For" }
                select id="for" name="for" {
                    option value="" { (as_usual(form.word)) }
                    @for (name, _) in SPANS { option selected[name == form.lasts] { (name) } }
                }
            }
            input type="hidden" name="step" value="show";
            button { "Show what would change" }
            " " a href=(form.back()) { "Leave it" }
        }
    }
}

/// How long an act lasts for which no end is chosen.
fn as_usual(word: &str) -> &'static str {
    if matches!(word, "drain" | "maintenance") {
        "24 hours, as usual"
    } else {
        "until somebody lifts it"
    }
}

/// What would change, with the button that does it. `key` is any text that no other form has.
#[must_use]
pub fn shown(form: &ActForm, would: &Acted, key: &str, looker: &Looker) -> Response {
    let is_other = form.step == ActStep::Do;
    let body = html! {
        @if is_other {
            p class="message odd" role="alert" {
                "Meanwhile something else would change. Nothing was done."
            }
        }
        (changes(would, "What would change"))
        p { "Why: " (form.reason) @if !form.lasts.is_empty() { " (for " (form.lasts) ")" } }
        form method="post" action=(path(&["act"])) class="narrow" {
            (form.hidden())
            input type="hidden" name="reason" value=(form.reason);
            input type="hidden" name="for" value=(form.lasts);
            input type="hidden" name="key" value=(key);
            input type="hidden" name="shown" value=(fingerprint(would));
            input type="hidden" name="step" value="do";
            button class="danger" { "Do it: " (form.act) }
            " " a href=(form.back()) { "Leave it" }
        }
    };
    page(200, form, looker, &body)
}

/// What was done.
#[must_use]
pub fn acted(form: &ActForm, acted: &Acted, looker: &Looker) -> Response {
    let body = html! {
        p class="message good" role="status" {
            "Done." @if let Some(order) = acted.order { " It is order " (order) "." }
        }
        (changes(acted, "What changed"))
        p { a href=(form.back()) { "Go on" } }
    };
    page(200, form, looker, &body)
}

fn changes(acted: &Acted, title: &str) -> Markup {
    html! {
        h2 { (title) }
        @if acted.changes.is_empty() { p { "Nothing." } }
        ul { @for change in &acted.changes { li { (change) } } }
        @if !acted.notes.is_empty() {
            h3 { "To know" }
            ul { @for note in &acted.notes { li { (note) } } }
        }
    }
}

fn page(status: u16, form: &ActForm, looker: &Looker, body: &Markup) -> Response {
    let words = form.act.to_string();
    let body = html! { h1 { (capital(&words)) } (body) };
    let content = Content { title: capital(&words), under: "none", as_of: None, body };
    html_answer(status, framed(&content, Some(looker)))
}

fn capital(words: &str) -> String {
    let mut letters = words.chars();
    let first = letters.next().map(|first| first.to_ascii_uppercase());
    first.into_iter().chain(letters).collect()
}
