//! What changed and why: at Cloudflare, in the config, by people; and what waits.

use super::frame::{Content, Looker};
use super::parts::{instant, lines, path_with};
use crate::documents::{AuditAnswer, CloudflareStatus, HistoryAnswer, KvStatus, Status};
use crate::journal::AuditEntry;
use maud::{Markup, html};

/// How many entries of the audit chain a page shows.
pub(super) const ENTRIES: u64 = 50;

/// `first` is the number of the first entry that is shown.
pub(super) fn content(
    first: u64,
    status: &Status,
    (audit, history): (&AuditAnswer, &HistoryAnswer),
    looker: &Looker,
) -> Content {
    let body = html! {
        h1 { "Changes" }
        section { h2 { "Pending and withheld" } (pending(&status.cloudflare, &status.kv)) }
        section {
            h2 { "Last changes at Cloudflare" }
            @if status.cloudflare.applied.is_empty() { p class="quiet" { "None yet." } }
            ul { @for applied in status.cloudflare.applied.iter().rev() {
                li { (instant(applied.at, looker.now)) " " (applied.what) }
            } }
        }
        section { h2 { "Audit chain" } (chain(first, audit, looker)) }
        section { h2 { "Configs" } (configs(history, looker)) }
    };
    let as_of = Some(status.as_of);
    Content { title: "Changes".to_owned(), under: "changes", as_of, body }
}

fn pending(cloudflare: &CloudflareStatus, kv: &KvStatus) -> Markup {
    let flight = cloudflare.in_flight.iter().map(|intent| intent.what.clone());
    let flight: Vec<String> = flight.collect();
    html! {
        h3 { "Withheld" } (lines(&cloudflare.withheld, "Nothing is withheld."))
        h3 { "Started, and not known to be made" } (lines(&flight, "None."))
        h3 { "Failures" } (lines(&cloudflare.failures, "None."))
        h3 { "Pages of KV that wait for the day's writes" } (lines(&kv.held_back, "None."))
    }
}

fn chain(first: u64, audit: &AuditAnswer, looker: &Looker) -> Markup {
    let last = audit.head.n;
    let shown = audit.entries.iter().filter(|entry| entry.n < first.saturating_add(ENTRIES));
    html! {
        p class="quiet" {
            "The chain ends with entry " (last) "; its hash is " code { (audit.head.hash) } "."
        }
        ol class="events" reversed {
            @for entry in shown.rev() { li value=(entry.n) { (one(entry, looker)) } }
        }
        @if first > 1 {
            @let earlier = first.saturating_sub(ENTRIES).max(1).to_string();
            p { a href=(path_with(&["changes"], &[("from", &earlier)])) { "Earlier entries" } }
        }
    }
}

fn one(entry: &AuditEntry, looker: &Looker) -> Markup {
    html! {
        (instant(entry.at, looker.now)) " " strong { (entry.kind) } " " (entry.what)
        " by " (entry.who)
        @if let Some(why) = &entry.why { span class="quiet" { " because " (why) } }
    }
}

fn configs(history: &HistoryAnswer, looker: &Looker) -> Markup {
    html! {
        ul {
            @for revision in &history.revisions {
                li {
                    "Revision " (revision.revision)
                    @if history.in_use == Some(revision.revision) { " (in use)" }
                    ", " (instant(revision.at, looker.now)) ", by " (revision.who)
                    @if let Some(why) = &revision.why { ": " (why) }
                }
            }
        }
    }
}
