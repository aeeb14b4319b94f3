//! What all families together have to be.

use super::*;
use crate::config::{ORIGINS_MAX, REGIONS_MAX, RULES_MAX};
use crate::controller::{Controller, Offered};
use crate::geo::Area;
use crate::http::Problem;
use crate::ids::{RegionId, ServiceId};
use crate::order::Query;
use crate::steering::Refusal;
use crate::testing::{config_text, run};
use crate::time::{MINUTE, Timestamp};
use crate::traffic::{Ended, Happened, Line, Report, Requests, What};
use serde_json::{Value as Json, json};
use std::collections::{BTreeMap, BTreeSet};

mod documents;
mod otlp;

fn families() -> impl Iterator<Item = Family> {
    GROUPS.iter().flat_map(Group::families)
}

fn at(ms: u64) -> Timestamp {
    Timestamp::from_millis(ms)
}

/// What is told now.
fn told(controller: &mut Controller, now: u64) -> String {
    controller.page(&Query::Metrics {}, at(now)).unwrap()
}

/// A Controller that has made one run with this config.
fn world(config: &Json) -> Controller {
    let mut controller = Controller::default();
    let taken = controller.offer_config(&config.to_string(), at(0));
    assert_eq!(taken, Offered::Taken, "{:?}", controller.state().refused);
    run(&mut controller, MINUTE, &[]);
    controller
}

fn small() -> Json {
    serde_json::from_str(&config_text()).unwrap()
}

/// The series of a text with their values, in the order of the text.
fn series(text: &str) -> Vec<(String, String)> {
    let lines = text.lines().filter(|line| !line.starts_with('#'));
    lines
        .map(|line| {
            let (series, value) = line.rsplit_once(' ').unwrap();
            (series.to_owned(), value.to_owned())
        })
        .collect()
}

fn value(text: &str, name: &str) -> String {
    let all: BTreeMap<String, String> = series(text).into_iter().collect();
    all.get(name).unwrap_or_else(|| panic!("no {name} in\n{text}")).clone()
}

fn report(isolate: &str, number: u64, lines: Vec<Line>, happened: Vec<Happened>) -> Query {
    let (isolate, area) = (isolate.to_owned(), Some(Area::Weur));
    Query::Routes { than: Some(1), report: Some(Report { isolate, number, area, lines, happened }) }
}

fn api() -> ServiceId {
    ServiceId::parse("api").unwrap()
}

fn happened(what: What, of: &str, count: u64) -> Happened {
    let of = Some(of.to_owned()).filter(|of| !of.is_empty());
    Happened { what, service: Some(api()), of, count }
}

/// Whether the text is sound: families contiguous and each once, no series twice, each of the
/// family above it.
fn assert_sound(text: &str) {
    let (mut families, mut all) = (BTreeSet::new(), BTreeSet::new());
    let mut family = "";
    for line in text.lines() {
        if let Some(head) = line.strip_prefix("# TYPE ") {
            assert!(head.starts_with(family), "{line}: its help stands above it");
        } else if let Some(head) = line.strip_prefix("# HELP ") {
            family = head.split_once(' ').unwrap().0;
            assert!(families.insert(family), "{family} is there twice");
        } else if !line.starts_with("# left out: ") {
            let (series, value) = line.rsplit_once(' ').unwrap();
            let name = series.split('{').next().unwrap();
            let suffixes = ["", "_bucket", "_sum", "_count"];
            assert!(suffixes.iter().any(|it| name.strip_suffix(it) == Some(family)), "{line}");
            assert!(all.insert(series), "{series} is there twice");
            assert!(value.parse::<f64>().is_ok(), "{line}");
        }
    }
    assert!(text.ends_with('\n'));
}

#[test]
fn names_follow_the_rules_of_prometheus() {
    let mut names = BTreeSet::new();
    for family in families() {
        let labels: Vec<&str> = family.labels().collect();
        let Family { name, kind, help, .. } = family;
        assert!(names.insert(name.clone()), "{name} is there twice");
        let is_plain = |text: &str| text.bytes().all(|b| b.is_ascii_lowercase() || b == b'_');
        assert!(name.starts_with("pointsman_") && is_plain(&name), "{name}");
        assert!(["counter", "gauge", "histogram"].contains(&kind), "{name}: {kind}");
        assert_eq!(name.ends_with("_total"), kind == "counter", "{name}");
        assert!(help.ends_with('.') && !help.contains("  "), "{name}: {help}");
        assert!(!help.contains('\\'), "{name}: it would have to be escaped");
        let distinct: BTreeSet<_> = labels.iter().collect();
        assert_eq!(distinct.len(), labels.len(), "{name}");
        assert!(labels.iter().all(|label| is_plain(label) && *label != "le"), "{name}");
    }
}

#[test]
fn each_sample_has_a_value_for_each_label() {
    let controller = world(&everything());
    let view = controller.view(at(2 * MINUTE)).unwrap();
    let (status, contracts) =
        (controller.status(at(2 * MINUTE)), controller.contracts(at(2 * MINUTE)));
    let counters = Counters::default();
    let sources = Sources::of(
        (Some(&view), controller.state(), at(2 * MINUTE)),
        (&status, &contracts),
        &counters,
    );
    let mut without = BTreeSet::new();
    for family in GROUPS.iter().flat_map(|group| group.made(&sources)) {
        if family.samples.is_empty() {
            without.insert(family.name.clone());
        }
        for sample in &family.samples {
            assert_eq!(sample.labels.len(), family.labels().count(), "{}", family.name);
            let is_histogram = matches!(sample.value, Value::Times { .. });
            assert_eq!(is_histogram, family.kind == "histogram", "{}", family.name);
        }
    }
    // Nothing is known of these here; a name that no family has would lose its samples.
    let unknown = [
        "account_compared_age_seconds",
        "area_probe_latency_seconds",
        "area_request_latency_seconds",
        "drill_overdue",
        "error_budget_left_ratio",
        "heartbeat_failing",
        "region_primary",
        "replication_lag_seconds",
        "standby_contact_age_seconds",
        "standby_lag_seconds",
    ];
    assert_eq!(without, unknown.map(|name| format!("pointsman_{name}")).into());
}

/// A config in which something has a promise, a primary, a receiver, an area.
fn everything() -> Json {
    let mut config = small();
    config["services"]["api"]["contract"] = json!({
        "availability": 99.9,
        "components": {"db": {"kind": "database", "bounds": {"/lag": {"max": 5}}}},
    });
    config["alerts"] = json!([{"kind": "slack", "id": "team", "url_secret": "SLACK"}]);
    config["areas"]["use"] = json!(["weur", "enam"]);
    config
}

#[test]
fn a_config_in_use_is_told_by_a_sound_text() {
    let text = told(&mut world(&everything()), 2 * MINUTE);
    assert_sound(&text);
    for (name, expected) in [
        (r#"pointsman_region_health{service="api",region="eu-west",health="up"}"#, "1"),
        (r#"pointsman_region_health{service="api",region="eu-west",health="down"}"#, "0"),
        (r#"pointsman_availability_promised_ratio{service="api"}"#, "0.999"),
        // The answers of `run` have no health document.
        (r#"pointsman_contract_state{service="api",component="db",state="broken"}"#, "1"),
        (r#"pointsman_contract_state{service="api",component="db",state="kept"}"#, "0"),
        // Which is told to the team, and nobody sends it here.
        (r#"pointsman_alerts_undelivered{receiver="team"}"#, "1"),
        (r#"pointsman_area_heard{area="weur"}"#, "0"),
        (r#"pointsman_runs_total{by="cron"}"#, "1"),
        ("pointsman_run_age_seconds", "60"),
        ("pointsman_run_lateness_seconds", "0"),
        ("pointsman_config_revision", "1"),
        ("pointsman_api_calls_recent_max", "600"),
        ("pointsman_kv_writes_max", "900"),
        ("pointsman_metrics_left_out", "0"),
    ] {
        assert_eq!(value(&text, name), expected, "{name}");
    }
}

#[test]
fn without_a_config_there_is_a_sound_text_too() {
    let text = told(&mut Controller::default(), 0);
    assert_sound(&text);
    assert_eq!(value(&text, "pointsman_generation"), "0");
}

#[test]
fn probes_and_their_latency_are_told_by_region() {
    let mut controller = Controller::default();
    controller.offer_config(&config_text(), at(0));
    run(&mut controller, MINUTE, &["us-1"]);
    let text = told(&mut controller, 2 * MINUTE);
    let probes = |region: &str, said: &str| -> u64 {
        let name = format!(r#"pointsman_probes_total{{region="{region}",said="{said}"}}"#);
        value(&text, &name).parse().unwrap()
    };
    assert!(probes("eu-west", "pass") > 0 && probes("us-east", "fail") > 0, "{text}");
    assert_eq!((probes("us-east", "pass"), probes("eu-west", "inconclusive")), (0, 0));
    let of_origin = r#"{region="eu-west",origin="eu-1",monitor="api"}"#;
    assert_eq!(value(&text, &["pointsman_probe_latency_seconds", of_origin].concat()), "0.02");
    let down = r#"{region="us-east",origin="us-1",monitor="api",health="down"}"#;
    assert_eq!(value(&text, &["pointsman_origin_health", down].concat()), "1");
    assert_eq!(value(&text, r#"pointsman_events_total{event="opened"}"#), "1");
    assert_eq!(value(&text, "pointsman_incidents_open"), "1");
    assert_eq!(value(&text, r#"pointsman_service_incidents_open{service="files"}"#), "1");
}

#[test]
fn every_counter_is_there_at_0_from_the_start_for_all_that_the_config_has() {
    let text = told(&mut world(&everything()), 2 * MINUTE);
    for Family { name, kind, .. } in families().filter(|family| family.kind != "gauge") {
        let name = if kind == "histogram" { format!("{name}_count") } else { name };
        let is_it = |series: &str| series.split('{').next() == Some(name.as_str());
        let all: Vec<_> = series(&text).into_iter().filter(|(series, _)| is_it(series)).collect();
        assert!(!all.is_empty(), "{name}");
        // What has happened by now: one run with its probes, and what became of it.
        let moves = ["runs", "probes", "events"].map(|it| format!("pointsman_{it}_total"));
        for (series, value) in all {
            assert!(value == "0" || moves.contains(&name), "{series} {value}");
        }
    }
    for region in ["eu-west", "us-east", "sa-east"] {
        let name =
            format!(r#"pointsman_breaker_openings_total{{service="api",region="{region}"}}"#);
        assert_eq!(value(&text, &name), "0");
    }
}

#[test]
fn a_service_that_is_only_published_has_no_counters_of_the_proxy() {
    let text = told(&mut world(&small()), 2 * MINUTE);
    assert!(!text.contains(r#"pointsman_requests_total{service="files""#), "{text}");
    assert!(text.contains(r#"pointsman_region_health{service="files""#), "{text}");
}

#[test]
fn what_isolates_tell_is_added_up_and_counted_once() {
    let mut controller = world(&small());
    let mut requests = Requests::default();
    (0..3).for_each(|_| requests.note(Ended::Well, 40));
    requests.note(Ended::Badly, 1);
    requests.note(Ended::Unanswered, 1);
    let eu = RegionId::parse("eu-west").unwrap();
    for (isolate, number) in [("a", 1), ("a", 1), ("b", 1), ("a", 2)] {
        let lines = vec![
            Line::of(at(2 * MINUTE), (api(), None), requests),
            Line::of(at(2 * MINUTE), (api(), Some(eu.clone())), requests),
        ];
        let happened = vec![
            happened(What::Decided, "order", 4),
            happened(What::Refused, "shed", 1),
            happened(What::Retried, "", 2),
            happened(What::BreakerOpened, "eu-west", 1),
            Happened { what: What::RuledOut, service: None, of: Some("lgpd".into()), count: 5 },
            // What the config does not have takes no room.
            happened(What::BreakerOpened, "mars", 1),
            happened(What::Decided, "whim", 1),
        ];
        controller.page(&report(isolate, number, lines, happened), at(2 * MINUTE)).unwrap();
    }
    let text = told(&mut controller, 2 * MINUTE + 1);
    assert_sound(&text);
    for (name, expected) in [
        (r#"pointsman_requests_total{service="api",outcome="answered"}"#, "9"),
        (r#"pointsman_requests_total{service="api",outcome="failed"}"#, "3"),
        (r#"pointsman_requests_total{service="api",outcome="unanswered"}"#, "3"),
        (r#"pointsman_tries_total{service="api",region="eu-west",outcome="answered"}"#, "9"),
        (r#"pointsman_tries_total{service="api",region="us-east",outcome="answered"}"#, "0"),
        (r#"pointsman_request_duration_seconds_bucket{service="api",le="0.025"}"#, "0"),
        (r#"pointsman_request_duration_seconds_bucket{service="api",le="0.05"}"#, "9"),
        (r#"pointsman_request_duration_seconds_bucket{service="api",le="+Inf"}"#, "9"),
        (r#"pointsman_request_duration_seconds_sum{service="api"}"#, "0.36"),
        (r#"pointsman_request_duration_seconds_count{service="api"}"#, "9"),
        (r#"pointsman_decisions_total{service="api",reason="order"}"#, "12"),
        (r#"pointsman_refusals_total{service="api",code="shed"}"#, "3"),
        (r#"pointsman_rule_refusals_total{rule="lgpd"}"#, "15"),
        (r#"pointsman_retries_total{service="api"}"#, "6"),
        (r#"pointsman_breaker_openings_total{service="api",region="eu-west"}"#, "3"),
        ("pointsman_counts_refused_total", "6"),
        ("pointsman_isolates_heard", "2"),
    ] {
        assert_eq!(value(&text, name), expected, "{name}");
    }
}

#[test]
fn every_refusal_of_the_proxy_has_a_counter() {
    let with_a_service = [
        Problem::Refused(Refusal::NoPermittedRegion),
        Problem::Refused(Refusal::NoUsableRegion),
        Problem::Refused(Refusal::UnknownTenant),
        Problem::Refused(Refusal::TenantUnavailable),
        Problem::Refused(Refusal::NoPrimary),
        Problem::Refused(Refusal::Shed),
        Problem::Unreachable,
        Problem::TimedOut,
        Problem::BadStatus,
        Problem::BadRequest,
        Problem::ClientSilent,
        Problem::Misdirected,
        Problem::ResumedElsewhere,
    ];
    let without = [
        Problem::Refused(Refusal::UnknownHost),
        Problem::NoRoutes,
        Problem::BadRequest,
        Problem::MisspeltPath,
        Problem::OurSecret,
        Problem::Loop,
    ];
    let codes = |problems: &[Problem]| -> BTreeSet<&str> {
        problems.iter().map(|problem| problem.code()).collect()
    };
    assert_eq!(codes(&with_a_service), CODES.0.iter().copied().collect());
    assert_eq!(codes(&without), CODES.1.iter().copied().collect());
}

/// As many regions and origins as a config may have, in so many services under so many rules.
fn largest(services: usize, rules: usize) -> Json {
    let per_region = ORIGINS_MAX / REGIONS_MAX;
    let region = |n: usize| {
        let origin = |k: usize| {
            let id = format!("o-{n}-{k}");
            json!({"id": id, "url": format!("https://{id}.example.com")})
        };
        let origins: Vec<Json> = (0..per_region).map(origin).collect();
        (format!("region-{n}"), json!({"country": "IE", "origins": origins}))
    };
    let regions: serde_json::Map<String, Json> = (0..REGIONS_MAX).map(region).collect();
    let ids: Vec<&String> = regions.keys().collect();
    let service = |n: usize| {
        let hosts = [format!("s-{n}.example.com")];
        (format!("s-{n}"), json!({"hosts": hosts, "monitor": "api", "regions": ids}))
    };
    let all: serde_json::Map<String, Json> = (0..services).map(service).collect();
    let rule = |n: usize| {
        let (id, when) = (format!("rule-{n}"), json!({"country": "DE"}));
        json!({"id": id, "when": when, "allow": ["IE"], "mode": "strict"})
    };
    let rules: Vec<Json> = (0..rules).map(rule).collect();
    json!({
        "version": 1,
        "monitors": {"api": {"path": "/health"}},
        "observer": {"controls": []}, "limits": {"probes_per_run": ORIGINS_MAX},
        "regions": regions, "services": all, "residency": rules,
    })
}

#[test]
fn the_largest_config_stays_under_the_limits_and_what_is_left_out_is_named() {
    // More services under more rules have too large a routing table.
    for (services, rules, all_fit) in [(2, RULES_MAX, true), (30, 10, false)] {
        let mut controller = Controller::default();
        let text = largest(services, rules).to_string();
        let taken = controller.offer_config(&text, at(0));
        assert_eq!(taken, Offered::Taken, "{:?}", controller.state().refused);
        let text = told(&mut controller, MINUTE);
        assert_sound(&text);
        let count = series(&text).len();
        assert!(text.len() <= BYTES_MAX && count <= SERIES_MAX, "{} {count}", text.len());
        let left_out = text.lines().filter(|line| line.starts_with("# left out: ")).count();
        assert_eq!(value(&text, "pointsman_metrics_left_out"), left_out.to_string());
        assert_eq!(left_out == 0, all_fit, "{services}: {left_out}");
        // Health comes before everything else.
        assert!(text.contains("pointsman_region_health"), "{services}");
        assert!(text.contains("pointsman_requests_total"), "{services}");
    }
}
