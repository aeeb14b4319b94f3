//! Drills: the list with the schedules, and one with its report.

use super::frame::{Content, Looker};
use super::parts::{Mood, badge, heads, instant, path};
use crate::documents::{DrillIndex, DrillPage};
use crate::drill::Outcome;
use maud::html;

pub(super) fn list(index: &DrillIndex, looker: &Looker) -> Content {
    let body = html! {
        h1 { "Drills" }
        @if index.drills.is_empty() { p { "There has been none. A service's page begins one." } }
        ul class="rows" {
            @for line in &index.drills {
                li {
                    (badge(mood(line.outcome), line.outcome.as_str())) " "
                    a href=(path(&["drills", &line.id])) { (line.id) }
                    " " (instant(line.began, looker.now))
                    br; (line.summary)
                }
            }
        }
        @if !index.schedules.is_empty() {
            h2 { "Schedules" }
            table {
                (heads(&["Schedule", "Service", "Kind", "Last", "Next"]))
                tbody { @for it in &index.schedules { tr {
                    th scope="row" { (it.id) }
                    td { (it.service) } td { (it.kind.as_str()) }
                    td {
                        @if let Some(last) = it.last { (instant(last, looker.now)) }
                        @else { "never" }
                        @if let Some(why) = &it.skipped {
                            br; span class="quiet" { "last skipped: " (why) }
                        }
                    }
                    td { @if let Some(next) = it.next { (instant(next, looker.now)) } }
                } } }
            }
        }
    };
    Content { title: "Drills".to_owned(), under: "drills", as_of: Some(index.as_of), body }
}

pub(super) fn one(page: &DrillPage, looker: &Looker) -> Content {
    let drill = &page.drill;
    let body = html! {
        h1 { "Drill " (drill.id) }
        p { (badge(mood(drill.outcome), drill.outcome.as_str())) " " (page.summary) }
        p { "Begun " (instant(drill.began, looker.now)) " by " (drill.who) ": " (drill.why) }
        section { h2 { "Report" } pre { @for line in &page.report { (line) "\n" } } }
    };
    let title = format!("Drill {}", drill.id);
    Content { title, under: "drills", as_of: Some(page.as_of), body }
}

fn mood(outcome: Outcome) -> Mood {
    match outcome {
        Outcome::Succeeded => Mood::Good,
        Outcome::Pending => Mood::Odd,
        _ => Mood::Bad,
    }
}
