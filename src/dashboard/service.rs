//! One service: its regions, its plan, its contract, and what can be done.

use super::charts::{down_strip, sparkline};
use super::frame::{Content, Looker};
use super::overview::{active, day};
use super::parts::{Mood, act_link, badge, health_badge, instant, lines, path, path_with};
use crate::config::DrillKind;
use crate::documents::{
    ContractsPage, RecoveryPage, ServicePromises, ServiceRecovery, ServiceTrend, Status, TrendsPage,
};
use crate::health::Health;
use crate::ids::{RegionId, ServiceId};
use crate::ordered::Map;
use crate::recovery::{Plan, Stage};
use maud::{Markup, html};
use std::cmp::Reverse;

/// What is known of it.
struct Known<'k> {
    id: &'k ServiceId,
    status: &'k Status,
    regions: &'k Map<RegionId, Health>,
    trend: Option<&'k ServiceTrend>,
    promises: Option<&'k ServicePromises>,
    recovery: Option<&'k ServiceRecovery>,
}

/// The page of a service; `None` if there is none of this name.
pub(super) fn content(
    id: &str,
    status: &Status,
    (trends, contracts, recovery): (&TrendsPage, &ContractsPage, &RecoveryPage),
    looker: &Looker,
) -> Option<Content> {
    let id = ServiceId::parse(id).ok()?;
    let known = Known {
        id: &id,
        status,
        regions: status.services.get(&id)?,
        trend: trends.services.get(&id),
        promises: contracts.services.get(&id),
        recovery: recovery.services.get(&id),
    };
    let body = html! {
        h1 { "Service " (id) }
        (standing(&known))
        @if looker.may_act() { (acts(&known)) }
        section { h2 { "Regions" } (regions(&known, looker)) }
        @if let Some(plan) = known.recovery.and_then(|it| it.plan.as_ref()) {
            section { h2 { "Last plan" } (steps(plan, looker)) }
        }
        @if let Some(recovery) = known.recovery {
            section { h2 { "Would a failover work?" }
                (lines(&recovery.not_ready, "Nothing stands in the way."))
                @if let Some(why) = &recovery.hindrance { p class="message odd" { (why) } }
            }
        }
    };
    let as_of = status.as_of;
    Some(Content { title: format!("Service {id}"), under: "", as_of: Some(as_of), body })
}

fn standing(known: &Known<'_>) -> Markup {
    let recovery = known.status.recovery.get(known.id);
    let stage = recovery.map_or(Stage::Normal, |recovery| recovery.stage);
    let names = known.trend.map(|trend| trend.names.as_slice()).unwrap_or_default();
    html! {
        dl {
            dt { "Takes new clients" } dd { (active(known.trend, known.regions)) }
            dt { "Stage" } dd { (badge(Mood::of_stage(stage), stage.as_str())) }
            dt { "Epoch" } dd { (recovery.map_or(0, |recovery| recovery.epoch)) }
            @if let Some(trend) = known.trend {
                dt { "Policy" } dd { (trend.policy) }
                dt { "Last 24 hours" } dd { (day(known.id, trend)) }
            }
            @if !names.is_empty() {
                dt { "Names" }
                dd { @for name in names {
                    code { (name) } " "
                    a href=(path_with(&["who"], &[("host", name)])) { "who goes where" } " "
                } }
            }
        }
    }
}

fn acts(known: &Known<'_>) -> Markup {
    let service = known.id.as_str();
    let plan = known.status.recovery.get(known.id).and_then(|it| it.plan.as_ref());
    html! {
        p class="actions" {
            @if plan.is_some() {
                (act_link("Approve the plan", &[("do", "approve"), ("service", service)]))
                (act_link("Abort the plan", &[("do", "abort"), ("service", service)]))
            }
            (act_link("Halt changes", &[("do", "halt"), ("service", service)]))
            (act_link("Declare corruption", &[("do", "corruption"), ("service", service)]))
            @for kind in DrillKind::ALL {
                @let fields = [("do", "drill"), ("service", service), ("kind", kind.as_str())];
                (act_link(&format!("Drill: {}", kind.as_str()), &fields))
            }
        }
    }
}

fn regions(known: &Known<'_>, looker: &Looker) -> Markup {
    let mut all: Vec<_> = known.regions.iter().collect();
    all.sort_by_key(|(_, health)| Reverse(**health));
    html! {
        div class="scroll" tabindex="0" role="region" aria-label="Regions of the service" {
            table {
                thead { tr {
                    th scope="col" { "Region" } th scope="col" { "Health" }
                    th scope="col" { "Down, last 24 hours" } th scope="col" { "Latency of probes" }
                    th scope="col" { "Live requests" }
                    @if looker.may_act() { th scope="col" { "Do" } }
                } }
                tbody {
                    @for (id, health) in all {
                        (region(known, id, *health, looker))
                    }
                }
            }
        }
    }
}

fn region(known: &Known<'_>, id: &RegionId, health: Health, looker: &Looker) -> Markup {
    let why = known.status.reasons.get(known.id).and_then(|regions| regions.get(id));
    let trend = known.trend.and_then(|trend| trend.regions.get(id));
    let live = known.promises.and_then(|promises| promises.regions.get(id));
    let (service, region) = (known.id.as_str(), id.as_str());
    html! {
        tr {
            th scope="row" { a href=(path(&["regions", region])) { (id) } }
            td {
                (health_badge(health))
                @if let Some(why) = why {
                    @if why.draining { " " (badge(Mood::Odd, "draining")) }
                    @if let Some(back) = &why.returning {
                        " " (badge(Mood::Odd, "returning")) " " (back.percent) " %"
                    }
                    @if let Some(text) = &why.why { br; span class="quiet" { (text) } }
                }
            }
            td { @if let Some(trend) = trend { (down_strip(&trend.down_s, region)) } }
            td {
                @let drawn = trend.and_then(|it| sparkline(&it.latencies, region, looker.now));
                @if let Some(drawn) = drawn { (drawn) }
            }
            td { @if let Some(live) = live {
                (live.requests) " requests, " (live.failures) " failed"
                @if let Some(ms) = live.latency_ms { ", " (ms) " ms" }
            } }
            @if looker.may_act() { td class="actions" {
                @let of = |word, name| [("do", word), ("service", service), (name, region)];
                (act_link("Drain", &of("drain", "region")))
                (act_link("Switch to it", &of("switch", "to")))
                (act_link("Fail back", &of("fail_back", "region")))
            } }
        }
    }
}

/// The steps of a plan.
fn steps(plan: &Plan, looker: &Looker) -> Markup {
    html! {
        p {
            (plan.kind.as_str()) " to " strong { (plan.to) }
            @if let Some(from) = &plan.from { " from " (from) }
            ", epoch " (plan.epoch) ", begun " (instant(plan.began, looker.now)) " by " (plan.who)
            ": " (plan.why)
        }
        ol {
            @for run in &plan.steps {
                li {
                    strong { (run.step.name()) } " " (run.state.as_str())
                    @if run.tries > 1 { ", " (run.tries) " tries" }
                    @if let Some(said) = &run.said { ": " (said) }
                }
            }
        }
        @if let Some(end) = plan.end {
            p { "It ended: " (end.as_str())
                @if let Some(why) = &plan.why_ended { ", " (why) } "." }
        }
    }
}
