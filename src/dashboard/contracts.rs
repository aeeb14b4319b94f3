//! What services promise, and how much of it is left.

use super::charts::bar;
use super::frame::{Content, Looker};
use super::parts::{Mood, bad_since, badge, heads, instant, lines, path, span};
use crate::documents::{
    AvailabilityPage, ComponentPage, ComponentState, ContractsPage, DrillPromise, ServicePromises,
};
use crate::ids::ComponentId;
use crate::time::SECOND;
use maud::{Markup, html};

pub(super) fn content(page: &ContractsPage, looker: &Looker) -> Content {
    let promised = || page.services.iter().filter(|(_, it)| it.is_promised());
    let body = html! {
        h1 { "Contracts" }
        @if promised().next().is_none() { p { "No service promises anything." } }
        @for (id, promises) in promised() {
            section {
                h2 { a href=(path(&["services", id.as_str()])) { (id) } }
                (of_service(promises, looker))
            }
        }
    };
    Content { title: "Contracts".to_owned(), under: "contracts", as_of: Some(page.as_of), body }
}

fn of_service(promises: &ServicePromises, looker: &Looker) -> Markup {
    html! {
        dl {
            @if let Some(rto_s) = promises.rto_s {
                dt { "RTO" } dd { (span(rto_s * SECOND)) }
            }
            @if let Some(rpo_s) = promises.rpo_s {
                dt { "RPO" } dd { (span(u64::from(rpo_s) * SECOND)) }
            }
            @if let Some(it) = &promises.availability {
                dt { "Availability" } dd { (availability(it, looker)) }
            }
            @if let Some(it) = &promises.drill { dt { "Drills" } dd { (drill(it, looker)) } }
            @if let Some(last) = &promises.last_drill {
                dt { "Last drill" }
                dd {
                    a href=(path(&["drills", &last.id])) { (last.id) }
                    " " (last.outcome.as_str())
                }
            }
        }
        @if !promises.components.is_empty() {
            table {
                (heads(&["Part", "Kind", "State", "Why"]))
                tbody {
                    @for (id, part) in promises.components.iter() { (component(id, part, looker)) }
                }
            }
        }
    }
}

fn availability(page: &AvailabilityPage, looker: &Looker) -> Markup {
    let left = page.budget_left;
    let mood = match left {
        None => Mood::Unknown,
        Some(..=0) => Mood::Bad,
        Some(..=25) => Mood::Odd,
        Some(_) => Mood::Good,
    };
    html! {
        (page.promised) " % promised"
        @if let Some(measured) = &page.measured { ", " (measured) " % measured" }
        ", " (page.failures) " of " (page.requests) " requests failed in 30 days. "
        @if let Some(left) = left {
            @let told = format!("{left} % of the error budget is left");
            br; (bar(u64::try_from(left).unwrap_or(0), mood, &told)) " " (told) "."
        }
        @if let Some(since) = page.counted_since {
            " Counted since " (instant(since, looker.now)) "."
        }
        ul {
            @for (speed, burn) in page.burns.iter() {
                li {
                    "Burn rate, " (speed) ": "
                    @match &burn.rate { Some(rate) => (rate), None => "no requests" }
                    " of " (burn.limit)
                    (bad_since("too fast", burn.since, looker.now))
                }
            }
        }
    }
}

fn drill(promise: &DrillPromise, looker: &Looker) -> Markup {
    html! {
        "every " (promise.every_days) " days; last "
        @match promise.last { Some(last) => (instant(last, looker.now)), None => "never" }
        (bad_since("overdue", promise.overdue_since, looker.now))
    }
}

fn component(id: &ComponentId, part: &ComponentPage, looker: &Looker) -> Markup {
    let mood = match part.state {
        ComponentState::Broken => Mood::Bad,
        ComponentState::Unknown => Mood::Unknown,
        ComponentState::Kept => Mood::Good,
    };
    html! {
        tr {
            th scope="row" { (id) }
            td { (part.kind.as_str()) }
            td {
                (badge(mood, part.state.as_str()))
                @if let Some(since) = part.broken_since { " since " (instant(since, looker.now)) }
            }
            td { (lines(&part.causes, "–")) }
        }
    }
}
