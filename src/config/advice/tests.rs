mod adequacy;
mod admin;
mod places;
mod promises;
mod promotion;
mod settled;
mod times;
use super::residency::ENDS_SOON;
use super::{AdviceCode, advise};
use crate::config::Config;
use crate::time::Timestamp;
use serde_json::{Value, json};

mod law;

const NOW: &str = "2026-06-01T00:00:00Z";

fn at(text: &str) -> Timestamp {
    Timestamp::try_from(text.to_owned()).unwrap()
}

fn region(country: &str, name: &str) -> Value {
    let url = format!("https://{name}.example.net");
    json!({"country": country, "origins": [{"id": format!("{name}-1"), "url": url}]})
}

/// Two regions in the EU and one in the US, one service, no rule: nothing to be said.
fn quiet() -> Value {
    json!({
        "version": 1,
        "regions": {
            "de": region("DE", "de"),
            "ie": region("IE", "ie"),
            "us": region("US", "us"),
        },
        "monitors": {"web": {}},
        "services": {"web": {
            "hosts": ["www.example.com"],
            "monitor": "web",
            "regions": ["de", "ie", "us"],
        }},
    })
}

fn with_rule(allow: &[&str]) -> Value {
    let mut config = quiet();
    config["residency"] = json!([{"id": "law", "allow": allow, "mode": "strict"}]);
    config
}

/// Codes and paths of what is said at an instant. Notes are not: they are said of nearly every
/// config.
fn told_at(config: &Value, now: Timestamp) -> Vec<String> {
    let config = Config::parse(&config.to_string()).unwrap();
    let told = advise(&config, now);
    let warnings = told.iter().filter(|told| !told.code.is_note());
    warnings.map(|told| format!("{:?} {}", told.code, told.path)).collect()
}

fn told(config: &Value) -> Vec<String> {
    told_at(config, at(NOW))
}

#[test]
fn of_a_quiet_config_nothing_is_said() {
    assert_eq!(told(&quiet()), [""; 0]);
    assert_eq!(told(&with_rule(&["DE", "IE"])), [""; 0]);
}

#[test]
fn one_region_is_no_failover_and_two_are() {
    let alone = ["W101 residency[0].allow"];
    assert_eq!(told(&with_rule(&["DE"])), alone);
    assert_eq!(told(&with_rule(&["DE", "IE"])), [""; 0]);
    let mut preferred = with_rule(&["DE"]);
    preferred["residency"][0]["mode"] = "preferred".into();
    assert_eq!(told(&preferred), [""; 0]);
    let mut pinned = quiet();
    pinned["tenants"] = json!({"acme": {"allow": "DE"}});
    pinned["services"]["web"]["tenant"] = json!({"header": "x-tenant"});
    assert_eq!(told(&pinned), ["W101 tenants.acme.allow"]);
}

#[test]
fn a_service_with_one_region_is_told_once_whatever_rules_there_are() {
    let mut config = quiet();
    config["services"]["idle"] =
        json!({"monitor": "web", "regions": ["de"], "hosts": ["idle.example.com"]});
    assert_eq!(told(&config), ["W113 services.idle.regions"]);
    let mut config = with_rule(&["DE"]);
    config["services"]["web"]["regions"] = json!(["de"]);
    let alone = ["W111 regions.ie", "W111 regions.us", "W113 services.web.regions"];
    assert_eq!(told(&config), alone);
    let config = Config::parse(&config.to_string()).unwrap();
    let advice = advise(&config, at(NOW));
    let alone = advice.iter().find(|told| told.code == AdviceCode::W113).unwrap();
    assert_eq!(alone.problem, "`web` has only one region, `de`");
    assert_eq!(alone.hint.as_deref(), Some("add a second region in a permitted country"));
}

#[test]
fn that_clients_return_all_at_once_is_a_note_said_once() {
    let notes = |config: &Value| {
        let config = Config::parse(&config.to_string()).unwrap();
        let all = advise(&config, at(NOW)).into_iter().filter(|told| told.code.is_note());
        all.map(|told| format!("{:?} {}: {}", told.code, told.path, told.problem)).collect()
    };
    let mut config = quiet();
    let path = "W114 services.web.failover.failback";
    let told: Vec<String> = notes(&config);
    assert_eq!(told, [format!("{path}: traffic comes back to a region of `web` all at once")]);
    config["services"]["web2"] = config["services"]["web"].clone();
    config["services"]["web2"]["hosts"] = json!(["www2.example.com"]);
    let told: Vec<String> = notes(&config);
    let more = "traffic comes back to a region of `web`, and to those of 1 more, all at once";
    assert_eq!(told, [format!("{path}: {more}")]);
    // To a service with one region nobody comes back, and stages that are written have effect.
    config["services"]["web"]["failover"] = json!({"failback": {"stages": [50, 100]}});
    config["services"]["web2"]["regions"] = json!(["de"]);
    let told: Vec<String> = notes(&config);
    assert_eq!(told, [""; 0]);
}

#[test]
fn stages_that_have_no_effect_or_cannot_be_compared_are_told() {
    let with = |failback: Value, hosts: Value, publish: Value| {
        let mut config = quiet();
        let service = &mut config["services"]["web"];
        service["failover"] = json!({"failback": failback});
        (service["hosts"], service["publish"]) = (hosts, publish);
        let told = told(&config).into_iter();
        told.filter(|told| told.starts_with("W15")).collect::<Vec<_>>()
    };
    let hosts = json!(["www.example.com"]);
    let short = ["W158 services.web.failover.failback.bake_s"];
    for (bake_s, is_short) in [(120, true), (121, false), (300, false)] {
        let found = with(json!({"bake_s": bake_s}), hosts.clone(), json!([]));
        assert_eq!(found, if is_short { &short[..] } else { &[] }, "{bake_s}");
    }
    let record = json!({"dns": {
        "zone": "example.com", "name": "www.example.com", "type": "CNAME",
    }});
    let found = with(json!({"bake_s": 10}), json!([]), json!([record]));
    assert_eq!(found, ["W157 services.web.failover.failback"]);
}

#[test]
fn a_config_for_one_machine_is_told_that_cloudflare_reaches_nothing_of_it() {
    let mut config = quiet();
    for (port, region) in [(9001, "de"), (9002, "ie"), (9003, "us")] {
        let url = format!("http://localhost:{port}");
        config["regions"][region]["origins"][0]["url"] = url.into();
    }
    assert_eq!(told(&config), ["W115 regions"]);
}

#[test]
fn a_recovery_time_is_none_for_writes_to_a_primary() {
    let mut config = quiet();
    config["monitors"]["web"]["expect"] = json!({"json": {"/replication_lag_s": {"max": 300}}});
    config["services"]["web"]["contract"] = json!({"rto_s": 600});
    assert_eq!(told(&config), [""; 0]);
    config["services"]["web"]["writes"] = "primary".into();
    assert_eq!(told(&config), ["W112 services.web.contract.rto_s"]);
    config["services"]["web"]["contract"] = Value::Null;
    assert_eq!(told(&config), [""; 0]);
}

#[test]
fn an_end_is_told_from_180_days_before_it_until_it_is_there() {
    let end = at("2027-01-01T00:00:00Z");
    let mut config = with_rule(&["DE", "@ours"]);
    config["sets"] = json!({"ours": {"members": ["IE"], "expires": end.to_string()}});
    let before = |ms: u64| told_at(&config, Timestamp::from_millis(end.millis() - ms));
    assert_eq!(before(ENDS_SOON + 1), [""; 0]);
    assert_eq!(before(ENDS_SOON), ["W102 residency[0].allow"]);
    assert_eq!(before(ENDS_SOON - 1), ["W102 residency[0].allow"]);
    assert_eq!(before(1), ["W102 residency[0].allow"]);
    assert_eq!(before(0), ["W101 residency[0].allow"]);
}

#[test]
fn what_ends_while_something_else_goes_on_is_no_end() {
    let mut config = with_rule(&["DE", "IE", "@ours"]);
    config["sets"] = json!({"ours": {"members": ["IE"], "expires": "2026-06-02T00:00:00Z"}});
    assert_eq!(told(&config), [""; 0]);
}

#[test]
fn a_region_without_the_attestation_is_told() {
    let mut config = with_rule(&["@eea", "@eu_adequate"]);
    assert_eq!(told(&config), ["W103 residency[0].allow"]);
    config["regions"]["us"]["attest"] = json!(["dpf_certified"]);
    assert_eq!(told(&config), [""; 0]);
}

#[test]
fn a_time_in_which_a_rule_permits_nothing_is_told() {
    let mut config = with_rule(&["@ours"]);
    config["sets"] =
        json!({"ours": {"members": ["DE", "IE"], "effective_from": "2026-06-01T00:00:00.001Z"}});
    assert_eq!(told(&config), ["W105 residency[0].allow"]);
    assert_eq!(told_at(&config, at(NOW).plus(1)), [""; 0]);
}

#[test]
fn a_lag_that_nobody_reports_is_told() {
    let mut config = quiet();
    config["services"]["web"]["contract"] = json!({"rpo_s": 300});
    config["services"]["web"]["writes"] = "primary".into();
    assert_eq!(told(&config), ["W106 services.web.contract.rpo_s", "W106 services.web.writes"]);
    config["monitors"]["web"]["expect"] = json!({"json": {"/replication_lag_s": {"max": 300}}});
    assert_eq!(told(&config), [""; 0]);
}

#[test]
fn an_override_is_over_from_its_last_instant_on() {
    let mut config = quiet();
    config["overrides"] = json!([{
        "origin": "de-1", "set": "drain", "reason": "upgrade", "author": "ada", "until": NOW,
    }]);
    let before = Timestamp::from_millis(at(NOW).millis() - 1);
    assert_eq!(told_at(&config, before), [""; 0]);
    assert_eq!(told(&config), ["W107 overrides"]);
}

#[test]
fn a_primary_that_some_clients_may_not_write_to_is_told() {
    let mut config = with_rule(&["DE", "IE"]);
    config["services"]["web"]["writes"] = "primary".into();
    config["services"]["web"]["primary"] = "us".into();
    config["monitors"]["web"]["expect"] = json!({"json": {"/replication_lag_s": {"max": 300}}});
    assert_eq!(told(&config), ["W108 residency[0].allow"]);
    config["services"]["web"]["primary"] = "de".into();
    assert_eq!(told(&config), [""; 0]);
}

#[test]
fn the_others_must_be_able_to_carry_what_the_largest_carries() {
    let config = |others: u32| {
        let mut config = quiet();
        config["regions"]["de"]["capacity_rps"] = 800.into();
        config["regions"]["ie"]["capacity_rps"] = 400.into();
        config["regions"]["us"]["capacity_rps"] = others.into();
        let told = told(&config);
        told.iter().filter(|told| told.starts_with("W109")).cloned().collect::<Vec<_>>()
    };
    assert_eq!(config(399), ["W109 services.web.regions"]);
    assert_eq!(config(400), [""; 0]);
    assert_eq!(config(401), [""; 0]);
}

#[test]
fn the_capacity_under_a_rule_is_that_of_the_regions_that_it_permits() {
    let mut config = with_rule(&["DE", "IE"]);
    for (region, capacity) in [("de", 800), ("ie", 400), ("us", 800)] {
        config["regions"][region]["capacity_rps"] = capacity.into();
    }
    let told = told(&config);
    assert_eq!(told, ["W104 regions.de.capacity_rps", "W109 residency[0].allow"]);
}

#[test]
fn the_probes_of_a_run_are_counted() {
    let config = |limit: u32| {
        let mut config = quiet();
        config["monitors"]["web"]["interval_s"] = 15.into();
        config["limits"] = json!({"probes_per_run": limit});
        config["observer"] = json!({"controls": []});
        told(&config)
    };
    // Three origins, each four times in 55 s, and three rechecks.
    assert_eq!(config(14), ["W110 limits.probes_per_run"]);
    assert_eq!(config(15), [""; 0]);
    assert_eq!(config(16), [""; 0]);
}

#[test]
fn the_requests_of_a_run_are_more_than_its_probes_where_they_are_redirected_or_repeated() {
    let config = |redirects: u32, retries: u32, probes: u32, areas: &[&str]| {
        let mut config = quiet();
        config["monitors"]["web"]["interval_s"] = 5.into();
        config["monitors"]["web"]["follow_redirects"] = redirects.into();
        config["monitors"]["web"]["retries"] = retries.into();
        config["limits"] = json!({"probes_per_run": probes});
        config["areas"] = json!({"use": areas});
        told(&config)
    };
    let few = |told: Vec<String>| told.contains(&"W164 limits.probes_per_run".to_owned());
    assert!(!few(config(0, 0, 45, &[])));
    assert!(!few(config(1, 0, 25, &[])), "fifty");
    assert!(few(config(1, 0, 26, &[])));
    assert!(few(config(2, 1, 9, &[])), "54");
    assert!(few(config(1, 0, 45, &["weur", "enam"])), "each vantage point makes as many");
    // Who may make more probes than the free plan has requests is on the paid one.
    assert!(!few(config(4, 0, 51, &[])));
}

#[test]
fn a_run_without_probes_for_rechecks_is_told() {
    let config = |limit: u32| {
        let mut config = quiet();
        config["limits"] = json!({"probes_per_run": limit});
        config["observer"] = json!({"controls": []});
        told(&config)
    };
    assert_eq!(config(5), ["W119 limits.probes_per_run"]);
    assert_eq!(config(6), [""; 0]);
    assert_eq!(config(7), [""; 0]);
}

#[test]
fn what_this_version_does_not_act_on_is_told() {
    let mut config = quiet();
    config["regions"]["de"]["capacity_rps"] = 100.into();
    assert_eq!(told(&config), ["W104 regions.de.capacity_rps"]);
}

#[test]
fn areas_and_a_quorum_of_them_are_acted_on() {
    let mut config = quiet();
    config["areas"] = json!({"use": ["weur", "enam"]});
    config["monitors"]["web"]["quorum"] = 2.into();
    assert_eq!(told(&config), [""; 0]);
}

#[test]
fn who_is_called_by_nobody_and_who_watches_nobody_is_told() {
    let slack = json!({"kind": "slack", "url_secret": "SLACK"});
    let with = |alerts: serde_json::Value, watchdog: serde_json::Value| {
        let mut config = quiet();
        (config["alerts"], config["watchdog"]) = (alerts, watchdog);
        told(&config)
    };
    let watched = json!({"heartbeat_secret": "BEAT"});
    assert_eq!(with(json!([]), json!({})), [""; 0]);
    assert_eq!(with(json!([slack]), watched.clone()), [""; 0]);
    assert_eq!(with(json!([slack]), json!({})), ["W126 watchdog.heartbeat_secret"]);
    for (silent_after_s, is_told) in [(119, true), (120, false), (121, false)] {
        let watched = json!({"heartbeat_secret": "BEAT", "silent_after_s": silent_after_s});
        let expected: &[&str] = if is_told { &["W127 watchdog.silent_after_s"] } else { &[] };
        assert_eq!(with(json!([slack]), watched), expected);
    }
    let mut only_config = slack.clone();
    only_config["events"] = json!(["config_refused"]);
    assert_eq!(with(json!([only_config]), watched.clone()), ["W122 alerts"]);
    let second = json!({"id": "second", "kind": "slack", "url_secret": "SLACK", "tier": 2});
    assert_eq!(with(json!([second]), watched.clone()), ["W122 alerts"]);
    assert_eq!(with(json!([slack, second]), watched), ["W122 alerts[1]"]);
}

#[test]
fn what_nothing_uses_is_told() {
    let mut config = quiet();
    config["services"]["web"]["regions"] = json!(["de", "ie"]);
    config["services"]["idle"] = json!({"monitor": "web", "regions": ["de"]});
    config["monitors"]["spare"] = json!({});
    let unused = told(&config).into_iter().filter(|told| told.starts_with("W111 "));
    let expected = ["W111 monitors.spare", "W111 regions.us", "W111 services.idle"];
    assert_eq!(unused.collect::<Vec<_>>(), expected);
}

#[test]
fn no_advice_says_to_loosen_a_rule() {
    let mut config = with_rule(&["DE", "@eu_adequate", "@ours"]);
    config["sets"] = json!({"ours": {"members": ["IE"], "expires": "2026-06-02T00:00:00Z"}});
    let config = Config::parse(&config.to_string()).unwrap();
    for told in advise(&config, at(NOW)) {
        let text = told.to_string();
        assert!(
            !["preferred", "remove", "`*`", "relax"].iter().any(|w| text.contains(w)),
            "{text}"
        );
    }
}

#[test]
fn every_code_is_tested_here() {
    let tests = [
        include_str!("tests.rs"),
        include_str!("tests/adequacy.rs"),
        include_str!("tests/admin.rs"),
        include_str!("tests/law.rs"),
        include_str!("tests/places.rs"),
        include_str!("tests/promises.rs"),
        include_str!("tests/promotion.rs"),
        include_str!("tests/settled.rs"),
        include_str!("tests/times.rs"),
    ]
    .concat();
    for code in AdviceCode::ALL {
        assert!(tests.contains(&format!("\"{code:?} ")), "{code:?}");
    }
}

/// A config that publishes a record in each of so many zones.
fn in_zones(zones: usize, calls: u64) -> Value {
    let mut config = quiet();
    let record = |n: usize| {
        let zone = format!("z{n}.example");
        json!({"dns": {"zone": zone, "name": format!("www.{zone}"), "type": "CNAME"}})
    };
    for (index, some) in (0..zones).collect::<Vec<_>>().chunks(50).enumerate() {
        let mut service = config["services"]["web"].clone();
        service["hosts"] = json!([format!("h{index}.example.com")]);
        service["publish"] = some.iter().map(|n| record(*n)).collect();
        config["services"][format!("s{index}")] = service;
    }
    config["limits"] = json!({"api_calls_per_5_min": calls});
    config
}

#[test]
fn an_account_that_takes_more_than_half_of_the_calls_to_read_is_told_with_the_key() {
    assert_eq!(told(&in_zones(60, 600)), [""; 0]);
    assert_eq!(told(&in_zones(60, 120)), [""; 0]);
    assert_eq!(told(&in_zones(60, 119)), ["W118 limits.api_calls_per_5_min"]);
    assert_eq!(told(&in_zones(301, 600)), ["W118 limits.api_calls_per_5_min"]);
}

#[test]
fn what_it_takes_to_read_is_counted_by_zone_and_account() {
    let config = Config::parse(&in_zones(60, 600).to_string()).unwrap();
    let reads = config.api_reads();
    assert_eq!((reads.zones, reads.lists, reads.first()), (60, 60, 120));
    assert_eq!([30, 40, 45, 119, 120, 121].map(|calls| reads.passes(calls)), [4, 3, 3, 2, 1, 1]);
    assert_eq!(Config::parse(&quiet().to_string()).unwrap().api_reads().first(), 0);
}
