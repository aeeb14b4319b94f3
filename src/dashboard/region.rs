//! One region: its origins, by monitor and area.

use super::frame::{Content, Looker};
use super::parts::{Mood, act_link, badge, heads, health_badge, instant, path, sight_of};
use crate::documents::{MonitorStatus, OriginStatus, RegionStatus};
use crate::ids::{MonitorId, OriginId};
use crate::ordered::Map;
use maud::{Markup, html};

pub(super) fn content(region: &RegionStatus, looker: &Looker) -> Content {
    let id = region.region.as_str();
    let body = html! {
        h1 { "Region " (id) " " span class="quiet" { "(" (region.country) ")" } }
        @if looker.may_act() {
            p class="actions" {
                (act_link("Drain", &[("do", "drain"), ("region", id)]))
                (act_link("Declare an outage", &[("do", "outage"), ("region", id)]))
                (act_link("Announce maintenance", &[("do", "maintenance"), ("region", id)]))
            }
        }
        section {
            h2 { "For its services" }
            ul {
                @for (service, health) in region.services.iter() {
                    li {
                        a href=(path(&["services", service.as_str()])) { (service) } " "
                        (health_badge(health.health))
                        @if health.draining { " " (badge(Mood::Odd, "draining")) }
                        @if let Some(why) = &health.why { " " (why) }
                    }
                }
            }
        }
        section {
            h2 { "Origins" }
            @for (id, origin) in region.origins.iter() { (of_origin(id, origin, looker)) }
        }
    };
    let as_of = Some(region.as_of);
    Content { title: format!("Region {id}"), under: "", as_of, body }
}

fn of_origin(id: &OriginId, origin: &OriginStatus, looker: &Looker) -> Markup {
    html! {
        h3 { (id) } p { code { (origin.url) } }
        @if let Some(set) = &origin.override_ {
            p class="message odd" { "An operator says that it is " (set.set.as_str()) "." }
        }
        div class="scroll" tabindex="0" role="region" aria-label={"Monitors of " (id)} {
            table {
                (heads(&["Monitor", "Health", "Since", "Latency", "Lag", "Seen from", "Reason"]))
                tbody {
                    @for (id, it) in origin.monitors.iter() { (of_monitor(id, it, looker)) }
                }
            }
        }
    }
}

fn of_monitor(id: &MonitorId, monitor: &MonitorStatus, looker: &Looker) -> Markup {
    html! {
        tr {
            th scope="row" { (id) }
            td { (health_badge(monitor.health)) }
            td { @if let Some(since) = monitor.since { (instant(since, looker.now)) } }
            td { @if let Some(ms) = monitor.latency_ms { (ms) " ms" } }
            td { @if let Some(lag_s) = monitor.lag_s { (lag_s) " s" } }
            td { @for (area, sight) in monitor.areas.iter().flat_map(Map::iter) {
                (sight_of(*area, sight.health, sight.latency_ms))
            } }
            td { @if let Some(reason) = &monitor.reason { (reason) } }
        }
    }
}
