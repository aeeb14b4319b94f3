//! How everything stands, at one look.

use super::charts::{answered_strip, down_strip};
use super::frame::{Content, Looker};
use super::map::map;
use super::parts::{
    Mood, act_link, badge, heads, health_badge, instant, path, path_with, sight_of, span,
};
use crate::documents::{
    ComponentState, ContractsPage, OpenIncident, RegionPlace, ServicePromises, ServiceTrend,
    Status, TrendsPage,
};
use crate::health::Health;
use crate::ids::{RegionId, ServiceId};
use crate::ordered::Map;
use crate::recovery::Stage;
use crate::time::SECOND;
use maud::{Markup, html};
use std::cmp::Reverse;

/// Most regions that are named in a row.
const NAMED_MAX: usize = 6;

/// `known` is what only the Controller has; `silence` says why it does not answer.
pub(super) fn content(
    status: &Status,
    known: Option<(&TrendsPage, &ContractsPage)>,
    silence: Option<&str>,
    looker: &Looker,
) -> Content {
    let as_of = status.as_of;
    let body = html! {
        h1 id="headline" { (headline(status)) }
        @if let Some(why) = silence {
            p class="message bad" role="alert" {
                "The Controller does not answer (" (why) "). This is the copy in KV, written "
                (instant(as_of, looker.now)) "."
            }
        }
        (matters(status, looker))
        (incidents(&status.incidents, looker))
        section {
            h2 { "Services" }
            (services(status, known))
        }
        @if let Some((trends, _)) = known {
            section {
                h2 { "Regions" }
                @if let Some(map) = map(&trends.regions, |id| worst(status, id)) { (map) }
                (regions(status, trends))
            }
        }
        @if looker.may_act() {
            p class="actions" {
                (act_link("Halt all changes", &[("do", "halt")]))
                (act_link("Announce maintenance", &[("do", "maintenance")]))
                (act_link("Compare with Cloudflare now", &[("do", "compare")]))
            }
        }
    };
    Content { title: headline(status), under: "", as_of: Some(as_of), body }
}

/// The one sentence that tells it.
fn headline(status: &Status) -> String {
    let services = status.services.len();
    let dark = status.services.iter().filter(|(_, regions)| !is_up(regions));
    let dark: Vec<&str> = dark.map(|(id, _)| id.as_str()).collect();
    if !dark.is_empty() {
        return format!("No region is up for {}", dark.join(", "));
    }
    let going = status.incidents.iter().filter(|incident| incident.trouble.is_some()).count();
    match (going, status.incidents.len()) {
        (0, _) if services == 0 => "There is no config yet".to_owned(),
        (0, 0) => "All services have a region that is up".to_owned(),
        (0, 1) => "All is well again; one incident is not closed yet".to_owned(),
        (0, open) => format!("All is well again; {open} incidents are not closed yet"),
        (1, _) => "One incident goes on; all services have a region that is up".to_owned(),
        _ => format!("{going} incidents go on; all services have a region that is up"),
    }
}

fn is_up(regions: &Map<RegionId, Health>) -> bool {
    regions.values().any(|health| *health == Health::Up)
}

/// How a region stands for the service that it is worst for.
fn worst(status: &Status, region: &RegionId) -> Option<Health> {
    let services = status.services.values();
    services.filter_map(|regions| regions.get(region).copied()).max()
}

/// What a person has to know or to decide, the most urgent first.
fn matters(status: &Status, looker: &Looker) -> Markup {
    let waiting = status.recovery.iter().filter_map(|(service, recovery)| {
        let plan = recovery.plan.as_ref()?;
        Some((service, plan))
    });
    html! {
        @for (service, plan) in waiting {
            div class="message odd" role="alert" {
                p {
                    "The plan of " a href=(path(&["services", service.as_str()])) { (service) }
                    " to " (plan.to) " is at "
                    strong { (plan.step.as_deref().unwrap_or("its end")) }
                    @if let Some(said) = &plan.said { ": " (said) }
                }
                @if looker.may_act() {
                    (act_link("Approve", &[("do", "approve"), ("service", service.as_str())]))
                    (act_link("Abort", &[("do", "abort"), ("service", service.as_str())]))
                }
            }
        }
        @for text in told(status) { p class="message odd" { (text) } }
        @for order in &status.orders {
            div class="message" {
                p {
                    "In force: " (order.act) ", by " (order.who) ": " (order.reason) "."
                    @if let Some(until) = order.until {
                        " Until " (instant(until, looker.now)) "."
                    }
                }
                @if looker.may_act() {
                    (act_link("Lift", &[("do", "lift"), ("order", &order.id.to_string())]))
                }
            }
        }
        @if let Some(drill) = &status.drill {
            p class="message" {
                "A drill goes on: " a href=(path(&["drills", &drill.id])) { (drill.id) }
            }
        }
    }
}

/// What is wrong with Pointsman itself, or with what it may do.
fn told(status: &Status) -> Vec<String> {
    let mut all = Vec::new();
    if let Some(since) = status.doubted_since {
        all.push(format!("The observer doubts itself since {since}: health stays as it was."));
    }
    if status.config.refused.is_some() {
        all.push("The config in KV is refused; the last good one is in use.".to_owned());
    }
    if status.cloudflare.halted {
        all.push("All changes at Cloudflare are halted.".to_owned());
    }
    let cloudflare = &status.cloudflare;
    all.extend(cloudflare.failures.iter().map(|text| format!("At Cloudflare: {text}")));
    all.extend(cloudflare.withheld.iter().map(|text| format!("Withheld: {text}")));
    for (service, recovery) in status.recovery.iter() {
        let not_ready = recovery.not_ready.iter();
        all.extend(not_ready.map(|text| format!("A failover of {service} would not work: {text}")));
    }
    all
}

fn incidents(open: &[OpenIncident], looker: &Looker) -> Markup {
    html! {
        @if !open.is_empty() {
            section {
                h2 { "Open incidents" }
                @for incident in open {
                    @let mood = if incident.trouble.is_some() { Mood::Bad } else { Mood::Odd };
                    div class={"message " (mood.class())} {
                        p {
                            a href=(path(&["incidents", &incident.id])) { (incident.id) }
                            " since " (instant(incident.began, looker.now)) ". "
                            @if incident.trouble.is_none() {
                                "It is well again, and not closed yet. "
                            }
                            @match &incident.taken_by {
                                Some(who) => { (who) " looks after it." }
                                None => { strong { "Nobody looks after it." } }
                            }
                        }
                        @if looker.may_act() && incident.taken_by.is_none() {
                            @let fields = [("do", "acknowledge"), ("incident", &*incident.id)];
                            (act_link("Acknowledge", &fields))
                        }
                    }
                }
            }
        }
    }
}

fn regions(status: &Status, trends: &TrendsPage) -> Markup {
    let row = |id: &RegionId, place: &RegionPlace| {
        html! {
            tr {
                th scope="row" { a href=(path(&["regions", id.as_str()])) { (id) } }
                td { (place.country) }
                td { @match worst(status, id) {
                    Some(health) => (health_badge(health)),
                    None => "no service has it",
                } }
                td {
                    @if place.areas.is_empty() { span class="quiet" { "from the cron run" } }
                    @for (area, sight) in place.areas.iter() {
                        (sight_of(*area, sight.health, sight.latency_ms))
                    }
                }
            }
        }
    };
    let mut all: Vec<_> = trends.regions.iter().collect();
    all.sort_by_key(|(id, _)| Reverse(worst(status, id)));
    html! {
        div class="scroll" tabindex="0" role="region" aria-label="Regions" {
            table {
                (heads(&["Region", "Country", "Worst health", "Seen from"]))
                tbody { @for (id, place) in all { (row(id, place)) } }
            }
        }
    }
}

const SERVICE_HEADS: [&str; 7] =
    ["Service", "Takes new clients", "Stage", "Epoch", "Last 24 hours", "Contract", "Routes"];

fn services(status: &Status, known: Option<(&TrendsPage, &ContractsPage)>) -> Markup {
    let row = |id: &ServiceId, regions: &Map<RegionId, Health>| {
        let trend = known.and_then(|(trends, _)| trends.services.get(id));
        let promises = known.and_then(|(_, contracts)| contracts.services.get(id));
        let recovery = status.recovery.get(id);
        let stage = recovery.map_or(Stage::Normal, |recovery| recovery.stage);
        html! {
            tr {
                th scope="row" { a href=(path(&["services", id.as_str()])) { (id) } }
                td { (active(trend, regions)) }
                td { (badge(Mood::of_stage(stage), stage.as_str())) }
                td { @match recovery { Some(it) if it.epoch > 0 => (it.epoch), _ => "–" } }
                td { @if let Some(trend) = trend { (day(id, trend)) } }
                td { (kept(promises)) }
                td { @for name in trend.iter().flat_map(|trend| &trend.names).take(1) {
                    a href=(path_with(&["who"], &[("host", name)])) { "who goes where" }
                } }
            }
        }
    };
    html! {
        div class="scroll" tabindex="0" role="region" aria-label="Services" {
            table {
                (heads(&SERVICE_HEADS))
                tbody { @for (id, regions) in status.services.iter() { (row(id, regions)) } }
            }
        }
    }
}

/// The region that serves, or those that do.
pub(super) fn active(trend: Option<&ServiceTrend>, regions: &Map<RegionId, Health>) -> Markup {
    let up = regions.iter().filter(|(_, health)| **health == Health::Up).map(|(id, _)| id);
    let takes: Vec<&RegionId> = match trend {
        Some(trend) => trend.takes.iter().collect(),
        None => up.collect(),
    };
    let is_ordered = trend.is_some_and(|trend| trend.policy == "ordered");
    let primary = trend.and_then(|trend| trend.primary.as_ref());
    html! {
        @if takes.is_empty() { (badge(Mood::Bad, "none")) }
        @else if is_ordered { @for first in takes.iter().take(1) { strong { (first) } } }
        @else if takes.len() > NAMED_MAX { (takes.len()) " of " (regions.len()) " regions" }
        @else {
            @for (place, id) in takes.iter().enumerate() { @if place > 0 { ", " } (id) }
        }
        @if let Some(primary) = primary { " " span class="quiet" { "(writes: " (primary) ")" } }
    }
}

/// How the last day of a service went: by requests where there are any, and else by its regions.
pub(super) fn day(id: &ServiceId, trend: &ServiceTrend) -> Markup {
    if !trend.hours.is_empty() {
        return answered_strip(&trend.hours, id.as_str());
    }
    let hours = trend.regions.values().map(|region| region.down_s.len()).max().unwrap_or(0);
    // Down for clients is what all regions have in common.
    let all_down = |hour: usize| {
        let down = trend.regions.values().map(|it| it.down_s.get(hour).copied().unwrap_or(0));
        down.min().unwrap_or(0)
    };
    let down_s: Vec<u64> = (0..hours).map(all_down).collect();
    down_strip(&down_s, id.as_str())
}

/// Whether it keeps what it promises.
fn kept(promises: Option<&ServicePromises>) -> Markup {
    let Some(promises) = promises.filter(|promises| promises.is_promised()) else {
        return html! { span class="quiet" { "none" } };
    };
    let broken = promises.components.values();
    let broken = broken.filter(|component| component.state == ComponentState::Broken).count();
    let left = promises.availability.as_ref().and_then(|it| it.budget_left);
    html! {
        @if broken > 0 { (badge(Mood::Bad, "broken")) }
        @else if left.is_some_and(|left| left < 0) { (badge(Mood::Bad, "budget used up")) }
        @else { (badge(Mood::Good, "kept")) }
        @if let Some(rto_s) = promises.rto_s {
            " " span class="quiet" { "RTO " (span(rto_s * SECOND)) }
        }
    }
}
