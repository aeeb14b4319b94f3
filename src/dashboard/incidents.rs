//! Incidents: the list, and one with the timeline of its phases.

use super::frame::{Content, Looker};
use super::parts::{Mood, act_link, badge, heads, instant, path, span};
use crate::documents::{IncidentIndex, IncidentPage, PhaseDuration};
use maud::{Markup, html};

pub(super) fn list(index: &IncidentIndex, looker: &Looker) -> Content {
    let body = html! {
        h1 { "Incidents" }
        @if index.incidents.is_empty() { p { "There has been none." } }
        ul class="rows" {
            @for line in &index.incidents {
                li {
                    (how(line.is_open))
                    " " a href=(path(&["incidents", &line.id])) { (line.id) }
                    " " (instant(line.began, looker.now))
                    @if let Some(closed) = line.closed_at {
                        ", over after " (span(closed.since(line.began)))
                    }
                    br; (line.summary)
                }
            }
        }
    };
    content("Incidents", index.as_of, body)
}

pub(super) fn one(page: &IncidentPage, looker: &Looker) -> Content {
    let incident = &page.incident;
    let body = html! {
        h1 { "Incident " (incident.id) }
        p { (how(incident.is_open()))
            " " (page.summary) }
        @if incident.is_open() && looker.may_act() {
            p class="actions" {
                @if incident.acknowledged.is_none() {
                    (act_link("Acknowledge", &[("do", "acknowledge"), ("incident", &incident.id)]))
                }
                @if let Some(region) = &incident.region {
                    @let region = region.as_str();
                    (act_link("Drain the region", &[("do", "drain"), ("region", region)]))
                    (act_link("Declare an outage", &[("do", "outage"), ("region", region)]))
                }
            }
        }
        section { h2 { "Phases" } (timeline(&page.durations)) }
        section {
            h2 { "What happened" }
            ol class="events" {
                @for note in &incident.events {
                    li {
                        (instant(note.at, looker.now)) " "
                        strong { (note.kind.as_str()) } " " (note.text)
                        @if let Some(why) = &note.why { span class="quiet" { " because " (why) } }
                        span class="quiet" { " by " (note.who) }
                    }
                }
            }
            @if incident.events_left_out > 0 {
                p { (incident.events_left_out) " more were left out in the middle." }
            }
        }
        section { h2 { "Report" } pre { @for line in &page.report { (line) "\n" } } }
    };
    content(&format!("Incident {}", incident.id), page.as_of, body)
}

fn how(is_open: bool) -> Markup {
    if is_open { badge(Mood::Bad, "goes on") } else { badge(Mood::Good, "over") }
}

fn content(title: &str, as_of: crate::time::Timestamp, body: Markup) -> Content {
    Content { title: title.to_owned(), under: "incidents", as_of: Some(as_of), body }
}

/// Each phase as a bar from the one before it, on one scale.
fn timeline(durations: &[PhaseDuration]) -> Markup {
    let all_ms = durations.iter().map(|it| it.after_ms).max().unwrap_or(0).max(1);
    let part = |ms: u64| ms * 100 / all_ms;
    html! {
        table class="timeline" {
            (heads(&["Phase", "After the fault", "Took", "When"]))
            tbody {
                @for it in durations {
                    @let from = part(it.after_ms.saturating_sub(it.took_ms));
                    tr {
                        th scope="row" { (it.phase.short()) " " (it.phase.title()) }
                        td { (span(it.after_ms)) }
                        td { (span(it.took_ms)) }
                        td {
                            svg aria-hidden="true" viewBox="0 0 100 8" width="200" height="12"
                                preserveAspectRatio="none" {
                                rect class="rail" width="100" height="8" {}
                                rect class="phase" x=(from.min(99)) height="8"
                                    width=(part(it.took_ms).max(1)) {}
                            }
                        }
                    }
                }
            }
        }
    }
}
