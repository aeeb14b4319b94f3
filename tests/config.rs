//! Mistakes in a config, one at a time, and what is said of each.

#![allow(
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test ends at the first surprise"
)]

use pointsman::config::Config;
use serde_json::{Value, json};

const EXAMPLE: &str = include_str!("../examples/three-regions.json");

/// The example with one value replaced; the pointer's last key may be new.
fn with(pointer: &str, value: Value) -> String {
    let mut config: Value = serde_json::from_str(EXAMPLE).unwrap();
    let (parent, key) = pointer.rsplit_once('/').unwrap();
    let parent = config.pointer_mut(parent).unwrap_or_else(|| panic!("no {parent}"));
    match parent {
        Value::Array(items) => items[key.parse::<usize>().unwrap()] = value,
        parent => parent[key] = value,
    }
    config.to_string()
}

/// Code and path of everything that is wrong, each pair once.
fn problems(text: &str) -> Vec<String> {
    let found = Config::parse(text).err().unwrap_or_default();
    let mut told: Vec<_> = found.iter().map(|d| format!("{:?} {}", d.code, d.path)).collect();
    told.dedup();
    told
}

#[test]
fn the_example_is_sound() {
    assert_eq!(problems(EXAMPLE), [""; 0]);
}

#[test]
fn every_mistake_is_told_with_its_code_and_path() {
    for (pointer, value, told) in [
        ("/version", json!(2), "E003 version"),
        ("/typo", json!(1), "E002 typo"),
        ("/monitors/api/interval", json!(5), "E002 monitors.api.interval"),
        ("/monitors/api/interval_s", json!("5"), "E002 monitors.api.interval_s"),
        ("/monitors/api/interval_s", json!(4), "E007 monitors.api.interval_s"),
        ("/monitors/api/fall", json!(0), "E007 monitors.api.fall"),
        ("/monitors/api/path", json!("health"), "E002 monitors.api.path"),
        ("/monitors/api/expect/status", json!([]), "E004 monitors.api.expect.status"),
        ("/monitors/api/expect/status", json!(["2x"]), "E002 monitors.api.expect.status[0]"),
        ("/regions/eu-west/country", json!("EU"), "E002 regions.eu-west.country"),
        ("/regions/eu-west/location", json!([91, 0]), "E007 regions.eu-west.location"),
        (
            "/regions/eu-west/origins/0/url",
            json!("https://192.0.2.1"),
            "E008 regions.eu-west.origins[0].url",
        ),
        (
            "/regions/eu-west/origins/0/url",
            json!("https://api.example.com"),
            "E008 regions.eu-west.origins[0].url",
        ),
        (
            "/regions/us-east/origins/0/url",
            json!("https://eu1.origin.example.com"),
            "E005 regions.us-east.origins[0].url",
        ),
        ("/regions/us-east/origins/0/id", json!("eu-west-1"), "E005 regions.us-east.origins[0].id"),
        ("/services/api/monitor", json!("nothing"), "E006 services.api.monitor"),
        ("/services/api/regions/0", json!("nowhere"), "E006 services.api.regions[0]"),
        ("/services/api/regions/1", json!("eu-west"), "E005 services.api.regions[1]"),
        ("/services/api/timeout_ms", json!(100), "E007 services.api.timeout_ms"),
        (
            "/services/downloads/publish/0/dns/type",
            json!("A"),
            "E010 services.downloads.publish[0].dns",
        ),
        (
            "/services/downloads/publish/0/dns/ttl_s",
            json!(30),
            "E007 services.downloads.publish[0].dns.ttl_s",
        ),
        (
            "/services/downloads/publish/0/dns/name",
            json!("downloads.example.org"),
            "E009 services.downloads.publish[0].dns.name",
        ),
        ("/services/api/publish/1/pool/name", json!("api-eu-west"), "E005 services.api.publish[1]"),
        ("/residency/0/when/country", json!([]), "E004 residency[0].when.country"),
        ("/residency/0/when/country", json!("UK"), "E002 residency[0].when.country"),
        ("/residency/0/when/host", json!([]), "E004 residency[0].when.host"),
        ("/residency/0/when/host", json!("api.exmaple.com"), "E006 residency[0].when.host"),
        ("/residency/0/allow", json!(["JP"]), "E021 services.api.regions"),
        (
            "/residency/0/when/host",
            json!(["api.example.com", "downloads.example.com"]),
            "E020 services.downloads.publish[0].dns",
        ),
        ("/limits", json!({"probes_per_run": 2}), "E007 limits.probes_per_run"),
    ] {
        assert_eq!(problems(&with(pointer, value.clone())), [told], "{pointer} = {value}");
    }
}

#[test]
fn a_key_that_is_there_twice_is_refused() {
    let twice = EXAMPLE.replacen("\"residency\": [", "\"residency\": [], \"residency\": [", 1);
    assert_eq!(problems(&twice), ["E001 ."]);
}

#[test]
fn what_is_no_json_object_is_refused() {
    for text in ["", "[]", "null", "{", "{} {}", &"[".repeat(100_000)] {
        assert_eq!(problems(text).len(), 1, "{text:.20}");
    }
    let large = format!("{{\"x\": \"{}\"}}", "x".repeat(300_000));
    assert_eq!(problems(&large), ["E001 ."]);
}

#[test]
fn all_mistakes_are_told_at_once() {
    let mut config: Value = serde_json::from_str(EXAMPLE).unwrap();
    config["monitors"]["api"]["fall"] = json!(99);
    config["services"]["api"]["monitor"] = json!("nothing");
    config["residency"][0]["allow"] = json!(["JP"]);
    assert_eq!(
        problems(&config.to_string()),
        ["E007 monitors.api.fall", "E006 services.api.monitor", "E021 services.api.regions"]
    );
}
